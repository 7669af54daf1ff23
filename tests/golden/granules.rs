//! Granules through the program, against reference answers and a count of rows made with h5py.

use std::path::{Path, PathBuf};
use std::process::Output;

use icefold::store::StoreReader;

use super::shard::{FLOAT32_ARITHMETIC, close, counts, f32s, ids, parquet};
use crate::support::{folder, granule, icefold, python, stderr, stdout, succeed};

const ATL03: &str = "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5";
const ATL06_R001: &str = "processed_ATL06_20190222155947_08580212_001_01.h5";
const ATL06_R003: &str = "processed_ATL06_20181015100401_02560110_003_01.h5";
const MINI: &str = "synthetic_atl03_mini.h5";

fn run(config: &str, granules: &[PathBuf], store: &Path) -> serde_json::Value {
    let output = succeed(
        icefold()
            .arg("run")
            .arg(config)
            .args(granules)
            .arg("--store")
            .arg(store)
            .arg("--json"),
    );
    report(&output)
}

fn report(output: &Output) -> serde_json::Value {
    serde_json::from_str(&stdout(output)).unwrap_or_else(|e| panic!("{e}: {}", stderr(output)))
}

/// Photons read = kept + rejected, in total and in every granule.
fn balanced(report: &serde_json::Value) {
    let photons = &report["photons"];
    let of = |counts: &serde_json::Value, by: &str| -> u64 {
        let reasons = counts[by].as_object().unwrap().values();
        reasons.map(|n| n.as_u64().unwrap()).sum()
    };
    let whole = |counts: &serde_json::Value, by: &str| {
        let read = counts["read"].as_u64().unwrap();
        assert_eq!(
            read,
            counts["kept"].as_u64().unwrap() + of(counts, by),
            "{counts}"
        );
        read
    };
    let total = whole(photons, "rejected_by");
    let granules = report["granules"]["done"].as_array().unwrap();
    assert_eq!(
        total,
        granules.iter().map(|g| whole(g, "rejected")).sum::<u64>()
    );
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_mini_granule_equals_its_reference() {
    let out = folder();
    let store = out.path().join("mini.zarr");
    let report = run("atl03", &[granule(MINI)], &store);
    balanced(&report);
    // Ground track gt2l has latitudes of 100 to 119 degrees.
    let (read, kept) = (&report["photons"]["read"], &report["photons"]["kept"]);
    assert_eq!((read.as_u64(), kept.as_u64()), (Some(2 * 2432), Some(2084)));
    assert_eq!(report["photons"]["rejected_by"]["bad_coordinate"], 2432);
    let reader = StoreReader::open(&store).unwrap();
    let expected = parquet("atl03_mini/expected_gt1l.parquet");
    assert_eq!(reader.cell_ids().unwrap(), ids(&expected));
    assert_eq!(reader.cells(), 224);
    assert_eq!(reader.read("count").unwrap().as_f64(), counts(&expected));
    for name in ["h_min", "h_max", "h_median"] {
        let theirs: Vec<f64> = f32s(&expected, name).into_iter().map(f64::from).collect();
        assert_eq!(reader.read(name).unwrap().as_f64(), theirs, "{name}");
    }
    for name in ["h_mean", "h_variance"] {
        let ours = reader.read(name).unwrap().as_f64();
        close(name, &ours, &f32s(&expected, name), FLOAT32_ARITHMETIC);
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn real_granules_run_and_every_row_is_accounted_for() {
    let out = folder();
    for (config, granules) in [
        ("atl03", vec![granule(ATL03)]),
        ("atl06", vec![granule(ATL06_R001), granule(ATL06_R003)]),
    ] {
        let report = run(
            config,
            &granules,
            &out.path().join(config).with_extension("zarr"),
        );
        balanced(&report);
        assert_eq!(report["photons"]["read"], rows(config));
        assert_eq!(report["granules"]["failed"].as_array().unwrap().len(), 0);
    }
}

/// Rows of all ground tracks, counted with h5py.
fn rows(config: &str) -> u64 {
    match config {
        "atl03" => 2_909,
        _ => 53_498 + 520,
    }
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn h5py_counts_the_rows_that_a_run_reads() {
    let count = |path: &str, names: &[&str]| -> u64 {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/conformance/count_rows.py"
        );
        let files = names.iter().map(|n| granule(n));
        let output = succeed(python().arg(script).arg(path).args(files));
        stdout(&output).trim().parse().unwrap()
    };
    assert_eq!(count("heights/lat_ph", &[ATL03]), rows("atl03"));
    assert_eq!(
        count("land_ice_segments/latitude", &[ATL06_R001, ATL06_R003]),
        rows("atl06")
    );
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_users_atl06_pipeline_runs_unmodified_and_has_the_values_of_the_built_in() {
    let out = folder();
    let yaml = crate::data().join("pipelines/atl06.yaml");
    let granules = [granule(ATL06_R001)];
    let [a, b] = ["a.zarr", "b.zarr"].map(|name| out.path().join(name));
    let theirs = run(yaml.to_str().unwrap(), &granules, &a);
    let ours = run("atl06", &granules, &b);
    // The formal error is the pipeline's, the error by the spread the built-in's; all else is equal.
    let values = |report: &serde_json::Value, but: &str| {
        let mut outputs = report["outputs"].as_object().unwrap().clone();
        assert!(outputs.remove(but).is_some(), "{but} in {outputs:?}");
        outputs
    };
    assert_eq!(values(&theirs, "h_sigma"), values(&ours, "h_sem"));
    let names: Vec<String> = StoreReader::open(&a).unwrap().arrays().to_vec();
    for name in [
        "count",
        "h_min",
        "h_max",
        "h_mean",
        "h_sigma",
        "h_variance",
        "h_q25",
        "h_q50",
        "h_q75",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
    }
    assert_eq!(verify(&a, &b).status.code(), Some(4));
    let built_in = StoreReader::open(&b).unwrap();
    let sem = built_in.read("h_sem").unwrap();
    let long_name = sem.info.attributes["long_name"].as_str().unwrap();
    assert!(long_name.starts_with("standard error of the unweighted mean of h_li from its spread"));
    // Of the definition: variance has n in place of n - 1.
    let [count, variance] = ["count", "h_variance"].map(|n| built_in.read(n).unwrap().as_f64());
    for ((sem, n), variance) in sem.as_f64().into_iter().zip(count).zip(variance) {
        let expected = (variance / (n - 1.0)).sqrt();
        let same = sem.is_nan() && n == 1.0 || (sem - expected).abs() <= 1e-6 * expected.max(1e-3);
        assert!(same, "{sem} {expected} {n}");
    }
}

fn verify(a: &Path, b: &Path) -> Output {
    icefold().arg("verify").arg(a).arg(b).output().unwrap()
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn granule_order_batches_and_threads_do_not_change_the_store() {
    let out = folder();
    let granules = [granule(ATL06_R001), granule(ATL06_R003)];
    let reversed = [granule(ATL06_R003), granule(ATL06_R001)];
    let first = run("atl06", &granules, &out.path().join("first.zarr"));
    for (i, (threads, rows)) in [("1", "100"), ("8", "777"), ("3", "1000000")]
        .iter()
        .enumerate()
    {
        let store = out.path().join(format!("{i}.zarr"));
        let output = succeed(
            icefold()
                .args([
                    "run",
                    "atl06",
                    "--json",
                    "--threads",
                    threads,
                    "--batch-rows",
                    rows,
                ])
                .args(&reversed)
                .arg("--store")
                .arg(&store),
        );
        assert_eq!(report(&output)["content_sha256"], first["content_sha256"]);
        assert_eq!(
            tree(&store),
            tree(&out.path().join("first.zarr")),
            "files are identical"
        );
    }
}

/// Every file of a store with its bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                found.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
