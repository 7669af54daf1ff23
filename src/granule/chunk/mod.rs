//! Chunked datasets decoded without libhdf5: positioned reads and inflating, in parallel.
//!
//! On the line: below `columns.rs`, which asks for rows of datasets. `layout.rs` asks libhdf5 how a
//! dataset is stored (`known.rs`: with which filters), `entries.rs` and `table.rs` check where its
//! storage chunks lie, `filter.rs` undoes filters with `inflate.rs`, `codecs.rs`, `blosc.rs` (its own
//! compressor: `blosclz.rs`), `unshuffle.rs` and `checksum.rs`, `convert.rs` makes values of bytes,
//! `dataset.rs` maps rows to chunks, `many.rs` decodes several datasets at once, `bytes.rs` reads.
//! Rows that stand in no chunks are read in the same way.
//!
//! Nothing here guesses: a dataset that is stored in any way that is not understood in full has no
//! [`ChunkedDataset`] and is read through libhdf5; one that contradicts itself is an error.

mod blosc;
mod blosclz;
mod bytes;
mod checksum;
mod codecs;
mod convert;
mod dataset;
#[cfg(test)]
mod encode;
mod entries;
mod filter;
mod inflate;
mod known;
mod layout;
mod many;
mod table;
mod unshuffle;

pub(super) use bytes::Part;
pub(super) use dataset::ChunkedDataset;
pub(super) use layout::{Asked, Found, Untabled, find};
pub(super) use many::{Failure, Request, decode};
