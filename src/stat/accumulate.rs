//! What all accumulators of a column are done to alike: the one list of those that a column may have.
//!
//! Below `partial.rs`. An accumulator that is added to [`ColumnPartials`](super::ColumnPartials) has to be named in
//! the macros here, as they take it apart without a rest; then it is cleared, joined, cut and counted like the others.

use std::ops::Range as Rows;

use super::histogram::Bins;
use super::moments::Moments;
use super::ordered::{Keys, Ordered};
use super::range::Range;
use super::size::held;
use super::terms::TermSum;

/// Rows of an accumulator, one a cell.
pub(super) trait Accumulator {
    /// Removes all rows and keeps the memory for as many.
    fn clear(&mut self);
    /// Whether it retains values, so that its size depends on them.
    #[inline]
    fn is_retained(&self) -> bool {
        false
    }
    /// Appends rows of another table.
    fn extend(&mut self, more: &Self, rows: Rows<usize>);
    /// Merges row `i` of another table into the last one.
    fn join_last(&mut self, more: &Self, i: usize);
    /// Removes rows from this one on.
    fn truncate(&mut self, rows: usize);
    /// Appends a row of no values.
    fn push_nothing(&mut self);
    /// Bytes that it has taken from the system.
    fn bytes_held(&self) -> u64;
    /// Gives back what it keeps for more rows.
    fn shrink(&mut self);
    /// Makes room for so many rows of no values, and no more.
    fn reserve(&mut self, rows: usize);
}

/// An accumulator of one cell that has one size whatever the values.
pub(super) trait Fixed: Copy + Default {
    fn join(&mut self, more: &Self);
}

macro_rules! fixed {
    ($($accumulator:ty),*) => {
        $(impl Fixed for $accumulator {
            #[inline]
            fn join(&mut self, more: &Self) {
                self.merge(more);
            }
        })*
    };
}
fixed!(Range, Moments, TermSum);

impl<T: Fixed> Accumulator for Vec<T> {
    fn clear(&mut self) {
        Vec::clear(self);
    }

    fn extend(&mut self, more: &Self, rows: Rows<usize>) {
        self.extend_from_slice(&more[rows]);
    }

    fn join_last(&mut self, more: &Self, i: usize) {
        if let Some(last) = self.last_mut() {
            last.join(&more[i]);
        }
    }

    fn truncate(&mut self, rows: usize) {
        Vec::truncate(self, rows);
    }

    fn push_nothing(&mut self) {
        self.push(T::default());
    }

    fn bytes_held(&self) -> u64 {
        held(self)
    }

    fn shrink(&mut self) {
        self.shrink_to_fit();
    }

    fn reserve(&mut self, rows: usize) {
        self.reserve_exact(rows);
    }
}

impl Accumulator for Ordered {
    #[inline]
    fn is_retained(&self) -> bool {
        true
    }

    fn clear(&mut self) {
        Ordered::clear(self);
    }

    fn extend(&mut self, more: &Self, rows: Rows<usize>) {
        Ordered::extend(self, more, rows);
    }

    fn join_last(&mut self, more: &Self, i: usize) {
        self.extend_last(more, i);
    }

    fn truncate(&mut self, rows: usize) {
        let end = self.offsets[rows];
        self.offsets.truncate(rows + 1);
        match &mut self.keys {
            Keys::Narrow(keys) => keys.truncate(end),
            Keys::Wide(keys) => keys.truncate(end),
        }
    }

    fn push_nothing(&mut self) {
        self.offsets.push(self.len_keys());
    }

    fn bytes_held(&self) -> u64 {
        let keys = match &self.keys {
            Keys::Narrow(keys) => held(keys),
            Keys::Wide(keys) => held(keys),
        };
        held(&self.offsets) + keys
    }

    fn shrink(&mut self) {
        self.offsets.shrink_to_fit();
        match &mut self.keys {
            Keys::Narrow(keys) => keys.shrink_to_fit(),
            Keys::Wide(keys) => keys.shrink_to_fit(),
        }
    }

    fn reserve(&mut self, rows: usize) {
        self.offsets.reserve_exact(rows);
    }
}

impl Accumulator for Bins {
    fn clear(&mut self) {
        Bins::clear(self);
    }

    fn extend(&mut self, more: &Self, rows: Rows<usize>) {
        Bins::extend(self, more, rows);
    }

    fn join_last(&mut self, more: &Self, i: usize) {
        self.extend_last(more, i);
    }

    fn truncate(&mut self, rows: usize) {
        self.counts.truncate(rows * self.stride);
    }

    fn push_nothing(&mut self) {
        self.counts.resize(self.counts.len() + self.stride, 0);
    }

    fn bytes_held(&self) -> u64 {
        held(&self.counts)
    }

    fn shrink(&mut self) {
        self.counts.shrink_to_fit();
    }

    fn reserve(&mut self, rows: usize) {
        self.counts.reserve_exact(rows * self.stride);
    }
}

/// Gives an accumulator so many rows; what they hold is to be replaced.
pub(super) fn resize<T: Fixed>(of: &mut Vec<T>, rows: usize) {
    of.resize(rows, T::default());
}

/// Does the same to each accumulator of a column that is there.
macro_rules! each_accumulator {
    ($column:expr, $rows:ident => $body:expr) => {{
        let ColumnPartials {
            count: _,
            specials: _,
            remainders: _,
            joints: _,
            out_of_range: _,
            range,
            moments,
            terms,
            ordered,
            bins,
        } = $column;
        if let Some($rows) = range {
            $body;
        }
        if let Some($rows) = moments {
            $body;
        }
        if let Some($rows) = terms {
            $body;
        }
        if let Some($rows) = ordered {
            $body;
        }
        if let Some($rows) = bins {
            $body;
        }
    }};
}

/// Does the same to each accumulator of fixed size that is there: what rows are written in place of.
macro_rules! each_fixed {
    ($column:expr, $rows:ident => $body:expr) => {{
        let ColumnPartials {
            count: _,
            specials: _,
            remainders: _,
            joints: _,
            out_of_range: _,
            range,
            moments,
            terms,
            ordered: _,
            bins: _,
        } = $column;
        if let Some($rows) = range {
            $body;
        }
        if let Some($rows) = moments {
            $body;
        }
        if let Some($rows) = terms {
            $body;
        }
    }};
}

/// Does the same to each accumulator of a column and that of another column of the same job.
macro_rules! zip_accumulators {
    ($column:expr, $other:expr, |$mine:ident, $more:ident| $body:expr) => {{
        let ColumnPartials {
            count: _,
            specials: _,
            remainders: _,
            joints: _,
            out_of_range: _,
            range,
            moments,
            terms,
            ordered,
            bins,
        } = $column;
        if let (Some($mine), Some($more)) = (range, &$other.range) {
            $body;
        }
        if let (Some($mine), Some($more)) = (moments, &$other.moments) {
            $body;
        }
        if let (Some($mine), Some($more)) = (terms, &$other.terms) {
            $body;
        }
        if let (Some($mine), Some($more)) = (ordered, &$other.ordered) {
            $body;
        }
        if let (Some($mine), Some($more)) = (bins, &$other.bins) {
            $body;
        }
    }};
}
