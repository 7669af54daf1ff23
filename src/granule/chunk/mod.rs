//! Chunked datasets decoded without libhdf5: positioned reads and inflating, in parallel.
//!
//! On the line: below `columns.rs`, which asks for rows of datasets. `layout.rs` asks libhdf5 how a
//! dataset is stored, `table.rs` checks where its storage chunks lie, `filter.rs` undoes filters
//! with `inflate.rs`, `unshuffle.rs` and `checksum.rs`, `convert.rs` makes values of bytes,
//! `dataset.rs` maps rows to chunks, `many.rs` decodes several datasets at once.
//!
//! Nothing here guesses: a dataset that is stored in any way that is not understood in full has no
//! [`ChunkedDataset`] and is read through libhdf5; one that contradicts itself is an error.

mod checksum;
mod convert;
mod dataset;
mod filter;
mod inflate;
mod layout;
mod many;
mod table;
mod unshuffle;

pub(super) use dataset::ChunkedDataset;
pub(super) use layout::Untabled;
pub(super) use many::{Failure, Request, decode};
