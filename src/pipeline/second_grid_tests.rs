//! A second grid on the whole line, from positions to a store: nothing of it knows that cells are HEALPix.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, UInt64Type};

use super::finish::{Coarser, Finish};
use super::*;
use crate::backend::cpu::{Cpu, Strategy};
use crate::config::{Dtype, parse_yaml};
use crate::finalize::{CellTable, Conserved, Overviews, StoreSchema, schema};
use crate::grid::{Grid, Lattice, Order, ShardSet, shard_runs};
use crate::merge::Window;
use crate::photon::{Column, ColumnType, Origin, Rows, SourceColumn, Values};
use crate::read::WantedShards;
use crate::store::{Layout, Sink, StoreReader, Target};

const YAML: &str = r#"
data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {h: h}
aggregation:
  variables:
    n: {function: count, source: h, dtype: int64}
    low: {function: min, source: h, dtype: float64}
    high: {function: max, source: h, dtype: float64}
    mean: {function: mean, source: h, dtype: float64}
    middle: {expression: "quantile(h, 0.5)", dtype: float64}
    spread: {function: histogram, source: h, params: {edges: [0, 50, 100]}}
output:
  grid: {type: healpix, parent_order: 2, child_order: 6}
"#;
const GRID: Grid = Grid::Lattice(Lattice);
const PHOTONS: usize = 30_000;

fn order(k: u8) -> Order {
    Order::new(k).unwrap()
}

/// Photons along tracks, and one in ten anywhere.
fn photons() -> Vec<(f64, f64, f32)> {
    let mut state = 7u64;
    let mut unit = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let photon = |i: usize| {
        let height = (unit() * 100.0).floor() as f32;
        if i.is_multiple_of(10) {
            return (unit() * 720.0 - 360.0, unit() * 180.0 - 90.0, height);
        }
        let along = (i % 6000) as f64 * 1e-3;
        (
            (i / 6000) as f64 * 35.0 - 180.0 + along,
            along * 20.0 - 60.0,
            height,
        )
    };
    (0..PHOTONS).map(photon).collect()
}

fn batch(photons: &[(f64, f64, f32)]) -> PhotonBatch {
    PhotonBatch {
        origin: Origin {
            granule: Arc::from("g"),
            ground_track: Arc::from(""),
            rows: Rows::Range(0..photons.len() as u64),
        },
        step: 0,
        lon: photons.iter().map(|p| p.0).collect(),
        lat: photons.iter().map(|p| p.1).collect(),
        columns: vec![Column {
            values: Values::F32(photons.iter().map(|p| p.2).collect()),
            nulls: None,
        }],
    }
}

/// Tables by order.
#[derive(Default)]
struct Tables(BTreeMap<Order, Vec<RecordBatch>>);

impl Sink for Tables {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        self.0.entry(order).or_default().push(table.rows.clone());
        Ok(())
    }
}

/// What is asked, of the second grid.
fn asked() -> (Config, Job, StoreSchema) {
    let mut config = parse_yaml("lattice", YAML).unwrap();
    config.grid.kind = GRID;
    let source = SourceColumn {
        name: "h".to_owned(),
        column_type: ColumnType::F32,
        dtype: Dtype::F32,
        units: None,
        long_name: None,
    };
    let job = Job::new(&config, std::slice::from_ref(&source));
    let schema = schema(&config, &job, &[source]).unwrap();
    (config, job, schema)
}

/// The photons that lie in every second of the shards that have any, which are planned, written in a map's words,
/// read back, and wanted.
fn wanted(photons: &[(f64, f64, f32)], grid: &GridConfig) -> Vec<(f64, f64, f32)> {
    let all = batch(photons);
    let mut shards = BTreeSet::new();
    shard_runs(&grid.shard_locator(), &all.lon, &all.lat, |shard, _| {
        shards.insert(shard);
    });
    assert!(shards.len() > 50);
    let keys = shards
        .iter()
        .map(|&shard| GRID.key(grid.shard_order, shard));
    let ids = keys.map(|key| GRID.of_key(key).unwrap().1).step_by(2);
    let wanted = Arc::new(ShardSet::new(grid.shard_order, ids.collect()));
    let mut places: Vec<u32> = (0..all.len() as u32).collect();
    WantedShards::new(wanted, GRID).retain(&all.lon, &all.lat, &mut places);
    places
        .iter()
        .map(|&place| photons[place as usize])
        .collect()
}

