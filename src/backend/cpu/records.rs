//! Records: partials of runs, folded where the photons stand, then brought together by cell.
//!
//! Along a track a run has 10^2 to 10^3 photons, so sorting the records of runs moves a hundredth of
//! what sorting photons would. Records of equal cells merge exactly, so the result is that of
//! sorting photons first.

use arrow::buffer::NullBuffer;
use rayon::prelude::*;

use crate::config::GridConfig;
use crate::photon::{Column, Values};
use crate::stat::{
    ColumnPartials, Cuts, Job, JobColumn, Partials, Retained, Specials, Unmade, Value,
};

use super::Keys;
use super::runs::Runs;
use super::scratch::{Buffers, resize};
use super::segment::segment;
use super::sort::sort;

/// Cells whose records one task merges.
const CELLS: usize = 1024;

/// Columns of a batch: their values, and those that are made tile by tile.
#[derive(Clone, Copy)]
pub struct Columns<'a> {
    pub columns: &'a [Column],
    pub unmade: &'a Unmade<'a>,
}

/// Buffers that are used again from tile to tile.
#[derive(Debug, Default)]
pub struct Room {
    /// Values that are made of others.
    values: Vec<f64>,
    cuts: Cuts,
}

/// Appends one record for every run of a tile that starts at photon `start` of the columns. Cells
/// of records are in the order of the photons, and may repeat. Values are made in `room`; those that are retained stay in
/// the columns.
pub fn fold_runs(
    records: &mut Partials,
    runs: &Runs,
    Columns { columns, unmade }: Columns,
    (start, Room { values: room, cuts }): (usize, &mut Room),
    job: &Job,
) {
    let photons = start..start + runs.ends.last().copied().unwrap_or_default();
    for (cell, photons) in runs.iter() {
        records.cells.push(cell);
        records.photons.push(photons.len() as u64);
    }
    let each = records.columns.iter_mut().zip(columns).zip(&job.columns);
    for (i, ((rows, column), described)) in each.enumerate() {
        let nulls = column.nulls.as_ref().map(|nulls| (nulls, start));
        let photons = photons.clone();
        let floats = match (unmade.of(i), &column.values) {
            (Some(values), _) => {
                room.resize(photons.len(), 0.0);
                values.fill(start, room);
                &room[..]
            }
            (None, Values::F64(v)) => &v[photons],
            (None, Values::F32(v)) => {
                fold_column(rows, (&v[photons], nulls), runs, described);
                continue;
            }
            (None, Values::I64(v)) => {
                fold_column(rows, (&v[photons], nulls), runs, described);
                continue;
            }
        };
        let at_once =
            nulls.is_none() && rows.push_runs_of_terms((floats, &runs.ends), cuts, described);
        if !at_once {
            fold_column(rows, (floats, nulls), runs, described);
        }
    }
}

/// Values of a tile; nulls are told by photons of the batch, of which the tile begins with the one given.
fn fold_column<T: Value>(
    rows: &mut ColumnPartials,
    (values, nulls): (&[T], Option<(&NullBuffer, usize)>),
    runs: &Runs,
    described: &JobColumn,
) {
    let Some((nulls, start)) = nulls else {
        for (_, photons) in runs.iter() {
            rows.push_unfilled(&values[photons], described);
        }
        return;
    };
    let mut valid = Vec::new();
    for (_, photons) in runs.iter() {
        let photons = photons.filter(|&p| nulls.is_valid(start + p));
        valid.clear();
        valid.extend(photons.map(|p| values[p]));
        rows.push_unfilled(&valid, described);
    }
}

/// Brings records together: one row a cell, ascending. Values that are retained come from the columns, of which the records
/// are consecutive photons, or where none are given from the records.
pub fn merge_records(
    (records, columns): (&[Partials], Option<&[Column]>),
    grid: &GridConfig,
    job: &Job,
    buffers: &mut Buffers,
) -> Partials {
    let mut merged = buffers.take_result(job);
    let Buffers {
        cells,
        places: [by_record, by_cell],
        order,
        ..
    } = buffers;
    cells.clear();
    for r in records {
        cells.extend_from_slice(&r.cells);
    }
    let sorted = sort(Keys::of_cells(cells, grid, order), order);
    let segments = segment(&sorted, order.take_starts());
    let starts = &segments.starts;
    by_record.clear();
    for (table, r) in records.iter().enumerate() {
        by_record.extend((0..r.len() as u32).map(|row| (table as u32, row)));
    }
    resize(by_cell, by_record.len());
    let tasks = by_cell.par_chunks_mut(CELLS);
    let tasks = tasks.zip(sorted.photons.par_chunks(CELLS));
    tasks.for_each(|(places, numbers)| {
        for (place, &record) in places.iter_mut().zip(numbers) {
            *place = by_record[record as usize];
        }
    });
    let rows = Rows {
        places: by_cell,
        starts,
    };
    (0..starts.len().saturating_sub(1))
        .into_par_iter()
        .with_min_len(CELLS)
        .map(|segment| sorted.table.cell(sorted.keys[starts[segment]]))
        .collect_into_vec(&mut merged.cells);
    rows.merge(
        &mut merged.photons,
        |table, row| records[table].photons[row],
        |sum, more| *sum += more,
    );
    let firsts = first_photons(records, job);
    let Partials {
        photons,
        columns: all,
        ..
    } = &mut merged;
    for (i, column) in all.iter_mut().enumerate() {
        let tables: Vec<&ColumnPartials> = records.iter().map(|r| &r.columns[i]).collect();
        if all_count(records, i) {
            resize(&mut column.count, photons.len());
            let tasks = column.count.par_chunks_mut(CELLS);
            let tasks = tasks.zip(photons.par_chunks(CELLS));
            tasks.for_each(|(counts, photons)| counts.copy_from_slice(photons));
        } else {
            rows.merge(
                &mut column.count,
                |t, row| tables[t].count[row],
                |a, b| *a += b,
            );
        }
        rows.merge_column(column, &tables);
        match columns.map(|columns| &columns[i]) {
            None => column.gather_retained(&tables, rows.places, rows.starts),
            Some(values) => {
                column.gather_bins(&tables, rows.places, rows.starts);
                if column.ordered.is_some() {
                    let runs = retained(&tables, &rows, (&sorted.photons, &firsts));
                    column.fill_values(values, &runs, rows.starts);
                }
            }
        }
    }
    order.keep(sorted, segments);
    merged
}

