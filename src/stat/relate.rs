//! From sums of products to covariance, correlation and the least squares fit of a value to other columns.
//!
//! Beside `finish.rs`. With n photons, a value y and other columns x, all in units u, and
//!
//! ```text
//!   A_ij = n sum x_i x_j - sum x_i sum x_j     b_i = n sum x_i y - sum x_i sum y     c = n sum y^2 - (sum y)^2
//!   G_ij = sum x_i x_j                         M   = A bordered by b and c
//! ```
//!
//! the normal equations of y = a + b x + .. + e are solved by Cramer's rule in integers (Draper and Smith
//! 1998, chapters 1 and 5), for p columns x with the residual variance s^2 = RSS / (n - p - 1) and RSS = det M / (n det A):
//!
//! ```text
//!   b_1 = det A[1 <- b] / det A            Var b_1 = det M det A[without 1] / ((n - p - 1) det A^2)
//!   a   = (sum y - sum b_i sum x_i) / n    Var a   = det M det G n^(p - 2) / ((n - p - 1) det A^2)
//! ```
//!
//! Each is one fraction, and rounded once. Where det A is 0, x is constant or the columns are collinear: there is no fit.

use num_bigint::BigInt;

use super::fraction::Fraction;
use super::joint::{PRODUCT, SUM};
use super::products::{UNIT_BITS, place};
use crate::expr::Relation;

/// The sums of one cell, by columns in the order of a measure: the value, then those that it is related to.
struct Sums<'a> {
    row: &'a [u64],
    /// Columns of the row.
    columns: usize,
    order: &'a [u8],
    n: BigInt,
}

type Matrix = Vec<Vec<BigInt>>;

/// A relation of the value to the other columns, of sums of at least one photon; `order` has the places of the value
/// and of the others among the columns of the row. NaN where the photons do not determine it.
pub(super) fn related(row: &[u64], columns: usize, order: &[u8], relation: Relation) -> f64 {
    let sums = Sums {
        row,
        columns,
        order,
        n: BigInt::from(row[0]),
    };
    sums.finish(relation).unwrap_or(f64::NAN)
}

impl Sums<'_> {
    fn finish(&self, relation: Relation) -> Option<f64> {
        let unit = -i64::from(UNIT_BITS);
        Some(match relation {
            Relation::Cov { ddof } => {
                let free = self.row[0]
                    .checked_sub(ddof.into())
                    .filter(|&free| free > 0)?;
                fraction(self.centred(0, 1), &self.n * free, 2 * unit)?.nearest()
            }
            Relation::Corr => {
                let both = self.centred(0, 1);
                let apart = self.centred(0, 0) * self.centred(1, 1);
                let squared = fraction(&both * &both, apart, 0)?.nearest_root();
                if both < BigInt::ZERO {
                    -squared
                } else {
                    squared
                }
            }
            Relation::Slope => {
                let a = self.spreads();
                fraction(self.numerator(&a, 1), det(&a), 0)?.nearest()
            }
            Relation::Intercept => {
                let a = self.spreads();
                let whole = det(&a);
                let slopes = (1..self.order.len()).map(|i| self.numerator(&a, i) * self.sum(i));
                let numerator = self.sum(0) * &whole - slopes.sum::<BigInt>();
                fraction(numerator, &self.n * whole, unit)?.nearest()
            }
            Relation::SlopeErr => {
                let a = self.spreads();
                let minor = det(&without_first(&a));
                self.error(&a, minor, BigInt::from(1), 0)?
            }
            Relation::InterceptErr => {
                let a = self.spreads();
                let p = self.others();
                let raw = det(&matrix(p, |i, j| self.product(i + 1, j + 1)));
                // n^(p - 2), over n for p = 1.
                let (times, over) = match p {
                    1 => (BigInt::from(1), self.n.clone()),
                    _ => (self.n.pow(p as u32 - 2), BigInt::from(1)),
                };
                self.error(&a, raw * times, over, 2 * unit)?
            }
        })
    }

    /// The root of det M / (n - p - 1) / (det A)^2 times a factor.
    fn error(&self, a: &Matrix, factor: BigInt, over: BigInt, exponent: i64) -> Option<f64> {
        let p = self.others();
        let free = self.row[0]
            .checked_sub(p as u64 + 1)
            .filter(|&free| free > 0)?;
        // The bordered matrix has the value last.
        let bordered = det(&matrix(p + 1, |i, j| {
            let at = |i: usize| if i == p { 0 } else { i + 1 };
            self.centred(at(i), at(j))
        }));
        let whole = det(a);
        let denominator = &whole * &whole * free * over;
        Some(fraction(bordered * factor, denominator, exponent)?.nearest_root())
    }

    fn others(&self) -> usize {
        self.order.len() - 1
    }

    /// A.
    fn spreads(&self) -> Matrix {
        matrix(self.others(), |i, j| self.centred(i + 1, j + 1))
    }

    /// det A with b in place of column `i`, which counts from 1.
    fn numerator(&self, a: &Matrix, i: usize) -> BigInt {
        let mut replaced = a.clone();
        for (j, row) in replaced.iter_mut().enumerate() {
            row[i - 1] = self.centred(j + 1, 0);
        }
        det(&replaced)
    }

    /// An element of A, or of b or c where one of the columns is the value.
    fn centred(&self, i: usize, j: usize) -> BigInt {
        &self.n * self.product(i, j) - self.sum(i) * self.sum(j)
    }

    fn sum(&self, i: usize) -> BigInt {
        let at = 1 + SUM * usize::from(self.order[i]);
        signed(&self.row[at..at + SUM])
    }

    fn product(&self, i: usize, j: usize) -> BigInt {
        let [i, j] = [i, j].map(|i| usize::from(self.order[i]));
        let at = place(self.columns, i, j);
        signed(&self.row[at..at + PRODUCT])
    }
}

