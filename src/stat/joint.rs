//! Joint accumulators: what several columns of a photon, or a photon and its granule, add up to together.
//!
//! Beside `partial.rs`. A column of the job may have some, each with the other columns that take part. A photon counts
//! where the values of all of them are finite:
//!
//! ```text
//!   products  n, sum x_i, sum x_i x_j   in whole units of 2^-128, exact (products.rs)
//!   ends      first and last            (time, value) as order-preserving keys (ends.rs)
//!   marks     the set of granules, cycles or tracks that photons are of
//!   members   the photons themselves: value, place and time of each (members.rs)
//! ```
//!
//! All are commutative monoids over integers. Rows are of the cells where a photon counts, ascending; marks have as many
//! rows of a cell as its set has members, and members as many as it has photons, in no order.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::members::{self, Members};
use super::relate::are_of;
use super::size::held;
use crate::expr::Mark;

/// Limbs of 64 bits of a sum of values: below 2^63 in units of 2^-128, so of 2^60 photons 252 bits.
pub(super) const SUM: usize = 4;
/// Limbs of a sum of products: of 2^60 photons 443 bits.
pub(super) const PRODUCT: usize = 7;
/// Columns of sums of products at most: a value, and three that it is fitted to.
pub const MOST_COLUMNS: usize = 4;

/// A joint accumulator that a column of the job has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joint {
    pub form: Form,
    /// Columns of the job that take part beside its own.
    pub others: Vec<usize>,
}

/// What is accumulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Sums of products of so many columns.
    Products(usize),
    /// The values at the least and the greatest value of the other column.
    Ends,
    /// What photons are marked with by their granules.
    Marks(Mark),
    /// The photons themselves.
    Members(Members),
}

/// Rows of one joint accumulator, ascending by cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JointRows {
    form: Form,
    cells: Vec<u64>,
    /// Row after row, [`Form::words`] each.
    words: Vec<u64>,
}

impl Form {
    /// Words of a row.
    pub fn words(self) -> usize {
        match self {
            Self::Products(k) => 1 + SUM * k + PRODUCT * (k * (k + 1) / 2),
            Self::Ends => 4,
            Self::Marks(_) => 2,
            Self::Members(_) => members::WORDS,
        }
    }

    /// Whether a cell has a row for each of its photons.
    pub fn is_of_photons(self) -> bool {
        matches!(self, Self::Members(_))
    }

    /// Bytes of a row, its cell included.
    pub fn bytes(self) -> u64 {
        (1 + self.words()) as u64 * 8
    }

    fn merge(self, mine: &mut [u64], more: &[u64]) {
        match self {
            Self::Products(k) => {
                mine[0] += more[0];
                let sums = 1..1 + SUM * k;
                add_limbs(&mut mine[sums.clone()], &more[sums.clone()], SUM);
                add_limbs(&mut mine[sums.end..], &more[sums.end..], PRODUCT);
            }
            Self::Ends => {
                if more[..2] < mine[..2] {
                    mine[..2].copy_from_slice(&more[..2]);
                }
                if more[2..] > mine[2..] {
                    mine[2..].copy_from_slice(&more[2..]);
                }
            }
            Self::Marks(_) | Self::Members(_) => {}
        }
    }
}

/// Adds integers of so many limbs each, one after the other.
fn add_limbs(mine: &mut [u64], more: &[u64], limbs: usize) {
    for (mine, more) in mine.chunks_exact_mut(limbs).zip(more.chunks_exact(limbs)) {
        let mut carry = false;
        for (a, &b) in mine.iter_mut().zip(more) {
            (*a, carry) = a.carrying_add(b, carry);
        }
    }
}

impl JointRows {
    pub fn new(form: Form) -> Self {
        Self {
            form,
            cells: Vec::new(),
            words: Vec::new(),
        }
    }

    /// Of arrays that were read; `None` where they are not of one length.
    pub(super) fn of(form: Form, cells: Vec<u64>, words: Vec<u64>) -> Option<Self> {
        let whole = cells.len().checked_mul(form.words()) == Some(words.len());
        whole.then_some(Self { form, cells, words })
    }

