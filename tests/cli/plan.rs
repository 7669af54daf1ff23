//! `icefold plan`, and runs over shard maps and parts of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use icefold::grid::{Order, morton};
use icefold::store::StoreReader;
use serde_json::{Value, json};

use super::granules::Heights;
use super::{Site, assert_same, json as json_of, refuse};
use crate::support::healpix::{self, Sphere};
use crate::support::{icefold, stdout, succeed};

const SHARD_ORDER: u8 = 6;

/// Photons over four degrees of latitude, which cross several shards; three have no coordinates.
pub(super) fn long_track(lon: f64) -> Heights {
    let mut heights = Heights::along(lon, 3000);
    for (i, lat) in heights.lat.iter_mut().enumerate() {
        *lat = 68.0 + i as f64 * 4.0 / 3000.0;
    }
    heights.lat[7] = 101.0;
    heights.lat[8] = f64::NAN;
    heights.lon[9] = f64::INFINITY;
    heights
}

/// The shards of a track, located photon by photon.
pub(super) fn shards_of(tracks: &[&Heights]) -> Vec<u64> {
    let order = Order::new(SHARD_ORDER).unwrap();
    let positions = tracks.iter().flat_map(|t| t.lon.iter().zip(&t.lat));
    let valid = positions.filter(|(lon, lat)| lon.abs() <= 540.0 && lat.abs() <= 90.0);
    let mut words: Vec<u64> = valid
        .map(|(&lon, &lat)| healpix::cell(SHARD_ORDER, Sphere::AuthalicWgs84, lon, lat))
        .map(|cell| morton::to_word(order, cell))
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// What tests of maps need.
impl Site {
    /// Three granules over several shards, of which the first two overlap.
    pub(super) fn three(&self) -> [PathBuf; 3] {
        [
            self.granule(
                "a.h5",
                &[("gt1l", long_track(-45.0)), ("gt3r", long_track(-43.0))],
            ),
            self.granule("b.h5", &[("gt1l", long_track(-44.9))]),
            self.granule("c.h5", &[("gt2r", long_track(10.0))]),
        ]
    }

    /// `icefold plan CONFIG GRANULE... -o map.json`
    pub(super) fn plan(&self, config: impl AsRef<Path>, granules: &[&Path]) -> Command {
        let mut command = icefold();
        command.arg("plan").arg(config.as_ref()).args(granules);
        command.arg("-o").arg(self.path("map.json"));
        command
    }

    pub(super) fn map(&self) -> Value {
        let text = std::fs::read(self.path("map.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Puts a map in place, with a piece of it changed.
    pub(super) fn change_map(&self, change: impl FnOnce(&mut Value)) {
        let mut map = self.map();
        change(&mut map);
        std::fs::write(self.path("map.json"), map.to_string()).unwrap();
    }

    /// `icefold run atl03 --plan map.json --store out/STORE`
    pub(super) fn run_plan(&self, store: &str) -> Command {
        let mut command = self.run_to(store, "atl03", &[]);
        command.arg("--plan").arg(self.path("map.json"));
        command
    }
}

pub(super) fn paths(granules: &[PathBuf; 3]) -> [&Path; 3] {
    [&granules[0], &granules[1], &granules[2]]
}

pub(super) fn keys(map: &Value) -> Vec<u64> {
    let keys = map["shard_keys"].as_array().unwrap().iter();
    keys.map(|key| key.as_u64().unwrap()).collect()
}

#[test]
fn a_map_lists_a_granule_exactly_where_it_has_photons() {
    let site = Site::new();
    let granules = site.three();
    let (said, warnings) = json_of(site.plan("atl03", &paths(&granules)).arg("--json"), 0);
    assert_eq!(warnings, "");
    let map = site.map();
    let a = shards_of(&[&long_track(-45.0), &long_track(-43.0)]);
    let b = shards_of(&[&long_track(-44.9)]);
    let c = shards_of(&[&long_track(10.0)]);
    let mut all = [a.clone(), b.clone(), c.clone()].concat();
    all.sort_unstable();
    all.dedup();
    assert!(all.len() > 10 && all.iter().all(|&word| word > 1 << 53));
    assert_eq!(keys(&map), all);
    for (place, key) in all.iter().enumerate() {
        let listed = [(&a, "a.h5"), (&b, "b.h5"), (&c, "c.h5")];
        let listed = listed.iter().filter(|(words, _)| words.contains(key));
        let expected: Vec<Value> = listed
            .map(|(_, id)| json!({"id": id, "s3": null, "https": null, "path": id}))
            .collect();
        assert_eq!(map["granules"][place], json!(expected), "{key}");
    }
    assert_eq!(
        map["grid_signature"],
        json!({"type": "healpix", "indexing_scheme": "nested", "parent_order": 6,
            "child_order": 12, "layout": "fullsphere"})
    );
    assert_eq!(map["metadata"]["latitude"], "authalic-wgs84");
    assert_eq!(map["metadata"]["total_shards"], all.len());
    assert_eq!(said["shards"], all.len());
    assert_eq!(
        (&said["photons"], &said["bad_coordinates"]),
        (&json!(12000), &json!(12))
    );
}

#[test]
fn the_bytes_of_a_map_depend_on_neither_threads_nor_the_order_of_granules() {
    let site = Site::new();
    let granules = site.three();
    let [a, b, c] = paths(&granules);
    let bytes = |order: &[&Path], threads: &str| {
        succeed(site.plan("atl03", order).args(["--threads", threads]));
        std::fs::read(site.path("map.json")).unwrap()
    };
    let first = bytes(&[a, b, c], "1");
    assert_eq!(first, bytes(&[c, b, a], "4"));
    assert_eq!(first, bytes(&[site.folder.path()], "2"));
}

#[test]
fn a_run_over_a_map_is_the_run_over_its_granules() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let (without, _) = json_of(site.run("atl03", &paths(&granules)).arg("--json"), 0);
    let (with, warnings) = json_of(site.run_plan("b.zarr").arg("--json"), 0);
    assert_eq!(warnings, "");
    assert_eq!(with["content_sha256"], without["content_sha256"]);
    assert_eq!(with["photons"], without["photons"]);
    assert_eq!(without["plan"], Value::Null);
    let shards = site.map()["shard_keys"].as_array().unwrap().len();
    assert_eq!(with["plan"]["of"], shards);
    assert_eq!(with["plan"]["shards"], format!("0..{shards}"));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn runs_over_disjoint_shards_add_up_to_the_whole() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let (whole, _) = json_of(site.run("atl03", &paths(&granules)).arg("--json"), 0);
    let mut kept = 0;
    for range in ["3..4", "4..", "..3"] {
        let mut command = site.run_plan("b.zarr");
        let (report, _) = json_of(command.args(["--json", "--shards", range]), 0);
        let photons = &report["photons"];
        let by = photons["rejected_by"].as_object().unwrap();
        let rejected: u64 = by.values().map(|n| n.as_u64().unwrap()).sum();
        assert!(photons["rejected_by"]["outside_shards"].as_u64() > Some(0));
        let own = photons["kept"].as_u64().unwrap();
        assert_eq!(
            photons["read"].as_u64().unwrap(),
            own + rejected,
            "{photons}"
        );
        kept += own;
    }
    assert_eq!(whole["photons"]["kept"], kept);
    succeed(icefold().arg("finalize").arg(site.out("b.zarr")));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn values_and_nulls_outside_the_wanted_shards_do_not_matter() {
    let site = Site::new();
    let (mut far, mut near) = (long_track(10.0), long_track(-45.0));
    far.h[50] = 1e9;
    far.h[60] = -7.0;
    far.fill = Some(-7.0);
    near.h[70] = -7.0;
    near.fill = Some(-7.0);
    let spoiled = site.granule("a.h5", &[("gt1l", near), ("gt2r", far)]);
    succeed(&mut site.plan("atl03", &[&spoiled]));
    refuse(
        &mut site.run_plan("a.zarr"),
        1,
        &["a.h5", "h_ph row 50", "1000000000"],
    );
    let west = shards_of(&[&long_track(-45.0)]);
    let keys = keys(&site.map());
    let start = keys.iter().position(|key| west.contains(key)).unwrap();
    assert_eq!(keys[start..start + west.len()], west);
    let range = format!("{start}..{}", start + west.len());
    let (report, _) = json_of(
        site.run_plan("b.zarr").args(["--json", "--shards", &range]),
        0,
    );
    let photons = &report["photons"];
    // Positions come first: of the far photons nothing else is looked at.
    assert_eq!(photons["rejected_by"]["outside_shards"], 2997);
    assert_eq!(photons["rejected_by"]["null"], 1);
    assert_eq!(photons["kept"], 2996);
}

#[test]
fn a_plan_names_the_granule_that_cannot_be_read_or_leaves_it_out() {
    let site = Site::new();
    let good = site.good("good.h5", -45.0);
    let (bad, empty) = (
        site.text("bad.h5"),
        site.granule("empty.h5", &[("gt1l", Heights::along(-45.0, 0))]),
    );
    refuse(
        &mut site.plan("atl03", &[&good, &bad]),
        1,
        &["bad.h5", "is not HDF5"],
    );
    assert!(!site.path("map.json").exists());
    // The first of the plan that cannot be read, however many are read at the same time.
    let worse = site.truncated("worse.h5");
    for threads in ["1", "4"] {
        let mut command = site.plan("atl03", &[&good, &worse, &bad]);
        refuse(command.args(["--threads", threads]), 1, &["worse.h5"]);
    }
    let mut command = site.plan("atl03", &[&empty, &bad, &good]);
    let (said, message) = json_of(command.args(["--tolerant", "--json"]), 3);
    assert!(
        message.contains("left out: ") && message.contains("granule empty.h5 has no photon"),
        "{message}"
    );
    assert_eq!(
        (&said["failed"], &said["without_photons"]),
        (&json!(1), &json!(1))
    );
    let left_out = site.map()["metadata"]["left_out"].to_string();
    assert!(
        left_out.contains("is not HDF5") && left_out.contains("without_photons"),
        "{left_out}"
    );
    refuse(
        &mut site.plan("atl03", &[&empty]),
        2,
        &["none of the 1 granules has a photon"],
    );
    refuse(
        site.plan("atl03", &[&bad]).arg("--tolerant"),
        1,
        &["none of the 1 granules can be used"],
    );
    let granule = std::fs::read(&good).unwrap();
    let mut onto_itself = icefold();
    onto_itself.args(["plan", "atl03"]).arg(&good).arg("-o");
    let says = "good.h5, which this run reads; choose another path";
    refuse(onto_itself.arg(&good), 2, &[says]);
    assert_eq!(std::fs::read(&good).unwrap(), granule);
    refuse(
        icefold()
            .args(["plan", "atl03"])
            .arg(&good)
            .args(["-o", "/nowhere/map.json"]),
        1,
        &["/nowhere"],
    );
}

#[test]
fn flags_about_a_map_need_one() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    refuse(
        site.run("atl03", &[&granules[0]])
            .args(["--shards", "0..1"]),
        2,
        &["--shards is about a shard map and the run has none; name it with --plan"],
    );
    refuse(
        site.run("atl03", &[&granules[0]])
            .args(["--granule-root", "."]),
        2,
        &["--granule-root is about a shard map"],
    );
    refuse(
        &mut site.run("atl03", &[]),
        2,
        &["no granules given", "--plan"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--shards", "1"]),
        2,
        &["--shards 1 is not a range"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--shards", "-1..2"]),
        2,
        &["--shards -1..2 is not a range"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--shards", "0..999"]),
        2,
        &["which has", "shards; choose within"],
    );
    refuse(
        site.run_plan("a.zarr").arg(&granules[0]),
        2,
        &["--plan", "cannot be used with"],
    );
}

#[test]
fn a_dry_run_over_a_map_says_which_shards() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let mut command = site.run_plan("a.zarr");
    command.args(["--shards", "0..2", "--dry-run"]);
    let text = stdout(&succeed(&mut command));
    let shards = keys(&site.map()).len();
    assert!(
        text.contains(&format!("to read, shards 0..2 of {shards} in ")),
        "{text}"
    );
    let (found, _) = json_of(command.arg("--json"), 0);
    assert_eq!(found["plan"]["shards"], "0..2");
    assert!(site.written().is_empty());
}

#[test]
fn shards_without_photons_make_a_store_without_cells() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.plan("atl03", &[&good]));
    // As maps that are made from footprints have it: a shard that the granule only comes near.
    let order = Order::new(SHARD_ORDER).unwrap();
    site.change_map(|map| {
        map["shard_keys"] = json!([morton::to_word(order, 0)]);
        let listed = map["granules"][0].clone();
        map["granules"] = json!([listed]);
    });
    let (report, _) = json_of(site.run_plan("a.zarr").arg("--json"), 3);
    let photons = &report["photons"];
    assert_eq!(photons["rejected_by"], json!({"outside_shards": 3000}));
    assert_eq!(
        (&photons["kept"], &report["occupied_cells"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(StoreReader::open(site.out("a.zarr")).unwrap().cells(), 0);
}