/// Whether so many photons at most can have these sums: squares are not below those that the sums need.
pub(super) fn are_of(row: &[u64], columns: usize, photons: u64) -> bool {
    let order: Vec<u8> = (0..columns as u8).collect();
    let sums = Sums {
        row,
        columns,
        order: &order,
        n: BigInt::from(row[0]),
    };
    (1..=photons).contains(&row[0]) && (0..columns).all(|i| sums.centred(i, i) >= BigInt::ZERO)
}

fn matrix(size: usize, of: impl Fn(usize, usize) -> BigInt) -> Matrix {
    let row = |i| (0..size).map(|j| of(i, j)).collect();
    (0..size).map(row).collect()
}

/// `None` over 0.
fn fraction(numerator: BigInt, denominator: BigInt, exponent: i64) -> Option<Fraction> {
    (denominator != BigInt::ZERO).then_some(Fraction {
        numerator,
        denominator,
        exponent,
    })
}

fn without_first(matrix: &Matrix) -> Matrix {
    matrix[1..].iter().map(|row| row[1..].to_vec()).collect()
}

/// By expansion along the first row: matrices are 4 x 4 at most. Of an empty one 1.
fn det(matrix: &Matrix) -> BigInt {
    if matrix.is_empty() {
        return BigInt::from(1);
    }
    let term = |(j, first): (usize, &BigInt)| {
        let minor = matrix[1..].iter().map(|row| {
            let others = row.iter().enumerate().filter(|(k, _)| *k != j);
            others.map(|(_, x)| x.clone()).collect()
        });
        let product = first * det(&minor.collect());
        if j % 2 == 0 { product } else { -product }
    };
    matrix[0].iter().enumerate().map(term).sum()
}

