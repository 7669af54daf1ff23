//! Segments: rows of values that stand in the order of their cells, one array of accumulators after the other.
//!
//! Beside `rows.rs`, whose rows these are to the bit. Where cells have few values each, rows are longer than
//! what they are made of: so each array is written once, from its start to its end, by all threads, and what
//! nearly all values are (finite, and well inside the range) is found out once for the whole column.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::exact::Unsigned256;
use super::job::JobColumn;
use super::moments::Moments;
use super::order::Class;
use super::partial::ColumnPartials;
use super::range::Range;
use super::resolution::Resolution;
use super::rows::FEW;
use super::specials::Specials;
use super::terms::TermSum;
use super::value::Value;

/// Rows that one task writes.
const ROWS: usize = 4096;
/// Values that one task looks through.
const TILE: usize = 65_536;

impl ColumnPartials {
    /// Replaces all rows: row `i` is of `values[starts[i]..starts[i + 1]]`, none of them null. Of columns that
    /// retain nothing of their values.
    pub fn fold_segments<T: Value>(&mut self, values: &[T], starts: &[u32], column: &JobColumn) {
        let Self {
            count,
            specials,
            range,
            moments,
            remainders: _,
            joints: _,
            terms,
            ordered: _,
            bins: _,
            out_of_range,
        } = self;
        let segments = Segments { values, starts };
        let (resolution, beyond) = (column.resolution, AtomicU64::new(0));
        let not_held = |values: u64| {
            if values > 0 {
                beyond.fetch_add(values, Relaxed);
            }
        };
        let magnitude = if column.needs.values() {
            segments.magnitude()
        } else {
            0.0
        };
        segments.fill(count, |values| values.len() as u64);
        if magnitude.is_finite() {
            segments.fill(specials, |_| Specials::default());
        } else {
            segments.fill(specials, specials_of);
        }
        if let Some(rows) = range {
            segments.fill(rows, range_of);
        }
        if let Some(rows) = moments {
            // Not so for NaN.
            if magnitude < plain_below(resolution) {
                segments.fill(rows, |values| plain_moments(values, resolution));
            } else {
                segments.fill(rows, |values| {
                    let (moments, out_of_range) = moments_of(values, resolution);
                    not_held(out_of_range);
                    moments
                });
            }
        }
        if let Some(rows) = terms {
            segments.fill(rows, |values| {
                let mut terms = TermSum::default();
                not_held(terms.accumulate(values));
                terms
            });
        }
        *out_of_range = beyond.into_inner();
    }
}

struct Segments<'a, T> {
    values: &'a [T],
    starts: &'a [u32],
}

impl<T: Value> Segments<'_, T> {
    /// An upper bound of the magnitudes: NaN or infinite if any value is.
    fn magnitude(&self) -> f64 {
        let tiles = self.values.par_chunks(TILE);
        let largest = tiles.map(|values| T::scan(values).magnitude);
        largest.reduce(|| 0.0, |a, b| if a > b || a.is_nan() { a } else { b })
    }

    fn fill<A: Send>(&self, rows: &mut Vec<A>, of: impl Fn(&[T]) -> A + Send + Sync) {
        self.starts
            .par_windows(2)
            .with_min_len(ROWS)
            .map(|at| of(&self.values[at[0] as usize..at[1] as usize]))
            .collect_into_vec(rows);
    }
}

/// Values of magnitude below this are summed without a look at each.
fn plain_below(resolution: Resolution) -> f64 {
    resolution.range() - resolution.unit()
}

fn specials_of<T: Value>(values: &[T]) -> Specials {
    let mut specials = Specials::default();
    specials.accumulate(values);
    specials
}

#[inline]
fn range_of<T: Value>(values: &[T]) -> Range {
    if let [value] = values
        && value.class() != Class::Nan
    {
        let key = value.key();
        return Range { min: key, max: key };
    }
    if values.len() >= FEW {
        let scan = T::scan(values);
        if !scan.magnitude.is_nan() {
            return scan.range;
        }
    }
    let mut range = Range::default();
    range.accumulate(values);
    range
}

/// Of finite values of magnitude below [`plain_below`].
#[inline]
fn plain_moments<T: Value>(values: &[T], resolution: Resolution) -> Moments {
    if values.len() >= FEW
        && let Some(sums) = T::sums(values, resolution)
    {
        return Moments::from_sums(sums);
    }
    let (mut sum, mut low) = (0i64, 0u128);
    // Units have 48 bits: those of 2^15 values fit, and squares of 2^32.
    if values.len() < 1 << 15 {
        for value in values {
            let units = value.units(resolution);
            sum += units;
            low += u128::from(units.unsigned_abs()) * u128::from(units.unsigned_abs());
        }
        let squares = Unsigned256 { high: 0, low };
        return Moments {
            sum: sum.into(),
            squares,
        };
    }
    moments_of(values, resolution).0
}

