//! Records: partials of runs, folded where the photons stand, then brought together by cell.
//!
//! Along a track a run has 10^2 to 10^3 photons, so sorting the records of runs moves a hundredth of
//! what sorting photons would. Records of equal cells merge exactly, so the result is that of
//! sorting photons first.

use rayon::prelude::*;

use crate::batch::{Column, Values};
use crate::config::GridConfig;
use crate::stat::{ColumnPartials, Job, JobColumn, Partials, Value};

use super::Keys;
use super::runs::Runs;
use super::scratch::Buffers;
use super::segment::segment;
use super::sort::sort;

/// Segments of records that one task merges.
const SEGMENTS: usize = 4096;

/// Appends one record for every run of a tile that starts at photon `start` of the columns. Cells
/// of records are in the order of the photons, and may repeat.
pub fn fold_runs(records: &mut Partials, runs: &Runs, columns: &[Column], start: usize, job: &Job) {
    for (cell, photons) in runs.iter() {
        records.cells.push(cell);
        records.photons.push(photons.len() as u64);
    }
    for ((rows, column), described) in records.columns.iter_mut().zip(columns).zip(&job.columns) {
        match &column.values {
            Values::F32(values) => fold_column(rows, (values, column), runs, start, described),
            Values::F64(values) => fold_column(rows, (values, column), runs, start, described),
            Values::I64(values) => fold_column(rows, (values, column), runs, start, described),
        }
    }
}

fn fold_column<T: Value>(
    rows: &mut ColumnPartials,
    (values, column): (&[T], &Column),
    runs: &Runs,
    start: usize,
    described: &JobColumn,
) {
    let Some(nulls) = &column.nulls else {
        for (_, photons) in runs.iter() {
            let values = &values[start + photons.start..start + photons.end];
            rows.push_cell(values, described);
        }
        return;
    };
    let mut valid = Vec::new();
    for (_, photons) in runs.iter() {
        let photons = start + photons.start..start + photons.end;
        valid.clear();
        valid.extend(photons.filter(|&p| nulls.is_valid(p)).map(|p| values[p]));
        rows.push_cell(&valid, described);
    }
}

/// Brings records together: one row a cell, ascending.
pub fn merge_records(
    records: &[Partials],
    grid: &GridConfig,
    job: &Job,
    buffers: &mut Buffers,
) -> Partials {
    let cells = &mut buffers.cells;
    cells.clear();
    cells.extend(records.iter().flat_map(|r| &r.cells));
    let places: Vec<(u32, u32)> = records
        .iter()
        .enumerate()
        .flat_map(|(table, r)| (0..r.len() as u32).map(move |row| (table as u32, row)))
        .collect();
    let sorted = sort(Keys::of_cells(cells, grid), &mut buffers.pairs);
    let segments = segment(&sorted);
    let boundaries = segments.starts.len().saturating_sub(1);
    let parts: Vec<Partials> = (0..boundaries.div_ceil(SEGMENTS))
        .into_par_iter()
        .map(|part| {
            let first = part * SEGMENTS;
            let last = (first + SEGMENTS).min(boundaries);
            let mut merged = Partials::empty(job);
            for &record in &sorted.photons[segments.starts[first]..segments.starts[last]] {
                let (table, row) = places[record as usize];
                merged.append_row(&records[table as usize], row as usize);
            }
            merged
        })
        .collect();
    let mut merged = Partials::empty(job);
    for part in &parts {
        merged.append(part, 0..part.len());
    }
    for (i, column) in merged.columns.iter_mut().enumerate() {
        column.out_of_range = records.iter().map(|r| r.columns[i].out_of_range).sum();
    }
    merged
}
