//! Merging: partials of many batches become the partials of each shard, within a budget of memory.
//!
//! On the line: `Partials --merge (exact, any order)--> RunPartials --finalize-->`. Partials of the
//! granule that is being read are kept apart until it has been read whole. `memory.rs` holds what
//! fits the budget, `merger.rs` merges the tables of one shard, and `windows.rs` hands them on.
//!
//! ```text
//!   add -> pending --commit--> committed --take_shard--> windows of merged cells
//!             '----discard
//! ```

mod memory;
mod merger;
mod windows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::stat::{Job, Partials};

pub use memory::ShardPartials;
pub use windows::Windows;

/// Partials of a run by shard: in memory up to a budget, beyond it in sorted runs on disk.
#[derive(Debug)]
pub struct RunPartials<'a> {
    grid: &'a GridConfig,
    job: &'a Job,
    budget: u64,
    window: u64,
    folder: PathBuf,
    committed: Side,
    pending: Side,
}

/// Partials, and how many photons they have.
#[derive(Debug, Default)]
struct Side {
    memory: ShardPartials,
    photons: BTreeMap<u64, u64>,
}

/// What went to disk, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpillFacts {
    /// Bytes written, those of merging sorted runs included.
    pub bytes: u64,
    /// Sorted runs written.
    pub runs: u64,
}

/// A sorted run that can be taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Name in the folder of runs.
    pub name: String,
    pub bytes: u64,
    /// Of the file, in hexadecimal digits.
    pub sha256: String,
}

impl<'a> RunPartials<'a> {
    /// None yet. The budget is in bytes; the folder is made when something is written, and removed
    /// with the last sorted run.
    pub fn new(grid: &'a GridConfig, job: &'a Job, budget: u64, folder: &Path) -> Self {
        Self {
            grid,
            job,
            budget,
            window: budget / 16,
            folder: folder.to_path_buf(),
            committed: Side::default(),
            pending: Side::default(),
        }
    }

    /// Hands merged cells on in tables of about so many bytes.
    #[must_use]
    pub fn with_window(mut self, bytes: u64) -> Self {
        self.window = bytes;
        self
    }

    /// Adds partials of the granule that is being read.
    ///
    /// # Errors
    /// Values out of range, which partials cannot hold; a sorted run that cannot be written.
    pub fn add(&mut self, partials: &Partials) -> Result<()> {
        if let Some((column, count)) = partials.out_of_range().next() {
            return Err(Error::Gate(format!(
                "{count} values of column {} are out of range and cannot be merged",
                self.job.columns[column].name
            )));
        }
        for (shard, part) in memory::by_shard(partials, self.grid, self.job) {
            *self.pending.photons.entry(shard).or_default() += part.photons.iter().sum::<u64>();
            let room = self.budget.saturating_sub(self.committed.memory.bytes());
            self.pending.memory.push(shard, part, self.job, room);
        }
        Ok(())
    }

    /// The granule was read whole: its partials join the others. Gives back the photons that it
    /// added, by shard.
    ///
    /// # Errors
    /// A sorted run that cannot be written.
    pub fn commit(&mut self) -> Result<BTreeMap<u64, u64>> {
        let Side { memory, photons } = std::mem::take(&mut self.pending);
        self.committed.memory.absorb(memory, self.job, self.budget);
        for (&shard, &more) in &photons {
            *self.committed.photons.entry(shard).or_default() += more;
        }
        Ok(photons)
    }

    /// The granule failed: nothing of it is left.
    ///
    /// # Errors
    /// A sorted run that cannot be removed.
    pub fn discard(&mut self) -> Result<()> {
        self.pending = Side::default();
        Ok(())
    }

    /// Shards with photons of granules that were read whole, ascending.
    pub fn shards(&self) -> impl Iterator<Item = u64> {
        self.committed.photons.keys().copied()
    }

    /// Photons of granules that were read whole, in the shards that were not taken.
    pub fn photons(&self) -> u64 {
        self.committed.photons.values().sum()
    }

    /// Bytes of memory that partials take.
    pub fn memory(&self) -> u64 {
        self.committed.memory.bytes() + self.pending.memory.bytes()
    }

    /// Merges what there is of a shard; it is gone afterwards, whether or not all of it was looked
    /// at. The granule that is being read has no part in it.
    ///
    /// # Errors
    /// A sorted run that cannot be read.
    pub fn take_shard(&mut self, shard: u64) -> Result<Windows<'_>> {
        let photons = self.committed.photons.remove(&shard).unwrap_or_default();
        let tables = self.committed.memory.take(shard);
        Ok(Windows::new(
            shard,
            photons,
            tables,
            (self.job, self.window),
        ))
    }

    /// What went to disk.
    pub fn spilled(&self) -> SpillFacts {
        SpillFacts::default()
    }
}
