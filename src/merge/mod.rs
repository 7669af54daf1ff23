//! Merging: partials of many batches become the partials of each shard, within a budget of memory.
//!
//! On the line: `Partials --merge (exact, any order)--> RunPartials --finalize-->`. The partials of the
//! granule that is being read are kept apart until it has been read whole. Those that memory has no room for
//! wait on disk in sorted runs, and a shard is merged from memory and all runs at once:
//!
//! ```text
//!   add -> pending --commit--> committed --take_shard--> windows of merged cells
//!             |  '---discard      |
//!             '--- sorted runs ---'
//! ```
//!
//! Merging is exact in any order, so nothing here changes a bit of the result. `memory.rs` holds what fits
//! the budget, `disk.rs` the rest, and `saved.rs` leaves it for another process. Values of a cell that memory
//! has no room for are selected on disk (`window.rs`, `pile.rs`).

#[cfg(test)]
mod damage;
mod disk;
mod estimate;
#[cfg(test)]
mod files;
mod folder;
#[cfg(test)]
mod kept;
mod memory;
mod merger;
mod pile;
#[cfg(test)]
mod piled;
#[cfg(test)]
mod rooms;
mod run_file;
mod saved;
mod sorted_run;
#[cfg(test)]
mod tests;
mod window;
mod windows;

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::stat::{Encoding, Job, Partials};

use disk::{Disk, MOST_RUNS};
pub use estimate::{available_space, spill_estimate};
use folder::RunFolder;
pub use memory::ShardPartials;
use merger::Merger;
pub use pile::Piles;
pub use saved::RunFile;
use sorted_run::SortedRun;
pub use window::{PiledValues, Window};
pub use windows::Windows;

/// Bytes of a block on disk, and of the buffers that read it: more of them are read at the same time
/// where there are many sorted runs.
const BLOCK: std::ops::RangeInclusive<u64> = 4 << 10..=256 << 10;
/// Bytes of values that a cell may have in memory, however small the budget is.
const LEAST_VALUES: u64 = 64 << 10;
/// Memory that one shard's place in the index of a sorted run takes.
const INDEXED: u64 = 48;

/// Partials of a run by shard: in memory up to a budget, beyond it in sorted runs on disk. Dropping
/// it removes all files that are not saved. After an error it is of no more use.
#[derive(Debug)]
pub struct RunPartials<'a> {
    grid: &'a GridConfig,
    job: &'a Job,
    budget: u64,
    window: u64,
    /// Bytes of values that a cell may have in memory, where that was given by hand.
    most: Option<u64>,
    committed: Side,
    pending: Side,
    piles: Piles,
    // Dropped last, when no run is left in its folder.
    disk: Disk<'a>,
}

/// Partials, and how many photons they have.
#[derive(Debug, Default)]
struct Side {
    memory: ShardPartials,
    photons: BTreeMap<u64, u64>,
    runs: Vec<SortedRun>,
}

/// What went to disk, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpillFacts {
    /// Bytes written, those of merging sorted runs and of piles included.
    pub bytes: u64,
    /// Sorted runs written.
    pub runs: u64,
}

impl<'a> RunPartials<'a> {
    /// None yet. The budget is in bytes: three quarters are for tables, the rest for merging. The
    /// folder is made when something is written, and removed with the last sorted run.
    pub fn new(grid: &'a GridConfig, job: &'a Job, budget: u64, folder: &Path) -> Self {
        let folder = RunFolder::new(folder);
        // An eighth of the budget where as many runs are merged as there can be.
        let block = budget / (8 * MOST_RUNS);
        Self {
            grid,
            job,
            budget,
            window: budget / 16,
            most: None,
            committed: Side::default(),
            pending: Side::default(),
            piles: Piles::within(folder.for_piles()),
            disk: Disk {
                encoding: Encoding::new(job, grid),
                folder,
                block: block.clamp(*BLOCK.start(), *BLOCK.end()),
                facts: SpillFacts::default(),
            },
        }
    }

    /// Hands merged cells on in tables of about so many bytes, and piles up the values of cells that
    /// have more.
    #[must_use]
    pub fn with_window(mut self, bytes: u64) -> Self {
        self.window = bytes;
        self.most = Some(bytes);
        self
    }

    /// Adds partials of the granule that is being read. Threads of the pool that it is called in copy them.
    ///
    /// # Errors
    /// Values out of range, which partials cannot hold; a sorted run that cannot be written.
    pub fn add(&mut self, partials: &Partials) -> Result<()> {
        if let Some((column, count)) = partials.out_of_range().next() {
            return Err(Error::gate(format!(
                "{count} values of column {} are out of range and cannot be merged",
                self.job.columns[column].name
            )));
        }
        for (shard, part) in memory::by_shard(partials, self.grid, self.job) {
            *self.pending.photons.entry(shard).or_default() += part.photons.iter().sum::<u64>();
            self.make_room(part.bytes_held())?;
            let room = self.tables_at_most();
            let room = room.saturating_sub(self.committed.memory.bytes());
            self.pending.memory.push(shard, part, self.job, room);
        }
        // A table may be larger than all the room there is.
        self.make_room(0)
    }

