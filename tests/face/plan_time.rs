//! Shard maps of a time: granules that lie outside as a whole are not listed.

use std::path::{Path, PathBuf};

use icefold::error::Kind;
use serde_json::json;

use super::from_code::{done, refused};
use crate::support::granules::paths;
use crate::support::site::{Site, tree};
use crate::support::timed::{DAY, tell};

const JUNE: &str = "time: {from: 2019-06, to: 2019-06}";
/// The first of June 2019, in days since 2018-01-01.
const FIRST: f64 = 516.0;

/// A granule that says from when to when it is, which its photons are within.
fn saying(site: &Site, name: &str, lon: f64, day: f64) -> PathBuf {
    let granule = site.timed(name, lon, |i| day * DAY + i as f64);
    tell(&granule, "ancillary_data", "start_delta_time", day * DAY);
    tell(
        &granule,
        "ancillary_data",
        "end_delta_time",
        day * DAY + 1_500.0,
    );
    granule
}

/// In May, in June, over the end of June, in July; one in May that says nothing, and one that says another time than its
/// photons have.
fn around_june(site: &Site) -> [PathBuf; 6] {
    let silent = site.timed("silent.h5", -45.5, |i| 490.0 * DAY + i as f64);
    let wrong = site.timed("wrong.h5", -46.0, |i| (FIRST + 3.0) * DAY + i as f64);
    tell(&wrong, "ancillary_data", "start_delta_time", 100.0 * DAY);
    tell(&wrong, "ancillary_data", "end_delta_time", 100.1 * DAY);
    [
        saying(site, "may.h5", -45.0, FIRST - 2.0),
        saying(site, "june.h5", -44.0, FIRST + 1.0),
        saying(site, "end.h5", -44.5, FIRST + 30.0 - 0.01),
        saying(site, "july.h5", -43.0, FIRST + 40.0),
        silent,
        wrong,
    ]
}

fn listed(site: &Site) -> Vec<String> {
    let map = site.map();
    let shards = map["granules"].as_array().unwrap().iter();
    let ids = shards.flat_map(|of| of.as_array().unwrap().iter().map(|g| g["id"].clone()));
    let mut ids: Vec<String> = ids.map(|id| id.as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

#[test]
fn granules_that_lie_outside_the_time_as_a_whole_are_not_listed() {
    let site = Site::new();
    let granules = around_june(&site);
    let config = site.stepped("june.yaml", JUNE);
    let built = site.mapping(&config, &paths(&granules)).execute().unwrap();
    assert_eq!(built.outside_time, ["july.h5", "may.h5"]);
    assert_eq!(
        listed(&site),
        ["end.h5", "june.h5", "silent.h5", "wrong.h5"]
    );
    let metadata = &site.map()["metadata"];
    assert_eq!(
        metadata["left_out"],
        json!([{"id": "july.h5", "outside_time": true}, {"id": "may.h5", "outside_time": true}])
    );
    assert_eq!(
        metadata["time"],
        json!({
            "dataset": "/{group}/heights/delta_time",
            "from": "2019-06-01T00:00:00Z", "to": "2019-07-01T00:00:00Z",
        })
    );
    assert_eq!(built.photons, 4 * 3_000);
    // Nothing is missing of what a run over all of them keeps.
    let direct = done(site.code(&config, &paths(&granules))).0;
    let over = done(site.over_as("b.zarr", &config)).0;
    assert_eq!(direct["photons"]["kept"], over["photons"]["kept"]);
    assert_eq!(direct["content_sha256"], over["content_sha256"]);
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    // Times that a config does not bound leave nothing out.
    for time in ["", "time: {every: month}", "time: {every: P7D, to: 2020}"] {
        let config = site.stepped("all.yaml", time);
        let built = site.mapping(&config, &paths(&granules)).execute().unwrap();
        assert_eq!(
            (built.outside_time.len(), listed(&site).len()),
            (0, 6),
            "{time}"
        );
        assert_eq!(
            site.map()["metadata"].get("time").is_some(),
            time.contains("to")
        );
    }
}

#[test]
fn a_map_of_a_time_serves_what_is_within_and_nothing_else() {
    let site = Site::new();
    let granules = around_june(&site);
    let june = site.stepped("june.yaml", JUNE);
    done(site.mapping(&june, &paths(&granules)));
    let with = |time: &str| {
        let config = site.stepped("other.yaml", time);
        site.over_as("b.zarr", config).overwrite(true)
    };
    let edges = "time: {edges: [2019-06-02, 2019-06-20, 2019-07-01]}";
    for time in ["time: {from: 2019-06-02, to: 2019-06-10}", edges] {
        let over = done(with(time)).0;
        let direct = site.stepped("other.yaml", time);
        let direct = done(site.code(direct, &paths(&granules)).overwrite(true)).0;
        assert_eq!(direct["content_sha256"], over["content_sha256"], "{time}");
        assert!(over["photons"]["kept"].as_u64() > Some(0));
    }
    let was = "was made for a time, from 2019-06-01T00:00:00Z to 2019-07-01T00:00:00Z by /{group}/heights/delta_time";
    let refuse = |time: &str, has: &str| {
        refused(with(time).execute(), Kind::Map, &[was, has, "time.from"]);
    };
    refuse("", "other.yaml has all times");
    refuse("time: {every: month}", "has all times");
    refuse(
        "time: {from: 2019-06-02}",
        "has from 2019-06-02T00:00:00Z by",
    );
    refuse(
        "time: {from: 2019-05-31, to: 2019-06-10}",
        "has from 2019-05-31T00:00:00Z to",
    );
    let other = "time: {from: 2019-06, to: 2019-06, dataset: '/{group}/heights/lat_ph'}";
    refuse(other, "by /{group}/heights/lat_ph");
    site.change_map(|map| map["metadata"]["time"] = json!({"dataset": "a", "to": "soon"}));
    let says = ["was made for a time, one that cannot be read"];
    refused(site.over_as("b.zarr", &june).execute(), Kind::Map, &says);
    // What others say under that name is not a time of icefold's.
    site.change_map(|map| map["metadata"]["source"] = json!("another"));
    done(site.over_as("c.zarr", &june));
}

#[test]
fn no_granule_in_the_time_makes_no_map() {
    let site = Site::new();
    let granule: PathBuf = saying(&site, "may.h5", -45.0, FIRST - 2.0);
    let granules: [&Path; 1] = [&granule];
    let made = site.mapping(site.stepped("june.yaml", JUNE), &granules);
    let says = ["none of the 1 granules has a photon in the time, from 2019-06-01T00:00:00Z to"];
    refused(made.execute(), Kind::Argument, &says);
    assert!(!site.path("map.json").exists());
}