/// The line of one backend strategy, into tables; in batches of so many photons.
fn tables(
    photons: &[(f64, f64, f32)],
    (job, schema): (&Job, &StoreSchema),
    overviews: &[Order],
    (strategy, rows): (Strategy, usize),
) -> Tables {
    let device = Device::Cpu(Box::new(Cpu::open(2).unwrap().with_strategy(strategy)));
    let spill = tempfile::tempdir().unwrap();
    let mut partials = RunPartials::new(&schema.grid, job, 1 << 30, spill.path());
    for photons in photons.chunks(rows) {
        let mut times = StageTimes::default();
        let folded = device.fold(&batch(photons), &schema.grid, job, &mut times);
        partials.add(&folded.unwrap()).unwrap();
    }
    partials.commit().unwrap();
    let mut coarser = Coarser {
        overviews: Overviews::new(overviews, schema, job, partials.piles()),
        top: Some(Window::empty(job)),
        piles: partials.piles().clone(),
    };
    let (mut conserved, mut tally) = (Conserved::new(job), Tally::default());
    let (mut sink, finish) = (Tables::default(), Finish { job, schema });
    for shard in partials.shards().collect::<Vec<_>>() {
        let out = (&mut coarser, &mut conserved, &mut sink);
        finish.shard(shard, &mut partials, out, &mut tally).unwrap();
    }
    let counts = Counts {
        read: photons.len() as u64,
        kept: photons.len() as u64,
        ..Counts::default()
    };
    conserved.check(&counts, job).unwrap();
    for overview in coarser.overviews.finish().unwrap() {
        sink.append(overview.order, &overview.shard.table).unwrap();
    }
    sink
}

/// Column and row of a position, by arithmetic of its own.
fn place(order: Order, lon: f64, lat: f64) -> (u64, u64) {
    let across = 3u64.pow(order.get().into());
    let degrees = 180.0 / across as f64;
    let column = ((lon + 180.0).rem_euclid(360.0) / degrees) as u64;
    let row = ((90.0 - lat) / degrees) as u64;
    (column.min(2 * across - 1), row.min(across - 1))
}

/// Every cell has the photons that lie in it, and no photon is in no cell.
fn check(photons: &[(f64, f64, f32)], order: Order, tables: &[RecordBatch]) {
    let mut expected: BTreeMap<(u64, u64), Vec<f32>> = BTreeMap::new();
    for &(lon, lat, h) in photons {
        expected.entry(place(order, lon, lat)).or_default().push(h);
    }
    let mut last = None;
    for rows in tables {
        let f64s = |name: &str| {
            rows.column_by_name(name)
                .unwrap()
                .as_primitive::<Float64Type>()
        };
        let ids = rows.column(0).as_primitive::<UInt64Type>();
        let counts = rows
            .column_by_name("n")
            .unwrap()
            .as_primitive::<Int64Type>();
        for (i, &id) in ids.values().iter().enumerate() {
            assert!(last.replace(id).is_none_or(|last| last < id));
            let (lon, lat) = GRID.center(order, id);
            let heights = expected.remove(&place(order, lon, lat)).unwrap();
            assert_eq!(counts.value(i), heights.len() as i64);
            let of = |f: fn(f32, f32) -> f32| heights.iter().copied().reduce(f).unwrap();
            assert_eq!(f64s("low").value(i), f64::from(of(f32::min)));
            assert_eq!(f64s("high").value(i), f64::from(of(f32::max)));
            // Whole numbers: the sum is exact.
            let mean = f64::from(of(|a, b| a + b)) / heights.len() as f64;
            assert_eq!(f64s("mean").value(i), mean);
        }
    }
    assert!(expected.is_empty(), "{} cells are missing", expected.len());
}

#[test]
#[allow(clippy::float_cmp, reason = "exact results are the fact under test")]
fn a_second_grid_goes_from_positions_to_tables_on_every_way_through_the_cpu() {
    let (_, job, schema) = asked();
    let photons = wanted(&photons(), &schema.grid);
    assert!(photons.len() > PHOTONS / 4 && photons.len() < PHOTONS);
    let overviews = [5, 4, 2, 1, 0].map(order);
    let ways = [
        (Strategy::Runs, 7_001),
        (Strategy::Blocks, 1 << 20),
        (Strategy::Sort, 997),
    ];
    let found = ways.map(|way| tables(&photons, (&job, &schema), &overviews, way).0);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[1], found[2]);
    assert_eq!(found[0].len(), 6);
    for (order, tables) in &found[0] {
        check(&photons, *order, tables);
    }
}

#[test]
fn a_store_says_what_grid_its_cells_are_of() {
    let (_, job, schema) = asked();
    let photons = wanted(&photons(), &schema.grid);
    let overviews = [order(3)];
    let way = (Strategy::Auto, 1 << 20);
    let tables = tables(&photons, (&job, &schema), &overviews, way).0;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.zarr");
    let target = Target {
        geometry: crate::store::Geometry::None,
        store: &path,
        overwrite: false,
        overviews: &overviews,
        layout: Layout::CELLS,
        config: None,
    };
    let mut sink = target
        .open(&schema, None, &crate::store::Origin::default())
        .unwrap();
    for (order, tables) in tables.iter().rev() {
        for rows in tables {
            let table = CellTable { rows: rows.clone() };
            sink.append(*order, &table).unwrap();
        }
    }
    let errors = crate::left_out::ErrorTable::new(&folder.path().join("e.parquet"));
    for step in sink.finish(errors).unwrap().steps {
        if let crate::place::Step::Folder(place) = step {
            place.publish().unwrap();
        }
    }
    for cells in [order(6), order(3)] {
        let store = StoreReader::open_order(&path, cells).unwrap();
        assert_eq!(store.grid().kind, GRID);
        let ids = tables[&cells].iter();
        let ids = ids.flat_map(|rows| rows.column(0).as_primitive::<UInt64Type>().values());
        assert!(store.cell_ids().unwrap().iter().eq(ids));
    }
}
