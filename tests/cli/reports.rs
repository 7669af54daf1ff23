//! `run.json`: every key of its version, sums that balance, hashes of what is in the store.

use icefold::demo::{Recipe, write_granules_with};
use serde_json::Value;

use super::{Site, json};
use crate::support::icefold;

#[test]
fn a_report_balances_and_names_what_is_in_the_store() {
    let site = Site::new();
    let recipe = Recipe {
        granules: 3,
        segments_per_track: 400,
        seed: 1,
    };
    let made = write_granules_with(&site.path("granules"), &recipe).unwrap();
    let granules: Vec<_> = made.iter().map(AsRef::as_ref).collect();
    let (report, _) = json(site.run("atl03", &granules).arg("--json"), 0);
    let on_disk = std::fs::read(site.out("a.run.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&on_disk).unwrap(), report);
    has_every_key(&report);
    balances(&report);

    let (store, _) = json(
        icefold()
            .args(["inspect", "--json"])
            .arg(site.out("a.zarr")),
        0,
    );
    let order = &store["orders"][0];
    for key in ["content_sha256", "occupied_cells", "shards"] {
        assert_eq!(order[key], report[key], "{key}");
    }
    assert_eq!(store["config_sha256"], report["config"]["sha256"]);
    let outputs = report["outputs"].as_object().unwrap();
    let arrays = order["arrays"].as_array().unwrap();
    assert_eq!(arrays.len(), outputs.len());
    for array in arrays {
        let name = array["name"].as_str().unwrap();
        assert_eq!(array["sha256"], outputs[name]["sha256"], "{name}");
    }
}

fn has_every_key(report: &Value) {
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["icefold_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["command"][1], "run");
    assert_eq!(report["config"]["name"], "atl03");
    assert_eq!(report["device"]["name"], "cpu");
    assert!(!report["device"]["reason"].as_str().unwrap().is_empty());
    assert_eq!(report["threads"], 2);
    assert_eq!(report["resolutions"]["h_ph"], "2^-34");
    assert!(
        report["peak_resident_bytes"].as_u64() > Some(1_000_000) || cfg!(not(target_os = "linux"))
    );
    let stages = report["stages"].as_object().unwrap();
    for stage in [
        "read", "decode", "upload", "locate", "sort", "segment", "reduce", "merge", "finalize",
        "write",
    ] {
        // Null where a stage is inside another.
        let stage = stages.get(stage).unwrap_or_else(|| panic!("no {stage}"));
        assert!(
            stage.is_null() || stage["seconds"].as_f64() >= Some(0.0),
            "{stage}"
        );
    }
    assert!(stages["read"]["bytes"].as_u64() > Some(0));
    assert!(report["seconds"].as_f64() > Some(0.0));
}

fn balances(report: &Value) {
    let photons = &report["photons"];
    let number = |value: &Value| value.as_u64().unwrap();
    let sum = |reasons: &Value| -> u64 { reasons.as_object().unwrap().values().map(number).sum() };
    let (read, kept) = (number(&photons["read"]), number(&photons["kept"]));
    assert!(kept > 0);
    assert_eq!(number(&photons["rejected"]), sum(&photons["rejected_by"]));
    assert_eq!(read, kept + sum(&photons["rejected_by"]));

    let done = report["granules"]["done"].as_array().unwrap();
    assert_eq!(done.len(), 3);
    for key in ["read", "kept"] {
        let total: u64 = done.iter().map(|granule| number(&granule[key])).sum();
        assert_eq!(total, number(&photons[key]), "{key}");
    }
    for granule in done {
        let rows = granule["ground_tracks"].as_array().unwrap();
        let rows: u64 = rows.iter().map(|track| number(&track["rows"])).sum();
        assert_eq!(rows, number(&granule["read"]));
        assert_eq!(rows, number(&granule["kept"]) + sum(&granule["rejected"]));
    }
    assert_eq!(report["granules"]["failed"], Value::Array(Vec::new()));
    assert_eq!(report["rejected_rows"]["count"], 0);
}
