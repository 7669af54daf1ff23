//! `devices`, `--device wgpu`, and `verify --devices`. An adapter must be there: lavapipe is enough.

use super::granules::one;
use super::{Site, assert_same, json, refuse};
use crate::support::{icefold, stdout, succeed};

#[test]
fn devices_are_listed_with_what_runs_where() {
    let text = stdout(&succeed(icefold().arg("devices")));
    // A machine may have a device that this test does not need.
    let has_cuda = cfg!(icefold_test_cuda);
    let cuda = if has_cuda {
        "cuda  driver for CUDA"
    } else {
        "cuda  not available"
    };
    for says in [
        "cpu   available",
        "wgpu  ",
        "on the host",
        cuda,
        if has_cuda {
            "auto is the CPU, or cuda:0"
        } else {
            "auto is the CPU: CUDA is not available"
        },
        "built in: cli, cloud, cuda, hdf5, parquet, picture, wgpu",
    ] {
        assert!(text.contains(says), "no '{says}' in {text}");
    }
    let (found, _) = json(icefold().args(["devices", "--json"]), 0);
    assert_eq!(found["cuda"]["available"], has_cuda);
    assert_eq!(found["wgpu"]["available"], true, "{found}");
    assert_eq!(found["wgpu"]["stages"]["locate"], "host");
    assert!(found["wgpu"]["adapters"][0]["driver"].is_string());
    // Whatever adapters there are, auto takes none.
    let auto = found["auto"]["device"].as_str().unwrap();
    assert_eq!(auto, if has_cuda { "cpu or cuda:0" } else { "cpu" });
    let reason = found["auto"]["reason"].as_str().unwrap();
    assert!(reason.contains("no adapter of wgpu is taken"), "{reason}");
    assert_eq!(
        found["features"],
        "cli, cloud, cuda, hdf5, parquet, picture, wgpu"
    );
}

#[test]
fn a_run_on_wgpu_writes_the_store_of_the_cpu_and_says_what_ran_where() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&good]));
    let mut run = site.run_to("wgpu.zarr", "atl03", &[&good]);
    let (report, _) = json(run.args(["--device", "wgpu", "--json"]), 0);
    assert_same(&site.out("cpu.zarr"), &site.out("wgpu.zarr"));
    let device = &report["device"];
    assert_eq!(
        (&device["name"], &device["reason"]),
        (&"wgpu".into(), &"asked for".into())
    );
    assert!(device["adapter"]["name"].is_string(), "{device}");
    assert_eq!(device["host_stages"], serde_json::json!(["locate"]));
    assert_eq!(device["lost"], serde_json::Value::Null);
    assert_eq!(report["stages"]["batches"]["taken_over"], 0);
    assert!(
        report["stages"]["upload"]["bytes"].as_u64() > Some(0),
        "{report}"
    );
    // By the clock of the device, within the time that the host waited for it.
    let seconds = |stage: &str| report["stages"][stage]["device_seconds"].as_f64().unwrap();
    // Keys that ascend are not sorted.
    let device = ["sort", "segment", "reduce"].map(seconds);
    assert!(device[1] > 0.0 && device[2] > 0.0, "{device:?}");
    let waited = report["stages"]["fused"]["seconds"].as_f64().unwrap();
    assert!(
        device.iter().sum::<f64>() < waited,
        "{device:?} of {waited}"
    );
    for stage in ["read", "locate", "merge"] {
        assert!(
            report["stages"][stage]["device_seconds"].is_null(),
            "{stage}"
        );
    }
}

#[test]
fn the_first_adapter_has_a_name_and_an_index() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let (found, _) = json(icefold().args(["devices", "--json"]), 0);
    let name = found["wgpu"]["adapters"][0]["name"]
        .as_str()
        .unwrap()
        .to_uppercase();
    for (store, device) in [
        ("a.zarr", "wgpu:0".to_owned()),
        ("b.zarr", format!("wgpu:{name}")),
    ] {
        succeed(
            site.run_to(store, "atl03", &[&good])
                .args(["--device", &device]),
        );
    }
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn devices_are_compared_on_ones_own_granules() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let verify = || {
        let mut command = icefold();
        command.args(["verify", "atl03"]).arg(&good);
        command.args(["--devices", "cpu,wgpu"]);
        command
    };
    let text = stdout(&succeed(&mut verify()));
    assert!(text.contains("identical: every bit"), "{text}");
    let (found, _) = json(verify().arg("--json"), 0);
    assert_eq!(found["identical"], true);
    assert_eq!(found["devices"][1]["device"], "wgpu");
    assert!(found["devices"][1]["cells"].as_u64() > Some(0), "{found}");
    // Stages forced to the host do not change the answer either.
    succeed(verify().env("ICEFOLD_HOST_STAGES", "sort,reduce"));
    let message = ["ICEFOLD_HOST_STAGES", "'fold'"];
    refuse(verify().env("ICEFOLD_HOST_STAGES", "fold"), 2, &message);
}

#[test]
fn comparing_one_device_or_three_stores_is_a_usage_error() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run("atl03", &one(&good)));
    let mut command = icefold();
    command.args(["verify", "atl03"]).arg(&good);
    refuse(
        command.args(["--devices", "cpu"]),
        2,
        &["two devices or more"],
    );
    let mut command = icefold();
    command
        .arg("verify")
        .args([site.out("a.zarr"), site.out("a.zarr"), site.out("a.zarr")]);
    refuse(
        &mut command,
        2,
        &["two stores, and 3 are given", "--devices"],
    );
    let mut command = icefold();
    command.args(["verify", "atl03"]).arg(&good);
    refuse(command.args(["--devices", "cpu,tpu"]), 5, &["device tpu: "]);
}
