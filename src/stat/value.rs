//! Types of values: what accumulators ask of a value, whatever its type.
//!
//! Above the accumulators that are made of values here: the range of some, the resolution that holds one.

use super::order::{Class, Key, SIGN_32, SIGN_64};
use super::range::Range;
use super::remainder::{RemainderRule, Split, split_float, split_integer};
use super::remains::{Part, may_remain_f32, may_remain_f64, part_of_float, part_of_split};
use super::resolution::Resolution;
use super::scan::{Scan, scan_f32, scan_f64};
use super::sums::{Sums, whole_units};
use super::terms::TermSum;

/// A value type that a column may have.
pub trait Value: Copy + Send + Sync + 'static {
    /// Whether a value may be other than finite.
    const HAS_SPECIALS: bool;

    fn class(self) -> Class;

    /// The key of a value that is not NaN.
    fn key(self) -> Key;

    /// The value as f64; integers beyond 2^53 round to nearest even.
    fn to_f64(self) -> f64;

    /// Range and magnitude of values of which there is at least one.
    fn scan(values: &[Self]) -> Scan;

    /// Sums of values of magnitude below `resolution.range() - resolution.unit()`; `None` where
    /// there is no faster way than value by value.
    fn sums(values: &[Self], resolution: Resolution) -> Option<Sums>;

    /// The sum of terms that are all finite and in range; `None` where some are not, or where there is no faster way
    /// than term by term.
    fn terms(values: &[Self]) -> Option<TermSum>;

    /// The value in units of the resolution, rounded half to even; `None` out of range or not finite.
    fn quantise(self, resolution: Resolution) -> Option<i64>;

    /// As [`quantise`](Self::quantise), of a finite value of magnitude below
    /// `resolution.range() - resolution.unit()`.
    fn units(self, resolution: Resolution) -> i64;

    /// The value as whole units and a rest; `None` where there is no rest, or none that is kept.
    fn split(self, rule: &RemainderRule) -> Option<Split>;

    /// What kind of rest the split has; a fine one may still be none.
    fn part(self, rule: &RemainderRule) -> Part;

    /// Whether some of these may have a rest: false only where none has.
    fn may_remain(values: &[Self], rule: &RemainderRule) -> bool;
}

macro_rules! class_of {
    ($float:expr) => {
        if $float.is_finite() {
            Class::Finite
        } else if $float.is_nan() {
            Class::Nan
        } else if $float > 0.0 {
            Class::PositiveInfinity
        } else {
            Class::NegativeInfinity
        }
    };
}

impl Value for f32 {
    const HAS_SPECIALS: bool = true;

    #[inline]
    fn class(self) -> Class {
        class_of!(self)
    }

    #[inline]
    fn key(self) -> Key {
        // Adding +0 turns -0 into +0 and leaves every other value as it is.
        let bits = (self + 0.0).to_bits();
        let ordered = if bits & SIGN_32 == 0 {
            bits | SIGN_32
        } else {
            !bits
        };
        Key(u64::from(ordered))
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn scan(values: &[Self]) -> Scan {
        scan_f32(values)
    }

    fn sums(values: &[Self], resolution: Resolution) -> Option<Sums> {
        Some(Sums::of_f32(values, resolution.scale()))
    }

    fn terms(_: &[Self]) -> Option<TermSum> {
        None
    }

    fn quantise(self, resolution: Resolution) -> Option<i64> {
        resolution.quantise(f64::from(self))
    }

    #[inline]
    fn units(self, resolution: Resolution) -> i64 {
        whole_units(f64::from(self), resolution)
    }

    fn split(self, rule: &RemainderRule) -> Option<Split> {
        split_float(f64::from(self), rule)
    }

    #[inline]
    fn part(self, rule: &RemainderRule) -> Part {
        part_of_float(f64::from(self), rule)
    }

    fn may_remain(values: &[Self], rule: &RemainderRule) -> bool {
        may_remain_f32(values, rule)
    }
}

impl Value for f64 {
    const HAS_SPECIALS: bool = true;

