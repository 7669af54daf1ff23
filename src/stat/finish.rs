//! Finishing: accumulators of one cell become the numbers the user asked for, rounded once.

use crate::expr::{CellExpr, End, eval_cell};
use crate::photon::ColumnType;

use super::combined::Combined;
use super::ends::value_of;
use super::job::{Job, JobColumn, JobOutput, Measure, MeasureKind};
use super::mad::mad;
use super::order::Key;
use super::ordered::quantile;
use super::partial::Partials;
use super::relate::related;

/// A finished statistic of one cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    Real(f64),
    /// Counts, and extremes of integer columns: never through f64.
    Integer(i128),
    /// No value: the cell has no photon whose operands are not null.
    Missing,
    /// A weighted mean whose weights sum to 0 or to no finite number.
    NoWeight,
    /// Below, bins, above.
    Histogram(Vec<u64>),
}

/// Output `output` of cell `i`; values must be selected (`Partials::select_values`).
pub fn finish_output(job: &Job, partials: &Partials, output: usize, i: usize) -> Finished {
    match &job.outputs[output] {
        JobOutput::Histogram(column) => {
            let bins = partials.columns[*column].bins.as_ref();
            Finished::Histogram(bins.map(|b| b.row(i).to_vec()).unwrap_or_default())
        }
        JobOutput::Digest { .. } | JobOutput::OfChunk(_) | JobOutput::Vector(_) => {
            unreachable!("it is made of more than the sums of a cell: tables have it made")
        }
        JobOutput::Composition(composition) => {
            Finished::Integer(composition.word(partials, i).into())
        }
        JobOutput::Scalar(expr) => finish_expr(job, partials, expr, i),
    }
}

/// An expression of cell `i`; values must be selected.
pub fn finish_expr(job: &Job, partials: &Partials, expr: &CellExpr<Measure>, i: usize) -> Finished {
    match expr {
        CellExpr::Reduce(measure) => finish_one(job, partials, measure, i),
        expr => {
            let mut lacking = None;
            let value = eval_cell(
                expr,
                &mut |measure| match finish_one(job, partials, measure, i) {
                    Finished::Real(x) => x,
                    Finished::Integer(n) => n as f64,
                    other => {
                        lacking.get_or_insert(other);
                        f64::NAN
                    }
                },
            );
            match lacking {
                Some(reason) if value.is_nan() => reason,
                _ => Finished::Real(value),
            }
        }
    }
}

fn finish_one(job: &Job, partials: &Partials, measure: &Measure, i: usize) -> Finished {
    let described = &job.columns[measure.column];
    let column = &partials.columns[measure.column];
    let specials = column.specials[i];
    let finite = column.finite(i);
    if measure.kind == MeasureKind::Count {
        return Finished::Integer(i128::from(column.count[i]));
    }
    let cell = partials.cells[i];
    if let MeasureKind::Marks { joint } = measure.kind {
        return Finished::Integer(column.joints[joint].rows_of(cell).len() as i128);
    }
    if let Some(joint) = joint_of(measure.kind) {
        let row = column.joints[joint].get(cell);
        let finished = row.map(|row| finish_joint(measure.kind, row, described));
        return finished.unwrap_or(Finished::Missing);
    }
    if column.count[i] == 0 {
        return Finished::Missing;
    }
    if let MeasureKind::WeightedMean { weights } = measure.kind {
        return weighted_mean(partials, measure, weights, i);
    }
    if specials.nan > 0 && !measure.skip_nan {
        return Finished::Real(f64::NAN);
    }
    let infinities = specials.sum_of_infinities();
    // With neither infinities nor finite values a mean is of nothing.
    let some = finite + specials.infinite() > 0;
    // Looked up where the statistic is of them: a cell has several statistics, and each comes by here.
    let moments = || {
        column.moments.as_ref().map(|rows| Combined {
            moments: rows[i],
            remainder: column.remainders.get(cell),
            resolution: described.resolution,
        })
    };
    let terms = || column.terms.as_ref().map(|rows| rows[i]);
    let real = match measure.kind {
        MeasureKind::Count
        | MeasureKind::WeightedMean { .. }
        | MeasureKind::Related { .. }
        | MeasureKind::End { .. }
        | MeasureKind::Marks { .. } => unreachable!("handled above"),
        MeasureKind::Min | MeasureKind::Max => {
            let range = column.range.as_ref().map(|rows| rows[i]);
            let key = range.map(|r| match measure.kind {
                MeasureKind::Min => r.min,
                _ => r.max,
            });
            return extreme(key.filter(|_| some), described.column_type);
        }
        MeasureKind::Sum => infinities.or_else(|| moments().map(|m| m.total())),
        MeasureKind::Mean => infinities.or_else(|| moments().map(|m| m.mean(finite))),
        MeasureKind::TermSum => infinities.or_else(|| terms().map(|t| t.total())),
        MeasureKind::TermMean => infinities.or_else(|| terms().map(|t| t.mean(finite))),
        MeasureKind::Var { ddof } | MeasureKind::Std { ddof } => {
            let variance = infinities
                .map(|_| f64::NAN)
                .or_else(|| moments().map(|m| m.variance(finite, ddof)));
            match measure.kind {
                MeasureKind::Std { .. } => variance.map(f64::sqrt),
                _ => variance,
            }
        }
        MeasureKind::Quantile { q } => {
            let ordered = column.ordered.as_ref();
            ordered.map(|o| quantile(o, i, q, described.column_type))
        }
        MeasureKind::Mad => {
            let ordered = column.ordered.as_ref();
            ordered.map(|o| mad(o, i, described.column_type))
        }
    };
    Finished::Real(real.unwrap_or_else(|| unreachable!("the job keeps what its outputs need")))
}

