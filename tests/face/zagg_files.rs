//! The pipeline files that zagg ships: which of them run on real granules, and why the others do not.

use std::path::{Path, PathBuf};

use icefold::{Region, config};

use super::from_code::done;
use crate::support::{Site, data};

/// Those that run.
const RUN: [&str; 30] = [
    "atl03",
    "atl03_gain_bias_healpix",
    "atl03_gain_bias_healpix_o10",
    "atl03_gain_bias_healpix_o11",
    "atl03_gain_bias_rect_3km",
    "atl03_gain_bias_rect_6km",
    "atl03_scalar_healpix_o11",
    "atl03_tdigest_healpix",
    "atl03_tdigest_healpix_hive",
    "atl03_tdigest_healpix_o10",
    "atl03_tdigest_healpix_o10_cached",
    "atl03_tdigest_healpix_o11",
    "atl03_tdigest_healpix_o11_cached",
    "atl03_tdigest_healpix_o7",
    "atl03_tdigest_healpix_o8",
    "atl03_tdigest_healpix_o9",
    "atl03_tdigest_healpix_o9_aoimask",
    "atl03_tdigest_healpix_o9_cached",
    "atl03_tdigest_healpix_o9_hive",
    "atl03_tdigest_healpix_o9_hive_located",
    "atl03_tdigest_healpix_o9_hive_strata",
    "atl03_tdigest_located_healpix",
    "atl03_tdigest_rect_3km",
    "atl03_tdigest_rect_6km",
    "atl03_tdigest_strata_healpix",
    "atl03_waveform_chunk",
    "atl03_waveform_counts",
    "atl06",
    "atl06_nullable",
    "atl06_polar",
];
/// Those that are about something else than photons, with what that is.
const OTHERS: [(&str, &str); 4] = [
    ("gedi01b_waveform_healpix_hive", "is for waveforms of GEDI"),
    (
        "merra2_storm",
        "is for series of grids in time, such as MERRA-2",
    ),
    (
        "s2_neon_o9",
        "is for images in bands, such as those of Sentinel-2",
    ),
    (
        "sentinel2_l2a",
        "is for images in bands, such as those of Sentinel-2",
    ),
];

fn files() -> Vec<(String, PathBuf)> {
    let listed = std::fs::read_dir(data().join("pipelines/zagg")).unwrap();
    let mut files: Vec<(String, PathBuf)> = listed
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, path)
        })
        .collect();
    files.sort();
    files
}

/// Real granules of the product that a file reads.
fn granules(name: &str) -> Vec<PathBuf> {
    let product = name[..5].to_uppercase();
    let listed = std::fs::read_dir(data().join("icesat2")).unwrap();
    let paths = listed.map(|entry| entry.unwrap().path());
    let of_product = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.contains(&product)
    };
    paths.filter(of_product).collect()
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn pipeline_files_of_zagg_run_or_say_all_that_keeps_them_from_it() {
    let files = files();
    assert_eq!(files.len(), 34);
    let mut running = Vec::new();
    for (name, path) in &files {
        match config::load(path.to_str().unwrap()) {
            Ok(_) => {
                let site = Site::new();
                let granules = granules(name);
                let granules: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
                let mut run = site.code(path, &granules);
                if name.ends_with("_aoimask") {
                    // Some hundred metres around photons of the real granule: the mask has all cells of an area.
                    run = run.region(Region::of_box(95.1313, 87.297, 95.1552, 87.298).unwrap());
                }
                let (report, _) = done(run);
                let photons = &report["photons"];
                // Their bounds are of a forest that no granule here is of.
                let beyond = photons["rejected_by"]["outside_grid"].as_u64();
                let kept = photons["kept"].as_u64().unwrap();
                assert!(
                    kept > 0 || (name.contains("_rect_") && beyond > Some(0)),
                    "{name}"
                );
                running.push(name.as_str());
            }
            Err(error) => {
                let message = error.to_string();
                for line in message.lines().filter(|line| !line.starts_with("  and ")) {
                    assert!(line.contains("line "), "{name}: {message}");
                }
                assert!(
                    !message.contains("unknown key 'index'"),
                    "{name}: {message}"
                );
                if let Some((_, what)) = OTHERS.iter().find(|(other, _)| other == name) {
                    assert!(message.contains(what), "{name}: {message}");
                    assert_eq!(message.lines().count(), 1, "{message}");
                }
            }
        }
    }
    assert_eq!(running, RUN);
    assert_eq!(RUN.len() + OTHERS.len(), files.len());
}
