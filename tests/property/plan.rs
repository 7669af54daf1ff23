//! Maps of synthetic granules against positions located one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hdf5::File;
use icefold::config::{self, Config, DuplicatePolicy};
use icefold::demo::{Recipe, write_granules_with};
use icefold::error::Kind;
use icefold::grid::Order;
use icefold::plan::{Build, ShardMap, build, plan};
use icefold::watch::{Unwatched, Watch};
use proptest::prelude::*;

use crate::support::folder;
use crate::support::healpix::{self, Sphere};

const GROUND_TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

fn config(shard_order: u8) -> Config {
    let mut config = config::load("atl03").unwrap();
    config.grid.shard_order = Order::new(shard_order).unwrap();
    config
}

fn map_of(config: &Config, granules: &[PathBuf], target: &Path, threads: usize) -> ShardMap {
    let keep_all = Config {
        duplicates: DuplicatePolicy::KeepAll,
        ..config.clone()
    };
    let plan = plan(granules, &keep_all, false).unwrap();
    let build_of = Build {
        config,
        plan: &plan,
        target,
        threads,
        tolerant: false,
        index: None,
        watch: &Unwatched,
    };
    build(&build_of).unwrap().map
}

/// Each shard's granules by name, from the map.
fn listed(map: &ShardMap) -> BTreeMap<u64, BTreeSet<String>> {
    let names = |places: &[usize]| places.iter().map(|&p| map.granules[p].id.clone()).collect();
    map.shards
        .iter()
        .map(|shard| (shard.id, names(&shard.granules)))
        .collect()
}

/// The oracle: every position of every ground track, read whole and located alone.
fn located(config: &Config, granules: &[PathBuf]) -> BTreeMap<u64, BTreeSet<String>> {
    let order = config.grid.shard_order.get();
    let mut shards = BTreeMap::<u64, BTreeSet<String>>::new();
    for path in granules {
        let name = path.file_name().unwrap().to_str().unwrap();
        let file = File::open(path).unwrap();
        for ground_track in GROUND_TRACKS {
            let read = |name: &str| {
                let dataset = file.dataset(&format!("{ground_track}/heights/{name}"));
                dataset.map_or(Vec::new(), |dataset| dataset.read_raw::<f64>().unwrap())
            };
            for (lon, lat) in read("lon_ph").into_iter().zip(read("lat_ph")) {
                if (-540.0..=540.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
                    let cell = healpix::cell(order, Sphere::AuthalicWgs84, lon, lat);
                    shards.entry(cell).or_default().insert(name.to_owned());
                }
            }
        }
    }
    shards
}

#[test]
fn the_map_of_synthetic_granules_is_the_one_of_their_positions() {
    let folder = folder();
    let recipe = Recipe {
        granules: 4,
        segments_per_track: 3000,
        seed: 3,
    };
    let granules = write_granules_with(folder.path(), &recipe).unwrap();
    for shard_order in [0, 3, 6, 9, 11] {
        let config = config(shard_order);
        let map = map_of(&config, &granules, &folder.path().join("map.json"), 3);
        assert_eq!(
            listed(&map),
            located(&config, &granules),
            "order {shard_order}"
        );
    }
}

/// Wishes everything to stop.
struct Impatient;

impl Watch for Impatient {
    fn stop(&self) -> bool {
        true
    }
}

#[test]
fn an_interrupted_plan_is_no_map() {
    let folder = folder();
    let recipe = Recipe {
        granules: 2,
        segments_per_track: 200,
        seed: 1,
    };
    let granules = write_granules_with(folder.path(), &recipe).unwrap();
    let plan = plan(&granules, &config(6), false).unwrap();
    let build_of = Build {
        config: &config(6),
        plan: &plan,
        target: &folder.path().join("map.json"),
        threads: 2,
        tolerant: true,
        index: None,
        watch: &Impatient,
    };
    let stopped = build(&build_of).map_err(|error| error.kind());
    assert_eq!(stopped.err(), Some(Kind::Interrupted));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_map_misses_no_photon_and_lists_no_shard_without_one(
        tracks in prop::collection::vec(
            (-400.0f64..400.0, -91.0f64..91.0, -6.0f64..0.5, 1usize..3000, any::<[u16; 3]>()),
            1..4,
        ),
        shard_order in 0u8..=12,
    ) {
        let folder = folder();
        let mut granules = Vec::new();
        for (i, (lon, lat, step, photons, spoiled)) in tracks.into_iter().enumerate() {
            let path = folder.path().join(format!("g{i}.h5"));
            let file = File::create(&path).unwrap();
            let step = 10f64.powf(step);
            let mut lons: Vec<f64> = (0..photons).map(|p| lon + p as f64 * step).collect();
            let mut lats: Vec<f64> = (0..photons).map(|p| lat + p as f64 * step).collect();
            lons[usize::from(spoiled[0]) % photons] = f64::NAN;
            lats[usize::from(spoiled[1]) % photons] = f64::NEG_INFINITY;
            lats[usize::from(spoiled[2]) % photons] = f64::from(spoiled[2]) / 728.0;
            // One photon that is somewhere.
            lons.push(lon);
            lats.push(80.0);
            for (name, values) in [("lon_ph", lons), ("lat_ph", lats)] {
                let path = format!("gt2l/heights/{name}");
                let dataset = file.new_dataset::<f64>().shape(values.len());
                dataset.create(path.as_str()).unwrap().write_raw(&values).unwrap();
            }
            file.close().unwrap();
            granules.push(path);
        }
        let config = config(shard_order);
        let map = map_of(&config, &granules, &folder.path().join("map.json"), 2);
        prop_assert_eq!(listed(&map), located(&config, &granules));
        map.write().unwrap();
        let bytes = std::fs::read(&map.path).unwrap();
        let read = ShardMap::read(&map.path).unwrap();
        prop_assert_eq!(listed(&read), listed(&map));
        prop_assert_eq!(&read.metadata, &map.metadata);
        read.write().unwrap();
        prop_assert_eq!(std::fs::read(&map.path).unwrap(), bytes);
    }
}
