//! The functions of the expression language by name, shared by expressions and by the
//! configuration's `function:` key, so that both know the same reductions.

#[cfg(test)]
mod tests;

use super::near::suggestion;
use super::{Bits, End, Extreme, Mark, ReductionKind, Relation, RowExpr, UnaryFn};

/// What a name that is called stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Unary(UnaryFn),
    Extreme(Extreme),
    Where,
    Float,
    /// `round(x)`, and with decimals `round(x, 2)`.
    Round,
    /// `clip(x, low, high)`.
    Clip,
    /// `power(x, n)`, the operator `**`.
    Power,
    /// `square(x)`.
    Square,
    IsNan,
    IsFinite,
    /// `has(x, mask)`, `lacks(x, mask)`.
    Bits(Bits),
    /// `any(conf >= 3)`, `all(conf >= 3)`: over the columns of a dataset.
    Over {
        all: bool,
    },
    Reduce(Reducer),
}

/// A reduction by name, before its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reducer {
    shape: Shape,
    /// A member of the nan-family, e.g. `nanmean`.
    pub skip_nan: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Count,
    Min,
    Max,
    Sum,
    Mean,
    Median,
    Var,
    Std,
    Quantile,
    Percentile,
    Average,
    /// Whatever its `ddof`.
    Related(Relation),
    End(End),
    Marks(Mark),
    Mad,
}

/// Columns beside the value that a fit takes at most.
const MOST_OTHERS: usize = 3;

/// The covariance, whatever its `ddof`.
const OF_PAIRS: Shape = Shape::Related(Relation::Cov { ddof: 1 });

/// The parameters that a reduction may take beside its operand.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parameters {
    pub q: Option<f64>,
    pub ddof: Option<u32>,
    pub weights: Option<RowExpr>,
    /// Of fits and of `first` and `last`.
    pub others: Vec<RowExpr>,
}

/// Every reduction's bare name.
pub(crate) const REDUCERS: [&str; 34] = [
    "len",
    "count",
    "min",
    "max",
    "sum",
    "mean",
    "median",
    "var",
    "std",
    "quantile",
    "percentile",
    "average",
    "nanmin",
    "nanmax",
    "nansum",
    "nanmean",
    "nanmedian",
    "nanvar",
    "nanstd",
    "nanquantile",
    "nanpercentile",
    "mad",
    "nanmad",
    "cov",
    "corr",
    "slope",
    "slope_err",
    "intercept",
    "intercept_err",
    "first",
    "last",
    "n_granules",
    "n_cycles",
    "n_tracks",
];

/// Every elementwise function's bare name.
const ELEMENTWISE: [&str; 24] = [
    "sqrt", "abs", "log", "exp", "log10", "log2", "float32", "floor", "ceil", "round", "rint",
    "square", "power", "clip", "minimum", "maximum", "where", "float", "isnan", "isfinite", "has",
    "lacks", "any", "all",
];

/// The constant called `name`, with or without `np.`.
pub(super) fn constant(name: &str) -> Option<f64> {
    Some(match bare(name) {
        "nan" => f64::NAN,
        "inf" => f64::INFINITY,
        "pi" => std::f64::consts::PI,
        _ => return None,
    })
}

/// The name without the `np.` or `numpy.` in front.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_prefix("np.")
        .or_else(|| name.strip_prefix("numpy."))
        .unwrap_or(name)
}

/// The function called `name`, with or without `np.`.
///
/// Fails with the nearest name where there is none.
pub(super) fn function(name: &str) -> Result<Function, String> {
    Ok(match bare(name) {
        "sqrt" => Function::Unary(UnaryFn::Sqrt),
        "abs" => Function::Unary(UnaryFn::Abs),
        "log" => Function::Unary(UnaryFn::Log),
        "exp" => Function::Unary(UnaryFn::Exp),
        "log10" => Function::Unary(UnaryFn::Log10),
        "log2" => Function::Unary(UnaryFn::Log2),
        "float32" => Function::Unary(UnaryFn::Single),
        "minimum" => Function::Extreme(Extreme::Minimum),
        "maximum" => Function::Extreme(Extreme::Maximum),
        "floor" => Function::Unary(UnaryFn::Floor),
        "ceil" => Function::Unary(UnaryFn::Ceil),
        "rint" => Function::Unary(UnaryFn::Round),
        "round" => Function::Round,
        "clip" => Function::Clip,
        "power" => Function::Power,
        "square" => Function::Square,
        "isnan" => Function::IsNan,
        "isfinite" => Function::IsFinite,
        "has" => Function::Bits(Bits::Has),
        "lacks" => Function::Bits(Bits::Lacks),
        "any" => Function::Over { all: false },
        "all" => Function::Over { all: true },
        "where" => Function::Where,
        "float" => Function::Float,
        _ => Function::Reduce(reducer(name).ok_or_else(|| {
            let known = ELEMENTWISE.into_iter().chain(REDUCERS);
            let last = name.rsplit('.').next().unwrap_or(name);
            format!("unknown function '{name}'{}", suggestion(last, known))
        })?),
    })
}