    pub fn form(&self) -> Form {
        self.form
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn cells(&self) -> &[u64] {
        &self.cells
    }

    /// The same rows under other numbers of cells, which ascend as those here do.
    pub(super) fn renumber(&mut self, number: impl Fn(u64) -> u64) {
        for cell in &mut self.cells {
            *cell = number(*cell);
        }
    }

    /// The words of these rows.
    pub(super) fn words(&self, rows: Range<usize>) -> &[u64] {
        let words = self.form.words();
        &self.words[rows.start * words..rows.end * words]
    }

    /// The rows of a cell: one, as many as its set has members, or one for each photon.
    pub fn rows_of(&self, cell: u64) -> Range<usize> {
        let start = self.cells.partition_point(|&c| c < cell);
        start..start + self.cells[start..].partition_point(|&c| c == cell)
    }

    /// The row of a cell, where it has one.
    pub fn get(&self, cell: u64) -> Option<&[u64]> {
        let at = self.cells.binary_search(&cell).ok()?;
        Some(self.words(at..at + 1))
    }

    /// Adds a row of the last cell here or one above it; rows of one cell merge.
    pub fn push(&mut self, cell: u64, row: &[u64]) {
        let words = self.form.words();
        match self.form {
            Form::Marks(_) => self.insert(cell, row),
            Form::Members(_) => {
                self.cells.push(cell);
                self.words.extend_from_slice(row);
            }
            _ if self.cells.last() == Some(&cell) => {
                let start = self.words.len() - words;
                self.form.merge(&mut self.words[start..], row);
            }
            _ => {
                self.cells.push(cell);
                self.words.extend_from_slice(row);
            }
        }
    }

    /// Puts a mark in its place among those of the last cell, once.
    fn insert(&mut self, cell: u64, row: &[u64]) {
        let words = self.form.words();
        let of_cell = self.cells.iter().rev().take_while(|&&c| c == cell).count();
        let first = (self.cells.len() - of_cell) * words;
        let mut at = self.words.len();
        while at > first && self.words[at - words..at] > *row {
            at -= words;
        }
        if at > first && self.words[at - words..at] == *row {
            return;
        }
        self.cells.push(cell);
        self.words.extend_from_slice(row);
        self.words[at..].rotate_right(words);
    }

    /// Adds rows that ascend by cell from the last one here on.
    pub fn append(&mut self, more: &Self) {
        for (i, &cell) in more.cells.iter().enumerate() {
            self.push(cell, more.words(i..i + 1));
        }
    }

    /// The rows of ascending cells.
    pub(super) fn of_cells(&self, cells: &[u64]) -> Range<usize> {
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
            return 0..0;
        };
        let start = self.cells.partition_point(|c| c < first);
        start..start + self.cells[start..].partition_point(|c| c <= last)
    }

    /// Appends the rows of these cells, which are above those here.
    pub(super) fn extend(&mut self, other: &Self, cells: &[u64]) {
        let rows = other.of_cells(cells);
        self.cells.extend_from_slice(&other.cells[rows.clone()]);
        self.words.extend_from_slice(other.words(rows));
    }

    /// Adds what cell `from` has to cell `to`, the last one here or above it.
    pub(super) fn join(&mut self, other: &Self, from: u64, to: u64) {
        for row in other.rows_of(from) {
            self.push(to, other.words(row..row + 1));
        }
    }

    /// Checks that rows are of some of these ascending cells, each once but for marks, which ascend, and for photons.
    ///
    /// # Errors
    /// In words, the first row that is not.
    pub fn check(&self, cells: &[u64]) -> Result<(), String> {
        let mut rest = cells;
        for (i, &cell) in self.cells.iter().enumerate() {
            rest = &rest[rest.partition_point(|&c| c < cell)..];
            let again = i > 0 && self.cells[i - 1] >= cell;
            let next_mark = matches!(self.form, Form::Marks(_))
                && i > 0
                && self.cells[i - 1] == cell
                && self.words(i - 1..i) < self.words(i..i + 1);
            let next_photon = self.form.is_of_photons() && i > 0 && self.cells[i - 1] == cell;
            if rest.first() != Some(&cell) || (again && !next_mark && !next_photon) {
                return Err(format!(
                    "joint sums of cell {cell}, which is not there or has others before"
                ));
            }
        }
        Ok(())
    }

    /// Whether a cell with so many values of the column can have its rows.
    pub fn are_of(&self, cell: u64, values: u64) -> bool {
        if self.form.is_of_photons() {
            return self.rows_of(cell).len() as u64 <= values;
        }
        match (self.form, self.get(cell)) {
            (Form::Products(k), Some(row)) => are_of(row, k, values),
            (Form::Ends, Some(row)) => values > 0 && row[..2] <= row[2..],
            (Form::Marks(_) | Form::Members(_), Some(_)) => values > 0,
            (Form::Marks(_), None) => values == 0,
            (_, None) => true,
        }
    }

    /// Removes all rows and keeps the memory for as many.
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.words.clear();
    }

    /// Removes the rows of cells from this one on.
    pub(super) fn truncate(&mut self, cell: u64) {
        let left = self.cells.partition_point(|&c| c < cell);
        self.cells.truncate(left);
        self.words.truncate(left * self.form.words());
    }

    /// Bytes that these rows need.
    pub(super) fn bytes_of(&self, cells: &[u64]) -> u64 {
        self.of_cells(cells).len() as u64 * self.form.bytes()
    }

    pub(super) fn bytes_held(&self) -> u64 {
        held(&self.cells) + held(&self.words)
    }

    pub(super) fn shrink(&mut self) {
        self.cells.shrink_to_fit();
        self.words.shrink_to_fit();
    }

    /// Makes room for so many rows, and no more.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.cells.reserve_exact(rows);
        self.words.reserve_exact(rows * self.form.words());
    }
}