/// Whether all photons count in a column, as they do where none of its values is null.
fn all_count(records: &[Partials], column: usize) -> bool {
    let records = records.par_iter();
    records.all(|r| r.columns[column].count == r.photons)
}

/// Whether all values of these tables are finite, or none of them was looked at.
fn all_finite(tables: &[&ColumnPartials]) -> bool {
    let any = |specials: &[Specials]| specials.iter().fold(0, |any, of| any | of.total());
    tables.par_iter().all(|t| any(&t.specials) == 0)
}

/// The first photon of each record, and the end; none where no values are retained.
fn first_photons(records: &[Partials], job: &Job) -> Vec<usize> {
    if !job.columns.iter().any(|column| column.needs.ordered) {
        return Vec::new();
    }
    let photons = records.iter().flat_map(|r| &r.photons);
    let ends = photons.scan(0, |end, &photons| {
        *end += photons as usize;
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// The photons of each record, by cell, and how many values of a column are retained of them; `numbers` are those of the
/// records in that order.
fn retained(
    tables: &[&ColumnPartials],
    rows: &Rows,
    (numbers, firsts): (&[u32], &[usize]),
) -> Vec<Retained> {
    let records = rows.places.par_iter().zip(numbers).with_min_len(CELLS);
    records
        .map(|(&(table, row), &record)| Retained {
            photons: firsts[record as usize]..firsts[record as usize + 1],
            values: tables[table as usize].retained_of(row as usize),
        })
        .collect()
}

/// Records in the order of their cells: those of cell `i` are `places[starts[i]..starts[i + 1]]`.
struct Rows<'a> {
    places: &'a [(u32, u32)],
    starts: &'a [usize],
}

impl Rows<'_> {
    /// Replaces `merged` by one accumulator a cell: those of its records, merged. Threads write
    /// straight into the array.
    fn merge<T: Copy + Default + Send>(
        &self,
        merged: &mut Vec<T>,
        record: impl Fn(usize, usize) -> T + Sync,
        merge: impl Fn(&mut T, T) + Sync,
    ) {
        resize(merged, self.starts.len().saturating_sub(1));
        let tasks = merged.par_chunks_mut(CELLS).enumerate();
        tasks.for_each(|(task, merged)| {
            let starts = &self.starts[task * CELLS..];
            for (cell, merged) in merged.iter_mut().enumerate() {
                let places = &self.places[starts[cell]..starts[cell + 1]];
                let Some((&(table, row), more)) = places.split_first() else {
                    unreachable!("a segment holds a record")
                };
                *merged = record(table as usize, row as usize);
                for &(table, row) in more {
                    merge(merged, record(table as usize, row as usize));
                }
            }
        });
    }

    /// All accumulators of fixed size; counts, and what is retained of values, come beside.
    fn merge_column(&self, column: &mut ColumnPartials, tables: &[&ColumnPartials]) {
        // Without a rest: an accumulator that is not merged here would be lost.
        let ColumnPartials {
            count: _,
            specials,
            range,
            moments,
            remainders: _,
            joints: _,
            terms,
            ordered: _,
            bins: _,
            out_of_range,
        } = &mut *column;
        *out_of_range = tables.iter().map(|t| t.out_of_range).sum();
        if all_finite(tables) {
            resize(specials, self.starts.len().saturating_sub(1));
            let tasks = specials.par_chunks_mut(CELLS);
            tasks.for_each(|specials| specials.fill(Specials::default()));
        } else {
            self.merge(
                specials,
                |t, row| tables[t].specials[row],
                |a, b| a.merge(&b),
            );
        }
        if let Some(range) = range {
            let rows: Vec<_> = tables.iter().flat_map(|t| &t.range).collect();
            self.merge(range, |t, row| rows[t][row], |a, b| a.merge(&b));
        }
        if let Some(moments) = moments {
            let rows: Vec<_> = tables.iter().flat_map(|t| &t.moments).collect();
            self.merge(moments, |t, row| rows[t][row], |a, b| a.merge(&b));
        }
        if let Some(terms) = terms {
            let rows: Vec<_> = tables.iter().flat_map(|t| &t.terms).collect();
            self.merge(terms, |t, row| rows[t][row], |a, b| a.merge(&b));
        }
    }
}

#[cfg(test)]
mod tests;
