//! Exact sums of f64 terms: weights, weighted values and sums in expressions.

use super::exact::{Signed256, ratio};
use super::key::{Class, Value};

/// Terms are held in units of 2^-64, below 2^63 in magnitude, so one term fits 128 bits.
const TERM_EXPONENT: i32 = 64;

/// The sum of the finite terms of one cell, in units of 2^-64.
///
/// Each term is rounded half to even to a unit; the sum of the units is exact in 256 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TermSum {
    pub sum: Signed256,
}

impl TermSum {
    /// Terms of this magnitude and above are out of range.
    pub const RANGE: f64 = 9_223_372_036_854_775_808.0;

    /// Adds the finite terms; gives back how many were out of range.
    pub fn accumulate<T: Value>(&mut self, terms: &[T]) -> u64 {
        let mut out_of_range = 0;
        for term in terms {
            if term.class() != Class::Finite {
                continue;
            }
            let term = term.to_f64();
            if term.abs() < Self::RANGE {
                let units = (term * 18_446_744_073_709_551_616.0).round_ties_even();
                self.sum.add(units as i128);
            } else {
                out_of_range += 1;
            }
        }
        out_of_range
    }

    pub fn merge(&mut self, other: &Self) {
        self.sum.merge(other.sum);
    }

    /// The sum, rounded once.
    pub fn total(&self) -> f64 {
        self.divided_by(1)
    }

    /// The sum over `n`, rounded once; NaN for no terms.
    pub fn mean(&self, n: u64) -> f64 {
        if n == 0 {
            return f64::NAN;
        }
        self.divided_by(n)
    }

    fn divided_by(&self, n: u64) -> f64 {
        let quotient = ratio(self.sum.magnitude(), u128::from(n), -TERM_EXPONENT);
        if self.sum.is_negative() {
            -quotient
        } else {
            quotient
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelling_terms_leave_nothing_behind() {
        let mut sum = TermSum::default();
        sum.accumulate(&[1e18, 0.1, -1e18, -0.1]);
        assert_eq!(sum.total(), 0.0);
    }

    #[test]
    fn a_term_of_2_63_is_out_of_range() {
        let mut sum = TermSum::default();
        let largest = f64::from_bits(TermSum::RANGE.to_bits() - 1);
        assert_eq!(sum.accumulate(&[TermSum::RANGE, largest, largest]), 1);
        assert_eq!(sum.total(), 2.0 * largest);
    }
}
