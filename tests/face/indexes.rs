//! Indexes: they spare opening granules, and change no byte of a map and none of a store.

use std::fs;
use std::path::{Path, PathBuf};

use icefold::error::Kind;
use icefold::index::Made;
use icefold::inspect::{Inspection, Look, inspect};
use icefold::run::MakeIndex;
use icefold::{Error, Granules, MakeMap, Region, Result, config};

use super::Ears;
use super::from_code::done;
use crate::support::granules::{Heights, paths};
use crate::support::site::{Site, assert_same, long_track};
use crate::support::timed::{DAY, tell};

impl Site {
    /// What makes `index.parquet` of these granules, whose positions are where the built-in atl03 has them.
    pub(super) fn indexing(&self, granules: &[&Path]) -> MakeIndex<'static> {
        MakeIndex::new(Granules::named(granules), self.path("index.parquet"))
            .config(config::load("atl03").unwrap())
            .threads(2)
    }

    #[track_caller]
    pub(super) fn indexed(&self, granules: &[&Path]) -> Made {
        self.indexing(granules).execute().unwrap()
    }

    pub(super) fn map_bytes(&self) -> Vec<u8> {
        fs::read(self.path("map.json")).unwrap()
    }
}

/// What must be refused.
#[track_caller]
pub(super) fn refused<T: std::fmt::Debug>(result: Result<T>) -> Error {
    result.unwrap_err()
}

/// Around the pole, across the antimeridian, in Greenland, in Africa, and one without a valid position.
fn everywhere(site: &Site) -> Vec<PathBuf> {
    let track = |at: &dyn Fn(f64) -> (f64, f64)| {
        let mut heights = Heights::along(0.0, 3000);
        for i in 0..3000 {
            (heights.lon[i], heights.lat[i]) = at(i as f64 / 3000.0);
        }
        heights
    };
    let nowhere = track(&|_| (0.0, 95.0));
    let pole = track(&|part| {
        (
            if part < 0.5 { 20.0 } else { -160.0 },
            90.0 - (part - 0.5).abs() * 4.0,
        )
    });
    let date_line = track(&|part| (179.0 + 2.0 * part, -17.0 - part));
    vec![
        site.granule("pole.h5", &[("gt1l", pole)]),
        site.granule("date_line.h5", &[("gt2l", date_line)]),
        site.granule(
            "a.h5",
            &[("gt1l", long_track(-45.0)), ("gt3r", long_track(-43.0))],
        ),
        site.granule("b.h5", &[("gt1l", long_track(-44.9))]),
        site.granule("c.h5", &[("gt2r", long_track(10.0))]),
        site.granule("nowhere.h5", &[("gt1l", nowhere)]),
    ]
}

/// Regions that cut granules, hold some and leave others out.
fn regions() -> Vec<Option<Region>> {
    let of = |west, south, east, north| Some(Region::of_box(west, south, east, north).unwrap());
    vec![
        None,
        of(-46.0, 67.0, -42.0, 73.0),
        of(-45.01, 69.3, -44.95, 69.4),
        of(-50.0, 68.7, -20.0, 70.1),
        of(179.5, -18.0, -179.5, -16.0),
        of(-180.0, 89.0, 180.0, 90.0),
        of(-180.0, -90.0, 180.0, 90.0),
        of(9.0, 60.0, 11.0, 68.5),
    ]
}

#[test]
fn a_map_has_the_same_bytes_with_an_index_and_granules_are_spared() {
    let site = Site::new();
    let granules = everywhere(&site);
    let named: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    let made = site.indexed(&named);
    assert_eq!((made.granules, made.new, made.written), (6, 6, true));
    let mut spared = 0;
    for (number, region) in regions().into_iter().enumerate() {
        for order in [4, 6, 9] {
            let change = config::Change::new("output.grid.parent_order", order);
            let mut asked = config::load_with("atl03", &[change]).unwrap();
            if let Some(region) = &region {
                asked = asked.within(region.clone());
            }
            let map = |granules: Granules| {
                MakeMap::new(asked.clone(), granules, site.path("map.json")).threads(2)
            };
            let plain = map(Granules::named(&named)).execute().unwrap();
            let expected = site.map_bytes();
            let index = site.path("index.parquet");
            for granules in [Granules::named(&named), Granules::in_index(&index).unwrap()] {
                let built = map(granules).index(&index).execute().unwrap();
                assert_eq!(site.map_bytes(), expected, "region {number}, order {order}");
                let indexed = built.indexed.unwrap();
                assert_eq!((indexed.known, indexed.changed, indexed.unknown), (6, 0, 0));
                assert!(built.photons <= plain.photons);
                if region.is_none() {
                    assert_eq!((indexed.spared, built.photons), (6, 0), "order {order}");
                }
                spared += indexed.spared;
            }
        }
    }
    assert!(spared > 6 * 3 * 2 * 4, "{spared}");
}

