//! Runs without a shard map that are stopped go on where they were, and make the bytes of one that was not.

use std::path::Path;

use icefold::error::Kind;
use icefold::{Granules, Note, Outcome, Run};

use super::from_code::{partly, refused};
use super::{Ears, Site, atl03, content, name};
use crate::support::granules::Heights;
use crate::support::site::{self, tree};

/// Stops a run of all granules once it has so many photons; gives back how many granules are kept, those `before` it
/// included.
fn stopped(site: &Site, run: Run<'_>, photons: u64, before: usize) -> usize {
    let ears = Ears {
        enough: Some(photons),
        ..Ears::default()
    };
    let error = run.batch_rows(500).watch(&ears).execute().unwrap_err();
    let told = ears.told();
    let merged = told.iter().filter(|told| told.starts_with("done ")).count() + before;
    assert_eq!(error.kind(), Kind::Resumable, "{error}");
    let says = format!("{merged} of {} granules are merged", site.granules.len());
    assert!(error.to_string().contains(&says), "{error}");
    merged
}

/// Photons of one granule of the site, about.
fn of_one(site: &Site) -> u64 {
    let outcome = site.run_to("whole.zarr").execute().unwrap();
    outcome.done().unwrap().report.photons.kept / site.granules.len() as u64
}

fn resumed(outcome: &Outcome) -> u64 {
    outcome.done().unwrap().report.granules.resumed
}

#[test]
fn a_stopped_run_goes_on_and_makes_the_same_bytes() {
    let site = Site::of(5);
    let photons = of_one(&site);
    let merged = stopped(&site, site.run(), photons * 5 / 2, 0);
    assert!(merged >= 1, "{merged}");
    let written = site.written();
    assert!(
        written.contains(&"a.zarr.checkpoint".to_owned()),
        "{written:?}"
    );
    assert!(
        !written.iter().any(|name| name.starts_with('.')),
        "{written:?}"
    );
    // Stopped again, further on.
    let again = stopped(&site, site.run().resume(true), photons * 3 / 2, merged);
    assert!(again > merged, "{again} and {merged}");
    let ears = Ears::default();
    let outcome = site.run().resume(true).watch(&ears).execute().unwrap();
    assert_eq!(resumed(&outcome), again as u64);
    let goes_on = Note::GoesOn {
        granules: again,
        of: 5,
    };
    assert!(ears.notes().contains(&goes_on), "{:?}", ears.notes());
    let read = ears
        .told()
        .iter()
        .filter(|told| told.starts_with("done "))
        .count();
    assert_eq!(read, 5 - again);
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
    let report = &outcome.done().unwrap().report;
    assert_eq!(report.granules.done.len(), 5);
    assert_eq!(
        report.photons.read,
        report.photons.kept + report.photons.rejected
    );
    assert!(!site.path("a.zarr.checkpoint").exists());
}

#[test]
fn without_resume_a_run_begins_anew_and_says_what_is_there() {
    let site = Site::of(4);
    let photons = of_one(&site);
    let merged = stopped(&site, site.run(), photons * 5 / 2, 0);
    // Stopped before it has as much, it leaves what is there.
    let ears = Ears {
        enough: Some(1),
        ..Ears::default()
    };
    let error = site
        .run()
        .batch_rows(500)
        .watch(&ears)
        .execute()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&format!("{merged} of 4 granules")),
        "{error}"
    );
    let note = Note::NotResumed {
        granules: merged,
        folder: site.path("a.zarr.checkpoint"),
    };
    assert!(ears.notes().contains(&note), "{:?}", ears.notes());
    let outcome = site.run().execute().unwrap();
    assert_eq!(resumed(&outcome), 0);
    assert!(!site.path("a.zarr.checkpoint").exists());
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
}

