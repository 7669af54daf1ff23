//! What a shard map says of its granules beside where they are: when, and what is joined to them.

use std::path::Path;

use icefold::plan::ShardMap;
use icefold::{Mapped, Run, config};
use serde_json::json;

use super::from_code::done;
use super::joins::{ALL, pipeline, tracks};
use super::parquet_maps::mapping;
use super::provenance_said::write_text;
use crate::support::granules::paths;
use crate::support::joined::PASS;
use crate::support::site::Site;

#[test]
fn a_map_says_when_granules_are() {
    let site = Site::new();
    let granules = site.three();
    // One of them says when it is.
    let ends = ["2019-01-05T04:05:06.789012Z", "2019-01-05T04:10:00.000000Z"];
    write_text(&granules[0], Some("ancillary_data/data_start_utc"), ends[0]);
    write_text(&granules[0], Some("ancillary_data/data_end_utc"), ends[1]);
    for name in ["map.json", "map.parquet"] {
        done(mapping(&site, "atl03", &paths(&granules), name));
        let map = ShardMap::read(&site.path(name)).unwrap();
        let own = granules[0].file_name().unwrap().to_str().unwrap();
        for granule in &map.granules {
            let expected = if granule.id == own {
                ends.map(|end| Some(json!(end)))
            } else {
                [None, None]
            };
            let found = [granule.time_start.clone(), granule.time_end.clone()];
            assert_eq!(found, expected, "{name} {}", granule.id);
            assert_eq!(granule.assets, None);
        }
        assert_eq!(map.unused, [""; 0]);
    }
}

#[test]
fn a_map_says_what_is_joined_to_its_granules() {
    let site = Site::new();
    let granules = site.pass(&tracks());
    let granules: Vec<&Path> = granules.iter().map(AsRef::as_ref).collect();
    let config = pipeline(&site, "", ALL);
    done(mapping(&site, &config, &granules, "map.parquet"));
    let map = ShardMap::read(&site.path("map.parquet")).unwrap();
    let [granule] = &map.granules[..] else {
        panic!("{:?}", map.granules)
    };
    let assets = granule.assets.as_ref().unwrap();
    let named: Vec<&String> = assets.as_object().unwrap().keys().collect();
    assert_eq!(named, ["ATL06", "ATL08"]);
    assert_eq!(assets["ATL08"]["id"], format!("ATL08_{PASS}_01.h5"));
    assert!(assets["ATL08"]["https"].is_null());
    let path = assets["ATL08"]["path"].as_str().unwrap();
    assert!(
        site.path("map.parquet")
            .parent()
            .unwrap()
            .join(path)
            .is_file()
    );
    // A run over it reads these, and says nothing of them.
    let config = config::load(config.to_str().unwrap()).unwrap();
    let run = Run::new(config, Mapped::by(site.path("map.parquet")));
    let (report, said) = done(run.into_store(site.out("a.zarr")));
    assert_eq!((&report["plan"]["unused"], &*said), (&json!([]), ""));
    assert_eq!(
        report["granules"]["done"][0]["joins"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
