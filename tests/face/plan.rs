//! Shard maps that are made, and runs over them and parts of them.

use std::path::Path;

use icefold::error::Kind;
use icefold::grid::{Order, morton};
use icefold::store::StoreReader;
use icefold::{Granules, MakeMap};
use serde_json::{Value, json};

use super::from_code::{done, partly, refused};
use crate::support::granules::{Heights, paths};
use crate::support::healpix::{self, Sphere};
use crate::support::site::{Site, assert_same, keys, long_track};

const SHARD_ORDER: u8 = 6;

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

#[test]
fn a_map_lists_a_granule_exactly_where_it_has_photons() {
    let site = Site::new();
    let granules = site.three();
    let (said, warnings) = done(site.mapping("atl03", &paths(&granules)));
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
    let bytes = |order: &[&Path], threads: usize| {
        done(site.mapping("atl03", order).threads(threads));
        std::fs::read(site.path("map.json")).unwrap()
    };
    let first = bytes(&[a, b, c], 1);
    assert_eq!(first, bytes(&[c, b, a], 4));
    assert_eq!(first, bytes(&[site.root()], 2));
}

#[test]
fn a_run_over_a_map_is_the_run_over_its_granules() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    let (without, _) = done(site.code("atl03", &paths(&granules)));
    let (with, warnings) = done(site.over("b.zarr"));
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
    done(site.mapping("atl03", &paths(&granules)));
    let (whole, _) = done(site.code("atl03", &paths(&granules)));
    let mut kept = 0;
    for range in ["3..4", "4..", "..3"] {
        let (report, _) = done(site.part("b.zarr", range));
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
    done(site.making("b.zarr"));
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
    done(site.mapping("atl03", &[&spoiled]));
    refused(
        site.over("a.zarr").execute(),
        Kind::Granule,
        &["a.h5", "h_ph row 50", "1000000000"],
    );
    let west = shards_of(&[&long_track(-45.0)]);
    let keys = keys(&site.map());
    let start = keys.iter().position(|key| west.contains(key)).unwrap();
    assert_eq!(keys[start..start + west.len()], west);
    let range = format!("{start}..{}", start + west.len());
    let (report, _) = done(site.part("b.zarr", &range));
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
    refused(
        site.mapping("atl03", &[&good, &bad]).execute(),
        Kind::Granule,
        &["bad.h5", "is not HDF5"],
    );
    assert!(!site.path("map.json").exists());
    // The first of the plan that cannot be read, however many are read at the same time.
    let worse = site.truncated("worse.h5");
    for threads in [1, 4] {
        let command = site.mapping("atl03", &[&good, &worse, &bad]);
        refused(
            command.threads(threads).execute(),
            Kind::Granule,
            &["worse.h5"],
        );
    }
    let command = site.mapping("atl03", &[&empty, &bad, &good]);
    let (said, message) = partly(command.tolerant(true));
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
    refused(
        site.mapping("atl03", &[&empty]).execute(),
        Kind::Argument,
        &["none of the 1 granules has a photon"],
    );
    refused(
        site.mapping("atl03", &[&bad]).tolerant(true).execute(),
        Kind::NoGranule,
        &["none of the 1 granules can be used"],
    );
    let granule = std::fs::read(&good).unwrap();
    let map_at = |target: &Path| {
        let config = icefold::config::load("atl03").unwrap();
        MakeMap::new(config, Granules::named([&good]), target).execute()
    };
    let says = "good.h5, which this run reads; choose another path";
    refused(map_at(&good), Kind::Argument, &[says]);
    assert_eq!(std::fs::read(&good).unwrap(), granule);
    let nowhere = site.text("text").join("map.json");
    refused(map_at(&nowhere), Kind::Io, &["text"]);
}

#[test]
fn what_a_run_over_a_map_would_read_says_which_shards() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    let planned = site.part("a.zarr", "0..2").planned().unwrap();
    let wanted = planned.plan().wanted.as_ref().unwrap();
    let shards = keys(&site.map()).len();
    assert_eq!((&wanted.range, wanted.of), (&(0..2), shards));
    assert!(site.written().is_empty());
}

#[test]
fn shards_without_photons_make_a_store_without_cells() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    done(site.mapping("atl03", &[&good]));
    // As maps that are made from footprints have it: a shard that the granule only comes near.
    let order = Order::new(SHARD_ORDER).unwrap();
    site.change_map(|map| {
        map["shard_keys"] = json!([morton::to_word(order, 0)]);
        let listed = map["granules"][0].clone();
        map["granules"] = json!([listed]);
    });
    let (report, _) = done(site.over("a.zarr"));
    let photons = &report["photons"];
    assert_eq!(photons["rejected_by"], json!({"outside_shards": 3000}));
    assert_eq!(
        (&photons["kept"], &report["occupied_cells"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(StoreReader::open(site.out("a.zarr")).unwrap().cells(), 0);
}
