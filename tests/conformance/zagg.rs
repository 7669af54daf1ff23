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

const TOLD: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/told_check.py"
);

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data, or no Python environment"
)]
fn places_and_times_of_centroids_strata_and_compositions_are_those_of_a_naive_answer() {
    let out = folder();
    let path = out.path().join("told.yaml");
    let conf = |column: usize| {
        format!("c{column}: {{path: \"/{{group}}/heights/signal_conf_ph\", column: {column}}}")
    };
    let variables: Vec<String> = (0..5).map(conf).collect();
    let any = "(c0 >= 2) | (c1 >= 2) | (c2 >= 2) | (c3 >= 2) | (c4 >= 2)";
    let digest =
        "kind: ragged, source: h, location: leaf_id, temporal: per-centroid, overview_delta: 9";
    let text = format!(
        "data_source:\n  groups: [gt1l]\n  coordinates: {{latitude: \"/{{group}}/heights/lat_ph\", longitude: \
         \"/{{group}}/heights/lon_ph\"}}\n  variables: {{h: \"/{{group}}/heights/h_ph\", t: \
         \"/{{group}}/heights/delta_time\", {}}}\n  filters: [{{dataset: \"/{{group}}/heights/signal_conf_ph\", column: 0, \
         op: ne, value: -2}}]\naggregation:\n  variables:\n    all: {{{digest}, function: tdigest, params: {{delta: 16}}}}\n    \
         signal: {{{digest}, function: zagg.stats.tdigest.build_tdigest_where, params: {{delta: 16, where: \"{any}\"}}, attrs: \
         {{stratum: signal}}}}\n    noise: {{{digest}, function: tdigest, params: {{delta: 16}}, where: \"not (c0 >= 2 or c1 >= 2 \
         or c2 >= 2 or c3 >= 2 or c4 >= 2)\"}}\n    composition: {{function: composition, source: h, params: {{conf_land: c0, \
         conf_ocean: c1, conf_sea_ice: c2, conf_land_ice: c3, conf_inland_water: c4}}, attrs: {{composition: {{of: \
         signal}}}}}}\noutput:\n  time_source: {{field: t, epoch: \"2018-01-01\"}}\n  grid: {{type: healpix, parent_order: 12, \
         chunk_inner: 13, child_order: 15}}\n",
        variables.join(", ")
    );
    std::fs::write(&path, text).unwrap();
    let granule =
        crate::support::data().join("icesat2/ATL03_20181014002445_02350104_006_02_gt1l_subset.h5");
    let stores = ["cells", "hive"].map(|layout| {
        let store = out.path().join(format!("{layout}.zarr"));
        let mut command = icefold();
        command.arg("run").arg(&path).arg(&granule).arg("--store");
        command.arg(&store).args(["--layout", layout]);
        command.args(["--overviews", "14,13,12", "--batch-rows", "501"]);
        let table = out.path().join(format!("{layout}.parquet"));
        succeed(command.arg("--table").arg(table));
        store
    });
    let table = out.path().join("cells.parquet");
    let hive_table = out.path().join("hive.parquet");
    assert_eq!(
        std::fs::read(&table).unwrap(),
        std::fs::read(hive_table).unwrap()
    );
    let mut check = python();
    check.arg(TOLD).args(&stores).arg(&table).arg(&granule);
    let output = succeed(check.arg("16"));
    assert!(stdout(&output).contains("cells agree"));
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
    let columns = "h: h, c0: c0, c1: c1, c2: c2, c3: c3, c4: c4";
    let outputs = ["signal", "noise"].map(|stratum| {
        let no = if stratum == "noise" { "~" } else { "" };
        format!(
            "    h_tdigest_{stratum}: {{kind: ragged, function: zagg.stats.tdigest.build_tdigest_where, source: h, location: \
             leaf_id, params: {{delta: 16, where: \"{no}((c0 >= 2) | (c1 >= 2) | (c2 >= 2) | (c3 >= 2) | (c4 >= 2))\"}}, \
             attrs: {{stratum: {stratum}}}}}\n"
        )
    });
    let composition = "    composition: {function: zagg.stats.composition.pack_composition, source: h, params: {conf_land: \
                       c0, conf_ocean: c1, conf_sea_ice: c2, conf_land_ice: c3, conf_inland_water: c4}, attrs: \
                       {composition: {of: h_tdigest_signal}}}\n";
    let outputs = outputs.concat() + composition;
    conforms("kitchen_sink", columns, &outputs, &[]);
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
