//! Sums of the terms of many runs, all cut at once.
//!
//! Beside `cut.rs`, whose grids these are. Runs of some tens of photons are too short for vector instructions, and the terms of
//! a tile of photons are much alike. So they are cut on grids that all of them share, and what a run has of a grid is what
//! running sums of its integers grow by from the run's start to its end.

use std::ops::Range;

use multiversion::multiversion;

use super::cut::{BEYOND_F32, BLOCK, UNIT, extent, first_of, grid, unit};
use super::exact::Signed256;
use super::job::JobColumn;
use super::partial::ColumnPartials;
use super::specials::Specials;
use super::terms::TermSum;

/// Terms that are cut, then summed while they are in the first-level cache.
const PART: usize = 512;
/// Mean photons of a run from which on its terms are sooner cut by themselves.
const LONG: usize = 128;

/// Terms of a tile, cut on one grid or two.
#[derive(Debug, Default)]
pub struct Cuts {
    /// Sums of the integers of each grid up to each term, from 0 on; they may wrap, their differences do not.
    sums: [Vec<u64>; 2],
    /// The exponents of the grids' units.
    units: [i32; 2],
    /// Whether the first grid leaves nothing, and the second is not there.
    one: bool,
}

impl Cuts {
    /// Whether all of these terms are finite and in range, and two grids have all that counts of them. Then it has
    /// their sums.
    fn cut(&mut self, terms: &[f64]) -> bool {
        let (largest, set) = extent(terms);
        if largest >= TermSum::RANGE.to_bits() {
            return false;
        }
        let first = first_of(largest);
        self.units = [unit(first, 0), unit(first, 1)];
        let grids = [grid(first, 0), grid(first, 1)];
        for sums in &mut self.sums {
            sums.resize(terms.len() + 1, 0);
        }
        let [a, b] = &mut self.sums;
        let (a, b) = (&mut a[1..], &mut b[1..]);
        self.one = set & BEYOND_F32 == 0 && on_one(terms, grids[0], a, self.units[0] == UNIT);
        self.one || on_two(terms, grids, [a, b], self.units[1] == UNIT)
    }

    /// The sum of the terms of a run.
    #[inline]
    fn sum(&self, run: Range<usize>) -> TermSum {
        if run.len() <= BLOCK {
            return TermSum {
                sum: self.sum_of_block(run),
            };
        }
        let mut sum = Signed256::default();
        for start in run.clone().step_by(BLOCK) {
            sum.merge(self.sum_of_block(start..run.end.min(start + BLOCK)));
        }
        TermSum { sum }
    }

    /// Of at most [`BLOCK`] terms: their integers add up to 2^62 at most.
    #[inline]
    fn sum_of_block(&self, run: Range<usize>) -> Signed256 {
        let of = |sums: &[u64]| i128::from(sums[run.end].wrapping_sub(sums[run.start]) as i64);
        let [a, b] = &self.sums;
        let [above, below] = self.units;
        let (count, unit) = if self.one {
            (of(a), above)
        } else {
            // At most 2^52 units of the second to one of the first.
            let units = i128::from(1i64 << (above - below));
            (of(a) * units + of(b), below)
        };
        Signed256::shifted(count, (unit - UNIT) as u32)
    }
}

/// Replaces `sums` by running sums of the integers that terms have of a grid. `false`, and then not all of them, where
/// a term has more than that and the grid is not the `last`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn on_one(terms: &[f64], grid: f64, sums: &mut [u64], last: bool) -> bool {
    let (mut sum, mut left) = (0u64, 0);
    for (terms, sums) in terms.chunks(PART).zip(sums.chunks_mut(PART)) {
        for (term, place) in terms.iter().zip(&mut *sums) {
            let shifted = term + grid;
            *place = shifted.to_bits().wrapping_sub(grid.to_bits());
            left |= (term - (shifted - grid)).to_bits();
        }
        // A zero that is left may have a sign.
        if left << 1 != 0 && !last {
            return false;
        }
        for place in sums {
            sum = sum.wrapping_add(*place);
            *place = sum;
        }
    }
    true
}

/// The same of two grids, the second of which is the last or not.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn on_two(terms: &[f64], [a, b]: [f64; 2], [sums_a, sums_b]: [&mut [u64]; 2], last: bool) -> bool {
    let (mut sum_a, mut sum_b, mut left) = (0u64, 0u64, 0);
    let parts = sums_a.chunks_mut(PART).zip(sums_b.chunks_mut(PART));
    for (terms, (sums_a, sums_b)) in terms.chunks(PART).zip(parts) {
        let places = sums_a.iter_mut().zip(&mut *sums_b);
        for (term, (place_a, place_b)) in terms.iter().zip(places) {
            let shifted_a = term + a;
            let rest = term - (shifted_a - a);
            let shifted_b = rest + b;
            *place_a = shifted_a.to_bits().wrapping_sub(a.to_bits());
            *place_b = shifted_b.to_bits().wrapping_sub(b.to_bits());
            left |= (rest - (shifted_b - b)).to_bits();
        }
        if left << 1 != 0 && !last {
            return false;
        }
        for (place_a, place_b) in sums_a.iter_mut().zip(sums_b) {
            sum_a = sum_a.wrapping_add(*place_a);
            sum_b = sum_b.wrapping_add(*place_b);
            *place_a = sum_a;
            *place_b = sum_b;
        }
    }
    true
}

impl ColumnPartials {
    /// Appends a cell for each run of a tile's terms, none of them null: run `i` has terms `ends[i - 1]..ends[i]`.
    /// `false`, and then nothing is appended, where they are not all cut at once.
    pub fn push_runs_of_terms(
        &mut self,
        (values, ends): (&[f64], &[usize]),
        cuts: &mut Cuts,
        column: &JobColumn,
    ) -> bool {
        let Some(terms) = self.terms.as_mut().filter(|_| column.needs.terms_alone()) else {
            return false;
        };
        if values.len() >= LONG * ends.len() || !cuts.cut(values) {
            return false;
        }
        let mut start = 0;
        terms.extend(ends.iter().map(|&end| {
            let run = std::mem::replace(&mut start, end)..end;
            cuts.sum(run)
        }));
        let mut start = 0;
        self.count.extend(ends.iter().map(|&end| {
            let start = std::mem::replace(&mut start, end);
            (end - start) as u64
        }));
        // All of them are finite.
        self.specials.resize(self.count.len(), Specials::default());
        true
    }
}

#[cfg(test)]
mod tests;
