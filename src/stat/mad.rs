//! The median of absolute deviations from the median, by choosing among deviations as among values.
//!
//! Beside `ordered.rs`. Deviations |x - m| from the median m are computed in f64, one operation each, and their median is
//! exact. Few are in memory at a time, whether the values are or not (`choose.rs`).

use super::choose::{Chooser, Chosen};
use super::job::{Job, JobOutput, MeasureKind};
use super::order::Key;
use super::ordered::{Ordered, interpolated, quantile};
use super::part::KeySlice;
use super::value::Value;
use crate::photon::ColumnType;

/// Deviations that are made at a time.
const BLOCK: usize = 4096;

/// Deviations from a median on their way to theirs.
#[derive(Debug)]
pub struct Deviations {
    centre: f64,
    column_type: ColumnType,
    chooser: Chooser,
    block: Vec<u64>,
}

/// Of cell `i`, once its median is selected; NaN for no values, and where the median is not finite.
pub(super) fn mad(ordered: &Ordered, i: usize, column_type: ColumnType) -> f64 {
    if let Some(chosen) = ordered.chosen_of(i) {
        return chosen.mad();
    }
    let centre = quantile(ordered, i, 0.5, column_type);
    let values = ordered.values(i);
    let Some(mut deviations) = Deviations::new(values.len(), centre, column_type) else {
        return f64::NAN;
    };
    while !deviations.is_done() {
        deviations.take(values);
        deviations.end_pass();
    }
    deviations.finish()
}

impl Deviations {
    /// Of so many values; `None` where there is no median to deviate from.
    pub fn new(len: usize, centre: f64, column_type: ColumnType) -> Option<Self> {
        centre.is_finite().then(|| Self {
            centre,
            column_type,
            chooser: Chooser::new(len, &[0.5], u64::BITS),
            block: Vec::new(),
        })
    }

    /// Whether no pass is needed any more.
    pub fn is_done(&self) -> bool {
        self.chooser.is_done()
    }

    /// Takes some values of this pass.
    pub fn take(&mut self, values: KeySlice) {
        match values {
            KeySlice::Narrow(keys) => self.take_keys(keys),
            KeySlice::Wide(keys) => self.take_keys(keys),
        }
    }

    fn take_keys<T: Copy + Into<u64>>(&mut self, keys: &[T]) {
        for keys in keys.chunks(BLOCK) {
            let (centre, column_type) = (self.centre, self.column_type);
            let value = |&key: &T| Key(key.into()).to_f64(column_type);
            let deviations = keys.iter().map(|key| (value(key) - centre).abs().key().0);
            self.block.clear();
            self.block.extend(deviations);
            self.chooser.take(&self.block);
        }
    }

    /// All values were taken in this pass.
    pub fn end_pass(&mut self) {
        self.chooser.end_pass();
    }

    /// The median of the deviations.
    pub fn finish(self) -> f64 {
        self.chooser.chosen().quantile(0.5, ColumnType::F64)
    }
}

impl Chosen {
    /// A quantile that was asked for.
    pub fn quantile(&self, q: f64, column_type: ColumnType) -> f64 {
        interpolated(self.len, q, |rank| self.get(rank).to_f64(column_type))
    }
}

impl Job {
    /// Whether an output has the median absolute deviation of a column.
    pub fn has_mad(&self, column: usize) -> bool {
        let mut found = false;
        for output in &self.outputs {
            if let JobOutput::Scalar(expr) = output {
                expr.each_reduction(&mut |measure| {
                    found |= measure.kind == MeasureKind::Mad && measure.column == column;
                });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> f64 {
        let mut ordered = Ordered::new(ColumnType::F64);
        ordered.push_cell(values);
        ordered.select(&[0.5]);
        mad(&ordered, 0, ColumnType::F64)
    }

    fn median(values: &mut [f64]) -> f64 {
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        if low == high {
            low
        } else {
            high - (high - low) * 0.5
        }
    }

    proptest! {
        #[test]
        fn it_is_the_median_of_sorted_deviations(
            mut values in prop::collection::vec(prop_oneof![-100.0f64..100.0, (-5i32..5).prop_map(f64::from)], 1..200),
        ) {
            let found = of(&values);
            let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
            let centre = median(&mut values);
            let mut deviations: Vec<f64> = values.iter().map(|x| (x - centre).abs()).collect();
            prop_assert_eq!(found, median(&mut deviations));
            let mut ordered = Ordered::new(ColumnType::F32);
            ordered.push_cell(&narrow);
            ordered.select(&[0.5]);
            let wide: Vec<f64> = narrow.iter().map(|&x| x.into()).collect();
            prop_assert_eq!(mad(&ordered, 0, ColumnType::F32), of(&wide));
        }
    }

    #[test]
    fn infinities_deviate_by_infinity_and_no_median_is_no_number() {
        const INF: f64 = f64::INFINITY;
        assert_eq!(of(&[1.0, 2.0, INF]), 1.0);
        assert_eq!(of(&[1.0, -INF, INF]), INF);
        assert!(of(&[INF, INF, 1.0]).is_nan() && of(&[]).is_nan());
        assert_eq!(of(&[4.0]), 0.0);
    }
}
