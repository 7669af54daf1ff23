//! Finding and summing the remainders of many values: fast where nearly none has one, and where all do.
//!
//! Beside `remainder.rs`, by whose split of a value each sum here is defined. A float64 of 2^23 units or
//! more, and most float32, are whole numbers of 2^-29 units: products of such remainders are summed
//! in 128 bits, and only the sums are shifted to fine units.

use arrow::buffer::NullBuffer;
use multiversion::multiversion;

use super::remainder::{FINE_BITS, Remainder, RemainderRule, Split};
use super::value::Value;

/// 1.5 * 2^52: a value of magnitude below 2^51 added to it is rounded to an integer.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;
/// 2^48: units are below.
const RANGE: f64 = 281_474_976_710_656.0;
/// 2^23: a float32 of so many units or more is whole.
const SMALL: f64 = 8_388_608.0;
/// Bits below a unit that make a remainder a coarse one.
const COARSE_BITS: u32 = 29;
/// 2^29.
const COARSE: f64 = 536_870_912.0;
/// Coarse remainders between two widenings. A remainder has 28 bits, its product with units 76.
const COARSE_VALUES: usize = 1 << 20;
/// One value in so many is looked at to tell whether most have a remainder.
const SAMPLED: usize = 64;

/// What a value has beyond whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing that is kept.
    None,
    /// So many units, and so many 2^-29 of one.
    Coarse { units: i64, rest: i64 },
    /// What its split says.
    Fine,
}

/// Sums of remainders of one cell on their way.
#[derive(Debug)]
pub struct RemainderSums {
    sums: Remainder,
    /// Of coarse remainders: how many, their sum, that of their products with units and of their squares.
    coarse: usize,
    first: i64,
    products: i128,
    squares: i128,
}

impl RemainderSums {
    pub fn of_cell(cell: u64) -> Self {
        Self {
            sums: Remainder::none(cell),
            coarse: 0,
            first: 0,
            products: 0,
            squares: 0,
        }
    }

    /// Adds consecutive values, the first of which stands at `start` in the nulls.
    pub fn add<T: Value>(
        &mut self,
        values: &[T],
        nulls: Option<&NullBuffer>,
        start: usize,
        rule: &RemainderRule,
    ) {
        for (i, values) in values.chunks(COARSE_VALUES).enumerate() {
            if self.coarse + values.len() > COARSE_VALUES {
                self.widen();
            }
            match nulls {
                None => values.iter().for_each(|&value| self.add_one(value, rule)),
                Some(valid) => {
                    let start = start + i * COARSE_VALUES;
                    let valid = (start..).zip(values).filter(|(at, _)| valid.is_valid(*at));
                    valid.for_each(|(_, &value)| self.add_one(value, rule));
                }
            }
        }
    }

    #[inline]
    fn add_one<T: Value>(&mut self, value: T, rule: &RemainderRule) {
        match value.part(rule) {
            Part::None => {}
            Part::Coarse { units, rest } => {
                self.coarse += 1;
                self.first += rest;
                if rule.squares {
                    self.products += i128::from(units) * i128::from(rest);
                    self.squares += i128::from(rest * rest);
                }
            }
            Part::Fine => {
                if let Some(split) = value.split(rule) {
                    self.sums.add(split, rule.squares);
                }
            }
        }
    }

    /// With a rest of p 2^-29 units, (2 q u + r) r is (2^30 q p + p^2) 2^-58 u^2.
    fn widen(&mut self) {
        let down = FINE_BITS - COARSE_BITS;
        self.sums.values += self.coarse as u64;
        self.sums.first.add_shifted(self.first.into(), down);
        let second = &mut self.sums.second;
        second.add_shifted(self.products, 2 * down + COARSE_BITS + 1);
        second.add_shifted(self.squares, 2 * down);
        (self.coarse, self.first) = (0, 0);
        (self.products, self.squares) = (0, 0);
    }

    /// The sums; `None` where no value has a remainder.
    pub fn finish(mut self) -> Option<Remainder> {
        self.widen();
        (self.sums.values > 0).then_some(self.sums)
    }
}

