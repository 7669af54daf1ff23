//! Who watches is told everything once, and is obeyed.

use std::sync::atomic::Ordering;

use icefold::error::Kind;
use icefold::{Finalize, Granules, MakeMap, Mapped, Note, Run, Verify};

use super::{Ears, Site, atl03, name};

#[test]
fn a_watch_is_told_of_every_photon_and_granule() {
    let site = Site::of(3);
    let ears = Ears::default();
    let outcome = site.run().watch(&ears).execute().unwrap();
    let done = outcome.done().unwrap();
    // Photons that a filter or a coordinate rejects are in no batch.
    assert_eq!(
        ears.photons.load(Ordering::Relaxed),
        done.report.photons.kept
    );
    let mut told = vec!["begin 3".to_owned()];
    told.extend(
        site.granules
            .iter()
            .map(|path| format!("done {}", name(path))),
    );
    told.push("end".to_owned());
    assert_eq!(ears.told(), told);
    assert_eq!(ears.notes(), []);
}

#[test]
fn a_run_that_is_to_stop_leaves_nothing() {
    let site = Site::of(2);
    let ears = Ears {
        enough: Some(1),
        ..Ears::default()
    };
    let stopped = site.run().batch_rows(500).watch(&ears).execute();
    assert_eq!(stopped.unwrap_err().kind(), Kind::Interrupted);
    assert!(site.written().is_empty(), "{:?}", site.written());
    assert_eq!(ears.told().last().unwrap(), "end");
}

#[test]
fn a_run_over_a_map_that_is_to_stop_goes_on_where_it_was() {
    let site = Site::of(3);
    let map = site.path("map.json");
    MakeMap::new(atl03(), site.all(), &map).execute().unwrap();
    let ears = Ears {
        enough: Some(1),
        ..Ears::default()
    };
    let over = || Run::new(atl03(), Mapped::by(&map)).into_store(site.path("a.zarr"));
    let stopped = over().batch_rows(500).watch(&ears).execute();
    assert_eq!(stopped.unwrap_err().kind(), Kind::Resumable);
    let outcome = over().resume(true).execute().unwrap();
    let direct = site.run_to("direct.zarr").execute().unwrap();
    assert_eq!(super::content(&outcome), super::content(&direct));
}

#[test]
fn maps_finalizing_and_comparisons_stop_too() {
    let site = Site::of(2);
    let map = site.path("map.json");
    let impatient = Ears {
        enough: Some(0),
        ..Ears::default()
    };
    let stopped = MakeMap::new(atl03(), site.all(), &map)
        .watch(&impatient)
        .execute();
    assert_eq!(stopped.unwrap_err().kind(), Kind::Interrupted);
    assert!(!map.exists());

    let built = MakeMap::new(atl03(), site.all(), &map).execute().unwrap();
    let all = Mapped::by(&map).shards("0..".parse().unwrap());
    let outcome = Run::new(atl03(), all)
        .into_store(site.path("a.zarr"))
        .execute()
        .unwrap();
    assert_eq!(outcome.path(), site.path("a.zarr.pieces"));
    let finalize = || Finalize::new(site.path("a.zarr")).threads(2);
    let stopped = finalize().watch(&impatient).execute();
    assert_eq!(stopped.unwrap_err().kind(), Kind::Resumable);
    assert!(finalize().execute().unwrap().is_whole());
    assert!(!built.map.shards.is_empty());

    let cpu = || icefold::DeviceChoice::Cpu;
    let both = Verify::new(atl03(), site.all())
        .on("one", cpu())
        .on("other", cpu());
    let stopped = both.clone().watch(&impatient).execute();
    assert_eq!(stopped.unwrap_err().kind(), Kind::Interrupted);
    let ears = Ears::default();
    let verified = both.watch(&ears).execute().unwrap();
    assert!(verified.identical() && verified.answers[0].cells() > 0);
    let begun = ears.told().into_iter().filter(|told| told == "begin 2");
    assert_eq!(begun.count(), 2);
}

#[test]
fn files_that_are_not_read_are_told() {
    let site = Site::of(1);
    let text = site.path("granules/notes.txt");
    std::fs::write(&text, "nothing\n").unwrap();
    let copy = site.path("granules/copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(&site.granules[0], copy.join(name(&site.granules[0]))).unwrap();
    let ears = Ears::default();
    let granules = Granules::named([site.path("granules")]);
    let planned = Run::new(atl03(), granules).watch(&ears).planned().unwrap();
    assert_eq!(planned.plan().granules.len(), 1);
    let notes = ears.notes();
    assert!(
        notes
            .iter()
            .any(|note| matches!(note, Note::Superseded { .. })),
        "{notes:?}"
    );
    assert!(
        notes
            .iter()
            .any(|note| matches!(note, Note::NotData { files: 1 } | Note::NotRead { .. })),
        "{notes:?}"
    );
}
