//! Stores that grow: granules are told apart by their files, one by one, and what cannot be told apart is read.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::record_batch::RecordBatch;
use hdf5::File;
use icefold::error::Kind;
use icefold::{Granules, Note, Outcome, Run, config};

use super::from_code::refused;
use super::grows::{grown, over};
use super::{Ears, atl03};
use crate::support::granules::Heights;
use crate::support::site::{self, tree};
use crate::support::tables;

/// Photons of some granules in `out/anew.zarr`, and whether the store that grew is that one.
#[track_caller]
fn is_anew(site: &site::Site, anew: Run) {
    let anew = anew.into_store(site.out("anew.zarr")).overwrite(true);
    anew.execute().unwrap();
    let [a, b] = ["a.zarr", "anew.zarr"].map(|store| tree(&site.out(store)));
    assert!(a.keys().eq(b.keys()), "{:?} {:?}", a.keys(), b.keys());
    for (path, bytes) in a {
        assert!(b[&path] == bytes, "{}", path.display());
    }
}

/// Granules of one name in several folders, far from each other.
fn days(site: &site::Site) -> Vec<PathBuf> {
    let of = |(day, lon): (&str, f64)| {
        site.folder(day);
        site.good(&format!("{day}/data.h5"), lon)
    };
    [("day1", -45.0), ("day2", -20.0), ("day3", 20.0)]
        .map(of)
        .into()
}

/// A granule without Zarr chunks, in which values are where they are.
fn flat(site: &site::Site, name: &str, heights: &Heights) -> PathBuf {
    let path = site.path(name);
    let file = File::create(&path).unwrap();
    let wide = |name: &str, values: &[f64]| {
        let builder = file.new_dataset::<f64>().shape(values.len());
        let made = builder.create(&*format!("gt1l/heights/{name}")).unwrap();
        made.write_raw(values).unwrap();
    };
    wide("lat_ph", &heights.lat);
    wide("lon_ph", &heights.lon);
    let builder = file.new_dataset::<f32>().shape(heights.h.len());
    let h = builder.create("gt1l/heights/h_ph").unwrap();
    h.write_raw(&heights.h).unwrap();
    let builder = file.new_dataset::<i8>().shape((heights.h.len(), 5));
    let confidence = builder.create("gt1l/heights/signal_conf_ph").unwrap();
    confidence
        .write_raw(&vec![4_i8; heights.h.len() * 5])
        .unwrap();
    drop((h, confidence));
    file.close().unwrap();
    path
}

/// Writes values over others of such a granule, from one on: neither its size nor its ends nor its time tell.
fn change(path: &Path, dataset: &str, from: usize, size: usize, values: &[u8]) {
    let time = fs::metadata(path).unwrap().modified().unwrap();
    let file = File::open(path).unwrap();
    let dataset = file.dataset(&format!("gt1l/heights/{dataset}")).unwrap();
    let start = dataset.offset().unwrap() + (from * size) as u64;
    drop(dataset);
    file.close().unwrap();
    let length = fs::metadata(path).unwrap().len();
    assert!(start > 65_536 && start + (values.len() as u64) < length - 65_536);
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(start)).unwrap();
    file.write_all(values).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn one_of_several_files_of_a_name_is_missed() {
    let site = site::Site::new();
    let all = days(&site);
    for keep in [false, true] {
        let first = over(&site, "a.zarr", &all[..2]).overwrite(true);
        first.keep_partials(keep).execute().unwrap();
        let fewer = || over(&site, "a.zarr", &all[1..2]).update(true);
        let says = ["data.h5, which this run does not name", "allow_removal"];
        refused(fewer().execute(), Kind::Store, &says);
        let (_, update) = grown(fewer().allow_removal(true));
        let gone = if keep { "day1/data.h5" } else { "data.h5" };
        assert_eq!(update.removed, [gone]);
        assert_eq!(update.by, if keep { "partials" } else { "all" });
        is_anew(&site, over(&site, "b.zarr", &all[1..2]));
        // One more of the name is new, and none is another than it was.
        let (read, update) = grown(over(&site, "a.zarr", &all[1..]));
        assert_eq!(update.added, ["day3/data.h5"]);
        assert!(update.changed.is_empty() && update.removed.is_empty());
        assert!(read.contains(&"day3/data.h5".to_owned()), "{read:?}");
        is_anew(&site, over(&site, "b.zarr", &all[1..]));
        // A third of which the store knows the file by no name.
        let (_, update) = grown(over(&site, "a.zarr", &all));
        assert_eq!(update.added, ["day1/data.h5"]);
        is_anew(&site, over(&site, "b.zarr", &all));
    }
}

