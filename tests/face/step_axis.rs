//! Axes of time: which steps a store has, steps of cycles, and what is no axis.

use std::path::{Path, PathBuf};

use icefold::Verify;
use icefold::config;
use icefold::error::Kind;
use icefold::store::{Layout, StoreReader};
use serde_json::json;

use super::from_code::{done, refused};
use super::steps::steps;
use crate::support::granules::paths;
use crate::support::site::{Site, assert_same};
use crate::support::timed::{DAY, PHOTONS, at_step, tell, values};

#[test]
fn a_store_has_the_steps_between_photons_and_those_that_are_asked_for() {
    let site = Site::new();
    let granule = site.timed("a.h5", -45.0, |i| {
        if i % 2 == 0 { 400.0 * DAY } else { 500.0 * DAY }
    });
    let of = |time: &str| {
        let config = site.stepped("a.yaml", time);
        done(site.code(config, &[&granule]).overwrite(true));
        steps(&site.out("a.zarr"))
    };
    let months = of("time: {every: month}");
    assert_eq!(months.len(), 4, "{months:?}");
    assert_eq!(months[0], "2019-02-01 to 2019-03-01");
    let from = of("time: {every: month, from: 2018-12-15}");
    assert_eq!((from.len(), &*from[0]), (6, "2018-12-15 to 2019-01-01"));
    let to = of("time: {every: month, to: 2019-07}");
    assert_eq!(to.last().unwrap(), "2019-07-01 to 2019-08-01");
    assert_eq!(
        of("time: {every: P7D, from: 2019-02-01, to: 2019-02-28}").len(),
        4
    );
    assert_eq!(of("time: {every: year, from: 2019, to: 2021}").len(), 3);
}

#[test]
fn a_store_without_photons_has_the_steps_that_are_asked_for() {
    let site = Site::new();
    let granule = site.timed("a.h5", -45.0, |_| 400.0 * DAY);
    for (time, steps) in [
        ("time: {edges: [2020, 2021, 2022]}", 2),
        ("time: {every: month, from: 2022}", 0),
    ] {
        let config = site.stepped("a.yaml", time);
        let run = site
            .code(config, &[&granule])
            .overwrite(true)
            .overviews([3]);
        done(run);
        let reader = StoreReader::open(site.out("a.zarr")).unwrap();
        assert_eq!((reader.cells(), reader.times().unwrap().len()), (0, steps));
        assert_same(&site.out("a.zarr"), &site.out("a.zarr"));
    }
}

/// Granules of these cycles, by what they say or by their name.
fn cycles(site: &Site) -> [PathBuf; 3] {
    let named = |cycle: u32, lon| {
        site.timed(
            &format!("ATL03_20190215000000_0001{cycle:02}05_006_01.h5"),
            lon,
            |i| 400.0 * DAY + i as f64,
        )
    };
    let said = site.timed("a.h5", -44.0, |i| 700.0 * DAY + i as f64);
    tell(&said, "orbit_info", "cycle_number", 6_i32);
    [named(3, -45.0), said, named(4, -46.0)]
}

#[test]
fn steps_of_cycles_have_the_granules_of_each() {
    let site = Site::new();
    let granules = cycles(&site);
    let config = site.stepped("cycles.yaml", "time: {every: cycle}");
    let report = done(
        site.code(&config, &paths(&granules))
            .overviews([4])
            .table(site.out("a.parquet")),
    )
    .0;
    let both = 2 * PHOTONS;
    let steps = [3, 4, 6].map(|cycle| json!({"step": format!("cycle {cycle}"), "photons": both}));
    assert_eq!(report["steps"], json!(steps));
    let reader = StoreReader::open(site.out("a.zarr")).unwrap();
    assert_eq!(reader.times().unwrap().len(), 4);
    let alone = site.stepped("alone.yaml", "");
    for (cycle, granule) in [3, 6, 4].into_iter().zip(&granules) {
        done(
            site.code_to("b.zarr", &alone, &[granule])
                .overviews([4])
                .overwrite(true),
        );
        for order in [7, 4] {
            let all = values(&site.out("a.zarr"), order);
            let expected = values(&site.out("b.zarr"), order);
            assert_eq!(at_step(&all, &format!("cycle {cycle}")), expected);
        }
    }
    // With bounds, photons count by their own time, too.
    let config = site.stepped(
        "bounds.yaml",
        "time: {every: cycle, to: '2019-12-02T00:10:00Z'}",
    );
    let report = done(site.code(&config, &paths(&granules)).overwrite(true)).0;
    assert_eq!(report["photons"]["kept"], 2 * both + 2 * 600);
}

