//! How a run goes about its work.
//!
//! Beside the line, which is told by whoever calls it.

use std::path::Path;

use super::carried::Carried;
use super::checkpoint::PieceOptions;
use super::run_checkpoint::RunCheckpoints;
use crate::watch::Watch;

/// How a run goes about its work; none of it changes a bit of the result.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Rows read at a time from one ground track.
    pub batch_rows: usize,
    /// Report granules and rows that cannot be used, and write the rest.
    pub tolerant: bool,
    /// Where the rows of the store go as a table, too.
    pub table: Option<&'a Path>,
    /// Where what a tolerant run leaves out is listed.
    pub errors: &'a Path,
    /// Bytes that partials may take before they go to disk.
    pub partials: u64,
    /// Bytes of column memory that a device may lend: those of the batches that exist at a time.
    pub columns: u64,
    /// Where they go: a folder that this run alone uses.
    pub spill: &'a Path,
    /// Where finished shards go, of a run over a shard map.
    pub pieces: Option<PieceOptions<'a>>,
    /// Where the partials of any other run are saved, for another to go on with.
    pub checkpoints: Option<RunCheckpoints<'a>>,
    /// What of the store that stands stays as it is, of a run that adds to it and has no partials of it.
    pub carried: Option<&'a Carried<'a>>,
    /// Is told how far the run is, and may wish it to stop at the next batch.
    pub watch: &'a dyn Watch,
}

/// Rows read at a time: 2^20 photons are some 50 MB with two columns, and amortise every stage.
pub const BATCH_ROWS: usize = 1 << 20;
