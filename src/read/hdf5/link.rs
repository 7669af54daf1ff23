//! The link between geolocation segments and photons: counts in, runs of photons out.
//!
//! On the line: `reader.rs` broadcasts datasets with one row per geolocation segment through these
//! runs. Pure: slices in, runs out; `track.rs` reads the slices.
//!
//! ATL03 data dictionary: `segment_ph_cnt` photons belong to a geolocation segment, the first of
//! them at the 1-based `ph_index_beg`, which is 0 where there is none. Photons are stored in the
//! order of their geolocation segments, so the runs are the cumulative sum of the counts, and
//! `ph_index_beg` is a check on it: a subset may keep the index of the granule that it is of, which
//! has other numbers and the same order. Where the order is another, the index alone tells it.

use std::ops::Range;

/// The run of photons of each geolocation segment of one ground track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Runs {
    /// First photon row of each run, then the number of photons; ascending.
    starts: Vec<u64>,
    /// The geolocation segment of each run; its own number where there is none.
    segments: Option<Vec<u32>>,
}

/// The runs, and what is odd about the index that came with the counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    pub runs: Runs,
    pub odd: Option<IndexMismatch>,
    /// The index told the order, and not the counts.
    pub by_index: bool,
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
    /// The index has another order than the counts, and its runs are not the photons either.
    Index(IndexMismatch),
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
    /// The runs that counts and index tell; the index of the first photon of the ground track is `base`.
    pub fn settle(
        counts: &[i64],
        index_beg: &[i64],
        base: u64,
        photons: u64,
    ) -> Result<Settled, BadCounts> {
        let runs = Self::from_counts(counts, photons)?;
        let odd = runs.check_index(index_beg, base);
        let mut settled = Settled {
            runs,
            odd,
            by_index: false,
        };
        if let Some(odd) = odd
            && !ascends(counts, index_beg)
        {
            let runs = Self::from_index(counts, index_beg, base);
            settled.runs = runs.ok_or(BadCounts::Index(odd))?;
            settled.by_index = true;
        }
        Ok(settled)
    }

    /// Runs where the index says, of counts that add up; `None` where they overlap or leave gaps.
    fn from_index(counts: &[i64], index_beg: &[i64], base: u64) -> Option<Self> {
        let mut runs: Vec<(i64, i64, u32)> = non_empty(counts, index_beg)
            .map(|(segment, beg, count)| (beg, count, segment as u32))
            .collect();
        runs.sort_unstable();
        let mut next = i64::try_from(base).ok()?;
        let mut starts = Vec::with_capacity(runs.len() + 1);
        for &(beg, count, _) in &runs {
            if beg != next {
                return None;
            }
            starts.push(next as u64 - base);
            next = next.checked_add(count)?;
        }
        starts.push(next as u64 - base);
        let segments = runs.into_iter().map(|(_, _, segment)| segment).collect();
        Some(Self {
            starts,
            segments: Some(segments),
        })
    }

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
        Ok(Self {
            starts,
            segments: None,
        })
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

    /// The runs that a range of photon rows, which must lie within them, has photons of: the geolocation segment of each,
    /// and all of its photons.
    pub fn overlapping(&self, photons: &Range<u64>) -> Vec<(usize, Range<u64>)> {
        let first = self.starts.partition_point(|&start| start <= photons.start);
        let runs = self
            .starts
            .windows(2)
            .enumerate()
            .skip(first.saturating_sub(1));
        let overlap = runs.take_while(|(_, run)| run[0] < photons.end);
        let filled = overlap.filter(|(_, run)| run[0] < run[1]);
        let of = |(run, ends): (usize, &[u64])| {
            let segments = self.segments.as_ref();
            let segment = segments.map_or(run, |segments| segments[run] as usize);
            (segment, ends[0]..ends[1])
        };
        filled.map(of).collect()
    }

    /// The photons of a geolocation segment; `None` where the index tells the order.
    pub fn of_segment(&self, segment: usize) -> Option<Range<u64>> {
        let run = self.starts.get(segment..segment + 2)?;
        self.segments.is_none().then(|| run[0]..run[1])
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
        let runs = run_of(photons.start)..run_of(photons.end - 1) + 1;
        let segment_of = |run: usize| match &self.segments {
            Some(segments) => segments[run] as usize,
            None => run,
        };
        let (first, last) = match &self.segments {
            Some(segments) => segments[runs.clone()]
                .iter()
                .fold((usize::MAX, 0), |(first, last), &segment| {
                    (first.min(segment as usize), last.max(segment as usize))
                }),
            None => (runs.start, runs.end - 1),
        };
        let mut of_photon = Vec::with_capacity((photons.end - photons.start) as usize);
        let mut run = runs.start;
        for photon in photons {
            while self.starts[run + 1] <= photon {
                run += 1;
            }
            of_photon.push((segment_of(run) - first) as u32);
        }
        Segments {
            rows: first as u64..last as u64 + 1,
            of_photon,
        }
    }
}

