//! Partials: unfinished accumulators of many cells, mergeable in any order.
//!
//! ```text
//!   batch 1: cell 7 {n 2, S 30}   cell 9 {n 1, S 5}
//!   batch 2: cell 7 {n 1, S 12}                      cell 12 {n 4, S 8}
//!   merged:  cell 7 {n 3, S 42}   cell 9 {n 1, S 5}  cell 12 {n 4, S 8}
//! ```

use std::ops::Range as Rows;

use super::accumulate::{Accumulator, resize};
use super::histogram::Bins;
use super::job::{Job, JobColumn};
use super::joint::JointRows;
use super::moments::Moments;
use super::ordered::Ordered;
use super::range::Range;
use super::remainder::Remainders;
use super::rows::{Row, RowsMut};
use super::specials::Specials;
use super::terms::TermSum;
use super::value::Value;

/// Accumulators of cells, ascending by id; row `i` of every array belongs to `cells[i]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partials {
    /// Nested ids at the cell order; where there are steps of time, slots (`GridConfig::slot`).
    pub cells: Vec<u64>,
    /// Photons kept in each cell, whatever their columns hold.
    pub photons: Vec<u64>,
    /// One per column of the job.
    pub columns: Vec<ColumnPartials>,
}

/// Accumulators of one column; those that the job does not need stay empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnPartials {
    /// Photons whose value is not null, NaN included.
    pub count: Vec<u64>,
    /// Counted where the job needs any accumulator of the column's values; else 0.
    pub specials: Vec<Specials>,
    pub range: Option<Vec<Range>>,
    pub moments: Option<Vec<Moments>>,
    /// Of the few cells that have any; what a backend gives back has none yet.
    pub remainders: Remainders,
    /// Of the cells where a photon counts, one for each that the column needs; what a backend gives back has no
    /// rows yet.
    pub joints: Vec<JointRows>,
    pub terms: Option<Vec<TermSum>>,
    pub ordered: Option<Ordered>,
    pub bins: Option<Bins>,
    /// Values that no accumulator could hold; partials with any are never merged or finished.
    pub out_of_range: u64,
}

impl Partials {
    /// No cells.
    pub fn empty(job: &Job) -> Self {
        Self {
            cells: Vec::new(),
            photons: Vec::new(),
            columns: job.columns.iter().map(ColumnPartials::empty).collect(),
        }
    }

    /// Removes all cells and keeps the memory for as many.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.photons.clear();
        for column in &mut self.columns {
            column.clear();
        }
    }

    /// Removes all that backends leave to the host, remainders and joint sums, and keeps the memory for as many.
    pub fn clear_hosts(&mut self) {
        for column in &mut self.columns {
            column.remainders.clear();
            column.joints.iter_mut().for_each(JointRows::clear);
        }
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// What merging costs: cells, and values retained for order statistics.
    pub fn weight(&self) -> usize {
        let ordered = self.columns.iter().filter_map(|c| c.ordered.as_ref());
        let joints = self.columns.iter().flat_map(|c| &c.joints);
        let photons = joints.filter(|rows| rows.form().is_of_photons());
        self.len()
            + ordered.map(Ordered::len_keys).sum::<usize>()
            + photons.map(JointRows::len).sum::<usize>()
    }

    /// Values beyond their column's range, by column of the job.
    pub fn out_of_range(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(i, c)| (c.out_of_range > 0).then_some((i, c.out_of_range)))
    }

    /// Appends rows of another table whose cells are not below the last one here; equal cells merge.
    pub fn append(&mut self, other: &Self, rows: Rows<usize>) {
        let Rows { start, end } = rows;
        if start == end {
            return;
        }
        // Cells ascend, so only the first can be the last one here.
        let joins = self.cells.last() == Some(&other.cells[start]);
        let mut rest = start;
        if joins {
            self.join_last(other, start);
            rest += 1;
        }
        self.cells.extend_from_slice(&other.cells[rest..end]);
        self.photons.extend_from_slice(&other.photons[rest..end]);
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.extend(more, rest..end);
            let cells = &other.cells[rest..end];
            column.remainders.extend(&more.remainders, cells);
            column.extend_joints(more, cells);
        }
    }

    /// Merges row `i` of another table into the last cell here, whatever cell it is of.
    pub(super) fn join_last(&mut self, other: &Self, i: usize) {
        if let Some(last) = self.photons.last_mut() {
            *last += other.photons[i];
        }
        let ids = (other.cells[i], self.cells.last().copied());
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.join_last(more, i);
            if let (from, Some(to)) = ids {
                column.remainders.join(&more.remainders, from, to);
                column.join_joints(more, from, to);
            }
        }
    }

    /// The union of two tables; equal cells merge exactly.
    pub fn merge(&self, other: &Self, job: &Job) -> Self {
        let mut merged = Self::empty(job);
        merged.reserve(&[(self, 0..self.len()), (other, 0..other.len())]);
        let (mut i, mut j) = (0, 0);
        while i < self.len() && j < other.len() {
            // Whole runs of cells move at once; a cell of both joins at the seam.
            let run = i + self.cells[i..].partition_point(|&cell| cell <= other.cells[j]);
            merged.append(self, i..run);
            i = run;
            let Some(&next) = self.cells.get(i) else {
                break;
            };
            let run = j + other.cells[j..].partition_point(|&cell| cell < next);
            merged.append(other, j..run);
            j = run;
        }
        merged.append(self, i..self.len());
        merged.append(other, j..other.len());
        merged
    }

    /// Puts the order statistics that outputs need in their places, so that quantiles can be read
    /// off; all values in order where there are digests of them.
    pub fn select_values(&mut self, job: &Job) {
        for (i, column) in self.columns.iter_mut().enumerate() {
            if let Some(ordered) = &mut column.ordered {
                if job.deltas(i).is_empty() {
                    ordered.select(&job.quantiles(i));
                } else {
                    ordered.sort();
                }
            }
        }
    }
}

