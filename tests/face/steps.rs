//! Steps of time: which step a photon is in, and that a step is what a run over its time alone gives.

use std::path::Path;

use icefold::grid::Order;
use icefold::pipeline::parse_memory;
use icefold::store::{Layout, StoreReader};
use icefold::{DeviceChoice, Granules, Verify, config};

use super::from_code::done;
use crate::support::granules::paths;
use crate::support::site::{Site, assert_same, tree};
use crate::support::timed::{DAY, PHOTONS, Values, at_step, tell, values};

const SEASONS: &str = "time: {every: season, from: 2018-12, to: 2020-11}";

/// The steps of a store in words.
pub fn steps(store: &Path) -> Vec<String> {
    let reader = StoreReader::open(store).unwrap();
    let times = reader.times().unwrap();
    (0..times.len() as usize)
        .map(|step| times.said(step))
        .collect()
}

#[test]
fn a_step_is_what_a_run_over_its_time_alone_gives_at_every_order() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.trending("seasons.yaml", SEASONS);
    let overviews = [6, 4, 2, 0];
    let run = site.code(config, &paths(&granules)).overviews(overviews);
    let report = done(run).0;
    let all: Vec<Values> = [7, 6, 4, 2, 0]
        .map(|order| values(&site.out("a.zarr"), order))
        .to_vec();
    let said = steps(&site.out("a.zarr"));
    assert_eq!(said.len(), 8);
    assert_eq!(said[1], "2019-03-01 to 2019-06-01");
    let mut kept = 0;
    for (place, step) in said.iter().enumerate() {
        let (from, to) = step.split_once(" to ").unwrap();
        let time = format!("time: {{from: '{from}T00:00:00Z', to: '{to}T00:00:00Z'}}");
        let alone = site.trending("alone.yaml", &time);
        let run = site.code_to("alone.zarr", alone, &paths(&granules));
        let alone = done(
            run.overviews(overviews)
                .overwrite(true)
                .table(site.out("alone.parquet")),
        )
        .0;
        for (order, all) in [7, 6, 4, 2, 0].into_iter().zip(&all) {
            let expected = values(&site.out("alone.zarr"), order);
            assert!(!expected.is_empty());
            assert_eq!(at_step(all, step), expected, "{step} at order {order}");
        }
        let of_step = &report["steps"][place];
        assert_eq!(of_step["step"], **step);
        assert_eq!(of_step["photons"], alone["photons"]["kept"]);
        kept += of_step["photons"].as_u64().unwrap();
    }
    assert_eq!(report["photons"]["kept"], kept);
    let cells: std::collections::BTreeSet<u64> = all[0].keys().map(|(_, _, cell)| *cell).collect();
    assert_eq!(report["occupied_cells"], cells.len());
    let rejected = &report["photons"]["rejected_by"];
    let outside = rejected["time: not before 2020-12-01T00:00:00Z"].as_u64();
    assert!(outside > Some(0), "{rejected}");
}

#[test]
fn how_photons_come_and_wait_changes_no_byte() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.trending("months.yaml", "time: {every: month}");
    let paths = paths(&granules);
    let to = |name: &str| site.code_to(name, &config, &paths).overviews([5, 2]);
    done(to("a.zarr"));
    let expected = tree(&site.out("a.zarr"));
    let mut reversed = paths;
    reversed.reverse();
    let other = |run: icefold::Run| {
        done(run.overwrite(true));
        assert_eq!(tree(&site.out("b.zarr")), expected);
    };
    for rows in [29, 1_000] {
        other(to("b.zarr").batch_rows(rows));
    }
    other(to("b.zarr").threads(1));
    other(
        site.code_to("b.zarr", &config, &reversed)
            .overviews([5, 2])
            .threads(3),
    );
    // Partials wait on disk, and values of the coarsest cells in piles.
    let little = parse_memory("32KiB").unwrap();
    other(to("b.zarr").partials_memory(little));
    other(to("b.zarr").device(DeviceChoice::Wgpu(None)));
}

#[test]
fn devices_give_the_same_bits_at_every_step() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.stepped("months.yaml", "time: {every: month}");
    let config = config::load(config.to_str().unwrap()).unwrap();
    let verified = Verify::new(config, Granules::named(&granules))
        .on("cpu", DeviceChoice::Cpu)
        .on("wgpu", DeviceChoice::Wgpu(None))
        .execute()
        .unwrap();
    assert!(verified.identical(), "{:?}", verified.differences);
}

