//! The profiles of a joined granule: rows that each go on up to the next.
//!
//! On the line: `open_join.rs` hands over the numbers of geolocation segments that rows begin at. Pure.
//!
//! ATL09 says in `high_rate/segment_id` which geolocation segment of ATL03 each profile of 25 Hz is at. A geolocation
//! segment has the profile that begins at it or last before it, as `SlideRule` samples ATL09 (`Atl09Sampler.cpp` of
//! github.com/SlideRuleEarth/sliderule, version 5.3). Other than there, a profile ends: what is further behind it than it
//! reaches is in a gap and has none.

use arrow::buffer::NullBuffer;

use super::join::{BadJoin, Matching};

/// Rows on their way to the geolocation segments from each to the next.
#[derive(Debug)]
pub(super) struct Profiles {
    /// Geolocation segments at most.
    span: i64,
    row: u32,
    /// The last row so far, and where it begins.
    open: Option<(u32, i64)>,
}

impl Profiles {
    /// Of so many geolocation segments at most.
    pub fn of(span: u32) -> Self {
        Self {
            span: span.into(),
            row: 0,
            open: None,
        }
    }

    /// The next rows begin at these; those that are null are of no geolocation segment.
    pub fn add(
        &mut self,
        first: &[i64],
        nulls: Option<&NullBuffer>,
        matching: &mut Matching,
    ) -> Result<(), BadJoin> {
        for (place, &id) in first.iter().enumerate() {
            if nulls.is_none_or(|nulls| nulls.is_valid(place)) {
                self.begin(id, matching)?;
            }
            self.row += 1;
        }
        Ok(())
    }

    /// The last row has no next.
    pub fn end(self, matching: &mut Matching) -> Result<(), BadJoin> {
        let Some((row, first)) = self.open else {
            return Ok(());
        };
        matching.segments_of_row(row, first, first.saturating_add(self.span - 1))
    }

    fn begin(&mut self, id: i64, matching: &mut Matching) -> Result<(), BadJoin> {
        let row = self.row;
        if let Some((open, first)) = self.open.replace((row, id)) {
            if id < first {
                return Err(BadJoin::Order {
                    row,
                    id,
                    before: first,
                });
            }
            // Of two that begin at one, the later goes on.
            if id > first {
                let last = (id - 1).min(first.saturating_add(self.span - 1));
                matching.segments_of_row(open, first, last)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row of each geolocation segment from 100 to 139.
    fn rows(first: &[i64], cut: usize, span: u32) -> Vec<Option<u64>> {
        let base: Vec<i64> = (100..140).collect();
        let mut matching = Matching::to(&base, None).unwrap();
        let mut profiles = Profiles::of(span);
        for part in first.chunks(cut) {
            let valid: Vec<bool> = part.iter().map(|id| *id >= 0).collect();
            let nulls = NullBuffer::from(valid);
            profiles.add(part, Some(&nulls), &mut matching).unwrap();
        }
        profiles.end(&mut matching).unwrap();
        let places = matching.places();
        let row = |segment| {
            let rows = places.rows_of(segment);
            assert!(rows.end - rows.start <= 1);
            (!rows.is_empty()).then_some(rows.start)
        };
        (0..base.len()).map(row).collect()
    }

    #[test]
    fn a_segment_has_the_profile_that_begins_at_it_or_last_before_it() {
        // A null between, two at one place, and a gap of which the end has none.
        let first = [90, 102, -1, 105, 105, 109, 130];
        let expected = |id: i64| match id {
            100..=101 => Some(0),
            102..=104 => Some(1),
            105..=108 => Some(4),
            109..=123 => Some(5),
            130.. => Some(6),
            _ => None,
        };
        for cut in [1, 2, 3, 7] {
            let found = rows(&first, cut, 15);
            let expected: Vec<Option<u64>> = (100..140).map(expected).collect();
            assert_eq!(found, expected, "{cut}");
        }
        assert_eq!(rows(&[], 1, 15), [None; 40]);
        assert_eq!(rows(&[200], 1, 15), [None; 40]);
        assert_eq!(rows(&[i64::MAX], 1, 15), [None; 40]);
    }

    #[test]
    fn profiles_that_go_back_are_refused() {
        let mut matching = Matching::to(&[1, 2, 3], None).unwrap();
        let mut profiles = Profiles::of(15);
        let bad = profiles.add(&[5, 4], None, &mut matching).unwrap_err();
        let expected = BadJoin::Order {
            row: 1,
            id: 4,
            before: 5,
        };
        assert_eq!(bad, expected);
    }
}
