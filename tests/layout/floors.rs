//! Floors of the source tree: every module imports from those below it, and none from above or from its own
//! floor but itself. So there are no circles, and a reader can begin at the bottom.

use std::collections::BTreeSet;
use std::path::Path;

use super::lexer::lines;
use super::{expect_none, files, read, words};

/// The modules from the ground up.
const FLOORS: [&str; 40] = [
    // Nouns that know nothing of photons.
    "error", "features", "digest", "text", "guard", "folders", "place", "watch", "usage",
    // What is computed with, and on.
    "photon", "source", "grid", "region", "expr", "stat", "config", // From files to photons.
    "decode", "read", "left_out", "index", "plan", // From photons to cells.
    "backend", "merge", "finalize", // Cells as files.
    "store", "piece", "publish", // The line, and what is said of it.
    "pipeline", "picture", "view", "export", "report", // On top of it.
    "run", "inspect", // Beside the line.
    "devices", "arrays", "demo", "cli", "lib", "main",
];

/// The module of a file: the folder below `src/`, or the file itself.
fn module(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let first = inside.split('/').next().unwrap_or(inside);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Modules of the crate that code names: `crate::grid::Order`, `use crate::{grid, stat::Job}`.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        if let Some(list) = after.strip_prefix('{') {
            let (mut depth, mut start) = (0, true);
            for (at, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && !c.is_whitespace() => {
                        found.extend(words(&list[at..]).next().map(str::to_owned));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.extend(words(after).next().map(str::to_owned));
        }
    }
    found
}

/// What a file imports, tests aside: they stand on top of everything.
fn imports(text: &str) -> BTreeSet<String> {
    let program = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let code: Vec<String> = lines(program).into_iter().map(|line| line.code).collect();
    let mut found = named(&code.join("\n"));
    // The two names that the root of the crate lends.
    for (lent, module) in [("Error", "error"), ("Result", "error")] {
        if found.remove(lent) {
            found.insert(module.to_owned());
        }
    }
    found
}

#[test]
fn nothing_imports_upwards() {
    let floor = |module: &str| FLOORS.iter().position(|name| *name == module);
    let mut complaints = Vec::new();
    for path in files("src", "rs") {
        let shown = path.display().to_string();
        if shown.ends_with("tests.rs") || shown.ends_with("fixture.rs") {
            continue;
        }
        let own = module(&shown);
        let Some(mine) = floor(own) else {
            complaints.push(format!(
                "{shown}: {own} is on no floor of tests/layout/floors.rs"
            ));
            continue;
        };
        for other in imports(&read(&path)) {
            match floor(&other) {
                _ if other == own => {}
                Some(theirs) if theirs < mine => {}
                Some(_) => {
                    complaints.push(format!("{shown}: {own} imports {other}, which is above it"));
                }
                None => complaints.push(format!("{shown}: {other} is on no floor")),
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn imports_are_found_in_lists_and_in_code() {
    let text = "use crate::{Error, grid::{Order, Locator}, stat};\n// crate::cli\n\
                fn f() -> crate::text::Aligned { \"crate::main\" }\n\
                #[cfg(test)]\nmod tests {\n use crate::cli;\n}\n";
    let found: Vec<String> = imports(text).into_iter().collect();
    assert_eq!(found, ["error", "grid", "stat", "text"]);
}

/// What a module says that it is: the first paragraph of its opening comment.
fn says(path: &str) -> String {
    let text = read(Path::new(path));
    let comment = text.lines().map_while(|line| line.strip_prefix("//!"));
    let first: Vec<&str> = comment
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    first.join(" ").trim_end_matches('.').to_owned()
}

#[test]
fn the_documentation_has_what_every_module_says_of_itself_from_the_ground_up() {
    let expected = FLOORS.map(|module| {
        let (shown, path) = match format!("src/{module}/mod.rs") {
            path if super::exists(&path) => (format!("src/{module}/"), path),
            _ => (format!("src/{module}.rs"), format!("src/{module}.rs")),
        };
        format!("| `{shown}` | {} |", says(&path))
    });
    let page = read(Path::new("docs/ARCHITECTURE.md"));
    let found: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `src/"))
        .collect();
    let expected = expected.join("\n");
    assert!(
        found.join("\n") == expected,
        "the table of modules in docs/ARCHITECTURE.md is not:\n{expected}"
    );
}
