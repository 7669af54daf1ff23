//! Runs with steps of time and with trends over shard maps that are interrupted and killed, and go on.
#![cfg(unix)]

use std::path::{Path, PathBuf};

use icefold::piece::Pieces;

use super::resume::{killed_until_done, signalled};
use super::{Site, json as json_of};
use crate::support::site::{keys, tree};
use crate::support::succeed;
use crate::support::timed::{DAY, PHOTONS};

const HEALPIX: &str = "{type: healpix, parent_order: 5, child_order: 7}";
const ROWS: &str = "{type: rectilinear, crs: EPSG:3413, resolution: 5000, bounds: [-640000, -3840000, 640000, -2240000], \
                    chunk_shape: [64, 64]}";

/// Granules over some shards and two years, of each a month or so: in order of time, in none, or all at a moment; a
/// map of them, and how many shards it has.
fn soak(site: &Site, granules: usize, config: &PathBuf) -> (Vec<PathBuf>, usize) {
    let made: Vec<PathBuf> = (0..granules)
        .map(|i| {
            let lon = -46.0 + (i * 37 % 100) as f64 * 0.1;
            let day = 340.0 + (i * 97 % 700) as f64;
            let time = move |photon: usize| match i % 3 {
                0 => day * DAY + photon as f64 * 0.02 * DAY,
                1 => day * DAY + ((photon * 601) % PHOTONS) as f64 * 0.02 * DAY,
                _ => day * DAY,
            };
            site.timed(&format!("g{i:03}.h5"), lon, time)
        })
        .collect();
    succeed(&mut site.plan(config, &refs(&made)));
    (made, keys(&site.map()).len())
}

fn refs(granules: &[PathBuf]) -> Vec<&Path> {
    granules.iter().map(AsRef::as_ref).collect()
}

/// Killed runs of a config leave the bytes of one that was not, with these arguments.
fn kills_change_nothing(time: &str, more: &[&str], seeds: std::ops::Range<u64>) {
    kills_change_nothing_on(HEALPIX, (time, more), seeds);
}

/// The same on a grid.
fn kills_change_nothing_on(grid: &str, (time, more): (&str, &[&str]), seeds: std::ops::Range<u64>) {
    let site = Site::new();
    let config = site.trending("steps.yaml", time);
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains(HEALPIX));
    std::fs::write(&config, text.replace(HEALPIX, grid)).unwrap();
    let (granules, shards) = soak(&site, 10, &config);
    succeed(site.run(&config, &refs(&granules)).args(more));
    let whole = tree(&site.out("a.zarr"));
    let mut kills = 0;
    for seed in seeds {
        kills += killed_until_done(&site, (&config, shards), seed, more);
        assert_eq!(tree(&site.out("b.zarr")), whole, "seed {seed}");
        std::fs::remove_dir_all(site.out("b.zarr")).unwrap();
        let _ = std::fs::remove_dir_all(Pieces::folder_of(&site.out("b.zarr")));
    }
    assert!(kills > 0);
}

#[test]
fn runs_with_steps_and_trends_that_are_killed_until_they_are_done_leave_the_bytes_of_one_that_was_not()
 {
    let overviews = ["--overviews", "4"];
    kills_change_nothing("time: {every: year}", &overviews, 0..1);
}

#[test]
fn killed_runs_that_fill_the_cells_of_a_region_at_steps_leave_the_bytes_of_one_that_was_not() {
    let area = [
        "--overviews",
        "4",
        "--cells-of-region",
        "--region=-47,60.5,-40,64",
    ];
    kills_change_nothing("time: {every: year, from: 2018-10}", &area, 1..2);
}

#[test]
fn killed_runs_over_rows_and_columns_leave_the_bytes_of_one_that_was_not() {
    let overviews = ["--overviews", "2,8"];
    kills_change_nothing_on(ROWS, ("time: {every: year}", &overviews), 2..3);
}

#[test]
fn an_interrupted_run_with_steps_goes_on_from_its_checkpoint() {
    let site = Site::new();
    let config = site.trending("steps.yaml", "time: {every: year}");
    let (granules, shards) = soak(&site, 16, &config);
    let overviews = ["--overviews", "5,2"];
    succeed(site.run(&config, &refs(&granules)).args(overviews));
    let mut wait = 150;
    loop {
        // Slow enough to be caught on the way.
        let mut run = site.run_map("b.zarr", &config);
        run.args(["--batch-rows", "5", "--overwrite"])
            .args(overviews);
        let (ended, message) = signalled(&mut run, "TERM", wait);
        let folder = Pieces::folder_of(&site.out("b.zarr"));
        let pieces = Pieces::open(&folder).unwrap();
        let done = pieces.map_or(0, |pieces| pieces.marked().unwrap());
        if !ended && done > 0 {
            let says = format!("{done} of {shards} shards are done and kept");
            assert!(message.contains(&says), "{message}");
            break;
        }
        wait = if ended { wait / 2 } else { wait * 3 / 2 };
    }
    let mut run = site.run_map("b.zarr", &config);
    run.args(["--resume", "--json"]).args(overviews);
    let (report, _) = json_of(&mut run, 0);
    let pieces = &report["pieces"];
    assert!(pieces["kept"].as_u64() > Some(0) && pieces["granules_resumed"].as_u64() > Some(0));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    // Steps count the photons of all pieces, whichever run made them.
    let direct = std::fs::read(site.out("a.run.json")).unwrap();
    let direct: serde_json::Value = serde_json::from_slice(&direct).unwrap();
    assert_eq!(report["steps"], direct["steps"]);
}
