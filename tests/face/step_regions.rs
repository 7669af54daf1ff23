//! All cells of a region at steps of time: those without a photon, at the steps that have some.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt8Type, UInt64Type};
use icefold::export::{Export, export};
use icefold::grid::Order;
use icefold::store::{Layout, StoreReader};
use icefold::{Region, Run, Verify};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::from_code::done;
use super::steps::steps;
use crate::support::granules::paths;
use crate::support::site::{Site, assert_same, tree};
use crate::support::timed::{DAY, Values, at_step, tell, values};

const MASK: &str = "aoi_mask";
const ORDERS: [u8; 3] = [7, 5, 2];

/// Around a part of the granules, and wider.
fn area() -> Region {
    Region::of_box(-47.0, 60.5, -43.0, 64.0).unwrap()
}

/// All cells of the area, and overviews.
fn filled(run: Run<'static>) -> Run<'static> {
    let run = run.region(area()).cells_of_region(true);
    run.overviews([5, 2]).overwrite(true)
}

/// Without values of the mask.
fn without_mask(values: &Values) -> Values {
    let outputs = values.iter().filter(|((name, _, _), _)| name != MASK);
    outputs.map(|(k, v)| (k.clone(), v.clone())).collect()
}

fn ids(store: &Path, order: u8) -> Vec<u64> {
    let store = StoreReader::open_order(store, Order::new(order).unwrap()).unwrap();
    store.cell_ids().unwrap()
}

#[test]
fn all_cells_of_a_region_have_what_photons_give_and_are_those_of_a_store_without_steps() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.trending("years.yaml", "time: {every: year}");
    let run = |store: &str| site.code_to(store, &config, &paths(&granules));
    let occupied = run("some.zarr").region(area()).overviews([5, 2]);
    let occupied = done(occupied).0;
    let report = done(filled(run("all.zarr"))).0;
    assert_ne!(report["config"]["sha256"], occupied["config"]["sha256"]);
    for key in ["occupied_cells", "steps"] {
        assert_eq!(report[key], occupied[key], "{key}");
    }
    for overview in [0, 1] {
        let cells =
            |report: &serde_json::Value| report["overviews"][overview]["occupied_cells"].clone();
        assert_eq!(cells(&report), cells(&occupied));
    }
    let plain = site.trending("plain.yaml", "");
    done(filled(site.code_to(
        "plain.zarr",
        &plain,
        &paths(&granules),
    )));
    for order in ORDERS {
        let [some, all] = ["some.zarr", "all.zarr"].map(|s| values(&site.out(s), order));
        assert_eq!(without_mask(&all), some);
        let [some, all, plain] =
            ["some.zarr", "all.zarr", "plain.zarr"].map(|store| ids(&site.out(store), order));
        assert_eq!(all, plain);
        assert!(some.iter().all(|id| all.contains(id)));
        assert!(order < 7 || all.len() > some.len() + 10);
        let store = StoreReader::open_order(site.out("all.zarr"), Order::new(order).unwrap());
        let mask = store.unwrap().read(MASK).unwrap();
        assert_eq!(mask.info.shape, [all.len() as u64]);
        assert!(mask.as_f64().iter().all(|&mask| mask == 1.0));
    }
    assert_same(&site.out("all.zarr"), &site.out("all.zarr"));
}

#[test]
fn a_step_of_all_cells_is_what_a_run_over_its_time_alone_gives() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.stepped("years.yaml", "time: {every: year}");
    done(filled(site.code(&config, &paths(&granules))));
    let all = ORDERS.map(|order| values(&site.out("a.zarr"), order));
    for step in steps(&site.out("a.zarr")) {
        let (from, to) = step.split_once(" to ").unwrap();
        let time = format!("time: {{from: '{from}T00:00:00Z', to: '{to}T00:00:00Z'}}");
        let alone = site.stepped("alone.yaml", &time);
        done(filled(site.code_to("b.zarr", alone, &paths(&granules))));
        for (order, all) in ORDERS.into_iter().zip(&all) {
            let alone = values(&site.out("b.zarr"), order);
            assert_eq!(at_step(all, &step), without_mask(&alone));
            assert_eq!(
                ids(&site.out("a.zarr"), order),
                ids(&site.out("b.zarr"), order)
            );
        }
    }
}

#[test]
fn a_count_without_photons_is_0_where_the_step_has_some_and_its_fill_value_elsewhere() {
    let site = Site::new();
    // Nothing in March and April.
    let times = |i: usize| {
        if i.is_multiple_of(2) {
            400.0 * DAY
        } else {
            490.0 * DAY
        }
    };
    let granule = site.timed("a.h5", -45.0, times);
    let config = site.stepped("months.yaml", "time: {every: month}");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(
        "n: {function: count,",
        "n: {function: count, fill_value: -1,",
    );
    std::fs::write(&config, text).unwrap();
    done(filled(site.code(&config, &[&granule])).table(site.out("a.parquet")));
    done(filled(site.code_to("b.zarr", &config, &[&granule])));
    // A table beside it changes nothing.
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    let said = steps(&site.out("a.zarr"));
    assert_eq!(said.len(), 4);
    let counts = store.read("n").unwrap().as_f64();
    let rows = counts.chunks_exact(said.len());
    let mut empty = 0;
    for row in rows {
        assert!(
            row[0] >= 0.0 && row[3] >= 0.0 && row[1..3] == [-1.0, -1.0],
            "{row:?}"
        );
        empty += usize::from(row[0] == 0.0 && row[3] == 0.0);
    }
    assert!(empty > 10, "{empty}");
    // Empty cells come with the cells themselves, where what they have is not stored.
    let default = site.stepped("default.yaml", "time: {every: month}");
    done(filled(site.code_to("c.zarr", &default, &[&granule])));
    done(filled(site.code_to("d.zarr", &default, &[&granule])).table(site.out("d.parquet")));
    assert_eq!(tree(&site.out("c.zarr")), tree(&site.out("d.zarr")));
    assert_eq!(ids(&site.out("a.zarr"), 7), ids(&site.out("c.zarr"), 7));
}

