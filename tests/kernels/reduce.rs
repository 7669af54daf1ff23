//! reduce: against the CPU backend, bit by bit, for values of every kind and type.

use arrow::buffer::NullBuffer;
use icefold::backend::cpu::{Cpu, Strategy};
use icefold::backend::cuda::Way;
use icefold::backend::{Backend, StageTimes};
use icefold::config::GridConfig;
use icefold::grid::{Latitude, Order};
use icefold::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use icefold::stat::{ColumnOrigin, Job, JobColumn, Needs, Ordered, Partials, Resolution};

use super::{Position, Subject, noise, on_emulation_and_device};

/// A bit pattern of 64 bits: any at all, or at the edges of what floats and integers hold.
fn any_bits(i: usize, salt: u64) -> u64 {
    let any = (noise(i, salt) * 2f64.powi(32)) as u64;
    any << 32 | (noise(i, salt + 1) * 2f64.powi(32)) as u64
}

fn narrow(i: usize, salt: u64) -> f32 {
    const EDGES: [u32; 20] = [
        0,
        0x8000_0000,
        1,
        0x8000_0001,
        0x007f_ffff,
        0x0080_0000,
        0x7f80_0000,
        0xff80_0000,
        0x7f80_0001,
        0x7fc0_0000,
        0xffc1_2345,
        0x7f7f_ffff,
        0xff7f_ffff,
        0x467f_ffff,
        0x4680_0000,
        0xc680_0000,
        0x2e80_0000,
        0x2e80_0001,
        0x2e00_0000,
        0xae80_0000,
    ];
    match (noise(i, salt) * 10.0) as u32 {
        0 => f32::from_bits(EDGES[i % EDGES.len()]),
        1 => f32::from_bits(any_bits(i, salt + 1) as u32),
        _ => (noise(i, salt + 3) * 5000.0 - 500.0) as f32,
    }
}

fn wide(i: usize, salt: u64) -> f64 {
    let edges = [
        0.0,
        -0.0,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::MAX,
        f64::MIN,
        2f64.powi(63),
        -2f64.powi(63),
        2f64.powi(63).next_down(),
        16_384.0,
        16_384f64.next_down(),
        2f64.powi(-35),
        2f64.powi(-35).next_up(),
        2f64.powi(-129),
        3.0 * 2f64.powi(-129),
        2f64.powi(-129).next_up(),
        -2f64.powi(-128),
        2f64.powi(-76),
    ];
    match (noise(i, salt) * 10.0) as u32 {
        0 => edges[i % edges.len()],
        1 => f64::from_bits(any_bits(i, salt + 1)),
        2 => (noise(i, salt + 4) - 0.5) * 2f64.powi((noise(i, salt + 5) * 220.0) as i32 - 150),
        _ => noise(i, salt + 3) * 5000.0 - 500.0,
    }
}

fn integer(i: usize, salt: u64) -> i64 {
    let edges = [
        0,
        -1,
        1,
        i64::MAX,
        i64::MIN,
        i64::MAX - 1,
        1 << 48,
        (1 << 48) - 1,
        -(1 << 48),
    ];
    match (noise(i, salt) * 10.0) as u32 {
        0 => edges[i % edges.len()],
        1 => any_bits(i, salt + 1) as i64,
        _ => (noise(i, salt + 3) * 1e6) as i64 - 500_000,
    }
}

/// By letters: range, moments, terms, ordered.
fn needs(letters: &str) -> Needs {
    Needs {
        range: letters.contains('r'),
        moments: letters.contains('m'),
        variance: letters.contains('m'),
        terms: letters.contains('t'),
        ordered: letters.contains('o'),
        ..Needs::default()
    }
}

/// Every type with every kind of need, at resolutions from the coarsest to the finest.
fn job() -> Job {
    use ColumnType::{F32, F64, I64};
    let edges = Needs {
        edges: Some(vec![-10.0, 0.0, 5.5, 100.0]),
        ..needs("rm")
    };
    let columns = [
        (F32, 34, needs("rmo")),
        (F32, 34, Needs::default()),
        (F32, 0, needs("m")),
        (F32, -60, needs("m")),
        (F32, 100, needs("rm")),
        (F32, 34, edges),
        (F32, 34, needs("t")),
        (F64, 34, needs("rmo")),
        (F64, -60, needs("m")),
        (F64, 100, needs("m")),
        (F64, 34, needs("rt")),
        (F64, 20, needs("rmto")),
        (I64, 0, needs("rmo")),
        (I64, -16, needs("m")),
        (I64, 47, needs("m")),
        (I64, -60, needs("rm")),
    ];
    let describe = |(column_type, exponent, needs): (ColumnType, i32, Needs)| JobColumn {
        name: format!("{column_type:?} at 2^-{exponent}"),
        origin: ColumnOrigin::Source(0),
        column_type,
        resolution: Resolution::new(exponent).unwrap(),
        needs,
    };
    Job {
        columns: columns.into_iter().map(describe).collect(),
        outputs: Vec::new(),
    }
}

