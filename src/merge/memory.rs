//! Partials in memory: those of many batches become those of each shard.
//!
//! On the line: `Partials --merge (exact, any order)--> ShardPartials --finalize-->`. Each shard holds a few
//! tables of falling size. A new one merges with those that are not much larger, so that every cell and every
//! value that is kept is copied a logarithmic number of times, however many batches there are. Tables that are
//! nearly all values stay apart: merging would save nothing of them, and they are joined once, as the shard is
//! taken. `mod.rs` holds all of this to a budget.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::config::GridConfig;
use crate::stat::{Job, Partials};

/// Bytes beside the tables of a shard: its place in the map, and room for a few tables.
const SHARD: u64 = 512;
/// Bytes of values of a table that may stay apart, so that what each takes beside them counts for nothing; and how many
/// times as much as all else in it they take at least.
const APART: (u64, u64) = (64 << 10, 4);

/// Unfinished statistics of a run, by shard id.
#[derive(Debug, Default)]
pub struct ShardPartials {
    shards: BTreeMap<u64, Vec<Partials>>,
    /// Of all tables.
    bytes: u64,
}

impl ShardPartials {
    /// Adds the partials of a batch, split at shard boundaries.
    pub fn add(&mut self, partials: &Partials, grid: &GridConfig, job: &Job) {
        for (shard, part) in by_shard(partials, grid, job) {
            self.push(shard, part, job, u64::MAX);
        }
    }

    /// Adds everything that another one holds; tables merge where both and what they become take
    /// less than `room` bytes.
    pub fn absorb(&mut self, other: Self, job: &Job, room: u64) {
        let mut left = other.bytes();
        for (shard, tables) in other.shards {
            for table in tables {
                left = left.saturating_sub(table.bytes_held());
                self.push(shard, table, job, room.saturating_sub(left));
            }
        }
    }

    /// Adds a table of one shard. While two tables merge, they and what they become take memory:
    /// where that would be more than `room` bytes with all else here, they stay apart, as two do that are nearly all values.
    pub fn push(&mut self, shard: u64, mut table: Partials, job: &Job, room: u64) {
        let others = self.bytes();
        let tables = self.shards.entry(shard).or_default();
        let mut bytes = table.bytes_held();
        while let Some(last) = tables.last() {
            let merged = bytes + last.bytes_held();
            let light = last.weight() <= 2 * table.weight();
            let heavy = is_heavy(last) && is_heavy(&table);
            if !light || heavy || others + bytes + merged > room {
                break;
            }
            self.bytes -= last.bytes_held();
            table = last.merge(&table, job);
            table.shrink(job);
            bytes = table.bytes_held();
            tables.pop();
        }
        self.bytes += bytes;
        tables.push(table);
    }

    /// Number of shards with at least one photon.
    pub fn len(&self) -> usize {
        self.shards.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// Bytes of memory that all of it takes.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.shards.len() as u64 * SHARD
    }

    /// The lowest shard with at least one photon.
    pub fn first(&self) -> Option<u64> {
        self.shards.first_key_value().map(|(&shard, _)| shard)
    }

    /// Takes the tables of one shard out; they still are to be merged.
    pub fn take(&mut self, shard: u64) -> Vec<Partials> {
        let tables = self.shards.remove(&shard).unwrap_or_default();
        self.bytes -= tables.iter().map(Partials::bytes_held).sum::<u64>();
        tables
    }

    /// Photons of each shard.
    pub fn photons_by_shard(&self) -> BTreeMap<u64, u64> {
        let of = |tables: &[Partials]| tables.iter().flat_map(|table| &table.photons).sum();
        let shards = self.shards.iter();
        shards.map(|(&shard, tables)| (shard, of(tables))).collect()
    }

    /// Photons in all shards.
    pub fn photons(&self) -> u64 {
        let tables = self.shards.values().flatten();
        tables.flat_map(|table| &table.photons).sum()
    }

    /// Each shard and its one merged table, ascending by shard id.
    pub fn into_tables(self, job: &Job) -> impl Iterator<Item = (u64, Partials)> {
        let shards = self.shards.into_iter();
        shards.map(|(shard, tables)| (shard, joined(tables, job)))
    }

    /// Merges every shard down to one table and counts the occupied cells of all.
    pub fn settle(&mut self, job: &Job) -> u64 {
        let mut cells = 0;
        self.bytes = 0;
        for tables in self.shards.values_mut() {
            let table = joined(std::mem::take(tables), job);
            cells += table.len() as u64;
            self.bytes += table.bytes_held();
            tables.push(table);
        }
        cells
    }
}

/// Whether a table is nearly all values.
fn is_heavy(table: &Partials) -> bool {
    let values = table.value_bytes(0..table.len());
    values >= APART.0 && values >= APART.1 * table.bytes_held().saturating_sub(values)
}