/// As [`Value::part`], of a float: by the same operations as its split.
#[inline]
pub(super) fn part_of_float(x: f64, rule: &RemainderRule) -> Part {
    let scaled = x * rule.scale;
    let units = (scaled + TO_INTEGER) - TO_INTEGER;
    let distance = scaled - units;
    // Not so for NaN, infinities and values out of range.
    let kept = units.abs() < RANGE && scaled.abs() < rule.below;
    if !kept || distance == 0.0 {
        return Part::None;
    }
    let coarse = distance * COARSE;
    let rest = coarse as i64;
    if rest as f64 == coarse {
        let units = units as i64;
        Part::Coarse { units, rest }
    } else {
        Part::Fine
    }
}

impl RemainderRule {
    /// Units of 1, and the number of units from which on floats are taken as whole.
    pub fn bounds(&self) -> [f64; 2] {
        [self.scale, self.below]
    }
}

/// Of values of which every one is split.
pub(super) fn part_of_split(split: Option<Split>) -> Part {
    split.map_or(Part::None, |_| Part::Fine)
}

/// Whether remainders are to be looked for among f32 values: false only where there is none.
pub(super) fn may_remain_f32(values: &[f32], rule: &RemainderRule) -> bool {
    // Normal for every unit that there is.
    let small = (SMALL / rule.scale) as f32;
    smallest_f32(values) < small.to_bits() - 1
}

/// As [`may_remain_f32`].
pub(super) fn may_remain_f64(values: &[f64], rule: &RemainderRule) -> bool {
    let small = (SMALL / rule.scale).to_bits() as i64;
    rule.below > SMALL || smallest_f64(values) < small - 1
}

/// Whether an eighth of some values spread over all have a remainder.
pub fn mostly_remain<T: Value>(values: &[T], rule: &RemainderRule) -> bool {
    let step = (values.len() / SAMPLED).max(1);
    let sampled = values.iter().step_by(step);
    let looked_at = sampled.len();
    let remain = sampled.filter(|value| value.part(rule) != Part::None);
    8 * remain.count() >= looked_at && looked_at > 0
}

/// Smallest magnitude other than 0, as bits less 1.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn smallest_f32(values: &[f32]) -> u32 {
    values.iter().fold(u32::MAX, |least, value| {
        least.min((value.to_bits() & (u32::MAX >> 1)).wrapping_sub(1))
    })
}

