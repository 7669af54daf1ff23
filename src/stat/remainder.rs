//! Remainders: what values are beyond whole units of their column's resolution, summed exactly.
//!
//! Beside `moments.rs`, which sums the whole units. With u = 2^-E, q the whole units of a value x, and
//! r what is left of it:
//!
//! ```text
//!   x = q u + r,  |r| <= u / 2        sum x   = u S   + R1,  R1 = sum r
//!                                     sum x^2 = u^2 Q + R2,  R2 = sum (2 q u + r) r
//! ```
//!
//! r is exact: x - q u is a difference of two numbers within a factor of two of each other (Sterbenz),
//! or x itself where q is 0. It is held in whole *fine* units of 2^-(E+137), rounded half to even
//! once, after which all sums are exact. Heights are nearly always whole units, so few cells have any
//! remainder, and the rows here are of those only.

use super::exact::rounded_right;
use super::job::JobColumn;
use super::resolution::{Resolution, VALUE_BITS};
use super::value::Value;
use super::wide::Wide;
use crate::photon::ColumnType;

/// Bits of a fine unit below a unit: as many as leave R2 of 2^60 values within 384 bits. By default a
/// fine unit is 2^-171, of which every float32 is a whole number.
pub const FINE_BITS: u32 = 137;

/// Sums of remainders of one cell and column, and how many values have one.
///
/// |r| is at most 2^136 fine units: R1 of 2^60 values needs 197 bits. |(2 q u + r) r| is below
/// 2^48 u^2, which is 2^322 squares of fine units: R2 needs 383 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remainder {
    pub cell: u64,
    pub values: u64,
    /// R1 in fine units.
    pub first: Wide<4>,
    /// R2 in squares of fine units; 0 where no variance is asked for.
    pub second: Wide<6>,
}

/// Remainders of one column, ascending by cell; cells without any have no row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remainders {
    pub(super) rows: Vec<Remainder>,
}

/// Which values of a column have a remainder that is kept, and what is kept of it.
#[derive(Debug, Clone, Copy)]
pub struct RemainderRule {
    pub(super) resolution: Resolution,
    /// 2^E.
    pub(super) scale: f64,
    /// Values of so many units or more are taken as whole.
    pub(super) below: f64,
    /// Whether R2 is asked for.
    pub(super) squares: bool,
}

/// A value as whole units and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    pub units: i64,
    /// The rest is `rest * 2^shift` fine units.
    pub rest: i64,
    pub shift: u32,
}

impl JobColumn {
    /// Which remainders are kept; `None` where none can be.
    ///
    /// Of float32 and integer columns, of those with a unit coarser than 2^-34 and of those with a
    /// variance, every one is. Else of values below 2^23 units, which their unit may move by more than
    /// 2^-24 of themselves: an ordinary float64 has a remainder, and a mean has no use for it.
    pub fn remainder_rule(&self) -> Option<RemainderRule> {
        let whole = self.column_type == ColumnType::I64 && self.resolution.exponent() >= 0;
        if !self.needs.moments || whole {
            return None;
        }
        let below = if self.sums_exactly() {
            f64::INFINITY
        } else {
            8_388_608.0
        };
        Some(RemainderRule::new(
            self.resolution,
            below,
            self.needs.variance,
        ))
    }

    /// Whether sums of the column's values are exact, up to fine units.
    pub fn sums_exactly(&self) -> bool {
        self.column_type != ColumnType::F64
            || self.needs.variance
            || self.resolution.exponent() < Resolution::DEFAULT.exponent()
    }
}

impl RemainderRule {
    pub(super) fn new(resolution: Resolution, below: f64, squares: bool) -> Self {
        Self {
            resolution,
            scale: resolution.scale(),
            below,
            squares,
        }
    }
}

impl Remainder {
    /// Of no values.
    pub fn none(cell: u64) -> Self {
        Self {
            cell,
            values: 0,
            first: Wide::default(),
            second: Wide::default(),
        }
    }

    /// Of these values, one by one; `None` where none has a remainder.
    pub fn of<T: Value>(cell: u64, values: &[T], rule: &RemainderRule) -> Option<Self> {
        let mut sums = Self::none(cell);
        let splits = values.iter().filter_map(|value| value.split(rule));
        splits.for_each(|split| sums.add(split, rule.squares));
        (sums.values > 0).then_some(sums)
    }

    /// Adds one value. With g the rest in fine units, (2 q u + r) r is 2^138 q g + g^2; both factors
    /// of each product have at most 61 bits.
    #[inline]
    pub fn add(&mut self, split: Split, squares: bool) {
        let Split { units, rest, shift } = split;
        self.values += 1;
        self.first.add_shifted(rest.into(), shift);
        if squares {
            let rest = i128::from(rest);
            let product = i128::from(units) * rest;
            self.second.add_shifted(product, shift + FINE_BITS + 1);
            self.second.add_shifted(rest * rest, 2 * shift);
        }
    }

