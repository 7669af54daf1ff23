//! The rows of a block that are kept: all, in runs of rows that follow one another, or listed.
//!
//! On the line: `select.rs` marks rows, and has them numbered here once none is dropped any more; `picked.rs` copies what
//! they hold. A filter that rejects a photon now and then leaves long runs, which are copied as they lie and need no list.

use std::ops::Range;

use rayon::prelude::*;

use super::select::{TILE, count};

/// Rows of a run, on average, from which on runs are listed in place of rows.
const LONG: usize = 16;
/// Marks that are compared at a time.
const MARKS: usize = 32;

/// Kept rows, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// All rows, and how many there are.
    All(usize),
    /// Runs that do not touch.
    Runs(Vec<Range<u32>>),
    Listed(Vec<u32>),
}

impl Kept {
    /// The rows whose mark is 1, which are `kept` of them.
    pub fn of(marks: &[u8], kept: usize) -> Self {
        if kept == marks.len() {
            return Self::All(kept);
        }
        if count_runs(marks).saturating_mul(LONG) <= kept {
            return Self::Runs(runs(marks));
        }
        let mut list = vec![0; kept];
        let mut rest = &mut list[..];
        let mut tiles = Vec::with_capacity(marks.len().div_ceil(TILE));
        for (tile, marks) in marks.chunks(TILE).enumerate() {
            let (front, back) = rest.split_at_mut(count(marks));
            tiles.push((tile * TILE, marks, front));
            rest = back;
        }
        tiles
            .into_par_iter()
            .for_each(|(start, marks, out)| write_marked(start, marks, out));
        Self::Listed(list)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::All(rows) => *rows,
            Self::Runs(runs) => runs.iter().map(ExactSizeIterator::len).sum(),
            Self::Listed(list) => list.len(),
        }
    }

    /// The row that is kept at a place among the kept ones.
    pub fn row(&self, place: usize) -> u32 {
        match self {
            Self::All(_) => place as u32,
            Self::Runs(runs) => {
                let mut before = 0;
                let mut behind = runs.iter().filter(|run| {
                    before += run.len();
                    before > place
                });
                let run = behind.next().cloned().unwrap_or_default();
                run.end - (before - place) as u32
            }
            Self::Listed(list) => list[place],
        }
    }
}

/// How many runs of rows that follow one another are marked.
fn count_runs(marks: &[u8]) -> usize {
    let Some((&first, behind)) = marks.split_first() else {
        return 0;
    };
    // Marked, and the one before is not; summed over as many as a byte can hold.
    let pairs = marks.chunks(255).zip(behind.chunks(255));
    let begun = pairs.map(|(before, marks)| {
        let begins = before
            .iter()
            .zip(marks)
            .map(|(before, mark)| mark & !before);
        usize::from(begins.sum::<u8>())
    });
    usize::from(first) + begun.sum::<usize>()
}

/// Runs of marked rows.
fn runs(marks: &[u8]) -> Vec<Range<u32>> {
    let mut found = Vec::new();
    let mut start = next(marks, 0, 1);
    while start < marks.len() {
        let end = next(marks, start, 0);
        found.push(start as u32..end as u32);
        start = next(marks, end, 1);
    }
    found
}

/// The first row from `from` on with this mark; behind the last where there is none.
fn next(marks: &[u8], mut from: usize, mark: u8) -> usize {
    let others = [1 - mark; MARKS];
    while marks
        .get(from..from + MARKS)
        .is_some_and(|next| next == others)
    {
        from += MARKS;
    }
    let found = marks[from..].iter().position(|&other| other == mark);
    found.map_or(marks.len(), |found| from + found)
}

/// Writes the numbers of marked rows, without a branch: a row that is not marked is written over.
fn write_marked(start: usize, marks: &[u8], out: &mut [u32]) {
    let mut numbers = vec![0; marks.len() + 1];
    let mut next = 0;
    for (i, &mark) in marks.iter().enumerate() {
        numbers[next] = (start + i) as u32;
        next += usize::from(mark);
    }
    out.copy_from_slice(&numbers[..next]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Marks of any kind, and such as leave long runs.
    fn marks() -> impl Strategy<Value = Vec<u8>> {
        let any = prop::collection::vec(0_u8..2, 0..40_000);
        let runs = prop::collection::vec((0_u8..2, 1_usize..900), 0..60);
        let runs = runs.prop_map(|runs| {
            let marks = runs.iter().flat_map(|&(mark, count)| vec![mark; count]);
            marks.collect()
        });
        prop_oneof![any, runs]
    }

    proptest! {
        #[test]
        fn kept_rows_are_the_marked_ones(marks in marks()) {
            let expected: Vec<u32> =
                (0..marks.len() as u32).filter(|&i| marks[i as usize] == 1).collect();
            let kept = Kept::of(&marks, count(&marks));
            prop_assert_eq!(kept.len(), expected.len());
            let found: Vec<u32> = match &kept {
                Kept::All(rows) => (0..*rows as u32).collect(),
                Kept::Runs(runs) => runs.iter().cloned().flatten().collect(),
                Kept::Listed(list) => list.clone(),
            };
            prop_assert_eq!(&found, &expected);
            for place in (0..expected.len()).step_by(97) {
                prop_assert_eq!(kept.row(place), expected[place]);
            }
            if let Kept::Runs(runs) = &kept {
                prop_assert_eq!(runs.len(), count_runs(&marks));
                prop_assert!(runs.iter().all(|run| !run.is_empty()));
                prop_assert!(runs.windows(2).all(|runs| runs[0].end < runs[1].start));
            }
        }
    }

    #[test]
    fn long_runs_are_not_listed_row_by_row() {
        let mut marks = vec![1; 5000];
        marks[1000] = 0;
        assert_eq!(
            Kept::of(&marks, 4999),
            Kept::Runs(vec![0..1000, 1001..5000])
        );
        let every_second: Vec<u8> = (0..6).map(|row| row % 2).collect();
        assert_eq!(Kept::of(&every_second, 3), Kept::Listed(vec![1, 3, 5]));
    }
}
