//! The job: which columns a backend sees, and which accumulators each of them needs.
//!
//! `src/config/job.rs` makes one of a config.

use crate::expr::{CellExpr, Condition, End, Relation, RowExpr};
use crate::photon::{ColumnType, Values};

use super::clock::Clock;
use super::composition::Composition;
use super::joint::{Joint, MOST_COLUMNS};
use super::order::Class;

use super::resolution::Resolution;
use super::terms::TermSum;
use super::value::Value;
use super::vector::Vector;

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
    /// The values of another origin; also null where the condition does not hold, or an operand of it
    /// (variables) is null.
    Where {
        of: Box<ColumnOrigin>,
        condition: Condition<RowExpr>,
        operands: Vec<usize>,
    },
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
    /// What it adds up to with other columns, or with what granules are.
    pub joints: Vec<Joint>,
    /// Whether it takes part in sums of products, its own or those of another column.
    pub products: bool,
    /// How it counts time, where its values have to have a word.
    pub clock: Option<Clock>,
}

/// How an output follows from accumulators.
#[derive(Debug, Clone, PartialEq)]
pub enum JobOutput {
    Scalar(CellExpr<Measure>),
    /// Bin counts of a column.
    Histogram(usize),
    /// A t-digest of a column; of coarser orders with a delta of its own.
    Digest {
        column: usize,
        delta: u32,
        coarser: u32,
        /// The column's joint of this place, where centroids say more than means and weights.
        members: Option<usize>,
    },
    /// Fractions of photons by surface and confidence, in one word.
    Composition(Composition),
    /// A number of all photons of a Zarr chunk.
    OfChunk(CellExpr<Measure>),
    /// Counts between edges that follow from photons.
    Vector(Box<Vector>),
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
    /// Of sums of products, the column's joint of this place.
    Related {
        joint: usize,
        relation: Relation,
        /// The places of the value and of the others among the columns of the joint.
        roles: Roles,
    },
    /// Of the column's joint of this place.
    End {
        joint: usize,
        end: End,
    },
    /// Number of marks, of the column's joint of this place.
    Marks {
        joint: usize,
    },
    /// Median of the absolute deviations from the median.
    Mad,
}

/// Places of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    places: [u8; MOST_COLUMNS],
    len: u8,
}

impl Roles {
    /// Of at most as many places as sums of products have columns.
    pub fn of(of: &[usize]) -> Self {
        let mut places = [0; MOST_COLUMNS];
        for (place, &of) in places.iter_mut().zip(of) {
            *place = of as u8;
        }
        Self {
            places,
            len: of.len() as u8,
        }
    }

    pub fn places(&self) -> &[u8] {
        &self.places[..self.len.into()]
    }
}

impl ColumnOrigin {
    /// Whether values are computed, in f64, and not those of a source column.
    pub fn is_derived(&self) -> bool {
        match self {
            Self::Source(_) => false,
            Self::Derived { .. } => true,
            Self::Where { of, .. } => of.is_derived(),
        }
    }

    /// The source column that the values are of.
    pub fn variable(&self) -> Option<usize> {
        match self {
            Self::Source(variable) => Some(*variable),
            Self::Derived { .. } => None,
            Self::Where { of, .. } => of.variable(),
        }
    }
}

impl JobColumn {
    /// Whether its accumulators hold photon `i` of a column of its values.
    pub fn holds(&self, values: &Values, i: usize) -> bool {
        fn holds<T: Value>(column: &JobColumn, value: T) -> bool {
            if value.class() != Class::Finite {
                return true;
            }
            let moments = !column.needs.moments || value.quantise(column.resolution).is_some();
            let terms = column.needs.terms || column.needs.products;
            let clock = column.needs.clock;
            let has_word = clock.is_none_or(|clock| clock.word(value.to_f64()).is_some());
            moments && has_word && (!terms || value.to_f64().abs() < TermSum::RANGE)
        }
        match values {
            Values::F32(v) => holds(self, v[i]),
            Values::F64(v) => holds(self, v[i]),
            Values::I64(v) => holds(self, v[i]),
        }
    }
}

impl Needs {
    /// Whether anything but the number of values matters to a backend: joint sums are the host's.
    pub fn values(&self) -> bool {
        // Without a rest: an accumulator that is not asked here would not be fed.
        let Self {
            range,
            moments,
            variance: _,
            terms,
            ordered,
            edges,
            joints: _,
            products: _,
            clock: _,
        } = self;
        *range || *moments || *terms || *ordered || edges.is_some()
    }

