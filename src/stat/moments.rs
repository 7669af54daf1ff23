//! Exact first and second moments, in whole units.
//!
//! Values become integers `q = round-half-even(x * 2^E)`; the sums of q and q^2 are exact, so any order of
//! photons, batches and merges gives the same integers. What a value is beyond whole units is summed beside
//! them (`remainder.rs`).

use super::exact::Unsigned256;
use super::order::Class;
use super::quotient::ratio;
use super::resolution::Resolution;
use super::sums::Sums;
use super::value::Value;

/// Sum and sum of squares of the finite values of one cell, in units of the resolution.
///
/// |q| < 2^48: the sum of 2^60 photons needs 108 bits and the sum of squares 156.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    pub sum: i128,
    pub squares: Unsigned256,
}

impl Moments {
    /// Adds the finite values; gives back how many were out of the resolution's range.
    pub fn accumulate<T: Value>(&mut self, values: &[T], resolution: Resolution) -> u64 {
        let mut out_of_range = 0;
        let mut sum = 0i128;
        // 2^32 squares of 96 bits fit 128 bits.
        for part in values.chunks(1 << 31) {
            let mut squares = 0u128;
            for value in part {
                if value.class() != Class::Finite {
                    continue;
                }
                match value.quantise(resolution) {
                    Some(q) => {
                        sum += i128::from(q);
                        squares += u128::from(q.unsigned_abs()) * u128::from(q.unsigned_abs());
                    }
                    None => out_of_range += 1,
                }
            }
            self.squares = self.squares.plus(Unsigned256 {
                high: 0,
                low: squares,
            });
        }
        self.sum += sum;
        out_of_range
    }

    /// Of these sums.
    pub fn from_sums(sums: Sums) -> Self {
        Self {
            sum: sums.sum,
            squares: Unsigned256 {
                high: 0,
                low: sums.squares,
            },
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.squares = self.squares.plus(other.squares);
    }

    /// The sum, rounded once.
    pub fn total(&self, resolution: Resolution) -> f64 {
        self.sum as f64 * resolution.unit()
    }

    /// `S / n * 2^-E`, rounded once; NaN for no values.
    pub fn mean(&self, n: u64, resolution: Resolution) -> f64 {
        if n == 0 {
            return f64::NAN;
        }
        let magnitude = Unsigned256 {
            high: 0,
            low: self.sum.unsigned_abs(),
        };
        let mean = ratio(magnitude, u128::from(n), -resolution.exponent());
        if self.sum < 0 { -mean } else { mean }
    }

    /// Whether n values can have these sums: n * Q >= S^2, by Cauchy-Schwarz, and no sum of squares is
    /// beyond what 2^64 values of 48 bits add up to.
    pub fn are_of(&self, n: u64) -> bool {
        let magnitude = self.sum.unsigned_abs();
        self.squares.high >> 64 == 0
            && self.squares.times(n) >= Unsigned256::product(magnitude, magnitude)
    }

    /// `(n * Q - S^2) / (n * (n - ddof)) * 2^-2E`, rounded once; NaN where n <= ddof.
    pub fn variance(&self, n: u64, ddof: u32, resolution: Resolution) -> f64 {
        let Some(freedom) = n.checked_sub(u64::from(ddof)).filter(|&f| f > 0) else {
            return f64::NAN;
        };
        let magnitude = self.sum.unsigned_abs();
        // n * Q >= S^2 by Cauchy-Schwarz, so the difference is never negative.
        let numerator = self
            .squares
            .times(n)
            .minus(Unsigned256::product(magnitude, magnitude));
        let denominator = u128::from(n) * u128::from(freedom);
        ratio(numerator, denominator, -2 * resolution.exponent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const R: Resolution = Resolution::DEFAULT;

    fn of(values: &[f32]) -> Moments {
        let mut moments = Moments::default();
        assert_eq!(moments.accumulate(values, R), 0);
        moments
    }

    #[test]
    fn a_sum_of_squares_beyond_any_number_of_values_is_of_none() {
        let with = |high| Moments {
            sum: 0,
            squares: Unsigned256 { high, low: 0 },
        };
        assert!(with(0).are_of(1) && with(1).are_of(1) && with(u64::MAX.into()).are_of(1));
        assert!(!with(1 << 64).are_of(1) && !with(1 << 127).are_of(1));
    }

    #[test]
    fn values_far_from_zero_keep_their_variance() {
        let values = [10_000.0f32, 10_000.001, 10_000.002];
        let exact: Vec<f64> = values.iter().map(|&v| f64::from(v) - 10_000.0).collect();
        let mean = exact.iter().sum::<f64>() / 3.0;
        let variance = exact.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 3.0;
        let ours = of(&values).variance(3, 0, R);
        assert!((ours - variance).abs() <= 1e-15, "{ours} {variance}");
    }

    #[test]
    fn a_total_is_the_sum_of_the_values() {
        assert_eq!(of(&[1.5, -4.0, 0.25]).total(R), -2.25);
        assert_eq!(of(&[1.5, -4.0, 0.25]).mean(3, R), -0.75);
    }

    #[test]
    fn one_value_has_variance_zero_and_none_with_one_degree_taken() {
        let moments = of(&[7.25]);
        assert_eq!(moments.variance(1, 0, R), 0.0);
        assert!(moments.variance(1, 1, R).is_nan());
        assert_eq!(moments.mean(1, R), 7.25);
    }

    #[test]
    fn a_value_beyond_the_range_is_counted_not_wrapped() {
        let mut moments = Moments::default();
        assert_eq!(moments.accumulate(&[16_384.0f32, -20_000.0, 1.0], R), 2);
        assert_eq!(moments.mean(1, R), 1.0);
    }

    #[test]
    fn integers_of_equal_value_have_variance_zero_however_large() {
        let mut moments = Moments::default();
        moments.accumulate(&[(1i64 << 48) - 1; 1000], Resolution::ONE);
        assert_eq!(moments.variance(1000, 0, Resolution::ONE), 0.0);
    }

    proptest! {
        #[test]
        fn merging_parts_equals_accumulating_the_whole(
            values in prop::collection::vec(-16_000.0f32..16_000.0, 0..200),
            cut in 0usize..200,
        ) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[cut..]);
            merged.merge(&of(&values[..cut]));
            prop_assert_eq!(merged, of(&values));
        }
    }
}