#[test]
fn what_does_not_answer_the_question_is_not_gone_on_with() {
    let site = Site::of(4);
    let photons = of_one(&site);
    let saved = |site: &Site| {
        stopped(site, site.run(), photons * 5 / 2, 0);
    };
    let why = |run: Run<'_>| {
        let ears = Ears::default();
        let outcome = run.resume(true).watch(&ears).execute().unwrap();
        assert_eq!(resumed(&outcome), 0);
        let notes = ears.notes();
        let why = notes.iter().find_map(|note| match note {
            Note::GranulesAgain { why } => Some(why.clone()),
            _ => None,
        });
        std::fs::remove_dir_all(site.path("a.zarr")).unwrap();
        std::fs::remove_file(site.path("a.run.json")).unwrap();
        why.unwrap_or_else(|| panic!("{notes:?}"))
    };
    saved(&site);
    let text = atl03().text.replace("child_order: 12", "child_order: 11");
    std::fs::write(site.path("coarser.yaml"), text).unwrap();
    let coarser = icefold::config::load(site.path("coarser.yaml").to_str().unwrap()).unwrap();
    let other = Run::new(coarser, site.all()).into_store(site.path("a.zarr"));
    assert!(why(other).contains("another config"));
    saved(&site);
    let fewer = Granules::named(&site.granules[1..]);
    let fewer = Run::new(atl03(), fewer).into_store(site.path("a.zarr"));
    assert!(why(fewer).contains(&format!("no granule {}", name(&site.granules[0]))));
    saved(&site);
    let path = &site.granules[0];
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, [&bytes[..], b"more"].concat()).unwrap();
    assert!(why(site.run()).contains("has another size since it was read"));
    std::fs::write(path, bytes).unwrap();
    saved(&site);
    let list = site.path("a.zarr.checkpoint/checkpoint.json");
    let text = std::fs::read_to_string(&list).unwrap();
    let kept = text.find("\"kept\":").unwrap() + 7;
    let changed = format!("{}1{}", &text[..kept], &text[kept..]);
    std::fs::write(&list, changed).unwrap();
    assert!(why(site.run()).contains("checkpoint.json"));
}

#[test]
fn a_checkpoint_of_another_question_holds_nothing_up() {
    let site = Site::of(4);
    let photons = of_one(&site);
    let text = atl03().text.replace("child_order: 12", "child_order: 11");
    std::fs::write(site.path("coarser.yaml"), text).unwrap();
    let coarser = icefold::config::load(site.path("coarser.yaml").to_str().unwrap()).unwrap();
    let other = Run::new(coarser, site.all()).into_store(site.path("a.zarr"));
    stopped(&site, other.threads(2), photons * 7 / 2, 0);
    // It has more granules than the next run merges, which says nothing of them and saves its own.
    let ears = Ears {
        enough: Some(1),
        ..Ears::default()
    };
    let run = site.run().batch_rows(500).watch(&ears);
    let error = run.execute().unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error}");
    let notes = ears.notes();
    let again = |note: &Note| matches!(note, Note::GranulesAgain { .. });
    assert!(notes.iter().any(again), "{notes:?}");
    let merged = stopped(&site, site.run(), photons * 3 / 2, 0);
    let outcome = site.run().resume(true).execute().unwrap();
    assert_eq!(resumed(&outcome), merged as u64);
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
}

#[test]
fn a_changed_sorted_run_is_noticed_and_granules_are_read_again() {
    let site = Site::of(4);
    let photons = of_one(&site);
    stopped(&site, site.run(), photons * 5 / 2, 0);
    let folder = site.path("a.zarr.checkpoint");
    let runs = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let run = runs.filter(|path| path.extension().is_none_or(|end| end != "json"));
    let run = run
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&run).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&run, bytes).unwrap();
    let ears = Ears::default();
    let outcome = site.run().resume(true).watch(&ears).execute().unwrap();
    assert_eq!(resumed(&outcome), 0);
    let notes: Vec<String> = ears.notes().iter().map(ToString::to_string).collect();
    assert!(
        notes.iter().any(|note| note.contains("read again")),
        "{notes:?}"
    );
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
}

#[test]
fn more_granules_than_before_join_those_that_are_merged() {
    let site = Site::of(4);
    let photons = of_one(&site);
    let two = Granules::named(&site.granules[..2]);
    let run = Run::new(atl03(), two)
        .into_store(site.path("a.zarr"))
        .threads(2);
    let ears = Ears {
        enough: Some(photons * 3 / 2),
        ..Ears::default()
    };
    let error = run.batch_rows(500).watch(&ears).execute().unwrap_err();
    assert_eq!(error.kind(), Kind::Resumable, "{error}");
    let told = ears.told();
    let merged = told.iter().filter(|told| told.starts_with("done ")).count();
    let outcome = site.run().resume(true).execute().unwrap();
    assert_eq!(resumed(&outcome), merged as u64);
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
}

#[test]
fn an_interrupted_overwrite_may_replace_the_store_that_stood_there() {
    let site = Site::of(3);
    let photons = of_one(&site);
    site.run().execute().unwrap();
    stopped(&site, site.run().overwrite(true), photons * 5 / 2, 0);
    let outcome = site.run().resume(true).execute().unwrap();
    assert!(resumed(&outcome) > 0);
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
}

