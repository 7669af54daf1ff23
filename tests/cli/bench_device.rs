//! `scripts/bench-device` from end to end on the stand-in for NVIDIA's driver: what it writes, and that it
//! calls nothing a result that is none.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::Site;
use crate::kernels::stand_in::with_stand_in;
use crate::support::{python, stderr, stdout};

/// The script with sizes that an emulation bears; what it wrote as JSON and as a table.
#[track_caller]
fn bench(site: &Site, settings: &str, code: i32) -> (Value, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command: Command = python();
    command.arg(root.join("scripts/bench-device"));
    command.args([
        "--binary",
        env!("CARGO_BIN_EXE_icefold"),
        "--device",
        "cuda:all",
    ]);
    command.args([
        "--photons",
        "4096",
        "--compared",
        "4097",
        "--positions",
        "20000",
    ]);
    command.arg("--out").arg(site.out("bench"));
    let output = with_stand_in(&mut command, settings).output().unwrap();
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let read = |name: &str| std::fs::read_to_string(site.out("bench").join(name)).unwrap();
    (
        serde_json::from_str(&read("device.json")).unwrap(),
        read("device.md"),
    )
}

/// Every number that was measured, by the names that hold them.
fn measured(value: &Value) -> Vec<&Value> {
    const NAMES: [&str; 5] = [
        "seconds",
        "photons_per_s",
        "pinned_to_device",
        "device_to_pinned",
        "device_to_device",
    ];
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                if NAMES.contains(&&**name) {
                    vec![value]
                } else {
                    measured(value)
                }
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(measured).collect(),
        _ => Vec::new(),
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn an_emulation_goes_through_all_of_it_and_no_rate_is_a_result() {
    let site = Site::new();
    let (found, table) = bench(&site, "devices=2,memory=256M", 6);
    let ours = &found["icefold"];
    assert_eq!(
        ours["parity"]["folds_that_differ"],
        Value::Array(Vec::new())
    );
    assert_eq!(ours["parity"]["positions"], 20_000);
    assert_eq!(ours["devices"], serde_json::json!(["cuda:0", "cuda:1"]));
    assert_eq!(ours["found"]["driver"], "12.0");
    let workloads = ours["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 4);
    let mut launched = 0;
    for workload in workloads {
        let kernels = workload["kernels_of_one_fold"].as_array().unwrap();
        let kernels: Vec<_> = kernels
            .iter()
            .map(|kernel| kernel["kernel"].as_str().unwrap())
            .collect();
        for kernel in ["locate", "segment", "reduce"] {
            assert!(kernels.contains(&kernel), "{workload}");
            assert!(table.contains(&format!("| {kernel} |")), "{table}");
        }
        // Only what is shuffled is sorted.
        let shuffled = workload["workload"].as_str().unwrap().ends_with("shuffled");
        assert_eq!(kernels.contains(&"sort"), shuffled, "{workload}");
        launched += kernels.len();
    }
    // Copies; six times and rates of each workload; its kernels.
    let numbers = measured(&found);
    assert_eq!(numbers.len(), 3 + 4 * 2 * 6 + launched);
    assert!(numbers.iter().all(|number| number.is_null()), "{found}");
    let why = "Nothing here is a result: the device is none: stand-in 0: an emulation";
    assert!(table.contains(why), "{table}");
    for peer in ["cupy", "cudf", "torch"] {
        assert!(found["peers"][peer].is_object(), "{found}");
        assert!(table.contains(&format!("| {peer} |")), "{table}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_device_with_other_bits_has_no_rates() {
    let site = Site::new();
    let (found, table) = bench(&site, "spoils=locate,memory=256M", 4);
    let parity = &found["icefold"]["parity"];
    assert_eq!(parity["positions_that_differ"], 1);
    assert!(!parity["folds_that_differ"].as_array().unwrap().is_empty());
    assert_eq!(found["icefold"]["workloads"], Value::Array(Vec::new()));
    assert!(
        table.contains("the device gives other bits than the CPU"),
        "{table}"
    );
}