    /// Adds the sums of another cell or part.
    pub fn merge(&mut self, other: &Self) {
        self.values += other.values;
        self.first.merge(&other.first);
        self.second.merge(&other.second);
    }

    /// Whether so many values can have these sums at most.
    pub fn are_of(&self, values: u64) -> bool {
        let bits = 64 - self.values.leading_zeros();
        (1..=values).contains(&self.values)
            && self.first.magnitude().bits() < FINE_BITS + bits
            && self.second.magnitude().bits() <= 2 * FINE_BITS + 48 + bits
    }
}

impl Remainders {
    /// Appends rows that ascend by cell from the last one here on; rows of one cell merge.
    pub fn append(&mut self, rows: impl IntoIterator<Item = Remainder>) {
        rows.into_iter().for_each(|row| self.push(row));
    }

    pub fn rows(&self) -> &[Remainder] {
        &self.rows
    }

    /// The row of a cell, where it has one.
    pub fn get(&self, cell: u64) -> Option<&Remainder> {
        let found = self.rows.binary_search_by_key(&cell, |row| row.cell);
        found.ok().map(|i| &self.rows[i])
    }

    /// How many values have a remainder.
    pub fn values(&self) -> u64 {
        self.rows.iter().map(|row| row.values).sum()
    }

    /// Checks that rows are of some of these ascending cells, each once.
    ///
    /// # Errors
    /// In words, the first row that is not.
    pub fn check(&self, cells: &[u64]) -> Result<(), String> {
        let mut rest = cells;
        for row in &self.rows {
            rest = &rest[rest.partition_point(|&cell| cell < row.cell)..];
            if rest.first() != Some(&row.cell) {
                let cell = row.cell;
                return Err(format!(
                    "remainders of cell {cell}, which is not there or has others before"
                ));
            }
            rest = &rest[1..];
        }
        Ok(())
    }

    /// The rows of ascending cells.
    pub(super) fn of_cells(&self, cells: &[u64]) -> &[Remainder] {
        let (Some(first), Some(last)) = (cells.first(), cells.last()) else {
            return &[];
        };
        let start = self.rows.partition_point(|row| row.cell < *first);
        let rest = &self.rows[start..];
        &rest[..rest.partition_point(|row| row.cell <= *last)]
    }

    /// Appends the rows of these cells, which are above those here.
    pub(super) fn extend(&mut self, other: &Self, cells: &[u64]) {
        if !other.rows.is_empty() {
            self.rows.extend_from_slice(other.of_cells(cells));
        }
    }

    /// Adds what cell `from` has to cell `to`, the last one here or above it.
    pub(super) fn join(&mut self, other: &Self, from: u64, to: u64) {
        if let Some(row) = other.get(from) {
            self.push(Remainder { cell: to, ..*row });
        }
    }

    fn push(&mut self, row: Remainder) {
        match self.rows.last_mut() {
            Some(last) if last.cell == row.cell => last.merge(&row),
            _ => self.rows.push(row),
        }
    }
}