#[test]
fn what_is_not_gone_on_with_gives_no_leave_to_replace_a_store() {
    let site = Site::of(3);
    let photons = of_one(&site);
    site.run().execute().unwrap();
    stopped(&site, site.run().overwrite(true), photons * 5 / 2, 0);
    let text = atl03().text.replace("child_order: 12", "child_order: 11");
    std::fs::write(site.path("coarser.yaml"), text).unwrap();
    let coarser = icefold::config::load(site.path("coarser.yaml").to_str().unwrap()).unwrap();
    let other = Run::new(coarser, site.all()).into_store(site.path("a.zarr"));
    let error = other.resume(true).execute().unwrap_err();
    assert!(error.to_string().contains("a.zarr: exists"), "{error}");
    assert_eq!(tree(&site.path("a.zarr")), tree(&site.path("whole.zarr")));
}

#[test]
fn a_run_that_begins_anew_keeps_a_checkpoint_until_it_has_more() {
    let site = Site::of(4);
    let photons = of_one(&site);
    let merged = stopped(&site, site.run(), photons * 7 / 2, 0);
    assert!(merged > 1, "{merged}");
    let ears = Ears {
        enough: Some(photons * 3 / 2),
        ..Ears::default()
    };
    // Every granule is a time to save.
    let run = site
        .run()
        .checkpoint(std::time::Duration::ZERO)
        .batch_rows(500);
    run.watch(&ears).execute().unwrap_err();
    let outcome = site.run().resume(true).execute().unwrap();
    assert_eq!(resumed(&outcome), merged as u64);
}

#[test]
fn a_store_of_other_granules_is_not_the_one_that_is_asked_for() {
    let site = Site::of(3);
    let of = |granules: &[std::path::PathBuf]| {
        let run = Run::new(atl03(), Granules::named(granules));
        run.into_store(site.path("a.zarr")).threads(2).resume(true)
    };
    let first = of(&site.granules[..1]).execute().unwrap();
    assert!(matches!(
        of(&site.granules[..1]).execute(),
        Ok(Outcome::Standing(_))
    ));
    // Another granule, and one more.
    for others in [&site.granules[1..2], &site.granules[..2]] {
        let error = of(others).execute().unwrap_err();
        assert!(error.to_string().contains("a.zarr"), "{error}");
    }
    // The same name with other bytes.
    let renamed = site.path("other");
    std::fs::create_dir(&renamed).unwrap();
    let renamed = renamed.join(name(&site.granules[0]));
    std::fs::copy(&site.granules[1], &renamed).unwrap();
    of(&[renamed]).execute().unwrap_err();
    assert!(matches!(
        of(&site.granules[..1]).execute(),
        Ok(Outcome::Standing(_))
    ));
    assert!(!content(&first).is_empty());
}

/// Heights of which the last photon is out of range.
fn spoiled(lon: f64) -> Heights {
    let mut heights = Heights::along(lon, 2_000);
    heights.h[1_999] = 1e9;
    heights
}

#[test]
fn rows_that_were_left_out_before_a_stop_are_in_the_error_table() {
    let site = site::Site::new();
    let granules: Vec<_> = (0..4)
        .map(|i| {
            site.granule(
                &format!("g{i}.h5"),
                &[("gt1l", spoiled(-45.0 + f64::from(i)))],
            )
        })
        .collect();
    let paths: Vec<&Path> = granules.iter().map(AsRef::as_ref).collect();
    let run = |store: &str| site.code_to(store, "atl03", &paths).tolerant(true);
    partly(run("whole.zarr"));
    let ears = Ears {
        enough: Some(5_000),
        ..Ears::default()
    };
    let stopped = run("a.zarr").batch_rows(500).watch(&ears).execute();
    assert_eq!(stopped.unwrap_err().kind(), Kind::Resumable);
    // A strict run leaves nothing out, and begins anew: it fails at the first row.
    refused(
        site.code_to("a.zarr", "atl03", &paths)
            .resume(true)
            .execute(),
        Kind::Granule,
        &["g0.h5"],
    );
    let (report, _) = partly(run("a.zarr").resume(true));
    assert!(report["granules"]["resumed"].as_u64() > Some(0), "{report}");
    assert_eq!(report["errors"]["count"], 4);
    let bytes = |name: &str| std::fs::read(site.out(name)).unwrap();
    assert!(bytes("a.errors.parquet") == bytes("whole.errors.parquet"));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("whole.zarr")));
    assert_eq!(
        site.written(),
        [
            "a.errors.parquet",
            "a.run.json",
            "a.zarr",
            "whole.errors.parquet",
            "whole.run.json",
            "whole.zarr"
        ]
    );
}
