//! From the question to the job: which columns and accumulators the outputs of a config need.
//!
//! Statistics asked for are the statistics paid for: outputs are taken apart into reductions, equal
//! reductions share one accumulator, and elementwise expressions become derived columns.

use super::{Config, Definition, Scoped};
use crate::expr::{BinaryOp, CellExpr, Condition, Reduction, ReductionKind, RowExpr};
use crate::photon::{ColumnType, SourceColumn};
use crate::stat::{
    ColumnOrigin, Job, JobColumn, JobOutput, Measure, MeasureKind, Needs, OfPhotons, Resolution,
    Vector,
};

impl Job {
    /// Resolves a config against what the granules say of its source columns (one per variable).
    pub fn new(config: &Config, sources: &[SourceColumn]) -> Self {
        let mut builder = Builder {
            config,
            sources,
            columns: Vec::new(),
            condition: None,
        };
        let outputs = config
            .outputs
            .iter()
            .map(|output| {
                builder.condition = output.condition.as_ref();
                match &output.definition {
                    Definition::Scalar(expr) => JobOutput::Scalar(builder.cell(expr)),
                    Definition::Histogram { column, edges } => {
                        let variable = builder.variable(column);
                        JobOutput::Histogram(builder.histogram(variable, edges))
                    }
                    Definition::Digest {
                        column,
                        delta,
                        coarser,
                        told,
                    } => {
                        let (column, members) = builder.digested(column, told);
                        JobOutput::Digest {
                            column,
                            delta: *delta,
                            coarser: *coarser,
                            members,
                        }
                    }
                    Definition::Composition(composed) => {
                        JobOutput::Composition(builder.composed(composed))
                    }
                    Definition::OfChunk(expr) => JobOutput::OfChunk(builder.cell(expr)),
                    Definition::Vector(vector) => JobOutput::Vector(Box::new(Vector {
                        column: builder.retained(&vector.column),
                        shifts: vector.shifts.iter().map(|of| builder.scoped(of)).collect(),
                        low: builder.scoped(&vector.low),
                        high: builder.scoped(&vector.high),
                        bins: vector.bins as usize,
                    })),
                }
            })
            .collect();
        Self {
            columns: builder.columns,
            outputs,
        }
    }
}

pub(super) struct Builder<'a> {
    config: &'a Config,
    sources: &'a [SourceColumn],
    pub(super) columns: Vec<JobColumn>,
    /// What has to hold of the photons of the output at hand.
    condition: Option<&'a Condition<RowExpr>>,
}

