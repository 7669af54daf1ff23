//! The functions of the expression language by name, shared by expressions and by the
//! configuration's `function:` key, so that both know the same reductions.

use super::{Bits, Extreme, ReductionKind, RowExpr, UnaryFn};

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
}

/// The parameters that a reduction may take beside its operand.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Parameters {
    pub q: Option<f64>,
    pub ddof: Option<u32>,
    pub weights: Option<RowExpr>,
}

/// Every reduction's bare name.
pub(crate) const REDUCERS: [&str; 21] = [
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
];

/// Every elementwise function's bare name.
const ELEMENTWISE: [&str; 22] = [
    "sqrt", "abs", "log", "exp", "log10", "floor", "ceil", "round", "rint", "square", "power",
    "clip", "minimum", "maximum", "where", "float", "isnan", "isfinite", "has", "lacks", "any",
    "all",
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
        _ => return None,
    };
    Some(Reducer { shape, skip_nan })
}

impl Reducer {
    /// `quantile` and `percentile`, whose `q` may stand as the second argument.
    pub(super) fn takes_q(self) -> bool {
        matches!(self.shape, Shape::Quantile | Shape::Percentile)
    }

    /// The reduction with its parameters.
    ///
    /// Fails on a parameter that is missing, out of range or not the reduction's.
    pub(crate) fn kind(self, parameters: Parameters) -> Result<ReductionKind, String> {
        let Parameters { q, ddof, weights } = parameters;
        let spread = matches!(self.shape, Shape::Var | Shape::Std);
        if q.is_some() && !self.takes_q() {
            return Err("only quantile and percentile take q".into());
        }
        if ddof.is_some() && !spread {
            return Err("only var and std take ddof".into());
        }
        if weights.is_some() && self.shape != Shape::Average {
            return Err("only average takes weights".into());
        }
        let ddof = ddof.unwrap_or(0);
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
                Some(weights) => {
                    let mut columns = Vec::new();
                    weights.collect_columns(&mut columns);
                    if columns.is_empty() {
                        return Err("the weights use no column; leave equal weights out".into());
                    }
                    ReductionKind::WeightedMean { weights }
                }
                None => ReductionKind::Mean,
            },
        })
    }
}

/// A message with its position in the expression.
pub(super) fn at(column: usize, message: impl AsRef<str>) -> String {
    format!("at column {column}: {}", message.as_ref())
}

/// `, did you mean 'x'` where a known name is near, else what is known.
pub(crate) fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!(", did you mean '{near}'"),
        None if known.is_empty() => "; none is known".into(),
        None => format!("; known: {}", known.join(", ")),
    }
}

/// The known name that was perhaps meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known = known.into_iter();
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min_by_key(|(distance, _)| *distance);
    let (distance, near) = nearest?;
    (distance <= (name.chars().count() / 3).max(1)).then_some(near)
}
