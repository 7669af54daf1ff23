//! Exact wide integers, which `quotient.rs` divides.
//!
//! Sums of squares of 2^60 photons need 156 bits and the numerator of a variance 216, so 256 bits
//! never wrap.

/// An unsigned 256-bit integer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unsigned256 {
    pub high: u128,
    pub low: u128,
}

/// A signed 256-bit integer, two's complement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signed256 {
    pub high: i128,
    pub low: u128,
}

impl Unsigned256 {
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// `a * b`, exact.
    pub fn product(a: u128, b: u128) -> Self {
        const MASK: u128 = u64::MAX as u128;
        let (a1, a0, b1, b0) = (a >> 64, a & MASK, b >> 64, b & MASK);
        let bottom = a0 * b0;
        let left = a1 * b0;
        let right = a0 * b1;
        let middle = (bottom >> 64) + (left & MASK) + (right & MASK);
        Self {
            high: a1 * b1 + (left >> 64) + (right >> 64) + (middle >> 64),
            low: (middle << 64) | (bottom & MASK),
        }
    }

    /// `self + other`; the sums of this crate stay far below 2^256.
    pub fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self {
            high: self.high + other.high + u128::from(carry),
            low,
        }
    }

    /// `self - other` for `other <= self`.
    pub fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self {
            high: self.high - other.high - u128::from(borrow),
            low,
        }
    }

    /// `self * factor`, for products below 2^256.
    pub fn times(self, factor: u64) -> Self {
        let mut product = Self::product(self.low, u128::from(factor));
        product.high += self.high * u128::from(factor);
        product
    }

    /// Number of bits up to the highest that is set.
    #[inline]
    pub(super) fn bits(self) -> u32 {
        if self.high == 0 {
            128 - self.low.leading_zeros()
        } else {
            256 - self.high.leading_zeros()
        }
    }

    #[inline]
    pub(super) fn shifted_left(self, by: u32) -> Self {
        match by {
            0 => self,
            1..128 => Self {
                high: (self.high << by) | (self.low >> (128 - by)),
                low: self.low << by,
            },
            _ => Self {
                high: self.low << (by - 128),
                low: 0,
            },
        }
    }

    pub(super) fn bit(self, index: u32) -> u128 {
        if index >= 128 {
            (self.high >> (index - 128)) & 1
        } else {
            (self.low >> index) & 1
        }
    }
}

impl Signed256 {
    /// `x * 2^exponent`, rounded half to even to an integer, for finite x and a product below 2^255.
    pub fn scaled(x: f64, exponent: i32) -> Self {
        let bits = x.to_bits();
        let biased = (bits >> 52 & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        // Subnormal numbers have no hidden bit, and the exponent of the smallest normal ones.
        let mantissa = fraction | u64::from(biased != 0) << 52;
        let shift = biased.max(1) - 1075 + exponent;
        let (magnitude, up) = match u32::try_from(shift) {
            Ok(up) => (mantissa, up),
            Err(_) => (rounded_right(mantissa, shift.unsigned_abs()), 0),
        };
        let magnitude = i128::from(magnitude);
        let signed = if x.is_sign_negative() {
            -magnitude
        } else {
            magnitude
        };
        Self::shifted(signed, up)
    }

    /// `value * 2^by`, for products below 2^255.
    #[inline]
    pub(super) fn shifted(value: i128, by: u32) -> Self {
        match by {
            0 => Self {
                high: value >> 127,
                low: value as u128,
            },
            1..128 => Self {
                high: value >> (128 - by),
                low: (value as u128) << by,
            },
            _ => Self {
                high: value << (by - 128),
                low: 0,
            },
        }
    }

    #[inline]
    fn negated(self) -> Self {
        let (low, carry) = (!self.low).overflowing_add(1);
        Self {
            high: (!self.high).wrapping_add(i128::from(carry)),
            low,
        }
    }

    /// Adds another sum.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        let (low, carry) = self.low.overflowing_add(other.low);
        self.low = low;
        self.high = self
            .high
            .wrapping_add(other.high)
            .wrapping_add(i128::from(carry));
    }

    #[inline]
    pub fn is_negative(self) -> bool {
        self.high < 0
    }

    /// The absolute value.
    #[inline]
    pub fn magnitude(self) -> Unsigned256 {
        let positive = if self.is_negative() {
            self.negated()
        } else {
            self
        };
        Unsigned256 {
            high: positive.high as u128,
            low: positive.low,
        }
    }
}