#[test]
fn a_granule_that_is_called_by_another_name_is_not_gone() {
    let site = site::Site::new();
    let all = days(&site);
    over(&site, "a.zarr", &all[..1])
        .keep_partials(true)
        .execute()
        .unwrap();
    // Beside another it is called by its folder, too.
    let (_, update) = grown(over(&site, "a.zarr", &all[..2]));
    assert_eq!(update.by, "partials");
    let replaced: Vec<[&str; 2]> = update
        .replaced
        .iter()
        .map(|one| [&*one.granule, &*one.by])
        .collect();
    assert_eq!(replaced, [["data.h5", "day1/data.h5"]]);
    assert_eq!(update.added, ["day2/data.h5"]);
    is_anew(&site, over(&site, "b.zarr", &all[..2]));
}

#[test]
fn copies_that_all_count_are_read_where_only_partials_could_say_how_many() {
    let site = site::Site::new();
    let text = atl03()
        .text
        .replace("output:\n", "output:\n  duplicates: keep_all\n");
    fs::write(site.path("all.yaml"), text).unwrap();
    let config = config::load(site.path("all.yaml").to_str().unwrap()).unwrap();
    let one = site.good("g.h5", -45.0);
    site.folder("copy");
    let two = site.path("copy/g.h5");
    fs::copy(&one, &two).unwrap();
    let run = |granules: &[&PathBuf]| {
        let run = Run::new(config.clone(), Granules::named(granules));
        run.into_store(site.out("a.zarr")).threads(2)
    };
    run(&[&one, &two]).execute().unwrap();
    let (_, update) = grown(run(&[&one]));
    assert_eq!(update.by, "all");
    assert!(update.why.unwrap().contains("copies of a granule"));
    is_anew(&site, run(&[&one]));
}

#[test]
fn bytes_between_the_ends_are_told_where_they_are_hashed() {
    let site = site::Site::new();
    let one = flat(&site, "a.h5", &Heights::along(-45.0, 30_000));
    let two = site.good("b.h5", -20.0);
    let all = [one.clone(), two];
    for keep in [true, false] {
        let run = || over(&site, "a.zarr", &all).hash_granules(true);
        run().keep_partials(keep).overwrite(true).execute().unwrap();
        let higher = [500.0_f32 + f32::from(keep); 100].map(f32::to_le_bytes);
        change(&one, "h_ph", 15_000, 4, &higher.concat());
        let (read, update) = grown(run());
        assert_eq!(update.changed, ["a.h5"]);
        assert_eq!(update.by, if keep { "partials" } else { "all" });
        assert!(read.contains(&"a.h5".to_owned()), "{read:?}");
        is_anew(&site, run());
        let Outcome::Standing(_) = run().update(true).execute().unwrap() else {
            panic!("the store is what it was a moment ago");
        };
    }
}

#[test]
fn cells_that_vanish_where_shards_are_made_again_are_refused() {
    let site = site::Site::new();
    let one = flat(&site, "a.h5", &Heights::along(-45.0, 30_000));
    over(&site, "a.zarr", std::slice::from_ref(&one))
        .execute()
        .unwrap();
    let before = tree(&site.out("a.zarr"));
    // Some cells lose all of their photons to one.
    change(
        &one,
        "lat_ph",
        10_000,
        8,
        &[71.0_f64.to_le_bytes(); 400].concat(),
    );
    let mut beside = Heights::along(-44.9, 300);
    beside.lat.iter_mut().for_each(|lat| *lat += 1.0);
    let all = [one, site.granule("b.h5", &[("gt1l", beside)])];
    let says = [
        "and no granule that it was made of has a photon there now",
        "overwrite",
    ];
    let run = over(&site, "a.zarr", &all).update(true);
    refused(run.execute(), Kind::Store, &says);
    assert_eq!(tree(&site.out("a.zarr")), before);
    let anew = over(&site, "a.zarr", &all).overwrite(true);
    anew.execute().unwrap();
}

