//! The rows of a joined granule that belong to photons: numbers of geolocation segments in, rows out.
//!
//! On the line: `belonging.rs` asks for the rows of a block of photons. Pure: slices in, rows out; `open_join.rs` reads
//! the slices.
//!
//! ATL08 data dictionary, `signal_photons`: `ph_segment_id` is the `segment_id` of the photon's geolocation segment in
//! ATL03, and `classed_pc_indx` its place in it, counted from 1. `ph_index_beg` of ATL03 is counted from 1, too, so the
//! photon's row, from 0, is `ph_index_beg + classed_pc_indx - 2`: the run of its segment begins at `ph_index_beg - 1`.
//! The run is taken from `link.rs`, which holds for subsets that keep the index of the granule that they are of.

use std::ops::Range;

use arrow::buffer::NullBuffer;

/// No row.
pub(super) const NONE: u32 = u32::MAX;

/// The rows that each geolocation segment has in a joined granule; they stand one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    first: Vec<u32>,
    count: Vec<u32>,
}

/// Rows on their way to their geolocation segments.
#[derive(Debug)]
pub(super) struct Matching {
    /// Numbers of geolocation segments, ascending, with their rows.
    order: Vec<(i64, u32)>,
    next: usize,
    row: u32,
    /// The last number so far.
    last: Option<i64>,
    places: Places,
}

/// Why rows do not belong to photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadJoin {
    /// A number of a geolocation segment stands twice in the granule of the photons.
    Twice { id: i64 },
    /// A row comes after one of a later geolocation segment, or of the same where there is one row for each.
    Order { row: u32, id: i64, before: i64 },
    /// A row ends before it begins.
    Backward { row: u32, first: i64, last: i64 },
    /// A photon that its geolocation segment does not have.
    Beyond { row: u32, index: i64, photons: u64 },
    /// Two rows are of one photon.
    Shared { row: u32, index: i64 },
}

/// The rows of a joined granule that a block of photons needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matched {
    pub rows: Range<u64>,
    /// For each photon its row, counted from `rows.start`, or [`NONE`].
    pub of_photon: Vec<u32>,
}

/// The geolocation segment of a run, and its photons.
pub(super) type Run = (usize, Range<u64>);

impl Matching {
    /// To the geolocation segments with these numbers; those that are null belong to none.
    pub fn to(base: &[i64], nulls: Option<&NullBuffer>) -> Result<Self, BadJoin> {
        let numbered = base.iter().zip(0..);
        let is_valid =
            |(_, row): &(&i64, u32)| nulls.is_none_or(|nulls| nulls.is_valid(*row as usize));
        let mut order: Vec<(i64, u32)> = numbered
            .filter(is_valid)
            .map(|(&id, row)| (id, row))
            .collect();
        if !order.is_sorted() {
            order.sort_unstable();
        }
        if let Some(pair) = order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(BadJoin::Twice { id: pair[0].0 });
        }
        Ok(Self {
            order,
            next: 0,
            row: 0,
            last: None,
            places: Places {
                first: vec![0; base.len()],
                count: vec![0; base.len()],
            },
        })
    }

    /// Leaves the geolocation segments behind that come before this one.
    fn pass(&mut self, id: i64) {
        let rest = &self.order[self.next..];
        // Mostly the next one, or one behind it.
        self.next += if rest.first().is_none_or(|(next, _)| *next >= id) {
            0
        } else {
            rest.partition_point(|(next, _)| *next < id)
        };
    }

    /// The next row is a photon of this geolocation segment.
    pub fn photon(&mut self, id: i64) -> Result<(), BadJoin> {
        let row = self.row;
        if let Some(before) = self.last.filter(|before| *before > id) {
            return Err(BadJoin::Order { row, id, before });
        }
        self.pass(id);
        if let Some((_, segment)) = self.order.get(self.next).filter(|(next, _)| *next == id) {
            let segment = *segment as usize;
            if self.places.count[segment] == 0 {
                self.places.first[segment] = row;
            }
            self.places.count[segment] += 1;
        }
        self.last = Some(id);
        self.row += 1;
        Ok(())
    }

    /// The next row is of the geolocation segments from this to that one.
    pub fn segments(&mut self, first: i64, last: i64) -> Result<(), BadJoin> {
        let row = self.row;
        if last < first {
            return Err(BadJoin::Backward { row, first, last });
        }
        if let Some(before) = self.last.filter(|before| *before >= first) {
            return Err(BadJoin::Order {
                row,
                id: first,
                before,
            });
        }
        self.pass(first);
        while let Some((_, segment)) = self.order.get(self.next).filter(|(next, _)| *next <= last) {
            let segment = *segment as usize;
            (self.places.first[segment], self.places.count[segment]) = (row, 1);
            self.next += 1;
        }
        self.last = Some(last);
        self.row += 1;
        Ok(())
    }

    /// A row is of the geolocation segments from this to that one; rows between the last and this one are of none.
    pub fn segments_of_row(&mut self, row: u32, first: i64, last: i64) -> Result<(), BadJoin> {
        self.row = row;
        self.segments(first, last)
    }

    pub fn places(self) -> Places {
        self.places
    }
}