#[test]
fn steps_of_tracks_and_regions_are_those_that_granules_are_of_and_no_others() {
    let site = Site::new();
    let named = |rgt: u32, region: u32, lon| {
        let name = format!("ATL03_20190215000000_{rgt:04}03{region:02}_006_01.h5");
        site.timed(&name, lon, |i| 400.0 * DAY + i as f64)
    };
    let said = site.timed("a.h5", -44.0, |i| 700.0 * DAY + i as f64);
    tell(&said, "orbit_info", "rgt", 1387_i32);
    tell(&said, "ancillary_data", "start_region", 14_i32);
    tell(&said, "ancillary_data", "end_region", 14_i32);
    let granules = [named(12, 5, -45.0), said, named(900, 5, -46.0)];
    let both = 2 * PHOTONS;
    for (every, expected) in [
        ("rgt", &[(12, both), (900, both), (1387, both)][..]),
        ("region", &[(5, 2 * both), (14, both)]),
    ] {
        let config = site.stepped("numbers.yaml", &format!("time: {{every: {every}}}"));
        let run = site.code(&config, &paths(&granules)).overviews([6, 4, 0]);
        let report = done(run.table(site.out("a.parquet")).overwrite(true)).0;
        let steps: Vec<_> = expected
            .iter()
            .map(|(n, photons)| json!({"step": format!("{every} {n}"), "photons": photons}))
            .collect();
        assert_eq!(report["steps"], json!(steps));
        let reader = StoreReader::open(site.out("a.zarr")).unwrap();
        let times = reader.times().unwrap();
        assert_eq!((&*times.name, times.len()), (every, steps.len() as u64));
        assert_eq!(times.of_number(expected[1].0), Some(1));
        let photons: f64 = reader.read("n").unwrap().as_f64().iter().sum();
        assert_eq!(photons, 3.0 * both as f64);
        // Each is what the granules of its number give alone.
        let of = |number: i64| -> Vec<&Path> {
            let said = |granule: &&Path| {
                let name = granule.file_name().unwrap().to_string_lossy();
                let mark = match every {
                    "rgt" => format!("_{number:04}03"),
                    _ => format!("03{number:02}_006"),
                };
                name.contains(&mark) || (number > 1000 || number == 14) && name == "a.h5"
            };
            paths(&granules).into_iter().filter(said).collect()
        };
        let alone = site.stepped("alone.yaml", "");
        for (number, _) in expected {
            let run = site.code_to("b.zarr", &alone, &of(*number));
            done(run.overviews([6, 4, 0]).overwrite(true));
            for order in [7, 6, 4, 0] {
                let all = values(&site.out("a.zarr"), order);
                let expected = values(&site.out("b.zarr"), order);
                assert_eq!(at_step(&all, &format!("{every} {number}")), expected);
            }
        }
        // Over a map, in pieces; and in the other layout.
        done(site.mapping(&config, &paths(&granules)));
        done(
            site.over_as("c.zarr", &config)
                .overviews([6, 4, 0])
                .overwrite(true),
        );
        assert_same(&site.out("a.zarr"), &site.out("c.zarr"));
        let sphere = site.code_to("d.zarr", &config, &paths(&granules));
        done(sphere.layout(Layout::FULL_SPHERE).overwrite(true));
        done(
            site.code_to("e.zarr", &config, &paths(&granules))
                .overwrite(true),
        );
        let found = Verify::stores(&site.out("d.zarr"), &site.out("e.zarr")).unwrap();
        assert!(found.identical(), "{found}");
    }
}

#[test]
fn a_granule_whose_number_is_not_known_or_impossible_or_two_is_refused() {
    let site = Site::new();
    let run = |every: &str, granule: &Path| {
        let config = site.stepped("numbers.yaml", &format!("time: {{every: {every}}}"));
        site.code(config, &[granule]).overwrite(true).execute()
    };
    let named = site.timed("ATL03_20190215000000_00010315_006_01.h5", -45.0, |_| {
        400.0 * DAY
    });
    let says = ["its region is 15, and regions are 1 to 14"];
    refused(run("region", &named), Kind::Granule, &says);
    tell(&named, "orbit_info", "rgt", 2_i32);
    let says = ["/orbit_info/rgt is 2, and its name says rgt 1"];
    refused(run("rgt", &named), Kind::Granule, &says);
    let unknown = site.timed("b.h5", -45.0, |_| 400.0 * DAY);
    for (every, says) in [
        ("rgt", "nothing tells its rgt: it has no /orbit_info/rgt"),
        (
            "region",
            "nothing tells its region: it has no /ancillary_data/start_region",
        ),
    ] {
        refused(run(every, &unknown), Kind::Granule, &[says, "P91D"]);
    }
    tell(&unknown, "ancillary_data", "start_region", 4_i32);
    tell(&unknown, "ancillary_data", "end_region", 5_i32);
    let says = [
        "/ancillary_data/start_region to /ancillary_data/end_region is [4, 5], and a step holds granules of one \
         region; leave it out",
    ];
    refused(run("region", &unknown), Kind::Granule, &says);
}