    #[inline]
    fn class(self) -> Class {
        class_of!(self)
    }

    #[inline]
    fn key(self) -> Key {
        let bits = (self + 0.0).to_bits();
        Key(if bits & SIGN_64 == 0 {
            bits | SIGN_64
        } else {
            !bits
        })
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn scan(values: &[Self]) -> Scan {
        scan_f64(values)
    }

    fn sums(values: &[Self], resolution: Resolution) -> Option<Sums> {
        Some(Sums::of_f64(values, resolution.scale()))
    }

    fn terms(values: &[Self]) -> Option<TermSum> {
        TermSum::of(values)
    }

    fn quantise(self, resolution: Resolution) -> Option<i64> {
        resolution.quantise(self)
    }

    #[inline]
    fn units(self, resolution: Resolution) -> i64 {
        whole_units(self, resolution)
    }

    fn split(self, rule: &RemainderRule) -> Option<Split> {
        split_float(self, rule)
    }

    #[inline]
    fn part(self, rule: &RemainderRule) -> Part {
        part_of_float(self, rule)
    }

    fn may_remain(values: &[Self], rule: &RemainderRule) -> bool {
        may_remain_f64(values, rule)
    }
}

impl Value for i64 {
    const HAS_SPECIALS: bool = false;

    #[inline]
    fn class(self) -> Class {
        Class::Finite
    }

    #[inline]
    fn key(self) -> Key {
        Key(self as u64 ^ SIGN_64)
    }

    fn to_f64(self) -> f64 {
        self as f64
    }

    fn scan(values: &[Self]) -> Scan {
        let mut range = Range::default();
        range.accumulate(values);
        let largest = range.min.to_i64().unsigned_abs();
        let largest = largest.max(range.max.to_i64().unsigned_abs());
        Scan {
            range,
            magnitude: largest as f64,
        }
    }

    fn sums(_: &[Self], _: Resolution) -> Option<Sums> {
        None
    }

    fn terms(_: &[Self]) -> Option<TermSum> {
        None
    }

    fn quantise(self, resolution: Resolution) -> Option<i64> {
        resolution.quantise_integer(self)
    }

    #[inline]
    fn units(self, resolution: Resolution) -> i64 {
        resolution.quantise_integer(self).unwrap_or_default()
    }

    fn split(self, rule: &RemainderRule) -> Option<Split> {
        split_integer(self, rule)
    }

    fn part(self, rule: &RemainderRule) -> Part {
        part_of_split(split_integer(self, rule))
    }

    fn may_remain(_: &[Self], rule: &RemainderRule) -> bool {
        rule.resolution.exponent() < 0
    }
}

impl Range {
    pub fn accumulate<T: Value>(&mut self, values: &[T]) {
        for value in values {
            if value.class() != Class::Nan {
                let key = value.key();
                self.min = self.min.min(key);
                self.max = self.max.max(key);
            }
        }
    }
}

impl Resolution {
    /// The finest resolution that holds a value; `None` if no resolution does.
    pub fn holding<T: Value>(value: T) -> Option<Self> {
        (-60..=100)
            .rev()
            .filter_map(Self::new)
            .find(|&resolution| value.quantise(resolution).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_sort_as_f32_values_do(a: f32, b: f32) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(a.key().cmp(&b.key()), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(a.key().to_f64(ColumnType::F32), f64::from(a));
        }

        #[test]
        fn keys_sort_as_f64_values_do(a: f64, b: f64) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(a.key().cmp(&b.key()), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(a.key().to_f64(ColumnType::F64), a);
        }

        #[test]
        fn keys_sort_as_integers_do(a: i64, b: i64) {
            prop_assert_eq!(a.key().cmp(&b.key()), a.cmp(&b));
            prop_assert_eq!(a.key().to_i64(), a);
        }
    }

    #[test]
    fn both_zeros_have_one_key_and_come_back_positive() {
        assert_eq!((-0.0f32).key(), 0.0f32.key());
        assert!((-0.0f64).key().to_f64(ColumnType::F64).is_sign_positive());
    }
}
