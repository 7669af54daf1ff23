//! Sums of fixed-point values and of their squares, for values known to be finite and in range.
//!
//! Each value becomes `q = round-half-even(x * 2^E)` by adding 1.5 * 2^52, after which the integer
//! stands in the low bits of the f64: the product is exact (a power of two) and the addition rounds
//! half to even, so q is the integer that `Resolution::quantise` gives. With q = h * 2^24 + l, the
//! square is h^2 * 2^48 + 2 h l * 2^24 + l^2, and each of the three products is below 2^49, so sums
//! over a block are exact in 64 bits and the instructions that compute them do not matter.

use multiversion::multiversion;

use super::resolution::Resolution;

/// Values summed before 64-bit sums are widened: 2^12 products below 2^49.
const BLOCK: usize = 4096;

/// 1.5 * 2^52: a value of magnitude below 2^51 added to it is rounded to an integer.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;

/// Added to the integer's bits, this leaves q + 2^48, which is positive.
const BIAS: u64 = (1u64 << 48).wrapping_sub(TO_INTEGER.to_bits());

/// The whole units of one value of magnitude at most 2^48 * unit.
#[inline]
pub(super) fn whole_units(x: f64, resolution: Resolution) -> i64 {
    let shifted = x * resolution.scale() + TO_INTEGER;
    shifted.to_bits().wrapping_sub(TO_INTEGER.to_bits()) as i64
}

/// Sum and sum of squares in units of the resolution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub sum: i128,
    pub squares: u128,
}

/// 64-bit sums of one block.
#[derive(Debug, Clone, Copy)]
struct BlockSums {
    high: i64,
    low: i64,
    high_high: i64,
    high_low: i64,
    low_low: i64,
}

impl Sums {
    /// Of f32 values of magnitude at most 2^48 * unit, where `scale` is 2^E.
    pub fn of_f32(values: &[f32], scale: f64) -> Self {
        let mut sums = Self::default();
        for block in values.chunks(BLOCK) {
            sums.add(block_f32(block, scale));
        }
        sums
    }

    /// Of f64 values of magnitude at most 2^48 * unit, where `scale` is 2^E.
    pub fn of_f64(values: &[f64], scale: f64) -> Self {
        let mut sums = Self::default();
        for block in values.chunks(BLOCK) {
            sums.add(block_f64(block, scale));
        }
        sums
    }

    fn add(&mut self, block: BlockSums) {
        self.sum += (i128::from(block.high) << 24) + i128::from(block.low);
        let squares = (i128::from(block.high_high) << 48)
            + (i128::from(block.high_low) << 25)
            + i128::from(block.low_low);
        self.squares += squares as u128;
    }
}

macro_rules! block_sums {
    ($values:ident, $scale:ident) => {{
        let (mut high, mut low) = (0i64, 0i64);
        let (mut high_high, mut high_low, mut low_low) = (0i64, 0i64, 0i64);
        for &value in $values {
            let shifted = f64::from(value) * $scale + TO_INTEGER;
            let biased = shifted.to_bits().wrapping_add(BIAS);
            // Both halves fit 32 bits with their sign, so each product is one multiplication of
            // 32-bit lanes into 64 bits.
            let h = ((biased >> 24) as i32).wrapping_sub(1 << 24);
            let l = (biased & 0xff_ffff) as i32;
            let (h, l) = (i64::from(h), i64::from(l));
            high += h;
            low += l;
            high_high += h * h;
            high_low += h * l;
            low_low += l * l;
        }
        BlockSums {
            high,
            low,
            high_high,
            high_low,
            low_low,
        }
    }};
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn block_f32(values: &[f32], scale: f64) -> BlockSums {
    block_sums!(values, scale)
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn block_f64(values: &[f64], scale: f64) -> BlockSums {
    block_sums!(values, scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(values: impl Iterator<Item = f64>, resolution: Resolution) -> Sums {
        let mut sums = Sums::default();
        for q in values.map(|x| resolution.quantise(x).unwrap()) {
            sums.sum += i128::from(q);
            sums.squares += u128::from(q.unsigned_abs()).pow(2);
        }
        sums
    }

    const R: Resolution = Resolution::DEFAULT;

    proptest! {
        #[test]
        fn units_of_one_value_are_those_that_quantising_gives(
            x in prop_oneof![-16_383.999f64..16_383.999, -1e-9f64..1e-9, (-1100f64..0.0).prop_map(f64::exp2)],
        ) {
            prop_assert_eq!(Some(whole_units(x, R)), R.quantise(x));
            let finest = Resolution::new(100).unwrap();
            let x = x * 2f64.powi(-66);
            prop_assert_eq!(Some(whole_units(x, finest)), finest.quantise(x));
        }

        #[test]
        fn sums_of_f32_equal_the_plain_ones(values in prop::collection::vec(-16_383.0f32..16_383.0, 0..9000)) {
            prop_assert_eq!(Sums::of_f32(&values, R.scale()), plain(values.iter().map(|&v| v.into()), R));
        }

        #[test]
        fn sums_of_f64_equal_the_plain_ones(values in prop::collection::vec(-16_383.0f64..16_383.0, 0..300)) {
            prop_assert_eq!(Sums::of_f64(&values, R.scale()), plain(values.iter().copied(), R));
        }
    }

    #[test]
    fn a_block_of_the_largest_magnitudes_does_not_wrap() {
        for value in [16_383.999f32, -16_383.999] {
            let values = vec![value; 2 * BLOCK + 1];
            let expected = plain(values.iter().map(|&v| v.into()), R);
            assert_eq!(Sums::of_f32(&values, R.scale()), expected);
        }
    }

    #[test]
    fn ties_round_to_even() {
        let half = R.unit() / 2.0;
        let values: Vec<f64> = (-9..9).map(|i| f64::from(i) * half).collect();
        assert_eq!(
            Sums::of_f64(&values, R.scale()),
            plain(values.iter().copied(), R)
        );
    }
}