#[test]
fn a_store_is_the_same_with_an_index_and_the_report_says_what_was_spared() {
    let site = Site::new();
    let granules = everywhere(&site);
    let named: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    site.indexed(&named);
    let index = site.path("index.parquet");
    let mut left_out = 0;
    for (number, region) in regions().into_iter().enumerate() {
        let run = |store: &str| {
            let run = site.code_to(store, "atl03", &named);
            match &region {
                Some(region) => run.region(region.clone()),
                None => run,
            }
        };
        let (plain, known) = (format!("plain{number}.zarr"), format!("known{number}.zarr"));
        let (without, _) = done(run(&plain));
        let (with, said) = done(run(&known).index(&index));
        assert_same(&site.out(&plain), &site.out(&known));
        assert_eq!(without["content_sha256"], with["content_sha256"]);
        let (read, of) = (
            with["granules"]["done"].as_array().unwrap().len() as u64,
            &with["index"],
        );
        let spared = of["outside_region"].as_u64().unwrap();
        assert_eq!((read + spared, &of["known"]), (6, &6.into()), "{of}");
        assert_eq!(said.contains("not opened, as index"), spared > 0, "{said}");
        assert!(without.get("index").is_none());
        left_out += spared;
    }
    assert!(left_out > 12, "{left_out}");
    // Nothing is there, and that is known of one that is opened.
    let nowhere = Region::of_box(100.0, 0.0, 101.0, 1.0).unwrap();
    let (report, _) = done(
        site.code_to("none.zarr", "atl03", &named)
            .region(nowhere)
            .index(&index),
    );
    assert_eq!(report["photons"]["kept"], 0);
    assert_eq!(report["index"]["outside_region"], 5);
}

#[test]
fn a_second_call_opens_only_what_is_new_or_changed_and_drops_nothing_silently() {
    let site = Site::new();
    let [a, b, c] = site.three();
    let first = site.indexed(&[&a, &b]);
    assert_eq!((first.granules, first.new), (2, 2));
    let bytes = fs::read(site.path("index.parquet")).unwrap();
    let again = site.indexed(&[&a, &b]);
    assert_eq!((again.same, again.written), (2, false));
    assert_eq!(fs::read(site.path("index.parquet")).unwrap(), bytes);
    // One more; the others are not named and stay.
    let more = site.indexed(&[&c]);
    assert_eq!((more.granules, more.new, more.others), (3, 1, 2));
    // One is another file now, and one is gone.
    fs::remove_file(&b).unwrap();
    let b = site.granule("b.h5", &[("gt1l", long_track(-44.0))]);
    fs::remove_file(&c).unwrap();
    let ears = Ears::default();
    let made = site.indexing(&[&a, &b]).watch(&ears).execute().unwrap();
    assert_eq!((made.granules, made.changed, made.same), (3, 1, 1));
    assert_eq!(
        (made.gone[0].address.as_str(), made.gone[0].removed),
        ("c.h5", false)
    );
    let said = ears.notes()[0].to_string();
    assert!(
        said.contains("c.h5 is not there any more, and stays in the index"),
        "{said}"
    );
    let removed = site
        .indexing(&[&a, &b])
        .remove_gone(true)
        .execute()
        .unwrap();
    assert_eq!((removed.granules, removed.gone[0].removed), (2, true));
    // It is that of a call over what is there.
    let (grown, index) = (
        fs::read(site.path("index.parquet")).unwrap(),
        site.path("index.parquet"),
    );
    fs::remove_file(&index).unwrap();
    site.indexed(&[&b, &a]);
    assert_eq!(fs::read(&index).unwrap(), grown);
    let Inspection::Index(found) = inspect(&index, Look::default()).unwrap() else {
        panic!("an index is known for what it is");
    };
    assert_eq!(found.json()["granules"], 2);
    assert!(
        found.to_string().contains("2: 2 files, 0 objects"),
        "{found}"
    );
}

