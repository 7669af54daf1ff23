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
        let mut coarse = Self::empty(job);
        for (row, &cell) in self.cells.iter().enumerate() {
            // Cells ascend, so those of one ancestor follow each other.
            let ancestor = up.of(cell);
            if coarse.cells.last() == Some(&ancestor) {
                coarse.join_last(self, row);
            } else {
                coarse.push_row(self, row, ancestor);
            }
        }
        coarse
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
