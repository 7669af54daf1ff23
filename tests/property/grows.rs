//! Stores that grow: however granules come, change and go, each store is what a run over its granules makes, to the byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icefold::config::{self, Config};
use icefold::{Granules, Layout, Outcome, Run};
use proptest::prelude::*;

use super::cuts::{Photon, write};
use crate::support::folder;
use crate::support::site::tree;

/// Photons of one granule: in one of some places that are shards apart, or in two of them.
fn granule() -> impl Strategy<Value = Vec<Photon>> {
    let photon = (0.0f64..0.3, 0.0f64..0.3, -6400i32..64_000, 0u32..365);
    let photons = prop::collection::vec((photon, any::<bool>()), 1..40);
    (0u8..5, 0u8..5, photons).prop_map(|(a, b, photons)| {
        let place = |first: bool| f64::from(if first { a } else { b });
        let photons = photons.into_iter();
        let moved = photons.map(|((lon, lat, h, day), first)| {
            (-48.0 + 4.0 * place(first) + lon, 69.0 + lat, h, day)
        });
        moved.collect()
    })
}

/// What becomes of the granules: new ones, others under old names, and numbers of those that go.
#[derive(Debug, Clone)]
struct Change {
    new: Vec<Vec<Photon>>,
    again: Option<(prop::sample::Index, Vec<Photon>)>,
    gone: Option<prop::sample::Index>,
    keep: bool,
}

fn change() -> impl Strategy<Value = Change> {
    let again = prop::option::weighted(0.3, (any::<prop::sample::Index>(), granule()));
    let gone = prop::option::weighted(0.3, any::<prop::sample::Index>());
    let new = prop::collection::vec(granule(), 0..3);
    (new, again, gone, any::<bool>()).prop_map(|(new, again, gone, keep)| Change {
        new,
        again,
        gone,
        keep,
    })
}

fn question(folder: &Path, time: &str) -> Config {
    let text = format!(
        "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables: {{h: h}}\n\
         aggregation:\n  variables:\n    n: {{function: count, source: h}}\n    \
         h_mean: {{function: mean, source: h}}\n    h_median: {{function: median, source: h, dtype: float64}}\n    \
         bins: {{function: histogram, source: h, params: {{edges: [-100, 0, 10, 500]}}}}\n\
         output:\n  grid: {{type: healpix, parent_order: 6, child_order: 9}}\n{time}"
    );
    let path = folder.join("a.yaml");
    std::fs::write(&path, text).unwrap();
    config::load(path.to_str().unwrap()).unwrap()
}

/// The granules of a store, in files whose times differ whenever they are written.
struct Held {
    folder: PathBuf,
    granules: BTreeMap<usize, Vec<Photon>>,
    next: usize,
}

impl Held {
    fn put(&mut self, number: usize, photons: Vec<Photon>) {
        write(&self.folder.join(format!("g{number}.parquet")), &photons);
        self.granules.insert(number, photons);
    }

    fn follow(&mut self, change: &Change) {
        for photons in &change.new {
            self.put(self.next, photons.clone());
            self.next += 1;
        }
        let pick = |held: &Self, index: &prop::sample::Index| {
            let numbers: Vec<usize> = held.granules.keys().copied().collect();
            (!numbers.is_empty()).then(|| *index.get(&numbers))
        };
        if let Some((index, photons)) = &change.again
            && let Some(number) = pick(self, index)
        {
            self.put(number, photons.clone());
        }
        if let Some(number) = change.gone.as_ref().and_then(|index| pick(self, index))
            && self.granules.len() > 1
        {
            self.granules.remove(&number);
            std::fs::remove_file(self.folder.join(format!("g{number}.parquet"))).unwrap();
        }
    }
}

/// Follows changes one after another, and holds the store that grows against one that is made anew.
fn grows(
    first: Vec<Vec<Photon>>,
    changes: &[Change],
    time: &str,
    layout: Layout,
    overviews: &[u8],
) {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let config = question(folder.path(), time);
    std::fs::create_dir(path("granules")).unwrap();
    let mut held = Held {
        folder: path("granules"),
        granules: BTreeMap::new(),
        next: 0,
    };
    let run = |store: &str| {
        let granules = Granules::found_in(path("granules")).unwrap();
        let run = Run::new(config.clone(), granules).into_store(path(store));
        run.layout(layout).overviews(overviews).threads(2)
    };
    let begun = Change {
        new: first,
        again: None,
        gone: None,
        keep: false,
    };
    held.follow(&begun);
    run("grown.zarr").execute().unwrap();
    for change in changes {
        held.follow(change);
        let grown = run("grown.zarr").update(true).allow_removal(true);
        let outcome = grown
            .keep_partials(change.keep)
            .table(path("grown.parquet"))
            .execute()
            .unwrap();
        if let Outcome::Store(done) = &outcome {
            let report = &done.report;
            let photons = &report.photons;
            assert_eq!(photons.read, photons.kept + photons.rejected);
            let update = report.update.as_ref().unwrap();
            if update.by != "shards" {
                let all: usize = held.granules.values().map(Vec::len).sum();
                assert_eq!(photons.read, all as u64, "{update:?}");
            }
        }
        let anew = run("anew.zarr").table(path("anew.parquet"));
        anew.overwrite(true).execute().unwrap();
        let [grown, anew] = ["grown.zarr", "anew.zarr"].map(|store| tree(&path(store)));
        assert!(grown.keys().eq(anew.keys()), "{outcome:?}");
        for (file, bytes) in &anew {
            assert!(grown[file] == *bytes, "{} of {outcome:?}", file.display());
        }
        let tables =
            ["grown.parquet", "anew.parquet"].map(|table| std::fs::read(path(table)).unwrap());
        assert!(tables[0] == tables[1], "the tables differ: {outcome:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_store_that_grows_is_one_that_is_made_anew(
        first in prop::collection::vec(granule(), 1..4),
        changes in prop::collection::vec(change(), 1..4),
        overviews in prop_oneof![Just(&[][..]), Just(&[8, 7][..]), Just(&[8, 5, 3][..])],
    ) {
        grows(first, &changes, "", Layout::CELLS, overviews);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn so_is_one_with_steps_of_time_and_of_another_layout(
        first in prop::collection::vec(granule(), 1..3),
        changes in prop::collection::vec(change(), 1..3),
        full in any::<bool>(),
    ) {
        let layout = if full { Layout::FULL_SPHERE } else { Layout::CELLS };
        let time = "time: {dataset: t, every: month}\n";
        grows(first, &changes, time, layout, &[]);
    }
}
