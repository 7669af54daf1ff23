//! Exact wide integers, and the one correctly rounded division that ends every exact sum.
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
    fn bits(self) -> u32 {
        if self.high == 0 {
            128 - self.low.leading_zeros()
        } else {
            256 - self.high.leading_zeros()
        }
    }

    fn shifted_left(self, by: u32) -> Self {
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

    fn bit(self, index: u32) -> u128 {
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
        let magnitude = if shift < 0 {
            Unsigned256 {
                high: 0,
                low: rounded_right(mantissa, shift.unsigned_abs()).into(),
            }
        } else {
            Unsigned256 {
                high: 0,
                low: mantissa.into(),
            }
            .shifted_left(shift.unsigned_abs())
        };
        let positive = Self {
            high: magnitude.high as i128,
            low: magnitude.low,
        };
        if x.is_sign_negative() {
            positive.negated()
        } else {
            positive
        }
    }

    fn negated(self) -> Self {
        let (low, carry) = (!self.low).overflowing_add(1);
        Self {
            high: (!self.high).wrapping_add(i128::from(carry)),
            low,
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        let (low, carry) = self.low.overflowing_add(other.low);
        self.low = low;
        self.high = self
            .high
            .wrapping_add(other.high)
            .wrapping_add(i128::from(carry));
    }

    pub fn is_negative(self) -> bool {
        self.high < 0
    }

    /// The absolute value.
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

/// `numerator / denominator * 2^exponent`, rounded once to the nearest f64, ties to even.
///
/// Exact long division keeps at least 64 bits of the quotient and folds the remainder into the
/// last bit, so the single conversion to f64 sees on which side of a tie the true quotient lies.
///
/// # Panics
/// If the denominator is 0 or at least 2^127.
pub fn ratio(numerator: Unsigned256, denominator: u128, exponent: i32) -> f64 {
    assert!(denominator > 0 && denominator < 1 << 127, "denominator");
    if numerator == Unsigned256::ZERO {
        return 0.0;
    }
    let denominator_bits = 128 - denominator.leading_zeros();
    let shift = (65 + denominator_bits).saturating_sub(numerator.bits());
    let scaled = numerator.shifted_left(shift);
    let (quotient, remainder) = divide(scaled, denominator);
    let bits = quotient.bits();
    let drop = bits - 64;
    let top = shifted_right(quotient, drop) as u64;
    let dropped = quotient != shifted_right_256(quotient, drop).shifted_left(drop);
    let sticky = u64::from(remainder != 0 || dropped);
    (top | sticky) as f64 * power_of_two(drop as i32 - shift as i32 + exponent)
}

fn shifted_right(value: Unsigned256, by: u32) -> u128 {
    shifted_right_256(value, by).low
}

fn shifted_right_256(value: Unsigned256, by: u32) -> Unsigned256 {
    match by {
        0 => value,
        1..128 => Unsigned256 {
            high: value.high >> by,
            low: (value.low >> by) | (value.high << (128 - by)),
        },
        _ => Unsigned256 {
            high: 0,
            low: value.high >> (by - 128),
        },
    }
}

/// Quotient and remainder; the hardware's division where the numerator fits 128 bits.
fn divide(numerator: Unsigned256, denominator: u128) -> (Unsigned256, u128) {
    if numerator.high == 0 {
        let quotient = Unsigned256 {
            high: 0,
            low: numerator.low / denominator,
        };
        return (quotient, numerator.low % denominator);
    }
    let mut quotient = Unsigned256::ZERO;
    let mut remainder = 0u128;
    for index in (0..numerator.bits()).rev() {
        // The denominator is below 2^127, so the doubled remainder fits.
        remainder = (remainder << 1) | numerator.bit(index);
        quotient = quotient.shifted_left(1);
        if remainder >= denominator {
            remainder -= denominator;
            quotient.low |= 1;
        }
    }
    (quotient, remainder)
}

pub(super) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    use super::*;

    fn big(value: Unsigned256) -> BigUint {
        BigUint::from(value.high) << 128 | BigUint::from(value.low)
    }

    fn wide(value: u128) -> Unsigned256 {
        Unsigned256 {
            high: 0,
            low: value,
        }
    }

    #[test]
    fn a_ratio_of_small_integers_is_the_ieee_quotient() {
        for a in 0u32..200 {
            for b in 1u32..200 {
                let expected = f64::from(a) / f64::from(b);
                assert_eq!(ratio(wide(a.into()), b.into(), 0), expected, "{a}/{b}");
            }
        }
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
    fn a_quotient_barely_beyond_a_tie_is_rounded_up() {
        let n = Unsigned256::product((1 << 63) | 0x401, 1 << 70).plus(wide(1));
        assert_eq!(ratio(n, 1, 0), (2f64.powi(52) + 1.0) * 2f64.powi(81));
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
            for by in [0, by] {
                let right = shifted_right_256(a, by);
                prop_assert_eq!(big(right), big(a) >> by);
                prop_assert_eq!(big(right.shifted_left(by)), big(a) >> by << by);
            }
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
        fn a_ratio_of_integers_below_2_53_is_the_ieee_quotient(a in 0u64..1 << 53, b in 1u64..1 << 53) {
            prop_assert_eq!(ratio(wide(a.into()), b.into(), 0), a as f64 / b as f64);
        }

        #[test]
        fn a_common_factor_does_not_change_a_ratio(a in 0u64..1 << 58, b in 1u64..1 << 40, f in 1u64..1 << 40) {
            let scaled = Unsigned256::product(u128::from(a) << 70, u128::from(f));
            let expected = ratio(wide(a.into()), b.into(), 70);
            prop_assert_eq!(ratio(scaled, u128::from(b) * u128::from(f), 0), expected);
        }

        #[test]
        fn an_integer_converts_as_the_language_does(a: u128) {
            prop_assert_eq!(ratio(wide(a), 1, 0), a as f64);
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

        #[test]
        fn long_division_undoes_multiplication(a: u128, b in 1u128..1 << 127, r: u128) {
            let r = r % b;
            let n = Unsigned256::product(a, b);
            prop_assume!(n.high < u128::MAX);
            let (q, rest) = divide(n.plus(wide(r)), b);
            prop_assert_eq!((q, rest), (wide(a), r));
        }
    }
}
