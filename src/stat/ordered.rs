//! The multiset of a cell's values, for exact order statistics.

use std::ops::Range;

use super::choose::Chosen;
use super::order::{Class, Key};
use super::select::{ranks, select_all, sort_all};
use super::value::Value;
use crate::photon::ColumnType;

/// Value keys of many cells, cell after cell: cell `i` owns `keys[offsets[i]..offsets[i + 1]]`.
/// NaN is not in here; `Specials` counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered {
    pub(super) offsets: Vec<usize>,
    pub(super) keys: Keys,
    /// Of cells whose values are not in here: what was chosen of them, ascending by cell.
    chosen: Vec<(usize, Chosen)>,
}

/// f32 columns keep 4 bytes a photon, the others 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

impl Ordered {
    pub fn new(column_type: ColumnType) -> Self {
        Self {
            offsets: vec![0],
            keys: match column_type {
                ColumnType::F32 => Keys::Narrow(Vec::new()),
                ColumnType::F64 | ColumnType::I64 => Keys::Wide(Vec::new()),
            },
            chosen: Vec::new(),
        }
    }

    /// Removes all cells and keeps the memory for as many.
    pub fn clear(&mut self) {
        self.offsets.truncate(1);
        self.chosen.clear();
        match &mut self.keys {
            Keys::Narrow(keys) => keys.clear(),
            Keys::Wide(keys) => keys.clear(),
        }
    }

    /// Appends a cell with these values.
    pub fn push_cell<T: Value>(&mut self, values: &[T]) {
        let narrow = |v: &T| v.key().0 as u32;
        let wide = |v: &T| v.key().0;
        let kept = values.iter().filter(|v| v.class() != Class::Nan);
        match (&mut self.keys, none_is_nan(values)) {
            (Keys::Narrow(keys), true) => keys.extend(values.iter().map(narrow)),
            (Keys::Narrow(keys), false) => keys.extend(kept.map(narrow)),
            (Keys::Wide(keys), true) => keys.extend(values.iter().map(wide)),
            (Keys::Wide(keys), false) => keys.extend(kept.map(wide)),
        }
        self.offsets.push(self.len_keys());
    }

    /// Appends a cell with these keys of f32 values; `u32::MAX`, which is the key of none, is left
    /// out.
    pub fn push_keys(&mut self, of_cell: &[u32]) {
        let kept = of_cell.iter().filter(|&&key| key != u32::MAX);
        match &mut self.keys {
            Keys::Narrow(keys) if !of_cell.contains(&u32::MAX) => keys.extend_from_slice(of_cell),
            Keys::Narrow(keys) => keys.extend(kept),
            Keys::Wide(keys) => keys.extend(kept.map(|&key| u64::from(key))),
        }
        self.offsets.push(self.len_keys());
    }

    /// Appends a cell with these keys of 64 bits, `len` of which are of values. The others are
    /// `u64::MAX`, which is also the key of the largest integer: as many of those are kept as values
    /// are missing without them.
    pub fn push_wide_keys(&mut self, of_cell: &[u64], len: u64) {
        let kept = of_cell.iter().copied().filter(|&key| key != u64::MAX);
        let Keys::Wide(keys) = &mut self.keys else {
            unreachable!("columns of 64 bits have wide keys")
        };
        let end = keys.len() + len as usize;
        keys.extend(kept);
        keys.resize(end, u64::MAX);
        self.offsets.push(end);
    }

    /// Appends cells of `other` as new cells.
    pub fn extend(&mut self, other: &Self, cells: Range<usize>) {
        let (from, to) = (other.offsets[cells.start], self.len_keys());
        self.extend_keys(other, from..other.offsets[cells.end]);
        let ends = &other.offsets[cells.start + 1..=cells.end];
        self.offsets.extend(ends.iter().map(|end| end - from + to));
    }

    /// Adds the values of cell `i` of `other` to the last cell.
    pub fn extend_last(&mut self, other: &Self, i: usize) {
        self.extend_keys(other, other.offsets[i]..other.offsets[i + 1]);
        let end = self.len_keys();
        if let Some(last) = self.offsets.last_mut() {
            *last = end;
        }
    }

    fn extend_keys(&mut self, other: &Self, range: Range<usize>) {
        match (&mut self.keys, &other.keys) {
            (Keys::Narrow(keys), Keys::Narrow(more)) => keys.extend_from_slice(&more[range]),
            (Keys::Wide(keys), Keys::Wide(more)) => keys.extend_from_slice(&more[range]),
            _ => unreachable!("partials of one job have one key width per column"),
        }
    }

