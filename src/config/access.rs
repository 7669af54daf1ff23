//! How granules are opened, which is no part of the question that a config asks.
//!
//! Beside the line: the command line sets it, the readers obey it.

use std::path::PathBuf;

use crate::error::Dialect;
use crate::source::Remote;

/// Bytes that the program takes of the memory before it reads anything.
pub const PROGRAM_BYTES: u64 = 64 << 20;

/// The least memory, in whole MiB, of which storage chunks may take so many bytes: half of what the
/// program leaves.
pub fn memory_for_chunks(bytes: u64) -> u64 {
    let all = bytes.saturating_mul(2).saturating_add(PROGRAM_BYTES);
    all.div_ceil(1 << 20).saturating_mul(1 << 20)
}

/// Where granules may lead, and what becomes of rows that are not there.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Folders, beside that of a granule, in which files may lie that it leads to.
    pub external: Vec<PathBuf>,
    /// Rows that are not stored are null, in place of an error.
    pub tolerant: bool,
    /// Every byte of a granule is read once more, for the hash that a store has of it.
    pub hashed: bool,
    /// Bytes that storage chunks, or parts of tables, may take while they are decoded; as many as they
    /// need where there is none.
    pub chunk_memory: Option<u64>,
    /// Threads that decode them at the same time, one at least.
    pub threads: usize,
    /// Granules that are read at the same time and share that memory, one at least.
    pub granules: usize,
    /// How objects are read that are no files.
    pub remote: Remote,
    /// In what words is written down why something was left out.
    pub dialect: &'static dyn Dialect,
}
