//! The one correctly rounded division that ends every exact sum.
//!
//! Above `exact.rs`, whose integers it divides. Cells have up to 2^61 photons, so nearly every denominator is one
//! that the hardware divides by; a sum that is not divided is rounded alone.

use super::exact::Unsigned256;
use super::resolution::power_of_two;

/// `numerator / denominator * 2^exponent`, rounded once to the nearest f64, ties to even.
///
/// # Panics
/// If the denominator is 0 or at least 2^127.
pub fn ratio(numerator: Unsigned256, denominator: u128, exponent: i32) -> f64 {
    assert!(denominator > 0 && denominator < 1 << 127, "denominator");
    match u64::try_from(denominator) {
        _ if numerator == Unsigned256::ZERO => 0.0,
        Ok(1) => rounded(numerator, exponent),
        Ok(denominator) => narrow(numerator, denominator, exponent),
        Err(_) => wide(numerator, denominator, exponent),
    }
}

/// `numerator * 2^exponent`, rounded once to the nearest f64, ties to even.
#[inline]
pub(super) fn rounded(numerator: Unsigned256, exponent: i32) -> f64 {
    let Unsigned256 { high, low } = numerator;
    let (a, b) = ((high >> 64) as u64, high as u64);
    let (c, d) = ((low >> 64) as u64, low as u64);
    // The highest 64 bits that are not all 0, the next ones, whether there are more, and what is below the first.
    let (top, next, rest, below) = match (a, b, c) {
        (0, 0, 0) => (d, 0, 0, 0),
        (0, 0, _) => (c, d, 0, 64),
        (0, _, _) => (b, c, d, 128),
        (_, _, _) => (a, b, c | d, 192),
    };
    if top == 0 {
        return 0.0;
    }
    let up = top.leading_zeros();
    let shifted = ((u128::from(top) << 64) | u128::from(next)) << up;
    // 63 bits, of which the last also tells whether there were more: one that rounding looks at is far above it.
    let more = u64::from(shifted as u64 | rest != 0);
    let kept = (shifted >> 64) as u64;
    let kept = (kept >> 1 | kept & 1 | more) as i64;
    kept as f64 * power_of_two(below + 1 - up as i32 + exponent)
}

/// By one division of the first 127 bits of the numerator.
///
/// Numerator and denominator are shifted up to their highest bit, and the numerator down again by one: then the quotient
/// has 63 or 64 bits, of which the last also tells whether anything is left.
fn narrow(numerator: Unsigned256, denominator: u64, exponent: i32) -> f64 {
    let (up, under_up) = (256 - numerator.bits(), denominator.leading_zeros());
    let scaled = numerator.shifted_left(up);
    let (over, lost) = (scaled.high >> 1, scaled.high & 1 != 0 || scaled.low != 0);
    let under = u128::from(denominator << under_up);
    let quotient = over / under;
    let sticky = u64::from(lost || quotient * under != over);
    (quotient as u64 | sticky) as f64 * power_of_two(129 + under_up as i32 - up as i32 + exponent)
}

