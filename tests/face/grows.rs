//! Stores that grow: what is read, what is told, what is refused, and that nothing is written where nothing is new.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use icefold::error::Kind;
use icefold::report::UpdateReport;
use icefold::{Granules, Note, Outcome, Run};

use super::from_code::{looked, refused, shown};
use super::{Ears, Site, atl03, name};
use crate::support::granules::Heights;
use crate::support::site::{self, tree};

/// A run over these granules of a site of tables or granules in `out`.
pub(super) fn over(site: &site::Site, store: &str, granules: &[PathBuf]) -> Run<'static> {
    let run = Run::new(atl03(), Granules::named(granules));
    run.into_store(site.out(store))
        .threads(2)
        .overviews([10, 5])
}

/// What an update read whole, or again for some shards, and what its report says of it.
pub(super) fn grown(run: Run<'_>) -> (Vec<String>, UpdateReport) {
    let ears = Ears::default();
    let outcome = run.update(true).watch(&ears).execute().unwrap();
    assert!(!outcome.is_empty());
    let report = &outcome.done().unwrap().report;
    let photons = &report.photons;
    assert_eq!(photons.read, photons.kept + photons.rejected);
    let told = ears.told();
    let read = told.iter().filter_map(|told| told.strip_prefix("done "));
    let mut read: Vec<String> = read.map(str::to_owned).collect();
    read.sort();
    (read, report.update.clone().unwrap())
}

/// Granules far from each other, but for the last two, which share a shard.
pub(super) fn apart(site: &site::Site) -> Vec<PathBuf> {
    let places = [("a", -45.0), ("b", -20.0), ("c", 20.0), ("d", 20.01)];
    let names = places.map(|(of, lon)| (format!("ATL03_2020010{of}.h5"), lon));
    names
        .iter()
        .map(|(name, lon)| site.good(name, *lon))
        .collect()
}

/// Whether a store is what a run over these granules makes.
#[track_caller]
fn is_of(site: &site::Site, store: &str, granules: &[PathBuf]) {
    let anew = over(site, "anew.zarr", granules).overwrite(true);
    anew.execute().unwrap();
    let [a, b] = [store, "anew.zarr"].map(|store| tree(&site.out(store)));
    assert!(a.keys().eq(b.keys()), "{:?} {:?}", a.keys(), b.keys());
    for (path, bytes) in a {
        assert!(b[&path] == bytes, "{}", path.display());
    }
}

#[test]
fn without_partials_only_shards_with_new_photons_are_made_again() {
    let site = site::Site::new();
    let all = apart(&site);
    over(&site, "a.zarr", &all[..3]).execute().unwrap();
    // The new one shares its shard with another, which is read again for it.
    let (read, update) = grown(over(&site, "a.zarr", &all));
    assert_eq!(read, [name(&all[2]), name(&all[3])]);
    assert_eq!((&*update.by, update.why), ("shards", None));
    assert_eq!(update.added, [name(&all[3])]);
    assert_eq!((update.granules_before, update.granules_again), (3, 1));
    assert!(update.cells_before > 0 && update.photons_before.is_none());
    is_of(&site, "a.zarr", &all);
    assert!(!site.out("a.zarr.partials").exists());
    // One without a photon in the store touches none.
    let mut nowhere = Heights::along(-60.0, 10);
    nowhere.lat.fill(f64::NAN);
    let all = [&all[..], &[site.granule("e.h5", &[("gt1l", nowhere)])]].concat();
    let (read, update) = grown(over(&site, "a.zarr", &all));
    assert_eq!((read, update.granules_again), (vec!["e.h5".to_owned()], 0));
    is_of(&site, "a.zarr", &all);
}

#[test]
fn shards_in_a_cell_of_an_overview_are_made_again_together() {
    let site = site::Site::new();
    let all = [-44.0, -40.0].map(|lon| site.good(&format!("g{lon}.h5"), lon));
    for (overviews, again) in [(&[][..], 0), (&[2], 1)] {
        let run = |granules: &[PathBuf]| over(&site, "a.zarr", granules).overviews(overviews);
        run(&all[..1]).overwrite(true).execute().unwrap();
        let (_, update) = grown(run(&all));
        assert_eq!((&*update.by, update.granules_again), ("shards", again));
        assert_eq!(update.cells_before > 0, again == 0);
        run(&all)
            .into_store(site.out("b.zarr"))
            .overwrite(true)
            .execute()
            .unwrap();
        assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    }
}

