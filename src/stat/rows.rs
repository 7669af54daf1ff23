//! Rows: the accumulators of one cell and one column, and the places where rows are written.
//!
//! Beside `partial.rs`, whose arrays hold rows column by column.

use super::job::JobColumn;
use super::moments::Moments;
use super::range::Range;
use super::specials::Specials;
use super::terms::TermSum;
use super::value::Value;

/// Values below which scanning ahead costs more than taking them one by one.
pub(super) const FEW: usize = 8;

/// The accumulators of fixed size that one column has for one cell; those that the job does not need
/// are of no values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Row {
    pub count: u64,
    pub specials: Specials,
    pub range: Range,
    pub moments: Moments,
    pub terms: TermSum,
    /// Values that no accumulator could hold.
    pub out_of_range: u64,
}

/// Consecutive rows of one column, to be written in place.
#[derive(Debug)]
pub struct RowsMut<'a> {
    pub(super) count: &'a mut [u64],
    pub(super) specials: &'a mut [Specials],
    pub(super) range: Option<&'a mut [Range]>,
    pub(super) moments: Option<&'a mut [Moments]>,
    pub(super) terms: Option<&'a mut [TermSum]>,
}

impl Row {
    /// Of these values, none of them null.
    // A row is long: whoever asks for one takes it apart without copying it.
    #[inline(always)]
    pub fn of<T: Value>(values: &[T], column: &JobColumn) -> Self {
        let mut row = Self {
            count: values.len() as u64,
            ..Self::default()
        };
        let needs = &column.needs;
        if !needs.values() {
            return row;
        }
        let terms = needs.terms.then(|| T::terms(values)).flatten();
        if let Some(terms) = terms {
            row.terms = terms;
            if !needs.range && !needs.moments {
                // All of them are finite.
                return row;
            }
        }
        if values.len() < FEW {
            row.specials.accumulate(values);
            if needs.range {
                row.range.accumulate(values);
            }
            if needs.moments {
                row.out_of_range += row.moments.accumulate(values, column.resolution);
            }
        } else {
            row.scan(values, column);
        }
        if needs.terms && terms.is_none() {
            row.out_of_range += row.terms.accumulate(values);
        }
        row
    }

    /// Nearly all values are finite and well inside the range: one pass tells, and others sum.
    fn scan<T: Value>(&mut self, values: &[T], column: &JobColumn) {
        let scan = T::scan(values);
        if !scan.magnitude.is_finite() {
            self.specials.accumulate(values);
        }
        if column.needs.range {
            if self.specials.nan == 0 {
                self.range = scan.range;
            } else {
                self.range.accumulate(values);
            }
        }
        if column.needs.moments {
            let resolution = column.resolution;
            // Not so for NaN.
            let plain = scan.magnitude < resolution.range() - resolution.unit();
            match plain.then(|| T::sums(values, resolution)).flatten() {
                Some(sums) => self.moments = Moments::from_sums(sums),
                None => self.out_of_range += self.moments.accumulate(values, resolution),
            }
        }
    }
}