/// By long division, which keeps at least 64 bits of the quotient and folds the remainder into the last bit, so the
/// single conversion to f64 sees on which side of a tie the true quotient lies.
fn wide(numerator: Unsigned256, denominator: u128, exponent: i32) -> f64 {
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

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    fn big(value: Unsigned256) -> BigUint {
        BigUint::from(value.high) << 128 | BigUint::from(value.low)
    }

    fn of(low: u128) -> Unsigned256 {
        Unsigned256 { high: 0, low }
    }

    #[test]
    fn a_ratio_of_small_integers_is_the_ieee_quotient() {
        for a in 0u32..200 {
            for b in 1u32..200 {
                let expected = f64::from(a) / f64::from(b);
                assert_eq!(ratio(of(a.into()), b.into(), 0), expected, "{a}/{b}");
            }
        }
    }

    #[test]
    fn a_quotient_barely_beyond_a_tie_is_rounded_up() {
        let n = Unsigned256::product((1 << 63) | 0x401, 1 << 70).plus(of(1));
        assert_eq!(ratio(n, 1, 0), (2f64.powi(52) + 1.0) * 2f64.powi(81));
    }

    proptest! {
        #[test]
        fn a_ratio_of_integers_below_2_53_is_the_ieee_quotient(a in 0u64..1 << 53, b in 1u64..1 << 53) {
            prop_assert_eq!(ratio(of(a.into()), b.into(), 0), a as f64 / b as f64);
        }

        #[test]
        fn a_common_factor_does_not_change_a_ratio(a in 0u64..1 << 58, b in 1u64..1 << 40, f in 1u64..1 << 40) {
            let scaled = Unsigned256::product(u128::from(a) << 70, u128::from(f));
            let expected = ratio(of(a.into()), b.into(), 70);
            prop_assert_eq!(ratio(scaled, u128::from(b) * u128::from(f), 0), expected);
        }

        #[test]
        fn an_integer_converts_as_the_language_does(a: u128) {
            prop_assert_eq!(ratio(of(a), 1, 0), a as f64);
        }

        #[test]
        fn long_division_undoes_multiplication(a: u128, b in 1u128..1 << 127, r: u128) {
            let r = r % b;
            let n = Unsigned256::product(a, b);
            prop_assume!(n.high < u128::MAX);
            let (q, rest) = divide(n.plus(of(r)), b);
            prop_assert_eq!((q, rest), (of(a), r));
        }

        #[test]
        fn a_shift_right_is_that_of_an_integer(high: u128, low: u128, by in 0u32..256) {
            let a = Unsigned256 { high, low };
            for by in [0, by] {
                let right = shifted_right_256(a, by);
                prop_assert_eq!(big(right), big(a) >> by);
                prop_assert_eq!(big(right.shifted_left(by)), big(a) >> by << by);
            }
        }
    }

    /// Integers of 1 to 256 bits, often with runs of zeros or ones.
    fn numerator() -> impl Strategy<Value = Unsigned256> {
        let limb =
            || prop_oneof![3 => any::<u128>(), 1 => Just(0), 1 => Just(u128::MAX), 1 => Just(1)];
        (limb(), limb(), 0u32..256).prop_map(|(high, low, by)| {
            let shifted = shifted_right_256(Unsigned256 { high, low }, by);
            shifted.max(of(1))
        })
    }

    /// Of any number of bits.
    fn denominator() -> impl Strategy<Value = u64> {
        prop_oneof![
            4 => (1u64.., 0u32..64).prop_map(|(d, by)| (d >> by).max(1)),
            1 => (0u32..64).prop_map(|by| 1u64 << by),
            1 => Just(u64::MAX),
            1 => Just(1u64),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150_000, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_round_alike(a in numerator(), d in denominator(), exponent in -300i32..300) {
            let (fast, slow) = (narrow(a, d, exponent), wide(a, d.into(), exponent));
            prop_assert_eq!(fast.to_bits(), slow.to_bits(), "{} / {}", big(a), d);
            let (fast, slow) = (rounded(a, exponent), wide(a, 1, exponent));
            prop_assert_eq!(fast.to_bits(), slow.to_bits(), "{}", big(a));
        }

        /// A tie of f64 has 54 bits, the last of them set.
        #[test]
        fn both_ways_round_alike_at_a_tie_and_beside_it(
            mantissa in 1u64 << 53..1 << 54,
            d in denominator(),
            up in 0u32..142,
            beside in 0u64..5,
        ) {
            let tie = Unsigned256::product((mantissa | 1).into(), d.into());
            let room = 256 - tie.bits();
            let tie = tie.shifted_left(up.min(room));
            let a = match beside {
                0 => tie.minus(of(1)),
                1 => tie,
                2 => tie.plus(of(1)),
                3 => tie.minus(of(d.into())),
                _ => tie.plus(of(d.into())),
            };
            let (fast, slow) = (narrow(a, d, 0), wide(a, d.into(), 0));
            prop_assert_eq!(fast.to_bits(), slow.to_bits(), "{} / {}", big(a), d);
            let (fast, slow) = (rounded(a, 0), wide(a, 1, 0));
            prop_assert_eq!(fast.to_bits(), slow.to_bits(), "{}", big(a));
        }
    }

    #[test]
    fn the_largest_and_the_smallest_numerators_round_alike_too() {
        let most = Unsigned256 {
            high: u128::MAX,
            low: u128::MAX,
        };
        for a in [
            of(1),
            of(2),
            of(3),
            of(u128::MAX),
            most,
            Unsigned256 { high: 1, low: 0 },
        ] {
            for d in [1, 2, 3, (1 << 53) + 1, (1 << 61) - 1, u64::MAX] {
                assert_eq!(
                    narrow(a, d, 0).to_bits(),
                    wide(a, d.into(), 0).to_bits(),
                    "{a:?} / {d}"
                );
            }
            assert_eq!(rounded(a, 0).to_bits(), wide(a, 1, 0).to_bits(), "{a:?}");
        }
        assert_eq!(rounded(Unsigned256::ZERO, 0).to_bits(), 0.0f64.to_bits());
    }
}
