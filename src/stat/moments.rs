//! Exact first and second moments, in whole units.
//!
//! Values become integers `q = round-half-even(x * 2^E)`; the sums of q and q^2 are exact, so any order of
//! photons, batches and merges gives the same integers. What a value is beyond whole units is summed beside
//! them (`remainder.rs`).

use super::exact::Unsigned256;
use super::order::Class;
use super::quotient::ratio;
use super::resolution::{Resolution, power_of_two};
use super::sums::Sums;
use super::value::Value;

/// 2^53: integers below are numbers of f64.
const EXACT: u64 = 1 << 53;

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
    #[inline]
    pub fn mean(&self, n: u64, resolution: Resolution) -> f64 {
        if n == 0 {
            return f64::NAN;
        }
        if let Ok(sum) = i64::try_from(self.sum)
            && sum.unsigned_abs().max(n) < EXACT
        {
            // Both are numbers of f64: its division rounds once, and a power of two changes no digit.
            return sum as f64 / n as f64 * resolution.unit();
        }
        self.large_mean(n, resolution)
    }

    /// The same of any sum.
    #[inline(never)]
    fn large_mean(&self, n: u64, resolution: Resolution) -> f64 {
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
    #[inline]
    pub fn variance(&self, n: u64, ddof: u32, resolution: Resolution) -> f64 {
        let Some(freedom) = n.checked_sub(u64::from(ddof)).filter(|&f| f > 0) else {
            return f64::NAN;
        };
        if let Some(variance) = self.small_variance(n, freedom, resolution) {
            return variance;
        }
        self.large_variance(n, freedom, resolution)
    }

    /// The same of any sums.
    #[inline(never)]
    fn large_variance(&self, n: u64, freedom: u64, resolution: Resolution) -> f64 {
        let magnitude = self.sum.unsigned_abs();
        // n * Q >= S^2 by Cauchy-Schwarz, so the difference is never negative.
        let numerator = self
            .squares
            .times(n)
            .minus(Unsigned256::product(magnitude, magnitude));
        let denominator = u128::from(n) * u128::from(freedom);
        ratio(numerator, denominator, -2 * resolution.exponent())
    }

    /// The same where n Q has 128 bits and n (n - ddof) has 64, as in all but the busiest cells.
    #[inline]
    fn small_variance(&self, n: u64, freedom: u64, resolution: Resolution) -> Option<f64> {
        let Unsigned256 { high, low } = self.squares;
        if high != 0 || n.leading_zeros() + low.leading_zeros() < u64::BITS {
            return None;
        }
        let magnitude = u64::try_from(self.sum.unsigned_abs()).ok()?;
        let squares = low * u128::from(n);
        let numerator = squares.checked_sub(u128::from(magnitude) * u128::from(magnitude))?;
        let quotient = quotient(numerator, n.checked_mul(freedom)?)?;
        Some(quotient * resolution.unit() * resolution.unit())
    }
}

