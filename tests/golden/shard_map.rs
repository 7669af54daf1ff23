//! A shard map that zagg made: 4 shards of order 9 and 66 granules of ATL03, footprints over a box
//! of a tenth of a degree at 76.5 W, 38.9 N.

use std::path::PathBuf;

use icefold::config::{self, Config, DuplicatePolicy};
use icefold::error::Kind;
use icefold::grid::morton;
use icefold::grid::{Latitude, Order, center};
use icefold::plan::{Selection, ShardMap};

use crate::support::{data, folder, granule, icefold, stdout, succeed};

const KEYS: [u64; 4] = [
    5_347_294_481_781_620_745,
    5_347_298_879_828_131_849,
    5_347_391_238_804_865_033,
    5_347_395_636_851_376_137,
];

fn path() -> PathBuf {
    data().join("pipelines/shardmap_healpix_o9.json")
}

fn config(parent: u8, child: u8) -> Config {
    let text = include_str!("../../src/config/atl03.yaml");
    let text = text.replace("parent_order: 6", &format!("parent_order: {parent}"));
    let text = text.replace("chunk_inner: 8, ", "");
    let text = text.replace("child_order: 12", &format!("child_order: {child}"));
    config::parse_yaml("atl03", &text).unwrap()
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_real_map_is_read_to_the_last_digit_of_its_keys() {
    let map = ShardMap::read(&path()).unwrap();
    assert_eq!(map.keys(), KEYS);
    assert!(
        KEYS.iter().all(|&key| key as f64 as u64 != key),
        "the keys tell a float"
    );
    assert_eq!(map.order, Order::new(9));
    assert_eq!((map.granules.len(), map.pairs()), (66, 218));
    assert_eq!(map.metadata["total_pairs"], 218);
    assert_eq!(
        map.granules[0].id,
        "ATL03_20190105163308_01260202_007_01.h5"
    );
    for shard in &map.shards {
        // A cell of order 9 is a tenth of a degree wide.
        let (lon, lat) = center(map.order.unwrap(), shard.id, Latitude::AuthalicWgs84);
        assert!(
            (-76.8..-76.3).contains(&lon) && (38.7..39.1).contains(&lat),
            "{lon} {lat}"
        );
    }
    let folder = folder();
    let copy = ShardMap {
        path: folder.path().join("copy.json"),
        ..map.clone()
    };
    copy.write().unwrap();
    assert_eq!(ShardMap::read(&copy.path).unwrap(), copy);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_real_map_serves_its_own_grid_only() {
    let map = ShardMap::read(&path()).unwrap();
    assert_eq!(map.check_grid(&config(9, 19)).unwrap(), [""; 0]);
    let refused = map.check_grid(&config(6, 12)).unwrap_err();
    let message = refused.to_string();
    assert_eq!(refused.kind(), Kind::Map);
    for part in [
        "parent_order is 9 in the map, 6 in the config",
        "child_order is 19 in the map, 12 in the config",
        r#"stored {"type":"healpix","indexing_scheme":"nested","parent_order":9,"child_order":19,"layout":"fullsphere"}"#,
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn granules_of_the_real_map_are_those_of_their_names() {
    let folder = folder();
    let map = ShardMap::read(&path()).unwrap();
    // Some ids have the catalog's own suffix behind the file name.
    let suffixed = map
        .granules
        .iter()
        .filter(|g| g.id.ends_with(".h5_dpyQXxz6"));
    assert_eq!(suffixed.count(), 5);
    for granule in &map.granules[..65] {
        let name = granule.id.split("_dpyQ").next().unwrap();
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let plan = |range: &str| {
        map.plan(&Selection {
            range: Some(range.parse().unwrap()),
            granule_root: Some(folder.path()),
            duplicates: Some(DuplicatePolicy::KeepLatest),
            ..Selection::default()
        })
    };
    let all = plan("..").unwrap();
    assert_eq!((all.granules.len(), all.absent.len()), (65, 1));
    let reason = all.absent[0].reason.to_string();
    assert!(
        reason.contains("https://data.nsidc.earthdatacloud.nasa.gov/")
            && reason.contains("granule_root"),
        "{reason}"
    );
    let mut together = Vec::new();
    for range in ["0..1", "1..3", "3..4"] {
        let part = plan(range).unwrap();
        let ids = part.wanted.unwrap().shards;
        let words = ids.ids().iter().map(|&id| morton::to_word(ids.order(), id));
        assert!(
            words.eq(KEYS[range
                .parse::<icefold::plan::ShardRange>()
                .unwrap()
                .within(4)
                .unwrap()]
            .iter()
            .copied())
        );
        together.extend(part.granules);
    }
    together.sort();
    together.dedup();
    let mut granules = all.granules;
    granules.sort();
    assert_eq!(together, granules);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn inspecting_the_real_map_shows_its_shards() {
    let text = stdout(&succeed(icefold().arg("inspect").arg(path())));
    for part in [
        "5347395636851376137",
        "CMR-STAC",
        "granules         66",
        "pairs            218",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_run_over_the_map_of_real_granules_is_the_run_over_them() {
    let folder = folder();
    let granules = [
        granule("processed_ATL06_20190222155947_08580212_001_01.h5"),
        granule("processed_ATL06_20181015100401_02560110_003_01.h5"),
    ];
    let map = folder.path().join("map.json");
    let mut plan = icefold();
    plan.args(["plan", "atl06"]).args(&granules);
    succeed(plan.arg("-o").arg(&map));
    let [without, with] = ["a.zarr", "b.zarr"].map(|name| folder.path().join(name));
    let mut run = icefold();
    run.args(["run", "atl06"]).args(&granules);
    let over_granules = stdout(&succeed(run.arg("--store").arg(&without)));
    let mut run = icefold();
    run.args(["run", "atl06", "--plan"]).arg(&map);
    let over_map = stdout(&succeed(run.arg("--store").arg(&with)));
    let content = |text: &str| text.split("sha256 ").nth(1).map(str::to_owned);
    assert!(content(&over_map).is_some() && !over_map.contains("outside_shards"));
    assert_eq!(content(&over_map), content(&over_granules));
}