/// The joint whose row of the cell has the answer.
fn joint_of(kind: MeasureKind) -> Option<usize> {
    match kind {
        MeasureKind::Related { joint, .. } | MeasureKind::End { joint, .. } => Some(joint),
        _ => None,
    }
}

fn finish_joint(kind: MeasureKind, row: &[u64], described: &JobColumn) -> Finished {
    match kind {
        MeasureKind::Related {
            joint,
            relation,
            roles,
        } => {
            let columns = described.needs.joints[joint].others.len() + 1;
            Finished::Real(related(row, columns, roles.places(), relation))
        }
        MeasureKind::End { end, .. } => {
            let key = value_of(row, end == End::Last);
            extreme(Some(key), described.column_type)
        }
        _ => unreachable!("it has no row of joint sums"),
    }
}

#[inline]
pub(super) fn extreme(key: Option<Key>, column_type: ColumnType) -> Finished {
    match (key, column_type) {
        (None, ColumnType::I64) => Finished::Missing,
        (None, _) => Finished::Real(f64::NAN),
        (Some(key), ColumnType::I64) => Finished::Integer(i128::from(key.to_i64())),
        (Some(key), _) => Finished::Real(key.to_f64(column_type)),
    }
}

/// sum(w x) / sum(w), the sums exact. Weights whose sum is 0 or not finite give no mean, whatever the
/// products are.
fn weighted_mean(partials: &Partials, measure: &Measure, weights: usize, i: usize) -> Finished {
    let sum_of = |column: usize| {
        let column = &partials.columns[column];
        let specials = column.specials[i];
        if specials.nan > 0 && !measure.skip_nan {
            return Some(f64::NAN);
        }
        let terms = || column.terms.as_ref().map(|rows| rows[i].total());
        specials.sum_of_infinities().or_else(terms)
    };
    let (Some(numerator), Some(denominator)) = (sum_of(measure.column), sum_of(weights)) else {
        unreachable!("the job keeps the terms of a weighted mean");
    };
    over_weight(numerator, denominator)
}

