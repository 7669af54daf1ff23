//! `--device auto`, the default, through the stand-in for NVIDIA's driver: it takes the device where what was measured of the
//! machine says so, changes no bit, fails nothing that the CPU can do, and leaves the driver alone for little.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json as value};

use super::cuda::{STRETCHES, granule, log};
use super::cuda_stretches::MEDIAN;
use super::{Site, assert_same, json, refuse};
use crate::kernels::stand_in::with_stand_in;
use crate::support::{icefold, stdout, succeed};

/// What the stand-in calls its first device, and what its driver supports.
fn named(settings: &str) -> (String, String) {
    let mut devices = icefold();
    devices.args(["devices", "--json"]);
    let (found, _) = json(with_stand_in(&mut devices, settings), 0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let cuda = &found["cuda"];
    (text(&cuda["devices"][0]["name"]), text(&cuda["driver"]))
}

/// What says that the CPU of this machine takes so many times as long as recorded, and its device next to nothing.
fn measured(site: &Site, host_factor: f64) -> PathBuf {
    let (device, driver) = named("");
    let folder = site.path("cache");
    std::fs::create_dir_all(folder.join("icefold")).unwrap();
    let one = value!({
        "device": device, "driver": driver, "icefold": env!("CARGO_PKG_VERSION"), "threads": 2, "when": 1_700_000_000,
        "open_seconds": 0.0, "host_factor": host_factor, "device_factor": 0.001,
        "photons": 5, "host_seconds": 1.0, "device_seconds": 0.5,
    });
    let file = value!({"icefold_rates": 1, "measured": [one]});
    std::fs::write(folder.join("icefold/rates.json"), file.to_string()).unwrap();
    folder
}

/// `icefold run atl03 GRANULE --store out/STORE --json` where that is known.
fn auto(site: &Site, (store, granule): (&str, &Path), cache: &Path, settings: &str) -> Command {
    let mut run = site.run_to(store, "atl03", &[granule]);
    run.arg("--json").env("XDG_CACHE_HOME", cache);
    with_stand_in(&mut run, settings);
    run
}

fn reason(report: &Value) -> &str {
    report["device"]["reason"].as_str().unwrap()
}

#[test]
fn a_small_job_leaves_the_driver_alone() {
    let site = Site::new();
    let granule = granule(&site);
    // A driver that would say so if it were started.
    let mut run = auto(
        &site,
        ("a.zarr", &granule),
        Path::new("/nowhere"),
        "init=34",
    );
    let (report, message) = json(&mut run, 0);
    assert_eq!(report["device"]["name"], "cpu");
    assert!(
        reason(&report).contains("worth it from 0.55 s on, so none was looked for"),
        "{report}"
    );
    assert!(!message.contains("auto"), "{message}");
    let facts = &report["device"]["auto"];
    assert_eq!(facts["job"]["photons"], 31_000);
    // Longitude, latitude, height and a byte of what is filtered by.
    assert_eq!(facts["job"]["decoded_bytes"], 31_000 * 21);
    assert_eq!(facts["job"]["device_may_take"]["tracks"], 3);
    assert_eq!(facts["job"]["device_may_take"]["photons"], 31_000);
    assert!(facts["device_seconds"].is_null());
    let least = facts["least_cpu_seconds"].as_f64().unwrap();
    assert!(facts["cpu_seconds"]["total"].as_f64().unwrap() < least);
    // Where a job is of another size, it would have been.
    let cache = measured(&site, 1000.0);
    let (report, _) = json(&mut auto(&site, ("b.zarr", &granule), &cache, "init=34"), 0);
    assert!(
        reason(&report).contains("is a stub of the toolkit"),
        "{report}"
    );
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn the_device_is_taken_where_it_was_measured_to_be_faster() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), measured(&site, 1000.0));
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    let (report, message) = json(&mut auto(&site, ("auto.zarr", &granule), &cache, ""), 0);
    assert_same(&site.out("cpu.zarr"), &site.out("auto.zarr"));
    let device = &report["device"];
    assert_eq!(device["name"], "cuda");
    assert_eq!(device["stretches"]["photons"], 31_000);
    assert_eq!(device["lost"], Value::Null);
    let facts = &device["auto"];
    assert_eq!(facts["device"], "cuda:0");
    let seconds = |side: &str| facts[side]["total"].as_f64().unwrap();
    assert!(
        seconds("device_seconds") < 0.8 * seconds("cpu_seconds"),
        "{facts}"
    );
    assert_eq!(facts["rates"]["host_factor"], 1000.0);
    assert!(facts["opened_in_seconds"].as_f64().unwrap() > 0.0);
    let file = cache.join("icefold/rates.json");
    for said in [reason(&report), &message] {
        assert!(
            said.contains("auto took cuda:0: the job takes about"),
            "{said}"
        );
        assert!(said.contains("days ago, by a job of 5 photons"), "{said}");
        assert!(said.contains(file.to_str().unwrap()), "{said}");
    }
    // The same facts the other way round.
    let cache = measured(&site, 5.0);
    let mut run = auto(&site, ("slow.zarr", &granule), &cache, "");
    let (report, message) = json(&mut run, 0);
    let slow = &report["device"];
    assert_eq!(slow["name"], "cuda", "{message}");
    // Of other threads it is not known.
    let file = cache.join("icefold/rates.json");
    let other = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, other.replace("\"threads\":2", "\"threads\":3")).unwrap();
    let mut run = auto(&site, ("three.zarr", &granule), &cache, "");
    let (report, _) = json(&mut run, 0);
    assert_eq!(report["device"]["name"], "cpu");
}

