//! Runs that are stopped: by a signal that can be answered, and by one that cannot.
#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use icefold::demo::{Recipe, write_granules_with};
use serde_json::Value;

use super::granules::{Heights, one};
use super::{Site, json, refuse};
use crate::support::icefold;

fn signal(child: &Child, name: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", child.id())])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn an_interrupted_run_exits_with_130_and_leaves_nothing() {
    let site = Site::new();
    // One photon a batch: far more work than the time until the signal.
    let long = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 190_000))]);
    for name in ["INT", "TERM"] {
        let mut command = site.run("atl03", &one(&long));
        command.args(["--batch-rows", "1"]).stderr(Stdio::piped());
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(400));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{name}: {message}");
        assert!(
            message.contains("interrupted; nothing was written"),
            "{message}"
        );
        assert!(site.written().is_empty(), "{:?}", site.written());
    }
}

/// Checks that every `zarr.json` below a folder is a document, wherever the run was killed.
fn has_whole_documents(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            has_whole_documents(&path);
        } else if path.file_name().is_some_and(|name| name == "zarr.json") {
            let text = std::fs::read(&path).unwrap();
            let document: Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(document["zarr_format"], 3, "{}", path.display());
        }
    }
}

#[test]
fn a_killed_run_leaves_nothing_half_written_that_opens() {
    let site = Site::new();
    let recipe = Recipe {
        granules: 2,
        segments_per_track: 4000,
        seed: 1,
    };
    let made = write_granules_with(&site.path("granules"), &recipe).unwrap();
    let granules: Vec<_> = made.iter().map(AsRef::as_ref).collect();
    let whole = site.path("whole.zarr");
    let mut command = icefold();
    command.args(["run", "atl03", "--json"]).args(&granules);
    let (report, _) = json(command.arg("--store").arg(&whole), 0);
    let mut killed = 0;
    for milliseconds in (10..250).step_by(20) {
        let mut command = site.run("atl03", &granules);
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = silent.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        signal(&child, "KILL");
        killed += u32::from(!child.wait().unwrap().success());
        let folders = site.written().into_iter();
        for name in &folders
            .filter(|name| name.contains("zarr") && site.out(name).is_dir())
            .collect::<Vec<_>>()
        {
            let mut inspect = icefold();
            inspect.args(["inspect", "--json"]).arg(site.out(name));
            // What opens is whole; beside the target that is only so just before the rename.
            if name == "a.zarr" || inspect.output().unwrap().status.success() {
                let (found, _) = json(&mut inspect, 0);
                assert_eq!(
                    found["orders"][0]["content_sha256"],
                    report["content_sha256"]
                );
            } else {
                refuse(&mut inspect, 1, &["has no zarr.json", "did not finish"]);
            }
            has_whole_documents(&site.out(name));
        }
        std::fs::remove_dir_all(site.path("out")).unwrap();
        std::fs::create_dir(site.path("out")).unwrap();
    }
    assert!(killed > 0);
}
