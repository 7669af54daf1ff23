//! The first and the last value of a cell, by another column such as the time.
//!
//! Below `joint.rs`, whose rows they become: the keys of the least (by, value) and of the greatest. So of photons that are
//! equal in the other column the first has the least value and the last the greatest, in whatever order they come.

use std::ops::Range;

use super::order::{Class, Key};
use super::value::Value;
use crate::photon::{Column, Values};

/// Of the photons whose values are finite in both columns; `None` where there is none.
pub fn ends(value: &Column, by: &Column, photons: Range<usize>) -> Option<[u64; 4]> {
    let mut found: Option<[u64; 4]> = None;
    for photon in photons {
        let keys = finite_key(by, photon).zip(finite_key(value, photon));
        let Some(pair) = keys.map(|(by, value)| [by, value]) else {
            continue;
        };
        let [a, b, c, d] = found.unwrap_or([pair[0], pair[1], pair[0], pair[1]]);
        let (first, last) = ([a, b].min(pair), [c, d].max(pair));
        found = Some([first[0], first[1], last[0], last[1]]);
    }
    found
}

/// The key of the value at one end of a row.
pub(super) fn value_of(row: &[u64], last: bool) -> Key {
    Key(row[if last { 3 } else { 1 }])
}

/// The key of a value that is neither null nor NaN nor infinite.
pub(super) fn finite_key(column: &Column, photon: usize) -> Option<u64> {
    fn key<T: Value>(value: T) -> Option<u64> {
        (value.class() == Class::Finite).then(|| value.key().0)
    }
    let key = match &column.values {
        Values::F32(v) => key(v[photon]),
        Values::F64(v) => key(v[photon]),
        Values::I64(v) => key(v[photon]),
    };
    key.filter(|_| column.is_valid(photon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;

    #[test]
    fn ends_are_those_of_finite_pairs_and_of_equal_times_the_extremes() {
        const NAN: f64 = f64::NAN;
        let values = |values: &[f64]| Column {
            values: Values::F64(values.to_vec().into()),
            nulls: None,
        };
        let heights = values(&[9.0, NAN, 4.0, 3.0, 7.0, 8.0, 1.0]);
        let times = values(&[5.0, -9.0, 2.0, 2.0, 6.0, 6.0, f64::INFINITY]);
        let shown =
            |row: [u64; 4]| [false, true].map(|last| value_of(&row, last).to_f64(ColumnType::F64));
        assert_eq!(ends(&heights, &times, 0..7).map(shown), Some([3.0, 8.0]));
        assert_eq!(ends(&heights, &times, 1..2), None);
    }
}