/// `n / 2^by`, rounded half to even to an integer.
pub fn rounded_right(n: u64, by: u32) -> u64 {
    if by > 64 {
        return 0;
    }
    let n = u128::from(n);
    let (floor, rest) = (n >> by, n & ((1 << by) - 1));
    let half = (1u128 << by) >> 1;
    let up = by > 0 && (rest > half || (rest == half && floor & 1 == 1));
    (floor as u64) + u64::from(up)
}

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    use super::super::quotient::ratio;
    use super::super::resolution::power_of_two;
    use super::*;

    fn big(value: Unsigned256) -> BigUint {
        BigUint::from(value.high) << 128 | BigUint::from(value.low)
    }

    #[test]
    fn a_float_is_rounded_half_to_even_below_the_unit_and_nowhere_else() {
        let integer = |x: f64, exponent: i32| {
            let scaled = Signed256::scaled(x, exponent);
            assert!(scaled.high == 0 || scaled.high == -1, "{scaled:?}");
            scaled.low as i128
        };
        for (x, expected) in [
            (0.5, 0),
            (1.5, 2),
            (2.5, 2),
            (-2.5, -2),
            (-3.5, -4),
            (-0.0, 0),
            (f64::from_bits(1), 0),
            (-9.007_199_254_740_991e15, -((1 << 53) - 1)),
        ] {
            assert_eq!(integer(x, 0), expected, "{x}");
        }
        assert_eq!(integer(f64::from_bits(3), 1074), 3);
        assert_eq!(integer(f64::from_bits(3), 1073), 2);
        assert_eq!(
            Signed256::scaled(-(2f64.powi(62)), 128),
            Signed256 {
                high: -(1 << 62),
                low: 0
            }
        );
    }

    #[test]
    fn integers_of_all_bits_are_rounded_to_even_as_others() {
        assert_eq!(rounded_right(u64::MAX, 0), u64::MAX);
        assert_eq!(rounded_right(u64::MAX, 1), 1 << 63);
        for (n, expected) in [(1 << 63, 0), ((1 << 63) + 1, 1), (u64::MAX, 1)] {
            assert_eq!(rounded_right(n, 64), expected, "{n}");
            assert_eq!(rounded_right(n, 65), 0, "{n}");
        }
        assert_eq!(rounded_right(3 << 62, 63), 2);
        assert_eq!(rounded_right(u64::MAX, 63), 2);
    }

    proptest! {
        #[test]
        fn wide_integers_add_shift_and_multiply_as_integers_do(
            a: (u128, u128), b: (u128, u128), factor: u64, by in 0u32..256, narrow in 0u32..128,
        ) {
            let of = |(high, low): (u128, u128)| Unsigned256 { high: high >> narrow >> 1, low };
            let (a, b) = (of(a), of(b));
            prop_assert_eq!(big(a.plus(b)), big(a) + big(b));
            prop_assert_eq!(big(a.max(b).minus(a.min(b))), big(a.max(b)) - big(a.min(b)));
            let short = Unsigned256 { high: a.high >> 64, ..a };
            prop_assert_eq!(big(short.times(factor)), big(short) * factor);
            prop_assert_eq!(u64::from(a.bits()), big(a).bits());
            prop_assert_eq!(a.bit(by) == 1, big(a).bit(by.into()));
        }

        #[test]
        fn a_float_comes_back_from_its_scaled_integer(x in -1e18f64..1e18) {
            let back = ratio(Signed256::scaled(x, 192).magnitude(), 1, -192);
            prop_assert_eq!(back, x.abs());
        }

        #[test]
        fn rounding_integers_right_is_rounding_floats(n in 0u64..1 << 53, by in 0u32..70) {
            let expected = (n as f64 * power_of_two(-(by as i32))).round_ties_even();
            prop_assert_eq!(rounded_right(n, by) as f64, expected);
        }

        #[test]
        fn sums_of_terms_do_not_depend_on_sign_order(terms in prop::collection::vec(any::<i128>(), 0..40)) {
            let mut forward = Signed256::default();
            let mut backward = Signed256::default();
            let of = |term: i128| Signed256 { high: term >> 127, low: term as u128 };
            for &term in &terms {
                forward.merge(of(term));
            }
            for &term in terms.iter().rev() {
                backward.merge(of(term));
            }
            prop_assert_eq!(forward, backward);
            let sum: BigInt = terms.iter().map(|&term| BigInt::from(term)).sum();
            prop_assert_eq!(&big(forward.magnitude()), sum.magnitude());
            prop_assert_eq!(forward.is_negative(), sum < BigInt::ZERO);
            for &term in &terms {
                forward.merge(of(term).negated());
            }
            prop_assert_eq!(forward, Signed256::default());
        }
    }
}
