//! The program as its user meets it: exit codes, messages, what is left behind, what is printed.

mod aggregate;
mod bad_config;
mod bad_granule;
mod bad_target;
mod beams;
mod bench;
#[cfg(icefold_test_stand_in)]
mod bench_device;
#[cfg(icefold_test_stand_in)]
mod cuda;
#[cfg(icefold_test_stand_in)]
mod cuda_libraries;
#[cfg(icefold_test_stand_in)]
mod cuda_refused;
#[cfg(icefold_test_stand_in)]
mod cuda_ways;
mod damaged_tables;
mod demo;
mod devices;
pub(crate) mod documents;
mod error_table;
mod folders;
mod foreign;
mod full_disk;
mod full_sphere;
mod generations;
pub(crate) mod granules;
mod interrupted;
mod large_cells;
mod large_tables;
#[cfg(unix)]
mod leftovers;
mod looked_at;
mod map;
mod nothing_kept;
mod overviews;
mod pieces;
mod plan;
mod platform;
mod points;
#[cfg(icefold_test_stand_in)]
mod power;
mod progress;
mod region_cells;
mod regions;
mod reports;
mod resume;
mod schema;
mod settings;
mod shard_maps;
mod storage;
mod stores;
mod table_out;
mod tables;
mod targets;
mod tolerant;
mod urls;
mod verbs;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{folder, icefold, stderr, stdout};

/// A folder with granules, and an empty folder `out` where runs write.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = folder();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.path("out").join(name)
    }

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

    /// The built-in config atl03 with a piece of its text replaced, as a file.
    #[track_caller]
    fn atl03_with(&self, piece: &str, replacement: &str) -> PathBuf {
        let text = include_str!("../../src/config/atl03.yaml");
        assert!(text.contains(piece), "{piece}");
        let path = self.path("changed.yaml");
        std::fs::write(&path, text.replace(piece, replacement)).unwrap();
        path
    }

    /// Names in `out`, hidden ones too.
    pub(crate) fn written(&self) -> Vec<String> {
        names(&self.path("out"))
    }
}

/// Sorted names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
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

/// Checks that two stores hold the same bits.
#[track_caller]
fn assert_same(a: &Path, b: &Path) {
    crate::support::succeed(icefold().arg("verify").arg(a).arg(b));
}
