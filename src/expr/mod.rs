//! The expression language: arithmetic over columns, parsed to a typed tree and never run as code.
//!
//! A *row expression* is elementwise over a photon's columns; a *cell expression* is scalar arithmetic over
//! reductions of row expressions, e.g. `1.0 / np.sqrt(np.sum(1.0 / s_li**2))`. The language is small and
//! total: every expression has a value for every input. Both kinds evaluate in IEEE f64 with one fixed order
//! of operations, so every machine gives the same bits; `log`, `exp` and general powers come from the
//! pure-Rust `libm`.

mod condition;
mod eval;
mod functions;
mod level;
mod lex;
mod loops;
mod mask;
mod near;
mod parse;
mod show;
mod syntax;
#[cfg(test)]
mod tests;
mod wide;

pub(crate) use functions::{Parameters, REDUCERS, Reducer, bare, reducer};
pub(crate) use near::{nearest, suggestion};

pub use condition::{Bits, Comparison, Condition};
pub use eval::{RowValues, eval_cell, eval_rows};
pub use mask::eval_condition;
pub use parse::{parse_cell, parse_condition, parse_row, parse_scalar};

/// Elementwise over the columns of one photon.
#[derive(Debug, Clone, PartialEq)]
pub enum RowExpr {
    Number(f64),
    Column(String),
    Neg(Box<RowExpr>),
    Binary(BinaryOp, Box<RowExpr>, Box<RowExpr>),
    Unary(UnaryFn, Box<RowExpr>),
    /// `minimum(a, b)` and `maximum(a, b)`: NaN if either is NaN, as numpy.
    Extreme(Extreme, Box<RowExpr>, Box<RowExpr>),
    /// `where(a < b, x, y)`.
    Where(Box<Condition<RowExpr>>, Box<RowExpr>, Box<RowExpr>),
    /// A condition as a number: 1 where it holds, else 0.
    Truth(Box<Condition<RowExpr>>),
    /// The first where the second is not NaN, else NaN. Not in the language: it makes the two sums
    /// of a weighted mean skip the same photons under `nan: skip`.
    UnlessNan(Box<RowExpr>, Box<RowExpr>),
}

/// Scalar arithmetic over reductions, one value per cell.
#[derive(Debug, Clone, PartialEq)]
pub enum CellExpr<R = Reduction> {
    Number(f64),
    Reduce(R),
    Neg(Box<CellExpr<R>>),
    Binary(BinaryOp, Box<CellExpr<R>>, Box<CellExpr<R>>),
    Unary(UnaryFn, Box<CellExpr<R>>),
    Extreme(Extreme, Box<CellExpr<R>>, Box<CellExpr<R>>),
    Where(
        Box<Condition<CellExpr<R>>>,
        Box<CellExpr<R>>,
        Box<CellExpr<R>>,
    ),
    /// A condition as a number: 1 where it holds, else 0.
    Truth(Box<Condition<CellExpr<R>>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryFn {
    Sqrt,
    Abs,
    Log,
    Exp,
    Log10,
    Log2,
    /// To the nearest float32.
    Single,
    /// To the nearest integer, halves to the even one.
    Round,
    Floor,
    Ceil,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    Minimum,
    Maximum,
}

/// One reduction of a row expression over the photons of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduction {
    pub kind: ReductionKind,
    pub over: RowExpr,
    /// `true` for the nan-family (`nanmean`, ...) and under `nan: skip`.
    pub skip_nan: bool,
}

/// What a reduction computes; definitions in `docs/format/NUMBERS.md`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReductionKind {
    /// Photons whose operands are not null, NaN included.
    Count,
    Min,
    Max,
    Sum,
    Mean,
    Var {
        ddof: u32,
    },
    Std {
        ddof: u32,
    },
    /// Linear interpolation between order statistics, 0 <= q <= 1.
    Quantile {
        q: f64,
    },
    /// sum(w * x) / sum(w).
    WeightedMean {
        weights: RowExpr,
    },
    /// How the value goes with others, by least squares; over photons where all of them are finite.
    Related {
        relation: Relation,
        others: Vec<RowExpr>,
    },
    /// The value of the photon where another is least or greatest.
    End {
        end: End,
        by: RowExpr,
    },
    /// Number of different marks among the photons whose operands are not null.
    Marks {
        mark: Mark,
    },
    /// Median of the absolute deviations from the median.
    Mad,
}

/// What is told of a value y and of others x; with several, of the first x beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Cov {
        ddof: u32,
    },
    Corr,
    /// Of the fit y = a + b x: b, its standard error, a, and its standard error.
    Slope,
    SlopeErr,
    Intercept,
    InterceptErr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    First,
    Last,
}

/// What the granule of a photon is, and is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Granule,
    Cycle,
    /// Reference ground track.
    Track,
}

impl ReductionKind {
    /// What it is over beside its operand.
    pub fn others(&self) -> &[RowExpr] {
        match self {
            Self::WeightedMean { weights } => std::slice::from_ref(weights),
            Self::Related { others, .. } => others,
            Self::End { by, .. } => std::slice::from_ref(by),
            _ => &[],
        }
    }

    /// Whether NaN is passed over or not: counts have it, and joint sums never do.
    pub fn may_skip_nan(&self) -> bool {
        !matches!(
            self,
            Self::Count | Self::Related { .. } | Self::End { .. } | Self::Marks { .. }
        )
    }
}

impl Relation {
    /// The name of its function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cov { .. } => "cov",
            Self::Corr => "corr",
            Self::Slope => "slope",
            Self::SlopeErr => "slope_err",
            Self::Intercept => "intercept",
            Self::InterceptErr => "intercept_err",
        }
    }
}

impl End {
    /// The name of its function.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
        }
    }
}

impl Mark {
    /// The name of its function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Granule => "n_granules",
            Self::Cycle => "n_cycles",
            Self::Track => "n_tracks",
        }
    }
}

impl<R> CellExpr<R> {
    /// Shows every reduction to `look`, from left to right.
    pub fn each_reduction<'a>(&'a self, look: &mut dyn FnMut(&'a R)) {
        match self {
            Self::Number(_) => {}
            Self::Reduce(reduction) => look(reduction),
            Self::Neg(a) | Self::Unary(_, a) => a.each_reduction(look),
            Self::Binary(_, a, b) | Self::Extreme(_, a, b) => {
                a.each_reduction(look);
                b.each_reduction(look);
            }
            Self::Where(c, a, b) => {
                c.each(&mut |part| part.each_reduction(look));
                a.each_reduction(look);
                b.each_reduction(look);
            }
            Self::Truth(c) => c.each(&mut |part| part.each_reduction(look)),
        }
    }
}

impl RowExpr {
    /// Adds the names of the columns used to `names`, first use first, without repeats.
    pub fn collect_columns(&self, names: &mut Vec<String>) {
        match self {
            Self::Number(_) => {}
            Self::Column(name) => {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            Self::Neg(a) | Self::Unary(_, a) => a.collect_columns(names),
            Self::Binary(_, a, b) | Self::Extreme(_, a, b) | Self::UnlessNan(a, b) => {
                a.collect_columns(names);
                b.collect_columns(names);
            }
            Self::Where(c, a, b) => {
                c.each(&mut |part| part.collect_columns(names));
                a.collect_columns(names);
                b.collect_columns(names);
            }
            Self::Truth(c) => c.each(&mut |part| part.collect_columns(names)),
        }
    }
}
