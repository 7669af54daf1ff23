//! sort and segment: against the standard library's stable sort, and a look at every key.

use icefold::backend::cuda::{Cuda, Sorting};
use icefold::backend::{Backend, KeyTable};
use icefold::config::GridConfig;
use icefold::grid::{Latitude, Order};

use super::{SIZES, Subject, noise, on_emulation_and_device};

/// The cell of one of so many photons.
type Cell = fn(usize, usize) -> u64;

/// How cells follow each other.
const ARRANGEMENTS: [(&str, Cell); 8] = [
    ("one cell", |_, _| 777),
    ("ascending", |i, _| i as u64 / 3),
    ("descending", |i, n| (n - i) as u64 / 3),
    ("random", |i, _| (noise(i, 11) * 5000.0) as u64),
    ("runs", |i, _| {
        (i as u64 / 100).wrapping_mul(0x9e37_79b9) % 1000
    }),
    ("one cell among many", |i, _| {
        if noise(i, 12) < 0.1 {
            (noise(i, 13) * 1e6) as u64
        } else {
            31
        }
    }),
    // An odd factor permutes 32 bits.
    ("distinct", |i, _| {
        (i as u32).wrapping_mul(0x9e37_79b1).into()
    }),
    // Only the highest and the lowest digit differ.
    ("two digits", |i, _| {
        (u64::from(i as u32 % 7) << 24) | (i as u64 % 5)
    }),
];

fn keys(cells: &[u64]) -> (Vec<u32>, KeyTable) {
    let grid = GridConfig {
        shard_order: Order::new(13).unwrap(),
        chunk_order: None,
        cell_order: Order::new(29).unwrap(),
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    };
    let table = KeyTable::new(&grid, |shift| {
        let mut groups: Vec<u64> = cells.iter().map(|cell| cell >> shift).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    });
    let key = |&cell: &u64| table.key(cell, table.slot(cell, 0).unwrap());
    (cells.iter().map(key).collect(), table)
}

fn sorts_and_segments<S: Subject>(name: &str, cells: &[u64]) {
    for sorting in [Sorting::LookBack, Sorting::Scan] {
        let mut cuda = S::open();
        cuda.set_sorting(sorting);
        let name = format!("{name}, {sorting:?}");
        sorts_and_segments_on(&cuda, &name, cells);
    }
}

fn sorts_and_segments_on<S: Subject>(cuda: &Cuda<S>, name: &str, cells: &[u64]) {
    let (keys, table) = keys(cells);
    let mut expected: Vec<(u32, u32)> = keys.iter().copied().zip(0..).collect();
    expected.sort_by_key(|pair| pair.0);
    let sorted = cuda.sort(cuda.upload_keys(&keys, table).unwrap()).unwrap();
    let (keys, photons) = cuda.pairs(&sorted).unwrap();
    let found: Vec<(u32, u32)> = keys.iter().copied().zip(photons).collect();
    assert!(found == expected, "sort: {name}");
    let segments = cuda.segment(&sorted).unwrap();
    let begins = |i: &usize| *i == 0 || keys[*i] != keys[*i - 1];
    let starts: Vec<u32> = (0..keys.len()).filter(begins).map(|i| i as u32).collect();
    assert!(cuda.starts(&segments).unwrap() == starts, "segment: {name}");
}

fn every_size_and_arrangement<S: Subject>() {
    for n in SIZES {
        for (name, cell) in ARRANGEMENTS {
            let cells: Vec<u64> = (0..n).map(|i| cell(i, n)).collect();
            sorts_and_segments::<S>(&format!("{n} photons, {name}"), &cells);
        }
    }
}

/// More tiles than one strip of the scan of sums, and more counts than one tile.
fn many_tiles<S: Subject>() {
    let n = 150_001;
    for (name, cell) in ARRANGEMENTS {
        let cells: Vec<u64> = (0..n).map(|i| cell(i, n)).collect();
        sorts_and_segments::<S>(&format!("{n} photons, {name}"), &cells);
    }
}

on_emulation_and_device!(every_size_and_arrangement, many_tiles);
