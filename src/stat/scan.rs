//! One pass over a cell's values that tells whether the plain, fast accumulators apply.
//!
//! Nearly every run of values is finite and well inside its column's range. The scan finds the
//! smallest and largest key and the largest magnitude with integer comparisons only, so it has the
//! same result whatever instructions run it; anything unusual goes the slow way, value by value.

use multiversion::multiversion;

use super::order::Key;
use super::range::Range;

/// What a scan finds in values of which there is at least one.
#[derive(Debug, Clone, Copy)]
pub struct Scan {
    /// Of all values if none is NaN.
    pub range: Range,
    /// An upper bound of the magnitudes: NaN or infinite if any value is.
    pub magnitude: f64,
}

/// Scans f32 values.
pub fn scan_f32(values: &[f32]) -> Scan {
    let (min, max, magnitude) = extremes_f32(values);
    let key = |ordered: i32| Key(u64::from(ordered as u32 ^ (1 << 31)));
    Scan {
        range: Range {
            min: key(min),
            max: key(max),
        },
        magnitude: f64::from(f32::from_bits(magnitude as u32)),
    }
}

/// Scans f64 values.
pub fn scan_f64(values: &[f64]) -> Scan {
    let (min, max, magnitude) = extremes_f64(values);
    let key = |ordered: i64| Key(ordered as u64 ^ (1 << 63));
    Scan {
        range: Range {
            min: key(min),
            max: key(max),
        },
        magnitude: f64::from_bits(magnitude as u64),
    }
}

/// Smallest and largest key, as signed integers, and the bits of the largest magnitude.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn extremes_f32(values: &[f32]) -> (i32, i32, i32) {
    let (mut min, mut max, mut magnitude) = (i32::MAX, i32::MIN, 0);
    for &value in values {
        // Adding +0 turns -0 into +0. Flipping all but the sign of negative values orders them.
        let bits = (value + 0.0).to_bits() as i32;
        let key = bits ^ (((bits >> 31) as u32) >> 1) as i32;
        min = min.min(key);
        max = max.max(key);
        magnitude = magnitude.max(bits & i32::MAX);
    }
    (min, max, magnitude)
}

/// As [`extremes_f32`].
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn extremes_f64(values: &[f64]) -> (i64, i64, i64) {
    let (mut min, mut max, mut magnitude) = (i64::MAX, i64::MIN, 0);
    for &value in values {
        let bits = (value + 0.0).to_bits() as i64;
        let key = bits ^ (((bits >> 63) as u64) >> 1) as i64;
        min = min.min(key);
        max = max.max(key);
        magnitude = magnitude.max(bits & i64::MAX);
    }
    (min, max, magnitude)
}

#[cfg(test)]
mod tests {
    use super::super::order::Class;
    use super::super::value::Value;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_scan_of_f32_finds_the_range_that_keys_give(values in prop::collection::vec(any::<f32>(), 1..100)) {
            let scan = scan_f32(&values);
            prop_assert_eq!(values.iter().any(|v| v.is_nan()), scan.magnitude.is_nan());
            if values.iter().all(|v| v.class() != Class::Nan) {
                let mut range = Range::default();
                range.accumulate(&values);
                prop_assert_eq!(scan.range, range);
                let largest = values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                prop_assert_eq!(scan.magnitude, f64::from(largest));
            }
        }

        #[test]
        fn a_scan_of_f64_finds_the_range_that_keys_give(values in prop::collection::vec(any::<f64>(), 1..100)) {
            let scan = scan_f64(&values);
            prop_assert_eq!(values.iter().any(|v| v.is_nan()), scan.magnitude.is_nan());
            if values.iter().all(|v| v.class() != Class::Nan) {
                let mut range = Range::default();
                range.accumulate(&values);
                prop_assert_eq!(scan.range, range);
                let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
                prop_assert_eq!(scan.magnitude, largest);
            }
        }
    }

    #[test]
    fn a_negative_zero_is_zero_to_a_scan() {
        for zero in [0.0, -0.0] {
            let mut range = Range::default();
            range.accumulate(&[zero; 9]);
            assert_eq!(scan_f64(&[zero; 9]).range, range);
            let mut range = Range::default();
            range.accumulate(&[zero as f32; 9]);
            assert_eq!(scan_f32(&[zero as f32; 9]).range, range);
        }
    }
}
