//! Chunked datasets decoded without libhdf5: positioned reads and decoding, in parallel.
//!
//! On the line: below `columns.rs`, which asks for rows of datasets. libhdf5 says how a dataset is stored
//! (`layout.rs`); where its storage chunks lie is checked (`entries.rs`, `table.rs`); `dataset.rs` makes columns
//! still in chunks of rows (`src/photon/stored.rs`), and `many.rs` has those of several datasets decoded at once by
//! `src/decode/`. Rows that stand in no chunks are read in the same way.
//!
//! Nothing here guesses: a dataset that is stored in any way that is not understood in full has no
//! [`ChunkedDataset`] and is read through libhdf5; one that contradicts itself is an error.

mod dataset;
mod entries;
mod known;
mod layout;
mod many;
mod table;

pub(super) use dataset::ChunkedDataset;
pub(super) use layout::{Asked, Found, Untabled, find};
pub(super) use many::{Failure, Request, decode};
