//! Runs over shard maps that are interrupted and killed, and go on.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use icefold::piece::Pieces;

use super::granules::Heights;
use super::{Site, json as json_of};
use crate::support::site::{keys, tree};
use crate::support::{icefold, succeed};

/// A number from 0 to `below`, the next of a sequence.
pub(super) fn draw(state: &mut u64, below: u64) -> u64 {
    // Knuth's constants (The Art of Computer Programming 2, 3.3.4, table 1, line 26).
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

/// Granules across some thirty shards, each of them over several; the map, and how many shards.
pub(super) fn soak(site: &Site, granules: usize, photons: usize) -> (Vec<PathBuf>, usize) {
    let made: Vec<PathBuf> = (0..granules)
        .map(|i| {
            let lon = -46.0 + (i * 37 % 100) as f64 * 0.1;
            let south = 68.0 + (i * 13 % 10) as f64 * 0.3;
            let mut heights = Heights::along(lon, photons);
            for (photon, lat) in heights.lat.iter_mut().enumerate() {
                *lat = south + photon as f64 * 2.5 / photons as f64;
            }
            for (photon, h) in heights.h.iter_mut().enumerate() {
                *h += ((i * photons + photon) as f64 * 0.618).fract() as f32 * 300.0;
                // Far below a unit: sums of remainders stop and go on, too.
                if photon % 50 == 7 {
                    *h = (photon + 1) as f32 * 1e-14;
                }
            }
            site.granule(&format!("g{i:03}.h5"), &[("gt1l", heights)])
        })
        .collect();
    let paths: Vec<_> = made.iter().map(AsRef::as_ref).collect();
    succeed(&mut site.plan("atl03", &paths));
    (made, keys(&site.map()).len())
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", child.id())])
        .status();
    assert!(status.unwrap().success());
}

/// Starts a run and signals it after some milliseconds; gives back whether it ended by itself, and
/// what it said.
pub(super) fn signalled(command: &mut Command, name: &str, milliseconds: u64) -> (bool, String) {
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    signal(&child, name);
    let output = child.wait_with_output().unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn an_interrupted_run_keeps_its_pieces_and_says_how_to_go_on() {
    let site = Site::new();
    let (granules, shards) = soak(&site, 60, 3000);
    let paths: Vec<_> = granules.iter().map(AsRef::as_ref).collect();
    succeed(&mut site.run("atl03", &paths));
    let mut wait = 150;
    let message = loop {
        // Slow enough to be caught on the way.
        let mut run = site.run_plan("b.zarr");
        run.args(["--batch-rows", "20", "--overwrite"]);
        let (ended, message) = signalled(&mut run, "TERM", wait);
        let folder = Pieces::folder_of(&site.out("b.zarr"));
        let done = Pieces::open(&folder)
            .unwrap()
            .map_or(0, |p| p.marked().unwrap());
        if !ended && done > 0 {
            let says = format!("{done} of {shards} shards are done and kept");
            assert!(message.contains(&says), "{message}");
            break message;
        }
        wait = if ended { wait / 2 } else { wait * 3 / 2 };
    };
    assert!(message.contains("--resume"), "{message}");
    assert!(!site.out("b.zarr").exists());
    let (report, _) = json_of(site.run_plan("b.zarr").args(["--resume", "--json"]), 0);
    let pieces = &report["pieces"];
    assert!(pieces["kept"].as_u64() > Some(0) && pieces["granules_resumed"].as_u64() > Some(0));
    // Every granule is in the report, whichever run read it, and the sums balance.
    let done = report["granules"]["done"].as_array().unwrap();
    assert_eq!(done.len(), granules.len());
    succeed(icefold().arg("inspect").arg(site.out("b.run.json")));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
}

/// Runs of a config in one to four parts, with little memory, killed again and again at random moments.
pub(super) fn killed_until_done(
    site: &Site,
    (config, shards): (impl AsRef<Path>, usize),
    seed: u64,
    more: &[&str],
) -> u32 {
    let mut state = seed;
    let parts = 1 + draw(&mut state, 4) as usize;
    let store = site.out("b.zarr");
    let mut kills = 0;
    for part in 0..parts {
        let range = format!("{}..{}", part * shards / parts, (part + 1) * shards / parts);
        // Longer each time, so that on a slow machine, too, some shard is whole before the kill.
        for attempt in 0.. {
            let mut run = site.run_map("b.zarr", config.as_ref());
            run.args(["--resume", "--partials-memory", "1", "--batch-rows", "500"]);
            // With a checkpoint after every granule, or none but for those of pieces.
            let seconds = (seed % 2 * 3600).to_string();
            run.args(["--checkpoint", &seconds]);
            run.args(more);
            if parts > 1 {
                run.args(["--shards", &range]);
            }
            let (ended, message) =
                signalled(&mut run, "KILL", 20 + draw(&mut state, 200 + 200 * attempt));
            if ended {
                break;
            }
            assert!(!message.contains("error:"), "{message}");
            kills += 1;
            // What opens is whole.
            if parts > 1 || !store.exists() {
                let mut inspect = icefold();
                let inspected = inspect.arg("inspect").arg(&store).output().unwrap();
                assert!(!inspected.status.success());
            }
        }
    }
    if parts > 1 {
        for attempt in 0.. {
            let wait = draw(&mut state, 60 + 20 * attempt);
            let (ended, _) = signalled(&mut site.finalize("b.zarr"), "KILL", wait);
            // Killed between the rename of the store and its own end, it is done.
            if ended || store.exists() {
                break;
            }
            kills += 1;
        }
    }
    kills
}

#[test]
fn runs_that_are_killed_until_they_are_done_leave_the_bytes_of_one_that_was_not() {
    let site = Site::new();
    let (granules, shards) = soak(&site, 30, 1500);
    let paths: Vec<_> = granules.iter().map(AsRef::as_ref).collect();
    let overviews = ["--overviews", "10,4"];
    succeed(site.run("atl03", &paths).args(overviews));
    let whole = tree(&site.out("a.zarr"));
    let mut kills = 0;
    for seed in 0..3 {
        kills += killed_until_done(&site, ("atl03", shards), seed, &overviews);
        assert_eq!(tree(&site.out("b.zarr")), whole, "seed {seed}");
        std::fs::remove_dir_all(site.out("b.zarr")).unwrap();
        let _ = std::fs::remove_dir_all(Pieces::folder_of(&site.out("b.zarr")));
    }
    assert!(kills > 0);
}

#[test]
fn two_hundred_granules_killed_again_and_again_have_one_content_hash() {
    let site = Site::new();
    let (granules, shards) = soak(&site, 200, 6000);
    assert!(shards >= 30, "{shards}");
    let paths: Vec<_> = granules.iter().map(AsRef::as_ref).collect();
    let (report, _) = json_of(site.run("atl03", &paths).arg("--json"), 0);
    let whole = tree(&site.out("a.zarr"));
    for seed in 0..4 {
        let kills = killed_until_done(&site, ("atl03", shards), seed, &[]);
        eprintln!("seed {seed}: {kills} kills");
        let mut inspect = icefold();
        let (found, _) = json_of(
            inspect.args(["inspect", "--json"]).arg(site.out("b.zarr")),
            0,
        );
        assert_eq!(
            found["orders"][0]["content_sha256"],
            report["content_sha256"]
        );
        assert_eq!(tree(&site.out("b.zarr")), whole, "seed {seed}");
        std::fs::remove_dir_all(site.out("b.zarr")).unwrap();
        let _ = std::fs::remove_dir_all(Pieces::folder_of(&site.out("b.zarr")));
    }
}
