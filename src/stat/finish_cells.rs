//! Finishing many cells: statistics of ordinary cells are read straight off their sums.
//!
//! Beside `finish.rs`, whose answers these are: what an output reads is looked up once, and not once a cell. Cells with
//! special values, without values, or among others with a remainder go that way.

use std::ops::Range as Rows;

use crate::expr::CellExpr;

use super::finish::{Finished, extreme, finish_output, over_weight};
use super::job::{Job, JobOutput, Measure, MeasureKind};
use super::partial::Partials;
use super::specials::Specials;

/// What becomes of a finished statistic: a number of an array's type.
pub trait Rounding<T> {
    fn round(&self, finished: Finished) -> T;
}

/// Puts output `output` of each of some cells in its place; values must be selected
/// ([`Partials::select_values`]).
pub fn finish_cells<T>(
    (job, partials, output): (&Job, &Partials, usize),
    cells: Rows<usize>,
    rounding: &impl Rounding<T>,
    places: &mut [T],
) {
    let other = |cell: usize| rounding.round(finish_output(job, partials, output, cell));
    let Some(measure) = measure_of(job, output) else {
        let places = cells.zip(places);
        places.for_each(|(cell, place)| *place = other(cell));
        return;
    };
    let column = &partials.columns[measure.column];
    let described = &job.columns[measure.column];
    let (column_type, resolution) = (described.column_type, described.resolution);
    let remainders = column.remainders.of_cells(&partials.cells[cells.clone()]);
    let range = column.range.as_deref();
    let moments = column.moments.as_deref().filter(|_| remainders.is_empty());
    let mut rows = Ordinary {
        count: &column.count[cells.clone()],
        specials: &column.specials[cells.clone()],
        cells: cells.clone(),
        places,
    };
    let real = |x: f64| rounding.round(Finished::Real(x));
    if rows.finish_terms((partials, measure), rounding, other) {
        return;
    }
    match (measure.kind, range, moments) {
        (MeasureKind::Count, _, _) => {
            for (place, &n) in rows.places.iter_mut().zip(rows.count) {
                *place = rounding.round(Finished::Integer(n.into()));
            }
        }
        (MeasureKind::Min, Some(range), _) => rows.finish(&range[cells], other, |_, range| {
            Some(rounding.round(extreme(Some(range.min), column_type)))
        }),
        (MeasureKind::Max, Some(range), _) => rows.finish(&range[cells], other, |_, range| {
            Some(rounding.round(extreme(Some(range.max), column_type)))
        }),
        (MeasureKind::Sum, _, Some(moments)) => {
            rows.finish(&moments[cells], other, |_, sums| {
                Some(real(sums.total(resolution)))
            });
        }
        (MeasureKind::Mean, _, Some(moments)) => {
            rows.finish(&moments[cells], other, |n, sums| {
                Some(real(sums.mean(n, resolution)))
            });
        }
        (MeasureKind::Var { ddof }, _, Some(moments)) => {
            rows.finish(&moments[cells], other, |n, sums| {
                Some(real(sums.variance(n, ddof, resolution)))
            });
        }
        (MeasureKind::Std { ddof }, _, Some(moments)) => {
            rows.finish(&moments[cells], other, |n, sums| {
                Some(real(sums.variance(n, ddof, resolution).sqrt()))
            });
        }
        _ => {
            let places = rows.cells.zip(rows.places);
            places.for_each(|(cell, place)| *place = other(cell));
        }
    }
}

/// The one reduction that an output is, where it is one.
fn measure_of(job: &Job, output: usize) -> Option<&Measure> {
    match &job.outputs[output] {
        JobOutput::Scalar(CellExpr::Reduce(measure)) => Some(measure),
        _ => None,
    }
}

/// Some cells of a column, and what tells whether they are ordinary: they have values, and all of them finite.
struct Ordinary<'a, T> {
    cells: Rows<usize>,
    count: &'a [u64],
    specials: &'a [Specials],
    places: &'a mut [T],
}

