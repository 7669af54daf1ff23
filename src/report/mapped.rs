//! What a run over a shard map says of the map and of its pieces, as a part of `run.json`.
//!
//! Below `document.rs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part of a shard map that the run is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanReport {
    pub map: String,
    /// Places in the map, `A..B` without B.
    pub shards: String,
    /// Shards of the map.
    pub of: u64,
    /// Keys of the map that the run does not follow.
    #[serde(default)]
    pub unused: Vec<String>,
    /// SHA-256 of the shards of the map and their granules.
    pub map_sha256: Option<String>,
}

/// The pieces of a run over a shard map.
///
/// ```no_run
/// use icefold::report::PieceReport;
/// use icefold::{Mapped, Run, config};
///
/// # fn main() -> icefold::Result<()> {
/// let shards = Mapped::by("shards.json").shards("0..4".parse().unwrap());
/// let outcome = Run::new(config::load("atl03")?, shards).into_store("photons.zarr").execute()?;
/// let pieces: Option<&PieceReport> = outcome.done().and_then(|done| done.report.pieces.as_ref());
/// println!("{} of {} shards are done", pieces.map_or(0, |p| p.written + p.kept), 4);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PieceReport {
    /// Where they are until the store is whole.
    pub folder: String,
    /// Pieces that this run wrote, and those that were done before.
    pub written: u64,
    pub kept: u64,
    /// Photons in those that were done before. Under `photons` are those of granules that this run read
    /// or took up from an earlier one.
    pub photons_kept: u64,
    /// Granules that an earlier run had read and merged; they are among `granules.done`, and their
    /// photons under `photons`.
    pub granules_resumed: u64,
    /// Shards of the map.
    pub of: u64,
    /// Shards that were open at a time, at most: some of their granules were read.
    pub most_open: u64,
}