/// The rest of a value whose distance from whole units is `distance` units, a number of magnitude up to
/// 1/2; `None` for less than half a fine unit.
pub(super) fn rest_of(distance: f64) -> Option<(i64, u32)> {
    let bits = distance.abs().to_bits();
    let (biased, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    // Subnormal numbers are far below a fine unit.
    let mantissa = fraction | 1 << 52;
    let shift = biased - 1075 + FINE_BITS as i32;
    let (rest, shift) = match u32::try_from(shift) {
        Ok(shift) => (mantissa as i64, shift),
        Err(_) => (rounded_right(mantissa, shift.unsigned_abs()) as i64, 0),
    };
    let rest = if distance < 0.0 { -rest } else { rest };
    (rest != 0).then_some((rest, shift))
}

/// As [`Value::split`], of a float: exact but for what is below a fine unit.
pub(super) fn split_float(x: f64, rule: &RemainderRule) -> Option<Split> {
    let units = rule.resolution.quantise(x)?;
    let scaled = x * rule.scale;
    if scaled.abs() >= rule.below {
        return None;
    }
    let (rest, shift) = rest_of(scaled - units as f64)?;
    Some(Split { units, rest, shift })
}

/// As [`Value::split`], of an integer: exact.
pub(super) fn split_integer(n: i64, rule: &RemainderRule) -> Option<Split> {
    let units = rule.resolution.quantise_integer(n)?;
    let unit_bits = u32::try_from(-rule.resolution.exponent()).ok()?;
    // Of the wrapped difference the low bits are right, and they are all: it is half a unit at most.
    let rest = n.wrapping_sub(units.wrapping_shl(unit_bits));
    let shift = FINE_BITS - unit_bits;
    (rest != 0).then_some(Split { units, rest, shift })
}

// What the bounds above are made of.
const _: () = assert!(VALUE_BITS == 48 && 48 + 2 * FINE_BITS + 60 < 384);

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;
    use crate::stat::{ColumnOrigin, Needs};

    fn rule(exponent: i32) -> RemainderRule {
        RemainderRule::new(Resolution::new(exponent).unwrap(), f64::INFINITY, true)
    }

    /// 2^exponent.
    fn power(exponent: i32) -> BigRational {
        BigRational::from(BigInt::from(2)).pow(exponent)
    }

    /// The number that units and rest stand for.
    fn whole(split: Split, exponent: i32) -> BigRational {
        let rest = BigInt::from(split.rest) << split.shift;
        let fine = (BigInt::from(split.units) << FINE_BITS) + rest;
        BigRational::from(fine) * power(-exponent - FINE_BITS as i32)
    }

    fn number(x: f64) -> BigRational {
        BigRational::from_float(x).unwrap()
    }

    fn exponents() -> impl Strategy<Value = i32> {
        prop_oneof![Just(34), Just(17), Just(39), -60i32..=100]
    }

    /// Of any magnitude, most of them near some unit.
    fn value() -> impl Strategy<Value = f64> {
        let near = (-140f64..60.0, -1.0f64..1.0).prop_map(|(e, x)| x * e.exp2());
        prop_oneof![6 => near, 2 => any::<f32>().prop_map(f64::from), 1 => any::<f64>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn units_and_rest_are_the_value_up_to_half_a_fine_unit(x in value(), exponent in exponents()) {
            let rule = rule(exponent);
            let Some(units) = rule.resolution.quantise(x) else {
                prop_assert_eq!(split_float(x, &rule), None);
                return Ok(());
            };
            let split = split_float(x, &rule).unwrap_or(Split { units, rest: 0, shift: 0 });
            prop_assert_eq!(split.units, units);
            let off = whole(split, exponent) - number(x);
            let half = power(-exponent - FINE_BITS as i32 - 1);
            prop_assert!(off <= half && -off.clone() <= half, "{x} is off by {off}");
            // Every value with bits above fine units only is exact.
            let lowest = (x.abs().to_bits() >> 52) as i32 - 1075;
            if lowest >= -exponent - FINE_BITS as i32 && x != 0.0 {
                prop_assert_eq!(off, number(0.0));
            }
        }

        #[test]
        fn units_and_rest_are_the_integer(n: i64, narrow in 0u32..63, exponent in -60i32..0) {
            let (n, rule) = (n >> narrow, rule(exponent));
            if let Some(split) = split_integer(n, &rule) {
                prop_assert_eq!(whole(split, exponent), BigRational::from(BigInt::from(n)));
            } else if let Some(units) = rule.resolution.quantise_integer(n) {
                prop_assert_eq!(i128::from(units) << -exponent, i128::from(n));
            }
        }
    }

    #[test]
    fn float32_is_exact_by_default_down_to_its_smallest_number() {
        for x in [
            f32::from_bits(1),
            f32::MIN_POSITIVE,
            1e-13,
            16_383.999,
            4.9e-4,
        ] {
            let split = x.split(&rule(34)).unwrap_or(Split {
                units: x.quantise(Resolution::DEFAULT).unwrap(),
                rest: 0,
                shift: 0,
            });
            assert_eq!(whole(split, 34), number(x.into()), "{x}");
        }
    }

    #[test]
    fn a_column_keeps_the_remainders_that_its_type_unit_and_statistics_call_for() {
        use ColumnType::{F32, F64, I64};
        let column = |column_type, exponent, variance| JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type,
            resolution: Resolution::new(exponent).unwrap(),
            needs: Needs {
                moments: true,
                variance,
                ..Needs::default()
            },
        };
        for (column_type, exponent, variance, below) in [
            (F32, 34, false, Some(f64::INFINITY)),
            (F64, 34, false, Some(8_388_608.0)),
            (F64, 39, false, Some(8_388_608.0)),
            (F64, 34, true, Some(f64::INFINITY)),
            (F64, 33, false, Some(f64::INFINITY)),
            (I64, 0, true, None),
            (I64, 3, true, None),
            (I64, -1, false, Some(f64::INFINITY)),
        ] {
            let rule = column(column_type, exponent, variance).remainder_rule();
            assert_eq!(
                rule.map(|rule| rule.below),
                below,
                "{column_type:?} {exponent}"
            );
        }
        let rule = column(F64, 34, false).remainder_rule().unwrap();
        let border = 8_388_608.0 * Resolution::DEFAULT.unit();
        assert_eq!(border.next_up().split(&rule), None);
        assert!(border.next_down().split(&rule).is_some());
    }
}