/// One table of all; every row is copied once.
fn joined(mut tables: Vec<Partials>, job: &Job) -> Partials {
    match tables.len() {
        1 => tables.remove(0),
        _ => Partials::of_tables(&tables, job),
    }
}

/// The rows of each shard as a table of its own, ascending by shard; copied by all threads of a pool.
pub(super) fn by_shard(
    partials: &Partials,
    grid: &GridConfig,
    job: &Job,
) -> impl Iterator<Item = (u64, Partials)> + use<> {
    let shards: Vec<(u64, Range<usize>)> = shards(partials, grid).collect();
    let part = |(shard, rows): (u64, Range<usize>)| {
        let mut part = Partials::empty(job);
        part.reserve(&[(partials, rows.clone())]);
        part.append(partials, rows);
        (shard, part)
    };
    // Where no pool of threads waits, none is started.
    let parts: Vec<(u64, Partials)> = if rayon::current_thread_index().is_some() {
        shards.into_par_iter().map(part).collect()
    } else {
        shards.into_iter().map(part).collect()
    };
    parts.into_iter()
}

/// Each shard with photons, ascending, and its rows.
fn shards(partials: &Partials, grid: &GridConfig) -> impl Iterator<Item = (u64, Range<usize>)> {
    let shard_of = |slot| grid.shard_of_slot(slot);
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &partials.cells[start..];
        let shard = shard_of(*rest.first()?);
        let end = start + rest.partition_point(|&cell| shard_of(cell) == shard);
        let rows = start..end;
        start = end;
        Some((shard, rows))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;
    use crate::stat::{ColumnOrigin, JobColumn, Needs, Resolution};

    fn job() -> Job {
        let column = JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F32,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                ordered: true,
                ..Needs::default()
            },
        };
        Job {
            columns: vec![column],
            outputs: Vec::new(),
        }
    }

    fn one_cell(values: usize, job: &Job) -> Partials {
        let mut partials = Partials::empty(job);
        partials.cells.push(7);
        partials.photons.push(values as u64);
        partials.columns[0].push_cell(&vec![1.0f32; values], &job.columns[0]);
        partials
    }

    #[test]
    fn a_cell_with_many_retained_values_is_not_copied_for_each_batch() {
        let job = job();
        let mut shards = ShardPartials::default();
        for (values, tables) in [(100, 1), (25, 2), (6, 3), (1, 4), (1, 4), (1000, 1)] {
            shards.push(0, one_cell(values, &job), &job, u64::MAX);
            assert_eq!(shards.shards[&0].len(), tables, "{values}");
        }
        assert_eq!(shards.photons(), 1133);
    }

    #[test]
    fn tables_that_are_nearly_all_values_are_joined_once() {
        let job = job();
        let mut shards = ShardPartials::default();
        let heavy = APART.0 as usize / 4;
        for (values, tables) in [
            (heavy, 1),
            (heavy, 2),
            (heavy, 3),
            (heavy - 1, 3),
            (heavy, 4),
            (9, 5),
            (9, 5),
        ] {
            shards.push(0, one_cell(values, &job), &job, u64::MAX);
            assert_eq!(shards.shards[&0].len(), tables, "{values}");
        }
        let photons = shards.photons();
        let mut settled = shards;
        assert_eq!(settled.settle(&job), 1);
        assert_eq!((settled.photons(), settled.shards[&0].len()), (photons, 1));
        let bytes = settled.shards[&0][0].bytes_held();
        assert_eq!(settled.bytes, bytes);
        let (_, table) = settled.into_tables(&job).next().unwrap();
        assert_eq!((table.len(), table.weight()), (1, 1 + photons as usize));
    }

    #[test]
    fn bytes_are_those_of_the_tables_whatever_merges() {
        let job = job();
        for room in [0, 10_000, u64::MAX] {
            let mut shards = ShardPartials::default();
            for values in [100, 25, 6, 1000, 1, 1, 1, 1, 2000] {
                shards.push(values as u64 % 2, one_cell(values, &job), &job, room);
                let tables = shards.shards.values().flatten();
                let bytes: u64 = tables.map(Partials::bytes_held).sum();
                assert_eq!(shards.bytes, bytes, "{room}");
            }
            assert!(shards.take(1).iter().all(|table| !table.is_empty()));
            assert!(shards.take(1).is_empty());
            shards.take(0);
            assert_eq!(shards.bytes(), 0);
        }
    }

    #[test]
    fn tables_that_have_no_room_to_merge_stay_apart() {
        let job = job();
        let mut shards = ShardPartials::default();
        for _ in 0..5 {
            shards.push(0, one_cell(100, &job), &job, 0);
        }
        assert_eq!(shards.take(0).len(), 5);
    }
}
