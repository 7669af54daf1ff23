//! A comparison of two stores notices what stands beside the arrays of cells, and places their values: rows and columns,
//! steps of time, words and coverage of a hive, and metadata that are repeated.

use std::fs;
use std::path::{Path, PathBuf};

use icefold::{Layout, Verify};

use super::from_code::done;
use super::rasters::{OUTPUTS, POLAR, config};
use crate::support::granules::paths;
use crate::support::site::{Site, tree};

/// Two stores of one run, the second to be changed.
fn two(site: &Site, run: impl Fn(&str)) -> [PathBuf; 2] {
    ["a.zarr", "b.zarr"].map(|name| {
        run(name);
        site.out(name)
    })
}

/// What `change` makes of a file of the second store is a difference that names it; then the file is as before.
fn noticed(stores: &[PathBuf; 2], file: &str, says: &str, change: impl Fn(&Path)) {
    let path = stores[1].join(file);
    let before = fs::read(&path).unwrap();
    change(&path);
    let said = match Verify::stores(&stores[0], &stores[1]) {
        Ok(report) => {
            assert!(!report.identical(), "{file}: {says}");
            report.to_string()
        }
        Err(error) => error.to_string(),
    };
    assert!(said.contains(says), "{file}: {said}");
    fs::write(&path, before).unwrap();
    assert!(Verify::stores(&stores[0], &stores[1]).unwrap().identical());
}

fn gone(path: &Path) {
    fs::remove_file(path).unwrap();
}

/// Replaces a part of a text that stands there.
fn replaced(from: &str, to: &str) -> impl Fn(&Path) {
    move |path| {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{}: {from}", path.display());
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn places_of_rows_and_columns_count() {
    let site = Site::new();
    let granules = site.three();
    let config = config(&site, POLAR, OUTPUTS);
    let stores = two(&site, |name| {
        done(
            site.code_to(name, &config, &paths(&granules))
                .overviews([2]),
        );
    });
    for axis in ["x", "y", "rectilinear_2/x"] {
        noticed(
            &stores,
            &format!("{axis}/c/0"),
            &format!("{axis}: values"),
            gone,
        );
    }
    // A group repeats what the document says, and both are read.
    let says = "the consolidated metadata say something else of x than its own zarr.json";
    noticed(&stores, "x/zarr.json", says, replaced("\"m\"", "\"km\""));
    noticed(
        &stores,
        "zarr.json",
        "the consolidated metadata say something else of",
        replaced("projection_x_coordinate", "longitude"),
    );
    let says = "zarr.json has zarr_format 4, and 3 is read";
    noticed(
        &stores,
        "rectilinear_2/zarr.json",
        says,
        replaced("\"zarr_format\": 3", "\"zarr_format\": 4"),
    );
}

#[test]
fn units_of_steps_count() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.stepped("months.yaml", "time: {every: month}");
    let stores = two(&site, |name| {
        done(site.code_to(name, &config, &paths(&granules)));
    });
    for array in ["time", "time_bnds"] {
        // In a store whose group repeats nothing, it is compared.
        let root = stores[1].join("zarr.json");
        let group = fs::read(&root).unwrap();
        let mut document: serde_json::Value = serde_json::from_slice(&group).unwrap();
        document
            .as_object_mut()
            .unwrap()
            .remove("consolidated_metadata");
        fs::write(&root, document.to_string()).unwrap();
        let path = stores[1].join(array).join("zarr.json");
        let before = fs::read(&path).unwrap();
        replaced("since 2018", "since 2019")(&path);
        let said = Verify::stores(&stores[0], &stores[1]);
        let said = said.map_or_else(
            |error| error.to_string(),
            |report| {
                assert!(!report.identical());
                report.to_string()
            },
        );
        assert!(said.contains("since 2019"), "{said}");
        fs::write(&path, before).unwrap();
        fs::write(&root, group).unwrap();
        let file = format!("{array}/zarr.json");
        let says = "the consolidated metadata say something else";
        noticed(&stores, &file, says, replaced("since 2018", "since 2019"));
    }
}

#[test]
fn words_and_coverage_of_a_hive_count() {
    let site = Site::new();
    let granules = site.three();
    let stores = two(&site, |name| {
        done(
            site.code_to(name, "atl03", &paths(&granules))
                .layout(Layout::HIVE),
        );
    });
    let files: Vec<String> = tree(&stores[0])
        .into_keys()
        .map(|path| path.display().to_string())
        .collect();
    let find = |end: &str| files.iter().find(|file| file.ends_with(end)).unwrap();
    let words = find("morton/c/0");
    noticed(&stores, words, "morton: values", gone);
    let coverage = find(".zarr/coverage.moc");
    for file in [coverage.as_str(), "coverage.moc"] {
        noticed(&stores, file, "coverage.moc: bytes", |path| {
            let mut bytes = fs::read(path).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(path, bytes).unwrap();
        });
        noticed(&stores, file, "coverage.moc: only in a", gone);
    }
}
