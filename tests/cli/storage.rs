//! What every verb says of filters, other files and values that are not stored; memory and signals.

use std::path::{Path, PathBuf};
use std::process::Command;

use hdf5::{File, FileBuilder};

use serde_json::Value;

use super::granules::{Heights, one};
use super::{Site, json, refuse};
use crate::support::{folder, icefold, stderr};

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
fn every_verb_follows_links_only_where_it_may() {
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
        let says = [
            "granule a.h5: /gt1l is an external link to",
            "--allow-external",
        ];
        refuse(&mut verb, 1, &says);
        assert!(site.written().is_empty(), "{:?}", site.written());
    }
    for mut verb in every_verb(&site, &granule) {
        let done = verb
            .arg("--allow-external")
            .arg(elsewhere.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
    }
    let report = std::fs::read_to_string(site.out("a.run.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["photons"]["kept"], 3000);
    let mut nowhere = site.run("atl03", &one(&granule));
    nowhere.arg("--allow-external").arg(site.path("none"));
    refuse(
        &mut nowhere,
        2,
        &["--allow-external", "none is not a folder"],
    );
}

/// A granule whose latitudes have the filter of this number, by a change of its message.
fn with_filter(site: &Site, name: &str) -> PathBuf {
    let path = site.good(name, -45.0);
    // The oldest format has no checksums of messages.
    let mut old = FileBuilder::new();
    let old = old.with_fapl(|access| access.file_locking(false).libver_earliest());
    let file = old.open_rw(&path).unwrap();
    let group = file.group("gt1l/heights").unwrap();
    group.unlink("lat_ph").unwrap();
    let lat = Heights::along(-45.0, 3000).lat;
    let builder = group.new_dataset::<f64>().shape(lat.len()).chunk(500);
    let dataset = builder.shuffle().create("lat_ph").unwrap();
    dataset.write_raw(&lat).unwrap();
    drop((dataset, group));
    file.flush().unwrap();
    file.close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // Number 2, its name's length, flags, one parameter, the name: of the first version of the message.
    let shuffle = b"\x02\x00\x08\x00\x01\x00\x01\x00shuffle\0";
    let at = bytes
        .windows(shuffle.len())
        .position(|w| w == shuffle)
        .unwrap();
    bytes[at..at + 2].copy_from_slice(&32008_u16.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn every_verb_names_a_filter_that_is_not_built_in() {
    let site = Site::new();
    let granule = with_filter(&site, "a.h5");
    for mut verb in every_verb(&site, &granule) {
        let says = [
            "/gt1l/heights/lat_ph is stored with the filter bitshuffle (32008)",
            "h5repack",
        ];
        let said = refuse(&mut verb, 1, &says);
        assert!(!said.contains("can't open directory"), "{said}");
    }
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

#[test]
fn a_tolerant_run_over_rows_that_are_not_stored_exits_with_3() {
    let site = Site::new();
    let granule = site.good("a.h5", -45.0);
    let file = File::open_rw(&granule).unwrap();
    let group = file.group("gt1l/heights").unwrap();
    let heights: Vec<f32> = group.dataset("h_ph").unwrap().read_raw().unwrap();
    group.unlink("h_ph").unwrap();
    let holes = group.new_dataset::<f32>().shape(2500_usize..).chunk(500);
    let holes = holes.create("h_ph").unwrap();
    holes.write_raw(&heights[..2500]).unwrap();
    holes.resize(3000).unwrap();
    drop((holes, group));
    file.flush().unwrap();
    file.close().unwrap();
    let says = ["/gt1l/heights/h_ph has no storage chunk for rows 2500 to 2999"];
    refuse(&mut site.run("atl03", &one(&granule)), 1, &says);
    let mut tolerant = site.run("atl03", &one(&granule));
    let (report, message) = json(tolerant.args(["--tolerant", "--json"]), 3);
    assert_eq!(report["photons"]["rejected_by"]["null"], 500);
    assert_eq!(report["granules"]["done"][0]["rows_not_stored"], 500);
    assert!(
        message.contains("h_ph has no storage chunk for 500 of its 3000 rows"),
        "{message}"
    );
}

#[test]
fn a_granule_without_ground_tracks_is_read_beside_others() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let empty = site.path("b.h5");
    let file = File::create(&empty).unwrap();
    file.create_group("METADATA").unwrap();
    file.create_group("orbit_info").unwrap();
    file.close().unwrap();
    let mut run = site.run("atl03", &[&good, &empty]);
    let (report, message) = json(run.arg("--json"), 0);
    assert_eq!(report["photons"]["kept"], 3000);
    assert_eq!(
        report["granules"]["done"][1]["ground_tracks"][0]["status"],
        "missing"
    );
    assert!(
        message.contains("b.h5 has no photons in any ground track"),
        "{message}"
    );
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
