//! Stores that grow with an index: what it spares is named all the same.

use std::fs;
use std::path::{Path, PathBuf};

use icefold::{Granules, Outcome, Region, Run};

use super::grows::grown;
use super::{atl03, name};
use crate::support::granules::Heights;
use crate::support::site::{Site, assert_same};

fn granule(number: u32, release: &str) -> String {
    format!("ATL03_2019010516330{number}_0126020{number}_{release}_01.h5")
}

fn run(site: &Site, store: &str, granules: &[PathBuf]) -> Run<'static> {
    let area = Region::of_box(-50.0, 60.0, -40.0, 80.0).unwrap();
    let run = Run::new(atl03().within(area), Granules::named(granules));
    run.into_store(site.out(store)).threads(2)
}

fn index(site: &Site, granules: &[PathBuf]) -> PathBuf {
    let named: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    site.indexed(&named);
    site.path("index.parquet")
}

#[test]
fn what_an_index_spares_an_update_is_not_gone() {
    let site = Site::new();
    let places = [-45.0, 20.0, -44.0, 30.0];
    let mut all: Vec<PathBuf> = (1..)
        .zip(places)
        .map(|(number, lon)| site.good(&granule(number, "006"), lon))
        .collect();
    let known = index(&site, &all);
    let first = run(&site, "a.zarr", &all[..2]).keep_partials(true);
    first.execute().unwrap();
    // One that lies outside is among those that the store was made of.
    let again = |granules: &[PathBuf]| run(&site, "a.zarr", granules).index(&known);
    let outcome = again(&all[..2]).update(true).execute().unwrap();
    assert!(matches!(outcome, Outcome::Standing(_)), "{outcome:?}");
    // It stays where others may be taken out; one that is new and lies outside is spared.
    let planned = again(&all).update(true).planned().unwrap();
    assert_eq!(planned.plan().granules.len(), 3);
    let indexed = planned.plan().indexed.clone().unwrap();
    assert_eq!((indexed.spared, indexed.outside_region), (1, 1));
    let (read, update) = grown(again(&all).allow_removal(true));
    assert_eq!(read, [name(&all[2])]);
    assert_eq!((&*update.by, update.granules_before), ("partials", 2));
    assert_eq!((update.added.len(), update.removed.len()), (1, 0));
    run(&site, "b.zarr", &all).execute().unwrap();
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // What is not named is gone, whatever an index says.
    let (_, update) = grown(again(&all[..1]).allow_removal(true));
    assert_eq!(update.removed, [name(&all[1]), name(&all[2])]);
    // Another release of one that lies outside takes its place.
    all.truncate(2);
    let (_, update) = grown(run(&site, "a.zarr", &all));
    assert_eq!(update.added, [name(&all[1])]);
    let newer = site.path(&granule(2, "007"));
    fs::rename(&all[1], &newer).unwrap();
    let older = std::mem::replace(&mut all[1], newer);
    let known = index(&site, &all);
    let (_, update) = grown(run(&site, "a.zarr", &all).index(&known));
    let [replaced] = &update.replaced[..] else {
        panic!("{update:?}")
    };
    assert_eq!(
        (&*replaced.granule, &*replaced.by),
        (name(&older), name(&all[1]))
    );
}

#[test]
fn without_partials_a_granule_that_moved_out_of_the_region_is_seen() {
    let site = Site::new();
    let all = [1, 2].map(|number| site.good(&granule(number, "006"), -46.0 + f64::from(number)));
    run(&site, "a.zarr", &all).execute().unwrap();
    site.granule(name(&all[1]), &[("gt1l", Heights::along(20.0, 3000))]);
    let known = index(&site, &all);
    let (_, update) = grown(run(&site, "a.zarr", &all).index(&known));
    assert_eq!(update.changed, [name(&all[1])]);
    run(&site, "b.zarr", &all).execute().unwrap();
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}