fn signed(limbs: &[u64]) -> BigInt {
    let bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    BigInt::from_signed_bytes_le(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::{Column, Values};
    use crate::stat::products::ProductSums;

    use Relation::{Corr, Cov, Intercept, InterceptErr, Slope, SlopeErr};

    /// Of columns of values, the first of which is related to the others.
    fn of(columns: &[&[f64]], relation: Relation) -> f64 {
        let columns: Vec<Column> = columns
            .iter()
            .map(|values| Column {
                values: Values::F64(values.to_vec().into()),
                nulls: None,
            })
            .collect();
        let columns: Vec<&Column> = columns.iter().collect();
        let mut sums = ProductSums::new(columns.len());
        sums.add(&columns, 0..columns[0].values.len());
        let order: Vec<u8> = (0..columns.len() as u8).collect();
        assert!(are_of(sums.row().unwrap(), columns.len(), u64::MAX));
        related(sums.row().unwrap(), columns.len(), &order, relation)
    }

    #[test]
    fn a_line_through_few_photons_is_the_one_by_hand() {
        // Means 3 and 2; sums of squares and products about them 14, 2 and 5.
        let (y, x): (&[f64], &[f64]) = (&[1.0, 2.0, 6.0], &[1.0, 2.0, 3.0]);
        assert_eq!(of(&[y, x], Slope), 2.5);
        assert_eq!(of(&[y, x], Intercept), -2.0);
        assert_eq!(of(&[y, x], Cov { ddof: 1 }), 2.5);
        assert_eq!(of(&[y, x], Cov { ddof: 0 }), 5.0 / 3.0);
        // RSS 14 - 5^2 / 2 = 1.5 with one degree of freedom.
        assert_eq!(of(&[y, x], SlopeErr), 0.75f64.sqrt());
        assert_eq!(of(&[y, x], InterceptErr), (1.5f64 * 14.0 / 6.0).sqrt());
        let corr = (25.0f64 / 28.0).sqrt();
        assert!((of(&[y, x], Corr) - corr).abs() < f64::EPSILON);
        assert!((of(&[&[-1.0, -2.0, -6.0], x], Corr) + corr).abs() < f64::EPSILON);
    }

    #[test]
    fn what_photons_do_not_determine_is_nan() {
        let all = [Corr, Slope, SlopeErr, Intercept, InterceptErr];
        // One photon; constant x.
        for columns in [[&[1.0][..], &[2.0]], [&[1.0, 2.0, 4.0], &[1e8, 1e8, 1e8]]] {
            assert!(all.iter().all(|&r| of(&columns, r).is_nan()), "{columns:?}");
        }
        assert!(of(&[&[1.0], &[2.0]], Cov { ddof: 1 }).is_nan());
        assert_eq!(of(&[&[1.0], &[2.0]], Cov { ddof: 0 }), 0.0);
        // Two photons have a line and no error; three on a line one of 0.
        let two: [&[f64]; 2] = [&[1.0, 2.0], &[1e8, 1e8 + 0.5]];
        assert_eq!((of(&two, Slope), of(&two, Corr)), (2.0, 1.0));
        assert_eq!(of(&two, Intercept), 1.0 - 2e8);
        assert!(of(&two, SlopeErr).is_nan() && of(&two, InterceptErr).is_nan());
        let three: [&[f64]; 2] = [&[1.0, 2.0, 3.0], &[0.0, 0.5, 1.0]];
        assert_eq!((of(&three, SlopeErr), of(&three, InterceptErr)), (0.0, 0.0));
        // A constant value has a slope of 0 and no correlation.
        let flat: [&[f64]; 2] = [&[7.0; 3], &[0.0, 0.5, 1.0]];
        assert_eq!((of(&flat, Slope), of(&flat, Intercept)), (0.0, 7.0));
        assert!(of(&flat, Corr).is_nan());
    }

    #[test]
    fn a_plane_is_found_to_the_bit_and_collinear_columns_have_none() {
        let x = [0.0, 1.0, 0.0, 1.0, 2.0, 5.0];
        let t: Vec<f64> = [0.0, 0.0, 1.0, 1.0, 3.0, 2.0]
            .iter()
            .map(|t| 3e8 + t)
            .collect();
        let z = [1.0, 0.0, 0.0, 2.0, 1.0, 3.0];
        let y: Vec<f64> = (0..6)
            .map(|i| 10.0 + 0.25 * (t[i] - 3e8) - 2.0 * x[i] + 4.0 * z[i])
            .collect();
        let columns: [&[f64]; 4] = [&y, &t, &x, &z];
        assert_eq!(of(&columns, Slope), 0.25);
        assert_eq!(of(&columns, Intercept), 10.0 - 0.25 * 3e8);
        assert_eq!(
            (of(&columns, SlopeErr), of(&columns, InterceptErr)),
            (0.0, 0.0)
        );
        let twice: Vec<f64> = x.iter().map(|x| 2.0 * x + 1.0).collect();
        for columns in [[&y[..], &x, &twice], [&y, &t, &t]] {
            assert!(of(&columns, Slope).is_nan() && of(&columns, InterceptErr).is_nan());
        }
        // As many photons as numbers leave no degree of freedom.
        let few = columns.map(|column| &column[..4]);
        assert_eq!(of(&few, Slope), 0.25);
        assert!(of(&few, SlopeErr).is_nan());
    }

    #[test]
    fn sums_that_no_photons_have_are_told() {
        let mut sums = ProductSums::new(1);
        let column = Column {
            values: Values::F64(vec![1.0, 2.0].into()),
            nulls: None,
        };
        sums.add(&[&column], 0..2);
        let mut row = sums.row().unwrap().to_vec();
        assert!(are_of(&row, 1, 2) && !are_of(&row, 1, 1));
        row[1 + SUM..].fill(0);
        assert!(!are_of(&row, 1, 2));
    }
}
