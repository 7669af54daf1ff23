//! `--device cuda` from end to end through a stand-in for NVIDIA's driver: the program as it is, in place
//! of a device an emulation of one. The bits are those of the CPU, or there is an error with its remedy
//! and no store.

use std::path::{Path, PathBuf};
use std::process::Command;

use icefold::backend::cuda::PTX;
use serde_json::Value;

use super::cuda_refused::stops;
use super::granules::Heights;
use super::{Site, assert_same, json, names};
use crate::kernels::stand_in::{look_first, nvrtc, with_stand_in};
use crate::support::{icefold, stdout, succeed};

/// Three batches: one along a track, enough for the smallest batch to be halved; one against it, whose
/// keys descend; one in no order.
pub fn granule(site: &Site) -> PathBuf {
    let along = Heights::along(-45.0, 20_000);
    let mut against = Heights::along(-44.8, 6000);
    against.lat.reverse();
    let mut shuffled = Heights::along(-44.6, 5000);
    for (i, lat) in shuffled.lat.iter_mut().enumerate() {
        *lat = 70.0 + (i * 2741 % 5000) as f64 * 1e-3;
    }
    let tracks = [("gt1l", along), ("gt2l", against), ("gt3r", shuffled)];
    site.granule("a.h5", &tracks)
}

/// Who decodes; where it is the host, the device is given batches, of which most of these tests are.
pub const STRETCHES: &str = "ICEFOLD_CUDA_STRETCHES";

/// `icefold verify atl03 GRANULE --devices DEVICES --json`, with the stand-in and batches.
pub fn verify(granule: &Path, devices: &str, settings: &str) -> Command {
    let mut command = icefold();
    command.args(["verify", "atl03"]).arg(granule);
    command.args(["--devices", devices, "--threads", "2", "--json"]);
    with_stand_in(&mut command, settings);
    command.env(STRETCHES, "host");
    command
}

