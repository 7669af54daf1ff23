//! Merging: partials of many batches become the partials of each shard.
//!
//! On the line: `Partials --merge (exact, any order)--> ShardPartials --finalize-->`. Each shard
//! holds a few tables of falling weight; a new one merges with those that are not much heavier, so
//! every cell and every retained value is copied a logarithmic number of times however many batches
//! there are.

use std::collections::BTreeMap;

use crate::config::GridConfig;
use crate::stat::{Job, Partials};

/// Unfinished statistics of a run, by shard id.
#[derive(Debug, Default)]
pub struct ShardPartials {
    shards: BTreeMap<u64, Vec<Partials>>,
}

impl ShardPartials {
    /// Adds the partials of a batch, split at shard boundaries.
    pub fn add(&mut self, partials: &Partials, grid: &GridConfig, job: &Job) {
        let mut start = 0;
        while start < partials.len() {
            let shard = grid
                .cell_order
                .ancestor(partials.cells[start], grid.shard_order);
            let rest = &partials.cells[start..];
            let end = start
                + rest.partition_point(|&c| grid.cell_order.ancestor(c, grid.shard_order) == shard);
            let mut part = Partials::empty(job);
            part.append(partials, start..end);
            self.push(shard, part, job);
            start = end;
        }
    }

    /// Adds everything that another one holds.
    pub fn absorb(&mut self, other: Self, job: &Job) {
        for (shard, tables) in other.shards {
            for table in tables {
                self.push(shard, table, job);
            }
        }
    }

    fn push(&mut self, shard: u64, mut table: Partials, job: &Job) {
        let tables = self.shards.entry(shard).or_default();
        while let Some(last) = tables.pop_if(|last| last.weight() <= 2 * table.weight()) {
            table = last.merge(&table, job);
        }
        tables.push(table);
    }

    /// Number of shards with at least one photon.
    pub fn len(&self) -> usize {
        self.shards.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// Photons in all shards.
    pub fn photons(&self) -> u64 {
        let tables = self.shards.values().flatten();
        tables.flat_map(|table| &table.photons).sum()
    }

    /// Each shard and its one merged table, ascending by shard id.
    pub fn into_tables(self, job: &Job) -> impl Iterator<Item = (u64, Partials)> {
        self.shards.into_iter().map(|(shard, tables)| {
            let merged = tables
                .into_iter()
                .rev()
                .reduce(|small, large| large.merge(&small, job));
            (shard, merged.unwrap_or_else(|| Partials::empty(job)))
        })
    }

    /// Merges every shard down to one table and counts the occupied cells of all.
    pub fn settle(&mut self, job: &Job) -> u64 {
        let mut cells = 0;
        for tables in self.shards.values_mut() {
            while tables.len() > 1 {
                if let (Some(small), Some(large)) = (tables.pop(), tables.pop()) {
                    tables.push(large.merge(&small, job));
                }
            }
            cells += tables.first().map_or(0, Partials::len) as u64;
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::ColumnType;
    use crate::stat::{ColumnOrigin, JobColumn, Needs, Resolution};

    #[test]
    fn a_cell_with_many_retained_values_is_not_copied_for_each_batch() {
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
        let job = Job {
            columns: vec![column],
            outputs: Vec::new(),
        };
        let one_cell = |values: usize| {
            let mut partials = Partials::empty(&job);
            partials.cells.push(7);
            partials.photons.push(values as u64);
            partials.columns[0].push_cell(&vec![1.0f32; values], &job.columns[0]);
            partials
        };
        let mut shards = ShardPartials::default();
        for (values, tables) in [(100, 1), (25, 2), (6, 3), (1, 4), (1, 4), (1000, 1)] {
            shards.push(0, one_cell(values), &job);
            assert_eq!(shards.shards[&0].len(), tables, "{values}");
        }
        assert_eq!(shards.photons(), 1133);
    }
}
