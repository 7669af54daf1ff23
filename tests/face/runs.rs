//! Runs from code.

use icefold::grid::Order;
use icefold::{Granules, Layout, Memory, Note, Outcome, Run};
use serde_json::Value;

use super::{Ears, Site, atl03, content, name};
use crate::support::{icefold, succeed};

/// A report without what differs from run to run.
fn timeless(mut report: Value) -> Value {
    fn forget(value: &mut Value) {
        if let Value::Object(map) = value {
            for key in [
                "seconds",
                "peak_resident_bytes",
                "command",
                // Names settings in the words of whoever asked.
                "reason",
                "read_seconds",
                "bring_seconds",
                "decode_seconds",
                "fold_seconds",
                "select_seconds",
            ] {
                map.remove(key);
            }
            map.values_mut().for_each(forget);
        }
        if let Value::Array(list) = value {
            list.iter_mut().for_each(forget);
        }
    }
    forget(&mut report);
    report
}

#[test]
fn a_run_from_code_writes_what_the_command_line_writes() {
    let site = Site::of(2);
    let outcome = site.run().overviews([10, 11]).execute().unwrap();
    assert!(outcome.is_whole() && !outcome.is_empty());
    assert_eq!(outcome.path(), site.path("a.zarr"));
    let read = |report: &str| -> Value {
        serde_json::from_slice(&std::fs::read(site.path(report)).unwrap()).unwrap()
    };
    let mine = read("a.run.json");
    assert_eq!(mine["command"], serde_json::json!([]));
    assert_eq!(mine["content_sha256"], content(&outcome));

    std::fs::create_dir(site.path("code")).unwrap();
    for file in ["a.zarr", "a.run.json"] {
        std::fs::rename(site.path(file), site.path("code").join(file)).unwrap();
    }
    let mut command = icefold();
    command.args(["run", "atl03", "--threads", "2", "--overviews", "11,10"]);
    succeed(
        command
            .arg(site.path("granules"))
            .arg("--store")
            .arg(site.path("a.zarr")),
    );
    let theirs = read("a.run.json");
    assert_eq!(timeless(mine), timeless(theirs));
    let same = icefold::Verify::stores(&site.path("a.zarr"), &site.path("code/a.zarr"));
    assert!(same.unwrap().identical());
}

#[test]
fn no_setting_changes_a_bit() {
    let site = Site::of(2);
    let plain = content(&site.run().execute().unwrap());
    let small = site
        .run_to("b.zarr")
        .threads(1)
        .memory(Memory::mib(96))
        .partials_memory(Memory(1 << 16))
        .batch_rows(777);
    assert_eq!(content(&small.execute().unwrap()), plain);
    let mut backwards = site.granules.clone();
    backwards.reverse();
    let backwards = Run::new(atl03(), Granules::named(backwards)).into_store(site.path("c.zarr"));
    assert_eq!(content(&backwards.execute().unwrap()), plain);
}

#[test]
fn what_is_there_stays_unless_it_may_be_replaced() {
    let site = Site::of(1);
    let first = content(&site.run().execute().unwrap());
    let again = site.run().execute().unwrap_err();
    assert!(again.to_string().contains("a.zarr"), "{again}");
    let replaced = site.run().overwrite(true).execute().unwrap();
    assert_eq!(content(&replaced), first);
}

#[test]
fn the_store_of_the_config_is_written_where_none_is_named() {
    let site = Site::of(1);
    let mut config = atl03();
    let nowhere = Run::new(config.clone(), site.all()).execute().unwrap_err();
    assert!(nowhere.to_string().contains("no store given"), "{nowhere}");
    config.store = Some(site.path("its.zarr"));
    let outcome = Run::new(config, site.all()).execute().unwrap();
    assert_eq!(outcome.path(), site.path("its.zarr"));
}

#[test]
fn tables_reports_and_layouts_go_where_they_are_asked_for() {
    let site = Site::of(1);
    let table = site.path("cells.parquet");
    let run = site.run().table(&table).report(site.path("said.json"));
    let outcome = run.execute().unwrap();
    let report = &outcome.done().unwrap().report;
    assert_eq!(report.table.as_deref(), table.to_str());
    assert_eq!(site.written(), ["a.zarr", "cells.parquet", "said.json"]);

    // Few cells make a sphere.
    let mut config = atl03();
    config.grid.shard_order = Order::new(0).unwrap();
    config.grid.cell_order = Order::new(4).unwrap();
    let sphere = Run::new(config, site.all()).layout(Layout::FULL_SPHERE);
    let outcome = sphere
        .into_store(site.path("sphere.zarr"))
        .execute()
        .unwrap();
    assert!(matches!(outcome, Outcome::Store(_)));
}

#[test]
fn a_plan_can_be_looked_at_before_anything_is_written() {
    let site = Site::of(2);
    let planned = site.run().overviews([7]).planned().unwrap();
    assert_eq!(planned.plan().granules.len(), 2);
    assert_eq!(planned.overviews(), [Order::new(7).unwrap()]);
    let survey = planned.survey().unwrap();
    assert_eq!((survey.granules.len(), survey.failed.len()), (2, 0));
    assert!(!survey.schema.arrays.is_empty());
    assert!(site.written().is_empty());
    assert!(planned.execute().unwrap().is_whole());
}

#[test]
fn a_tolerant_run_says_what_it_leaves_out_and_a_strict_one_stops() {
    let site = Site::of(2);
    let whole = content(&site.run_to("whole.zarr").execute().unwrap());
    let damaged = site.damaged();
    let strict = site.run().execute().unwrap_err();
    assert!(strict.to_string().contains(name(&damaged)), "{strict}");
    let ears = Ears::default();
    let outcome = site.run().tolerant(true).watch(&ears).execute().unwrap();
    assert!(!outcome.is_whole() && !outcome.is_empty());
    assert_eq!(content(&outcome), whole);
    let notes = ears.notes();
    let [Note::LeftOut { reason }] = &notes[..] else {
        panic!("{notes:?}");
    };
    assert!(reason.contains(name(&damaged)), "{reason}");
    assert!(site.path("a.errors.parquet").is_file());
}

#[test]
fn a_run_that_keeps_no_photon_is_whole_and_empty() {
    let site = Site::of(1);
    let text = include_str!("../../src/config/atl03.yaml");
    let text = text.replace("op: ne, value: -2", "op: eq, value: 99");
    let config = icefold::config::parse_yaml("none", &text).unwrap();
    let ears = Ears::default();
    let run = Run::new(config, site.all()).into_store(site.path("a.zarr"));
    let outcome = run.watch(&ears).execute().unwrap();
    assert!(outcome.is_whole() && outcome.is_empty());
    let notes = ears.notes();
    let [
        Note::NothingKept {
            read,
            most: Some((reason, photons)),
        },
    ] = &notes[..]
    else {
        panic!("{notes:?}");
    };
    assert!(
        reason.starts_with("filter: ") && photons <= read,
        "{reason}"
    );
}