#[test]
fn a_run_over_a_map_in_parts_leaves_the_bytes_of_a_run_over_its_granules() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.trending("months.yaml", "time: {every: month}");
    let overviews = [5, 3, 1];
    let direct = site.code(&config, &paths(&granules)).overviews(overviews);
    let direct = done(direct.table(site.out("a.parquet"))).0;
    let mapped = site.mapping(&config, &paths(&granules)).execute().unwrap();
    assert!(mapped.map.shards.len() > 2);
    done(site.over_as("b.zarr", &config).overviews(overviews));
    assert_eq!(tree(&site.out("b.zarr")), tree(&site.out("a.zarr")));
    for range in ["..2", "2.."] {
        done(site.part_as("c.zarr", &config, range).overviews(overviews));
    }
    let made = done(site.making("c.zarr").table(site.out("c.parquet"))).0;
    assert_eq!(tree(&site.out("c.zarr")), tree(&site.out("a.zarr")));
    let bytes = |name: &str| std::fs::read(site.out(name)).unwrap();
    assert_eq!(bytes("a.parquet"), bytes("c.parquet"));
    for key in [
        "steps",
        "occupied_cells",
        "content_sha256",
        "outputs",
        "overviews",
        "shards",
    ] {
        assert_eq!(direct[key], made[key], "{key}");
    }
}

#[test]
fn a_time_that_is_cut_in_two_merges_to_the_whole() {
    let site = Site::new();
    let granules = site.two_years();
    let all = |name: &str, time: &str| {
        let config = site.stepped(&format!("{name}.yaml"), time);
        done(site.code_to(&format!("{name}.zarr"), config, &paths(&granules)));
        values(&site.out(&format!("{name}.zarr")), 7)
    };
    let whole = all("whole", "time: {every: month, from: 2019-01, to: 2020-06}");
    let mut first = all("first", "time: {every: month, from: 2019-01, to: 2019-08}");
    let second = all("second", "time: {every: month, from: 2019-09, to: 2020-06}");
    assert!(first.keys().all(|key| !second.contains_key(key)));
    first.extend(second);
    assert_eq!(first, whole);
    // Months are three to a quarter, and edges say the same in other words.
    let edges = all(
        "edges",
        "time: {edges: [2019, 2019-04-01, '2019-07', 2019-10]}",
    );
    let quarters = all("quarters", "time: {every: P3M, from: 2019, to: 2019-09}");
    assert_eq!(edges, quarters);
}

#[test]
fn the_layout_fullsphere_holds_the_same_values() {
    let site = Site::new();
    let granules = site.two_years();
    for chunk in ["", ", chunk_inner: 5"] {
        let path = site.stepped("months.yaml", "time: {every: month}");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(
            &path,
            text.replace("child_order: 7", &format!("child_order: 7{chunk}")),
        )
        .unwrap();
        let run = |name: &str| site.code_to(name, &path, &paths(&granules)).overwrite(true);
        let cells = done(run("a.zarr")).0;
        let sphere = done(run("b.zarr").layout(Layout::FULL_SPHERE)).0;
        assert_eq!(cells["content_sha256"], sphere["content_sha256"]);
        assert_eq!(
            values(&site.out("a.zarr"), 7),
            values(&site.out("b.zarr"), 7)
        );
        assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    }
}

#[test]
fn a_photon_on_an_edge_is_in_the_step_that_begins_there_and_none_is_in_two() {
    let site = Site::new();
    // The second photon is as near to the edge as times go, the others are on it, or on another.
    let edge = 424.0 * DAY;
    let time = move |i: usize| match i {
        0 => edge,
        1 => edge.next_down(),
        _ => edge + 31.0 * DAY,
    };
    let granule = site.timed("a.h5", -45.0, time);
    let config = site.stepped("months.yaml", "time: {every: month}");
    let report = done(site.code(config, &[&granule])).0;
    let step =
        |step: &str, photons: usize| serde_json::json!({"step": step, "photons": 2 * photons});
    assert_eq!(
        report["steps"],
        serde_json::json!([
            step("2019-02-01 to 2019-03-01", 1),
            step("2019-03-01 to 2019-04-01", 1),
            step("2019-04-01 to 2019-05-01", PHOTONS - 2),
        ])
    );
    // The moment of an edge is the one that GPS counts, without leap seconds from 2018 on.
    let config = site.stepped(
        "edges.yaml",
        "time: {edges: ['2019-03-01T00:00:00Z', '2019-04-01T02:00+02:00']}",
    );
    let report = done(site.code(config, &[&granule]).overwrite(true)).0;
    assert_eq!(report["photons"]["kept"], 2);
    let rejected = &report["photons"]["rejected_by"];
    assert_eq!(rejected["time: before 2019-03-01T00:00:00Z"], 2);
    assert_eq!(
        rejected["time: not before 2019-04-01T00:00:00Z"],
        2 * (PHOTONS - 2)
    );
}

