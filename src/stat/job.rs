//! The job: which columns a backend sees, and which accumulators each of them needs.
//!
//! `src/config/job.rs` makes one of a config.

use crate::expr::{CellExpr, RowExpr};
use crate::photon::{ColumnType, Values};

use super::order::Class;

use super::resolution::Resolution;
use super::terms::TermSum;
use super::value::Value;

/// Everything a backend and the finalize gate need to know of a run's statistics.
#[derive(Debug, Clone)]
pub struct Job {
    pub columns: Vec<JobColumn>,
    /// In the order of the config's outputs.
    pub outputs: Vec<JobOutput>,
}

/// One column that accumulators read.
#[derive(Debug, Clone)]
pub struct JobColumn {
    /// Name of the source column, or the text of the derived column's expression.
    pub name: String,
    pub origin: ColumnOrigin,
    pub column_type: ColumnType,
    pub resolution: Resolution,
    pub needs: Needs,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnOrigin {
    /// Index into the config's variables.
    Source(usize),
    /// Evaluated per photon in f64; null where any of the operands (variables) is null.
    Derived { expr: RowExpr, operands: Vec<usize> },
}

/// The accumulators of one column; counts of photons and of special values are always kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Needs {
    pub range: bool,
    pub moments: bool,
    /// Whether moments are asked for a variance, which needs sums of squares.
    pub variance: bool,
    pub terms: bool,
    pub ordered: bool,
    /// Ascending bin edges.
    pub edges: Option<Vec<f64>>,
}

/// How an output follows from accumulators.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutput {
    Scalar(CellExpr<Measure>),
    /// Bin counts of a column.
    Histogram(usize),
}

/// A reduction, resolved to columns of the job.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    pub column: usize,
    pub kind: MeasureKind,
    pub skip_nan: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeasureKind {
    Count,
    Min,
    Max,
    /// Sum and mean from moments (source columns).
    Sum,
    Mean,
    /// Sum and mean from exact f64 terms (derived columns).
    TermSum,
    TermMean,
    Var {
        ddof: u32,
    },
    Std {
        ddof: u32,
    },
    Quantile {
        q: f64,
    },
    /// Term sum of the measure's column over that of the column of weights.
    WeightedMean {
        weights: usize,
    },
}

impl JobColumn {
    /// Whether its accumulators hold photon `i` of a column of its values.
    pub fn holds(&self, values: &Values, i: usize) -> bool {
        fn holds<T: Value>(column: &JobColumn, value: T) -> bool {
            if value.class() != Class::Finite {
                return true;
            }
            let moments = !column.needs.moments || value.quantise(column.resolution).is_some();
            moments && (!column.needs.terms || value.to_f64().abs() < TermSum::RANGE)
        }
        match values {
            Values::F32(v) => holds(self, v[i]),
            Values::F64(v) => holds(self, v[i]),
            Values::I64(v) => holds(self, v[i]),
        }
    }
}

impl Needs {
    /// Whether anything but the number of values matters.
    pub fn values(&self) -> bool {
        // Without a rest: an accumulator that is not asked here would not be fed.
        let Self {
            range,
            moments,
            variance: _,
            terms,
            ordered,
            edges,
        } = self;
        *range || *moments || *terms || *ordered || edges.is_some()
    }
}

impl Job {
    /// The quantiles that outputs ask for of a column.
    pub fn quantiles(&self, column: usize) -> Vec<f64> {
        let mut found = Vec::new();
        for output in &self.outputs {
            if let JobOutput::Scalar(expr) = output {
                expr.each_reduction(&mut |measure| match measure.kind {
                    MeasureKind::Quantile { q } if measure.column == column => found.push(q),
                    _ => {}
                });
            }
        }
        found
    }
}