/// Number, index and count of the geolocation segments that have photons.
fn non_empty<'a>(
    counts: &'a [i64],
    index_beg: &'a [i64],
) -> impl Iterator<Item = (usize, i64, i64)> + 'a {
    let numbered = counts.iter().zip(index_beg).enumerate();
    let numbered = numbered.map(|(segment, (&count, &beg))| (segment, beg, count));
    numbered.filter(|(_, _, count)| *count > 0)
}

/// Whether the runs of the index follow one another, as the counts have them, with gaps or without:
/// those of a granule of which a part is here.
fn ascends(counts: &[i64], index_beg: &[i64]) -> bool {
    let mut end = i64::MIN;
    non_empty(counts, index_beg).all(|(_, beg, count)| {
        let follows = beg >= end;
        end = beg.saturating_add(count);
        follows
    })
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
        fn an_index_that_only_has_other_numbers_changes_nothing(
            counts in counts(), offset in -1000_i64..1000, gaps in prop::collection::vec(0_i64..3, 60),
        ) {
            let photons = counts.iter().sum::<i64>() as u64;
            let mut gap = offset;
            let index: Vec<i64> = one_based(&counts).iter().zip(&gaps).map(|(beg, more)| {
                gap += more;
                beg + gap
            }).collect();
            let settled = Runs::settle(&counts, &index, 1, photons).unwrap();
            prop_assert!(!settled.by_index);
            prop_assert_eq!(settled.runs, Runs::from_counts(&counts, photons).unwrap());
        }

        #[test]
        fn an_index_of_another_order_tells_whose_each_photon_is(
            counts in counts(), keys in prop::collection::vec(any::<u16>(), 60),
            a in 0_usize..500, b in 0_usize..500,
        ) {
            // Segments as the photons are stored.
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|&segment| keys[segment]);
            let oracle: Vec<u64> = order.iter()
                .flat_map(|&s| vec![s as u64; counts[s] as usize]).collect();
            let mut index = vec![0; counts.len()];
            let mut next = 1;
            for &segment in order.iter().filter(|&&s| counts[s] > 0) {
                index[segment] = next;
                next += counts[segment];
            }
            let settled = Runs::settle(&counts, &index, 1, oracle.len() as u64).unwrap();
            let (a, b) = (a.min(b).min(oracle.len()), a.max(b).min(oracle.len()));
            let segments = settled.runs.segments_of(a as u64..b as u64);
            let found: Vec<u64> = segments.of_photon.iter()
                .map(|&s| segments.rows.start + u64::from(s)).collect();
            prop_assert_eq!(&found[..], &oracle[a..b]);
            prop_assert!(found.iter().all(|s| segments.rows.contains(s)));
        }

        #[test]
        fn counts_that_do_not_add_up_are_refused(counts in counts(), extra in 1_u64..9) {
            let photons = counts.iter().sum::<i64>() as u64;
            let sum = BadCounts::Sum { sum: u128::from(photons), photons: photons + extra };
            prop_assert_eq!(Runs::from_counts(&counts, photons + extra), Err(sum));
        }
    }

    #[test]
    fn an_index_that_fits_neither_the_sum_nor_the_photons_is_refused() {
        let counts = [2, 0, 3, 1];
        for index in [
            [4, 0, 1, 5],
            [5, 0, 1, 4],
            [4, 0, 2, 1],
            [1, 0, 2, 6],
            [0, 0, 0, 0],
            [i64::MAX, 0, i64::MIN, 1],
        ] {
            let settled = Runs::settle(&counts, &index, 1, 6);
            let fits = index == [5, 0, 1, 4];
            assert_eq!(settled.is_ok(), fits, "{index:?}: {settled:?}");
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
