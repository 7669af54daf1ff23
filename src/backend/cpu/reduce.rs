//! reduce: every segment into one row of partials. Entry point: `reduce`.
//!
//! Threads map to tiles of consecutive sorted photons, never to cells: one cell with ten million
//! photons and a million cells with three cost the same per photon. A segment that crosses a tile
//! boundary is folded in pieces, and pieces merge exactly.

use rayon::prelude::*;

use crate::batch::{Column, Values};
use crate::stat::{ColumnPartials, Job, JobColumn, Partials, Value};

use super::{Segments, Sorted};

/// Sorted photons that one task folds.
const TILE: usize = 65_536;

pub fn reduce(columns: &[Column], sorted: &Sorted, segments: &Segments, job: &Job) -> Partials {
    let tiles: Vec<Partials> = (0..sorted.keys.len().div_ceil(TILE))
        .into_par_iter()
        .map(|tile| {
            let start = tile * TILE;
            let end = (start + TILE).min(sorted.keys.len());
            reduce_tile(columns, sorted, &pieces(segments, start, end), job)
        })
        .collect();
    let mut partials = Partials::empty(job);
    for tile in &tiles {
        partials.append(tile, 0..tile.len());
        for (column, part) in partials.columns.iter_mut().zip(&tile.columns) {
            column.out_of_range += part.out_of_range;
        }
    }
    partials
}

/// The parts of segments inside sorted photons `start..end`, as boundaries.
fn pieces(segments: &Segments, start: usize, end: usize) -> Vec<usize> {
    let first = segments.starts.partition_point(|&s| s <= start);
    let last = segments.starts.partition_point(|&s| s < end);
    let mut boundaries = vec![start];
    boundaries.extend_from_slice(&segments.starts[first..last]);
    boundaries.push(end);
    boundaries
}

fn reduce_tile(columns: &[Column], sorted: &Sorted, boundaries: &[usize], job: &Job) -> Partials {
    let mut partials = Partials::empty(job);
    for piece in boundaries.windows(2) {
        partials
            .cells
            .push(sorted.table.cell(sorted.keys[piece[0]]));
        partials.photons.push((piece[1] - piece[0]) as u64);
    }
    for ((rows, values), column) in partials.columns.iter_mut().zip(columns).zip(&job.columns) {
        match &values.values {
            Values::F32(v) => reduce_column(rows, v, values, column, (sorted, boundaries)),
            Values::F64(v) => reduce_column(rows, v, values, column, (sorted, boundaries)),
            Values::I64(v) => reduce_column(rows, v, values, column, (sorted, boundaries)),
        }
    }
    partials
}

/// Gathers each piece's values that are not null, then folds them.
fn reduce_column<T: Value>(
    rows: &mut ColumnPartials,
    values: &[T],
    nulls: &Column,
    column: &JobColumn,
    (sorted, boundaries): (&Sorted, &[usize]),
) {
    let mut gathered = Vec::new();
    for piece in boundaries.windows(2) {
        let photons = &sorted.photons[piece[0]..piece[1]];
        gathered.clear();
        match &nulls.nulls {
            None => gathered.extend(photons.iter().map(|&p| values[p as usize])),
            Some(valid) => gathered.extend(
                photons
                    .iter()
                    .filter(|&&p| valid.is_valid(p as usize))
                    .map(|&p| values[p as usize]),
            ),
        }
        rows.push_cell(&gathered, column);
    }
}