#[test]
fn what_no_device_decodes_is_not_taken_to_one() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), measured(&site, 1000.0));
    let mut run = auto(&site, ("region.zarr", &granule), &cache, "init=34");
    let (report, _) = json(run.arg("--region=-90,0,0,89"), 0);
    let says = "no device decodes these photons by itself (photons count by a region)";
    assert!(reason(&report).contains(says), "{report}");
    assert_eq!(
        report["device"]["auto"]["job"]["host_reads"]["photons count by a region"],
        31_000
    );
    let mut run = auto(&site, ("host.zarr", &granule), &cache, "");
    let (report, message) = json(run.env(STRETCHES, "host"), 0);
    assert_eq!(report["device"]["name"], "cpu");
    assert!(
        message.contains("ICEFOLD_CUDA_STRETCHES says so"),
        "{message}"
    );
}

#[test]
fn a_device_that_does_not_open_leaves_the_job_to_the_cpu() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), measured(&site, 1000.0));
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    for (settings, says) in [
        ("retain=46", "another program has it for itself"),
        ("retain=2", "cannot open the device: out of memory"),
        ("module=222", "does not take the kernels"),
        ("memory=64M,used=65472K", "hold few rows"),
        ("capability=70", "compute capability 7.0"),
        ("devices=0", "finds no device"),
    ] {
        let mut run = auto(&site, ("auto.zarr", &granule), &cache, settings);
        let (report, message) = json(run.arg("--overwrite"), 0);
        assert_eq!(report["device"]["name"], "cpu", "{settings}");
        assert!(reason(&report).contains(says), "{settings}: {report}");
        assert!(
            reason(&report).starts_with("auto took the CPU: "),
            "{report}"
        );
        // Of a device that might have been taken somebody is told.
        let might = !["capability=70", "devices=0"].contains(&settings);
        assert_eq!(
            message.contains("note: auto took the CPU"),
            might,
            "{message}"
        );
        assert_same(&site.out("cpu.zarr"), &site.out("auto.zarr"));
    }
    // Who asks for the device is told by an error, as ever.
    let mut run = site.run_to("asked.zarr", "atl03", &[&granule]);
    run.args(["--device", "cuda"]).env("XDG_CACHE_HOME", &cache);
    refuse(
        with_stand_in(&mut run, "retain=46"),
        5,
        &["another program has it"],
    );
}

#[test]
fn a_device_that_fails_on_the_way_leaves_the_rest_to_the_cpu() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), measured(&site, 1000.0));
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    let written = site.path("log");
    let settings = format!("log={}", written.display());
    succeed(&mut auto(
        &site,
        ("whole.zarr", &granule),
        &cache,
        &settings,
    ));
    let all = log(&written)[0]["launches"].as_u64().unwrap();
    let (mut lost, mut begun) = (0, 0);
    let launches = [1, all / 3, all / 2, all - 3];
    let failures = launches.map(|n| format!("launch_fails={n},seed={n}"));
    let memory = [4, 16].map(|n| format!("allocation_fails={n},allocation_fails_times=3"));
    for settings in failures.iter().chain(&memory) {
        let mut run = auto(&site, ("auto.zarr", &granule), &cache, settings);
        let (report, message) = json(run.arg("--overwrite"), 0);
        assert_same(&site.out("cpu.zarr"), &site.out("auto.zarr"));
        let device = &report["device"];
        assert_eq!(device["name"], "cuda", "{settings}");
        assert_eq!(
            device["lost"].is_string(),
            message.contains("the CPU folded the rest of the run"),
            "{message}"
        );
        lost += u32::from(device["lost"].is_string());
        let there = device["stretches"]["photons"].as_u64().unwrap();
        begun += u32::from(there > 0 && device["lost"].is_string());
        let host = device["stretches"]["host"].as_object().unwrap();
        let host: u64 = host.values().filter_map(Value::as_u64).sum();
        assert_eq!(there + host, 31_000, "{settings}: {device}");
    }
    // Some failed before anything was folded there, and some after.
    assert!(lost >= 4 && begun >= 1, "{lost} {begun} of {all}");
}

