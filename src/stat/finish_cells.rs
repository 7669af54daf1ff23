//! Finishing many cells: statistics of ordinary cells are read straight off their sums.
//!
//! Beside `finish.rs`, whose answers these are: what an output reads is looked up once, and not once a cell. Cells with
//! special values, without values, or among others with a remainder go that way.

use std::ops::Range as Rows;

use crate::expr::CellExpr;
use crate::photon::ColumnType;

use super::finish::{Finished, extreme, finish_output};
use super::job::{Job, JobOutput, MeasureKind};
use super::moments::Moments;
use super::partial::{ColumnPartials, Partials};
use super::range::Range;
use super::resolution::Resolution;
use super::specials::Specials;

/// Gives output `output` of each of some cells, in order; values must be selected
/// ([`Partials::select_values`]).
pub fn finish_cells(
    job: &Job,
    partials: &Partials,
    output: usize,
    cells: Rows<usize>,
    mut each: impl FnMut(Finished),
) {
    let ordinary = Ordinary::of(job, partials, output, &cells);
    for cell in cells {
        let finished = ordinary.as_ref().and_then(|sums| sums.finish(cell));
        each(finished.unwrap_or_else(|| finish_output(job, partials, output, cell)));
    }
}

/// What a statistic of ordinary cells is made of.
struct Ordinary<'a> {
    count: &'a [u64],
    specials: &'a [Specials],
    of: Of<'a>,
    column_type: ColumnType,
    resolution: Resolution,
}

enum Of<'a> {
    Count,
    Min(&'a [Range]),
    Max(&'a [Range]),
    Sum(&'a [Moments]),
    Mean(&'a [Moments]),
    Var { rows: &'a [Moments], ddof: u32 },
    Std { rows: &'a [Moments], ddof: u32 },
}

impl<'a> Ordinary<'a> {
    fn of(job: &Job, partials: &'a Partials, output: usize, cells: &Rows<usize>) -> Option<Self> {
        let JobOutput::Scalar(CellExpr::Reduce(measure)) = &job.outputs[output] else {
            return None;
        };
        let column: &ColumnPartials = &partials.columns[measure.column];
        let described = &job.columns[measure.column];
        let range = || column.range.as_deref();
        let moments = || {
            let remainders = column.remainders.of_cells(&partials.cells[cells.clone()]);
            column.moments.as_deref().filter(|_| remainders.is_empty())
        };
        let of = match measure.kind {
            MeasureKind::Count => Of::Count,
            MeasureKind::Min => Of::Min(range()?),
            MeasureKind::Max => Of::Max(range()?),
            MeasureKind::Sum => Of::Sum(moments()?),
            MeasureKind::Mean => Of::Mean(moments()?),
            MeasureKind::Var { ddof } => Of::Var {
                rows: moments()?,
                ddof,
            },
            MeasureKind::Std { ddof } => Of::Std {
                rows: moments()?,
                ddof,
            },
            _ => return None,
        };
        Some(Self {
            count: &column.count,
            specials: &column.specials,
            of,
            column_type: described.column_type,
            resolution: described.resolution,
        })
    }

    /// `None` of a cell that is not ordinary.
    #[inline]
    fn finish(&self, cell: usize) -> Option<Finished> {
        let n = self.count[cell];
        if let Of::Count = self.of {
            return Some(Finished::Integer(n.into()));
        }
        if n == 0 || self.specials[cell] != Specials::default() {
            return None;
        }
        let real = match self.of {
            Of::Count => return None,
            Of::Min(rows) => return Some(extreme(Some(rows[cell].min), self.column_type)),
            Of::Max(rows) => return Some(extreme(Some(rows[cell].max), self.column_type)),
            Of::Sum(rows) => rows[cell].total(self.resolution),
            Of::Mean(rows) => rows[cell].mean(n, self.resolution),
            Of::Var { rows, ddof } => rows[cell].variance(n, ddof, self.resolution),
            Of::Std { rows, ddof } => rows[cell].variance(n, ddof, self.resolution).sqrt(),
        };
        Some(Finished::Real(real))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stat::{ColumnOrigin, JobColumn, Measure, Needs, Remainder};

    const KINDS: [MeasureKind; 11] = [
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
    ];

    fn job(column_type: ColumnType) -> Job {
        let exponent = if column_type == ColumnType::I64 { 0 } else { 34 };
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
            columns: vec![column],
        }
    }

    /// What was finished, NaN as equal to itself.
    fn shown(finished: &Finished) -> String {
        match finished {
            Finished::Real(x) if x.is_nan() => "NaN".to_owned(),
            Finished::Real(x) => format!("{x:?} {}", x.to_bits()),
            other => format!("{other:?}"),
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
                let column = &mut partials.columns[0];
                let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
                let whole: Vec<i64> = values.iter().map(|&x| x as i64).collect();
                match column_type {
                    ColumnType::F32 => column.push_cell(&narrow, described),
                    ColumnType::F64 => column.push_cell(values, described),
                    ColumnType::I64 => column.push_cell(&whole, described),
                }
                let remainder = described.remainder_rule().and_then(|rule| match column_type {
                    ColumnType::F32 => Remainder::of(id, &narrow, &rule),
                    _ => Remainder::of(id, values, &rule),
                });
                column.remainders.append(remainder);
            }
            for output in 0..job.outputs.len() {
                let mut found = Vec::new();
                for first in (0..cells.len()).step_by(task) {
                    let rows = first..(first + task).min(cells.len());
                    finish_cells(&job, &partials, output, rows, |f| found.push(shown(&f)));
                }
                let one_by_one = (0..cells.len()).map(|i| finish_output(&job, &partials, output, i));
                let expected: Vec<String> = one_by_one.map(|f| shown(&f)).collect();
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
