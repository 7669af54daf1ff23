//! Stores read back by the field's own readers: xarray, xdggs, zarr, numpy.

mod benches;
mod exports;
mod first_open;
mod geotiffs;
mod joins;
mod maps;
mod pictures;
mod rasters;
mod regions;
mod steps;
mod trends;
mod vectors;
mod view;
mod zagg;

use std::path::{Path, PathBuf};

use crate::support::{folder, granule, icefold, python, stdout, succeed};

const ACCEPTANCE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/acceptance/open_store.py"
);
const NUMPY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/numpy_check.py"
);

const SMALL_COLUMNS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/small_columns.py"
);

const FULL_SPHERE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/acceptance/open_fullsphere.py"
);

/// Values of 1e-10, and times some years after their epoch within a second of each other.
const SMALL: &str = r#"
data_source:
  groups: [gt1l]
  base_level: photons
  levels:
    photons:
      path: "/{group}/heights"
      coordinates: {latitude: lat_ph, longitude: lon_ph}
      link: null
      variables: [time]
    segments:
      path: "/{group}/geolocation"
      link: {to: photons, index_beg: ph_index_beg, count: segment_ph_cnt, index_base: 1}
      variables: [skew, width]
  variables:
    time: "/{group}/heights/delta_time"
    skew: "/{group}/geolocation/tx_pulse_skew_est"
    width: "/{group}/geolocation/tx_pulse_width_upper"
aggregation:
  variables:
    skew_mean: {function: mean, source: skew, dtype: float64}
    skew_std: {function: std, source: skew, dtype: float64}
    width_mean: {function: mean, source: width, dtype: float64}
    width_std: {function: std, source: width, dtype: float64}
    time_mean: {function: mean, source: time, dtype: float64}
    time_std: {function: std, source: time, dtype: float64}
output:
  grid: {type: healpix, parent_order: 9, child_order: 19}
"#;

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn small_columns_and_times_of_a_real_granule_are_exact() {
    let out = folder();
    let (config, store) = (out.path().join("small.yaml"), out.path().join("s.zarr"));
    std::fs::write(&config, SMALL).unwrap();
    let granule = granule("ATL03_20181014002445_02350104_006_02_gt1l_subset.h5");
    let mut command = icefold();
    command.arg("run").arg(&config).arg(&granule).arg("--store");
    let output = succeed(command.arg(&store).arg("--json"));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    // Nearly every value has a remainder: 2,909 photons in each column.
    for column in ["skew", "width", "time"] {
        let remainders = report["remainders"][column].as_u64();
        assert!(remainders > Some(2800), "{column}: {report}");
    }
    let output = succeed(python().arg(SMALL_COLUMNS).arg(&store).arg(&granule));
    assert!(stdout(&output).contains("cells: exact"));
}

