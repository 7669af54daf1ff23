//! reduce: against sums in 128 bits and comparisons of floats, value by value; values of every kind.

use std::collections::BTreeMap;

use arrow::buffer::NullBuffer;
use icefold::backend::StageTimes;
use icefold::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use icefold::stat::{
    ColumnOrigin, Job, JobColumn, Moments, Needs, Partials, Range, Resolution, Specials,
    Unsigned256, Value,
};

use super::noise;
use super::subject::{Cells, Subject, each, grid, keys, on_every_backend};

/// Bit patterns at the edges of what float32 holds.
const EDGES: [u32; 24] = [
    0x0000_0000,
    0x8000_0000, // zeros
    0x0000_0001,
    0x8000_0001,
    0x007f_ffff,
    0x0080_0000, // around the smallest normal number
    0x7f80_0000,
    0xff80_0000, // infinities
    0x7f80_0001,
    0x7fc0_0000,
    0xffc1_2345,
    0xffff_ffff,
    0x7fff_ffff, // NaN with payloads
    0x7f7f_ffff,
    0xff7f_ffff, // largest
    0x467f_ffff,
    0x4680_0000,
    0xc680_0000, // around 2^14
    0x2e80_0000,
    0x2e80_0001,
    0x2e00_0000,
    0x2f40_0000, // around 2^-34: ties and units
    0xae80_0000,
    0x3f80_0001,
];

/// A value of any kind: edges, any bits at all, and heights.
fn value(i: usize, salt: u64) -> f32 {
    let any = (noise(i, salt + 1) * 4_294_967_296.0) as u32;
    match (noise(i, salt) * 10.0) as u32 {
        0 | 1 => f32::from_bits(EDGES[any as usize % EDGES.len()]),
        2 => f32::from_bits(any),
        _ => (noise(i, salt + 2) * 5000.0 - 500.0) as f32,
    }
}

fn column(n: usize, salt: u64, nulls: bool) -> Column {
    let valid = || -> NullBuffer { (0..n).map(|i| noise(i, salt + 3) > 0.1).collect() };
    Column {
        values: Values::F32((0..n).map(|i| value(i, salt)).collect()),
        nulls: nulls.then(valid),
    }
}

/// Columns of all needs, at resolutions from the coarsest to the finest.
fn job() -> Job {
    let column = |exponent, needs| JobColumn {
        name: format!("at 2^-{exponent}"),
        origin: ColumnOrigin::Source(0),
        column_type: ColumnType::F32,
        resolution: Resolution::new(exponent).unwrap(),
        needs,
    };
    let all = Needs {
        range: true,
        moments: true,
        ordered: true,
        ..Needs::default()
    };
    let moments = Needs {
        moments: true,
        ..Needs::default()
    };
    Job {
        columns: vec![
            column(34, all),
            column(34, Needs::default()),
            column(0, moments.clone()),
            column(-60, moments.clone()),
            column(100, moments.clone()),
            column(17, moments),
        ],
        outputs: Vec::new(),
    }
}

fn columns(n: usize, job: &Job) -> Vec<Column> {
    let columns = 0..job.columns.len() as u64;
    columns
        .map(|c| column(n, 100 + 7 * c, c % 2 == 0))
        .collect()
}

/// What one cell's values come to, the plain way.
fn check_column(
    name: &str,
    (partials, place): (&Partials, usize),
    cells: &[u64],
    job: &Job,
    column: &Column,
) {
    let described = &job.columns[place];
    let found = &partials.columns[place];
    let mut by_cell: BTreeMap<u64, Vec<f32>> = cells.iter().map(|&c| (c, Vec::new())).collect();
    let Values::F32(values) = &column.values else {
        unreachable!()
    };
    for (i, &cell) in cells
        .iter()
        .enumerate()
        .filter(|(i, _)| column.is_valid(*i))
    {
        by_cell.get_mut(&cell).unwrap().push(values[i]);
    }
    let mut out_of_range = 0;
    let scale = 2f64.powi(described.resolution.exponent());
    for (i, (cell, values)) in by_cell.iter().enumerate() {
        let place = format!("{name}, column {place}, cell {cell}");
        assert_eq!(partials.cells[i], *cell, "{place}");
        assert_eq!(found.count[i], values.len() as u64, "{place}");
        let (mut specials, mut range) = (Specials::default(), Range::default());
        let (mut sum, mut squares) = (0i128, 0u128);
        for &value in values {
            specials.nan += u64::from(value.is_nan());
            specials.positive_infinity += u64::from(value == f32::INFINITY);
            specials.negative_infinity += u64::from(value == f32::NEG_INFINITY);
            if !value.is_nan() {
                range.min = range.min.min(value.key());
                range.max = range.max.max(value.key());
            }
            let q = (f64::from(value) * scale).round_ties_even();
            if value.is_finite() && q.abs() < 2f64.powi(48) {
                sum += q as i128;
                squares += (q.abs() as u128).pow(2);
            } else if value.is_finite() {
                out_of_range += 1;
            }
        }
        if described.needs.values() {
            assert_eq!(found.specials[i], specials, "{place}");
        } else {
            assert_eq!(found.specials[i], Specials::default(), "{place}");
        }
        if let Some(rows) = &found.range {
            assert_eq!(rows[i], range, "{place}");
        }
        if let Some(rows) = &found.moments {
            let squares = Unsigned256 {
                high: 0,
                low: squares,
            };
            assert_eq!(rows[i], Moments { sum, squares }, "{place}");
        }
    }
    let expected = if described.needs.moments {
        out_of_range
    } else {
        0
    };
    assert_eq!(found.out_of_range, expected, "{name}, column {place}");
}

