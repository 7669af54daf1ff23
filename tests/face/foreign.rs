//! Maps and manifests that say what icefold does not: named, or refused.

use icefold::error::Kind;
use icefold::plan::ShardMap;
use icefold::{Mapped, Run};
use serde_json::{Value, json};

use super::from_code::{done, refused};
use crate::support::granules::paths;
use crate::support::site::{Site, assert_same};

#[test]
fn what_a_map_says_and_a_run_does_not_follow_is_named() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    site.change_map(|map| {
        let shards = map["shard_keys"].as_array().unwrap().len();
        map["aoi_mask"] = json!(vec![[1, 2, 3]; shards]);
        map["granules"][0][0]["assets"] = json!({"dem": {"href": "s3://bucket/dem.tif"}});
        map["granules"][0][0]["time_start"] = json!("2020-01-01T00:00:00Z");
        map["metadata"]["aoi_mask"] = json!(true);
    });
    let (report, message) = done(site.over("a.zarr"));
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 2, "{message}");
    assert!(
        lines[0].starts_with("warning: aoi_mask of shard map "),
        "{message}"
    );
    assert!(
        lines[0].ends_with("give the area as a region, and output.aoi_mask in the config"),
        "{message}"
    );
    assert!(
        lines[1].starts_with("warning: granules[].assets of shard map "),
        "{message}"
    );
    assert_eq!(
        report["plan"]["unused"],
        json!(["aoi_mask", "granules[].assets"])
    );
}

#[test]
fn what_no_run_follows_may_be_of_any_form_and_is_written_again() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    done(site.over("a.zarr"));
    let said = json!({"datetime": 1_546_300_800, "time_key": {"cycle": 3}, "time_start": [2019, 1],
        "time_end": 2019.5, "assets": ["dem.tif"]});
    let masks = [json!([1.5]), json!({"cells": "all"}), json!([-1, "x"])];
    site.change_map(|map| {
        let shards = map["shard_keys"].as_array().unwrap().len();
        map["aoi_mask"] = (0..shards).map(|k| masks[k % 3].clone()).collect();
        for granule in map["granules"].as_array_mut().unwrap() {
            let granule = granule[0].as_object_mut().unwrap();
            granule.extend(said.as_object().unwrap().clone());
        }
    });
    let (_, message) = done(site.over("b.zarr"));
    assert!(message.contains("aoi_mask of shard map"), "{message}");
    assert!(
        message.contains("granules[].assets of shard map"),
        "{message}"
    );
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    let map = ShardMap::read(&site.path("map.json")).unwrap();
    assert_eq!(
        map.granules[0].time_start.as_ref(),
        Some(&said["time_start"])
    );
    for name in ["again.json", "again.parquet"] {
        let again = ShardMap {
            path: site.path(name),
            ..map.clone()
        };
        again.write().unwrap();
        assert_eq!(ShardMap::read(&site.path(name)).unwrap(), again);
    }
    site.change_map(|map| map["aoi_mask"] = json!("all"));
    let says = "shard_keys and an aoi_mask that is no list of as many";
    refused(site.over("c.zarr").execute(), Kind::Map, &[says]);
}

#[test]
fn a_manifest_of_other_columns_than_its_config_is_refused() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    done(site.part("a.zarr", "0..1"));
    let manifest = site.out("a.zarr.pieces").join("manifest.json");
    let mut changed: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    changed["found"]["columns"] = json!([]);
    std::fs::write(&manifest, changed.to_string()).unwrap();
    let says = ["manifest.json", "begin anew with overwrite"];
    refused(site.making("a.zarr").execute(), Kind::Pieces, &says);
}

#[test]
#[cfg(unix)]
fn a_map_that_is_a_device_is_refused_and_not_read_for_ever() {
    let config = icefold::config::load("atl03").unwrap();
    let run = Run::new(config, Mapped::by("/dev/zero"));
    let says = ["shard map /dev/zero: is not a regular file"];
    refused(run.planned(), Kind::Map, &says);
}

#[test]
fn pieces_of_another_format_are_refused_by_version() {
    let site = Site::new();
    site.mapped("atl03");
    done(site.part("a.zarr", "0..1"));
    let manifest = site.out("a.zarr.pieces").join("manifest.json");
    let mut text: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    assert_eq!(text["schema_version"], 2);
    text["schema_version"] = 1.into();
    std::fs::write(&manifest, text.to_string()).unwrap();
    let says = ["(format 1), and this is ", "(format 2)", "overwrite"];
    refused(
        site.over("a.zarr").resume(true).execute(),
        Kind::Pieces,
        &says,
    );
    refused(site.making("a.zarr").execute(), Kind::Pieces, &says);
}