    /// The granule was read whole: its partials join the others. Gives back the photons that it
    /// added, by shard.
    ///
    /// # Errors
    /// A sorted run that cannot be written or read.
    pub fn commit(&mut self) -> Result<BTreeMap<u64, u64>> {
        let added = std::mem::take(&mut self.pending);
        let room = self.tables_at_most();
        self.committed.memory.absorb(added.memory, self.job, room);
        for (&shard, &more) in &added.photons {
            *self.committed.photons.entry(shard).or_default() += more;
        }
        self.committed.runs.extend(added.runs);
        self.disk.compact(&mut self.committed.runs)?;
        self.make_room(0)?;
        Ok(added.photons)
    }

    /// The granule failed: nothing of it is left.
    ///
    /// # Errors
    /// A sorted run that cannot be removed.
    pub fn discard(&mut self) -> Result<()> {
        let failed = std::mem::take(&mut self.pending);
        let mut runs = failed.runs.into_iter();
        runs.try_for_each(|run| self.disk.folder.retire(run))
    }

    /// Shards with photons of granules that were read whole, ascending.
    pub fn shards(&self) -> impl Iterator<Item = u64> {
        self.committed.photons.keys().copied()
    }

    /// Photons of granules that were read whole, in the shards that were not taken.
    pub fn photons(&self) -> u64 {
        self.committed.photons.values().sum()
    }

    /// Those of one shard.
    pub fn photons_of(&self, shard: u64) -> u64 {
        let photons = self.committed.photons.get(&shard);
        photons.copied().unwrap_or_default()
    }

    /// Bytes of memory that partials take.
    pub fn memory(&self) -> u64 {
        self.tables() + self.indices()
    }

    /// Merges what there is of a shard; it is gone afterwards, whether or not all of it was looked
    /// at. The granule that is being read has no part in it.
    ///
    /// # Errors
    /// A sorted run that cannot be read.
    pub fn take_shard(&mut self, shard: u64) -> Result<Windows<'_, 'a>> {
        // What tables do not take is free for values; they are copied on their way to coarser cells.
        let free = self.tables_at_most().saturating_sub(self.tables()) / 4;
        let room = free.max(self.budget / 32).max(LEAST_VALUES);
        let most = self.budget / 16;
        let most = self.most.unwrap_or(most.max(free).max(LEAST_VALUES));
        let Self {
            committed,
            disk,
            piles,
            ..
        } = self;
        let photons = committed.photons.remove(&shard).unwrap_or_default();
        let tables = committed.memory.take(shard);
        let readers = disk.take(&mut committed.runs, shard)?;
        Ok(Windows {
            shard,
            merger: Merger::new(disk.encoding, tables, readers)?,
            window: self.window,
            most,
            room,
            piles: Some(piles),
            photons,
            ended: false,
            disk,
            runs: &mut committed.runs,
        })
    }

    /// Where values go that are too many for memory.
    pub fn piles(&self) -> &Piles {
        &self.piles
    }

    /// What went to disk.
    pub fn spilled(&self) -> SpillFacts {
        SpillFacts {
            bytes: self.disk.facts.bytes + self.piles.written(),
            ..self.disk.facts
        }
    }

    /// Writes partials to disk until so many bytes more have room, or none are left in memory.
    fn make_room(&mut self, more: u64) -> Result<()> {
        while self.tables() > 0 && self.tables() + more > self.tables_at_most() {
            let committed = self.committed.memory.bytes();
            if committed >= self.pending.memory.bytes() {
                self.committed.spill(&mut self.disk)?;
            } else {
                self.pending.spill(&mut self.disk)?;
            }
        }
        Ok(())
    }

    fn tables(&self) -> u64 {
        self.committed.memory.bytes() + self.pending.memory.bytes()
    }

    fn indices(&self) -> u64 {
        let runs = self.committed.runs.iter().chain(&self.pending.runs);
        runs.map(|run| run.shards.len() as u64 * INDEXED).sum()
    }

    /// What the indices of sorted runs take cannot be written to disk; half of the room is left
    /// to tables in any case.
    fn tables_at_most(&self) -> u64 {
        let share = self.budget - self.budget / 4;
        share.saturating_sub(self.indices()).max(share / 2)
    }
}

impl Side {
    /// Writes what is in memory as a sorted run.
    fn spill(&mut self, disk: &mut Disk) -> Result<()> {
        if self.memory.is_empty() {
            return Ok(());
        }
        let run = disk.write(&mut self.memory)?;
        self.runs.push(run);
        disk.compact(&mut self.runs)
    }
}
