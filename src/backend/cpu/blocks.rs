//! Blocks: photons in no order, over few cells.
//!
//! A block of photons is brought together by cell with one counting pass that stays in the cache,
//! and folded into one record a cell; records of all blocks then merge exactly. This moves each
//! value once, where sorting photons moves keys several times.

use crate::photon::{Column, Values};
use crate::stat::{ColumnPartials, Job, JobColumn, Partials, Value};

use super::super::KeyTable;
use super::locate::fill_keys;

/// Photons of a block: their values and places stay in the second-level cache.
pub const BLOCK: usize = 1 << 18;
/// Most keys that a counting pass may have bins for.
pub const MOST_KEYS: u64 = 1 << 16;

/// Buffers that are used again from block to block.
#[derive(Debug, Default)]
pub struct Block {
    keys: Vec<u32>,
    /// Photons of each key, then the place of the next one.
    places: Vec<u32>,
    counts: Vec<u32>,
    narrow: Vec<f32>,
    wide: Vec<f64>,
    whole: Vec<i64>,
}

/// Appends one record for every cell of a block of photons, which starts at photon `start` of the
/// columns; records ascend by cell.
pub fn fold_block(
    records: &mut Partials,
    block: &mut Block,
    (cells, table): (&[u64], &KeyTable),
    (columns, start): (&[Column], usize),
    job: &Job,
) {
    block.keys.resize(cells.len(), 0);
    fill_keys(table, cells, &mut block.keys);
    block.counts.clear();
    block.counts.resize(table.keys() as usize, 0);
    for &key in &block.keys {
        block.counts[key as usize] += 1;
    }
    for (key, &count) in block.counts.iter().enumerate() {
        if count > 0 {
            records.cells.push(table.cell(key as u32));
            records.photons.push(u64::from(count));
        }
    }
    for ((rows, column), described) in records.columns.iter_mut().zip(columns).zip(&job.columns) {
        let photons = start..start + cells.len();
        let Block {
            keys,
            places,
            counts,
            narrow,
            wide,
            whole,
        } = block;
        let bins = Bins {
            keys,
            counts,
            places,
        };
        match &column.values {
            Values::F32(v) => bins.fold(rows, (&v[photons], column, start), narrow, described),
            Values::F64(v) => bins.fold(rows, (&v[photons], column, start), wide, described),
            Values::I64(v) => bins.fold(rows, (&v[photons], column, start), whole, described),
        }
    }
}

struct Bins<'a> {
    keys: &'a [u32],
    counts: &'a [u32],
    places: &'a mut Vec<u32>,
}

impl Bins<'_> {
    /// Brings the values of one column together by key, and folds each key's.
    fn fold<T: Value + Default>(
        self,
        rows: &mut ColumnPartials,
        (values, column, start): (&[T], &Column, usize),
        sorted: &mut Vec<T>,
        described: &JobColumn,
    ) {
        let valid = |photon: usize| column.is_valid(start + photon);
        let has_nulls = column.nulls.is_some();
        let mut kept = Vec::new();
        let counts = if has_nulls {
            kept.resize(self.counts.len(), 0);
            for (photon, &key) in self.keys.iter().enumerate() {
                kept[key as usize] += u32::from(valid(photon));
            }
            &kept
        } else {
            self.counts
        };
        self.places.clear();
        let mut next = 0;
        self.places.extend(counts.iter().map(|&count| {
            next += count;
            next - count
        }));
        sorted.resize(values.len(), T::default());
        for (photon, (&key, &value)) in self.keys.iter().zip(values).enumerate() {
            if has_nulls && !valid(photon) {
                continue;
            }
            let place = &mut self.places[key as usize];
            sorted[*place as usize] = value;
            *place += 1;
        }
        // Every place now stands at the end of its key's values.
        for ((&count, &end), &photons) in counts.iter().zip(&*self.places).zip(self.counts) {
            if photons > 0 {
                rows.push_cell(&sorted[(end - count) as usize..end as usize], described);
            }
        }
    }
}
