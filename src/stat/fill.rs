//! Filling: values that stand in a column become the keys of cells, each written once, where it is selected.
//!
//! Beside `ordered.rs`. Who folds runs of photons counts the values of each run, so where the keys of each belong is known
//! before any is written, and threads write them side by side:
//!
//! ```text
//!   photons   |aaaa|bb|ccc|aa|bbbb|       runs, where they stand
//!   keys      |aaaa|aa|bb|bbbb|ccc|       cells, ascending
//! ```

use std::ops::Range;

use rayon::prelude::*;

use super::order::Class;
use super::ordered::{Keys, Ordered};
use super::partial::ColumnPartials;
use super::value::Value;
use crate::photon::{Column, Values};

/// Values that one task writes, about.
const VALUES: usize = 1 << 15;

/// Consecutive photons of one cell, and how many values of them are retained: those that are neither null nor NaN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retained {
    pub photons: Range<usize>,
    pub values: usize,
}

impl ColumnPartials {
    /// Values of row `i` that are retained, where order statistics are asked for.
    pub fn retained_of(&self, i: usize) -> usize {
        (self.count[i] - self.specials[i].nan) as usize
    }

    /// Replaces the values that are retained by those of a column: cell `i` has those of the runs
    /// `runs[starts[i]..starts[i + 1]]`.
    ///
    /// # Panics
    /// If a run has not as many values as it says.
    pub fn fill_values(&mut self, column: &Column, runs: &[Retained], starts: &[usize]) {
        let Some(ordered) = &mut self.ordered else {
            return;
        };
        match &column.values {
            Values::F32(values) => ordered.fill((values, column), runs, starts),
            Values::F64(values) => ordered.fill((values, column), runs, starts),
            Values::I64(values) => ordered.fill((values, column), runs, starts),
        }
    }
}

impl Ordered {
    fn fill<T: Value>(
        &mut self,
        (values, column): (&[T], &Column),
        runs: &[Retained],
        starts: &[usize],
    ) {
        let mut ends = Vec::with_capacity(runs.len() + 1);
        ends.push(0);
        ends.extend(runs.iter().scan(0, |end, run| {
            *end += run.values;
            Some(*end)
        }));
        let source = (values, column);
        match &mut self.keys {
            Keys::Narrow(keys) => fill(keys, source, runs, &ends, |v| v.key().0 as u32),
            Keys::Wide(keys) => fill(keys, source, runs, &ends, |v| v.key().0),
        }
        self.be_cells_to(starts.iter().map(|&start| ends[start]));
    }
}

/// Replaces `keys` by those of runs, one after another.
fn fill<T: Value, K: Copy + Default + Send>(
    keys: &mut Vec<K>,
    (values, column): (&[T], &Column),
    runs: &[Retained],
    ends: &[usize],
    key: impl Fn(T) -> K + Sync,
) {
    be_sized(keys, ends.last().copied().unwrap_or(0));
    let mut tasks = Vec::new();
    let (mut rest, mut first) = (keys.as_mut_slice(), 0);
    while first < runs.len() {
        let after = ends[first] + VALUES;
        let end = (ends.partition_point(|&end| end < after)).clamp(first + 1, runs.len());
        let (part, more) = rest.split_at_mut(ends[end] - ends[first]);
        tasks.push((part, &runs[first..end]));
        (rest, first) = (more, end);
    }
    tasks.into_par_iter().for_each(|(mut part, runs)| {
        for run in runs {
            let (here, more) = part.split_at_mut(run.values);
            part = more;
            let of_run = &values[run.photons.clone()];
            if here.len() == of_run.len() {
                for (place, &value) in here.iter_mut().zip(of_run) {
                    *place = key(value);
                }
                continue;
            }
            let kept = run.photons.clone().zip(of_run);
            let mut kept =
                kept.filter(|&(i, value)| column.is_valid(i) && value.class() != Class::Nan);
            let filled = here.iter_mut().zip(kept.by_ref());
            let filled = filled
                .map(|(place, (_, &value))| *place = key(value))
                .count();
            assert!(
                filled == run.values && kept.next().is_none(),
                "photons {:?} have other than {} values",
                run.photons,
                run.values
            );
        }
    });
}