    /// Puts the values of every cell in ascending order: equal multisets become equal tables.
    pub fn sort(&mut self) {
        match &mut self.keys {
            Keys::Narrow(keys) => sort_all(keys, &self.offsets),
            Keys::Wide(keys) => sort_all(keys, &self.offsets),
        }
    }

    /// Number of values of all cells.
    pub fn len_keys(&self) -> usize {
        match &self.keys {
            Keys::Narrow(keys) => keys.len(),
            Keys::Wide(keys) => keys.len(),
        }
    }

    /// Number of values of cell `i`.
    pub fn len(&self, i: usize) -> usize {
        match self.chosen_of(i) {
            Some(chosen) => chosen.len,
            None => self.offsets[i + 1] - self.offsets[i],
        }
    }

    /// Replaces the values of cell `i`, above those of earlier calls, by what was chosen of them for the
    /// quantiles of the job.
    pub fn choose(&mut self, i: usize, chosen: Chosen) {
        self.chosen.push((i, chosen));
    }

    pub(super) fn chosen_of(&self, i: usize) -> Option<&Chosen> {
        if self.chosen.is_empty() {
            return None;
        }
        let found = self.chosen.binary_search_by_key(&i, |(cell, _)| *cell);
        found.ok().map(|at| &self.chosen[at].1)
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Cells are the keys that are there from one of these places to the next, the first of which is 0.
    pub(super) fn be_cells_to(&mut self, ends: impl Iterator<Item = usize>) {
        self.chosen.clear();
        self.offsets.clear();
        self.offsets.extend(ends);
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
    }

    /// Puts the order statistics that these quantiles need in their places, in every cell.
    ///
    /// Selecting a few ranks moves each value a few times; sorting all would move it log n times.
    pub fn select(&mut self, quantiles: &[f64]) {
        match &mut self.keys {
            Keys::Narrow(keys) => select_all(keys, &self.offsets, quantiles),
            Keys::Wide(keys) => select_all(keys, &self.offsets, quantiles),
        }
    }

    /// Order statistic `rank` (0-based) of cell `i`, once selected.
    fn get(&self, i: usize, rank: usize) -> Key {
        if let Some(chosen) = self.chosen_of(i) {
            return chosen.get(rank);
        }
        let at = self.offsets[i] + rank;
        match &self.keys {
            Keys::Narrow(keys) => Key(u64::from(keys[at])),
            Keys::Wide(keys) => Key(keys[at]),
        }
    }
}

/// Whether none of many values is NaN; of few nothing is said.
fn none_is_nan<T: Value>(values: &[T]) -> bool {
    const FEW: usize = 8;
    !T::HAS_SPECIALS || (values.len() >= FEW && !T::scan(values).magnitude.is_nan())
}

/// Quantile `q` of cell `i` once its order statistics are selected.
pub fn quantile(ordered: &Ordered, i: usize, q: f64, column_type: ColumnType) -> f64 {
    let key = |rank| ordered.get(i, rank);
    interpolated(ordered.len(i), q, |rank| key(rank).to_f64(column_type))
}

/// Quantile `q` of `n` values by their ranks: with h = (n - 1) q, linear interpolation between order statistics floor(h)
/// and floor(h) + 1 in f64 (numpy's default, Hyndman & Fan type 7).
///
/// As numpy, from the nearer of the two, so that finite results are its to the bit. NaN for no values. Where the neighbours
/// are equal or h is whole, an infinity stays an infinity; else the formula gives the nearer one or NaN.
pub(super) fn interpolated(n: usize, q: f64, value: impl Fn(usize) -> f64) -> f64 {
    if n == 0 {
        return f64::NAN;
    }
    let h = (n - 1) as f64 * q;
    let [rank, next] = ranks(n, q);
    let fraction = h - h.floor();
    let lower = value(rank);
    if fraction == 0.0 || next == rank {
        return lower;
    }
    let upper = value(next);
    if lower == upper {
        return lower;
    }
    let step = upper - lower;
    let between = if fraction >= 0.5 {
        upper - step * (1.0 - fraction)
    } else {
        lower + step * fraction
    };
    // The bits of a NaN that arithmetic makes differ between processors.
    if between.is_nan() { f64::NAN } else { between }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32]) -> Ordered {
        let mut ordered = Ordered::new(ColumnType::F32);
        ordered.push_cell(values);
        ordered.select(&[0.0, 0.25, 0.3, 0.5, 0.75, 1.0]);
        ordered
    }

    #[test]
    fn quartiles_interpolate_between_neighbours() {
        let values = of(&[2.0, 1.0]);
        let at = |q| quantile(&values, 0, q, ColumnType::F32);
        assert_eq!([at(0.0), at(0.25), at(0.5), at(1.0)], [1.0, 1.25, 1.5, 2.0]);
    }

    #[test]
    fn infinities_are_order_statistics_and_interpolate_as_in_numpy() {
        const INF: f32 = f32::INFINITY;
        let at = |values: &[f32], q| quantile(&of(values), 0, q, ColumnType::F32);
        for (values, below, above) in [
            ([1.0, INF], f64::INFINITY, f64::NAN),
            ([-INF, 1.0], f64::NAN, f64::NEG_INFINITY),
            ([-INF, INF], f64::NAN, f64::NAN),
            ([INF, INF], f64::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(at(&values, 0.0), f64::from(values[0]));
            assert_eq!(at(&values, 0.25).to_bits(), below.to_bits(), "{values:?}");
            assert_eq!(at(&values, 0.5).to_bits(), above.to_bits(), "{values:?}");
            assert_eq!(at(&values, 0.75).to_bits(), above.to_bits(), "{values:?}");
            assert_eq!(at(&values, 1.0), f64::from(values[1]));
        }
    }

    #[test]
    fn interpolation_starts_from_the_nearer_neighbour() {
        // What numpy.quantile([0.1, 0.7], q) gives; from 0.1 alone, 0.7 would give 0.52.
        let mut ordered = Ordered::new(ColumnType::F64);
        ordered.push_cell(&[0.1, 0.7]);
        ordered.select(&[0.3, 0.6, 0.7, 0.9]);
        let at = |q| quantile(&ordered, 0, q, ColumnType::F64);
        let numpy = [0.28, 0.45999999999999996, 0.5199999999999999, 0.64];
        assert_eq!([0.3, 0.6, 0.7, 0.9].map(at), numpy);
    }

    #[test]
    fn nan_is_not_an_order_statistic() {
        let values = of(&[f32::NAN, 3.0]);
        assert_eq!(values.len(0), 1);
        assert_eq!(quantile(&values, 0, 0.5, ColumnType::F32), 3.0);
        assert!(quantile(&of(&[]), 0, 0.5, ColumnType::F32).is_nan());
    }

    #[test]
    fn many_values_are_kept_without_those_that_are_nan() {
        for nan in [None, Some(0), Some(13), Some(39)] {
            let mut values: Vec<f64> = (0..40).map(|i| f64::from(i) - 20.0).collect();
            if let Some(place) = nan {
                values[place] = f64::NAN;
            }
            let mut one_by_one = Ordered::new(ColumnType::F64);
            one_by_one.push_cell::<f64>(&[]);
            for value in &values {
                let mut one = Ordered::new(ColumnType::F64);
                one.push_cell(&[*value]);
                one_by_one.extend_last(&one, 0);
            }
            let mut all = Ordered::new(ColumnType::F64);
            all.push_cell(&values);
            assert_eq!(all, one_by_one);
            assert_eq!(all.len(0), 40 - usize::from(nan.is_some()));
        }
    }

    #[test]
    fn keys_that_say_none_stay_behind_but_for_those_of_the_largest_integer() {
        let mut narrow = Ordered::new(ColumnType::F32);
        narrow.push_keys(&[7, u32::MAX, 3]);
        narrow.push_keys(&[u32::MAX]);
        assert_eq!(narrow.offsets, [0, 2, 2]);
        assert_eq!(narrow.keys, Keys::Narrow(vec![7, 3]));
        let mut wide = Ordered::new(ColumnType::I64);
        wide.push_wide_keys(&[5, u64::MAX, u64::MAX], 2);
        wide.push_wide_keys(&[u64::MAX, 4], 1);
        wide.push_keys(&[u32::MAX, 9]);
        assert_eq!(wide.offsets, [0, 2, 3, 4]);
        assert_eq!(wide.keys, Keys::Wide(vec![5, u64::MAX, 4, 9]));
    }

    #[test]
    fn selected_ranks_are_those_of_sorted_values() {
        let values: Vec<f32> = (0..1000).map(|i| ((i * 7919) % 997) as f32).collect();
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let quantiles: Vec<f64> = (0..=20).map(|i| f64::from(i) / 20.0).collect();
        let mut ordered = Ordered::new(ColumnType::F32);
        ordered.push_cell(&values);
        ordered.select(&quantiles);
        for q in quantiles {
            let h = 999.0 * q;
            let [low, high] = [h.floor(), h.ceil()].map(|r| f64::from(sorted[r as usize]));
            let found = quantile(&ordered, 0, q, ColumnType::F32);
            assert!(low <= found && found <= high, "{q}: {found}");
        }
    }
}
