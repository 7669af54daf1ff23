//! Shard maps: which of them a run accepts, and where it finds their granules.

use std::path::Path;

use icefold::error::Kind;
use icefold::run::Source;
use icefold::{Granules, Mapped, Run};
use serde_json::{Value, json};

use super::from_code::{done, looked, partly, refused, seen, shown};
use super::plan::shards_of;
use crate::support::granules::paths;
use crate::support::site::{Site, assert_same, keys, long_track};

#[test]
fn the_catalog_of_a_config_is_one_of_the_maps_that_a_run_may_follow() {
    let site = Site::new();
    let granules = site.three();
    let [a, b, _] = paths(&granules);
    done(site.mapping("atl03", &[a]));
    let catalog = format!("catalog: {}\noutput:", site.path("map.json").display());
    let config = site.atl03_with("output:", &catalog);
    let config = icefold::config::load(config.to_str().unwrap()).unwrap();
    let read = |source: Source| -> Vec<String> {
        let run = Run::new(config.clone(), source).into_store(site.out("a.zarr"));
        let (report, _) = done(run.overwrite(true));
        let done = report["granules"]["done"].as_array().unwrap().iter();
        done.map(|g| g["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let catalog = || Mapped::by_catalog(&config).unwrap().unwrap();
    assert_eq!(read(catalog().into()), ["a.h5"]);
    assert_eq!(read(Granules::named([b]).into()), ["b.h5"]);
    std::fs::rename(site.path("map.json"), site.path("a.json")).unwrap();
    done(site.mapping("atl03", &[b]));
    assert_eq!(read(Mapped::by(site.path("a.json")).into()), ["a.h5"]);
    assert_eq!(read(catalog().into()), ["b.h5"]);
}

#[test]
fn a_map_serves_every_config_of_its_spatial_grid() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    let other = site.atl03_with("h_median", "height");
    assert_eq!(done(site.over_as("a.zarr", &other)).1, "");
    // An older map, with a full signature.
    site.change_map(|map| map["grid_signature"]["output_fields"] = json!({"count": "int32"}));
    assert_eq!(done(site.over("b.zarr")).1, "");
    // Without one, and without any metadata.
    site.change_map(|map| {
        map.as_object_mut().unwrap().remove("grid_signature");
        map.as_object_mut().unwrap().remove("metadata");
    });
    let (_, message) = done(site.over("c.zarr"));
    assert!(
        message.starts_with("warning: ") && message.contains("has no grid_signature"),
        "{message}"
    );
    assert_same(&site.out("b.zarr"), &site.out("c.zarr"));
}

#[test]
fn a_map_of_another_grid_is_refused_with_both_sides() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    let finer = site.atl03_with("child_order: 12", "child_order: 13");
    site.change_map(|map| map["grid_signature"]["output_fields"] = json!(["count"]));
    refused(
        site.over_as("a.zarr", &finer).execute(),
        Kind::Map,
        &[
            "map.json: was made for another grid",
            "child_order is 12 in the map, 13 in the config; make a map",
            r#""child_order":12,"layout":"fullsphere"}"#,
            r#""child_order":13,"layout":"fullsphere"}"#,
            r#"stored {"type":"healpix""#,
            r#""output_fields":["count"]"#,
        ],
    );
    let sphere = site.atl03_with("output:\n", "output:\n  latitude: geodetic-spherical\n");
    refused(
        site.over_as("a.zarr", &sphere).execute(),
        Kind::Map,
        &[
            "latitude \"authalic-wgs84\" (by metadata.latitude)",
            "\"geodetic-spherical\"",
        ],
    );
    site.change_map(|map| map["metadata"] = json!({}));
    refused(
        site.over_as("a.zarr", &sphere).execute(),
        Kind::Map,
        &["latitude \"authalic-wgs84\" (by default)"],
    );
    // Whatever the signature says, the keys are what they are.
    let coarser = site.atl03_with("parent_order: 6", "parent_order: 5");
    site.change_map(|map| map["grid_signature"] = Value::Null);
    refused(
        site.over_as("a.zarr", &coarser).execute(),
        Kind::Map,
        &["shards of order 6, those of config"],
    );
}

#[test]
fn a_config_that_reads_more_than_the_map_was_made_from_is_warned_of() {
    let site = Site::new();
    let granules = site.three();
    let one = site.atl03_with("[gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]", "[gt1l]");
    done(site.mapping(&one, &[&granules[0]]));
    let (report, message) = done(site.over("a.zarr"));
    assert!(
        message.contains("was made from other positions"),
        "{message}"
    );
    assert!(report["photons"]["rejected_by"]["outside_shards"].as_u64() > Some(0));
}

#[test]
fn granules_are_found_by_name_below_the_root() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    let (whole, _) = done(site.over("a.zarr"));
    let deep = site.path("moved/deep");
    std::fs::create_dir_all(&deep).unwrap();
    for granule in &granules {
        std::fs::rename(granule, deep.join(granule.file_name().unwrap())).unwrap();
    }
    refused(
        site.over("b.zarr").execute(),
        Kind::Argument,
        &[
            "granule a.h5: shard map ",
            "has it at a.h5 from the map's folder",
            "no such file",
            "granule_root",
            "(and 2 more granules)",
        ],
    );
    // Ids with or without their extension, as in zagg's maps.
    site.change_map(|map| {
        for granule in map["granules"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .flat_map(|g| g.as_array_mut().unwrap())
        {
            let id = granule["id"]
                .as_str()
                .unwrap()
                .trim_end_matches(".h5")
                .to_owned();
            *granule = json!({"id": id, "s3": format!("s3://bucket/{id}.h5"),
                "https": format!("http://host/{id}.h5"), "time_start": "2019-01-05"});
        }
    });
    refused(
        site.over("b.zarr").execute(),
        Kind::Granule,
        &["http://host/", "http:// is not encrypted"],
    );
    let root = site.path("moved");
    let (found, _) = done(site.over_in("b.zarr", &root));
    assert_eq!(found["content_sha256"], whole["content_sha256"]);

    std::fs::remove_file(deep.join("b.h5")).unwrap();
    let run = || site.over_in("c.zarr", &root);
    let says = format!(
        "there is no file of that name in {}; download it",
        root.display()
    );
    refused(
        run().execute(),
        Kind::Argument,
        &["granule b: ", "http://host/b.h5, and ", &says],
    );
    let (report, message) = partly(run().tolerant(true));
    assert!(message.contains("left out: granule b: "), "{message}");
    assert_eq!(report["granules"]["failed"][0]["granule"], "b");
    assert_eq!(report["granules"]["done"].as_array().unwrap().len(), 2);
    // Two files of a name: any where they are copies, neither where they differ.
    std::fs::create_dir(root.join("again")).unwrap();
    std::fs::copy(deep.join("a.h5"), root.join("again/a.h5")).unwrap();
    partly(run().tolerant(true).overwrite(true));
    std::fs::copy(deep.join("c.h5"), root.join("again/a.h5")).unwrap();
    refused(
        run().tolerant(true).overwrite(true).execute(),
        Kind::Argument,
        &["granule a is in ", "more than once", "again/a.h5"],
    );
}

#[test]
fn duplicates_are_resolved_over_the_whole_map() {
    let site = Site::new();
    let name = |release: &str| format!("ATL03_20190105163308_01260202_{release}.h5");
    let [old, new] = [("006_02", -45.0), ("007_01", 10.0)]
        .map(|(release, lon)| site.granule(&name(release), &[("gt1l", long_track(lon))]));
    let keep_all = site.atl03_with("output:\n", "output:\n  duplicates: keep_all\n");
    done(site.mapping(&keep_all, &[&old, &new]));
    assert_eq!(looked(site.path("map.json"))["granules"], 2);
    // The shards of the old one only: the new one, listed elsewhere, takes its place.
    let old_keys = shards_of(&[&long_track(-45.0)]);
    let start = keys(&site.map())
        .iter()
        .position(|key| *key == old_keys[0])
        .unwrap();
    let range = format!("{start}..{}", start + old_keys.len());
    refused(
        site.part("a.zarr", &range).execute(),
        Kind::Map,
        &["no granule is left to read"],
    );
    let (report, message) = done(site.over("b.zarr"));
    assert!(
        message.contains("006_02") && message.contains("takes its place"),
        "{message}"
    );
    assert_eq!(report["granules"]["done"][0]["name"], name("007_01"));
    // By default the plan itself leaves it out, and says so in the map.
    let (_, message) = done(site.mapping("atl03", &[&old, &new]));
    assert!(message.contains("takes its place"), "{message}");
    let left_out = &site.map()["metadata"]["left_out"];
    assert_eq!(
        *left_out,
        json!([{"id": name("006_02"), "superseded_by": name("007_01")}])
    );
}

#[test]
fn what_is_no_shard_map_is_refused_by_what_is_wrong_with_it() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let word = 11_570_310_392_668_225_542_u64;
    for (text, says) in [
        ("", "is not a shard map: EOF"),
        ("[1]", "is not a shard map: invalid"),
        ("{\"shard_keys\": []}", "missing field `granules`"),
        (
            "{\"shard_keys\": [1.1570310392668226e19], \"granules\": [[]]}",
            "invalid type: floating point",
        ),
        (
            "{\"shard_keys\": [1], \"granules\": [[], []]}",
            "has 1 shard_keys and 2 lists of granules",
        ),
        (
            "{\"shard_keys\": [7], \"granules\": [[]]}",
            "shard_keys[0] is 7, which is no morton word",
        ),
        (
            &format!("{{\"shard_keys\": [{word}, {word}], \"granules\": [[], []]}}"),
            "shard_keys[1] is 11570310392668225542, as is shard_keys[0]",
        ),
        (
            &format!("{{\"shard_keys\": [{word}, 1152921504606846976], \"granules\": [[], []]}}"),
            "shard_keys[1] is of order 0, shard_keys[0] of order 6",
        ),
    ] {
        std::fs::write(site.path("map.json"), text).unwrap();
        refused(
            site.over("a.zarr").execute(),
            Kind::Map,
            &["shard map ", "map.json: ", says],
        );
        refused(seen(site.path("map.json")), Kind::Map, &[says]);
    }
    std::fs::write(
        site.path("map.json"),
        "{\"shard_keys\": [], \"granules\": []}",
    )
    .unwrap();
    let says = ["lists no shards"];
    refused(site.over("a.zarr").execute(), Kind::Map, &says);
    let text = format!("{{\"shard_keys\": [{word}], \"granules\": [[]]}}");
    std::fs::write(site.path("map.json"), text).unwrap();
    let says = ["lists no granules for its shards 0..1"];
    refused(site.over("a.zarr").execute(), Kind::Map, &says);
    let by = |map: &Path| Run::new(icefold::config::load("atl03").unwrap(), Mapped::by(map));
    let says = ["cannot read ", "none.json"];
    refused(by(&site.path("none.json")).planned(), Kind::Io, &says);
    refused(
        by(&good).planned(),
        Kind::Map,
        &["a.h5: is not a shard map"],
    );
}

#[test]
fn a_map_is_inspected_for_people_and_programs() {
    let site = Site::new();
    let granules = site.three();
    done(site.mapping("atl03", &paths(&granules)));
    // By its name, or by what it begins with.
    std::fs::copy(site.path("map.json"), site.path("map")).unwrap();
    let text = shown(site.path("map"));
    assert!(
        text.contains("shard order      6") && text.contains("granules         3"),
        "{text}"
    );
    let found = looked(site.path("map.json"));
    let map = site.map();
    assert_eq!(found["shards"].as_array().unwrap().len(), keys(&map).len());
    for (place, key) in keys(&map).into_iter().enumerate() {
        let shard = &found["shards"][place];
        assert_eq!(shard["key"], key);
        assert_eq!(
            shard["granules"],
            map["granules"][place].as_array().unwrap().len()
        );
        assert!(text.contains(&key.to_string()));
    }
    assert_eq!(found["metadata"], map["metadata"]);
}