impl Places {
    /// The rows of one geolocation segment.
    pub fn rows_of(&self, segment: usize) -> Range<u64> {
        let first = u64::from(self.first[segment]);
        first..first + u64::from(self.count[segment])
    }

    /// From the first to the last row of some runs.
    pub fn cover(&self, runs: &[Run]) -> Range<u64> {
        let (mut low, mut high) = (u64::MAX, 0);
        for &(segment, _) in runs {
            let (first, count) = (self.first[segment], self.count[segment]);
            if count > 0 {
                low = low.min(first.into());
                high = high.max(u64::from(first) + u64::from(count));
            }
        }
        low.min(high)..high
    }

    /// The rows of photons that share that of their geolocation segment.
    pub fn shared(&self, runs: &[Run], photons: &Range<u64>) -> Matched {
        let mut matched = Matched::none(photons);
        matched.rows = self.cover(runs);
        for (segment, run) in runs {
            if self.count[*segment] > 0 {
                let row = self.first[*segment] - matched.rows.start as u32;
                matched.of_photon[within(run, photons)].fill(row);
            }
        }
        matched
    }

    /// The rows of photons that have one of their own, told by the place in the run of its geolocation segment that each
    /// row of [`Places::cover`] has.
    pub fn own(
        &self,
        runs: &[Run],
        photons: &Range<u64>,
        indices: &[i64],
    ) -> Result<Matched, BadJoin> {
        let mut matched = Matched::none(photons);
        matched.rows = self.cover(runs);
        // Of a run that the block cuts, those outside of it have to be right as well.
        let mut seen = Vec::new();
        for (segment, run) in runs {
            let length = run.end - run.start;
            seen.clear();
            seen.resize(length as usize, false);
            let (first, count) = (self.first[*segment], self.count[*segment]);
            for row in first..first + count {
                let place = row - matched.rows.start as u32;
                let index = indices[place as usize];
                let at = u64::try_from(index)
                    .ok()
                    .filter(|index| (1..=length).contains(index));
                let Some(at) = at.map(|index| index - 1) else {
                    return Err(BadJoin::Beyond {
                        row,
                        index,
                        photons: length,
                    });
                };
                if std::mem::replace(&mut seen[at as usize], true) {
                    return Err(BadJoin::Shared { row, index });
                }
                let photon = run.start + at;
                if photons.contains(&photon) {
                    matched.of_photon[(photon - photons.start) as usize] = place;
                }
            }
        }
        Ok(matched)
    }
}

/// The part of a run that is in a block, counted from the start of the block.
fn within(run: &Range<u64>, photons: &Range<u64>) -> Range<usize> {
    let (start, end) = (run.start.max(photons.start), run.end.min(photons.end));
    (start - photons.start) as usize..(end - photons.start) as usize
}

impl Matched {
    /// No photon has a row.
    pub fn none(photons: &Range<u64>) -> Self {
        Self {
            rows: 0..0,
            of_photon: vec![NONE; (photons.end - photons.start) as usize],
        }
    }

    pub fn has(&self, photon: usize) -> bool {
        self.of_photon[photon] != NONE
    }
}

#[cfg(test)]
mod tests;