#[test]
fn shards_stay_only_where_no_granule_of_theirs_is_left_out() {
    let site = site::Site::new();
    let old = site.granule("b.h5", &[("gt1l", site::long_track(-45.0))]);
    over(&site, "a.zarr", std::slice::from_ref(&old))
        .execute()
        .unwrap();
    // Heights that are whole numbers, of a name that has its say first: no run can have both.
    let new = site.good("a.h5", -45.0);
    let file = File::open_rw(&new).unwrap();
    let group = file.group("gt1l/heights").unwrap();
    group.unlink("h_ph").unwrap();
    let h = group
        .new_dataset::<i32>()
        .shape(3000)
        .create("h_ph")
        .unwrap();
    h.write_raw(&vec![12; 3000]).unwrap();
    drop((h, group));
    file.close().unwrap();
    let all = [old, new];
    let run = || over(&site, "a.zarr", &all).tolerant(true);
    let ears = Ears::default();
    let outcome = run().update(true).watch(&ears).execute().unwrap();
    let update = outcome.done().unwrap().report.update.clone().unwrap();
    assert_eq!((&*update.by, update.granules_before), ("all", 0));
    let why = update.why.unwrap();
    assert!(
        why.contains("photons of granule b.h5, which is left out now: "),
        "{why}"
    );
    assert!(ears.notes().contains(&Note::ReadsAll { why }));
    is_anew(&site, run());
}

#[test]
fn shards_stay_only_where_arrays_have_the_types_that_they_had() {
    let site = site::Site::new();
    let config = config::load(tables::config(&site).to_str().unwrap()).unwrap();
    let (narrow, wide) = (site.path("a.parquet"), site.path("b.parquet"));
    let rows = tables::points();
    tables::write(&narrow, &rows, tables::Format::Parquet(500));
    let batch = tables::record_batch(&rows);
    let heights: Float64Array = rows.iter().map(|row| row.h.map(f64::from)).collect();
    let columns = batch
        .schema()
        .fields()
        .iter()
        .enumerate()
        .map(|(place, field)| {
            let column = match &**field.name() {
                "h" => Arc::new(heights.clone()) as ArrayRef,
                // Where there was no photon.
                "lon" => Arc::new(Float64Array::from(vec![-20.0; rows.len()])),
                _ => Arc::clone(batch.column(place)),
            };
            (field.name().clone(), column)
        })
        .collect::<Vec<_>>();
    let moved = RecordBatch::try_from_iter(columns).unwrap();
    tables::write_batch(&wide, &moved, 500);
    let all = [narrow, wide];
    for overviews in [&[][..], &[10, 5]] {
        let run = |granules: &[PathBuf]| {
            let run = Run::new(config.clone(), Granules::named(granules));
            run.into_store(site.out("a.zarr"))
                .overviews(overviews)
                .threads(2)
        };
        run(&all[..1]).overwrite(true).execute().unwrap();
        let (_, update) = grown(run(&all));
        assert_eq!(update.by, "all");
        let why = update.why.unwrap();
        assert!(
            why.contains("is Float32 in the store, and Float64 of these granules"),
            "{why}"
        );
        is_anew(&site, run(&all));
    }
}

#[test]
fn stores_of_pieces_leave_no_partials_of_those_that_they_replace() {
    let site = site::Site::new();
    let [a, b, c] = site.three();
    let all = [&*a, &*b, &*c];
    site.mapping("atl03", &all).execute().unwrap();
    let partials = site.out("a.zarr.partials");
    let kept = || {
        let run = site.code("atl03", &all).overwrite(true);
        run.keep_partials(true).execute().unwrap();
        assert!(partials.exists());
    };
    kept();
    site.over("a.zarr").overwrite(true).execute().unwrap();
    assert!(!partials.exists());
    kept();
    site.part("a.zarr", "..").overwrite(true).execute().unwrap();
    assert!(partials.exists());
    site.making("a.zarr").overwrite(true).execute().unwrap();
    assert!(!partials.exists());
}
