//! Flags and variables about how granules are opened, for every verb; memory and signals.

use std::path::{Path, PathBuf};
use std::process::Command;

use hdf5::File;

use super::granules::one;
use super::{Site, json, refuse};
use crate::support::{folder, icefold, stderr, succeed};

/// Runs of every verb that opens a granule, with what they may write.
fn every_verb(site: &Site, granule: &Path) -> Vec<Command> {
    let mut dry = site.run("atl03", &one(granule));
    dry.arg("--dry-run");
    let mut plan = icefold();
    plan.args(["plan", "atl03"]).arg(granule);
    plan.arg("-o").arg(site.out("map.json"));
    let mut inspect = icefold();
    inspect
        .arg("inspect")
        .arg(granule)
        .args(["--config", "atl03"]);
    vec![site.run("atl03", &one(granule)), dry, plan, inspect]
}

#[test]
fn every_verb_follows_links_where_a_flag_says_so() {
    let (site, elsewhere) = (Site::new(), folder());
    let part = site.good("part.h5", -45.0);
    let outside = elsewhere.path().join("part.h5");
    std::fs::rename(part, &outside).unwrap();
    let granule = site.path("a.h5");
    let file = File::create(&granule).unwrap();
    file.link_external(outside.to_str().unwrap(), "/gt1l", "gt1l")
        .unwrap();
    file.close().unwrap();
    for mut verb in every_verb(&site, &granule) {
        let says = ["is an external link to", "--allow-external"];
        refuse(&mut verb, 1, &says);
        succeed(verb.arg("--allow-external").arg(elsewhere.path()));
        let _ = std::fs::remove_dir_all(site.out("a.zarr"));
        let _ = std::fs::remove_file(site.out("a.run.json"));
    }
    let mut nowhere = site.run("atl03", &one(&granule));
    nowhere.arg("--allow-external").arg(site.path("none"));
    refuse(
        &mut nowhere,
        2,
        &["--allow-external", "none is not a folder"],
    );
}

#[test]
fn every_verb_says_that_plugins_are_not_loaded() {
    let site = Site::new();
    let granule = site.with_filter("a.h5");
    for mut verb in every_verb(&site, &granule) {
        let told = verb
            .env("HDF5_PLUGIN_PATH", site.path("plugins"))
            .output()
            .unwrap();
        let message = stderr(&told);
        assert!(
            message.starts_with("note: HDF5_PLUGIN_PATH is set"),
            "{message}"
        );
        assert!(message.contains("filter bitshuffle (32008)"), "{message}");
        assert_eq!(told.status.code(), Some(1));
    }
}

/// A config of positions alone.
fn positions(site: &Site) -> PathBuf {
    let path = site.path("positions.yaml");
    let text = r#"data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h: "/{group}/heights/h_ph"}
aggregation:
  variables:
    n: {function: count, source: h}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
#[cfg(target_os = "linux")]
fn contiguous_granules_take_no_more_memory_than_one() {
    const ROWS: usize = 1_500_000;
    let site = Site::new();
    let config = positions(&site);
    let granules: Vec<PathBuf> = (0..4).map(|i| site.path(&format!("{i}.h5"))).collect();
    for (path, west) in granules.iter().zip([-45.0, -30.0, -15.0, 0.0]) {
        let file = File::create(path).unwrap();
        for (name, first) in [("lat_ph", 70.0), ("lon_ph", west), ("h_ph", 0.0)] {
            let values: Vec<f64> = (0..ROWS).map(|i| first + i as f64 * 1e-6).collect();
            let dataset = file.new_dataset::<f64>().shape(ROWS);
            let path = format!("gt1l/heights/{name}");
            let dataset = dataset.create(path.as_str()).unwrap();
            dataset.write_raw(&values).unwrap();
        }
        file.flush().unwrap();
        file.close().unwrap();
    }
    let peak = |granules: &[PathBuf]| {
        let granules: Vec<&Path> = granules.iter().map(AsRef::as_ref).collect();
        let mut run = site.run(&config, &granules);
        run.args(["--memory", "96MiB", "--json", "--overwrite"]);
        let (report, _) = json(&mut run, 0);
        assert_eq!(report["photons"]["kept"], granules.len() * ROWS);
        report["peak_resident_bytes"].as_u64().unwrap()
    };
    let one = peak(&granules[..1]);
    // Each has 36 MB of values.
    let four = peak(&granules);
    assert!(four < one + (24 << 20), "{one} and {four}");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_run_of_which_no_photon_is_kept() {
    const ROWS: usize = 1 << 50;
    let site = Site::new();
    let config = positions(&site);
    let granule = site.path("a.h5");
    let file = File::create(&granule).unwrap();
    for name in ["lat_ph", "lon_ph", "h_ph"] {
        let path = format!("gt1l/heights/{name}");
        let dataset = file.new_dataset::<f64>().shape(ROWS).fill_value(f64::MAX);
        let dataset = dataset.create(path.as_str()).unwrap();
        let fill = dataset.new_attr::<f64>().create("_FillValue").unwrap();
        fill.write_scalar(&f64::MAX).unwrap();
    }
    file.close().unwrap();
    assert!(std::fs::metadata(&granule).unwrap().len() < 20_000);
    let mut command = site.run(&config, &one(&granule));
    let silent = command.stdout(std::process::Stdio::null());
    let child = silent.stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let signalled = std::time::Instant::now();
    let kill = Command::new("sh")
        .args(["-c", &format!("kill -TERM {}", child.id())])
        .status();
    assert!(kill.unwrap().success());
    let status = { child }.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    // A second, and what a busy machine adds.
    assert!(signalled.elapsed() < std::time::Duration::from_secs(5));
    assert!(site.written().is_empty(), "{:?}", site.written());
}
