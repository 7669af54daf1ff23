//! `run.json`: every key of its version, sums that balance, hashes of what is in the store.

use icefold::demo::{Recipe, write_granules_with};
use icefold::error::Kind;
use serde_json::Value;

use super::from_code::{done, looked, partly, refused, seen, shown};
use crate::support::granules::{Heights, one};
use crate::support::site::Site;

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
    let (report, _) = done(site.code("atl03", &granules));
    let on_disk = std::fs::read(site.out("a.run.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&on_disk).unwrap(), report);
    has_every_key(&report);
    balances(&report);

    let store = looked(site.out("a.zarr"));
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
    assert_eq!(report["command"], serde_json::json!([]));
    assert_eq!(report["config"]["name"], "atl03");
    assert_eq!(report["device"]["name"], "cpu");
    assert!(!report["device"]["reason"].as_str().unwrap().is_empty());
    assert_eq!(report["threads"], 2);
    assert_eq!(report["resolutions"]["h_ph"], "2^-34");
    assert!(report["remainders"]["h_ph"].is_u64());
    assert!(
        report["peak_resident_bytes"].as_u64() > Some(1_000_000) || cfg!(not(target_os = "linux"))
    );
    let stages = report["stages"].as_object().unwrap();
    for name in [
        "read", "decode", "upload", "locate", "sort", "segment", "reduce", "merge", "finalize",
        "write",
    ] {
        let stage = stages.get(name).unwrap_or_else(|| panic!("no {name}"));
        assert!(stage["seconds"].as_f64() >= Some(0.0), "{stage}");
        let moves = ["read", "decode", "upload", "write"].contains(&name);
        assert_eq!(stage["bytes"].is_u64(), moves, "{name}: {stage}");
        // No device but the host's.
        assert!(stage["device_seconds"].is_null(), "{name}: {stage}");
    }
    assert!(report["seconds"].as_f64() > Some(0.0));
    reads_and_decodes(report);
}

/// What is read is part of the files, what is decoded the values of every photon.
fn reads_and_decodes(report: &Value) {
    let of = |stage: &str, key: &str| report["stages"][stage][key].as_f64().unwrap();
    let done = report["granules"]["done"].as_array().unwrap();
    let files: u64 = done.iter().map(|g| g["file_bytes"].as_u64().unwrap()).sum();
    let photons = report["photons"]["read"].as_f64().unwrap();
    // Two float64, a float32 and an int8 of each; batches may share storage chunks.
    assert_eq!(of("decode", "bytes"), photons * 21.0);
    let read = of("read", "bytes");
    assert!(read > 0.0 && read < files as f64, "{read} of {files}");
    assert!(of("read", "seconds") > 0.0 && of("decode", "seconds") > 0.0);
    let both = of("read", "seconds") + of("decode", "seconds");
    assert!(both < report["seconds"].as_f64().unwrap());
    assert!(of("write", "bytes") > 1000.0);
}

#[test]
fn a_report_is_inspected_and_its_sums_are_checked() {
    let site = Site::new();
    let (a, bad) = (site.good("a.h5", -45.0), site.damaged("b.h5"));
    let mut spoiled = Heights::along(-30.0, 1000);
    spoiled.h[990..].fill(1e9);
    let b = site.granule("c.h5", &[("gt2r", spoiled)]);
    let run = site.code("atl03", &[&a, &bad, &b]);
    let (report, _) = partly(run.tolerant(true));
    let path = site.out("a.run.json");
    let found = looked(&path);
    assert_eq!(found["report"], report);
    assert_eq!(found["balanced"], true);
    // Whatever the order of its keys.
    let mut reversed: Vec<_> = report.as_object().unwrap().clone().into_iter().collect();
    reversed.reverse();
    let reversed: Value = reversed
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    std::fs::write(&path, reversed.to_string()).unwrap();
    assert_eq!(looked(&path)["report"], report);
    let text = shown(&path);
    for part in [
        "config atl03",
        "rejected       10 (out_of_range:h_ph)",
        "10 out_of_range",
        "2 read, 1 failed, 0 superseded",
        "a.h5: 3,000 photons, 3,000 kept",
        "failed: granule b.h5: ",
        "decode ",
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    let checked = found["balance"].as_array().unwrap().len();
    assert!(
        text.contains(&format!("balance: all {checked} sums agree")),
        "{text}"
    );

    for (pointer, says) in [
        (
            "/photons/kept",
            "photons read are those kept and rejected: 4,000 and 4,001",
        ),
        (
            "/photons/rejected_by/out_of_range:h_ph",
            "those of all reasons: 10 and 11",
        ),
        (
            "/granules/done/0/read",
            "granule a.h5: photons read are those kept and rejected",
        ),
        (
            "/granules/done/1/ground_tracks/1/rows",
            "granule c.h5: photons read are those of the",
        ),
        (
            "/errors/by_code/granule_failed",
            "granules that failed are in the error table: 1 and 2",
        ),
    ] {
        let mut changed = report.clone();
        let number = changed.pointer_mut(pointer).unwrap();
        *number = (number.as_u64().unwrap() + 1).into();
        std::fs::write(&path, changed.to_string()).unwrap();
        let text = shown(&path);
        assert!(
            text.contains("DOES NOT BALANCE: ") && text.contains(says),
            "{says}: {text}"
        );
        assert_eq!(looked(&path)["balanced"], false, "{pointer}");
    }
}

#[test]
fn what_is_no_run_report_of_this_version_is_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let (report, _) = done(site.code("atl03", &one(&good)));
    let path = site.out("a.run.json");
    for (key, value, says) in [
        (
            "schema_version",
            Value::from(2),
            "has schema_version 2, and this icefold reads 1",
        ),
        ("photons", Value::Null, "is no run report of version 1: "),
    ] {
        let mut changed = report.clone();
        changed[key] = value;
        std::fs::write(&path, changed.to_string()).unwrap();
        refused(
            seen(&path),
            Kind::Report,
            &["run report ", "a.run.json", says],
        );
    }
    std::fs::write(&path, &report.to_string()[..500]).unwrap();
    refused(seen(&path), Kind::Report, &["run report ", "is not JSON"]);
}

#[test]
fn reports_of_parts_and_of_finalize_are_inspected_and_described() {
    let site = Site::new();
    site.mapped("atl03");
    for range in ["..1", "1.."] {
        done(site.part("b.zarr", range));
    }
    done(site.making("b.zarr"));
    for (name, begins) in [
        ("b.shards-0-1.run.json", "run report "),
        ("b.finalize.json", "report of finalize "),
    ] {
        let path = site.out(name);
        let report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert!(super::schema::is_report(&report), "{name}");
        let text = shown(&path);
        assert!(
            text.starts_with(begins) && text.contains("sums agree"),
            "{text}"
        );
        assert_eq!(looked(&path)["report"], report, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_unicode_are_written_as_close_as_they_come() {
    use std::os::unix::ffi::OsStrExt;
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let name = std::ffi::OsStr::from_bytes(b"a\xff.zarr");
    let run = site.code("atl03", &one(&good));
    let (report, _) = done(run.into_store(site.path("out").join(name)));
    assert!(
        report["store"]
            .as_str()
            .unwrap()
            .ends_with("a\u{fffd}.zarr")
    );
    assert!(site.path("out").join(name).join("zarr.json").is_file());
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
