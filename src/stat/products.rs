//! Sums of products of several columns, exact, over the photons where all of their values are finite.
//!
//! Below `joint.rs`, whose rows they become. With x a value in units u = 2^-128:
//!
//! ```text
//!   row      n | sum x_1 .. sum x_k | sum x_1 x_1, sum x_1 x_2, .. sum x_k x_k
//!   limbs    1 | 4 each             | 7 each, two's complement
//! ```
//!
//! A float64 or float32 of 2^-76 or more is a whole number of units, smaller ones are rounded half to even, and integers
//! are exact. Values of a cell have nearly always a common unit in which each has 55 bits: then products are summed in
//! 128 bits and only the sums are shifted to units. Others are taken one by one; both are the same integers.

use std::ops::Range;

use super::exact::rounded_right;
use super::joint::{Form, PRODUCT, SUM};
use super::order::Class;
use super::terms::TermSum;
use super::value::Value;
use super::wide::add_shifted;
use crate::photon::{Column, Values};

/// A unit is 2 to minus this.
pub const UNIT_BITS: u32 = 128;
/// Photons that are taken at a time: 2^12 products of 110 bits fit 128 bits.
const BLOCK: usize = 4096;
/// Bits of a value in the common unit of a block.
const BITS: i32 = 55;

/// Sums of products on their way, in memory that is used again from cell to cell.
#[derive(Debug)]
pub struct ProductSums {
    columns: usize,
    row: Vec<u64>,
    picked: Vec<usize>,
    /// The values of the block in its common unit, by column, and the unit.
    whole: Vec<Vec<i64>>,
    shifts: Vec<u32>,
}

/// Where the sum of products of columns `i` and `j` begins in a row.
pub(super) fn place(columns: usize, i: usize, j: usize) -> usize {
    let (i, j) = (i.min(j), i.max(j));
    let before = i * columns - i * (i + 1) / 2 + i;
    1 + SUM * columns + PRODUCT * (before + j - i)
}

/// Whether sums of products hold a value of a column: what is not finite has no part in them.
pub(super) fn holds<T: Value>(value: T) -> bool {
    value.class() != Class::Finite || value.to_f64().abs() < TermSum::RANGE
}

/// How many values of a column are out of range, null and non-finite ones aside.
pub fn beyond_range(column: &Column, photons: Range<usize>) -> u64 {
    fn count<T: Value>(column: &Column, values: &[T], photons: Range<usize>) -> u64 {
        let beyond = photons.filter(|&i| !holds(values[i]) && column.is_valid(i));
        beyond.count() as u64
    }
    match &column.values {
        Values::F32(v) => count(column, v, photons),
        Values::F64(v) => count(column, v, photons),
        Values::I64(v) => count(column, v, photons),
    }
}

impl ProductSums {
    /// Of so many columns, and of no values.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            row: vec![0; Form::Products(columns).words()],
            picked: Vec::new(),
            whole: vec![Vec::new(); columns],
            shifts: vec![0; columns],
        }
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.row.fill(0);
    }

    /// The sums; `None` where no photon counts.
    pub fn row(&self) -> Option<&[u64]> {
        (self.row[0] > 0).then_some(&self.row)
    }

    /// Adds photons of these columns.
    pub fn add(&mut self, columns: &[&Column], photons: Range<usize>) {
        for start in photons.clone().step_by(BLOCK) {
            let block = start..(start + BLOCK).min(photons.end);
            self.picked.clear();
            self.picked.extend(block.filter(|&i| counts(columns, i)));
            self.row[0] += self.picked.len() as u64;
            let common = columns.iter().enumerate().all(|(c, column)| {
                let shift = in_common_unit(&column.values, &self.picked, &mut self.whole[c]);
                shift.map(|shift| self.shifts[c] = shift).is_some()
            });
            if common {
                self.add_block();
            } else {
                self.add_each(columns);
            }
        }
    }

    /// Adds the values of the block in their common units.
    fn add_block(&mut self) {
        for i in 0..self.columns {
            let sum: i128 = self.whole[i].iter().map(|&q| i128::from(q)).sum();
            add_shifted(sum_of(&mut self.row, i), sum, self.shifts[i]);
            for j in i..self.columns {
                let pairs = self.whole[i].iter().zip(&self.whole[j]);
                let sum: i128 = pairs.map(|(&a, &b)| i128::from(a) * i128::from(b)).sum();
                let at = place(self.columns, i, j);
                let by = self.shifts[i] + self.shifts[j];
                add_shifted(&mut self.row[at..at + PRODUCT], sum, by);
            }
        }
    }

    /// Adds the values of the block one by one.
    fn add_each(&mut self, columns: &[&Column]) {
        let mut parts = vec![(0, 0); columns.len()];
        for &photon in &self.picked {
            for (part, column) in parts.iter_mut().zip(columns) {
                *part = match &column.values {
                    Values::F32(v) => float_parts(f64::from(v[photon])),
                    Values::F64(v) => float_parts(v[photon]),
                    Values::I64(v) => (v[photon], UNIT_BITS),
                };
            }
            for (i, &(a, shift)) in parts.iter().enumerate() {
                add_shifted(sum_of(&mut self.row, i), a.into(), shift);
                for (j, &(b, more)) in parts.iter().enumerate().skip(i) {
                    let at = place(self.columns, i, j);
                    let product = i128::from(a) * i128::from(b);
                    add_shifted(&mut self.row[at..at + PRODUCT], product, shift + more);
                }
            }
        }
    }
}

