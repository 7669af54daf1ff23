//! Partials: unfinished accumulators of many cells, mergeable in any order.
//!
//! ```text
//!   batch 1: cell 7 {n 2, S 30}   cell 9 {n 1, S 5}
//!   batch 2: cell 7 {n 1, S 12}                      cell 12 {n 4, S 8}
//!   merged:  cell 7 {n 3, S 42}   cell 9 {n 1, S 5}  cell 12 {n 4, S 8}
//! ```

use std::cmp::Ordering;
use std::ops::Range as Rows;

use super::histogram::Bins;
use super::job::{Job, JobColumn};
use super::key::Value;
use super::moments::Moments;
use super::ordered::Ordered;
use super::range::Range;
use super::specials::Specials;
use super::terms::TermSum;

/// Accumulators of cells, ascending by id; row `i` of every array belongs to `cells[i]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partials {
    /// Nested ids at the cell order.
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
    pub specials: Vec<Specials>,
    pub range: Option<Vec<Range>>,
    pub moments: Option<Vec<Moments>>,
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

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// What merging costs: cells, and values retained for order statistics.
    pub fn weight(&self) -> usize {
        let ordered = self.columns.iter().filter_map(|c| c.ordered.as_ref());
        self.len() + ordered.map(Ordered::len_keys).sum::<usize>()
    }

    /// Values beyond their column's range, by column of the job.
    pub fn out_of_range(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(i, c)| (c.out_of_range > 0).then_some((i, c.out_of_range)))
    }

    /// Appends rows of another table whose cells are not below the last one here; equal cells merge.
    pub fn append(&mut self, other: &Self, rows: Rows<usize>) {
        for i in rows {
            let joins = self.cells.last() == Some(&other.cells[i]);
            if joins {
                if let Some(last) = self.photons.last_mut() {
                    *last += other.photons[i];
                }
            } else {
                self.cells.push(other.cells[i]);
                self.photons.push(other.photons[i]);
            }
            for (column, more) in self.columns.iter_mut().zip(&other.columns) {
                column.append_row(more, i, joins);
            }
        }
    }

    /// The union of two tables; equal cells merge exactly.
    pub fn merge(&self, other: &Self, job: &Job) -> Self {
        let mut merged = Self::empty(job);
        let (mut i, mut j) = (0, 0);
        while i < self.len() && j < other.len() {
            match self.cells[i].cmp(&other.cells[j]) {
                Ordering::Less => {
                    merged.append(self, i..i + 1);
                    i += 1;
                }
                Ordering::Greater => {
                    merged.append(other, j..j + 1);
                    j += 1;
                }
                Ordering::Equal => {
                    merged.append(self, i..i + 1);
                    merged.append(other, j..j + 1);
                    i += 1;
                    j += 1;
                }
            }
        }
        merged.append(self, i..self.len());
        merged.append(other, j..other.len());
        merged
    }

    /// Puts retained values in order, so that quantiles can be read off.
    pub fn sort_values(&mut self) {
        for ordered in self.columns.iter_mut().filter_map(|c| c.ordered.as_mut()) {
            ordered.sort();
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
            terms: needs.terms.then(Vec::new),
            ordered: needs.ordered.then(|| Ordered::new(column.column_type)),
            bins: needs.edges.as_ref().map(|edges| Bins::new(edges.len())),
            out_of_range: 0,
        }
    }

    /// Appends a cell that holds these values, none of them null.
    pub fn push_cell<T: Value>(&mut self, values: &[T], column: &JobColumn) {
        let mut specials = Specials::default();
        specials.accumulate(values);
        self.count.push(values.len() as u64);
        self.specials.push(specials);
        if let Some(rows) = &mut self.range {
            let mut range = Range::default();
            range.accumulate(values);
            rows.push(range);
        }
        if let Some(rows) = &mut self.moments {
            let mut moments = Moments::default();
            self.out_of_range += moments.accumulate(values, column.resolution);
            rows.push(moments);
        }
        if let Some(rows) = &mut self.terms {
            let mut terms = TermSum::default();
            self.out_of_range += terms.accumulate(values);
            rows.push(terms);
        }
        if let Some(ordered) = &mut self.ordered {
            ordered.push_cell(values);
        }
        if let (Some(bins), Some(edges)) = (&mut self.bins, &column.needs.edges) {
            bins.push_cell(values, edges);
        }
    }

    /// Appends row `i` of `other`, as part of the last cell if it `joins` it.
    pub fn append_row(&mut self, other: &Self, i: usize, joins: bool) {
        put(&mut self.count, other.count[i], joins, |a, b| *a += b);
        put(&mut self.specials, other.specials[i], joins, |a, b| {
            a.merge(&b);
        });
        if let (Some(rows), Some(more)) = (&mut self.range, &other.range) {
            put(rows, more[i], joins, |a, b| a.merge(&b));
        }
        if let (Some(rows), Some(more)) = (&mut self.moments, &other.moments) {
            put(rows, more[i], joins, |a, b| a.merge(&b));
        }
        if let (Some(rows), Some(more)) = (&mut self.terms, &other.terms) {
            put(rows, more[i], joins, |a, b| a.merge(&b));
        }
        if let (Some(ordered), Some(more)) = (&mut self.ordered, &other.ordered) {
            if joins {
                ordered.extend_last(more, i);
            } else {
                ordered.push_from(more, i);
            }
        }
        if let (Some(bins), Some(more)) = (&mut self.bins, &other.bins) {
            if joins {
                bins.extend_last(more, i);
            } else {
                bins.push_from(more, i);
            }
        }
    }

    /// Finite values of cell `i`.
    pub fn finite(&self, i: usize) -> u64 {
        self.count[i] - self.specials[i].total()
    }
}

/// Merges into the last row or appends a row.
fn put<T>(rows: &mut Vec<T>, row: T, joins: bool, merge: impl Fn(&mut T, T)) {
    match rows.last_mut() {
        Some(last) if joins => merge(last, row),
        _ => rows.push(row),
    }
}