impl ColumnPartials {
    /// No cells.
    pub fn empty(column: &JobColumn) -> Self {
        let needs = &column.needs;
        Self {
            count: Vec::new(),
            specials: Vec::new(),
            range: needs.range.then(Vec::new),
            moments: needs.moments.then(Vec::new),
            remainders: Remainders::default(),
            joints: needs
                .joints
                .iter()
                .map(|j| JointRows::new(j.form))
                .collect(),
            terms: needs.terms.then(Vec::new),
            ordered: needs.ordered.then(|| Ordered::new(column.column_type)),
            bins: needs.edges.as_ref().map(|edges| Bins::new(edges.len())),
            out_of_range: 0,
        }
    }

    fn clear(&mut self) {
        self.count.clear();
        self.specials.clear();
        self.out_of_range = 0;
        self.remainders.clear();
        self.joints.iter_mut().for_each(JointRows::clear);
        each_accumulator!(self, rows => Accumulator::clear(rows));
    }

    /// Appends a cell that holds these values, none of them null; of their remainders nothing.
    pub fn push_cell<T: Value>(&mut self, values: &[T], column: &JobColumn) {
        self.push_unfilled(values, column);
        if let Some(ordered) = &mut self.ordered {
            ordered.push_cell(values);
        }
    }

    /// As [`push_cell`](Self::push_cell), but for the values that are retained: they are filled in by
    /// [`fill_values`](Self::fill_values), once all are known.
    pub fn push_unfilled<T: Value>(&mut self, values: &[T], column: &JobColumn) {
        let row = Row::of(values, column);
        let Self {
            count,
            specials,
            range,
            moments,
            remainders: _,
            joints: _,
            terms,
            ordered: _,
            bins,
            out_of_range,
        } = self;
        count.push(row.count);
        specials.push(row.specials);
        *out_of_range += row.out_of_range;
        if let Some(rows) = range {
            rows.push(row.range);
        }
        if let Some(rows) = moments {
            rows.push(row.moments);
        }
        if let Some(rows) = terms {
            rows.push(row.terms);
        }
        if let (Some(bins), Some(edges)) = (bins, &column.needs.edges) {
            bins.push_cell(values, edges);
        }
    }

    /// Appends a cell to the accumulators whose size depends on the values, and to no others.
    pub fn push_retained<T: Value>(&mut self, values: &[T], column: &JobColumn) {
        let (ordered, bins) = self.retained();
        if let Some(ordered) = ordered {
            ordered.push_cell(values);
        }
        if let (Some(bins), Some(edges)) = (bins, &column.needs.edges) {
            bins.push_cell(values, edges);
        }
    }

