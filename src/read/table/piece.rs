//! Pieces of a table, and how much is read for each.
//!
//! On the line: `prune.rs` says which stretches there are, `batches.rs` yields pieces of them.

use arrow::record_batch::RecordBatch;

/// Consecutive rows of a table.
#[derive(Debug)]
pub(super) enum Piece {
    /// Rows that were read, from this row of the table on.
    Rows {
        first: u64,
        reach: Reach,
        batch: RecordBatch,
    },
    /// Rows of which statistics told all there is to know.
    /// Every photon is rejected, for this reason.
    Skipped(u64, &'static str),
}

/// How much of a stretch of rows is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every column.
    All,
    /// Coordinates: no photon is where photons count.
    Positions,
    /// Nothing: every photon has valid coordinates, and none is where photons count, for this reason.
    Nothing(&'static str),
}

/// Consecutive row groups of one reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub reach: Reach,
    pub row_groups: Vec<usize>,
    /// First row in the table, and how many.
    pub first: u64,
    pub rows: u64,
}