/// The reduction called `name`, with or without `np.`.
pub(crate) fn reducer(name: &str) -> Option<Reducer> {
    let name = bare(name);
    let (base, skip_nan) = match name.strip_prefix("nan") {
        Some(base) => (base, true),
        None => (name, false),
    };
    let shape = match base {
        "len" | "count" if !skip_nan => Shape::Count,
        "average" if !skip_nan => Shape::Average,
        "min" => Shape::Min,
        "max" => Shape::Max,
        "sum" => Shape::Sum,
        "mean" => Shape::Mean,
        "median" => Shape::Median,
        "var" => Shape::Var,
        "std" => Shape::Std,
        "quantile" => Shape::Quantile,
        "percentile" => Shape::Percentile,
        "mad" => Shape::Mad,
        _ if skip_nan => return None,
        "cov" => Shape::Related(Relation::Cov { ddof: 1 }),
        "corr" => Shape::Related(Relation::Corr),
        "slope" => Shape::Related(Relation::Slope),
        "slope_err" => Shape::Related(Relation::SlopeErr),
        "intercept" => Shape::Related(Relation::Intercept),
        "intercept_err" => Shape::Related(Relation::InterceptErr),
        "first" => Shape::End(End::First),
        "last" => Shape::End(End::Last),
        "n_granules" => Shape::Marks(Mark::Granule),
        "n_cycles" => Shape::Marks(Mark::Cycle),
        "n_tracks" => Shape::Marks(Mark::Track),
        _ => return None,
    };
    Some(Reducer { shape, skip_nan })
}

impl Reducer {
    /// `quantile` and `percentile`, whose `q` may stand as the second argument.
    pub(super) fn takes_q(self) -> bool {
        matches!(self.shape, Shape::Quantile | Shape::Percentile)
    }

    /// Operands beside the value: how many at most, and how they are written.
    pub(crate) fn others(self) -> (usize, &'static str) {
        match self.shape {
            Shape::Related(Relation::Cov { .. }) => (1, "cov(y, x)"),
            Shape::Related(Relation::Corr) => (1, "corr(y, x)"),
            Shape::Related(_) => (MOST_OTHERS, "slope(y, x) or slope(y, x, x2, x3)"),
            Shape::End(_) => (1, "first(y, time)"),
            _ => (0, "mean(y)"),
        }
    }

    /// The parameter of `params` that names the operands beside the value; `None` where there are none.
    pub(crate) fn others_key(self) -> Option<&'static str> {
        match self.shape {
            Shape::Related(_) => Some("x"),
            Shape::End(_) => Some("by"),
            _ => None,
        }
    }

    /// The reduction with its parameters.
    ///
    /// Fails on a parameter that is missing, out of range or not the reduction's.
    pub(crate) fn kind(self, parameters: Parameters) -> Result<ReductionKind, String> {
        self.check(&parameters)?;
        let Parameters {
            q,
            ddof,
            weights,
            others,
        } = parameters;
        // As numpy, whose cov has another than its var.
        let default_ddof = u32::from(self.shape == OF_PAIRS);
        let ddof = ddof.unwrap_or(default_ddof);
        Ok(match self.shape {
            Shape::Count => ReductionKind::Count,
            Shape::Min => ReductionKind::Min,
            Shape::Max => ReductionKind::Max,
            Shape::Sum => ReductionKind::Sum,
            Shape::Mean => ReductionKind::Mean,
            Shape::Median => ReductionKind::Quantile { q: 0.5 },
            Shape::Var => ReductionKind::Var { ddof },
            Shape::Std => ReductionKind::Std { ddof },
            Shape::Quantile => match q {
                Some(q) if (0.0..=1.0).contains(&q) => ReductionKind::Quantile { q },
                Some(q) => return Err(format!("q is {q}, outside [0, 1]")),
                None => return Err("quantile needs q, a number in [0, 1]".into()),
            },
            Shape::Percentile => match q {
                // numpy divides by 100, too.
                Some(q) if (0.0..=100.0).contains(&q) => ReductionKind::Quantile { q: q / 100.0 },
                Some(q) => return Err(format!("q is {q}, outside [0, 100]")),
                None => return Err("percentile needs q, a number in [0, 100]".into()),
            },
            Shape::Average => match weights {
                Some(weights) => ReductionKind::WeightedMean { weights },
                None => ReductionKind::Mean,
            },
            Shape::Related(relation) => ReductionKind::Related {
                relation: match relation {
                    Relation::Cov { .. } => Relation::Cov { ddof },
                    relation => relation,
                },
                others,
            },
            Shape::End(end) => {
                let mut others = others.into_iter();
                let by = others
                    .next()
                    .unwrap_or_else(|| unreachable!("there is another operand"));
                ReductionKind::End { end, by }
            }
            Shape::Marks(mark) => ReductionKind::Marks { mark },
            Shape::Mad => ReductionKind::Mad,
        })
    }

    /// Whether it takes these parameters.
    fn check(self, parameters: &Parameters) -> Result<(), String> {
        let Parameters {
            q,
            ddof,
            weights,
            others,
        } = parameters;
        let spread = matches!(self.shape, Shape::Var | Shape::Std) || self.shape == OF_PAIRS;
        if q.is_some() && !self.takes_q() {
            return Err("only quantile and percentile take q".into());
        }
        if ddof.is_some() && !spread {
            return Err("only var, std and cov take ddof".into());
        }
        if weights.is_some() && self.shape != Shape::Average {
            return Err("only average takes weights".into());
        }
        let (most, written) = self.others();
        if others.len() > most {
            return Err(format!(
                "takes {most} operands beside the value, not {}",
                others.len()
            ));
        }
        if most > 0 && others.is_empty() {
            return Err(format!("needs another operand, as in {written}"));
        }
        if let Some(other) = others.iter().find(|other| !uses_a_column(other)) {
            return Err(format!("'{other}' uses no column"));
        }
        match weights {
            Some(weights) if !uses_a_column(weights) => {
                Err("the weights use no column; leave equal weights out".into())
            }
            _ => Ok(()),
        }
    }
}

fn uses_a_column(expr: &RowExpr) -> bool {
    let mut columns = Vec::new();
    expr.collect_columns(&mut columns);
    !columns.is_empty()
}

/// A message with its position in the expression.
pub(super) fn at(column: usize, message: impl AsRef<str>) -> String {
    format!("at column {column}: {}", message.as_ref())
}