#[inline]
pub(super) fn over_weight(numerator: f64, denominator: f64) -> Finished {
    if denominator == 0.0 || !denominator.is_finite() {
        Finished::NoWeight
    } else {
        Finished::Real(numerator / denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::{ColumnOrigin, Needs};
    use super::super::resolution::Resolution;
    use super::*;

    /// The weighted mean of one cell with these values and weights.
    fn average(photons: &[(f64, f64)], skip_nan: bool) -> Finished {
        let column = JobColumn {
            name: String::new(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                terms: true,
                ..Needs::default()
            },
        };
        let measure = Measure {
            column: 0,
            kind: MeasureKind::WeightedMean { weights: 1 },
            skip_nan,
        };
        let job = Job {
            columns: vec![column.clone(), column],
            outputs: vec![JobOutput::Scalar(CellExpr::Reduce(measure))],
        };
        let mut partials = Partials::empty(&job);
        partials.cells.push(0);
        partials.photons.push(photons.len() as u64);
        let products: Vec<f64> = photons.iter().map(|(x, w)| x * w).collect();
        let weights: Vec<f64> = photons.iter().map(|(_, w)| *w).collect();
        for (column, values) in [products, weights].iter().enumerate() {
            partials.columns[column].push_cell(values, &job.columns[column]);
        }
        finish_output(&job, &partials, 0, 0)
    }

    /// A statistic of one cell with these values.
    fn statistic(kind: MeasureKind, values: &[f64], skip_nan: bool) -> Finished {
        let column = JobColumn {
            name: String::new(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                range: true,
                moments: true,
                variance: true,
                terms: true,
                ordered: true,
                ..Needs::default()
            },
        };
        let measure = Measure {
            column: 0,
            kind,
            skip_nan,
        };
        let job = Job {
            columns: vec![column],
            outputs: vec![JobOutput::Scalar(CellExpr::Reduce(measure))],
        };
        let mut partials = Partials::empty(&job);
        partials.cells.push(0);
        partials.photons.push(values.len() as u64);
        partials.columns[0].push_cell(values, &job.columns[0]);
        partials.select_values(&job);
        finish_output(&job, &partials, 0, 0)
    }

    #[test]
    fn statistics_of_a_cell_pass_nan_over_where_they_are_asked_to() {
        use MeasureKind::{Count, Max, Mean, Min, Quantile, Std, Sum, TermMean, TermSum, Var};
        const VALUES: [f64; 5] = [1.0, -2.0, 4.0, f64::NAN, 5.0];
        for (kind, expected) in [
            (Min, -2.0),
            (Max, 5.0),
            (Sum, 8.0),
            (Mean, 2.0),
            (TermSum, 8.0),
            (TermMean, 2.0),
            (Var { ddof: 0 }, 7.5),
            (Var { ddof: 1 }, 10.0),
            (Std { ddof: 1 }, 10f64.sqrt()),
            (Quantile { q: 0.5 }, 2.5),
        ] {
            let found = statistic(kind, &VALUES, true);
            assert_eq!(found, Finished::Real(expected), "{kind:?}");
            let Finished::Real(found) = statistic(kind, &VALUES, false) else {
                panic!("{kind:?} of values is a number");
            };
            assert!(found.is_nan(), "{kind:?}: {found}");
            assert_eq!(statistic(kind, &[], true), Finished::Missing, "{kind:?}");
            // Where no value is NaN it is the same either way.
            let found = statistic(kind, &VALUES[..3], true);
            assert_eq!(statistic(kind, &VALUES[..3], false), found, "{kind:?}");
        }
        assert_eq!(statistic(Count, &VALUES, true), Finished::Integer(5));
        assert_eq!(statistic(Count, &[], true), Finished::Integer(0));
    }

    #[test]
    fn the_extremes_of_infinities_are_infinities_and_of_nan_alone_nan() {
        use MeasureKind::{Max, Mean, Min};
        const INF: f64 = f64::INFINITY;
        for kind in [Min, Max, Mean] {
            assert_eq!(statistic(kind, &[INF], true), Finished::Real(INF));
            let found = statistic(kind, &[f64::NAN], true);
            assert!(matches!(found, Finished::Real(x) if x.is_nan()), "{kind:?}");
        }
        assert_eq!(statistic(Min, &[INF, 3.0], true), Finished::Real(3.0));
        assert_eq!(statistic(Max, &[-INF, 3.0], true), Finished::Real(3.0));
    }

    #[test]
    fn weights_without_a_finite_sum_that_is_not_0_are_no_weight_whatever_the_values() {
        const INF: f64 = f64::INFINITY;
        for photons in [
            [(1.0, 1.0), (2.0, f64::NAN)],
            [(0.0, INF), (2.0, 1.0)],
            [(f64::NAN, 1.0), (2.0, -1.0)],
            [(1.0, INF), (2.0, -INF)],
        ] {
            let mean = average(&photons, false);
            assert_eq!(mean, Finished::NoWeight, "{photons:?}");
        }
        let Finished::Real(mean) = average(&[(f64::NAN, 1.0), (2.0, 1.0)], false) else {
            panic!("there is a weight");
        };
        assert!(mean.is_nan());
        let mean = average(&[(1.0, 1.0), (4.0, 2.0)], false);
        assert_eq!(mean, Finished::Real(3.0));
    }
}