impl<'a> RowsMut<'a> {
    /// The first `rows` rows, and the others.
    pub fn split_at(self, rows: usize) -> (Self, Self) {
        fn split<T>(rows: Option<&mut [T]>, at: usize) -> (Option<&mut [T]>, Option<&mut [T]>) {
            rows.map_or((None, None), |rows| {
                let (first, rest) = rows.split_at_mut(at);
                (Some(first), Some(rest))
            })
        }
        let (count, counts) = self.count.split_at_mut(rows);
        let (special, specials) = self.specials.split_at_mut(rows);
        let (range, ranges) = split(self.range, rows);
        let (moment, moments) = split(self.moments, rows);
        let (term, terms) = split(self.terms, rows);
        let first = RowsMut::<'a> {
            count,
            specials: special,
            range,
            moments: moment,
            terms: term,
        };
        let rest = RowsMut::<'a> {
            count: counts,
            specials,
            range: ranges,
            moments,
            terms,
        };
        (first, rest)
    }

    /// Replaces row `i`.
    pub fn set(&mut self, i: usize, row: &Row) {
        let Self {
            count,
            specials,
            range,
            moments,
            terms,
        } = self;
        count[i] = row.count;
        specials[i] = row.specials;
        if let Some(rows) = range {
            rows[i] = row.range;
        }
        if let Some(rows) = moments {
            rows[i] = row.moments;
        }
        if let Some(rows) = terms {
            rows[i] = row.terms;
        }
    }

    /// Merges into row `i`.
    pub fn merge(&mut self, i: usize, row: &Row) {
        let Self {
            count,
            specials,
            range,
            moments,
            terms,
        } = self;
        count[i] += row.count;
        specials[i].merge(&row.specials);
        if let Some(rows) = range {
            rows[i].merge(&row.range);
        }
        if let Some(rows) = moments {
            rows[i].merge(&row.moments);
        }
        if let Some(rows) = terms {
            rows[i].merge(&row.terms);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::ColumnType;
    use crate::stat::{ColumnOrigin, ColumnPartials, Needs, Resolution};

    /// Out of range, the sum and the sum of squares of as many values as this, in one cell.
    fn moments<T: Value>(value: T, times: usize, exponent: i32) -> (u64, i128, u128) {
        let column = JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::new(exponent).unwrap(),
            needs: Needs {
                moments: true,
                variance: true,
                ..Needs::default()
            },
        };
        let row = Row::of(&vec![value; times], &column);
        assert_eq!(row.moments.squares.high, 0);
        (row.out_of_range, row.moments.sum, row.moments.squares.low)
    }

    #[test]
    fn values_are_in_range_up_to_half_a_unit_below_its_bound() {
        let last = (1i128 << 48) - 1;
        let square = last.unsigned_abs().pow(2);
        // Few values and many take other ways.
        for (times, exponent) in [(1, -20), (1, 0), (1, 34), (1, 100), (500, 0), (500, 34)] {
            let unit = 2f64.powi(-exponent);
            let n = times as i128;
            for sign in [1.0, -1.0] {
                // A tie, and 2^48 - 1 is odd.
                let bound = (2f64.powi(48) - 0.5) * unit;
                let beyond = moments(sign * bound, times, exponent);
                assert_eq!(beyond, (times as u64, 0, 0), "{sign} {exponent}");
                let within = moments(sign * bound.next_down(), times, exponent);
                let sum = n * if sign > 0.0 { last } else { -last };
                assert_eq!(within, (0, sum, n as u128 * square), "{sign} {exponent}");
                let whole = moments(sign * (2f64.powi(48) - 1.0) * unit, times, exponent);
                assert_eq!(whole, within, "{sign} {exponent}");
            }
        }
        for times in [1, 500] {
            let n = times as u64;
            assert_eq!(moments(1i64 << 48, times, 0), (n, 0, 0));
            assert_eq!(moments(-(1i64 << 48), times, 0), (n, 0, 0));
            let within = (0, -last * times as i128, u128::from(n) * square);
            assert_eq!(moments(1 - (1i64 << 48), times, 0), within);
            assert_eq!(moments(2f32.powi(48), times, 0), (n, 0, 0));
            let below = 2f32.powi(48).next_down();
            let sum = times as i128 * below as i128;
            let squares = u128::from(n) * (below as u128).pow(2);
            assert_eq!(moments(below, times, 0), (0, sum, squares));
        }
    }

    fn column() -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                range: true,
                moments: true,
                variance: true,
                terms: true,
                ..Needs::default()
            },
        }
    }

    #[test]
    fn many_values_come_to_what_they_come_to_one_by_one() {
        let column = column();
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2e4, -0.0, 1e300] {
            let mut values: Vec<f64> = (0..40).map(|i| f64::from(i) * 0.5 - 3.0).collect();
            values[17] = odd;
            let mut sum = Row::default();
            for value in &values {
                let one = Row::of(&[*value], &column);
                sum.count += one.count;
                sum.specials.merge(&one.specials);
                sum.range.merge(&one.range);
                sum.moments.merge(&one.moments);
                sum.terms.merge(&one.terms);
                sum.out_of_range += one.out_of_range;
            }
            let all = Row::of(&values, &column);
            assert_eq!(format!("{all:?}"), format!("{sum:?}"), "{odd}");
        }
    }

    #[test]
    fn a_value_beyond_moments_and_terms_is_counted_by_both() {
        for times in [1, 500] {
            let row = Row::of(&vec![1e300; times], &column());
            assert_eq!(row.out_of_range, 2 * times as u64);
        }
    }

    #[test]
    fn a_row_is_merged_where_another_stands() {
        let column = column();
        let cells = |cells: [&[f64]; 2]| {
            let mut partials = ColumnPartials::empty(&column);
            for cell in cells {
                partials.push_cell(cell, &column);
            }
            partials
        };
        let mut partials = cells([&[8.0], &[1.0, f64::NAN]]);
        let mut rows = partials.rows_mut();
        rows.merge(1, &Row::of(&[4.0, f64::INFINITY], &column));
        let merged = cells([&[8.0], &[1.0, f64::NAN, 4.0, f64::INFINITY]]);
        assert_eq!(partials, merged);
    }
}
