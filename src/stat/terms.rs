//! Exact sums of f64 terms: weights, weighted values and sums in expressions.

use super::cut;
use super::exact::Signed256;
use super::order::Class;
use super::quotient::{ratio, rounded};
use super::value::Value;

/// Terms are held in units of 2^-128. Below 2^63 in magnitude, one term takes 191 bits, and the sum
/// of 2^60 photons 251.
const TERM_EXPONENT: i32 = 128;
/// Terms that are sooner added one by one than cut.
const FEW: usize = 5;
/// Terms that are looked at one by one before they are added.
const GATHERED: usize = 128;

/// The sum of the finite terms of one cell, in units of 2^-128.
///
/// A term of magnitude 2^-76 or more is a whole number of units; smaller ones are rounded half to
/// even. The sum of the units is exact in 256 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TermSum {
    pub sum: Signed256,
}

impl TermSum {
    /// Terms of this magnitude and above are out of range.
    pub const RANGE: f64 = 9_223_372_036_854_775_808.0;
    /// One unit, as reports and attributes write it.
    pub const RESOLUTION: &str = "2^-128";

    /// The sum of terms that are all finite and in range; else `None`.
    pub fn of(terms: &[f64]) -> Option<Self> {
        if terms.len() > FEW {
            return cut::sum(terms, Self::RANGE).map(|sum| Self { sum });
        }
        let mut sum = Signed256::default();
        for &term in terms {
            let in_range = term.abs() < Self::RANGE;
            if !in_range {
                return None;
            }
            sum.merge(Signed256::scaled(term, TERM_EXPONENT));
        }
        Some(Self { sum })
    }

    /// Adds the finite terms; gives back how many were out of range.
    pub fn accumulate<T: Value>(&mut self, terms: &[T]) -> u64 {
        let mut out_of_range = 0;
        let mut kept = [0.0; GATHERED];
        for terms in terms.chunks(GATHERED) {
            let mut n = 0;
            for term in terms {
                if term.class() != Class::Finite {
                    continue;
                }
                let term = term.to_f64();
                if term.abs() < Self::RANGE {
                    kept[n] = term;
                    n += 1;
                } else {
                    out_of_range += 1;
                }
            }
            let sum = Self::of(&kept[..n]);
            self.merge(&sum.unwrap_or_else(|| unreachable!("all of them are in range")));
        }
        out_of_range
    }

    #[inline]
    pub fn merge(&mut self, other: &Self) {
        self.sum.merge(other.sum);
    }

    /// The sum, rounded once.
    #[inline]
    pub fn total(&self) -> f64 {
        self.signed(rounded(self.sum.magnitude(), -TERM_EXPONENT))
    }

    /// The sum over `n`, rounded once; NaN for no terms.
    pub fn mean(&self, n: u64) -> f64 {
        if n == 0 {
            return f64::NAN;
        }
        self.signed(ratio(self.sum.magnitude(), u128::from(n), -TERM_EXPONENT))
    }

    #[inline]
    fn signed(&self, magnitude: f64) -> f64 {
        if self.sum.is_negative() {
            -magnitude
        } else {
            magnitude
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_and_means_of_terms_are_those_of_the_numbers() {
        let mut sum = TermSum::default();
        assert_eq!(sum.accumulate(&[3.0, 0.5, -9.5]), 0);
        assert_eq!((sum.total(), sum.mean(4)), (-6.0, -1.5));
        assert!(sum.mean(0).is_nan());
    }

    #[test]
    fn cancelling_terms_leave_nothing_behind() {
        let mut sum = TermSum::default();
        sum.accumulate(&[1e18, 0.1, -1e18, -0.1]);
        assert_eq!(sum.total(), 0.0);
    }

    #[test]
    fn weights_of_large_errors_keep_their_digits() {
        let weights = [1e-20, 3e-20, 7e-21];
        let mut sum = TermSum::default();
        sum.accumulate(&weights);
        let expected = 4.7e-20;
        assert!((sum.total() - expected).abs() <= 1e-15 * expected);
    }

    #[test]
    fn every_term_from_2_to_the_minus_76_on_is_exact() {
        let smallest = f64::from_bits(((1023 - 76) << 52) | 1);
        for term in [smallest, -smallest, 1.0 + f64::EPSILON] {
            let mut sum = TermSum::default();
            sum.accumulate(&[term]);
            assert_eq!(sum.total(), term);
        }
        let mut sum = TermSum::default();
        sum.accumulate(&[smallest / 2.0, smallest / 2.0]);
        assert_eq!(sum.total(), f64::from_bits((1023 - 76) << 52));
    }

    #[test]
    fn a_term_of_2_63_is_out_of_range() {
        let mut sum = TermSum::default();
        let largest = f64::from_bits(TermSum::RANGE.to_bits() - 1);
        assert_eq!(sum.accumulate(&[TermSum::RANGE, largest, largest]), 1);
        assert_eq!(sum.total(), 2.0 * largest);
    }

    proptest! {
        #[test]
        fn what_is_not_finite_or_in_range_has_no_part_in_a_sum(
            terms in prop::collection::vec((0usize..40, -4000.0f64..4000.0, -80i32..70), 0..400),
        ) {
            let (mut sum, mut out_of_range) = (Signed256::default(), 0);
            let terms: Vec<f64> = terms.iter().map(|&(kind, term, exponent)| match kind {
                0 => f64::NAN,
                1 => f64::NEG_INFINITY,
                2 => TermSum::RANGE,
                3..8 => term * 2f64.powi(exponent),
                _ => term,
            }).collect();
            for term in terms.iter().filter(|term| term.is_finite()) {
                if term.abs() < TermSum::RANGE {
                    sum.merge(Signed256::scaled(*term, TERM_EXPONENT));
                } else {
                    out_of_range += 1;
                }
            }
            let mut found = TermSum::default();
            prop_assert_eq!(found.accumulate(&terms), out_of_range);
            prop_assert_eq!(found.sum, sum);
        }
    }
}