    /// Replaces what is retained of values: cell `i` joins cells `places[starts[i]..starts[i + 1]]`,
    /// each a table and a row of it.
    pub fn gather_retained(&mut self, tables: &[&Self], places: &[(u32, u32)], starts: &[usize]) {
        if let Some(ordered) = &mut self.ordered {
            let tables: Vec<_> = tables.iter().filter_map(|t| t.ordered.as_ref()).collect();
            ordered.gather(&tables, places, starts);
        }
        self.gather_bins(tables, places, starts);
    }

    /// The same of histograms alone.
    pub fn gather_bins(&mut self, tables: &[&Self], places: &[(u32, u32)], starts: &[usize]) {
        let (_, bins) = self.retained();
        if let Some(bins) = bins {
            let tables: Vec<_> = tables.iter().filter_map(|t| t.bins.as_ref()).collect();
            bins.gather(&tables, places, starts);
        }
    }

    /// The accumulators that `rows_mut` leaves out.
    fn retained(&mut self) -> (&mut Option<Ordered>, &mut Option<Bins>) {
        // Without a rest: each is filled row by row, or here.
        let Self {
            count: _,
            specials: _,
            range: _,
            moments: _,
            remainders: _,
            joints: _,
            terms: _,
            ordered,
            bins,
            out_of_range: _,
        } = self;
        (ordered, bins)
    }

    fn extend_joints(&mut self, other: &Self, cells: &[u64]) {
        for (mine, more) in self.joints.iter_mut().zip(&other.joints) {
            mine.extend(more, cells);
        }
    }

    /// Adds the joint sums of cell `from` to those of cell `to`, the last one here or above it.
    pub(super) fn join_joints(&mut self, other: &Self, from: u64, to: u64) {
        for (mine, more) in self.joints.iter_mut().zip(&other.joints) {
            mine.join(more, from, to);
        }
    }

    /// Makes room for so many rows; what they hold is to be replaced.
    pub fn resize(&mut self, rows: usize) {
        self.count.resize(rows, 0);
        self.specials.resize(rows, Specials::default());
        each_fixed!(self, fixed => resize(fixed, rows));
    }

    /// All rows, but for what is retained of values.
    pub fn rows_mut(&mut self) -> RowsMut<'_> {
        // Without a rest: whoever writes rows in place has all of fixed size.
        let Self {
            count,
            specials,
            range,
            moments,
            remainders: _,
            joints: _,
            terms,
            ordered: _,
            bins: _,
            out_of_range: _,
        } = self;
        RowsMut {
            count,
            specials,
            range: range.as_deref_mut(),
            moments: moments.as_deref_mut(),
            terms: terms.as_deref_mut(),
        }
    }

    /// Appends rows of another table as cells of their own, without their remainders.
    pub(super) fn extend(&mut self, other: &Self, rows: Rows<usize>) {
        self.extend_counts(other, &rows);
        zip_accumulators!(self, other, |mine, more| Accumulator::extend(
            mine,
            more,
            rows.clone()
        ));
    }

    /// As `extend`, without the values that are retained.
    pub(super) fn extend_fixed(&mut self, other: &Self, rows: Rows<usize>) {
        self.extend_counts(other, &rows);
        zip_accumulators!(self, other, |mine, more| if !mine.is_retained() {
            Accumulator::extend(mine, more, rows.clone());
        });
    }

    fn extend_counts(&mut self, other: &Self, rows: &Rows<usize>) {
        self.count.extend_from_slice(&other.count[rows.clone()]);
        self.specials
            .extend_from_slice(&other.specials[rows.clone()]);
    }

    /// Merges row `i` of another table into the last cell here, without its remainder.
    fn join_last(&mut self, other: &Self, i: usize) {
        let Some(last) = self.count.len().checked_sub(1) else {
            return;
        };
        self.count[last] += other.count[i];
        self.specials[last].merge(&other.specials[i]);
        zip_accumulators!(self, other, |mine, more| mine.join_last(more, i));
    }

    /// Finite values of cell `i`.
    pub fn finite(&self, i: usize) -> u64 {
        self.count[i] - self.specials[i].total()
    }
}
