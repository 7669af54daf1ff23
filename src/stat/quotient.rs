//! The one correctly rounded division that ends every exact sum.
//!
//! Above `exact.rs`, whose integers it divides. Cells have up to 2^61 photons, so nearly every denominator is one
//! that the hardware divides by.

use super::exact::Unsigned256;
use super::resolution::power_of_two;

/// Bits of a denominator of which 128 bits of a numerator tell the nearest f64: a quotient then has 67.
const NARROW: u32 = 61;

/// `numerator / denominator * 2^exponent`, rounded once to the nearest f64, ties to even.
///
/// # Panics
/// If the denominator is 0 or at least 2^127.
pub fn ratio(numerator: Unsigned256, denominator: u128, exponent: i32) -> f64 {
    assert!(denominator > 0 && denominator < 1 << 127, "denominator");
    if numerator == Unsigned256::ZERO {
        0.0
    } else if denominator >> NARROW == 0 {
        narrow(numerator, denominator, exponent)
    } else {
        wide(numerator, denominator, exponent)
    }
}

/// By one division of the first 128 bits of the numerator, the last of which also says whether there were more.
///
/// Where rounding changes direction, a quotient has 54 bits and at least 13 zeros behind them, so numerators there
/// are even: what is cut off lies on the same side of each of them as the last bit that stands for it.
fn narrow(numerator: Unsigned256, denominator: u128, exponent: i32) -> f64 {
    let up = 256 - numerator.bits();
    let scaled = numerator.shifted_left(up);
    let top = scaled.high | u128::from(scaled.low != 0);
    let quotient = match denominator {
        1 => top,
        _ => top / denominator,
    };
    let drop = 64 - quotient.leading_zeros();
    let kept = (quotient >> drop) as u64;
    let more = quotient << (128 - drop) != 0 || quotient * denominator != top;
    (kept | u64::from(more)) as f64 * power_of_two((drop + 128) as i32 - up as i32 + exponent)
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

    /// At most 2^61 - 1, of any number of bits.
    fn denominator() -> impl Strategy<Value = u128> {
        prop_oneof![
            4 => (1u64..1 << NARROW, 0..NARROW).prop_map(|(d, by)| u128::from(d >> by).max(1)),
            1 => (0..NARROW).prop_map(|by| 1u128 << by),
            1 => Just((1u128 << NARROW) - 1),
            1 => Just(1u128),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150_000, ..ProptestConfig::default() })]

        #[test]
        fn both_ways_round_alike(a in numerator(), d in denominator(), exponent in -300i32..300) {
            let (fast, slow) = (narrow(a, d, exponent), wide(a, d, exponent));
            prop_assert_eq!(fast.to_bits(), slow.to_bits(), "{} / {}", big(a), d);
        }

        /// A tie of f64 has 54 bits, the last of them set.
        #[test]
        fn both_ways_round_alike_at_a_tie_and_beside_it(
            mantissa in 1u64 << 53..1 << 54,
            d in denominator(),
            up in 0u32..142,
            beside in 0u64..5,
        ) {
            let tie = Unsigned256::product((mantissa | 1).into(), d);
            let room = 256 - tie.bits();
            let tie = tie.shifted_left(up.min(room));
            let a = match beside {
                0 => tie.minus(of(1)),
                1 => tie,
                2 => tie.plus(of(1)),
                3 => tie.minus(of(d)),
                _ => tie.plus(of(d)),
            };
            let (fast, slow) = (narrow(a, d, 0), wide(a, d, 0));
            prop_assert_eq!(fast.to_bits(), slow.to_bits(), "{} / {}", big(a), d);
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
            for d in [1, 2, 3, (1 << 53) + 1, (1 << NARROW) - 1] {
                assert_eq!(
                    narrow(a, d, 0).to_bits(),
                    wide(a, d, 0).to_bits(),
                    "{a:?} / {d}"
                );
            }
        }
    }
}