/// And how many values are out of range.
fn moments_of<T: Value>(values: &[T], resolution: Resolution) -> (Moments, u64) {
    if values.len() >= FEW
        && T::scan(values).magnitude < plain_below(resolution)
        && let Some(sums) = T::sums(values, resolution)
    {
        return (Moments::from_sums(sums), 0);
    }
    let mut moments = Moments::default();
    let out_of_range = moments.accumulate(values, resolution);
    (moments, out_of_range)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::photon::ColumnType;
    use crate::stat::{ColumnOrigin, Needs};

    fn column(needs: Needs, exponent: i32) -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::new(exponent).unwrap(),
            needs,
        }
    }

    fn needs() -> Vec<Needs> {
        let all = Needs {
            range: true,
            moments: true,
            variance: true,
            terms: true,
            ..Needs::default()
        };
        let (moments, range) = (all.moments, all.range);
        let none = Needs::default();
        vec![
            Needs {
                moments,
                ..none.clone()
            },
            Needs {
                range,
                ..none.clone()
            },
            none,
            all,
        ]
    }

    /// Rows are those of cells that are pushed one by one.
    fn agree<T: Value>(cells: &[Vec<T>], exponent: i32) -> Result<(), TestCaseError> {
        let mut starts = vec![0];
        let values: Vec<T> = cells.iter().flatten().copied().collect();
        for cell in cells {
            starts.push(starts[starts.len() - 1] + cell.len() as u32);
        }
        for needs in needs() {
            let column = column(needs, exponent);
            let mut expected = ColumnPartials::empty(&column);
            for cell in cells {
                expected.push_cell(cell, &column);
            }
            // What rows held before is replaced.
            let mut found = ColumnPartials::empty(&column);
            found.push_cell(&[f64::NAN, 1e300, 3.0], &column);
            found.fold_segments(&values, &starts, &column);
            prop_assert_eq!(found, expected);
        }
        Ok(())
    }

    fn plain() -> impl Strategy<Value = f64> {
        prop_oneof![
            6 => -16_000.0f64..16_000.0,
            1 => -0.001f64..0.001,
            1 => (-300.0f64..0.0).prop_map(f64::exp2),
            // Ties.
            1 => (-100i32..100).prop_map(|half| f64::from(half) * 2f64.powi(-35)),
            1 => prop::sample::select(vec![
                0.0,
                -0.0,
                f64::from_bits(1),
                2f64.powi(-34),
                16_384.0 - 2f64.powi(-33),
                2f64.powi(-34) - 16_384.0,
            ]),
        ]
    }

    fn any_value() -> impl Strategy<Value = f64> {
        prop_oneof![
            8 => plain(),
            1 => any::<f64>(),
            1 => prop::sample::select(vec![
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                16_384.0,
                -16_384.0,
                16_384.0 - 2f64.powi(-34),
                16_384.0 - 2f64.powi(-35),
                (16_384.0 - 2f64.powi(-35)).next_down(),
            ]),
        ]
    }

    fn cells(value: impl Strategy<Value = f64> + 'static) -> impl Strategy<Value = Vec<Vec<f64>>> {
        let few = prop_oneof![6 => Just(1..2), 3 => Just(1..10), 1 => Just(1..40)];
        let value = value.boxed();
        let cell = few.prop_flat_map(move |len| prop::collection::vec(value.clone(), len));
        prop::collection::vec(cell, 0..20)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn rows_of_plain_values_are_those_of_cells_one_by_one(cells in cells(plain())) {
            agree(&cells, 34)?;
            let narrow: Vec<Vec<f32>> = cells
                .iter()
                .map(|cell| cell.iter().map(|&x| (x as f32).clamp(-16_383.0, 16_383.0)).collect())
                .collect();
            agree(&narrow, 34)?;
        }

        #[test]
        fn rows_of_any_values_are_those_of_cells_one_by_one(
            cells in cells(any_value()),
            exponent in prop_oneof![Just(34), -60i32..=100],
        ) {
            agree(&cells, exponent)?;
            let narrow: Vec<Vec<f32>> = cells
                .iter()
                .map(|cell| cell.iter().map(|&x| x as f32).collect())
                .collect();
            agree(&narrow, exponent)?;
            let whole: Vec<Vec<i64>> = cells
                .iter()
                .map(|cell| cell.iter().map(|&x| x as i64).collect())
                .collect();
            agree(&whole, exponent)?;
            let wide: Vec<Vec<i64>> = cells
                .iter()
                .map(|cell| cell.iter().map(|&x| x.to_bits() as i64).collect())
                .collect();
            agree(&wide, exponent)?;
        }
    }

    #[test]
    fn a_cell_of_very_many_integers_has_their_sums() {
        let last = (1i64 << 48) - 1;
        let cells = [vec![last; 40_000], vec![-last], vec![7 - last; 32_767]];
        agree(&cells, 0).unwrap();
    }
}