/// Gives a list so many entries, all of which are to be replaced. Fresh memory is zeros, which nobody has to write: the
/// threads that replace them are the first to touch it.
pub(super) fn be_sized<K: Copy + Default>(keys: &mut Vec<K>, len: usize) {
    if keys.capacity() < len {
        // The old memory first, so that there are never both.
        *keys = Vec::new();
        *keys = vec![K::default(); len];
    } else {
        keys.resize(len, K::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;
    use crate::stat::{ColumnOrigin, JobColumn, Needs, Resolution};
    use arrow::buffer::NullBuffer;
    use proptest::prelude::*;

    fn described(column_type: ColumnType) -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                ordered: true,
                ..Needs::default()
            },
        }
    }

    /// What filling gives is what pushing cell after cell does, run for run in the order of the cells.
    fn check<T: Value>(
        (values, column): (&[T], &Column),
        column_type: ColumnType,
        ends: &[usize],
        cells: &[usize],
    ) {
        let described = described(column_type);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let photons: Vec<Range<usize>> = starts.zip(ends).map(|(a, &b)| a..b).collect();
        let mut by_cell: Vec<usize> = (0..photons.len()).collect();
        by_cell.sort_by_key(|&run| cells[run]);
        let mut pushed = ColumnPartials::empty(&described);
        let (mut runs, mut starts) = (Vec::new(), vec![0]);
        for of_cell in by_cell.chunk_by(|&a, &b| cells[a] == cells[b]) {
            let mut of_all = Vec::new();
            for &run in of_cell {
                let photons = photons[run].clone();
                let valid = photons.clone().filter(|&i| column.is_valid(i));
                let valid: Vec<T> = valid.map(|i| values[i]).collect();
                let mut row = ColumnPartials::empty(&described);
                row.push_cell(&valid, &described);
                runs.push(Retained {
                    photons,
                    values: row.retained_of(0),
                });
                of_all.extend(valid);
            }
            starts.push(runs.len());
            pushed.push_cell(&of_all, &described);
        }
        let mut filled = ColumnPartials::empty(&described);
        // What was there before is of no matter.
        for times in [0, 3] {
            filled.push_cell(&values.repeat(times), &described);
            filled.fill_values(column, &runs, &starts);
            assert_eq!(filled.ordered, pushed.ordered);
        }
    }

    proptest! {
        #[test]
        fn filled_cells_hold_what_pushed_ones_do(
            values in prop::collection::vec(
                (any::<f64>(), prop::bool::weighted(0.9), prop::bool::weighted(0.95)), 0..400),
            cuts in prop::collection::vec((0usize..400, 0usize..6), 0..40),
            nulls in any::<bool>(),
        ) {
            let n = values.len();
            let mut ends: Vec<usize> = cuts.iter().map(|(cut, _)| (*cut).min(n)).chain([n]).collect();
            ends.sort_unstable();
            let cells: Vec<usize> = cuts.iter().map(|(_, cell)| *cell).chain([2]).collect();
            let valid: Vec<bool> = values.iter().map(|(_, valid, _)| *valid).collect();
            let nulls = nulls.then(|| NullBuffer::from(valid));
            let wide: Vec<f64> = values.iter().map(|&(v, _, is)| if is { v } else { f64::NAN }).collect();
            let narrow: Vec<f32> = wide.iter().map(|&v| v as f32).collect();
            let whole: Vec<i64> = wide.iter().map(|&v| v as i64).collect();
            let column = |values| Column { values, nulls: nulls.clone() };
            check((&wide, &column(Values::F64(wide.clone().into()))), ColumnType::F64, &ends, &cells);
            check((&narrow, &column(Values::F32(narrow.clone().into()))), ColumnType::F32, &ends, &cells);
            check((&whole, &column(Values::I64(whole.clone().into()))), ColumnType::I64, &ends, &cells);
        }
    }

    #[test]
    fn many_runs_are_filled_by_many_tasks() {
        let n = 5 * VALUES + 77;
        let values: Vec<f32> = (0..n).map(|i| (i % 1013) as f32).collect();
        let column = Column {
            values: Values::F32(values.clone().into()),
            nulls: None,
        };
        let ends: Vec<usize> = (1..=n.div_ceil(100)).map(|i| (i * 100).min(n)).collect();
        let cells: Vec<usize> = (0..ends.len()).map(|i| i * 7 % 50).collect();
        check((&values, &column), ColumnType::F32, &ends, &cells);
        // One run larger than a task.
        check((&values, &column), ColumnType::F32, &[n], &[0]);
    }

    #[test]
    #[should_panic(expected = "have other than 2 values")]
    fn a_run_with_other_values_than_it_says_is_refused() {
        let values: Vec<f64> = vec![1.0, f64::NAN, f64::NAN, f64::NAN];
        let column = Column {
            values: Values::F64(values.into()),
            nulls: None,
        };
        let mut partials = ColumnPartials::empty(&described(ColumnType::F64));
        let runs = [Retained {
            photons: 0..4,
            values: 2,
        }];
        partials.fill_values(&column, &runs, &[0, 1]);
    }
}