/// As [`smallest_f32`]; a 0 is the largest of all.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn smallest_f64(values: &[f64]) -> i64 {
    values.iter().fold(i64::MAX, |least, value| {
        let bits = (value.to_bits() & (u64::MAX >> 1)).wrapping_sub(1);
        // Comparing with a sign is one instruction where comparing without is three.
        least.min((bits & (u64::MAX >> 1)) as i64)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stat::{Remainders, Resolution};

    fn rule(exponent: i32, every: bool, squares: bool) -> RemainderRule {
        let below = if every { f64::INFINITY } else { SMALL };
        RemainderRule::new(Resolution::new(exponent).unwrap(), below, squares)
    }

    fn value() -> impl Strategy<Value = f64> {
        let near = (-140f64..60.0, -1.0f64..1.0).prop_map(|(e, x)| x * e.exp2());
        prop_oneof![
            6 => near,
            4 => -16_400.0f64..16_400.0,
            2 => any::<f32>().prop_map(f64::from),
            1 => any::<f64>(),
            1 => Just(0.0),
        ]
    }

    fn sums<T: Value>(
        values: &[T],
        nulls: Option<&NullBuffer>,
        rule: &RemainderRule,
    ) -> Option<Remainder> {
        let mut sums = RemainderSums::of_cell(7);
        let cut = values.len() / 3;
        sums.add(&values[..cut], nulls, 0, rule);
        sums.add(&values[cut..], nulls, cut, rule);
        sums.finish()
    }

    /// The sums of so many equal values.
    fn times(one: Remainder, values: usize) -> Remainder {
        let (mut sum, mut doubled) = (Remainder::none(one.cell), one);
        for bit in 0..24 {
            if values >> bit & 1 == 1 {
                sum.merge(&doubled);
            }
            let same = doubled;
            doubled.merge(&same);
        }
        sum
    }

    /// Fast and slow ways agree, and none is missed.
    fn agree<T: Value>(
        values: &[T],
        valid: &[bool],
        rule: &RemainderRule,
    ) -> Result<(), TestCaseError> {
        let slow = Remainder::of(7, values, rule);
        prop_assert_eq!(sums(values, None, rule), slow);
        prop_assert!(slow.is_none() || T::may_remain(values, rule));
        let nulls = NullBuffer::from(valid[..values.len()].to_vec());
        let kept: Vec<T> = (0..values.len())
            .filter(|&i| valid[i])
            .map(|i| values[i])
            .collect();
        prop_assert_eq!(
            sums(values, Some(&nulls), rule),
            Remainder::of(7, &kept, rule)
        );
        for &value in values {
            let none = value.part(rule) == Part::None;
            prop_assert!(!none || value.split(rule).is_none());
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn remainders_summed_fast_are_those_summed_one_by_one(
            values in prop::collection::vec(value(), 0..60),
            valid in prop::collection::vec(any::<bool>(), 60),
            exponent in prop_oneof![Just(34), Just(17), -60i32..=100],
            every: bool,
            squares: bool,
        ) {
            let rule = rule(exponent, every, squares);
            agree(&values, &valid, &rule)?;
            let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
            agree(&narrow, &valid, &RemainderRule { below: f64::INFINITY, ..rule })?;
            let whole: Vec<i64> = values.iter().map(|&x| x as i64).collect();
            agree(&whole, &valid, &RemainderRule { below: f64::INFINITY, ..rule })?;
        }
    }

    #[test]
    fn sums_of_the_largest_remainders_do_not_wrap() {
        // The largest units with the largest coarse remainder.
        let rule = rule(34, true, true);
        for sign in [1.0, -1.0] {
            let x = sign * (16_384.0 - Resolution::DEFAULT.unit() * 1.5).next_up();
            let values = vec![x; 3 * COARSE_VALUES + 5];
            let one = Remainder::of(7, &[x], &rule).unwrap();
            let found = sums(&values, None, &rule);
            assert_eq!(found, Some(times(one, values.len())));
        }
    }

    #[test]
    fn sums_of_many_of_the_largest_remainders_are_of_so_many_values_and_no_fewer() {
        let x = (16_384.0 - Resolution::DEFAULT.unit() * 1.5).next_up();
        let one = Remainder::of(7, &[x], &rule(34, true, true)).unwrap();
        let sums = times(one, 1 << 20);
        assert_eq!(sums.values, 1 << 20);
        assert!(sums.are_of(1 << 20) && !sums.are_of((1 << 20) - 1));
    }

    #[test]
    fn nulls_of_many_values_are_looked_up_where_each_stands() {
        let (rule, n) = (rule(34, true, true), COARSE_VALUES + 5);
        let mut values = vec![1.0; n];
        values[n - 1] = 0.1;
        for last in [false, true] {
            let nulls = (0..n).map(|i| i < n - 1 || last).collect::<NullBuffer>();
            let mut sums = RemainderSums::of_cell(7);
            sums.add(&values[2..], Some(&nulls), 2, &rule);
            assert_eq!(sums.finish().is_some(), last);
        }
    }

    #[test]
    fn the_remainder_of_a_cell_goes_to_the_cell_that_it_joins() {
        let row = Remainder::of(5, &[0.1], &rule(34, true, true)).unwrap();
        let (mut from, mut to) = (Remainders::default(), Remainders::default());
        from.append([row]);
        to.join(&from, 4, 2);
        assert!(to.rows().is_empty());
        to.join(&from, 5, 2);
        assert_eq!(to.rows(), [Remainder { cell: 2, ..row }]);
        to.join(&from, 5, 2);
        assert_eq!((to.rows().len(), to.values()), (1, 2));
    }

    #[test]
    fn among_ordinary_heights_no_remainder_is_looked_for() {
        let rule = rule(34, false, false);
        let heights = [2000.5, -3.25, 0.0, 0.001];
        assert!(!f64::may_remain(&heights, &rule));
        assert!(!f32::may_remain(&heights.map(|h| h as f32), &rule));
        for tiny in [1e-5, -1e-30] {
            assert!(f64::may_remain(&[1.0, tiny], &rule));
            assert!(f32::may_remain(&[1.0, tiny as f32], &rule));
        }
    }

    #[test]
    fn a_sample_tells_where_most_values_have_a_remainder() {
        let rule = rule(34, true, true);
        let few: Vec<f64> = (0..1000).map(|i| if i == 5 { 0.1 } else { 1.0 }).collect();
        assert!(!mostly_remain(&few, &rule));
        assert!(mostly_remain(&[0.1; 1000], &rule));
        // Every 16th is looked at.
        let third = |i| if i % 3 == 1 { 0.1 } else { 1.0 };
        assert!(mostly_remain(
            &(0..1024).map(third).collect::<Vec<f64>>(),
            &rule
        ));
        assert!(!mostly_remain::<f64>(&[], &rule));
    }
}