fn sum_of(row: &mut [u64], column: usize) -> &mut [u64] {
    let at = 1 + SUM * column;
    &mut row[at..at + SUM]
}

/// Whether all values of a photon are there, finite and in range.
fn counts(columns: &[&Column], photon: usize) -> bool {
    fn fits<T: Value>(value: T) -> bool {
        value.class() == Class::Finite && holds(value)
    }
    columns.iter().all(|column| {
        let fits = match &column.values {
            Values::F32(v) => fits(v[photon]),
            Values::F64(v) => fits(v[photon]),
            Values::I64(v) => fits(v[photon]),
        };
        fits && column.is_valid(photon)
    })
}

/// Values as whole numbers of 55 bits, and by how many bits a common unit is above a unit; `None` where there is none.
fn in_common_unit(values: &Values, picked: &[usize], whole: &mut Vec<i64>) -> Option<u32> {
    whole.clear();
    match values {
        Values::F32(v) => floats_in_common_unit(picked.iter().map(|&i| f64::from(v[i])), whole),
        Values::F64(v) => floats_in_common_unit(picked.iter().map(|&i| v[i]), whole),
        Values::I64(v) => {
            whole.extend(picked.iter().map(|&i| v[i]));
            let fit = whole.iter().all(|q| q.unsigned_abs() < 1 << BITS);
            fit.then_some(UNIT_BITS)
        }
    }
}

fn floats_in_common_unit(
    values: impl Iterator<Item = f64> + Clone,
    whole: &mut Vec<i64>,
) -> Option<u32> {
    let largest = values.clone().fold(0.0, |most: f64, x| most.max(x.abs()));
    if largest == 0.0 {
        whole.extend(values.map(|_| 0));
        return Some(0);
    }
    // 2^exponent is the largest power of two up to the largest value; subnormal ones have no such unit.
    let exponent = (largest.to_bits() >> 52) as i32 - 1023;
    let unit = exponent + 1 - BITS;
    let shift = u32::try_from(unit + UNIT_BITS as i32).ok()?;
    let scale = f64::from_bits(((1023 - unit) as u64) << 52);
    for x in values {
        let scaled = x * scale;
        let q = scaled as i64;
        if q as f64 != scaled {
            return None;
        }
        whole.push(q);
    }
    Some(shift)
}