#[test]
fn with_partials_only_new_granules_are_read() {
    let site = site::Site::new();
    let all = apart(&site);
    over(&site, "a.zarr", &all[..2])
        .keep_partials(true)
        .execute()
        .unwrap();
    let partials = site.out("a.zarr.partials");
    assert!(shown(&partials).contains("partials of the granules of a store"));
    assert_eq!(looked(&partials)["granules"].as_array().unwrap().len(), 2);
    for (more, new) in [(3, &all[2]), (4, &all[3])] {
        let (read, update) = grown(over(&site, "a.zarr", &all[..more]));
        assert_eq!(read, [name(new)]);
        assert_eq!(
            (&*update.by, update.granules_before),
            ("partials", more as u64 - 1)
        );
        assert_eq!(update.photons_before, Some(3000 * (more as u64 - 1)));
        is_of(&site, "a.zarr", &all[..more]);
    }
    assert_eq!(looked(&partials)["granules"].as_array().unwrap().len(), 4);
    // A store that is made anew has no use for them.
    over(&site, "a.zarr", &all)
        .overwrite(true)
        .execute()
        .unwrap();
    assert!(!partials.exists());
}

#[test]
fn what_is_gone_or_another_file_makes_its_shards_anew() {
    let site = site::Site::new();
    let all = apart(&site);
    over(&site, "a.zarr", &all)
        .keep_partials(true)
        .execute()
        .unwrap();
    // Taken out only where that is meant.
    let fewer = [&all[..2], &all[3..]].concat();
    let asked = || over(&site, "a.zarr", &fewer).update(true);
    let says = [
        "was made of ATL03_2020010c.h5, which this run does not name",
        "allow_removal",
    ];
    refused(asked().execute(), Kind::Store, &says);
    let (read, update) = grown(asked().allow_removal(true));
    assert_eq!(
        (&*update.by, read),
        ("partials", vec![name(&all[3]).to_owned()])
    );
    assert_eq!(update.removed, [name(&all[2])]);
    assert_eq!(update.granules_again, 1);
    is_of(&site, "a.zarr", &fewer);
    // Another file under its name: alone in its shards.
    site.granule(name(&all[0]), &[("gt1l", Heights::along(-45.0, 2000))]);
    let (read, update) = grown(over(&site, "a.zarr", &fewer));
    assert_eq!(read, [name(&all[0])]);
    assert_eq!(update.changed, [name(&all[0])]);
    is_of(&site, "a.zarr", &fewer);
    // All together, and without partials all is read.
    fs::remove_dir_all(site.out("a.zarr.partials")).unwrap();
    site.granule(name(&all[1]), &[("gt2r", Heights::along(-20.0, 100))]);
    let ears = Ears::default();
    let run = over(&site, "a.zarr", &all).update(true).watch(&ears);
    let outcome = run.execute().unwrap();
    let report = outcome.done().unwrap().report.update.clone().unwrap();
    assert_eq!(report.by, "all");
    let why = report.why.unwrap();
    assert!(
        why.contains("which shards had photons of what is gone"),
        "{why}"
    );
    let told = ears.notes();
    assert!(told.contains(&Note::ReadsAll { why }), "{told:?}");
    is_of(&site, "a.zarr", &all);
}

#[test]
fn a_new_release_takes_the_place_of_the_old_one() {
    let site = Site::of(3);
    let run = || {
        let run = Run::new(atl03(), site.all()).into_store(site.path("a.zarr"));
        run.threads(2)
    };
    run().keep_partials(true).execute().unwrap();
    let old = &site.granules[1];
    let new = PathBuf::from(old.to_str().unwrap().replace("_006_01", "_007_01"));
    fs::rename(old, &new).unwrap();
    let (_, update) = grown(run());
    assert_eq!((update.replaced.len(), update.removed.len()), (1, 0));
    let replaced = &update.replaced[0];
    assert_eq!((&*replaced.granule, &*replaced.by), (name(old), name(&new)));
    run().into_store(site.path("b.zarr")).execute().unwrap();
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("b.zarr")));
}