impl<T> Ordinary<'_, T> {
    /// Sums and means of terms, and weighted means; `false` where the measure is none of them.
    #[inline]
    fn finish_terms(
        &mut self,
        (partials, measure): (&Partials, &Measure),
        rounding: &impl Rounding<T>,
        other: impl Fn(usize) -> T,
    ) -> bool {
        let cells = self.cells.clone();
        let terms_of = |column: usize| {
            let terms = partials.columns[column].terms.as_deref();
            terms.map(|terms| &terms[cells.clone()])
        };
        let Some(terms) = terms_of(measure.column) else {
            return false;
        };
        let real = |x: f64| Some(rounding.round(Finished::Real(x)));
        match measure.kind {
            MeasureKind::TermSum => self.finish(terms, other, |_, terms| real(terms.total())),
            MeasureKind::TermMean => self.finish(terms, other, |n, terms| real(terms.mean(n))),
            MeasureKind::WeightedMean { weights } => {
                let Some(of_weights) = terms_of(weights) else {
                    return false;
                };
                let specials = &partials.columns[weights].specials[cells.clone()];
                let both = terms.iter().zip(of_weights).zip(specials);
                self.finish(both, other, |_, ((sum, weights), specials)| {
                    let finite = *specials == Specials::default();
                    let mean = || over_weight(sum.total(), weights.total());
                    finite.then(|| rounding.round(mean()))
                });
            }
            _ => return false,
        }
        true
    }

    /// Cells that are not ordinary are finished as `other` does, and those of which `of` says that they are not.
    #[inline]
    fn finish<A>(
        &mut self,
        rows: impl IntoIterator<Item = A>,
        other: impl Fn(usize) -> T,
        of: impl Fn(u64, A) -> Option<T>,
    ) {
        let counted = self.count.iter().zip(self.specials).zip(rows);
        let placed = self.places.iter_mut().zip(self.cells.clone());
        for ((place, cell), ((&n, specials), row)) in placed.zip(counted) {
            let ordinary = n > 0 && *specials == Specials::default();
            let finished = if ordinary { of(n, row) } else { None };
            *place = finished.unwrap_or_else(|| other(cell));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::photon::ColumnType;
    use crate::stat::{ColumnOrigin, JobColumn, Needs, Remainder, Resolution};

    const KINDS: [MeasureKind; 13] = [
        MeasureKind::Count,
        MeasureKind::Min,
        MeasureKind::Max,
        MeasureKind::Sum,
        MeasureKind::Mean,
        MeasureKind::Var { ddof: 0 },
        MeasureKind::Var { ddof: 1 },
        MeasureKind::Std { ddof: 0 },
        MeasureKind::Std { ddof: 1 },
        MeasureKind::TermSum,
        MeasureKind::TermMean,
        MeasureKind::WeightedMean { weights: 1 },
        MeasureKind::WeightedMean { weights: 0 },
    ];

    fn job(column_type: ColumnType) -> Job {
        let exponent = if column_type == ColumnType::I64 {
            0
        } else {
            34
        };
        let column = JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type,
            resolution: Resolution::new(exponent).unwrap(),
            needs: Needs {
                range: true,
                moments: true,
                variance: true,
                terms: true,
                ..Needs::default()
            },
        };
        let outputs = KINDS.iter().flat_map(|&kind| {
            [false, true].map(|skip_nan| {
                JobOutput::Scalar(CellExpr::Reduce(Measure {
                    column: 0,
                    kind,
                    skip_nan,
                }))
            })
        });
        Job {
            outputs: outputs.collect(),
            columns: vec![column.clone(), column],
        }
    }

    /// What was finished, NaN as equal to itself.
    struct Shown;

    impl Rounding<String> for Shown {
        fn round(&self, finished: Finished) -> String {
            match finished {
                Finished::Real(x) if x.is_nan() => "NaN".to_owned(),
                Finished::Real(x) => format!("{x:?} {}", x.to_bits()),
                other => format!("{other:?}"),
            }
        }
    }

    fn agree(cells: &[Vec<f64>], task: usize) -> Result<(), TestCaseError> {
        for column_type in [ColumnType::F32, ColumnType::F64, ColumnType::I64] {
            let job = job(column_type);
            let described = &job.columns[0];
            let mut partials = Partials::empty(&job);
            for (i, values) in cells.iter().enumerate() {
                let id = 3 * i as u64;
                partials.cells.push(id);
                partials.photons.push(values.len() as u64);
                // Weights: other values of the same cells, fewer of them.
                let weights: Vec<f64> = values.iter().rev().skip(i % 2).map(|&x| x - 2.5).collect();
                let described_weights = JobColumn {
                    column_type: ColumnType::F64,
                    ..described.clone()
                };
                partials.columns[1].push_cell(&weights, &described_weights);
                let column = &mut partials.columns[0];
                let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
                let whole: Vec<i64> = values.iter().map(|&x| x as i64).collect();
                match column_type {
                    ColumnType::F32 => column.push_cell(&narrow, described),
                    ColumnType::F64 => column.push_cell(values, described),
                    ColumnType::I64 => column.push_cell(&whole, described),
                }
                let remainder = described
                    .remainder_rule()
                    .and_then(|rule| match column_type {
                        ColumnType::F32 => Remainder::of(id, &narrow, &rule),
                        _ => Remainder::of(id, values, &rule),
                    });
                column.remainders.append(remainder);
            }
            for output in 0..job.outputs.len() {
                let mut found = vec![String::new(); cells.len()];
                for (part, found) in found.chunks_mut(task).enumerate() {
                    let rows = part * task..part * task + found.len();
                    finish_cells((&job, &partials, output), rows, &Shown, found);
                }
                let one_by_one =
                    (0..cells.len()).map(|i| finish_output(&job, &partials, output, i));
                let expected: Vec<String> = one_by_one.map(|f| Shown.round(f)).collect();
                prop_assert_eq!(found, expected, "{:?} {}", column_type, output);
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        #[test]
        fn many_cells_are_finished_as_they_are_one_by_one(
            cells in prop::collection::vec(
                prop::collection::vec(
                    prop_oneof![
                        20 => (-4_000_000i32..4_000_000).prop_map(|x| f64::from(x) / 256.0),
                        2 => -16_000.0f64..16_000.0,
                        1 => prop::sample::select(vec![
                            f64::NAN,
                            f64::INFINITY,
                            f64::NEG_INFINITY,
                            1e-20,
                            -0.0,
                        ]),
                    ],
                    0..5,
                ),
                0..12,
            ),
            task in 1usize..6,
        ) {
            agree(&cells, task)?;
        }
    }
}
