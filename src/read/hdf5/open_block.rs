//! A block of rows of a ground track as it was read, and which columns and filters still need which dataset.
//!
//! On the line: `reader.rs` selects rows of it, then takes its columns into a batch.

use std::ops::Range;

use super::block::Block;
use super::kept::Kept;
use super::select::Selection;
use super::track::Track;
use crate::photon::Counts;
use crate::photon::{Buffer, ColumnType, Rows, Values};
use crate::read::buffers::Buffers;

/// One block of rows of a ground track.
#[derive(Debug)]
pub(super) struct OpenBlock<'a> {
    pub track: &'a Track,
    pub rows: Range<u64>,
    /// Of each source, and how often it is still wanted.
    read: Vec<(Block, usize)>,
}

impl<'a> OpenBlock<'a> {
    /// The blocks of all sources of the ground track, in their order.
    pub fn new(track: &'a Track, rows: Range<u64>, read: Vec<Block>) -> Self {
        let mut read: Vec<_> = read.into_iter().map(|block| (block, 0)).collect();
        let coordinates = [track.longitude, track.latitude];
        for source in coordinates.iter().chain(&track.columns) {
            read[*source].1 += 1;
        }
        Self { track, rows, read }
    }

    /// The rows of a source.
    pub fn get(&self, source: usize) -> &Block {
        &self.read[source].0
    }

    /// Drops the rows of which a filter's dataset has no value stored: none can be held against it.
    pub fn reject_not_stored(&self, selection: &mut Selection, counts: &mut Counts) {
        let of_photons = |source: &&usize| self.track.is_of_photons(**source);
        for &source in self.track.filters.iter().filter(of_photons) {
            let data = self.track.data(source);
            let holes = data.not_stored(&self.rows);
            if holes.is_empty() {
                continue;
            }
            let mut missing = vec![false; (self.rows.end - self.rows.start) as usize];
            for hole in holes {
                let from = (hole.start - self.rows.start) as usize;
                missing[from..(hole.end - self.rows.start) as usize].fill(true);
            }
            let rejected = selection.drop_where(|i| missing[i]);
            counts.reject(&format!("not_stored: {}", data.path), rejected);
        }
    }

    /// The rows of a source, moved where nothing else wants them.
    pub fn take(&mut self, source: usize) -> Block {
        let (block, uses) = &mut self.read[source];
        *uses -= 1;
        match uses {
            0 => std::mem::take(block),
            _ => block.clone(),
        }
    }

    /// A coordinate of the kept rows, of which none is null.
    pub fn take_degrees(
        &mut self,
        source: usize,
        kept: &Kept,
        buffers: &mut Buffers,
    ) -> Buffer<f64> {
        let column = self.take(source).take(kept, ColumnType::F64, buffers);
        match column.map(|column| column.values) {
            Ok(Values::F64(degrees)) => degrees,
            _ => unreachable!("integer coordinates are refused, and floats widen to f64"),
        }
    }

    /// Gives back what nobody took.
    pub fn recycle(self, buffers: &mut Buffers) {
        for (block, _) in self.read {
            buffers.give(block.values);
            if let Some(integers) = block.integers {
                buffers.give_integers(integers);
            }
        }
    }

    /// The kept rows, counted from the start of the ground track.
    pub fn rows_of(&self, kept: &Kept) -> Rows {
        let start = self.rows.start;
        match kept {
            Kept::All(rows) => Rows::Range(start..start + *rows as u64),
            Kept::Runs(runs) => {
                let rows =
                    |run: &Range<u32>| start + u64::from(run.start)..start + u64::from(run.end);
                Rows::of_runs(runs.iter().map(rows))
            }
            Kept::Listed(list) => {
                let rows = list.iter().map(|&i| start + u64::from(i));
                Rows::Listed(rows.collect())
            }
        }
    }
}
