//! The least and the largest of values that lie together, which decide for all of them at once.
//!
//! Beside the line: where both are within a range, everything between them is. So what looks for positions, fill values,
//! and photons of a range of time, looks at single values only where an edge lies between the two, whatever their order.
//! They are found while a chunk that was just decoded is still in the cache.

use multiversion::multiversion;

/// Of some values; nothing is between them where all are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extremes {
    pub least: f64,
    pub most: f64,
    /// Whether some values are NaN, which are in no range.
    pub has_nan: bool,
}

impl Extremes {
    /// Of no values.
    pub const NONE: Self = Self {
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
        has_nan: false,
    };
    /// Of values that are all 0.
    pub const ZERO: Self = Self {
        least: 0.0,
        most: 0.0,
        has_nan: false,
    };

    pub fn of(values: &[f64]) -> Self {
        let [least, most] = keys_f64(values).map(f64_of);
        let real = values.iter().copied();
        Self::between(least, most).unwrap_or_else(|| Self::one_by_one(real))
    }

    pub fn of_f32(values: &[f32]) -> Self {
        let [least, most] = keys_f32(values).map(|key| f64::from(f32_of(key)));
        let real = values.iter().map(|&x| f64::from(x));
        Self::between(least, most).unwrap_or_else(|| Self::one_by_one(real))
    }

    /// Of values the least and the largest of which are these; `None` where one is NaN, which comes before and behind
    /// all others.
    fn between(least: f64, most: f64) -> Option<Self> {
        let none_is_nan = least <= most;
        none_is_nan.then_some(Self {
            least,
            most,
            has_nan: false,
        })
    }

    fn one_by_one(values: impl Iterator<Item = f64>) -> Self {
        values.fold(Self::NONE, |all, x| Self {
            least: smaller(all.least, x),
            most: larger(all.most, x),
            has_nan: all.has_nan | x.is_nan(),
        })
    }

    /// Of the values of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            least: smaller(self.least, other.least),
            most: larger(self.most, other.most),
            has_nan: self.has_nan | other.has_nan,
        }
    }

    /// Whether a value may be among those; NaN is among them where some are NaN.
    pub fn may_hold(&self, x: f64) -> bool {
        if x.is_nan() {
            self.has_nan
        } else {
            self.least <= x && x <= self.most
        }
    }
}

fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn keys_f64(values: &[f64]) -> [i64; 2] {
    let [mut least, mut most] = [i64::MAX, i64::MIN];
    for x in values {
        let key = key_f64(*x);
        least = least.min(key);
        most = most.max(key);
    }
    [least, most]
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn keys_f32(values: &[f32]) -> [i32; 2] {
    let [mut least, mut most] = [i32::MAX, i32::MIN];
    for x in values {
        let key = key_f32(*x);
        least = least.min(key);
        most = most.max(key);
    }
    [least, most]
}

/// A number in the order of floats, which compilers make lanes of: of a negative one all bits but the sign are turned.
#[inline(always)]
fn key_f64(x: f64) -> i64 {
    let bits = x.to_bits().cast_signed();
    bits ^ ((bits >> 63) & i64::MAX)
}

#[inline(always)]
fn key_f32(x: f32) -> i32 {
    let bits = x.to_bits().cast_signed();
    bits ^ ((bits >> 31) & i32::MAX)
}

fn f64_of(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63) & i64::MAX)).cast_unsigned())
}

fn f32_of(key: i32) -> f32 {
    f32::from_bits((key ^ ((key >> 31) & i32::MAX)).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        let odd = prop::sample::select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            -f64::MAX,
            f64::from(f32::MAX),
            9.969_209_968_386_869e36,
            -0.0,
        ]);
        prop::collection::vec(prop_oneof![12 => -1e9..1e9_f64, 1 => odd], 0..70)
    }

    proptest! {
        #[test]
        fn no_value_is_beyond_the_extremes_and_both_are_values(values in numbers()) {
            let found = Extremes::of(&values);
            prop_assert_eq!(found.has_nan, values.iter().any(|x| x.is_nan()));
            let real: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
            let least = real.iter().copied().fold(f64::INFINITY, f64::min);
            let most = real.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!((found.least, found.most), (least, most));
        }

        #[test]
        fn extremes_of_parts_join_to_those_of_all(values in numbers(), cut in 0_usize..70) {
            let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
            let wide: Vec<f64> = narrow.iter().map(|&x| x.into()).collect();
            let all = Extremes::of(&wide);
            prop_assert_eq!(Extremes::of_f32(&narrow), all);
            let (front, rest) = wide.split_at(cut.min(wide.len()));
            prop_assert_eq!(Extremes::of(front).join(Extremes::of(rest)), all);
            prop_assert_eq!(Extremes::NONE.join(all), all);
            prop_assert!(wide.iter().all(|&x| all.may_hold(x)));
            let beyond = [all.least.next_down(), all.most.next_up()];
            prop_assert!(beyond.iter().all(|&x| x.is_infinite() || !all.may_hold(x)));
        }
    }
}
