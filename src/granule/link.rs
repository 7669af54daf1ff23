//! The link between geolocation segments and photons: counts in, runs of photons out.
//!
//! On the line: `reader.rs` broadcasts datasets with one row per geolocation segment through these
//! runs. Pure: slices in, runs out; `track.rs` reads the slices.
//!
//! ATL03 data dictionary: `segment_ph_cnt` photons belong to a geolocation segment, the first of
//! them at the 1-based `ph_index_beg`, which is 0 where there is none. Photons are stored in the
//! order of their geolocation segments, so the runs are the cumulative sum of the counts, and
//! `ph_index_beg` is a check on it.

use std::ops::Range;

/// The run of photons of each geolocation segment of one ground track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runs {
    /// First photon row of each geolocation segment, then the number of photons; ascending.
    starts: Vec<u64>,
}

/// Why counts do not make runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadCounts {
    Negative {
        segment: usize,
        count: i64,
    },
    /// The counts add up to `sum`, not to the number of photons.
    Sum {
        sum: u128,
        photons: u64,
    },
}

/// Where the index disagrees with the cumulative sum of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexMismatch {
    /// Non-empty geolocation segments that disagree, and how many there are.
    pub disagreeing: usize,
    pub non_empty: usize,
    /// The first that disagrees, with what it holds and what the counts say.
    pub segment: usize,
    pub found: i64,
    pub expected: u64,
}

/// The geolocation segments that a range of photons belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segments {
    /// Rows of the geolocation level.
    pub rows: Range<u64>,
    /// For each photon, its row counted from `rows.start`.
    pub of_photon: Vec<u32>,
}

impl Runs {
    /// Runs of `counts` photons each, `photons` in all.
    pub fn from_counts(counts: &[i64], photons: u64) -> Result<Self, BadCounts> {
        let mut starts = Vec::with_capacity(counts.len() + 1);
        // u128: hostile counts cannot wrap the sum.
        let mut sum = 0_u128;
        for (segment, &count) in counts.iter().enumerate() {
            starts.push(sum as u64);
            sum += u128::try_from(count).map_err(|_| BadCounts::Negative { segment, count })?;
        }
        if sum != u128::from(photons) {
            return Err(BadCounts::Sum { sum, photons });
        }
        starts.push(photons);
        Ok(Self { starts })
    }

    /// Compares `index_beg` with the runs over non-empty geolocation segments; the index of the
    /// first photon of the ground track is `base`. `None`: all agree.
    pub fn check_index(&self, index_beg: &[i64], base: u64) -> Option<IndexMismatch> {
        let mut first = None;
        let (mut disagreeing, mut non_empty) = (0, 0);
        for (segment, (run, &found)) in self.starts.windows(2).zip(index_beg).enumerate() {
            if run[0] == run[1] {
                continue;
            }
            non_empty += 1;
            let expected = base.saturating_add(run[0]);
            if u64::try_from(found) != Ok(expected) {
                disagreeing += 1;
                first.get_or_insert((segment, found, expected));
            }
        }
        first.map(|(segment, found, expected)| IndexMismatch {
            disagreeing,
            non_empty,
            segment,
            found,
            expected,
        })
    }

    /// The geolocation segments of a range of photon rows, which must lie within the runs.
    pub fn segments_of(&self, photons: Range<u64>) -> Segments {
        if photons.is_empty() {
            return Segments {
                rows: 0..0,
                of_photon: Vec::new(),
            };
        }
        // Empty runs share their start with the next one, so the last start <= photon is its run.
        let run_of = |photon| self.starts.partition_point(|&start| start <= photon) - 1;
        let first = run_of(photons.start);
        let mut of_photon = Vec::with_capacity((photons.end - photons.start) as usize);
        let mut run = first;
        for photon in photons {
            while self.starts[run + 1] <= photon {
                run += 1;
            }
            of_photon.push((run - first) as u32);
        }
        Segments {
            rows: first as u64..run as u64 + 1,
            of_photon,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(prop_oneof![Just(0), 0_i64..9], 0..60)
    }

    /// The oracle: the segment of every photon, by writing each segment's number `count` times.
    fn repeated(counts: &[i64]) -> Vec<u64> {
        let numbered = counts.iter().enumerate();
        numbered
            .flat_map(|(i, &n)| vec![i as u64; n as usize])
            .collect()
    }

    fn one_based(counts: &[i64]) -> Vec<i64> {
        let mut next = 1;
        counts
            .iter()
            .map(|&n| {
                let beg = if n == 0 { 0 } else { next };
                next += n;
                beg
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_photon_finds_the_segment_that_counted_it(
            counts in counts(), a in 0_usize..500, b in 0_usize..500,
        ) {
            let oracle = repeated(&counts);
            let runs = Runs::from_counts(&counts, oracle.len() as u64).unwrap();
            let (a, b) = (a.min(b).min(oracle.len()), a.max(b).min(oracle.len()));
            let segments = runs.segments_of(a as u64..b as u64);
            let found: Vec<u64> = segments.of_photon.iter()
                .map(|&s| segments.rows.start + u64::from(s)).collect();
            prop_assert_eq!(&found[..], &oracle[a..b]);
            prop_assert_eq!(found.last().map_or(0, |s| s + 1), segments.rows.end);
        }

        #[test]
        fn a_one_based_index_with_zeros_for_empty_segments_agrees(counts in counts()) {
            let runs = Runs::from_counts(&counts, counts.iter().sum::<i64>() as u64).unwrap();
            prop_assert_eq!(runs.check_index(&one_based(&counts), 1), None);
        }

        #[test]
        fn an_index_off_by_one_disagrees_in_every_non_empty_segment(counts in counts()) {
            let runs = Runs::from_counts(&counts, counts.iter().sum::<i64>() as u64).unwrap();
            let off: Vec<i64> = one_based(&counts).iter().map(|beg| beg + 1).collect();
            let non_empty = counts.iter().filter(|&&n| n > 0).count();
            let mismatch = runs.check_index(&off, 1);
            prop_assert_eq!(mismatch.map_or(0, |m| m.disagreeing), non_empty);
            if let Some(m) = mismatch {
                prop_assert_eq!(m.found, m.expected as i64 + 1);
                prop_assert!(counts[..m.segment].iter().all(|&n| n == 0));
            }
        }

        #[test]
        fn counts_that_do_not_add_up_are_refused(counts in counts(), extra in 1_u64..9) {
            let photons = counts.iter().sum::<i64>() as u64;
            let sum = BadCounts::Sum { sum: u128::from(photons), photons: photons + extra };
            prop_assert_eq!(Runs::from_counts(&counts, photons + extra), Err(sum));
        }
    }

    #[test]
    fn negative_and_huge_counts_are_refused() {
        let negative = BadCounts::Negative {
            segment: 1,
            count: -3,
        };
        assert_eq!(Runs::from_counts(&[5, -3], 2), Err(negative));
        let huge = [i64::MAX; 4];
        let sum = 4 * (i64::MAX as u128);
        assert_eq!(
            Runs::from_counts(&huge, sum as u64),
            Err(BadCounts::Sum {
                sum,
                photons: sum as u64
            })
        );
    }
}
