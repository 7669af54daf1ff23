//! Where the program finds NVIDIA's libraries, and what it says of libraries that are none.

use super::{Site, json, refuse};
use crate::kernels::stand_in::{
    with_driver_elsewhere, with_nvrtc_13, without_functions, without_launches, without_nvrtc,
};
use crate::support::icefold;

#[test]
fn a_library_that_is_no_driver_is_said_to_be_none() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &[&good]);
    run.args(["--device", "cuda"]);
    let says = ["is no NVIDIA driver: it has no cuInit", "remove it"];
    refuse(without_functions(&mut run), 5, &says);
    let mut run = site.run("atl03", &[&good]);
    run.args(["--device", "cuda"]);
    let says = [
        "driver has no cuLaunchKernel",
        "supports CUDA 12.0",
        "525 or newer whole",
    ];
    refuse(without_launches(&mut run), 5, &says);
    let mut devices = icefold();
    let (found, _) = json(without_functions(devices.args(["devices", "--json"])), 0);
    assert_eq!(found["cuda"]["available"], false);
}

#[test]
fn compiling_without_nvrtc_is_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &[&good]);
    run.args(["--device", "cuda"]);
    run.env("ICEFOLD_CUDA_FROM_SOURCE", "1");
    let says = [
        "ICEFOLD_CUDA_FROM_SOURCE is set and the library libnvrtc was not found",
        "unset it, or add the toolkit's folder to LD_LIBRARY_PATH",
    ];
    refuse(without_nvrtc(&mut run), 5, &says);
}

#[test]
fn an_nvrtc_of_release_13_is_found() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &[&good]);
    run.args(["--device", "cuda"]);
    run.env("ICEFOLD_CUDA_FROM_SOURCE", "1");
    let says = [
        "NVRTC refuses locate.cu: a stand-in for NVRTC 13 compiles nothing",
        "unset ICEFOLD_CUDA_FROM_SOURCE",
    ];
    refuse(with_nvrtc_13(&mut run), 5, &says);
}

#[test]
#[cfg_attr(icefold_test_cuda, ignore = "there is a driver where the loader looks")]
fn a_driver_is_found_in_folders_where_the_loader_does_not_look() {
    let mut devices = icefold();
    devices.args(["devices", "--json"]);
    let (found, _) = json(with_driver_elsewhere(&mut devices), 0);
    assert_eq!(found["cuda"]["available"], true, "{found}");
    // What the loader finds comes first, whatever it is.
    let (found, _) = json(without_functions(&mut devices), 0);
    let why = found["cuda"]["why_not"].as_str().unwrap();
    assert!(why.contains("is no NVIDIA driver"), "{why}");
}
