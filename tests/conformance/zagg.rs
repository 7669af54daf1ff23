//! Stores held to zagg's specification by a program that knows nothing else, and read by zarr and xarray.

use std::path::{Path, PathBuf};

use crate::support::{folder, icefold, python, stdout, succeed};

const HIVE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/hive_check.py"
);
const VALUES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/zagg_values.csv");

/// A config of these variables and outputs, for a table of zagg's inputs.
fn config(path: &Path, variables: &str, outputs: &str) {
    let text = format!(
        "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables: {{{variables}}}\n\
         aggregation:\n  variables:\n    count: {{function: len, source: h, dtype: int32, fill_value: 0}}\n{outputs}\
         output:\n  grid: {{type: healpix, parent_order: 4, chunk_inner: 5, child_order: 6}}\n"
    );
    std::fs::write(path, text).unwrap();
}

const DIGEST: &str = "    h_tdigest: {kind: ragged, function: zagg.stats.tdigest.build_tdigest, source: h, \
                      inner_shape: [2], params: {delta: 16}, dtype: float32}\n";

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn digests_are_read_by_zarr_and_xarray_in_both_layouts() {
    let out = folder();
    let path = out.path().join("digest.yaml");
    config(&path, "h: h", DIGEST);
    let stores = ["cells", "hive"].map(|layout| {
        let store = out.path().join(format!("{layout}.zarr"));
        let mut command = icefold();
        command.arg("run").arg(&path).arg(VALUES).arg("--store");
        succeed(command.arg(&store).args(["--layout", layout]));
        store
    });
    let table = out.path().join("cells.parquet");
    let mut command = icefold();
    command.arg("run").arg(&path).arg(VALUES).arg("--store");
    command.arg(out.path().join("again.zarr")).arg("--table");
    succeed(command.arg(&table));
    let output = succeed(python().arg(HIVE).args(&stores).arg(&table).arg(VALUES));
    assert!(stdout(&output).contains("4 cells agree"));
}

/// Zagg's checking program.
fn script() -> PathBuf {
    let folder = std::env::var_os("ICEFOLD_TEST_ZAGG").filter(|path| !path.is_empty());
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/zagg");
    let folder = folder.map_or_else(beside, PathBuf::from);
    folder.join("zagg_spec_check.py")
}

/// A hive of a fixture's inputs satisfies the specification.
fn conforms(fixture: &str, variables: &str, outputs: &str, overviews: &[&str]) {
    let out = folder();
    let script = script();
    let inputs = [script.as_os_str(), "inputs".as_ref(), fixture.as_ref()];
    succeed(python().args(inputs).arg(out.path()));
    let path = out.path().join("hive.yaml");
    config(&path, variables, outputs);
    let store = out.path().join("hive.zarr");
    let mut command = icefold();
    command.arg("run").arg(&path);
    command.arg(out.path().join(format!("{fixture}.parquet")));
    command
        .arg("--store")
        .arg(&store)
        .args(["--layout", "hive"]);
    succeed(command.args(overviews));
    let checked = [script.as_os_str(), "store".as_ref(), fixture.as_ref()];
    let output = succeed(python().args(checked).arg(&store));
    let text = stdout(&output);
    assert!(text.contains(", 0 differ, 0 missing"), "{text}");
}

#[test]
#[cfg_attr(
    not(all(icefold_test_zagg, icefold_test_python)),
    ignore = "no program that checks zagg's specification, or no Python"
)]
fn a_hive_satisfies_the_specification_of_zagg() {
    conforms("minimal", "h: h", DIGEST, &[]);
    conforms("column", "h: h", DIGEST, &["--overviews", "5,4"]);
}

#[test]
#[cfg_attr(
    not(all(icefold_test_zagg, icefold_test_data)),
    ignore = "no stores that zagg wrote"
)]
fn stores_of_zagg_have_the_content_hashes_that_zagg_says() {
    let specs = crate::support::data().join("zagg_spec");
    for fixture in ["minimal", "column", "kitchen_sink"] {
        let text = std::fs::read(specs.join(format!("{fixture}.expected.json"))).unwrap();
        let expected: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let mut command = icefold();
        let output = succeed(
            command
                .arg("inspect")
                .arg("--json")
                .arg(specs.join(fixture)),
        );
        let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let zarrs = found["zarrs"].as_array().unwrap();
        let of = |end: &str| {
            let path = |zarr: &&serde_json::Value| zarr["path"].as_str().unwrap().ends_with(end);
            &zarrs.iter().find(path).unwrap()["content_hashes"]
        };
        assert_eq!(of("/11213.zarr"), &expected["content_hashes"], "{fixture}");
        let column = &expected["column"]["content_hashes"];
        assert!(
            column.is_null() || of("/all.pyramid.zarr") == column,
            "{fixture}"
        );
    }
}
