//! Fractions of integers of any size, rounded once: what sums of products come to.
//!
//! Below `relate.rs`. The integers of a fit to three columns have 2,000 bits.

use num_bigint::{BigInt, BigUint, Sign};

/// Bits of a quotient or root that are looked at, beside one that says whether there is more.
const BITS: u64 = 66;

/// `numerator / denominator * 2^exponent`.
#[derive(Debug, Clone)]
pub(super) struct Fraction {
    pub numerator: BigInt,
    /// Above 0.
    pub denominator: BigInt,
    pub exponent: i64,
}

impl Fraction {
    /// The nearest f64, ties to even.
    pub fn nearest(&self) -> f64 {
        let (quotient, more, exponent) = self.quotient(BITS);
        let rounded = nearest(&quotient, more, exponent);
        match self.numerator.sign() {
            Sign::Minus => -rounded,
            Sign::NoSign | Sign::Plus => rounded,
        }
    }

    /// The f64 nearest to the square root of one that is not negative, with an even exponent.
    pub fn nearest_root(&self) -> f64 {
        let (quotient, more, exponent) = self.quotient(2 * BITS);
        let root = quotient.sqrt();
        let more = more || &root * &root != quotient;
        nearest(&root, more, exponent / 2)
    }

    /// The magnitude's quotient of this many bits at least, whether that is not all of it, and its exponent, which is
    /// even or odd as that of the fraction.
    fn quotient(&self, bits: u64) -> (BigUint, bool, i64) {
        let (over, under) = (self.numerator.magnitude(), self.denominator.magnitude());
        let up = (bits + under.bits())
            .saturating_sub(over.bits())
            .div_ceil(2)
            * 2;
        let over = over << up;
        let quotient = &over / under;
        let more = &quotient * under != over;
        (quotient, more, self.exponent - up as i64)
    }
}

/// The f64 nearest to `whole * 2^exponent`, a whole number of `BITS` bits or of all; `more`: or a little above.
fn nearest(whole: &BigUint, more: bool, exponent: i64) -> f64 {
    let down = whole.bits().saturating_sub(BITS);
    let top = whole >> down;
    let more = more || (&top << down) != *whole;
    let top = top
        .iter_u64_digits()
        .rev()
        .fold(0u128, |n, digit| n << 64 | u128::from(digit));
    // The last bit stands for all that is below: a tie of f64 is an even number here.
    let doubled = top << 1 | u128::from(more);
    let by = (exponent + down as i64 - 1).clamp(-5000, 5000);
    libm::ldexp(doubled as f64, by as i32)
}

#[cfg(test)]
mod tests {
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;

    fn real(x: f64) -> BigRational {
        BigRational::from_float(x).unwrap()
    }

    /// Whether no neighbour of the number is nearer, by this measure of a candidate less the truth.
    fn is_nearest(found: f64, off: impl Fn(f64) -> BigRational) -> bool {
        let here = off(found);
        let others = [found.next_up(), found.next_down()].map(off);
        let even = found.to_bits() & 1 == 0;
        others
            .iter()
            .all(|other| here < *other || (here == *other && even))
    }

    fn magnitude(x: BigRational) -> BigRational {
        if x < BigRational::from(BigInt::ZERO) {
            -x
        } else {
            x
        }
    }

    proptest! {
        #[test]
        fn quotients_and_roots_are_the_nearest_numbers(
            over in prop::collection::vec(any::<u32>(), 0..40),
            under in prop::collection::vec(any::<u32>(), 1..40),
            negative: bool,
            exponent in -150i64..150,
        ) {
            let sign = if negative { Sign::Minus } else { Sign::Plus };
            let numerator = BigInt::from_slice(sign, &over);
            let denominator: BigInt = BigInt::from_slice(Sign::Plus, &under) + 1;
            let exponent = 2 * exponent;
            let scale = BigRational::from(BigInt::from(2)).pow(exponent as i32);
            let truth = BigRational::new(numerator.clone(), denominator.clone()) * scale;
            let fraction = Fraction { numerator, denominator, exponent };
            let found = fraction.nearest();
            prop_assume!(found == 0.0 || found.abs() > 1e-290 && found.abs() < 1e290);
            prop_assert!(is_nearest(found, |x| magnitude(real(x) - &truth)), "{}", found);
            if !negative {
                let root = fraction.nearest_root();
                // A middle between two numbers is no root of a number of this size: it would have twice the bits.
                let half_up = (real(root) + real(root.next_up())) / BigInt::from(2);
                let half_down = (real(root) + real(root.next_down())) / BigInt::from(2);
                prop_assert!(&half_up * &half_up >= truth && (root == 0.0 || &half_down * &half_down <= truth));
            }
        }

        #[test]
        fn squares_have_their_roots_and_ties_go_to_even(mantissa in 1u64 << 53..1 << 54, exponent in -200i64..200, n in 1u64..1 << 40) {
            let of = |numerator: BigInt, denominator: u64, exponent| Fraction {
                numerator,
                denominator: BigInt::from(denominator),
                exponent,
            };
            let odd = BigInt::from(mantissa | 1);
            let whole = BigInt::from(mantissa >> 1);
            let expected = (mantissa >> 1) as f64 * 2f64.powi(exponent as i32);
            prop_assert_eq!(of(&whole * &whole, 1, 2 * exponent).nearest_root(), expected);
            let tie = of(&odd * n, n, exponent).nearest();
            prop_assert_eq!(tie.to_bits() & 1, 0);
            prop_assert_eq!(tie, (mantissa | 1) as f64 * 2f64.powi(exponent as i32));
            let above = of((&odd << 200) + 1, 1, exponent - 200).nearest();
            prop_assert_eq!(above, ((mantissa | 1) + 1) as f64 * 2f64.powi(exponent as i32));
        }
    }

    #[test]
    fn a_fraction_of_nothing_is_zero() {
        let none = Fraction {
            numerator: BigInt::ZERO,
            denominator: BigInt::from(3),
            exponent: -256,
        };
        assert_eq!((none.nearest(), none.nearest_root()), (0.0, 0.0));
    }
}
