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
const FEW: usize = 8;

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
    pub fn of<T: Value>(values: &[T], column: &JobColumn) -> Self {
        let mut row = Self {
            count: values.len() as u64,
            ..Self::default()
        };
        let needs = &column.needs;
        if !needs.values() {
            return row;
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
        if needs.terms {
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
