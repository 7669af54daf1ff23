//! parted: sort, segment and reduce of photons over many cells, part by part. Entry point: `fold_parted`.
//!
//! Where cells have few photons each, sorting all keys passes over all memory again and again, and photons
//! are then picked from all over it. Here cells are parted by their high bits, so that each part has some
//! thousand photons: they are brought to their parts once, and sorted there while they stay in the cache.
//! The values of a lone column of float32 come along; other columns are picked by the numbers of photons.
//!
//! ```text
//!   cells  --count-->  photons of each part in each tile
//!          --bring-->  key | payload     part after part, in the order of the batch
//!          --sort-->   keys, payloads    ascending by cell: cell = first + part * 2^bits + key
//!          --reduce--> one array of accumulators after the other, written once and in place
//! ```
//!
//! Accumulators of fixed size are sums over a cell's values, so they are those of every other order of stages.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::photon::{Column, Values};
use crate::stat::{Job, JobColumn, Partials, Value};

use super::super::StageTimes;
use super::parts::{Parted, Split};
use super::scratch::{Buffers, Order, resize};

/// Rows that one task writes.
const ROWS: usize = 4096;

/// Whether rows can be made part by part: of accumulators of fixed size, and of columns without nulls.
pub fn can_be_parted(columns: &[Column], job: &Job) -> bool {
    let retains = |column: &JobColumn| column.needs.ordered || column.needs.edges.is_some();
    columns.iter().all(|column| column.nulls.is_none()) && !job.columns.iter().any(retains)
}

/// Folds photons of known cells; `None` where cells are too far apart, or too many photons are in one part.
pub fn fold_parted(
    cells: &[u64],
    columns: &[Column],
    job: &Job,
    (buffers, times): (&mut Buffers, &mut StageTimes),
) -> Option<Partials> {
    let mut order = std::mem::take(&mut buffers.order);
    let parted = times
        .sort
        .time(|| part_and_sort(cells, columns, &mut order));
    let partials = parted.map(|parted| {
        let mut partials = buffers.take_result(job);
        let keys = &order.keys;
        times.segment.time(|| {
            parted.write_starts(keys, &mut order.firsts);
            parted.write_cells(keys, &order.firsts, &mut partials.cells);
        });
        times
            .reduce
            .time(|| reduce(columns, job, &mut order, &mut partials));
        partials
    });
    buffers.order = order;
    partials
}

/// The values of a lone column of float32.
fn lone(columns: &[Column]) -> Option<&[f32]> {
    match columns {
        [column] => match &column.values {
            Values::F32(values) => Some(values),
            Values::F64(_) | Values::I64(_) => None,
        },
        _ => None,
    }
}

/// Leaves keys and the numbers of photons in the order of cells, or the values of a lone column.
fn part_and_sort(cells: &[u64], columns: &[Column], order: &mut Order) -> Option<Parted> {
    let split = Split::of(cells)?;
    let places = split.places(cells)?;
    let Order {
        pairs: [pairs, _],
        keys,
        photons,
        picked,
        ..
    } = order;
    resize(pairs, cells.len());
    resize(keys, cells.len());
    Some(if let Some(values) = lone(columns) {
        split.bring(cells, &places, pairs, |photon| values[photon].to_bits());
        resize(&mut picked.narrow, cells.len());
        split.sort(&places, pairs, keys, &mut picked.narrow)
    } else {
        split.bring(cells, &places, pairs, |photon| photon as u32);
        resize(photons, cells.len());
        split.sort(&places, pairs, keys, photons)
    })
}

/// Writes counts of photons, and the rows of each column.
fn reduce(columns: &[Column], job: &Job, order: &mut Order, partials: &mut Partials) {
    let Order {
        photons,
        firsts,
        picked,
        ..
    } = order;
    firsts
        .par_windows(2)
        .with_min_len(ROWS)
        .map(|at| u64::from(at[1] - at[0]))
        .collect_into_vec(&mut partials.photons);
    let all = partials.columns.iter_mut().zip(columns).zip(&job.columns);
    for ((rows, column), described) in all {
        match &column.values {
            Values::F32(values) => {
                if lone(columns).is_none() {
                    pick(values, photons, &mut picked.narrow);
                }
                rows.fold_segments(&picked.narrow, firsts, described);
            }
            Values::F64(values) => {
                pick(values, photons, &mut picked.wide);
                rows.fold_segments(&picked.wide, firsts, described);
            }
            Values::I64(values) => {
                pick(values, photons, &mut picked.whole);
                rows.fold_segments(&picked.whole, firsts, described);
            }
        }
    }
}

/// Values in the order of photons.
fn pick<T: Value>(values: &[T], photons: &[u32], picked: &mut Vec<T>) {
    photons
        .par_iter()
        .with_min_len(ROWS)
        .map(|&photon| values[photon as usize])
        .collect_into_vec(picked);
}

impl Parted {
    /// Segment `i` is photons `starts[i]..starts[i + 1]`.
    fn write_starts(&self, keys: &[u32], starts: &mut Vec<u32>) {
        let rows = self.rows.last().copied().unwrap_or_default();
        resize(starts, rows + 1);
        starts[rows] = keys.len() as u32;
        let mut rest = starts.as_mut_slice();
        let mut parts = Vec::with_capacity(self.split.parts);
        for (photons, rows) in self.photons.windows(2).zip(self.rows.windows(2)) {
            let (starts, more) = rest.split_at_mut(rows[1] - rows[0]);
            parts.push((starts, photons[0]..photons[1]));
            rest = more;
        }
        parts.into_par_iter().for_each(|(starts, photons)| {
            let (first, keys) = (photons.start as u32, &keys[photons]);
            let mut starts = starts.iter_mut();
            let mut last = None;
            for (photon, &key) in (first..).zip(keys) {
                if last != Some(key) {
                    last = Some(key);
                    if let Some(start) = starts.next() {
                        *start = photon;
                    }
                }
            }
        });
    }

    /// The cell of each segment.
    fn write_cells(&self, keys: &[u32], starts: &[u32], cells: &mut Vec<u64>) {
        let Split {
            first, key_bits, ..
        } = self.split;
        let starts = &starts[..starts.len() - 1];
        starts
            .par_iter()
            .enumerate()
            .with_min_len(ROWS)
            .map_init(
                || 0,
                |part, (row, &start)| {
                    // Rows of a task follow one another, and mostly stay in a part.
                    if !(self.rows[*part]..self.rows[*part + 1]).contains(&row) {
                        *part = self.rows.partition_point(|&first| first <= row) - 1;
                    }
                    let beyond = (*part as u64) << key_bits;
                    first + (beyond | u64::from(keys[start as usize]))
                },
            )
            .collect_into_vec(cells);
    }
}