/// The f64 nearest to a fraction, ties to even. `None` over 0.
#[inline]
fn quotient(numerator: u128, denominator: u64) -> Option<f64> {
    if denominator == 0 || numerator == 0 {
        return (denominator != 0).then_some(0.0);
    }
    if numerator < EXACT.into() && denominator < EXACT {
        return Some(numerator as f64 / denominator as f64);
    }
    // Both shifted up to their highest bit, and the numerator down again by one: then the quotient has 63 or 64
    // bits, of which the last also tells whether anything is left.
    let (up, under_up) = (numerator.leading_zeros(), denominator.leading_zeros());
    let over = numerator << up;
    let (under, lost) = (u128::from(denominator << under_up), over & 1);
    let over = over >> 1;
    let quotient = over / under;
    let left = over - quotient * under;
    let sticky = u64::from(left != 0 || lost != 0);
    let exponent = 1 + under_up as i32 - up as i32;
    Some((quotient as u64 | sticky) as f64 * power_of_two(exponent))
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

    /// The mean and the variance by the division that holds for all sums.
    fn plainly(moments: &Moments, n: u64, ddof: u32, resolution: Resolution) -> [f64; 2] {
        let magnitude = moments.sum.unsigned_abs();
        let sum = Unsigned256 {
            high: 0,
            low: magnitude,
        };
        let mean = ratio(sum, n.into(), -resolution.exponent());
        let mean = if moments.sum < 0 { -mean } else { mean };
        let freedom = n.saturating_sub(ddof.into());
        if freedom == 0 {
            return [mean, f64::NAN];
        }
        let squares = moments.squares.times(n);
        let numerator = squares.minus(Unsigned256::product(magnitude, magnitude));
        let denominator = u128::from(n) * u128::from(freedom);
        let variance = ratio(numerator, denominator, -2 * resolution.exponent());
        [mean, variance]
    }

    fn agree(moments: &Moments, n: u64, exponent: i32) -> Result<(), TestCaseError> {
        let resolution = Resolution::new(exponent).unwrap();
        for ddof in [0, 1, 2] {
            let found = [
                moments.mean(n, resolution),
                moments.variance(n, ddof, resolution),
            ];
            let expected = plainly(moments, n, ddof, resolution);
            prop_assert_eq!(found.map(f64::to_bits), expected.map(f64::to_bits));
        }
        Ok(())
    }

    fn integer() -> impl Strategy<Value = i64> {
        let last = (1i64 << 48) - 1;
        (-last..=last, 0u32..48, -3i64..4).prop_map(move |(q, by, near)| {
            // Small ones, large ones, and those next to powers of two.
            let power = 1i64 << by;
            if near.abs() == 3 {
                q >> by
            } else {
                (power + near).clamp(-last, last)
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn means_and_variances_of_few_values_are_those_of_the_general_division(
            units in prop::collection::vec(integer(), 1..6),
            close in any::<bool>(),
            exponent in prop_oneof![Just(34), -60i32..=100],
        ) {
            let mut moments = Moments::default();
            let first = units[0];
            for unit in &units {
                // Values that are close to one another leave few bits of a variance.
                let unit = if close { (first + unit % 9).min((1 << 48) - 1) } else { *unit };
                moments.sum += i128::from(unit);
                moments.squares.low += u128::from(unit.unsigned_abs()).pow(2);
            }
            agree(&moments, units.len() as u64, exponent)?;
        }

        #[test]
        fn means_and_variances_of_many_values_are_those_of_the_general_division(
            mean in integer(),
            n in prop_oneof![1u64..1 << 20, 1u64..1 << 60],
            spread: u128,
            by in 0u32..128,
            exponent in prop_oneof![Just(34), -60i32..=100],
        ) {
            let sum = i128::from(mean) * i128::from(n) + i128::from(spread as u64 % n);
            let least = Unsigned256::product(sum.unsigned_abs(), sum.unsigned_abs());
            // Any sum of squares that n values can have: from S^2 / n on, rounded up.
            let mut squares = Unsigned256::product(mean.unsigned_abs().into(), mean.unsigned_abs().into())
                .times(n)
                .plus(Unsigned256 { high: 0, low: spread >> by });
            while squares.times(n) < least {
                squares = squares.plus(Unsigned256::product(sum.unsigned_abs(), 4 << 48));
            }
            agree(&Moments { sum, squares }, n, exponent)?;
        }

        #[test]
        fn a_quotient_is_that_of_the_general_division(
            numerator: u128,
            by in 0u32..128,
            denominator in 1u64..,
            under_by in 0u32..64,
            times in 0u64..4,
        ) {
            let (numerator, denominator) = (numerator >> by, (denominator >> under_by).max(1));
            let general = |low| ratio(Unsigned256 { high: 0, low }, denominator.into(), 0);
            prop_assert_eq!(quotient(numerator, denominator), Some(general(numerator)));
            // Ties of two numbers of f64, and what is next to them.
            let tie = ((u128::from(numerator as u64) << 1 | 1) & ((1 << 54) - 1))
                .saturating_mul(denominator.into());
            for numerator in [tie, tie.saturating_add(times.into()), tie.saturating_sub(times.into())] {
                prop_assert_eq!(quotient(numerator, denominator), Some(general(numerator)));
            }
        }
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