/// What the stand-in says was done on each device.
pub fn log(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn devices_of_the_driver_are_listed() {
    let mut devices = icefold();
    devices.args(["devices", "--json"]);
    let (found, _) = json(with_stand_in(&mut devices, "devices=2,memory=3G"), 0);
    let cuda = &found["cuda"];
    assert_eq!(cuda["available"], true, "{cuda}");
    assert_eq!(cuda["driver"], "12.0");
    assert_eq!(cuda["devices"].as_array().unwrap().len(), 2);
    assert_eq!(cuda["devices"][1]["capability"], "7.5");
    assert_eq!(cuda["devices"][1]["memory_bytes"], 3u64 << 30);
    // Which jobs it is taken for, and by what.
    let auto = &found["auto"];
    assert_eq!(auto["device"], "cpu or cuda:0");
    let reason = auto["reason"].as_str().unwrap();
    assert!(
        reason.contains("this machine has not been measured"),
        "{reason}"
    );
    assert!(
        (0.5..0.6).contains(&auto["least_cpu_seconds"].as_f64().unwrap()),
        "{auto}"
    );
    assert_eq!(auto["rates"]["host_factor"], 1.0);
    let mut text = icefold();
    let text = stdout(&succeed(with_stand_in(text.arg("devices"), "")));
    assert!(text.contains("0: stand-in 0: an emulation"), "{text}");
}

#[test]
fn a_run_on_cuda_writes_the_store_of_the_cpu() {
    let site = Site::new();
    let (granule, written) = (granule(&site), site.path("log"));
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    let mut run = site.run_to("cuda.zarr", "atl03", &[&granule]);
    run.args(["--device", "cuda", "--json"])
        .env(STRETCHES, "host");
    let settings = format!("log={}", written.display());
    let (report, _) = json(with_stand_in(&mut run, &settings), 0);
    assert_same(&site.out("cpu.zarr"), &site.out("cuda.zarr"));
    let device = &report["device"];
    assert_eq!(device["name"], "cuda");
    assert_eq!(device["devices"][0]["name"], "cuda:0");
    // Nine tenths of 1 GiB.
    assert_eq!(device["devices"][0]["memory_bytes"], (1u64 << 30) / 10 * 9);
    let done = &log(&written)[0];
    assert_eq!(done["upload_bytes"], report["stages"]["upload"]["bytes"]);
    assert!(done["launches"].as_u64() > Some(30), "{done}");
    // Small columns pass through three buffers, and downloads through one: quantiles are asked for, so no batch is
    // folded where it stands. The others are read where they were decoded.
    let of = |name: &str| done[name].as_u64().unwrap();
    assert_eq!(of("pinned_bytes"), 4 * (512 << 10) + of("portable_peak"));
    assert_eq!(report["stages"]["batches"]["standing"], 0);
    assert_eq!((of("left_bytes"), of("left_pinned_bytes")), (0, 0));
}

#[test]
fn no_order_of_streams_changes_a_bit() {
    let site = Site::new();
    let granule = granule(&site);
    for seed in 1..=6 {
        let settings = format!("seed={seed}");
        let (found, _) = json(&mut verify(&granule, "cpu,cuda", &settings), 0);
        assert_eq!(found["identical"], true, "{seed}");
        assert!(found["devices"][1]["cells"].as_u64() > Some(100), "{found}");
    }
}

#[test]
fn several_devices_give_the_bits_of_one() {
    let site = Site::new();
    let (granule, written) = (granule(&site), site.path("log"));
    let settings = format!("devices=2,log={}", written.display());
    let devices = "cpu,cuda:1,cuda:0,1,cuda:all";
    let (found, _) = json(&mut verify(&granule, devices, &settings), 0);
    let names = found["devices"].as_array().unwrap();
    let names: Vec<_> = names.iter().map(|device| &device["device"]).collect();
    assert_eq!(names, ["cpu", "cuda:1", "cuda:0,1", "cuda:all"]);
    let done = log(&written);
    let devices: Vec<_> = done.iter().map(|done| &done["device"]).collect();
    assert_eq!(devices.len(), 5, "{done:?}");
    // Batches are folded by the devices in turn.
    assert!(done.iter().all(|done| done["launches"].as_u64() > Some(0)));
}

#[test]
fn memory_is_bounded_by_what_is_asked_for() {
    let site = Site::new();
    let (granule, written) = (granule(&site), site.path("log"));
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    let settings = format!("log={}", written.display());
    let mut run = site.run_to("cuda.zarr", "atl03", &[&granule]);
    run.args(["--device", "cuda", "--device-memory", "2M", "--json"]);
    run.env(STRETCHES, "host");
    let (report, _) = json(with_stand_in(&mut run, &settings), 0);
    let batches = &report["stages"]["batches"];
    let folded = batches["runs"].as_u64().unwrap() + batches["sorted"].as_u64().unwrap();
    assert!(folded > 3, "{batches}");
    assert_same(&site.out("cpu.zarr"), &site.out("cuda.zarr"));
    let peak = log(&written)[0]["peak_bytes"].as_u64().unwrap();
    assert!(peak <= 2 << 20, "{peak}");
}

#[test]
fn batches_shrink_to_the_memory_that_a_device_has_left() {
    let site = Site::new();
    let (granule, written) = (granule(&site), site.path("log"));
    // Nine tenths of 2 MiB.
    let settings = format!("memory=64M,used=62M,log={}", written.display());
    let (found, _) = json(&mut verify(&granule, "cpu,cuda", &settings), 0);
    assert_eq!(found["identical"], true);
    let peak = log(&written)[0]["peak_bytes"].as_u64().unwrap();
    assert!(peak <= (2 << 20) / 10 * 9, "{peak}");
    let device = &found["devices"][1]["details"]["devices"][0];
    assert_eq!(device["memory_bytes"], (2 << 20) / 10 * 9);
}

#[test]
fn an_allocation_that_fails_changes_no_bit() {
    let site = Site::new();
    let granule = granule(&site);
    for allocation in 1..=14 {
        // Once: what no batch uses is given back, and it is tried again. Twice: the batch is halved.
        let times = 1 + allocation % 2;
        let settings = format!("allocation_fails={allocation},allocation_fails_times={times}");
        let (found, _) = json(&mut verify(&granule, "cpu,cuda", &settings), 0);
        assert_eq!(found["identical"], true, "{settings}");
    }
}

#[test]
fn a_device_that_gives_another_bit_is_found_out() {
    let site = Site::new();
    let granule = granule(&site);
    for kernel in ["locate", "reduce"] {
        let settings = format!("spoils={kernel}");
        let (found, message) = json(&mut verify(&granule, "cpu,cuda", &settings), 4);
        assert_eq!(found["identical"], false);
        assert!(message.contains("devices cpu, cuda differ"), "{message}");
    }
}

#[test]
fn a_launch_that_fails_ends_the_run_without_a_store() {
    for launch in [1, 2, 5, 8] {
        let settings = format!("launch_fails={launch}");
        let says = [
            "device cuda:0: cannot ",
            "an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)",
            "until the program starts again",
            "--device cpu, which gives the same bits",
        ];
        stops("cuda", &settings, &says);
    }
}

#[test]
fn too_little_memory_is_an_error_with_its_remedy() {
    let says = ["device cuda:0: out of device memory", "--device-memory"];
    stops("cuda", "memory=64M,used=65472K", &says);
    let says = [
        "device cuda:0: cannot page-lock 524288 bytes of the host's memory: out of memory",
        "free memory of the host",
        "--device cpu",
    ];
    stops("cuda", "pinning_fails=1", &says);
    stops("cuda", "pinning_fails=3", &says);
}

#[test]
#[cfg_attr(
    not(icefold_test_nvrtc),
    ignore = "needs the NVRTC that scripts/ptx installs"
)]
fn kernels_compiled_on_this_machine_are_those_of_the_build() {
    let site = Site::new();
    let granule = granule(&site);
    let kept = site.path("ptx");
    std::fs::create_dir(&kept).unwrap();
    let mut verify = verify(&granule, "cpu,cuda", &format!("ptx={}", kept.display()));
    look_first(&mut verify, nvrtc().into());
    verify.env("ICEFOLD_CUDA_FROM_SOURCE", "1");
    let (found, _) = json(&mut verify, 0);
    assert_eq!(found["identical"], true);
    assert_eq!(names(&kept).len(), PTX.len());
    for (stem, committed) in PTX {
        let entry = committed.split_once(".entry ").unwrap().1;
        let entry = entry.split_once('(').unwrap().0;
        let made = std::fs::read_to_string(kept.join(format!("{entry}.ptx"))).unwrap();
        assert!(made.trim() == committed.trim(), "{stem}");
    }
}
