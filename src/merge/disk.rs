//! Partials on disk: memory is written as a sorted run, many runs are merged into one, and runs that nobody
//! needs any more are removed.
//!
//! Below `mod.rs`. Runs merge like digits that carry: sixteen of one level become one of the next, so a byte
//! is written once for every factor of sixteen, and few files are open at a time.

use std::collections::BTreeSet;

use super::SpillFacts;
use super::folder::RunFolder;
use super::memory::ShardPartials;
use super::merger::Merger;
use super::run_file::{RunReader, RunWriter};
use super::sorted_run::SortedRun;
use crate::error::Result;
use crate::stat::Encoding;

/// Runs of one level that become one of the next.
const FAN_IN: usize = 16;
/// Runs of the highest level become one of the same: there are never more than 60 and some.
const HIGHEST: u32 = 3;
/// Most runs that are read at the same time.
pub(super) const MOST_RUNS: u64 = FAN_IN as u64 * (HIGHEST as u64 + 1);

/// The folder, and how to write there.
#[derive(Debug)]
pub(super) struct Disk<'a> {
    pub encoding: Encoding<'a>,
    pub folder: RunFolder,
    /// Bytes that the partials of one block take.
    pub block: u64,
    pub facts: SpillFacts,
}

impl<'a> Disk<'a> {
    /// Writes all that is in memory, which is empty afterwards.
    pub fn write(&mut self, memory: &mut ShardPartials) -> Result<SortedRun> {
        let mut writer = self.writer(0)?;
        while let Some(shard) = memory.first() {
            let tables = memory.take(shard);
            if let [table] = tables.as_slice() {
                writer.append(shard, table)?;
                continue;
            }
            let mut merger = Merger::new(self.encoding, tables, Vec::new())?;
            while let Some(block) = merger.next(self.block, self.block)? {
                writer.append(shard, &block)?;
            }
        }
        self.finish(writer)
    }

    /// Merges runs while there are many of one level.
    pub fn compact(&mut self, runs: &mut Vec<SortedRun>) -> Result<()> {
        for level in 0..=HIGHEST {
            let of_level = |run: &SortedRun| run.level.min(HIGHEST) == level;
            while runs.iter().filter(|run| of_level(run)).count() >= FAN_IN {
                let mut taken = 0;
                let inputs: Vec<SortedRun> = runs
                    .extract_if(.., |run| {
                        let takes = taken < FAN_IN && of_level(run);
                        taken += usize::from(takes);
                        takes
                    })
                    .collect();
                runs.push(self.merge(&inputs, HIGHEST.min(level + 1))?);
                inputs
                    .into_iter()
                    .try_for_each(|run| self.folder.retire(run))?;
            }
        }
        Ok(())
    }

    /// Opens the runs that have a shard, which is then taken from them.
    pub fn take(&self, runs: &mut [SortedRun], shard: u64) -> Result<Vec<RunReader<'a>>> {
        let mut readers = Vec::new();
        for (place, run) in runs.iter_mut().enumerate() {
            if let Some(extent) = run.take(shard) {
                let mut reader = RunReader::open(run, place, self.block, self.encoding)?;
                reader.seek(extent)?;
                readers.push(reader);
            }
        }
        Ok(readers)
    }

    /// Removes runs of which every shard was taken.
    pub fn sweep(&mut self, runs: &mut Vec<SortedRun>) -> Result<()> {
        let mut done = runs.extract_if(.., |run| run.shards.is_empty());
        done.try_for_each(|run| self.folder.retire(run))
    }

    fn merge(&mut self, inputs: &[SortedRun], level: u32) -> Result<SortedRun> {
        let mut writer = self.writer(level)?;
        let mut readers = Vec::with_capacity(inputs.len());
        for (place, run) in inputs.iter().enumerate() {
            let reader = RunReader::open(run, place, self.block, self.encoding)?;
            readers.push(Some(reader));
        }
        let shards: BTreeSet<u64> = inputs
            .iter()
            .flat_map(|run| run.shards.keys())
            .copied()
            .collect();
        for shard in shards {
            let mut with_shard = Vec::new();
            for (run, place) in inputs.iter().zip(&mut readers) {
                let Some(&extent) = run.shards.get(&shard) else {
                    continue;
                };
                if let Some(mut reader) = place.take() {
                    reader.seek(extent)?;
                    with_shard.push(reader);
                }
            }
            let mut merger = Merger::new(self.encoding, Vec::new(), with_shard)?;
            while let Some(block) = merger.next(self.block, self.block)? {
                writer.append(shard, &block)?;
            }
            for reader in merger.into_readers() {
                let place = reader.place;
                readers[place] = Some(reader);
            }
        }
        self.finish(writer)
    }

    fn writer(&mut self, level: u32) -> Result<RunWriter<'a>> {
        let file = self.folder.create()?;
        Ok(RunWriter::new(self.encoding, self.block, level, file))
    }

    fn finish(&mut self, writer: RunWriter) -> Result<SortedRun> {
        let run = writer.finish()?;
        self.facts.bytes += run.bytes;
        self.facts.runs += 1;
        Ok(run)
    }
}
