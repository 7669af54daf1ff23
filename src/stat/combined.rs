//! Sums of one cell as its statistics see them: whole units, and the remainders beside them where there
//! are any.
//!
//! Between `moments.rs` and `remainder.rs`, which hold the two, and `finish.rs`.

use super::moments::Moments;
use super::quotient::ratio;
use super::remainder::{FINE_BITS, Remainder};
use super::resolution::Resolution;
use super::wide::Wide;

/// The sums of the finite values of one cell and column.
#[derive(Debug, Clone, Copy)]
pub struct Combined<'a> {
    pub moments: Moments,
    pub remainder: Option<&'a Remainder>,
    pub resolution: Resolution,
}

impl Combined<'_> {
    /// The sum, rounded once.
    pub fn total(&self) -> f64 {
        match self.remainder {
            None => self.moments.total(self.resolution),
            Some(remainder) => self.quotient(remainder, 1),
        }
    }

    /// The sum over `n`, rounded once; NaN for no values.
    pub fn mean(&self, n: u64) -> f64 {
        match self.remainder {
            Some(remainder) if n > 0 => self.quotient(remainder, n),
            _ => self.moments.mean(n, self.resolution),
        }
    }

    /// As [`Moments::variance`], rounded once.
    pub fn variance(&self, n: u64, ddof: u32) -> f64 {
        let Some(remainder) = self.remainder else {
            return self.moments.variance(n, ddof, self.resolution);
        };
        let Some(freedom) = n.checked_sub(u64::from(ddof)).filter(|&f| f > 0) else {
            return f64::NAN;
        };
        // The same values make both sums, so the difference is never negative.
        let numerator = self.spread(remainder, n).unwrap_or_default();
        let denominator = u128::from(n) * u128::from(freedom);
        numerator.over(denominator, 2 * self.fine_exponent())
    }

    /// Whether n values can have these sums: by Cauchy-Schwarz, and by the bits that they can have.
    /// Without `squares` the sum of squares is of whole units only.
    pub fn are_of(&self, n: u64, squares: bool) -> bool {
        let fits = |remainder: &Remainder| {
            let spread = || !squares || self.spread(remainder, n).is_some();
            remainder.are_of(n) && spread()
        };
        self.moments.are_of(n) && self.remainder.is_none_or(fits)
    }

    /// A fine unit is 2 to this.
    fn fine_exponent(&self) -> i32 {
        -self.resolution.exponent() - FINE_BITS as i32
    }

    /// The sum in fine units: |S| < 2^108 of 2^60 values, so below 2^246.
    fn sum(&self, remainder: &Remainder) -> Wide<4> {
        let mut sum = remainder.first;
        sum.add_shifted(self.moments.sum, FINE_BITS);
        sum
    }

    fn quotient(&self, remainder: &Remainder, n: u64) -> f64 {
        let sum = self.sum(remainder);
        let magnitude = sum.magnitude().unsigned();
        let quotient = ratio(magnitude, n.into(), self.fine_exponent());
        if sum.is_negative() {
            -quotient
        } else {
            quotient
        }
    }

    /// n Q - S^2 in squares of fine units, where it is not negative. Q < 2^156 of 2^60 values, so the
    /// sum of squares has at most 431 bits and n times that 491; S^2 has 492.
    fn spread(&self, remainder: &Remainder, n: u64) -> Option<Wide<8>> {
        let squares = self.moments.squares;
        let mut of_units = Wide::<8>::default();
        // In halves: a term with a sign has 127 bits.
        for (part, by) in [
            (squares.low as u64, 0),
            ((squares.low >> 64) as u64, 64),
            (squares.high as u64, 128),
        ] {
            of_units.add_shifted(part.into(), by + 2 * FINE_BITS);
        }
        of_units.merge(&remainder.second.widened());
        if of_units.is_negative() {
            return None;
        }
        let sum: Wide<8> = self.sum(remainder).magnitude().widened();
        of_units.times(&Wide([n])).minus(&sum.times(&sum))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::photon::ColumnType;
    use crate::stat::{ColumnOrigin, JobColumn, Needs, Unsigned256};

    fn column() -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                moments: true,
                variance: true,
                ..Needs::default()
            },
        }
    }

    proptest! {
        /// Up to 4 in steps of 2^-45, so that the sum is exact in f64: a unit is 2^-34.
        #[test]
        fn statistics_of_units_and_remainders_are_those_of_whole_values(
            steps in prop::collection::vec(-(1i64 << 47)..1 << 47, 1..7),
        ) {
            let step = 2f64.powi(-45);
            let values: Vec<f64> = steps.iter().map(|&k| k as f64 * step).collect();
            let mut moments = Moments::default();
            prop_assert_eq!(moments.accumulate(&values, Resolution::DEFAULT), 0);
            let remainder = Remainder::of(7, &values, &column().remainder_rule().unwrap());
            let sums = Combined {
                moments,
                remainder: remainder.as_ref(),
                resolution: Resolution::DEFAULT,
            };
            let (n, sum) = (steps.len(), steps.iter().sum::<i64>());
            prop_assert_eq!(sums.total(), sum as f64 * step);
            prop_assert_eq!(sums.mean(n as u64), sum as f64 / n as f64 * step);
            let squares: u128 = steps.iter().map(|k| u128::from(k.unsigned_abs()).pow(2)).sum();
            let low = n as u128 * squares - u128::from(sum.unsigned_abs()).pow(2);
            let over = |denominator| ratio(Unsigned256 { high: 0, low }, denominator, -90);
            prop_assert_eq!(sums.variance(n as u64, 0), over((n * n) as u128));
            if n > 1 {
                prop_assert_eq!(sums.variance(n as u64, 1), over((n * (n - 1)) as u128));
            }
            prop_assert!(sums.are_of(n as u64, true));
        }
    }

    #[test]
    fn values_below_a_unit_have_their_mean_and_variance() {
        let column = column();
        // Powers of two, so that all is exact; a unit is 2^-34.
        let values = [40, 41, 42, 43].map(|k| 2f64.powi(-k));
        let mut moments = Moments::default();
        moments.accumulate(&values, Resolution::DEFAULT);
        assert_eq!(moments, Moments::default());
        let remainder = Remainder::of(7, &values, &column.remainder_rule().unwrap());
        let sums = Combined {
            moments,
            remainder: remainder.as_ref(),
            resolution: Resolution::DEFAULT,
        };
        let mean = 15.0 / 4.0 * 2f64.powi(-43);
        assert_eq!(sums.mean(4), mean);
        assert!(sums.mean(0).is_nan());
        // In units of 2^-43 the values are 8, 4, 2 and 1: 85 / 4 less the square of 15 / 4, and that times 4 / 3.
        let variance = 115.0 / 16.0 * 2f64.powi(-86);
        assert_eq!(sums.variance(4, 0), variance);
        assert_eq!(sums.variance(4, 1), 115.0 / 12.0 * 2f64.powi(-86));
        assert!(sums.variance(4, 4).is_nan());
    }
}
