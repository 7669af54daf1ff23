//! Coarsening: partials of cells become those of the cells' ancestors.
//!
//! Beside `partial.rs`, whose rows it merges. A coarser cell's photons are those of the cells in it,
//! and every accumulator is a commutative monoid over integers, so what comes out is what folding
//! the photons at the coarser order would have given:
//!
//! ```text
//!   order 12:  cell 28 {n 2, S 30}  cell 31 {n 1, S 12}  cell 32 {n 1, S 5}
//!   order 11:  cell 7  {n 3, S 42}                       cell 8  {n 1, S 5}
//! ```

use super::job::Job;
use super::partial::Partials;
use crate::grid::Ascent;

impl Partials {
    /// The same photons by the cells of the coarser order `to`; the cells here are of order `from`.
    ///
    /// # Panics
    /// If `to` is finer than `from`.
    #[must_use]
    pub fn coarsen(&self, up: Ascent, job: &Job) -> Self {
        let rows = self.cells.iter().enumerate();
        let mut rows: Vec<(u64, usize)> = rows.map(|(row, &cell)| (up.of(cell), row)).collect();
        if !up.keeps_order() {
            rows.sort_unstable();
        }
        self.joined(rows, job)
    }

    /// The same photons under other numbers, which may be in another order, and one for several cells.
    #[must_use]
    pub fn renumbered(&self, number: impl Fn(u64) -> u64, job: &Job) -> Self {
        let rows = self.cells.iter().enumerate();
        let mut rows: Vec<(u64, usize)> = rows.map(|(row, &cell)| (number(cell), row)).collect();
        rows.sort_unstable();
        self.joined(rows, job)
    }

    /// Rows under numbers, which ascend.
    fn joined(&self, rows: Vec<(u64, usize)>, job: &Job) -> Self {
        let mut coarse = Self::empty(job);
        // Cells ascend, so those of one ancestor follow each other.
        for (ancestor, row) in rows {
            if coarse.cells.last() == Some(&ancestor) {
                coarse.join_last(self, row);
            } else {
                coarse.push_row(self, row, ancestor);
            }
        }
        coarse
    }

    /// The same photons under other numbers of cells, which ascend as those here do: slots of a step.
    pub fn renumber(&mut self, number: impl Fn(u64) -> u64) {
        for cell in &mut self.cells {
            *cell = number(*cell);
        }
        for column in &mut self.columns {
            for row in &mut column.remainders.rows {
                row.cell = number(row.cell);
            }
            for rows in &mut column.joints {
                rows.renumber(&number);
            }
        }
    }

    /// Appends row `i` of another table as this cell.
    fn push_row(&mut self, other: &Self, i: usize, cell: u64) {
        self.cells.push(cell);
        self.photons.push(other.photons[i]);
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.extend(more, i..i + 1);
            let from = other.cells[i];
            column.remainders.join(&more.remainders, from, cell);
            column.join_joints(more, from, cell);
        }
    }
}
