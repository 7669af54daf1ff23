//! Rows of a ground track, or of a table, that the photons of a batch are from.
//!
//! Beside `batch.rs`: an error names the row of a photon. Kept rows mostly follow one another, so that where they do not
//! nearly all of them still stand in few runs.

use std::ops::Range;

/// Rows, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Those that follow one another, as where every photon is kept.
    Range(Range<u64>),
    /// Several such runs: the photon that each begins with, counted from 0, and its row. The first begins with photon 0.
    Runs(Vec<(usize, u64)>),
    Listed(Vec<u64>),
}

impl Rows {
    /// Of runs of rows that follow one another.
    pub fn of_runs(runs: impl Iterator<Item = Range<u64>>) -> Self {
        let mut photons = 0;
        let mut starts = Vec::new();
        for run in runs {
            push(&mut starts, photons, run.start);
            photons += (run.end - run.start) as usize;
        }
        Self::Runs(starts)
    }

    /// The row of photon `i` of the batch.
    pub fn get(&self, i: usize) -> u64 {
        match self {
            Self::Range(rows) => rows.start + i as u64,
            Self::Runs(runs) => {
                let behind = runs.partition_point(|&(photon, _)| photon <= i);
                let (photon, row) = runs[behind.saturating_sub(1)];
                row + (i - photon) as u64
            }
            Self::Listed(rows) => rows[i],
        }
    }

    /// The rows for which `keep` holds, in order.
    pub fn retain(&self, keep: &[bool]) -> Self {
        let kept = (0..keep.len()).filter(|&i| keep[i]);
        Self::Listed(kept.map(|i| self.get(i)).collect())
    }

    /// The rows of some photons that follow one another.
    #[must_use]
    pub fn part(&self, photons: Range<usize>) -> Self {
        match self {
            Self::Range(rows) => {
                let start = rows.start + photons.start as u64;
                Self::Range(start..start + photons.len() as u64)
            }
            Self::Runs(_) => self.parts(std::iter::once(photons)),
            Self::Listed(rows) => Self::Listed(rows[photons].to_vec()),
        }
    }

    /// The rows of photons in several such ranges, ascending.
    #[must_use]
    pub fn parts(&self, ranges: impl Iterator<Item = Range<usize>>) -> Self {
        let mut count = 0;
        let mut starts = Vec::new();
        let mut list = Vec::new();
        for photons in ranges.filter(|photons| !photons.is_empty()) {
            match self {
                Self::Range(rows) => push(&mut starts, count, rows.start + photons.start as u64),
                Self::Runs(runs) => {
                    push(&mut starts, count, self.get(photons.start));
                    let first = runs.partition_point(|&(photon, _)| photon <= photons.start);
                    let inside = runs[first..].iter();
                    for &(photon, row) in inside.take_while(|(photon, _)| *photon < photons.end) {
                        push(&mut starts, count + photon - photons.start, row);
                    }
                }
                Self::Listed(rows) => list.extend_from_slice(&rows[photons.clone()]),
            }
            count += photons.len();
        }
        match self {
            Self::Listed(_) => Self::Listed(list),
            _ => Self::Runs(starts),
        }
    }
}

/// Begins a run with a photon, unless the run before goes on with its row.
fn push(starts: &mut Vec<(usize, u64)>, photon: usize, row: u64) {
    let goes_on = |&(first, start): &(usize, u64)| start + (photon - first) as u64 == row;
    if !starts.last().is_some_and(goes_on) {
        starts.push((photon, row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same rows in each form that they can have.
    fn forms(rows: &[u64]) -> Vec<Rows> {
        let singles = rows.iter().map(|&row| row..row + 1);
        let mut forms = vec![Rows::Listed(rows.to_vec()), Rows::of_runs(singles)];
        if let (Some(&first), Some(&last)) = (rows.first(), rows.last())
            && last - first + 1 == rows.len() as u64
        {
            forms.push(Rows::Range(first..last + 1));
        }
        forms
    }

    fn all(rows: &Rows, count: usize) -> Vec<u64> {
        (0..count).map(|i| rows.get(i)).collect()
    }

    proptest! {
        #[test]
        fn rows_are_the_same_in_every_form_and_in_every_part(
            gaps in prop::collection::vec(prop_oneof![9 => Just(1_u64), 1 => 2_u64..9], 1..60),
            cuts in prop::collection::vec((0_usize..60, 0_usize..60), 1..4),
        ) {
            let rows: Vec<u64> = gaps.iter().scan(5, |row, gap| { *row += gap; Some(*row) }).collect();
            let mut ends: Vec<usize> = cuts.iter().flat_map(|&(a, b)| [a, b]).collect();
            for end in &mut ends {
                *end = (*end).min(rows.len());
            }
            ends.sort_unstable();
            let ranges = || ends.chunks(2).map(|ends| ends[0]..ends[1]);
            let expected: Vec<u64> = ranges().flat_map(|range| rows[range].to_vec()).collect();
            for form in forms(&rows) {
                prop_assert_eq!(all(&form, rows.len()), rows.clone());
                prop_assert_eq!(all(&form.parts(ranges()), expected.len()), expected.clone());
                let (from, to) = (ends[0], ends[ends.len() - 1]);
                prop_assert_eq!(all(&form.part(from..to), to - from), &rows[from..to]);
            }
        }
    }

    #[test]
    fn rows_that_follow_one_another_are_one_run() {
        let rows = Rows::of_runs([3..5, 5..9, 10..12].into_iter());
        assert_eq!(rows, Rows::Runs(vec![(0, 3), (6, 10)]));
        assert_eq!(
            rows.parts([2..4, 4..6].into_iter()),
            Rows::Runs(vec![(0, 5)])
        );
        let every_second = Rows::Range(0..6).retain(&[true, false, true, false, true, false]);
        assert_eq!(every_second, Rows::Listed(vec![0, 2, 4]));
    }
}
