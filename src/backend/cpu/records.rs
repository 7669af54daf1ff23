//! Records: partials of runs, folded where the photons stand, then brought together by cell.
//!
//! Along a track a run has 10^2 to 10^3 photons, so sorting the records of runs moves a hundredth of
//! what sorting photons would. Records of equal cells merge exactly, so the result is that of
//! sorting photons first.

use arrow::buffer::NullBuffer;
use rayon::prelude::*;

use crate::config::GridConfig;
use crate::photon::{Column, Values};
use crate::stat::{ColumnPartials, Job, JobColumn, Partials, Retained, Unmade, Value};

use super::Keys;
use super::runs::Runs;
use super::scratch::Buffers;
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

/// Appends one record for every run of a tile that starts at photon `start` of the columns. Cells
/// of records are in the order of the photons, and may repeat. Values are made in `room`; those that are retained stay in
/// the columns.
pub fn fold_runs(
    records: &mut Partials,
    runs: &Runs,
    Columns { columns, unmade }: Columns,
    (start, room): (usize, &mut Vec<f64>),
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
        if let Some(values) = unmade.of(i) {
            room.resize(photons.len(), 0.0);
            values.fill(start, room);
            fold_column(rows, (room, nulls), runs, described);
            continue;
        }
        let photons = photons.clone();
        match &column.values {
            Values::F32(v) => fold_column(rows, (&v[photons], nulls), runs, described),
            Values::F64(v) => fold_column(rows, (&v[photons], nulls), runs, described),
            Values::I64(v) => fold_column(rows, (&v[photons], nulls), runs, described),
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
    cells.extend(records.iter().flat_map(|r| &r.cells));
    let sorted = sort(Keys::of_cells(cells, grid, order), order);
    let segments = segment(&sorted, order.take_starts());
    let starts = &segments.starts;
    by_record.clear();
    by_record.extend(
        records
            .iter()
            .enumerate()
            .flat_map(|(table, r)| (0..r.len() as u32).map(move |row| (table as u32, row))),
    );
    sorted
        .photons
        .par_iter()
        .with_min_len(CELLS)
        .map(|&record| by_record[record as usize])
        .collect_into_vec(by_cell);
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
    for (i, column) in merged.columns.iter_mut().enumerate() {
        let tables: Vec<&ColumnPartials> = records.iter().map(|r| &r.columns[i]).collect();
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
    fn merge<T: Send>(
        &self,
        merged: &mut Vec<T>,
        record: impl Fn(usize, usize) -> T + Sync,
        merge: impl Fn(&mut T, T) + Sync,
    ) {
        let cells = self.starts.len().saturating_sub(1);
        (0..cells)
            .into_par_iter()
            .with_min_len(CELLS)
            .map(|cell| {
                let places = &self.places[self.starts[cell]..self.starts[cell + 1]];
                let mut records = places
                    .iter()
                    .map(|&(t, row)| record(t as usize, row as usize));
                let mut first = records
                    .next()
                    .unwrap_or_else(|| unreachable!("a segment holds a record"));
                for more in records {
                    merge(&mut first, more);
                }
                first
            })
            .collect_into_vec(merged);
    }

    /// All accumulators of fixed size; what is retained of values comes beside.
    fn merge_column(&self, column: &mut ColumnPartials, tables: &[&ColumnPartials]) {
        // Without a rest: an accumulator that is not merged here would be lost.
        let ColumnPartials {
            count,
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
        self.merge(count, |t, row| tables[t].count[row], |a, b| *a += b);
        self.merge(
            specials,
            |t, row| tables[t].specials[row],
            |a, b| a.merge(&b),
        );
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
