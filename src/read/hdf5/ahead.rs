//! What a granule will be read for, told to bytes that are far away before it is read.
//!
//! On the line: `reader.rs` tells it when it begins. The places of all storage chunks are known then, in the order of blocks
//! of rows; where photons count by where they are, only coordinates are sure to be read.

use std::ops::Range;

use super::in_time::InTime;
use super::reader::Reader;
use super::stretch::Position;
use super::track::Track;
use crate::read::spent::Spent;

/// Rows that a batch may come from: within a block they are held as u32.
pub(super) fn in_range(batch_rows: usize) -> u64 {
    batch_rows.clamp(1, 1 << 30) as u64
}

impl Reader {
    /// Begins with what is open already: a batch comes from at most so many rows, and what opening took was spent before.
    #[must_use]
    pub fn taken_up(mut self, batch_rows: usize) -> Self {
        self.batch_rows = in_range(batch_rows);
        self.spent = Spent::default();
        self
    }

    /// Tells the bytes of the granule what will be read of them before reading begins, where nothing is to be settled before.
    pub fn foretell(&mut self) {
        if matches!(self.steps, InTime::One(_)) {
            let how = (self.batch_rows, self.narrows());
            expect(&self.position, &self.tracks, how);
            self.position.foretold = true;
        }
    }
}

/// Tells the bytes of a granule what will be read of its ground tracks, block by block of so many rows,
/// once, where reading begins.
pub(super) fn expect(at: &Position, tracks: &[Track], (batch_rows, narrowed): (u64, bool)) {
    let begins = (at.track, at.row) == (0, 0) && !at.foretold;
    let first = tracks.first().filter(|_| begins);
    let Some(first) = first else {
        return;
    };
    let bytes = &first.data(first.latitude).located.file.data;
    if !bytes.is_far() {
        return;
    }
    let mut blocks: Vec<Vec<Range<u64>>> = Vec::new();
    for track in tracks {
        let all = track.all().into_iter();
        let sources: Vec<usize> = all
            .filter(|&source| track.is_of_photons(source))
            .filter(|&source| !narrowed || source == track.latitude || source == track.longitude)
            .collect();
        let mut last: Vec<Option<u64>> = vec![None; sources.len()];
        let mut start = 0;
        while start < track.rows {
            let rows = start..track.block_end(start, batch_rows);
            let mut places = Vec::new();
            for (source, last) in sources.iter().zip(&mut last) {
                let Some(chunked) = track.data(*source).chunked() else {
                    continue;
                };
                for chunk in chunked.stored(rows.clone()).chunks {
                    // The first block that has rows of a chunk reads it.
                    if last.is_none_or(|last| chunk.number > last) {
                        *last = Some(chunk.number);
                        places.push(chunk.place);
                    }
                }
            }
            blocks.push(places);
            start = rows.end;
        }
    }
    bytes.expect(&blocks);
}
