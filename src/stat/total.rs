//! Exact totals of any finite f64, and the mean that one division makes of each.
//!
//! Below `tdigest.rs`. Terms of similar size are added in 128 bits, and what comes together there goes to the place
//! that its exponent has among all of f64's: the total depends on the terms alone, in whatever order they come.

use super::wide::Wide;

/// Limbs that hold 2^63 terms of any size, in units of the smallest.
const LIMBS: usize = 35;
/// The exponent of one unit.
const UNIT: i32 = -1074;
/// Bits of a term.
const MANTISSA: u32 = 53;
/// How much larger than the first of a block its terms may be, in bits.
const SPAN: u32 = 60;
/// How much smaller the first of a block may turn out not to be the smallest.
const BELOW: u32 = 24;
/// Terms of a block: all of them together stay within 127 bits.
const BLOCK: u32 = 1 << 13;

/// The exact sum of some terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Total {
    whole: Wide<LIMBS>,
    /// What is not in `whole` yet, in units of 2^(base + UNIT).
    block: i128,
    base: u32,
    terms: u32,
}

impl Total {
    /// Adds a finite term so many times.
    pub fn add(&mut self, term: f64, times: u64) {
        let Some((mantissa, exponent)) = parts(term) else {
            return;
        };
        if times == 1 {
            self.add_one(mantissa, exponent);
        } else {
            let product = i128::from(mantissa) * i128::from(times);
            self.whole.add_shifted(product, exponent);
        }
    }

    fn add_one(&mut self, mantissa: i64, exponent: u32) {
        let fits = exponent >= self.base && exponent - self.base <= SPAN && self.terms < BLOCK;
        if !fits {
            self.settle();
            self.base = exponent.saturating_sub(BELOW);
        }
        self.block += i128::from(mantissa) << (exponent - self.base);
        self.terms += 1;
    }

    /// Adds what another one adds up to.
    pub fn join(&mut self, other: &Self) {
        self.whole.merge(&other.whole);
        self.whole.add_shifted(other.block, other.base);
    }

    fn settle(&mut self) {
        self.whole.add_shifted(self.block, self.base);
        (self.block, self.terms) = (0, 0);
    }

    /// The total over so many, rounded once; below the smallest number of float32 it is no more than its sign.
    ///
    /// # Panics
    /// If there are none.
    pub fn over(mut self, many: u64) -> f64 {
        self.settle();
        let negative = self.whole.is_negative();
        let magnitude = self.whole.magnitude();
        let mean = if magnitude == Wide::default() {
            return 0.0;
        } else if (magnitude.bits() as i32) + UNIT - 64 < -400 {
            f64::MIN_POSITIVE
        } else {
            magnitude.over(many.into(), UNIT)
        };
        if negative { -mean } else { mean }
    }
}

/// A term as a whole number of units of 2^(exponent + UNIT); `None` of 0.
fn parts(term: f64) -> Option<(i64, u32)> {
    let bits = term.to_bits();
    let biased = (bits >> (MANTISSA - 1)) as u32 & 0x7ff;
    let fraction = bits & ((1 << (MANTISSA - 1)) - 1);
    let mantissa = match biased {
        0 => fraction,
        _ => fraction | 1 << (MANTISSA - 1),
    };
    let mantissa = mantissa.cast_signed();
    let signed = if term.is_sign_negative() {
        -mantissa
    } else {
        mantissa
    };
    (mantissa != 0).then_some((signed, biased.saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;

    fn mean(terms: &[f64]) -> f64 {
        let mut total = Total::default();
        for &term in terms {
            total.add(term, 1);
        }
        total.over(terms.len() as u64)
    }

    fn exact(term: f64) -> BigRational {
        BigRational::from_float(term).unwrap()
    }

    /// Whether no other f64 is nearer to the mean of these terms.
    fn is_nearest(found: f64, terms: &[f64]) -> bool {
        let sum: BigRational = terms.iter().map(|&term| exact(term)).sum();
        let mean = sum / BigRational::from_integer(BigInt::from(terms.len()));
        let distance = |x: f64| {
            let distance = exact(x) - &mean;
            if distance < exact(0.0) {
                -distance
            } else {
                distance
            }
        };
        let here = distance(found);
        [found.next_down(), found.next_up()]
            .iter()
            .all(|&x| here <= distance(x))
    }

    fn term() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => -100.0f64..100.0,
            1 => (-60i32..60, any::<i64>()).prop_map(|(e, m)| m as f64 * 2f64.powi(e)),
            1 => prop::sample::select(vec![1e300, -1e300, 1e-40, -1e-40, 0.0, -0.0, f64::MAX / 4.0]),
        ]
    }

    proptest! {
        #[test]
        fn a_mean_is_the_nearest_number_in_whatever_order_terms_come(
            terms in prop::collection::vec(term(), 1..60),
        ) {
            let found = mean(&terms);
            let sum: BigRational = terms.iter().map(|&term| exact(term)).sum();
            prop_assert!(sum == exact(0.0) || found.abs() < 1e-100 || is_nearest(found, &terms));
            let mut sorted = terms.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert_eq!(mean(&sorted).to_bits(), found.to_bits());
        }
    }

    #[test]
    fn a_term_counts_as_often_as_it_comes_and_blocks_do_not_run_over() {
        let (mut once, mut often) = (Total::default(), Total::default());
        for _ in 0..3 * BLOCK {
            once.add(f64::from(f32::MAX), 1);
            once.add(-3.7, 1);
        }
        often.add(f64::from(f32::MAX), u64::from(3 * BLOCK));
        often.add(-3.7, u64::from(3 * BLOCK));
        assert_eq!(once.over(7), often.over(7));
    }

    #[test]
    fn what_is_smaller_than_numbers_of_float32_keeps_its_sign() {
        assert_eq!((mean(&[-1e-320]) as f32).to_bits(), (-0.0f32).to_bits());
        assert_eq!((mean(&[5e-324, 1e-310]) as f32).to_bits(), 0);
        assert_eq!(mean(&[1.0, -1.0]).to_bits(), 0);
        assert_eq!(mean(&[0.1, 0.2, 0.3]), 0.2);
    }
}
