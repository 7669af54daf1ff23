//! What a command line is: flags and verbs, texts and exit codes, signals and kills, the environment, limits of a
//! process. What runs are about is tested from code, in `tests/face/`.

mod aggregate;
mod beams;
mod bench;
#[cfg(icefold_test_stand_in)]
mod bench_device;
mod cells;
mod changes;
mod cite;
mod cloud;
mod cloud_index;
mod cloud_look;
mod cloud_put;
mod cloud_put_claims;
mod cloud_put_faults;
mod cloud_s3;
mod cloud_scouts;
mod colours;
#[cfg(icefold_test_stand_in)]
mod cuda;
#[cfg(icefold_test_stand_in)]
mod cuda_auto;
#[cfg(icefold_test_stand_in)]
mod cuda_columns;
#[cfg(icefold_test_stand_in)]
mod cuda_libraries;
#[cfg(icefold_test_stand_in)]
mod cuda_refused;
#[cfg(icefold_test_stand_in)]
mod cuda_stretches;
#[cfg(icefold_test_stand_in)]
mod cuda_stretches_host;
#[cfg(icefold_test_stand_in)]
mod cuda_ways;
mod demo;
mod devices;
mod full_disk;
mod generations;
mod grows;
mod interrupted;
mod large_cells;
mod large_tables;
#[cfg(unix)]
mod leftovers;
mod map;
mod platform;
#[cfg(icefold_test_stand_in)]
mod power;
mod progress;
mod region_cells;
mod regions;
mod resume;
#[cfg(unix)]
mod resume_granules;
mod resume_steps;
mod settings;
mod steps;
mod storage;
mod urls;
mod usage;
mod verbs;
mod view;
mod words;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::granules;
use crate::support::site::{Site, assert_same, names};
use crate::support::{icefold, stderr, stdout};

impl Site {
    /// `icefold run CONFIG --store out/STORE GRANULE...`
    fn run_to(&self, store: &str, config: impl AsRef<Path>, granules: &[&Path]) -> Command {
        let mut command = icefold();
        command.arg("run").arg(config.as_ref()).args(granules);
        command.args(["--threads", "2", "--store"]);
        command.arg(self.out(store));
        command
    }

    /// `icefold run CONFIG --store out/a.zarr GRANULE...`
    fn run(&self, config: impl AsRef<Path>, granules: &[&Path]) -> Command {
        self.run_to("a.zarr", config, granules)
    }

    /// `icefold plan CONFIG GRANULE... -o map.json`
    fn plan(&self, config: impl AsRef<Path>, granules: &[&Path]) -> Command {
        let mut command = icefold();
        command.arg("plan").arg(config.as_ref()).args(granules);
        command.arg("-o").arg(self.path("map.json"));
        command
    }

    /// `icefold run CONFIG --plan map.json --store out/STORE`
    fn run_map(&self, store: &str, config: impl AsRef<Path>) -> Command {
        let mut command = self.run_to(store, config, &[]);
        command.arg("--plan").arg(self.path("map.json"));
        command
    }

    /// `icefold run atl03 --plan map.json --store out/STORE`
    fn run_plan(&self, store: &str) -> Command {
        self.run_map(store, "atl03")
    }

    /// `icefold finalize out/STORE`
    fn finalize(&self, store: &str) -> Command {
        let mut command = icefold();
        command.arg("finalize").arg(self.out(store));
        command
    }
}

/// Standard error of a command that must stop with this code, saying these things in order, and
/// print nothing.
#[track_caller]
fn refuse(command: &mut Command, code: i32, says: &[&str]) -> String {
    let output = command.output().expect("the program starts");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{message}");
    assert!(!message.contains("panicked"), "{message}");
    assert_eq!(stdout(&output), "", "{message}");
    assert!(message.starts_with("error: "), "{message}");
    let mut rest = &message[..];
    for part in says {
        let Some(at) = rest.find(part) else {
            panic!("no '{part}' in '{rest}' of: {message}");
        };
        rest = &rest[at + part.len()..];
    }
    message
}

/// What a command that must end with this code prints, as JSON, and its standard error.
#[track_caller]
fn json(command: &mut Command, code: i32) -> (Value, String) {
    let output = command.output().expect("the program starts");
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{message}");
    assert!(!message.contains("panicked"), "{message}");
    let value = serde_json::from_slice(&output.stdout).expect("standard output is JSON");
    (value, message)
}
