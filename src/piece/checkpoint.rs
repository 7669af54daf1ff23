//! How far a run is whose shards are not all whole: granules that are merged, and their partials.
//!
//! Beside the line. A shard near a pole needs nearly all granules, so it is whole at the end only; what
//! was read for it survives a stop as sorted runs of partials, with a list of what is in them. It is
//! taken up by a run over the same shards of the same pieces.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Contribution, Pieces};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::finalize::Conserved;
use crate::merge::RunFile;
use crate::report::{GranuleReport, RejectedRow, write_whole};
use crate::table::ErrorSummary;

/// The list among the sorted runs.
const NAME: &str = "checkpoint.json";

/// What was read and merged, and is in no piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub config_sha256: String,
    pub map_sha256: String,
    /// Shards whose partials are in the sorted runs, ascending; those that are done are not.
    pub open: Vec<u64>,
    /// Granules that are merged.
    pub granules: Vec<GranuleReport>,
    /// What they added to the open shards.
    pub contributions: BTreeMap<u64, Vec<Contribution>>,
    /// Photons and values that are in pieces.
    pub conserved: Conserved,
    /// The first rows that were rejected one by one, and how many there were.
    pub rows: Vec<RejectedRow>,
    pub rejected_rows: u64,
    pub errors: ErrorSummary,
    pub runs: Vec<RunFile>,
}

impl Pieces {
    /// Where partials of shards that are not whole are on disk, of a run over these shards.
    pub fn open_shards(&self, shards: &[u64]) -> PathBuf {
        let mut hash = Sha256::new();
        for shard in shards {
            hash.update(shard.to_le_bytes());
        }
        let digits = hex(&hash.finalize()[..8]);
        self.folder.join(format!("open-{digits}"))
    }

    /// The checkpoint of an earlier run over these shards, if it covers those that are to be done.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn checkpoint(&self, shards: &[u64], to_do: &[u64]) -> Result<Option<Checkpoint>> {
        let path = self.open_shards(shards).join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let checkpoint = serde_json::from_slice(&bytes).ok();
        let fits = |checkpoint: &Checkpoint| {
            checkpoint.config_sha256 == self.manifest.config.sha256
                && checkpoint.map_sha256 == self.manifest.map.sha256
                && to_do
                    .iter()
                    .all(|shard| checkpoint.open.binary_search(shard).is_ok())
        };
        Ok(checkpoint.filter(fits))
    }

    /// Records a checkpoint; a reader never sees half of it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn record(&self, shards: &[u64], checkpoint: &Checkpoint) -> Result<()> {
        let folder = self.open_shards(shards);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let text = serde_json::to_vec(checkpoint)
            .unwrap_or_else(|e| unreachable!("a checkpoint has only string keys: {e}"));
        write_whole(&folder.join(NAME), &text)
    }

    /// Takes the checkpoint away, and what partials are with it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn forget(&self, shards: &[u64]) -> Result<()> {
        let folder = self.open_shards(shards);
        for removed in [
            fs::remove_file(folder.join(NAME)),
            fs::remove_dir_all(&folder),
        ] {
            match removed {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(Error::io("remove", folder, e));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