fn columns(n: usize, job: &Job) -> Vec<Column> {
    let column = |(place, described): (usize, &JobColumn)| {
        let salt = 100 + 16 * place as u64;
        let valid = || -> NullBuffer { (0..n).map(|i| noise(i, salt + 9) > 0.1).collect() };
        Column {
            values: match described.column_type {
                ColumnType::F32 => Values::F32((0..n).map(|i| narrow(i, salt)).collect()),
                ColumnType::F64 => Values::F64((0..n).map(|i| wide(i, salt)).collect()),
                ColumnType::I64 => Values::I64((0..n).map(|i| integer(i, salt)).collect()),
            },
            nulls: (place % 2 == 0).then(valid),
        }
    };
    job.columns.iter().enumerate().map(column).collect()
}

/// Where photons are: in one cell, in runs, in runs that come back, in cells of their own.
const PLACES: [(&str, Position); 5] = [
    ("one cell", |_| (12.5, -33.25)),
    ("a track", |i| {
        (-45.0 + i as f64 * 2e-6, 69.0 + i as f64 * 7e-6)
    }),
    ("back and forth", |i| {
        let at = if (i / 1000) % 2 == 0 {
            i % 1000
        } else {
            1000 - i % 1000
        };
        (-45.0, 69.0 + at as f64 * 7e-6)
    }),
    ("few cells", |i| {
        (noise(i, 2) * 0.3, 41.7 + noise(i, 3) * 0.3)
    }),
    ("many cells", |i| {
        (noise(i, 4) * 360.0, noise(i, 5) * 180.0 - 90.0)
    }),
];

/// Values that order statistics are taken of, in one order: the largest integer has the key of none, so
/// a device cannot tell its place in a cell from that of a null.
fn as_multisets(mut partials: Partials) -> Partials {
    let ordered = partials.columns.iter_mut();
    ordered
        .filter_map(|column| column.ordered.as_mut())
        .for_each(Ordered::sort);
    partials
}

fn folds<S: Subject>(n: usize, job: &Job, way: Way) {
    let (cuda, cpu) = (
        S::open().with_way(way),
        Cpu::open(2).unwrap().with_strategy(Strategy::Sort),
    );
    let grid = GridConfig {
        shard_order: Order::new(6).unwrap(),
        chunk_order: None,
        cell_order: Order::new(14).unwrap(),
        kind: Latitude::AuthalicWgs84.into(),
    };
    for (name, place) in PLACES {
        let (lon, lat) = (0..n).map(place).unzip();
        let batch = PhotonBatch {
            origin: Origin {
                granule: "in_memory.h5".into(),
                ground_track: "gt1l".into(),
                rows: Rows::Range(0..n as u64),
            },
            lon,
            lat,
            columns: columns(n, job),
        };
        let mut times = StageTimes::default();
        let expected = as_multisets(cpu.fold(&batch, &grid, job, &mut times).unwrap());
        let found = cuda.fold(&batch, &grid, job, &mut times).unwrap();
        let photons = cuda.upload(&batch).unwrap();
        let sorted = cuda.sort(cuda.locate(&photons, &grid).unwrap()).unwrap();
        let segments = cuda.segment(&sorted).unwrap();
        let staged = cuda.reduce(&photons, &sorted, &segments, job).unwrap();
        for (how, found) in [("fused", found), ("staged", staged)] {
            let found = as_multisets(found);
            assert_eq!(found.cells, expected.cells, "{n} photons, {name}, {how}");
            assert_eq!(
                found.photons, expected.photons,
                "{n} photons, {name}, {how}"
            );
            for (i, described) in job.columns.iter().enumerate() {
                let (found, expected) = (&found.columns[i], &expected.columns[i]);
                let name = format!("{n} photons, {name}, {how}: {i} {}", described.name);
                assert_eq!(found.count, expected.count, "{name}");
                assert_eq!(found.specials, expected.specials, "{name}");
                assert_eq!(found.out_of_range, expected.out_of_range, "{name}");
                assert!(found.range == expected.range, "range: {name}");
                assert!(found.moments == expected.moments, "moments: {name}");
                assert!(found.terms == expected.terms, "terms: {name}");
                assert!(found.bins == expected.bins, "bins: {name}");
                assert!(
                    found.ordered == expected.ordered,
                    "order statistics: {name}"
                );
            }
        }
    }
}

fn every_type_need_and_size<S: Subject>() {
    let job = job();
    for n in [0, 1, 17, 257, 4096, 4097, 8193] {
        folds::<S>(n, &job, Way::Sampled);
    }
}

fn job_without_order_statistics() -> Job {
    let mut job = job();
    for column in &mut job.columns {
        column.needs.ordered = false;
    }
    job
}

/// Without order statistics records of runs are sorted instead of photons.
fn records_of_runs_fold_as_photons_do<S: Subject>() {
    let job = job_without_order_statistics();
    for n in [1, 4097, 13_000] {
        folds::<S>(n, &job, Way::Stages);
    }
}

/// Or runs are folded where they stand; of photons that do not lie in runs there are too many.
fn runs_fold_where_they_stand<S: Subject>() {
    let job = job_without_order_statistics();
    for n in [1, 2, 63, 257, 4097, 13_000] {
        folds::<S>(n, &job, Way::Runs);
    }
}

on_emulation_and_device!(
    every_type_need_and_size,
    records_of_runs_fold_as_photons_do,
    runs_fold_where_they_stand,
);