/// Opens a store with Python and compares its view of every array with the run's own hashes.
fn accepted(store: &Path, report: &str) {
    let output = succeed(python().arg(ACCEPTANCE).arg(store));
    let theirs: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    let ours: serde_json::Value = serde_json::from_str(report).unwrap();
    let arrays = ours["outputs"].as_object().unwrap();
    assert!(arrays.len() > 1, "{report}");
    for (name, facts) in arrays {
        assert_eq!(
            theirs["arrays"][name]["sha256"], facts["sha256"],
            "{name}: {theirs}"
        );
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn the_demo_opens_in_xarray_and_equals_numpy() {
    let out = folder();
    let demo = out.path().join("demo");
    let output = succeed(icefold().args(["demo", "--json", "--out"]).arg(&demo));
    let store = demo.join("demo.zarr");
    accepted(&store, &stdout(&output));
    let mut granules: Vec<_> = std::fs::read_dir(demo.join("granules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    granules.sort();
    let output = succeed(python().arg(NUMPY).arg(&store).args(granules));
    assert!(stdout(&output).contains("numpy agrees"));
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn stores_of_real_granules_open_in_xarray() {
    let out = folder();
    for (config, name) in [
        (
            "atl03",
            "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5",
        ),
        ("atl06", "processed_ATL06_20190222155947_08580212_001_01.h5"),
        ("atl06", "processed_ATL06_20181015100401_02560110_003_01.h5"),
    ] {
        let store = out.path().join(format!("{name}.zarr"));
        let output = succeed(
            icefold()
                .args(["run", config, "--json"])
                .arg(granule(name))
                .arg("--store")
                .arg(&store),
        );
        accepted(&store, &stdout(&output));
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn tables_of_cells_hold_what_the_store_holds_for_pyarrow_and_pandas() {
    let out = folder();
    let made = out.path().join("granules");
    let recipe = icefold::demo::Recipe {
        granules: 2,
        segments_per_track: 300,
        seed: 1,
    };
    icefold::demo::write_granules_with(&made, &recipe).unwrap();
    let yaml = out.path().join("atl03.yaml");
    let bins = "  variables:\n    bins: {function: histogram, source: h_ph, params: {edges: [0, 9, 99]}}\n";
    let text = include_str!("../../src/config/atl03.yaml");
    let (source, outputs) = text.split_once("aggregation:").unwrap();
    let outputs = outputs.replacen("  variables:\n", bins, 1);
    std::fs::write(&yaml, format!("{source}aggregation:{outputs}")).unwrap();
    let mut tables = Vec::new();
    let mut report = String::new();
    for name in ["a.parquet", "a.arrow"] {
        let table = out.path().join(name);
        let mut run = icefold();
        run.arg("run")
            .arg(&yaml)
            .arg(&made)
            .args(["--json", "--overwrite", "--store"]);
        run.arg(out.path().join("a.zarr"))
            .arg("--table")
            .arg(&table);
        report = stdout(&succeed(&mut run));
        tables.push(table);
    }
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance/read_tables.py"
    );
    let theirs = stdout(&succeed(python().arg(script).args(&tables)));
    let theirs: serde_json::Value = serde_json::from_str(theirs.trim()).unwrap();
    let ours: serde_json::Value = serde_json::from_str(&report).unwrap();
    let arrays = ours["outputs"].as_object().unwrap();
    assert!(
        arrays.contains_key("bins") && arrays.contains_key("cell_ids"),
        "{report}"
    );
    for (name, facts) in arrays {
        assert_eq!(theirs["arrays"][name], facts["sha256"], "{name}: {theirs}");
    }
    assert_eq!(theirs["metadata"]["bins"]["edges"], "[0.0,9.0,99.0]");
    assert_eq!(theirs["metadata"][""]["latitude"], "authalic-wgs84");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn packed_values_are_those_that_xarray_decodes() {
    let out = folder();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance/decode_packed.py"
    );
    let mut check = python();
    check.arg(script).arg(env!("CARGO_BIN_EXE_icefold"));
    let output = succeed(check.arg(out.path()));
    assert!(stdout(&output).contains("xarray agrees on 282 datasets"));
}

/// The built-in config atl03 with a histogram, and these orders in its grid, as a file.
fn config(folder: &Path, orders: &str) -> PathBuf {
    let text = include_str!("../../src/config/atl03.yaml")
        .replace("parent_order: 6, child_order: 12", orders)
        .replace(
            "    h_min:",
            "    bins: {function: histogram, source: h_ph, params: {edges: [-100, 0, 900, 4000]}}\n    h_min:",
        );
    assert!(text.contains(orders) && text.contains("    bins:"));
    let path = folder.join("config.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn every_overview_opens_in_xarray_and_xdggs() {
    let out = folder();
    let granules = out.path().join("granules");
    icefold::demo::write_granules(&granules).unwrap();
    let store = out.path().join("a.zarr");
    let mut run = icefold();
    run.arg("run")
        .arg(config(out.path(), "parent_order: 6, child_order: 12"));
    run.arg(&granules)
        .args(["--json", "--overviews", "11,8..5,0", "--store"]);
    let report = stdout(&succeed(run.arg(&store)));
    accepted(&store, &report);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let overviews = report["overviews"].as_array().unwrap();
    assert_eq!(overviews.len(), 6);
    for overview in overviews {
        let order = overview["order"].to_string();
        let output = succeed(
            python()
                .arg(ACCEPTANCE)
                .arg(&store)
                .args(["--order", &order]),
        );
        let theirs: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
        assert_eq!(theirs["cells"], overview["occupied_cells"]);
        for (name, facts) in overview["outputs"].as_object().unwrap() {
            assert_eq!(
                theirs["arrays"][name]["sha256"], facts["sha256"],
                "{order}/{name}"
            );
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn the_full_sphere_holds_the_bits_of_the_cells() {
    let out = folder();
    let granules = out.path().join("granules");
    icefold::demo::write_granules(&granules).unwrap();
    for (i, orders) in [
        "parent_order: 6, child_order: 12",
        "parent_order: 6, chunk_inner: 8, child_order: 12",
        "parent_order: 3, chunk_inner: 3, child_order: 9",
        "parent_order: 4, chunk_inner: 4, child_order: 4",
    ]
    .into_iter()
    .enumerate()
    {
        let config = config(out.path(), orders);
        let run = |layout: &str| {
            let store = out.path().join(format!("{layout}{i}.zarr"));
            let mut run = icefold();
            run.arg("run")
                .arg(&config)
                .arg(&granules)
                .args(["--json", "--layout", layout]);
            let report = stdout(&succeed(run.arg("--store").arg(&store)));
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            (store, report["content_sha256"].clone())
        };
        let [(cells, hash), (full, same)] = ["cells", "fullsphere"].map(run);
        assert_eq!(hash, same, "{orders}");
        let output = succeed(python().arg(FULL_SPHERE).arg(&full).arg(&cells));
        assert!(stdout(&output).contains("the layouts agree: "), "{orders}");
    }
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn the_tolerance_against_the_float32_arithmetic_of_zagg_is_as_documented() {
    let out = folder();
    let text = include_str!("../../src/config/atl06.yaml");
    let (source, rest) = text.split_once("  variables:\n    count:").unwrap();
    let (_, output) = rest.split_once("\noutput:").unwrap();
    let outputs = r#"  variables:
    mean: {function: mean, source: h_li}
    average: {function: average, source: h_li, params: {weights: "1.0 / s_li**2"}}
    var: {function: var, source: h_li}
    std: {function: std, source: h_li}
"#;
    let config = out.path().join("float32.yaml");
    std::fs::write(&config, format!("{source}{outputs}\noutput:{output}")).unwrap();
    let granules = [
        "processed_ATL06_20190222155947_08580212_001_01.h5",
        "processed_ATL06_20181015100401_02560110_003_01.h5",
    ]
    .map(granule);
    let store = out.path().join("float32.zarr");
    let mut run = icefold();
    succeed(
        run.arg("run")
            .arg(&config)
            .args(&granules)
            .arg("--store")
            .arg(&store),
    );
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance/float32_check.py"
    );
    let output = succeed(python().arg(script).arg(&store).args(&granules));
    assert!(stdout(&output).contains("within what is documented"));
}
