//! A stretch: consecutive rows of a ground track as they are stored, and what a config keeps of them.
//!
//! On the line: what reading hands to a device that decodes, selects and folds by itself, in place of a batch. It says
//! all that decides which photons are kept and why others are not, so that nothing has to be asked of the config or of
//! the file again. Where a device cannot say the same as the reader, the reader reads the rows of the stretch.

use std::ops::Range;
use std::sync::Arc;

use super::stored::{Element, Kind, Order, StoredColumn};

/// Consecutive rows of a ground track, still in storage chunks.
#[derive(Debug)]
pub struct Stretch<B> {
    /// File name of the granule.
    pub granule: Arc<str>,
    /// The ground track, counted through those that the reader has.
    pub track: usize,
    pub rows: Range<u64>,
    /// The step of time that all photons are in; 0 where the config has no steps.
    pub step: u32,
    /// Each dataset once; coordinates are float64 without nulls.
    pub sources: Vec<StretchSource<B>>,
    /// Places in `sources`.
    pub longitude: usize,
    pub latitude: usize,
    /// Which shards count; all where there are none.
    pub shards: Option<StretchShards>,
    /// Where some sources have a row for each geolocation segment: which photons are of which.
    pub segments: Option<StretchSegments>,
    /// In the order in which they are compared.
    pub filters: Vec<StretchFilter>,
    /// In the order of the config's variables.
    pub columns: Vec<StretchColumn>,
}

/// A dataset of a stretch, and what its values mean. Numbers are bits in the type in which values are held.
#[derive(Debug)]
pub struct StretchSource<B> {
    pub stored: StoredColumn<B>,
    /// Values that mean null.
    pub fills: Vec<u64>,
    /// The least and the largest valid value, where some may be others.
    pub valid: Option<[u64; 2]>,
    /// Whether values that look like fill values are to be told of.
    pub suspicious: bool,
    /// Whether its rows are geolocation segments, and not photons.
    pub of_segments: bool,
}

/// Shards in which photons count, by id, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StretchShards {
    /// The order of the shards.
    pub order: u8,
    /// Those that the granule is listed for, and all that are wanted.
    pub listed: Vec<u64>,
    pub wanted: Vec<u64>,
}

/// Runs of photons of one geolocation segment each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StretchSegments {
    /// The first photon of each, counted from the stretch's first and ascending from 0.
    pub starts: Vec<u32>,
    /// Its segment, counted from the first that sources have a row of.
    pub rows: Vec<u32>,
}

/// What has to hold of a source's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StretchFilter {
    pub source: usize,
    /// The least and the largest value of ranges, as the bits of numbers.
    pub ranges: Vec<[u64; 2]>,
    /// Whether those inside are kept, or the others; nulls are not in any case.
    pub inside: bool,
    /// Under which those that are not kept are counted.
    pub reason: String,
}

/// What a variable of the config is of a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StretchColumn {
    pub name: String,
    pub source: usize,
}

/// How much of a ground track a device takes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StretchRoom {
    /// Bytes of its memory that one stretch may take.
    pub bytes: u64,
    /// Of these, bytes that a photon takes beside its values.
    pub photon: u64,
    /// Photons at most.
    pub photons: u64,
}

/// Words of all values of a stretch at most, which kernels count in 32 bits.
const MOST_WORDS: u64 = 1 << 31;
/// Rows below which a stretch is not worth its launches.
const FEWEST: u64 = 1 << 12;

impl<B> StretchSource<B> {
    /// Words of 32 bits of a value: float32 has one, float64 and integers have two.
    pub fn width(&self) -> u64 {
        width(self.stored.form.element)
    }

    /// Its rows.
    pub fn len(&self) -> u64 {
        self.stored.rows.end - self.stored.rows.start
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<B> Stretch<B> {
    pub fn len(&self) -> u64 {
        self.rows.end - self.rows.start
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// As [`StretchSource::width`].
fn width(element: Element) -> u64 {
    if element.kind == Kind::F32 { 1 } else { 2 }
}

impl StretchRoom {
    /// Whether there is room for a stretch of one dataset of float64 with chunks of so many decoded bytes, which is the
    /// least that any has.
    pub fn holds_some(&self, chunk: u64) -> bool {
        let element = Element {
            kind: Kind::F64,
            order: Order::Little,
        };
        self.rows(&[(element, chunk)]).is_some()
    }

    /// Rows of datasets with these elements and bytes of a decoded chunk; `None` where too few have room.
    pub fn rows(&self, datasets: &[(Element, u64)]) -> Option<u64> {
        // As they are stored, twice between filters, as values, and as values of those that are kept.
        let of_row =
            |&(element, _): &(Element, u64)| 3 * element.size() as u64 + 8 * width(element);
        let row: u64 = self.photon + datasets.iter().map(of_row).sum::<u64>();
        let words: u64 = datasets.iter().map(|&(element, _)| width(element)).sum();
        // A chunk is decoded whole, at both ends.
        let ends: u64 = datasets
            .iter()
            .map(|&(_, chunk)| chunk.saturating_mul(6))
            .sum();
        let rows = self.bytes.saturating_sub(ends) / row.max(1);
        let rows = rows.min(self.photons).min(MOST_WORDS / words.max(1));
        (rows >= FEWEST).then_some(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_as_long_as_the_memory_bears() {
        let element = |kind| Element {
            kind,
            order: Order::Little,
        };
        let datasets = [(element(Kind::F64), 80_000), (element(Kind::I8), 10_000)];
        let room = |bytes| StretchRoom {
            bytes,
            photon: 100,
            photons: 1 << 28,
        };
        // 100, 24 + 16 and 3 + 16 bytes a row, beside chunks at both ends.
        let ends = 6 * 90_000;
        assert_eq!(room(ends + 159 * 5000).rows(&datasets), Some(5000));
        assert_eq!(room(ends + 159 * 4000).rows(&datasets), None);
        assert_eq!(room(1000).rows(&datasets), None);
        assert!(room(ends + 159 * 5000).holds_some(80_000) && !room(ends).holds_some(80_000));
        assert_eq!(room(u64::MAX).rows(&datasets), Some(1 << 28));
        let few = StretchRoom {
            photons: 9000,
            ..room(u64::MAX)
        };
        assert_eq!(few.rows(&datasets), Some(9000));
        let wide = vec![datasets[0]; 1 << 10];
        assert_eq!(room(u64::MAX).rows(&wide), Some(1 << 20));
    }
}