#[test]
fn two_stores_of_different_steps_differ_and_say_where() {
    let site = Site::new();
    let granules = site.two_years();
    let run = |name: &str, time: &str| {
        let config = site.stepped("a.yaml", time);
        done(site.code_to(name, config, &paths(&granules)));
    };
    run("a.zarr", "time: {every: P30D, from: 2019, to: 2019-12-26}");
    run(
        "b.zarr",
        "time: {every: P30D, from: 2019-01-02, to: 2019-12-27}",
    );
    run("c.zarr", "");
    let found = Verify::stores(&site.out("a.zarr"), &site.out("b.zarr")).unwrap();
    let text = found.to_string();
    assert!(
        text.contains("7: steps of time is 12: 2019-01-01 to 2019-01-31"),
        "{text}"
    );
    assert!(text.contains("7/n: "), "{text}");
    let text = Verify::stores(&site.out("a.zarr"), &site.out("c.zarr"))
        .unwrap()
        .to_string();
    assert!(text.contains("in a and none in b"), "{text}");
    let order = StoreReader::open_order(site.out("a.zarr"), Order::new(7).unwrap()).unwrap();
    assert_eq!(order.read("bins").unwrap().info.shape[1..], [12, 2]);
}

#[test]
fn damage_to_steps_is_an_error() {
    let site = Site::new();
    let granule = site.timed("a.h5", -45.0, |i| 340.0 * DAY + i as f64 * DAY * 0.1);
    let config = site.stepped("a.yaml", "time: {every: month}");
    done(site.code(config, &[&granule]));
    let store = site.out("a.zarr");
    let chunk = store.join("h_mean/c/1/0");
    let bytes = std::fs::read(&chunk).unwrap();
    let mut wrong = bytes.clone();
    wrong[20] ^= 4;
    std::fs::write(&chunk, wrong).unwrap();
    let error = Verify::stores(&store, &store).unwrap_err().to_string();
    assert!(error.contains("cannot be decoded"), "{error}");
    std::fs::write(&chunk, bytes).unwrap();
    assert_same(&store, &store);
    let bounds = store.join("time_bnds/c/0/0");
    let bytes = std::fs::read(&bounds).unwrap();
    std::fs::write(&bounds, [&bytes[8..], &bytes[..8]].concat()).unwrap();
    let error = StoreReader::open(&store).unwrap_err().to_string();
    assert!(
        error.contains("time and time_bnds are not those of one another"),
        "{error}"
    );
}

#[test]
fn a_granule_that_says_when_it_is_needs_no_times_of_its_photons() {
    let site = Site::new();
    let start = 400.0 * DAY;
    let config = site.stepped("a.yaml", "time: {every: month}");
    // Of each the first photon, what the granule says of its end, and whether times are read.
    for (name, first, end, read) in [
        ("within.h5", start, start + 300.0, false),
        ("early.h5", start - 7_200.0, start + 300.0, true),
        ("long.h5", start, start + 40.0 * DAY, true),
        ("silent.h5", start, f64::NAN, true),
    ] {
        let granule = site.timed(name, -45.0, |i| {
            if i == 0 {
                first
            } else {
                start + 0.1 * i as f64
            }
        });
        let run = || {
            site.code(&config, &[&granule])
                .overwrite(true)
                .batch_rows(500)
        };
        // The granule is changed, and so what the store says of its file.
        let cells = || {
            let mut all = tree(&site.out("a.zarr"));
            assert!(all.remove(Path::new("provenance/zarr.json")).is_some());
            all
        };
        let plain = done(run()).0;
        let expected = cells();
        tell(&granule, "ancillary_data", "start_delta_time", start);
        tell(&granule, "ancillary_data", "end_delta_time", end);
        let said = done(run()).0;
        assert_eq!(cells(), expected, "{name}");
        let bytes =
            [&plain, &said].map(|report| report["stages"]["decode"]["bytes"].as_u64().unwrap());
        assert_eq!(
            bytes[0] - bytes[1],
            if read { 0 } else { 2 * 8 * PHOTONS as u64 },
            "{name}"
        );
        assert_eq!(plain["steps"], said["steps"]);
    }
}
