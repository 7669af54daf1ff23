//! Checkpoints: how far a run has come with shards that are not whole, as a list of granules and their
//! partials.
//!
//! Beside the line. A shard near a pole needs nearly every granule, so it is whole only at the end. What was
//! read for it survives a stop as sorted runs of partials, with a list of what is in them. A run over the
//! same shards of the same pieces goes on from there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Contribution, GranuleFile, Listed, Pieces};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::finalize::Conserved;
use crate::folders;
use crate::left_out::ErrorSummary;
use crate::left_out::RejectedRow;
use crate::merge::RunFile;
use crate::place::{open, seal, write_document};
use crate::read::GranuleReport;

/// The list among the sorted runs.
const NAME: &str = "checkpoint.json";

/// What was read and merged, and is in no piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub config_sha256: String,
    pub map_sha256: String,
    /// Of the manifest that it was written under.
    pub manifest_sha256: String,
    /// Shards whose partials are in the sorted runs, ascending; those that are done are not.
    pub open: Vec<u64>,
    /// Granules that are merged.
    pub granules: Vec<GranuleReport>,
    /// What their files were.
    pub sources: BTreeMap<String, GranuleFile>,
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

/// Photons of each open shard that the granules of a checkpoint added.
pub type Covered = BTreeMap<u64, u64>;

impl Checkpoint {
    /// Whether it is of these pieces, covers the shards, and holds every granule once and where the map
    /// lists it.
    fn check(&self, pieces: &Pieces, to_do: &[u64], listed: &Listed) -> Result<(), String> {
        let manifest = &pieces.manifest;
        let same = [
            (&self.config_sha256, &manifest.config.sha256),
            (&self.map_sha256, &manifest.map.sha256),
            (&self.manifest_sha256, &pieces.sha256),
        ];
        if same.iter().any(|(mine, theirs)| mine != theirs) {
            return Err("it is of another config, map or manifest".to_owned());
        }
        let covers = |shard: &u64| self.open.binary_search(shard).is_ok();
        if let Some(shard) = to_do.iter().find(|shard| !covers(shard)) {
            return Err(format!(
                "it does not cover shard {shard}, which is made again"
            ));
        }
        let mut merged = BTreeSet::new();
        for granule in &self.granules {
            let name = &*granule.name;
            if !listed.knows(name) {
                return Err(format!("the run has no granule {name}"));
            }
            if !merged.insert(name) {
                return Err(format!("it has granule {name} twice"));
            }
        }
        for &shard in to_do {
            let contributions = self.contributions.get(&shard);
            let contributions = contributions.map_or(&[][..], Vec::as_slice);
            let mut added = BTreeSet::new();
            for Contribution { granule, .. } in contributions {
                if !added.insert(&**granule) {
                    return Err(format!("shard {shard} has granule {granule} twice"));
                }
                if !merged.contains(&**granule) || !listed.lists(shard, granule) {
                    return Err(format!(
                        "shard {shard} has granule {granule}, which is not merged or not listed for it"
                    ));
                }
            }
            let mut due = merged.iter().filter(|granule| listed.lists(shard, granule));
            if let Some(missing) = due.find(|granule| !added.contains(*granule)) {
                return Err(format!("shard {shard} lacks granule {missing}"));
            }
        }
        match listed.changed(&self.sources) {
            Some((granule, how)) => Err(format!("granule {granule} {how} since it was read")),
            None => Ok(()),
        }
    }

    /// Photons that the partials of each shard must have.
    pub fn covered(&self) -> Covered {
        let photons = |all: &Vec<Contribution>| all.iter().map(|one| one.photons).sum();
        let shards = self.contributions.iter();
        shards.map(|(&shard, all)| (shard, photons(all))).collect()
    }
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

    /// The checkpoint of an earlier run over these shards, if it can be used for those that are to be
    /// done; in words why not, where there is one.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn checkpoint(
        &self,
        shards: &[u64],
        to_do: &[u64],
        listed: &Listed,
    ) -> Result<Result<Option<Checkpoint>, String>> {
        let path = self.open_shards(shards).join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Ok(None)),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let opened = open::<Checkpoint>(&bytes).map_err(|why| format!("{NAME} {why}"));
        Ok(opened.and_then(|opened| {
            let checkpoint = opened.document;
            let fits = checkpoint.check(self, to_do, listed);
            fits.map_err(|why| format!("{NAME} cannot be used: {why}"))?;
            Ok(Some(checkpoint))
        }))
    }

    /// Records a checkpoint; a reader never sees half of it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn record(&self, shards: &[u64], checkpoint: &Checkpoint) -> Result<()> {
        let folder = self.open_shards(shards);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let (bytes, _) = seal(checkpoint, false);
        write_document(&folder.join(NAME), &bytes)
    }

    /// Takes the checkpoint away, and what partials are with it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn forget(&self, shards: &[u64]) -> Result<()> {
        let folder = self.open_shards(shards);
        for removed in [fs::remove_file(folder.join(NAME)), folders::remove(&folder)] {
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
