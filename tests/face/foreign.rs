//! Maps and manifests that say what icefold does not: named, or refused.

use icefold::error::Kind;
use icefold::{Mapped, Run};
use serde_json::{Value, json};

use super::from_code::{done, refused};
use crate::support::granules::paths;
use crate::support::site::Site;

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
