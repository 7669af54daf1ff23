//! Which photons of a block are kept: coordinates, region, edges of the grid, wanted shards, filters in order, then nulls.
//!
//! On the line: `reader.rs` selects before any column is copied. Rows are marked tile by tile, in
//! parallel; where every row stays there is no list, and columns move on without being copied.

use std::ops::Range;

use multiversion::multiversion;
use rayon::prelude::*;

use super::block::Block;
use super::kept::Kept;
use crate::grid::Locator;
use crate::read::buffers::Buffers;
use crate::read::edges::Edges;
use crate::read::filters::RowFilter;
use crate::read::wanted::WantedShards;
use crate::region::Region;

/// Rows that are marked, listed or gathered together: their values stay in the cache.
pub(super) const TILE: usize = 1 << 14;

/// The rows of a block that are kept so far: a mark per row, 1 or 0.
#[derive(Debug)]
pub(super) struct Selection {
    marks: Vec<u8>,
    kept: usize,
}

/// The coordinates of a block.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    pub lon: &'a Block,
    pub lat: &'a Block,
    pub region: Option<&'a Region>,
    pub edges: Option<&'a Edges>,
    pub wanted: Option<&'a WantedShards>,
}

impl Positions<'_> {
    /// Marks the rows that have a position in the region, on the grid and in a wanted shard, and counts those that
    /// have no position, those outside the region, those outside the grid, those outside the shards, and those in a
    /// wanted shard that the granule is not listed for.
    pub fn select(&self, buffers: &mut Buffers) -> (Selection, [usize; 5]) {
        let mut marks = buffers.take_marks(self.lat.values.len());
        let tiles = marks.par_chunks_mut(TILE).enumerate();
        let rejected = tiles.map(|(tile, marks)| self.mark(tile * TILE, marks));
        let rejected = rejected.reduce(|| [0; 5], |a, b| std::array::from_fn(|i| a[i] + b[i]));
        let kept = marks.len() - rejected.iter().sum::<usize>();
        (Selection { marks, kept }, rejected)
    }

    /// Whether every row has a position, as far as that is known without a look at each.
    fn are_all_placed(&self) -> bool {
        let (Some(lon), Some(lat)) = (self.lon.within, self.lat.within) else {
            return false;
        };
        let has_nan = lon.has_nan || lat.has_nan;
        let has_nulls = self.lon.nulls.is_some() || self.lat.nulls.is_some();
        let are_positions =
            Locator::accepts(lon.least, lat.least) && Locator::accepts(lon.most, lat.most);
        are_positions && !has_nan && !has_nulls
    }

    fn mark(&self, start: usize, marks: &mut [u8]) -> [usize; 5] {
        let rows = start..start + marks.len();
        let all_placed = self.are_all_placed();
        if all_placed {
            marks.fill(1);
            if self.region.is_none() && self.edges.is_none() && self.wanted.is_none() {
                return [0; 5];
            }
        }
        let (mut lon, mut lat) = (Vec::new(), Vec::new());
        let lon = self.lon.degrees(rows.clone(), &mut lon);
        let lat = self.lat.degrees(rows, &mut lat);
        if !all_placed {
            mark_positions(lon, lat, marks);
        }
        let placed = if all_placed {
            marks.len()
        } else {
            count(marks)
        };
        let bad = marks.len() - placed;
        let mut inside = placed;
        if let Some(region) = self.region {
            region.narrow(lon, lat, marks);
            inside = count(marks);
        }
        let elsewhere = placed - inside;
        let mut on_grid = inside;
        if let Some(edges) = self.edges {
            edges.narrow(lon, lat, marks);
            on_grid = count(marks);
        }
        let beyond = inside - on_grid;
        let Some(wanted) = self.wanted else {
            return [bad, elsewhere, beyond, 0, 0];
        };
        let unlisted = wanted.narrow(lon, lat, marks);
        let outside = on_grid - count(marks) - unlisted;
        [bad, elsewhere, beyond, outside, unlisted]
    }
}

/// Marks the rows that have a position, and no others.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn mark_positions(lon: &[f64], lat: &[f64], marks: &mut [u8]) {
    for ((mark, &lon), &lat) in marks.iter_mut().zip(lon).zip(lat) {
        *mark = u8::from(Locator::accepts(lon, lat));
    }
}

impl Selection {
    /// Number of rows kept.
    pub fn len(&self) -> usize {
        self.kept
    }

    /// The rows from the first to the last that is kept; empty where none is.
    pub fn cover(&self) -> Range<usize> {
        let is_kept = |mark: &u8| *mark == 1;
        let Some(first) = self.marks.iter().position(is_kept) else {
            return 0..0;
        };
        let last = self.marks.iter().rposition(is_kept).unwrap_or(first);
        first..last + 1
    }

    /// Forgets the rows outside a range that holds all that are kept.
    pub fn crop(&mut self, rows: &Range<usize>) {
        self.marks.truncate(rows.end);
        self.marks.drain(..rows.start);
    }

    /// Drops the rows that the filters reject; counts those that each rejects first.
    pub fn filter(&mut self, filters: &[(&RowFilter, &Block)]) -> Vec<usize> {
        if filters.is_empty() {
            return Vec::new();
        }
        let tiles = self.marks.par_chunks_mut(TILE).enumerate();
        let rejected: Vec<Vec<usize>> = tiles
            .map(|(tile, marks)| {
                let mut left = count(marks);
                let narrowed = filters.iter().map(|(filter, block)| {
                    if !block.narrow(filter, tile, marks) {
                        return 0;
                    }
                    let before = std::mem::replace(&mut left, count(marks));
                    before - left
                });
                narrowed.collect()
            })
            .collect();
        let mut sums = vec![0; filters.len()];
        for counts in rejected {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        self.kept -= sums.iter().sum::<usize>();
        sums
    }

    /// The kept rows, ascending.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.marks.len()).filter(|&i| self.marks[i] == 1)
    }

    /// The first kept row for which `is` holds.
    pub fn find(&self, is: impl Fn(usize) -> bool) -> Option<usize> {
        self.rows().find(|&i| is(i))
    }

    /// For how many kept rows `is` holds, and for how many it does not.
    pub fn share(&self, is: impl Fn(usize) -> bool) -> (u64, u64) {
        let yes = self.rows().filter(|&i| is(i)).count();
        (yes as u64, (self.kept - yes) as u64)
    }

    /// Drops the rows for which `is` holds; returns how many kept ones there were.
    pub fn drop_where(&mut self, is: impl Fn(usize) -> bool) -> usize {
        for (i, mark) in self.marks.iter_mut().enumerate() {
            *mark &= u8::from(!is(i));
        }
        let before = self.kept;
        self.kept = count(&self.marks);
        before - self.kept
    }

    /// The kept rows; the memory of the marks goes back.
    pub fn into_kept(self, buffers: &mut Buffers) -> Kept {
        let kept = Kept::of(&self.marks, self.kept);
        buffers.give_marks(self.marks);
        kept
    }
}

/// Marks that are 1, summed over runs that a byte can hold.
pub(super) fn count(marks: &[u8]) -> usize {
    let runs = marks.chunks(255);
    runs.map(|run| usize::from(run.iter().sum::<u8>())).sum()
}

#[cfg(test)]
pub(super) mod tests;
