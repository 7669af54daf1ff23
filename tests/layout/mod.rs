//! The shape of the source tree: size of files, opening comments, `unsafe`, stale markers, paths in
//! the documentation. Reads files only; nothing on the line depends on it.

mod floors;
mod kernels;
mod lexer;
mod links;
mod seams;
mod shaders;
mod silence;
mod spoken;

use std::fs;
use std::path::{Path, PathBuf};

use lexer::{Line, lines};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LINES_AT_MOST: usize = 399;

/// Where source is kept, with the extension that it has there.
const SOURCES: [(&str, &str); 12] = [
    ("src", "rs"),
    ("src", "js"),
    ("kernels", "cu"),
    ("kernels", "cuh"),
    ("shaders", "wgsl"),
    ("tests", "rs"),
    ("tests", "hpp"),
    ("tests", "cpp"),
    ("benches", "rs"),
    ("benches", "cu"),
    ("examples", "rs"),
    ("python/src", "rs"),
];

/// Folders and files that may be `unsafe`: a C library behind each, or Python.
const ROOMS: [&str; 5] = [
    "python/src/borrow.rs",
    "python/src/warm.rs",
    "src/backend/cuda/driver/",
    "src/read/hdf5/",
    "tests/",
];

/// Every file under `folder` with `extension`, relative to the root and sorted; none where the
/// folder does not exist.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if extension.is_empty() || path.extension().is_some_and(|e| e == extension) {
                found.push(path.strip_prefix(ROOT).unwrap_or(&path).to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// Every source file with its text.
fn sources() -> impl Iterator<Item = (PathBuf, String)> {
    let all = SOURCES
        .iter()
        .flat_map(|(folder, kind)| files(folder, kind));
    all.map(|path| {
        let text = read(&path);
        (path, text)
    })
}

/// The text of a file given by its path from the root.
fn read(path: &Path) -> String {
    let full = Path::new(ROOT).join(path);
    fs::read_to_string(&full)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", full.display()))
}

/// Fails with all the complaints at once.
fn expect_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The words of `text`: runs of letters, digits and `_`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn the_source_folders_are_where_this_suite_looks() {
    assert!(files("src", "rs").len() > 10 && files("tests", "rs").len() > 1);
}

#[test]
fn no_source_file_is_long() {
    let complaints = sources().filter_map(|(path, text)| {
        let count = text.lines().count();
        (count > LINES_AT_MOST).then(|| {
            let path = path.display();
            format!(
                "{path}: {count} lines, {LINES_AT_MOST} allowed: split it by what its parts are for"
            )
        })
    });
    expect_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn every_source_file_opens_with_what_it_is() {
    let complaints = sources().filter_map(|(path, text)| {
        let opening = if path.extension().is_some_and(|e| e == "rs") { "//!" } else { "//" };
        (!text.starts_with(opening)).then(|| {
            let path = path.display();
            format!("{path}: does not open with `{opening}`: say what the file is and where on the line it sits")
        })
    });
    expect_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn every_unsafe_has_its_safety_comment_directly_above() {
    let mut complaints = Vec::new();
    for (path, text) in sources().filter(|(path, _)| path.extension().is_some_and(|e| e == "rs")) {
        let lines = lines(&text);
        for (number, line) in lines.iter().enumerate() {
            if words(&line.code).any(|word| word == "unsafe") && !explained(&lines[..number]) {
                complaints.push(format!(
                    "{}:{}: `unsafe` without `// SAFETY:` directly above: say why it is sound",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn unsafe_stands_in_its_rooms() {
    let (mut complaints, mut used) = (Vec::new(), [false; ROOMS.len()]);
    for (path, text) in sources().filter(|(path, _)| path.extension().is_some_and(|e| e == "rs")) {
        let shown = path.to_string_lossy();
        let is_unsafe = |line: &Line| words(&line.code).any(|word| word == "unsafe");
        if !lines(&text).iter().any(is_unsafe) {
            continue;
        }
        match ROOMS.iter().position(|room| shown.starts_with(room)) {
            Some(room) => used[room] = true,
            None => complaints.push(format!(
                "{shown}: `unsafe` outside of {ROOMS:?}: offer there what safe code can use"
            )),
        }
    }
    expect_none(&complaints);
    assert_eq!(used, [true; ROOMS.len()], "a room without unsafe is none");
}

/// Whether the comment at the end of `above`, attributes aside, argues for soundness: `// SAFETY:`
/// over a block, a `# Safety` section over a declaration.
fn explained(above: &[Line]) -> bool {
    above
        .iter()
        .rev()
        .take_while(|line| {
            let code = line.code.trim();
            code.starts_with("#[") || (code.is_empty() && !line.comment.is_empty())
        })
        .any(|line| line.comment.contains("SAFETY:") || line.comment.contains("# Safety"))
}

#[test]
fn folders_are_looked_into_where_closing_one_cannot_panic() {
    let mut complaints = Vec::new();
    for path in files("src", "rs") {
        // Modules of tests come last in their files.
        let text = read(&path);
        let program = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or_default();
        let of_tests = path.ends_with("tests.rs") || path.ends_with("src/merge/damage.rs");
        if of_tests || path.ends_with("src/folders.rs") {
            continue;
        }
        for (number, line) in lines(program).iter().enumerate() {
            if words(&line.code).any(|word| word == "read_dir" || word == "remove_dir_all") {
                let (path, number) = (path.display(), number + 1);
                complaints.push(format!(
                    "{path}:{number}: use `folders`, which does not panic"
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn nothing_is_left_marked_for_later() {
    // In halves, so that this file does not hold them.
    let markers =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|half| half.concat());
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            if let Some(marker) = markers
                .iter()
                .find(|m| words(line).any(|word| word == m.as_str()))
            {
                let (path, number) = (path.display(), number + 1);
                complaints.push(format!(
                    "{path}:{number}: `{marker}`: finish it, or describe the limit as it is"
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn comments_stand_without_issue_numbers() {
    let mut complaints = Vec::new();
    for (path, text) in sources() {
        for (number, line) in lines(&text).iter().enumerate() {
            if names_an_issue(&line.comment) {
                let (path, number) = (path.display(), number + 1);
                complaints.push(format!(
                    "{path}:{number}: names an issue: give the reason itself"
                ));
            }
        }
    }
    expect_none(&complaints);
}

/// Whether `comment` holds `#` and one to five digits as a word of its own, which no colour is.
fn names_an_issue(comment: &str) -> bool {
    comment.split('#').skip(1).any(|after| {
        let word = words(after).next().unwrap_or_default();
        (1..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[test]
fn the_documentation_names_files_that_exist() {
    let mut complaints = Vec::new();
    for document in links::pages() {
        for path in paths_in(&read(&document)) {
            if !exists(&path) {
                let document = document.display();
                complaints.push(format!(
                    "{document}: `{path}` does not exist: correct the page, or add the file"
                ));
            }
        }
    }
    expect_none(&complaints);
}

/// The paths of this project that `page` has between backticks, without arguments and item names.
fn paths_in(page: &str) -> Vec<String> {
    const FOLDERS: [&str; 8] = [
        "src/",
        "kernels/",
        "shaders/",
        "tests/",
        "scripts/",
        "docs/",
        "benches/",
        "examples/",
    ];
    let spans = page
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let paths = spans.filter_map(|span| span.split_whitespace().next()?.split("::").next());
    paths
        .filter(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)))
        .map(str::to_owned)
        .collect()
}

/// Whether `path` is there; one `*` stands for any part of a file's name.
fn exists(path: &str) -> bool {
    let Some((before, after)) = path.split_once('*') else {
        return Path::new(ROOT).join(path).exists();
    };
    let (folder, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let entries = fs::read_dir(Path::new(ROOT).join(folder))
        .into_iter()
        .flatten()
        .flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.len() >= prefix.len() + after.len()
            && name.starts_with(prefix)
            && name.ends_with(after)
    })
}

#[test]
fn the_paths_of_a_page_are_those_between_backticks() {
    let page =
        "| sort | `src/sort.rs::keys` | Host |\nrun `scripts/test parity` or src/none.rs, `a/b`";
    assert_eq!(paths_in(page), ["src/sort.rs", "scripts/test"]);
    assert!(exists("tests/*.rs") && !exists("tests/*.none") && !exists("tests/none.rs"));
}

#[cfg(unix)]
#[test]
fn every_script_can_be_executed() {
    use std::os::unix::fs::PermissionsExt;
    let mut complaints = Vec::new();
    for path in files("scripts", "") {
        let runs = fs::metadata(Path::new(ROOT).join(&path))
            .is_ok_and(|file| file.permissions().mode() & 0o111 == 0o111);
        let is_script = read(&path).starts_with("#!");
        if is_script && !runs {
            let path = path.display();
            complaints.push(format!(
                "{path}: is not executable: git update-index --chmod=+x {path}"
            ));
        }
    }
    for name in ["setup", "demo", "test"] {
        if !Path::new(ROOT).join("scripts").join(name).exists() {
            complaints.push(format!("scripts/{name}: is missing: the README names it"));
        }
    }
    expect_none(&complaints);
}