    /// Whether a backend keeps sums of terms, and nothing else of the values.
    pub fn terms_alone(&self) -> bool {
        let Self {
            range,
            moments,
            variance: _,
            terms,
            ordered,
            edges,
            joints: _,
            products: _,
            clock: _,
        } = self;
        *terms && !*range && !*moments && !*ordered && edges.is_none()
    }
}

impl JobOutput {
    /// Its scalar expressions.
    fn exprs(&self) -> Vec<&CellExpr<Measure>> {
        match self {
            Self::Scalar(expr) | Self::OfChunk(expr) => vec![expr],
            Self::Vector(vector) => vector.exprs(),
            Self::Histogram(_) | Self::Digest { .. } | Self::Composition(_) => Vec::new(),
        }
    }
}

impl Job {
    /// The quantiles that outputs ask for of a column.
    pub fn quantiles(&self, column: usize) -> Vec<f64> {
        let mut found = Vec::new();
        for expr in self.outputs.iter().flat_map(JobOutput::exprs) {
            expr.each_reduction(&mut |measure| match measure.kind {
                MeasureKind::Quantile { q } if measure.column == column => found.push(q),
                MeasureKind::Mad if measure.column == column => found.push(0.5),
                _ => {}
            });
        }
        found
    }

    /// Whether an output follows from all photons of a Zarr chunk.
    pub fn has_chunk_values(&self) -> bool {
        self.outputs.iter().any(|output| match output {
            JobOutput::OfChunk(_) => true,
            JobOutput::Vector(vector) => vector.is_of_chunk(),
            JobOutput::Scalar(_)
            | JobOutput::Histogram(_)
            | JobOutput::Composition(_)
            | JobOutput::Digest { .. } => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(needs: Needs) -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs,
        }
    }

    /// With one accumulator each.
    fn needs() -> [Needs; 5] {
        std::array::from_fn(|i| Needs {
            range: i == 0,
            moments: i == 1,
            variance: false,
            terms: i == 2,
            ordered: i == 3,
            edges: (i == 4).then(|| vec![0.0, 1.0]),
            ..Needs::default()
        })
    }

    #[test]
    fn values_matter_to_every_accumulator_and_not_to_a_count() {
        assert!(needs().iter().all(Needs::values));
        assert!(!Needs::default().values());
    }

    #[test]
    fn terms_are_alone_where_no_other_accumulator_is_fed() {
        let alone = needs().map(|needs| needs.terms_alone());
        assert_eq!(alone, [false, false, true, false, false]);
        for mut both in needs() {
            let terms_too = both.terms;
            both.terms = true;
            assert_eq!(both.terms_alone(), terms_too);
        }
    }

    #[test]
    fn a_value_is_held_where_it_is_in_the_range_of_every_accumulator() {
        let [range, moments, terms, ..] = needs().map(column);
        let mut both = moments.clone();
        both.needs.terms = true;
        // The bound itself, and the number below it: heights to 2^14 m, terms to their own.
        for (bound, holds) in [
            (16_384.0, [true, false, true, false]),
            (16_383.0, [true; 4]),
            (TermSum::RANGE, [true, false, false, false]),
            (-TermSum::RANGE, [true, false, false, false]),
            (TermSum::RANGE.next_down(), [true, false, true, false]),
            (f64::NAN, [true; 4]),
            (f64::NEG_INFINITY, [true; 4]),
        ] {
            let values = Values::F64(vec![0.0, bound].into());
            for (column, holds) in [&range, &moments, &terms, &both].into_iter().zip(holds) {
                assert_eq!(
                    column.holds(&values, 1),
                    holds,
                    "{bound} {:?}",
                    column.needs
                );
                assert!(column.holds(&values, 0));
            }
        }
        assert!(!moments.holds(&Values::F32(vec![20_000.0].into()), 0));
        assert!(!moments.holds(&Values::I64(vec![20_000].into()), 0));
        assert!(moments.holds(&Values::I64(vec![-16_383].into()), 0));
    }

    #[test]
    fn the_quantiles_of_a_column_are_not_those_of_another() {
        let quantile = |column, q| {
            JobOutput::Scalar(CellExpr::Reduce(Measure {
                column,
                kind: MeasureKind::Quantile { q },
                skip_nan: true,
            }))
        };
        let job = Job {
            columns: needs().map(column).to_vec(),
            outputs: vec![
                quantile(3, 0.25),
                quantile(1, 0.5),
                JobOutput::Histogram(3),
                quantile(3, 0.75),
            ],
        };
        assert_eq!(job.quantiles(3), [0.25, 0.75]);
        assert_eq!(job.quantiles(1), [0.5]);
        assert!(job.quantiles(0).is_empty());
    }
}
