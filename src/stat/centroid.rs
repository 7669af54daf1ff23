//! The mean of a centroid: values that follow one another in order, added exactly and rounded once.
//!
//! Below `tdigest.rs`, which says what centroids are. The mean is that of `total.rs`, which takes values of any size. Nearly
//! all centroids hold values between two powers of two, and those need no more than 64 bits:
//!
//! ```text
//!   float32   24 bits a value, so 2^29 of them add up exactly in float64, whose division rounds once
//!   float64   keys count units of the last place: as many units as the sum has, over the number of values
//! ```

use super::order::{Key, SIGN_32, SIGN_64};
use super::part::KeySlice;
use super::total::Total;
use crate::photon::ColumnType;

/// Bits of a float64 behind its exponent, and of a float32.
const BITS_64: u32 = 52;
const BITS_32: u32 = 23;
/// Values of float64 at most, so that the units of 2^53 of each fit 64 bits.
const MOST_64: usize = 1 << 10;
/// The same of float32 in 53 bits.
const MOST_32: usize = 1 << 29;
/// Sums side by side.
const LANES: usize = 8;
/// Exponents as float64 has them: below the first, means are rounded as `total.rs` says; above the last, a power of two
/// might be infinite.
const EXPONENTS: std::ops::Range<u64> = 800..2000;

/// The mean of ascending keys of finite values of a column, at least one.
pub(super) fn mean(keys: KeySlice, column_type: ColumnType) -> f64 {
    let between_powers = match keys {
        KeySlice::Narrow(keys) => mean_of_32(keys),
        KeySlice::Wide(keys) if column_type == ColumnType::F64 => mean_of_64(keys),
        KeySlice::Wide(_) => None,
    };
    between_powers.unwrap_or_else(|| mean_of_any(keys, column_type))
}

fn mean_of_any(keys: KeySlice, column_type: ColumnType) -> f64 {
    let mut sum = Total::default();
    let mut add = |key: u64| sum.add(Key(key).to_f64(column_type), 1);
    match keys {
        KeySlice::Narrow(keys) => keys.iter().for_each(|&key| add(key.into())),
        KeySlice::Wide(keys) => keys.iter().for_each(|&key| add(key)),
    }
    sum.over(keys.len() as u64)
}

/// Of values of one sign and one exponent; `None` of others.
fn mean_of_32(keys: &[u32]) -> Option<f64> {
    let (&first, &last) = (keys.first()?, keys.last()?);
    // Of negative values all bits are turned.
    let exponent = |key: u32| (if key & SIGN_32 == 0 { !key } else { key }) >> BITS_32 & 0xff;
    let is_one = (first ^ last) >> BITS_32 == 0;
    if !is_one || exponent(first) == 0 || keys.len() > MOST_32 {
        return None;
    }
    let turned = if first & SIGN_32 == 0 {
        u32::MAX
    } else {
        SIGN_32
    };
    let value = |key: &u32| f64::from(f32::from_bits(key ^ turned));
    // All partial sums are exact, so their order does not matter: lanes become one vector register.
    let (chunks, rest) = keys.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, key) in sums.iter_mut().zip(chunk) {
            *sum += value(key);
        }
    }
    let sum: f64 = sums.into_iter().chain(rest.iter().map(value)).sum();
    Some(sum / keys.len() as f64)
}