#[test]
fn a_granule_whose_cycle_is_not_known_or_two_is_refused() {
    let site = Site::new();
    let config = site.stepped("cycles.yaml", "time: {every: cycle}");
    let run = |granule: &Path| site.code(&config, &[granule]).overwrite(true).execute();
    let other = site.timed("ATL03_20190215000000_00010305_006_01.h5", -45.0, |_| {
        400.0 * DAY
    });
    tell(&other, "orbit_info", "cycle_number", 4_i32);
    refused(
        run(&other),
        Kind::Granule,
        &["/orbit_info/cycle_number is 4", "cycle 3"],
    );
    let unknown = site.timed("b.h5", -45.0, |_| 400.0 * DAY);
    refused(
        run(&unknown),
        Kind::Granule,
        &["b.h5: nothing tells its cycle", "P91D"],
    );
    tell(&unknown, "orbit_info", "cycle_number", 200_i32);
    refused(run(&unknown), Kind::Granule, &["its cycle is 200"]);
}

#[test]
fn what_is_no_axis_is_refused_by_name() {
    let site = Site::new();
    for (time, says) in [
        (
            "time: {every: fortnight}",
            "time.every: 'fortnight' is none of year, season, month, cycle",
        ),
        ("time: {every: P0D}", "time.every: 'P0D' is none of"),
        (
            "time: {every: PT1S}",
            "time.every: 'PT1S' makes more than 65536 steps",
        ),
        (
            "time: {every: month, edges: [2019, 2020]}",
            "time: has both every and edges",
        ),
        (
            "time: {edges: [2019, 2020], to: 2020}",
            "time.edges: stands beside from or to",
        ),
        (
            "time: {edges: [2019]}",
            "time.edges: has 1 edges; give 2 to 65536",
        ),
        (
            "time: {edges: [2020, 2019]}",
            "time.edges[1]: is 2019-01-01T00:00:00Z, not after 2020-01-01T00:00:00Z",
        ),
        (
            "time: {edges: [2019, soon]}",
            "time.edges[1]: 'soon' is no time",
        ),
        (
            "time: {edges: [2019, '2019-06-30T23:59:60Z']}",
            "time.edges[1]: '2019-06-30T23:59:60Z' is no time",
        ),
        (
            "time: {every: cycle, dataset: '/{group}/heights/t'}",
            "time.dataset: names times of photons",
        ),
        (
            "time: {every: rgt, dataset: '/{group}/heights/t'}",
            "time.dataset: names times of photons, and rgts are of granules",
        ),
    ] {
        let path = site.stepped("a.yaml", time);
        let message = config::load(path.to_str().unwrap())
            .unwrap_err()
            .to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn what_does_not_go_with_steps_is_refused_by_name() {
    let site = Site::new();
    let changed = |from: &str, to: &str, time: &str| {
        let path = site.stepped("a.yaml", time);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        std::fs::write(&path, text.replace(from, to)).unwrap();
        config::load(path.to_str().unwrap())
            .unwrap_err()
            .to_string()
    };
    let message = changed("child_order: 7", "child_order: 29", "time: {every: month}");
    assert!(message.contains("time: makes 996 steps of"), "{message}");
    let message = changed("    n: ", "    time_bnds: ", "time: {every: month}");
    assert!(
        message.contains("time_bnds: is the name of a coordinate"),
        "{message}"
    );
    let message = changed("    n: ", "    rgt: ", "time: {every: rgt}");
    assert!(
        message.contains("rgt: is the name of a coordinate where there are steps of rgt"),
        "{message}"
    );
}

#[test]
fn steps_change_the_question_and_how_they_are_spelled_does_not() {
    let site = Site::new();
    let hash = |time: &str| {
        let path = site.stepped("a.yaml", time);
        config::load(path.to_str().unwrap()).unwrap().sha256
    };
    let hashes = [
        hash(""),
        hash("time: {from: 2019, to: 2020}"),
        hash("time: {every: year, from: 2019, to: 2020}"),
        hash("time: {every: month, from: 2019, to: 2020}"),
        hash("time: {every: cycle}"),
        hash("time: {every: rgt}"),
        hash("time: {every: region}"),
        hash("time: {every: year, from: 2019}"),
    ];
    for (i, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..i].contains(hash), "{i}");
    }
    assert_eq!(hash("time: {edges: [2019, 2020, 2021.0]}"), hashes[2]);
    assert_eq!(
        hash("time: {every: P12M, from: 2019.0, to: 2020}"),
        hashes[2]
    );
}
