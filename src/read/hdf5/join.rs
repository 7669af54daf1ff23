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

    pub fn places(self) -> Places {
        self.places
    }
}

impl Places {
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
mod tests {
    use super::*;
    use crate::read::hdf5::link::Runs;
    use proptest::prelude::*;

    fn photons(base: &[i64], ids: &[i64]) -> Result<Places, BadJoin> {
        let mut matching = Matching::to(base, None)?;
        ids.iter().try_for_each(|&id| matching.photon(id))?;
        Ok(matching.places())
    }

    fn segments(base: &[i64], ids: &[(i64, i64)]) -> Result<Places, BadJoin> {
        let mut matching = Matching::to(base, None)?;
        ids.iter()
            .try_for_each(|&(first, last)| matching.segments(first, last))?;
        Ok(matching.places())
    }

    #[test]
    fn a_photon_is_told_by_its_geolocation_segment_and_its_place_in_it_from_1() {
        // Three photons in segment 10, none in 11, two in 12; row 2 is of a segment that is not here.
        let runs = Runs::from_counts(&[3, 0, 2], 5).unwrap();
        let places = photons(&[10, 11, 12], &[10, 10, 11, 12]).unwrap();
        let of = |block: Range<u64>, indices: &[i64]| {
            let runs = runs.overlapping(&block);
            places.own(&runs, &block, indices)
        };
        let all = of(0..5, &[1, 3, 1, 2]);
        // Segment 11 has no run, so nothing is asked of its row.
        assert_eq!(
            all.unwrap(),
            Matched {
                rows: 0..4,
                of_photon: vec![0, NONE, 1, NONE, 3]
            }
        );
        let part = of(2..4, &[1, 3, 1, 2]).unwrap();
        assert_eq!(part.of_photon, [1, NONE]);
        let beyond = BadJoin::Beyond {
            row: 3,
            index: 3,
            photons: 2,
        };
        assert_eq!(of(0..5, &[1, 3, 1, 3]), Err(beyond));
        let zero = BadJoin::Beyond {
            row: 0,
            index: 0,
            photons: 3,
        };
        assert_eq!(of(0..5, &[0, 3, 1, 2]), Err(zero));
        assert_eq!(
            of(2..3, &[3, 3, 1, 2]),
            Err(BadJoin::Shared { row: 1, index: 3 })
        );
    }

    #[test]
    fn a_row_of_several_geolocation_segments_belongs_to_all_their_photons() {
        let runs = Runs::from_counts(&[2, 1, 0, 1], 4).unwrap();
        let places = segments(&[7, 8, 9, 20], &[(1, 5), (6, 7), (8, 12), (21, 30)]).unwrap();
        let block = 0..4;
        let matched = places.shared(&runs.overlapping(&block), &block);
        assert_eq!(
            matched,
            Matched {
                rows: 1..3,
                of_photon: vec![0, 0, 1, NONE]
            }
        );
        let block = 3..4;
        let none = places.shared(&runs.overlapping(&block), &block);
        assert_eq!(
            none,
            Matched {
                rows: 0..0,
                of_photon: vec![NONE]
            }
        );
    }

    #[test]
    fn rows_that_contradict_themselves_are_told() {
        let twice = Matching::to(&[4, 9, 4], None).unwrap_err();
        assert_eq!(twice, BadJoin::Twice { id: 4 });
        let nulls = NullBuffer::from(vec![true, true, false]);
        assert!(Matching::to(&[4, 9, 4], Some(&nulls)).is_ok());
        let order = BadJoin::Order {
            row: 2,
            id: 4,
            before: 5,
        };
        assert_eq!(photons(&[4, 5], &[4, 5, 4]), Err(order));
        let order = BadJoin::Order {
            row: 1,
            id: 4,
            before: 4,
        };
        assert_eq!(segments(&[4, 5], &[(4, 4), (4, 4)]), Err(order));
        let overlap = BadJoin::Order {
            row: 1,
            id: 8,
            before: 9,
        };
        assert_eq!(segments(&[4, 5], &[(5, 9), (8, 12)]), Err(overlap));
        let backward = BadJoin::Backward {
            row: 0,
            first: 5,
            last: 4,
        };
        assert_eq!(segments(&[4, 5], &[(5, 4)]), Err(backward));
    }

    proptest! {
        #[test]
        fn blocks_of_photons_have_the_rows_that_a_search_finds(
            counts in prop::collection::vec((0_i64..5, 1_i64..4, 0_u8..32), 1..40),
            step in 1_u64..20,
        ) {
            // Numbers with gaps, and some photons of each geolocation segment.
            let (mut base, mut id) = (Vec::new(), 0);
            let (mut ids, mut indices) = (Vec::new(), Vec::new());
            for (count, gap, mask) in &counts {
                id += gap;
                base.push(id);
                for index in 1..=*count {
                    if mask >> index & 1 == 1 {
                        ids.push(id);
                        indices.push(index);
                    }
                }
            }
            let lengths: Vec<i64> = counts.iter().map(|(count, ..)| *count).collect();
            let all = lengths.iter().sum::<i64>() as u64;
            let runs = Runs::from_counts(&lengths, all).unwrap();
            let places = photons(&base, &ids).unwrap();
            let mut expected = Vec::new();
            for (segment, length) in lengths.iter().enumerate() {
                for index in 1..=*length {
                    let mut rows = ids.iter().zip(&indices);
                    expected.push(rows.position(|row| row == (&base[segment], &index)));
                }
            }
            let mut found = Vec::new();
            let mut start = 0;
            while start < all {
                let block = start..all.min(start + step);
                let of_block = runs.overlapping(&block);
                let cover = places.cover(&of_block);
                let some = &indices[cover.start as usize..cover.end as usize];
                let matched = places.own(&of_block, &block, some).unwrap();
                found.extend(matched.of_photon.iter().map(|&row| {
                    (row != NONE).then(|| row as usize + matched.rows.start as usize)
                }));
                start = block.end;
            }
            prop_assert_eq!(found, expected);
        }
    }
}