/// A batch whose coordinates do not matter.
fn batch(columns: Vec<Column>, n: usize) -> PhotonBatch {
    PhotonBatch {
        origin: Origin {
            granule: "in_memory.h5".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..n as u64),
        },
        step: 0,
        lon: vec![0.0; n].into(),
        lat: vec![0.0; n].into(),
        columns,
    }
}

fn stages<B: Subject>(backend: &B, batch: &PhotonBatch, cells: &[u64], job: &Job) -> Partials {
    let (keys, table) = keys(cells);
    let photons = backend.upload(batch).unwrap();
    let sorted = backend.sort(backend.keys(keys, table).unwrap()).unwrap();
    let segments = backend.segment(&sorted).unwrap();
    backend.reduce(&photons, &sorted, &segments, job).unwrap()
}

fn values_of_every_kind<B: Subject>() {
    let (backend, job) = (B::open(), job());
    each(|name, cells| {
        let batch = batch(columns(cells.len(), &job), cells.len());
        let partials = stages(&backend, &batch, cells, &job);
        let total: u64 = partials.photons.iter().sum();
        assert_eq!(total, cells.len() as u64, "{name}");
        for (place, column) in batch.columns.iter().enumerate() {
            check_column(name, (&partials, place), cells, &job, column);
        }
    });
}

/// Also their order inside cells, which decides no result, but is the same because sorts are stable.
fn partials_are_those_of_the_cpu<B: Subject>() {
    let (backend, job) = (B::open(), job());
    let cpu = icefold::backend::cpu::Cpu::open(2).unwrap();
    for (cells, n) in [
        (Cells::Random, 70_000),
        (Cells::HotCell, 1 << 17),
        (Cells::Runs, 65_537),
    ] {
        let name = format!("{cells:?}");
        let cells = cells.cells(n);
        let batch = batch(columns(n, &job), n);
        let expected = stages(&cpu, &batch, &cells, &job);
        assert!(stages(&backend, &batch, &cells, &job) == expected, "{name}");
    }
}

/// The largest sums that a tile and a batch can have.
fn sums_of_the_largest_values_do_not_wrap<B: Subject>() {
    let backend = B::open();
    let n = 300_000;
    let job = Job {
        columns: job().columns[..1].to_vec(),
        outputs: Vec::new(),
    };
    for bits in [0x467f_ffff, 0xc67f_ffff] {
        let values = Values::F32(vec![f32::from_bits(bits); n].into());
        let column = Column {
            values,
            nulls: None,
        };
        let batch = batch(vec![column.clone()], n);
        let cells = Cells::OneCell.cells(n);
        let partials = stages(&backend, &batch, &cells, &job);
        check_column("largest", (&partials, 0), &cells, &job, &column);
    }
}

/// What the fused fold does with photons in one place, whatever the values.
fn the_fold_of_one_place_counts_what_is_out_of_range<B: Subject>() {
    let (backend, job) = (B::open(), job());
    let n = 5000;
    let batch = batch(columns(n, &job), n);
    let mut times = StageTimes::default();
    let partials = backend.fold(&batch, &grid(), &job, &mut times).unwrap();
    let cells = vec![partials.cells[0]; n];
    for (place, column) in batch.columns.iter().enumerate() {
        check_column("one place", (&partials, place), &cells, &job, column);
    }
}

on_every_backend!(
    values_of_every_kind,
    partials_are_those_of_the_cpu,
    sums_of_the_largest_values_do_not_wrap,
    the_fold_of_one_place_counts_what_is_out_of_range,
);
