//! What keeps CUDA from being used, said with its remedy.

use super::{Site, json, refuse};
use crate::kernels::stand_in::with_stand_in;
use crate::support::icefold;

/// A run that must not come to an end, and leaves nothing.
#[track_caller]
pub fn stops(device: &str, settings: &str, says: &[&str]) {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &[&good]);
    run.args(["--device", device]);
    refuse(with_stand_in(&mut run, settings), 5, says);
    assert_eq!(site.written(), [""; 0]);
}

#[test]
fn what_keeps_a_device_from_being_used_is_said_with_its_remedy() {
    let cases: [(&str, &str, &[&str]); 12] = [
        (
            "cuda",
            "devices=0",
            &[
                "device cuda: the NVIDIA driver finds no device",
                "nvidia-smi",
            ],
        ),
        (
            "cuda",
            "init=34",
            &["is a stub of the toolkit", "LD_LIBRARY_PATH"],
        ),
        (
            "cuda",
            "init=803",
            &["does not start: system has unsupported display driver"],
        ),
        // An error that this build has no name for.
        (
            "cuda",
            "init=918",
            &["does not start: error 918", "nvidia-smi"],
        ),
        (
            "cuda",
            "version=11080",
            &[
                "supports CUDA 11.8, and 12.0 is needed",
                "driver 525 or newer",
            ],
        ),
        (
            "cuda",
            "capability=70",
            &["has compute capability 7.0, and 7.5 (Turing) or newer"],
        ),
        (
            "cuda:1",
            "",
            &["device cuda:1: there is no such device: 1 were found, numbered 0 to 0"],
        ),
        (
            "cuda",
            "retain=46",
            &[
                "cannot open the device",
                "another program has it for itself",
            ],
        ),
        (
            "cuda",
            "retain=2",
            &["cannot open the device: out of memory", "end the programs"],
        ),
        (
            "cuda",
            "module=221",
            &["libnvidia-ptxjitcompiler.so.1", "--device cpu"],
        ),
        (
            "cuda",
            "module=222",
            &["does not take the kernels of locate", "driver 525 or newer"],
        ),
        (
            "cuda:all",
            "devices=2,capability=70",
            &["device cuda:all: stand-in 0", "stand-in 1"],
        ),
    ];
    for (device, settings, says) in cases {
        stops(device, settings, says);
    }
}

#[test]
fn devices_say_what_is_wrong_with_cuda() {
    for (settings, says) in [
        (
            "devices=0",
            "CUDA is not available (the NVIDIA driver finds no device",
        ),
        (
            "version=11040",
            "CUDA is not available (the NVIDIA driver is too old",
        ),
    ] {
        let mut devices = icefold();
        devices.args(["devices", "--json"]);
        let (found, _) = json(with_stand_in(&mut devices, settings), 0);
        assert_eq!(found["auto"]["device"], "cpu");
        let reason = found["auto"]["reason"].as_str().unwrap();
        assert!(reason.contains(says), "{reason}");
    }
}
