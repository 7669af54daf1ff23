//! The size of one integer unit of a column.

use std::fmt;

use super::exact::rounded_right;

/// Bits of the integers that values are held in: |q| < 2^48, so squares fit 96 bits.
pub(super) const VALUE_BITS: i32 = 48;

/// `2^-exponent` in the column's unit: values are held as `q = round-half-even(x * 2^exponent)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resolution {
    exponent: i32,
}

impl Resolution {
    /// 2^-34: 6e-11 m, range +-16,384 m.
    pub const DEFAULT: Self = Self { exponent: 34 };
    /// 1: integer columns.
    pub const ONE: Self = Self { exponent: 0 };

    /// `None` unless -60 <= exponent <= 100.
    pub fn new(exponent: i32) -> Option<Self> {
        (-60..=100).contains(&exponent).then_some(Self { exponent })
    }

    /// E of 2^-E.
    pub fn exponent(self) -> i32 {
        self.exponent
    }

    /// One unit as a number, exact.
    #[inline]
    pub fn unit(self) -> f64 {
        power_of_two(-self.exponent)
    }

    /// 2^E: what a value is multiplied by.
    #[inline]
    pub fn scale(self) -> f64 {
        power_of_two(self.exponent)
    }

    /// Values of magnitude below this are in range.
    pub fn range(self) -> f64 {
        power_of_two(VALUE_BITS - self.exponent)
    }

    /// The integer nearest to `x * 2^E`, ties to even; `None` out of range or not finite.
    pub fn quantise(self, x: f64) -> Option<i64> {
        let scaled = (x * power_of_two(self.exponent)).round_ties_even();
        (scaled.abs() < power_of_two(VALUE_BITS)).then_some(scaled as i64)
    }

    /// As [`quantise`](Self::quantise), of an integer, which need not be one of f64.
    pub fn quantise_integer(self, n: i64) -> Option<i64> {
        let magnitude = n.unsigned_abs();
        let shift = self.exponent.unsigned_abs();
        let units: u128 = match self.exponent {
            ..0 => rounded_right(magnitude, shift).into(),
            0..VALUE_BITS => u128::from(magnitude) << shift,
            _ if n == 0 => 0,
            _ => return None,
        };
        (units < 1 << VALUE_BITS).then(|| units as i64 * n.signum())
    }

    /// The resolution of a dataset by its name, as the table in `docs/FORMAT.md` gives it.
    ///
    /// Times reach 2^31 s, positions 360 degrees, distances along the orbit 2^28 m, rates 2^28 Hz;
    /// all else is a height or of its magnitude.
    pub fn of_dataset(name: &str) -> Self {
        let exponent = match name {
            "delta_time" => 17,
            "lat_ph"
            | "lon_ph"
            | "latitude"
            | "longitude"
            | "reference_photon_lat"
            | "reference_photon_lon" => 39,
            "segment_dist_x" | "x_atc" | "bckgrd" | "bckgrd_rate" | "altitude_sc" => 20,
            _ => 34,
        };
        Self { exponent }
    }
}

/// Exact for exponents of normal f64 numbers.
#[inline]
pub(super) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{}", -self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn resolution(exponent: i32) -> Resolution {
        Resolution::new(exponent).unwrap()
    }

    #[test]
    fn integers_round_once_however_large() {
        // A tie but for the last bit, which f64 does not hold.
        let above = (1 << 62) + (1 << 14) + 1;
        assert_eq!(resolution(-15).quantise_integer(above), Some((1 << 47) + 1));
        assert_eq!(
            resolution(-15).quantise_integer(1 - above),
            Some(-(1 << 47))
        );
        assert_eq!(resolution(-16).quantise_integer(i64::MIN), Some(-(1 << 47)));
        assert_eq!(resolution(-15).quantise_integer(i64::MAX), None);
        for n in [1 << 48, i64::MAX, i64::MIN] {
            assert_eq!(resolution(0).quantise_integer(n), None);
            assert_eq!(resolution(47).quantise_integer(n), None);
        }
        assert_eq!(resolution(100).quantise_integer(1), None);
        assert_eq!(resolution(100).quantise_integer(0), Some(0));
        assert_eq!(Resolution::holding(i64::MAX), Some(resolution(-16)));
    }

    #[test]
    fn values_are_in_range_below_2_to_the_48_units() {
        assert_eq!(resolution(34).range(), 16_384.0);
        assert_eq!(resolution(0).range(), 281_474_976_710_656.0);
        assert_eq!(resolution(-60).range(), 2f64.powi(108));
    }

    proptest! {
        #[test]
        fn integers_that_f64_holds_are_quantised_as_it_is(
            n in -(1i64 << 53)..1 << 53,
            shift in 0u32..53,
            exponent in -60i32..=100,
        ) {
            let (n, resolution) = (n >> shift, resolution(exponent));
            prop_assert_eq!(resolution.quantise_integer(n), resolution.quantise(n as f64));
        }
    }
}
