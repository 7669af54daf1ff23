//! The steps of rows as a column: the moments at which they begin, or numbers.
//!
//! Under `table.rs` and `csv.rs`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, TimestampMicrosecondArray};

use crate::finalize::StoreSteps;

/// 2018-01-01 in seconds since 1970-01-01.
const EPOCH: f64 = 1_514_764_800.0;

/// A moment in seconds since 2018-01-01 as microseconds since 1970-01-01: exact, as those of steps are below 2^53.
pub(crate) fn micros(seconds: f64) -> i64 {
    ((seconds + EPOCH) * 1e6).round() as i64
}

/// The steps of rows as the moments at which they begin, or as numbers.
pub fn times(steps: &StoreSteps, of_rows: &[u32]) -> ArrayRef {
    let Some(edges) = steps.edges() else {
        let numbers = of_rows.iter().map(|number| number.cast_signed());
        return Arc::new(Int32Array::from_iter_values(numbers));
    };
    let starts = of_rows.iter().map(|&step| {
        let place = steps.place(step);
        let start = place.and_then(|place| edges.get(place as usize));
        micros(start.copied().unwrap_or(0.0))
    });
    Arc::new(TimestampMicrosecondArray::from_iter_values(starts).with_timezone("UTC"))
}
