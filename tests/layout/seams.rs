//! The seams: what a grid is and what a store is, the rest of the program asks and does not know.

use super::lexer::lines;
use super::{expect_none, files, read, words};

/// Host sides of kernels that have HEALPix written into them, and who keeps other grids from them; and the word in
/// configs.
const NAMED: [&str; 3] = [
    "src/backend/cuda/",
    "src/backend/device.rs",
    "src/config/grids.rs",
];

/// Names of HEALPix, of what is behind the seam of grids.
const OF_GRIDS: [&str; 6] = [
    "cdshealpix",
    "healpix",
    "Healpix",
    "morton",
    "authalic_from_geodetic",
    "geodetic_from_authalic",
];

/// Names of what is behind the seam of stores.
const OF_STORES: [&str; 2] = ["ZarrStore", "StoreKind"];

/// Code of the program outside of `folder`, line by line: path, number, text without tests and strings.
fn outside(folder: &str) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    for path in files("src", "rs") {
        let shown = path.display().to_string();
        if shown.starts_with(folder) || shown.ends_with("tests.rs") || shown.ends_with("fixture.rs")
        {
            continue;
        }
        let text = read(&path);
        let program = text.split("#[cfg(test)]\nmod tests").next();
        let code = lines(program.unwrap_or_default()).into_iter();
        found.extend(
            code.enumerate()
                .map(|(number, line)| (shown.clone(), number + 1, line.code)),
        );
    }
    found
}

/// Arithmetic that turns a cell of one order into one of another, or counts cells: powers of four by orders.
fn counts_cells(code: &str) -> bool {
    let dense: String = code.split_whitespace().collect();
    let between = |text: &str| {
        let rest = text.trim_start_matches(|c: char| c.is_alphanumeric() || "_.:".contains(c));
        rest.starts_with("()")
            && text[..text.len() - rest.len()]
                .strip_suffix("get")
                .is_some_and(|t| t.ends_with('.'))
    };
    dense.split(".get()-").skip(1).any(between)
        || ["2*u32::from(", ">>(2*", "<<(2*", ">>2*", "<<2*"]
            .iter()
            .any(|shift| dense.contains(shift))
}

#[test]
fn cells_are_counted_and_climbed_through_the_seam_only() {
    let mut complaints = Vec::new();
    for (path, number, code) in outside("src/grid/") {
        let named_there = NAMED.iter().any(|named| path.starts_with(named));
        if !named_there && counts_cells(&code) {
            complaints.push(format!(
                "{path}:{number}: ask `Grid` or `GridConfig`: {code}"
            ));
        }
        let name = words(&code).find(|word| OF_GRIDS.contains(word));
        if let Some(name) = name.filter(|_| !named_there) {
            complaints.push(format!("{path}:{number}: `{name}` is behind the seam"));
        }
        let from_the_grid = code.contains("crate::grid::");
        if from_the_grid && words(&code).any(|word| word == "center" || word == "vertices") {
            complaints.push(format!("{path}:{number}: ask `Grid` where cells are"));
        }
    }
    expect_none(&complaints);
}

#[test]
fn what_stores_there_are_only_stores_know() {
    let complaints: Vec<String> = outside("src/store/")
        .into_iter()
        .filter(|(_, _, code)| words(code).any(|word| OF_STORES.contains(&word)))
        .map(|(path, number, code)| format!("{path}:{number}: ask `Layout`: {code}"))
        .collect();
    expect_none(&complaints);
}

#[test]
fn arithmetic_of_cells_is_seen() {
    for code in [
        "let shift = 2 * u32::from(a.get() - b.get());",
        "cell >> (2 * levels)",
        "let levels = grid.cell_order.get() - grid.shard_order.get();",
    ] {
        assert!(counts_cells(code), "{code}");
    }
    for code in [
        "let a = order.get() - 1;",
        "len << 1",
        "(2 * (a + 1)).min(b)",
    ] {
        assert!(!counts_cells(code), "{code}");
    }
}