impl Builder<'_> {
    fn variable(&self, name: &str) -> usize {
        self.config
            .variables
            .iter()
            .position(|v| v.name == name)
            .unwrap_or_else(|| unreachable!("the config checks that column {name} is declared"))
    }

    fn cell(&mut self, expr: &CellExpr) -> CellExpr<Measure> {
        match expr {
            CellExpr::Number(x) => CellExpr::Number(*x),
            CellExpr::Reduce(reduction) => CellExpr::Reduce(self.measure(reduction)),
            CellExpr::Neg(a) => CellExpr::Neg(self.boxed(a)),
            CellExpr::Binary(op, a, b) => CellExpr::Binary(*op, self.boxed(a), self.boxed(b)),
            CellExpr::Unary(f, a) => CellExpr::Unary(*f, self.boxed(a)),
            CellExpr::Extreme(e, a, b) => CellExpr::Extreme(*e, self.boxed(a), self.boxed(b)),
            CellExpr::Where(c, a, b) => {
                let condition = c.map(&mut |side| self.cell(side));
                CellExpr::Where(Box::new(condition), self.boxed(a), self.boxed(b))
            }
            CellExpr::Truth(c) => CellExpr::Truth(Box::new(c.map(&mut |side| self.cell(side)))),
        }
    }

    fn scoped(&mut self, of: &Scoped) -> OfPhotons {
        OfPhotons {
            expr: self.cell(&of.expr),
            of_chunk: of.of_chunk,
        }
    }

    fn boxed(&mut self, expr: &CellExpr) -> Box<CellExpr<Measure>> {
        Box::new(self.cell(expr))
    }

    fn measure(&mut self, reduction: &Reduction) -> Measure {
        let skip_nan = reduction.skip_nan;
        if let ReductionKind::WeightedMean { weights } = &reduction.kind {
            return self.weighted_mean(&reduction.over, weights, skip_nan);
        }
        let column = self.column(&reduction.over);
        if let Some(measure) = self.joint_measure(column, &reduction.kind) {
            return measure;
        }
        let derived = self.columns[column].origin.is_derived();
        let needs = &mut self.columns[column].needs;
        let kind = match reduction.kind {
            ReductionKind::Count => MeasureKind::Count,
            ReductionKind::Min => {
                needs.range = true;
                MeasureKind::Min
            }
            ReductionKind::Max => {
                needs.range = true;
                MeasureKind::Max
            }
            ReductionKind::Sum | ReductionKind::Mean => {
                let sum = reduction.kind == ReductionKind::Sum;
                if derived {
                    needs.terms = true;
                } else {
                    needs.moments = true;
                }
                match (sum, derived) {
                    (true, true) => MeasureKind::TermSum,
                    (true, false) => MeasureKind::Sum,
                    (false, true) => MeasureKind::TermMean,
                    (false, false) => MeasureKind::Mean,
                }
            }
            ReductionKind::Var { ddof } => {
                (needs.moments, needs.variance) = (true, true);
                MeasureKind::Var { ddof }
            }
            ReductionKind::Std { ddof } => {
                (needs.moments, needs.variance) = (true, true);
                MeasureKind::Std { ddof }
            }
            ReductionKind::Quantile { q } => {
                needs.ordered = true;
                MeasureKind::Quantile { q }
            }
            ReductionKind::Mad => {
                needs.ordered = true;
                MeasureKind::Mad
            }
            ReductionKind::WeightedMean { .. }
            | ReductionKind::Related { .. }
            | ReductionKind::End { .. }
            | ReductionKind::Marks { .. } => unreachable!("handled above"),
        };
        Measure {
            column,
            kind,
            skip_nan,
        }
    }

    /// The column of an operand.
    pub(super) fn column(&mut self, of: &RowExpr) -> usize {
        match of {
            RowExpr::Column(name) => self.source(self.variable(name)),
            expr => self.derived(expr.clone(), operands_of(self, &[expr])),
        }
    }

    /// Both sums run over the same photons: those where neither value nor weight is null.
    fn weighted_mean(&mut self, over: &RowExpr, weights: &RowExpr, skip_nan: bool) -> Measure {
        let operands = operands_of(self, &[over, weights]);
        let product = RowExpr::Binary(
            BinaryOp::Mul,
            Box::new(over.clone()),
            Box::new(weights.clone()),
        );
        let denominator = if skip_nan {
            RowExpr::UnlessNan(Box::new(weights.clone()), Box::new(product.clone()))
        } else {
            weights.clone()
        };
        let column = self.derived(product, operands.clone());
        let weights = self.derived(denominator, operands);
        self.columns[column].needs.terms = true;
        self.columns[weights].needs.terms = true;
        Measure {
            column,
            kind: MeasureKind::WeightedMean { weights },
            skip_nan,
        }
    }

    fn source(&mut self, variable: usize) -> usize {
        let column = self.source_column(variable);
        let mut columns = self.columns.iter();
        if let Some(found) = columns.position(|c| is_same(c, &column)) {
            return found;
        }
        self.columns.push(column);
        self.columns.len() - 1
    }

    fn source_column(&self, variable: usize) -> JobColumn {
        let declared = &self.config.variables[variable];
        let source = &self.sources[variable];
        let dataset = declared.path.rsplit('/').next().unwrap_or_default();
        let by_type = match source.column_type {
            ColumnType::I64 => Resolution::ONE,
            ColumnType::F32 | ColumnType::F64 => Resolution::of_dataset(dataset),
        };
        let (name, origin) = self.restricted(declared.name.clone(), ColumnOrigin::Source(variable));
        JobColumn {
            name,
            origin,
            column_type: source.column_type,
            resolution: declared.resolution.unwrap_or(by_type),
            needs: Needs::default(),
        }
    }

    fn derived(&mut self, expr: RowExpr, operands: Vec<usize>) -> usize {
        let name = expr.to_string();
        let (name, origin) = self.restricted(name, ColumnOrigin::Derived { expr, operands });
        let column = JobColumn {
            name,
            origin,
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs::default(),
        };
        if let Some(found) = self.columns.iter().position(|c| is_same(c, &column)) {
            return found;
        }
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// A column of the photons for which the output's condition holds.
    fn restricted(&self, name: String, origin: ColumnOrigin) -> (String, ColumnOrigin) {
        match self.condition {
            None => (name, origin),
            Some(condition) => self.restricted_by(condition, &name, origin),
        }
    }

    fn restricted_by(
        &self,
        condition: &Condition<RowExpr>,
        name: &str,
        origin: ColumnOrigin,
    ) -> (String, ColumnOrigin) {
        let mut names = Vec::new();
        condition.each(&mut |side| side.collect_columns(&mut names));
        let mut operands: Vec<usize> = names.iter().map(|n| self.variable(n)).collect();
        operands.sort_unstable();
        let origin = ColumnOrigin::Where {
            of: Box::new(origin),
            condition: condition.clone(),
            operands,
        };
        (format!("{name} where {condition}"), origin)
    }

    /// The same, of those of which a condition holds, too.
    pub(super) fn column_where(&mut self, name: &str, condition: &Condition<RowExpr>) -> usize {
        let mut column = self.source_column(self.variable(name));
        (column.name, column.origin) = self.restricted_by(condition, &column.name, column.origin);
        if let Some(found) = self.columns.iter().position(|c| is_same(c, &column)) {
            return found;
        }
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// The column whose values are kept, for those photons that take part.
    pub(super) fn retained(&mut self, name: &str) -> usize {
        let column = self.column(&RowExpr::Column(name.to_owned()));
        self.columns[column].needs.ordered = true;
        column
    }

    /// A column has one set of edges; another histogram of the same variable gets its own column.
    fn histogram(&mut self, variable: usize, edges: &[f64]) -> usize {
        let new = self.source_column(variable);
        let free = self
            .columns
            .iter()
            .position(|c| is_same(c, &new) && c.needs.edges.as_deref().is_none_or(|e| e == edges));
        let column = free.unwrap_or_else(|| {
            self.columns.push(new);
            self.columns.len() - 1
        });
        self.columns[column].needs.edges = Some(edges.to_vec());
        column
    }
}

/// Whether both have the same values. What is computed is compared by its text: as numbers 0.0 and -0.0 are
/// equal, and 1 / 0.0 and 1 / -0.0 are not.
fn is_same(a: &JobColumn, b: &JobColumn) -> bool {
    fn origin(a: &ColumnOrigin, b: &ColumnOrigin) -> bool {
        match (a, b) {
            (ColumnOrigin::Source(a), ColumnOrigin::Source(b)) => a == b,
            // Null where others are: the weights of two means of different columns are two.
            (
                ColumnOrigin::Derived { operands: a, .. },
                ColumnOrigin::Derived { operands: b, .. },
            ) => a == b,
            (ColumnOrigin::Where { of: a, .. }, ColumnOrigin::Where { of: b, .. }) => origin(a, b),
            _ => false,
        }
    }
    a.name == b.name && origin(&a.origin, &b.origin)
}

fn operands_of(builder: &Builder, exprs: &[&RowExpr]) -> Vec<usize> {
    let mut names = Vec::new();
    for expr in exprs {
        expr.collect_columns(&mut names);
    }
    let mut operands: Vec<usize> = names.iter().map(|n| builder.variable(n)).collect();
    operands.sort_unstable();
    operands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_yaml;
    use crate::photon::Dtype;

    #[test]
    fn columns_that_differ_in_the_sign_of_a_zero_are_two() {
        let config = parse_yaml(
            "test",
            r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h"}
aggregation:
  variables:
    up: {expression: "sum(h / 0.0)"}
    down: {expression: "sum(h / -0.0)"}
    again: {expression: "mean(h / 0.0)"}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"#,
        )
        .unwrap();
        let source = SourceColumn {
            name: "h".to_owned(),
            column_type: ColumnType::F32,
            dtype: Dtype::F32,
            units: None,
            long_name: None,
        };
        let job = Job::new(&config, &[source]);
        let names: Vec<&str> = job.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }
}