/// A finite float below 2^63 as whole units: an integer of 53 bits, and how far it is shifted.
fn float_parts(x: f64) -> (i64, u32) {
    let bits = x.abs().to_bits();
    let (biased, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    let mantissa = fraction | u64::from(biased != 0) << 52;
    let shift = biased.max(1) - 1075 + UNIT_BITS as i32;
    let (mantissa, shift) = match u32::try_from(shift) {
        Ok(shift) => (mantissa, shift),
        Err(_) => (rounded_right(mantissa, shift.unsigned_abs()), 0),
    };
    let signed = mantissa as i64;
    (if x < 0.0 { -signed } else { signed }, shift)
}

#[cfg(test)]
mod tests {
    use arrow::buffer::NullBuffer;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    use super::*;

    fn signed(limbs: &[u64]) -> BigInt {
        let bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        BigInt::from_signed_bytes_le(&bytes)
    }

    /// A value in units, half to even.
    fn units(x: f64) -> BigInt {
        let bits = x.abs().to_bits();
        let biased = (bits >> 52) as i64;
        let mantissa = BigInt::from(bits & ((1 << 52) - 1) | u64::from(biased != 0) << 52);
        let shift = biased.max(1) - 1075 + 128;
        let whole = if shift >= 0 {
            mantissa << shift
        } else {
            let down = -shift;
            let floor: BigInt = &mantissa >> down;
            let rest: BigInt = (&mantissa - (&floor << down)) * 2;
            let one: BigInt = BigInt::from(1) << down;
            let odd = floor.bit(0);
            if rest > one || (rest == one && odd) {
                floor + 1
            } else {
                floor
            }
        };
        if x < 0.0 { -whole } else { whole }
    }

    /// Of any magnitude, and often of one.
    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => (-140f64..60.0, -1.0f64..1.0).prop_map(|(e, x)| x * e.exp2()),
            4 => -4000.0f64..4000.0,
            2 => 1e8f64..1.1e8,
            1 => Just(0.0),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => any::<f64>().prop_filter("in range", |x| x.is_nan() || x.abs() < TermSum::RANGE),
        ]
    }

    fn column(values: Values, valid: &[bool]) -> Column {
        Column {
            nulls: Some(NullBuffer::from(valid.to_vec())),
            values,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn sums_of_products_are_those_of_integers_however_they_are_cut(
            rows in prop::collection::vec((value(), -4000.0f32..4000.0, any::<i64>(), 0u32..64, any::<[bool; 3]>()), 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let valid = |i: usize| -> Vec<bool> { rows.iter().map(|row| row.4[i] || row.3 % 4 > 0).collect() };
            let whole = |row: &(f64, f32, i64, u32, [bool; 3])| (row.2 / 2) >> row.3;
            let columns = [
                column(Values::F64(rows.iter().map(|row| row.0).collect()), &valid(0)),
                column(Values::F32(rows.iter().map(|row| row.1).collect()), &valid(1)),
                column(Values::I64(rows.iter().map(whole).collect()), &valid(2)),
            ];
            let columns: Vec<&Column> = columns.iter().collect();
            let mut expected = vec![BigInt::ZERO; 9];
            let mut n = 0;
            for (i, row) in rows.iter().enumerate() {
                if !row.0.is_finite() || columns.iter().any(|column| !column.is_valid(i)) {
                    continue;
                }
                n += 1;
                let x = [units(row.0), units(row.1.into()), BigInt::from(whole(row)) << 128];
                let mut at = 3;
                for a in 0..3 {
                    expected[a] += &x[a];
                    for b in a..3 {
                        expected[at] += &x[a] * &x[b];
                        at += 1;
                    }
                }
            }
            let cut = cut.index(rows.len() + 1);
            let mut sums = ProductSums::new(3);
            sums.add(&columns, 0..cut);
            sums.add(&columns, cut..rows.len());
            let row = sums.row().map_or(vec![0; Form::Products(3).words()], <[u64]>::to_vec);
            prop_assert_eq!(row[0], n);
            for (i, sum) in expected[..3].iter().enumerate() {
                prop_assert_eq!(&signed(&row[1 + SUM * i..][..SUM]), sum);
            }
            let mut products = expected[3..].iter();
            for i in 0..3 {
                for j in i..3 {
                    let at = place(3, j, i);
                    prop_assert_eq!(&signed(&row[at..at + PRODUCT]), products.next().unwrap());
                }
            }
        }
    }

    #[test]
    fn a_block_of_the_largest_values_does_not_wrap() {
        let largest = TermSum::RANGE.next_down();
        for value in [largest, -largest] {
            let n = 2 * BLOCK + 1;
            let column = column(Values::F64(vec![value; n].into()), &vec![true; n]);
            let mut sums = ProductSums::new(2);
            sums.add(&[&column, &column], 0..n);
            let row = sums.row().unwrap();
            let times = BigInt::from(n);
            assert_eq!(signed(&row[1..=SUM]), units(value) * &times);
            let at = place(2, 0, 1);
            assert_eq!(
                signed(&row[at..at + PRODUCT]),
                units(value) * units(value) * &times
            );
        }
    }

    #[test]
    fn values_out_of_range_are_counted_and_take_no_part() {
        let values = [
            TermSum::RANGE,
            1.0,
            f64::NEG_INFINITY,
            -1e300,
            f64::NAN,
            2e300,
        ];
        let floats = column(
            Values::F64(values.to_vec().into()),
            &[true, true, true, true, true, false],
        );
        assert_eq!(beyond_range(&floats, 0..6), 2);
        let mut sums = ProductSums::new(1);
        sums.add(&[&floats], 0..6);
        assert_eq!(sums.row().unwrap()[0], 1);
        let whole = column(Values::I64(vec![i64::MIN, i64::MAX, 5].into()), &[true; 3]);
        assert_eq!(beyond_range(&whole, 0..3), 2);
        sums.clear();
        sums.add(&[&whole], 0..3);
        assert_eq!(sums.row().unwrap()[0], 1);
    }
}
