//! From the bytes of a storage chunk to values: filters undone, checksums compared, types converted.
//!
//! Knows nothing of files: bytes come in, values go out, so what is decoded may come from a disk or from
//! anywhere else. `host.rs` takes a column still in chunks (`src/photon/stored.rs`) and fills the values of a batch:
//! `filter.rs` undoes the filters of a chunk in turn, `convert.rs` makes values of the bytes, and `extremes.rs` tells
//! between which numbers they lie.

pub(crate) mod blosc;
mod blosclz;
mod checksum;
mod codecs;
pub(crate) mod convert;
#[cfg(test)]
mod encode;
pub(crate) mod extremes;
pub(crate) mod filter;
pub(crate) mod host;
pub(crate) mod inflate;
mod unshuffle;