#[test]
fn a_table_has_a_row_for_each_cell_of_the_region_and_step_with_photons() {
    let site = Site::new();
    let times = |i: usize| {
        if i.is_multiple_of(2) {
            400.0 * DAY
        } else {
            490.0 * DAY
        }
    };
    let granule = site.timed("a.h5", -45.0, times);
    let config = site.stepped("months.yaml", "time: {every: month}");
    let table = site.out("a.parquet");
    done(filled(site.code(&config, &[&granule])).table(&table));
    let file = std::fs::File::open(&table).unwrap();
    let rows = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let mut found: BTreeMap<i64, BTreeMap<u64, i64>> = BTreeMap::new();
    let mut last = None;
    for batch in rows.build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let ids = column("cell_ids").as_primitive::<UInt64Type>();
        let starts = column("time").as_primitive::<TimestampMicrosecondType>();
        let counts = arrow::compute::cast(column("n"), &arrow::datatypes::DataType::Int64);
        let counts = counts.unwrap();
        let counts = counts.as_primitive::<Int64Type>();
        let mask = column(MASK).as_primitive::<UInt8Type>();
        assert!(mask.values().iter().all(|&mask| mask == 1));
        for row in 0..batch.num_rows() {
            let (id, start) = (ids.value(row), starts.value(row));
            assert!(last < Some((id, start)));
            last = Some((id, start));
            found
                .entry(start)
                .or_default()
                .insert(id, counts.value(row));
        }
    }
    assert_eq!(found.len(), 2);
    let cells: BTreeSet<u64> = ids(&site.out("a.zarr"), 7).into_iter().collect();
    for of_step in found.values() {
        assert!(of_step.keys().eq(cells.iter()));
        assert!(of_step.values().any(|&n| n > 0) && of_step.values().any(|&n| n == 0));
    }
}

#[test]
fn pieces_and_the_full_sphere_have_the_same_cells() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.trending("years.yaml", "time: {every: year}");
    done(filled(site.code(&config, &paths(&granules))));
    let shards = site.mapping(&config, &paths(&granules)).execute().unwrap();
    let shards = shards.map.shards.len();
    for half in [
        format!("0..{}", shards / 2),
        format!("{}..{shards}", shards / 2),
    ] {
        let part = site.part_as("b.zarr", &config, &half);
        done(part.region(area()).cells_of_region(true).overviews([5, 2]));
    }
    done(site.making("b.zarr"));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    let sphere = site.code_to("c.zarr", &config, &paths(&granules));
    let sphere = sphere.region(area()).cells_of_region(true);
    done(sphere.layout(Layout::FULL_SPHERE));
    let flat = site.code_to("d.zarr", &config, &paths(&granules));
    done(flat.region(area()).cells_of_region(true));
    let found = Verify::stores(&site.out("c.zarr"), &site.out("d.zarr")).unwrap();
    assert!(found.identical(), "{found}");
    let sphere = StoreReader::open(site.out("c.zarr")).unwrap();
    assert_eq!(sphere.cell_ids().unwrap(), ids(&site.out("d.zarr"), 7));
    assert_same(&site.out("c.zarr"), &site.out("c.zarr"));
}

#[test]
fn numbers_of_granules_have_all_cells_too_and_so_has_a_store_without_photons() {
    let site = Site::new();
    let granule = site.timed("a.h5", -45.0, |_| 400.0 * DAY);
    tell(&granule, "orbit_info", "rgt", 77_i32);
    let far = site.timed("far.h5", 60.0, |_| 400.0 * DAY);
    tell(&far, "orbit_info", "rgt", 78_i32);
    let config = site.stepped("rgts.yaml", "time: {every: rgt}");
    done(filled(site.code(&config, &[&granule, &far])));
    assert_eq!(steps(&site.out("a.zarr")), ["rgt 77"]);
    let all = ids(&site.out("a.zarr"), 7);
    for (time, count) in [
        ("time: {every: rgt}", 0),
        ("time: {every: month}", 0),
        ("time: {edges: [2019, 2020, 2021]}", 2),
    ] {
        let config = site.stepped("none.yaml", time);
        let run = filled(site.code_to("none.zarr", &config, &[&far]));
        done(run.table(site.out("none.parquet")));
        let none = site.out("none.zarr");
        assert_eq!((steps(&none).len(), ids(&none, 7)), (count, all.clone()));
        assert_same(&none, &none);
    }
}

#[test]
fn an_array_without_steps_is_exported_by_cells() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.trending("years.yaml", "time: {every: year}");
    done(filled(site.code_to("all.zarr", &config, &paths(&granules))));
    let store = site.out("all.zarr");
    let asked = Export {
        variables: vec![MASK.to_owned()],
        ..Export::new(&store, site.out("mask.csv"))
    };
    export(&asked).unwrap();
    let text = std::fs::read_to_string(site.out("mask.csv")).unwrap();
    assert_eq!(text.lines().count() - 1, ids(&store, ORDERS[0]).len());
    let at_a_time = Export {
        time: Some("2019".to_owned()),
        overwrite: true,
        ..asked
    };
    let error = export(&at_a_time).unwrap_err().to_string();
    assert!(error.contains("has no steps of time"), "{error}");
}