#[test]
fn a_granule_that_changed_under_an_old_index_is_opened_and_counted() {
    let site = Site::new();
    let granules = site.three();
    let named = paths(&granules);
    site.indexed(&named);
    let index = site.path("index.parquet");
    fs::remove_file(&granules[1]).unwrap();
    site.granule("b.h5", &[("gt1l", long_track(30.0))]);
    site.mapping("atl03", &named).execute().unwrap();
    let expected = site.map_bytes();
    let ears = Ears::default();
    let built = site
        .mapping("atl03", &named)
        .index(&index)
        .watch(&ears)
        .execute()
        .unwrap();
    assert_eq!(site.map_bytes(), expected);
    let indexed = built.indexed.unwrap();
    assert_eq!((indexed.known, indexed.changed, indexed.spared), (2, 1, 2));
    let said = ears.notes()[0].to_string();
    assert!(said.contains("1 granules are others than index"), "{said}");
    let there = Region::of_box(29.0, 67.0, 31.0, 73.0).unwrap();
    let (report, _) = done(site.code("atl03", &named).region(there).index(&index));
    assert_eq!(report["index"]["changed"], 1);
    assert!(report["photons"]["kept"].as_u64().unwrap() > 0);
}

#[test]
fn a_time_spares_granules_that_say_when_they_are() {
    let site = Site::new();
    let told = |name: &str, lon: f64, day: f64| {
        let granule = site.timed(name, lon, |i| day * DAY + i as f64);
        tell(&granule, "ancillary_data", "start_delta_time", day * DAY);
        tell(
            &granule,
            "ancillary_data",
            "end_delta_time",
            day * DAY + 3_100.0,
        );
        granule
    };
    let may = told("may.h5", -45.0, 510.0);
    let june = told("june.h5", -44.0, 520.0);
    let silent = site.timed("silent.h5", -45.5, |i| 490.0 * DAY + i as f64);
    // It says another time than its photons have, and its word does not count.
    let wrong = site.timed("wrong.h5", -46.0, |i| 521.0 * DAY + i as f64);
    tell(&wrong, "ancillary_data", "start_delta_time", 100.0 * DAY);
    tell(&wrong, "ancillary_data", "end_delta_time", 100.1 * DAY);
    let named: Vec<&Path> = [&may, &june, &silent, &wrong].map(PathBuf::as_path).into();
    let asked = site.stepped("june.yaml", "time: {from: 2019-06, to: 2019-06}");
    site.indexed(&named);
    let index = site.path("index.parquet");
    site.mapping(&asked, &named).execute().unwrap();
    let expected = site.map_bytes();
    let built = site
        .mapping(&asked, &named)
        .index(&index)
        .execute()
        .unwrap();
    assert_eq!(site.map_bytes(), expected);
    assert_eq!(built.outside_time, ["may.h5"]);
    assert_eq!(built.indexed.unwrap().outside_time, 1);
    done(site.code_to("plain.zarr", &asked, &named));
    let (report, _) = done(site.code_to("known.zarr", &asked, &named).index(&index));
    assert_same(&site.out("plain.zarr"), &site.out("known.zarr"));
    assert_eq!(report["index"]["outside_time"], 1);
}

#[test]
fn granules_of_products_need_no_config_and_others_are_refused_by_name() {
    let site = Site::new();
    let recipe = icefold::demo::Recipe {
        granules: 3,
        segments_per_track: 300,
        seed: 5,
    };
    let folder = site.folder("granules");
    icefold::demo::write_granules_with(&folder, &recipe).unwrap();
    let index = site.path("index.parquet");
    let indexing = |granules: &Path| MakeIndex::new(Granules::named([granules]), &index).threads(2);
    assert_eq!(indexing(&folder).execute().unwrap().granules, 3);
    let map = |known: bool| {
        let mut made = MakeMap::new(
            config::load("atl03-land").unwrap(),
            Granules::found_in(&folder).unwrap(),
            site.path("map.json"),
        );
        if known {
            made = made.index(&index);
        }
        (made.threads(2).execute().unwrap(), site.map_bytes())
    };
    let ((plain, expected), (known, found)) = (map(false), map(true));
    assert_eq!(expected, found);
    assert_eq!((known.photons, known.indexed.unwrap().spared), (0, 3));
    assert!(plain.photons > 0);
    // The product decides, and one that says none is refused.
    let other = site.good("other.h5", -45.0);
    let error = refused(indexing(&other).execute());
    assert_eq!(error.kind(), Kind::Granule);
    assert!(
        error
            .to_string()
            .contains("other.h5: says of no product that it is"),
        "{error}"
    );
    let made = indexing(&other).tolerant(true).execute().unwrap();
    assert_eq!((made.failed.len(), made.granules), (1, 3));
}