/// When every file and folder was last written to.
fn times(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            let time = fs::metadata(&path).unwrap().modified().unwrap();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, time);
        }
    }
    found
}

#[test]
fn where_nothing_is_new_nothing_is_written() {
    let site = site::Site::new();
    let all = apart(&site);
    for keep in [false, true] {
        let run = || {
            let run = over(&site, "a.zarr", &all).keep_partials(keep);
            run.table(site.out("a.parquet"))
        };
        run().overwrite(true).execute().unwrap();
        let before = times(&site.path("out"));
        let ears = Ears::default();
        let outcome = run().update(true).watch(&ears).execute().unwrap();
        let Outcome::Standing(standing) = &outcome else {
            panic!("{outcome:?}");
        };
        assert!(outcome.is_whole() && !outcome.is_empty());
        assert_eq!(standing.report["photons"]["kept"], 12_000);
        assert_eq!(times(&site.path("out")), before);
        assert!(ears.told().is_empty(), "{:?}", ears.told());
        let store = site.out("a.zarr");
        assert!(ears.notes().contains(&Note::NothingNew { store }));
        // Without a report nothing is known of a table, and it is made again, of the store.
        fs::remove_file(site.out("a.run.json")).unwrap();
        let table = fs::read(site.out("a.parquet")).unwrap();
        let (read, _) = grown(run());
        assert!(read.is_empty(), "{read:?}");
        assert_eq!(fs::read(site.out("a.parquet")).unwrap(), table);
        is_of(&site, "a.zarr", &all);
    }
}

#[test]
fn partials_that_do_not_fit_are_told_and_made_again() {
    let site = site::Site::new();
    let all = apart(&site);
    let folder = site.out("a.zarr.partials");
    over(&site, "a.zarr", &all[..2])
        .keep_partials(true)
        .execute()
        .unwrap();
    let list = folder.join("checkpoint.json");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("\"kept\":3000", "\"kept\":3001")).unwrap();
    let (read, update) = grown(over(&site, "a.zarr", &all[..3]));
    assert_eq!((read.len(), &*update.by), (3, "all"));
    assert!(
        update
            .why
            .unwrap()
            .contains("was changed after it was written")
    );
    is_of(&site, "a.zarr", &all[..3]);
    // A sorted run that is missing.
    let mut runs = site::names(&folder).into_iter();
    let run = runs.find(|name| name.starts_with("sorted-")).unwrap();
    fs::remove_file(folder.join(run)).unwrap();
    let (read, _) = grown(over(&site, "a.zarr", &all));
    assert_eq!(read.len(), 4);
    is_of(&site, "a.zarr", &all);
    let (read, update) = grown(over(&site, "a.zarr", &all[..2]).allow_removal(true));
    assert_eq!((read.len(), update.granules_before), (0, 2));
    is_of(&site, "a.zarr", &all[..2]);
}

#[test]
fn an_update_that_is_stopped_leaves_the_store_and_goes_on() {
    let site = Site::of(6);
    let few: Vec<PathBuf> = site.granules[..2].to_vec();
    let first = Run::new(atl03(), Granules::named(&few)).into_store(site.path("a.zarr"));
    first.keep_partials(true).execute().unwrap();
    let before = tree(&site.path("a.zarr"));
    let photons = {
        let outcome = site.run_to("whole.zarr").execute().unwrap();
        outcome.done().unwrap().report.photons.kept / 6
    };
    let ears = Ears {
        enough: Some(photons * 5 / 2),
        ..Ears::default()
    };
    let stopped = site.run().update(true).batch_rows(500).watch(&ears);
    let error = stopped.execute().unwrap_err();
    assert_eq!(error.kind(), Kind::Resumable, "{error}");
    assert_eq!(tree(&site.path("a.zarr")), before);
    let ears = Ears::default();
    let resumed = site.run().update(true).resume(true).watch(&ears);
    resumed.execute().unwrap();
    let read = ears.told();
    let read = read.iter().filter(|told| told.starts_with("done ")).count();
    assert!((1..4).contains(&read), "{read}");
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
    assert!(!site.path("a.zarr.checkpoint").exists());
    assert!(site.path("a.zarr.partials").exists());
}