#[test]
fn a_map_is_followed_on_the_device_that_auto_takes() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), measured(&site, 1000.0));
    succeed(&mut site.plan("atl03", &[&granule]));
    succeed(&mut site.run_plan("cpu.zarr"));
    for (store, settings) in [("auto.zarr", ""), ("lost.zarr", "launch_fails=9")] {
        let mut run = site.run_plan(store);
        run.arg("--json").env("XDG_CACHE_HOME", &cache);
        let (report, _) = json(with_stand_in(&mut run, settings), 0);
        assert_same(&site.out("cpu.zarr"), &site.out(store));
        assert_eq!(report["device"]["name"], "cuda", "{report}");
        assert_eq!(report["device"]["auto"]["job"]["photons"], 31_000);
    }
}

#[test]
fn what_is_kept_of_the_machine_fails_nothing_whatever_it_is() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), site.path("cache"));
    let file = cache.join("icefold/rates.json");
    std::fs::create_dir_all(cache.join("icefold")).unwrap();
    for (text, says) in [
        ("{", "is not JSON"),
        ("{\"icefold_rates\": 7}", "of another version"),
    ] {
        std::fs::write(&file, text).unwrap();
        let mut run = auto(&site, ("a.zarr", &granule), &cache, "");
        let (report, _) = json(run.arg("--overwrite"), 0);
        let why = report["device"]["auto"]["rates_not_used"].as_str().unwrap();
        assert!(why.contains(says) && why.contains("rates.json"), "{why}");
        let mut devices = icefold();
        devices.arg("devices").env("XDG_CACHE_HOME", &cache);
        let text = stdout(&succeed(with_stand_in(&mut devices, "")));
        assert!(text.contains(says), "{text}");
    }
    // A folder in its place, and a file in place of the folder.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    succeed(auto(&site, ("a.zarr", &granule), &cache, "").arg("--overwrite"));
    succeed(auto(&site, ("a.zarr", &granule), &granule, "").arg("--overwrite"));
}

#[test]
fn a_machine_is_measured_by_a_job_of_ones_own() {
    let site = Site::new();
    let (granule, cache) = (granule(&site), site.path("cache"));
    let measure = |cache: &Path| {
        let mut devices = icefold();
        devices
            .args(["devices", "--threads", "2", "--measure", "atl03"])
            .arg(&granule);
        devices.env("XDG_CACHE_HOME", cache);
        with_stand_in(&mut devices, "");
        devices
    };
    let (found, message) = json(measure(&cache).arg("--json"), 0);
    let measured = &found["measured"];
    let (device, driver) = named("");
    assert_eq!(
        (&measured["device"], &measured["driver"]),
        (&value!(device), &value!(driver))
    );
    assert_eq!(
        (&measured["threads"], &measured["photons"]),
        (&value!(2), &value!(31_000))
    );
    for name in [
        "open_seconds",
        "host_factor",
        "device_factor",
        "host_seconds",
        "device_seconds",
    ] {
        assert!(measured[name].as_f64().unwrap() > 0.0, "{name}: {measured}");
    }
    assert!(message.contains("which says little"), "{message}");
    let kept = std::fs::read_to_string(cache.join("icefold/rates.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["measured"], value!([measured]));
    // It is what devices and runs say from now on.
    let mut devices = icefold();
    devices
        .args(["devices", "--json", "--threads", "2"])
        .env("XDG_CACHE_HOME", &cache);
    let (found, _) = json(with_stand_in(&mut devices, ""), 0);
    assert_eq!(found["auto"]["device"], "cpu or cuda:0");
    let from = found["auto"]["rates_from"].as_str().unwrap();
    assert!(from.contains("measured on this machine today"), "{from}");
    assert_eq!(
        found["auto"]["rates"]["host_factor"],
        measured["host_factor"]
    );
    // In a folder that cannot be written it is an error of who measures.
    let file = site.path("file");
    std::fs::write(&file, "").unwrap();
    refuse(&mut measure(&file), 1, &["cannot "]);
    // Of a job that no device decodes, nothing is said.
    let where_up = "    up: {function: mean, source: h_ph, where: \"h_ph > 0\", dtype: float32}\n";
    let config = site.atl03_with(MEDIAN, where_up);
    let mut devices = icefold();
    devices
        .args(["devices", "--measure"])
        .arg(config)
        .arg(&granule);
    devices.env("XDG_CACHE_HOME", &cache);
    let says = ["nothing was measured", "such as atl03"];
    refuse(with_stand_in(&mut devices, ""), 2, &says);
}