/// Of values of one sign and one exponent; `None` of others.
fn mean_of_64(keys: &[u64]) -> Option<f64> {
    let (&first, &last) = (keys.first()?, keys.last()?);
    let is_negative = first & SIGN_64 == 0;
    let bits = if is_negative { !first } else { first ^ SIGN_64 };
    let exponent = bits >> BITS_64 & 0x7ff;
    let is_one = (first ^ last) >> BITS_64 == 0;
    if !is_one || !EXPONENTS.contains(&exponent) || keys.len() > MOST_64 {
        return None;
    }
    let many = keys.len() as u64;
    let hidden = 1 << BITS_64;
    let units = (bits & (hidden - 1)) | hidden;
    // Each is less than 2^52 units above the first, and of negative values as many below.
    let above: u64 = keys.iter().map(|key| key - first).sum();
    let sum = if is_negative {
        many * units - above
    } else {
        many * units + above
    };
    let (quotient, rest) = (sum / many, sum % many);
    let up = 2 * rest > many || (2 * rest == many && quotient & 1 == 1);
    // At most 2^53 units, so a float64 has them all.
    let mean = (quotient + u64::from(up)) as f64 * (1.0 / hidden as f64);
    let mean = mean * f64::from_bits(exponent << BITS_64);
    Some(if is_negative { -mean } else { mean })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stat::Value;

    /// Values of one sign between two powers of two, or beside them.
    fn near(exponent: i32, parts: &[f64], beyond: bool) -> Vec<f64> {
        let scale = 2f64.powi(exponent);
        let span = if beyond { 1.2 } else { 0.999_999_9 };
        parts
            .iter()
            .map(|part| scale * (1.0 + part * span))
            .collect()
    }

    proptest! {
        #[test]
        fn a_mean_is_the_exact_one_of_any_values(
            exponent in prop_oneof![8 => -40i32..40, 1 => -126i32..127],
            far in -1070i32..1020,
            parts in prop::collection::vec(0.0f64..1.0, 1..200),
            negative in any::<bool>(),
            beyond in any::<bool>(),
            zero in any::<bool>(),
        ) {
            let sign = if negative { -1.0 } else { 1.0 };
            let values = |exponent| -> Vec<f64> {
                let mut values = near(exponent, &parts, beyond);
                if zero && beyond {
                    values.push(0.0);
                }
                values.iter().map(|value| value * sign).filter(|value| value.is_finite()).collect()
            };
            for exponent in [exponent, far] {
                let values = values(exponent);
                if values.is_empty() {
                    continue;
                }
                let mut keys: Vec<u64> = values.iter().map(|value| value.key().0).collect();
                keys.sort_unstable();
                let keys = KeySlice::Wide(&keys);
                let expected = mean_of_any(keys, ColumnType::F64);
                prop_assert_eq!(mean(keys, ColumnType::F64).to_bits(), expected.to_bits());
            }
            let narrow: Vec<f32> = values(exponent).iter().map(|value| *value as f32).collect();
            let mut keys: Vec<u32> =
                narrow.iter().filter(|value| value.is_finite()).map(|value| value.key().0 as u32).collect();
            keys.sort_unstable();
            if !keys.is_empty() {
                let keys = KeySlice::Narrow(&keys);
                let expected = mean_of_any(keys, ColumnType::F32);
                prop_assert_eq!(mean(keys, ColumnType::F32).to_bits(), expected.to_bits());
            }
        }
    }

    #[test]
    fn ties_are_even_and_most_values_take_the_short_way() {
        let keys = |values: &[f64]| -> Vec<u64> { values.iter().map(|v| v.key().0).collect() };
        let last = 2f64 - f64::EPSILON;
        // Half a unit above an even number of units and above an odd one, and up to the next power of two.
        for (values, expected) in [
            (vec![1.0, 1.0 + f64::EPSILON], 1.0),
            (
                vec![1.0 + f64::EPSILON, 1.0 + 2.0 * f64::EPSILON],
                1.0 + 2.0 * f64::EPSILON,
            ),
            (vec![last, last], last),
            (vec![-1.5, -1.25], -1.375),
        ] {
            assert_eq!(mean_of_64(&keys(&values)), Some(expected), "{values:?}");
        }
        assert_eq!(mean_of_64(&keys(&[1.0, 2.0])), None);
        assert_eq!(mean_of_64(&keys(&[-1.0, 1.0])), None);
        assert_eq!(mean_of_64(&vec![1f64.key().0; MOST_64 + 1]), None);
        let narrow: Vec<u32> = [256.5f32, 300.0].iter().map(|v| v.key().0 as u32).collect();
        assert_eq!(mean_of_32(&narrow), Some(278.25));
        assert_eq!(mean_of_32(&[0f32.key().0 as u32; 2]), None);
    }
}
