//! Evaluation of expressions in IEEE f64, one fixed sequence of operations on every machine.
//!
//! Row expressions run over blocks of [`BLOCK`] photons, node by node, so that the tree is walked
//! and names are looked up once per block or once per call, not once per photon. No operation is
//! fused. `log`, `exp`, `log10`, `log2` and general powers are `libm`'s.
//!
//! Powers with a literal exponent: `x**0` is 1; `x**n` for n = 1..16 multiplies from the left,
//! `((x*x)*x)*...`; `x**-n` is `1/(x**n)`; `x**0.5` is `sqrt(x)`; all others are `libm::pow`.
//! Every NaN that leaves is the same NaN.
//!
//! Conditions are in `mask.rs`.

use rayon::prelude::*;

use super::loops::{
    all_one_nan, one_nan, power, product_f32, product_f32_f64, product_f64, times, times_f32,
    widen, widen_numbers,
};
use super::mask::{bind, fill_condition, is_constant};
use super::{BinaryOp, CellExpr, Condition, Extreme, RowExpr, UnaryFn};
use crate::photon::Values;

/// Photons evaluated together; the deepest tree then holds under 0.5 MiB of stack.
pub(super) const BLOCK: usize = 256;
/// Photons of a task; whole blocks.
const TASK: usize = 64 * BLOCK;
/// Largest literal exponent that is multiplied out.
const MAX_MULTIPLIED: f64 = 16.0;

/// A row expression whose names are bound to columns: it has a value for each photon of them.
#[derive(Debug)]
pub struct RowValues<'a>(Bound<'a>);

impl<'a> RowValues<'a> {
    /// `column` gives the values of a column by name; it is asked once per use of a column.
    pub fn new(expr: &RowExpr, column: &dyn Fn(&str) -> &'a Values) -> Self {
        Self(Bound::new(expr, column))
    }

    /// Puts the values of the photons from `start` on into `out`.
    ///
    /// # Panics
    /// If a column has fewer values.
    pub fn fill(&self, start: usize, out: &mut [f64]) {
        if self.0.fill_at_once(start, out) {
            return;
        }
        for (block, values) in out.chunks_mut(BLOCK).enumerate() {
            self.0.fill(start + block * BLOCK, values);
            all_one_nan(values);
        }
    }
}

/// Puts the expression's value for each photon into `out`; with the threads of the pool that it is called in, if any.
///
/// `column` gives the values of a column by name; it is asked once per use of a column.
///
/// # Panics
/// If a column has fewer values than `out`.
pub fn eval_rows<'a>(expr: &RowExpr, column: &dyn Fn(&str) -> &'a Values, out: &mut [f64]) {
    let bound = RowValues::new(expr, column);
    if out.len() <= TASK || rayon::current_thread_index().is_none() {
        bound.fill(0, out);
        return;
    }
    out.par_chunks_mut(TASK)
        .enumerate()
        .for_each(|(task, values)| bound.fill(task * TASK, values));
}

/// The value of a cell; `reduce` gives the value of each reduction.
pub fn eval_cell<R>(expr: &CellExpr<R>, reduce: &mut dyn FnMut(&R) -> f64) -> f64 {
    one_nan(cell(expr, reduce))
}

fn cell<R>(expr: &CellExpr<R>, reduce: &mut dyn FnMut(&R) -> f64) -> f64 {
    match expr {
        CellExpr::Number(value) => *value,
        CellExpr::Reduce(reduction) => reduce(reduction),
        CellExpr::Neg(a) => -cell(a, reduce),
        CellExpr::Binary(op, a, b) => {
            let op = match b.as_ref() {
                CellExpr::Number(exponent) if *op == BinaryOp::Pow => Op::literal(*exponent),
                _ => Op::Plain(*op),
            };
            let a = cell(a, reduce);
            op.apply(a, cell(b, reduce))
        }
        CellExpr::Unary(function, a) => unary(*function, cell(a, reduce)),
        CellExpr::Extreme(which, a, b) => {
            let a = cell(a, reduce);
            extreme(*which, a, cell(b, reduce))
        }
        CellExpr::Where(condition, a, b) => {
            let holds = condition.map(&mut |side| cell(side, reduce)).holds();
            let (a, b) = (cell(a, reduce), cell(b, reduce));
            if holds { a } else { b }
        }
        CellExpr::Truth(condition) => {
            let holds = condition.map(&mut |side| cell(side, reduce)).holds();
            f64::from(u8::from(holds))
        }
    }
}

/// An operator, with a literal exponent already looked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    Plain(BinaryOp),
    /// `x**n` or, inverted, `x**-n`.
    Multiplied {
        times: u32,
        inverted: bool,
    },
    Root,
}

impl Op {
    fn literal(exponent: f64) -> Self {
        if exponent.to_bits() == 0.5_f64.to_bits() {
            Self::Root
        } else if exponent.fract() == 0.0 && exponent.abs() <= MAX_MULTIPLIED {
            Self::Multiplied {
                times: exponent.abs() as u32,
                inverted: exponent < 0.0,
            }
        } else {
            Self::Plain(BinaryOp::Pow)
        }
    }

    fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Plain(BinaryOp::Add) => a + b,
            Self::Plain(BinaryOp::Sub) => a - b,
            Self::Plain(BinaryOp::Mul) => a * b,
            Self::Plain(BinaryOp::Div) => a / b,
            Self::Plain(BinaryOp::Pow) => libm::pow(a, b),
            Self::Root => a.sqrt(),
            Self::Multiplied { times: 0, .. } => 1.0,
            Self::Multiplied { times, inverted } => {
                let power = (1..times).fold(a, |product, _| product * a);
                if inverted { 1.0 / power } else { power }
            }
        }
    }
}

fn unary(function: UnaryFn, x: f64) -> f64 {
    match function {
        UnaryFn::Sqrt => x.sqrt(),
        UnaryFn::Abs => x.abs(),
        UnaryFn::Log => libm::log(x),
        UnaryFn::Exp => libm::exp(x),
        UnaryFn::Log10 => libm::log10(x),
        UnaryFn::Log2 => libm::log2(x),
        UnaryFn::Single => f64::from(x as f32),
        UnaryFn::Round => x.round_ties_even(),
        UnaryFn::Floor => x.floor(),
        UnaryFn::Ceil => x.ceil(),
    }
}

fn extreme(which: Extreme, a: f64, b: f64) -> f64 {
    let first = match which {
        Extreme::Minimum => a <= b,
        Extreme::Maximum => a >= b,
    };
    if a.is_nan() || (first && !b.is_nan()) {
        a
    } else {
        b
    }
}

/// A row expression whose names are bound to columns.
#[derive(Debug)]
pub(super) enum Bound<'a> {
    Number(f64),
    Column(&'a Values),
    Neg(Box<Bound<'a>>),
    Binary(Op, Box<Bound<'a>>, Box<Bound<'a>>),
    Unary(UnaryFn, Box<Bound<'a>>),
    Extreme(Extreme, Box<Bound<'a>>, Box<Bound<'a>>),
    Where(Box<Condition<Bound<'a>>>, Box<Bound<'a>>, Box<Bound<'a>>),
    Truth(Box<Condition<Bound<'a>>>),
    UnlessNan(Box<Bound<'a>>, Box<Bound<'a>>),
}

impl<'a> Bound<'a> {
    pub(super) fn new(expr: &RowExpr, column: &dyn Fn(&str) -> &'a Values) -> Self {
        let boxed = |expr: &RowExpr| Box::new(Self::new(expr, column));
        match expr {
            RowExpr::Number(value) => Self::Number(*value),
            RowExpr::Column(name) => Self::Column(column(name)),
            RowExpr::Neg(a) => Self::Neg(boxed(a)),
            RowExpr::Binary(op, a, b) => {
                let op = match b.as_ref() {
                    RowExpr::Number(exponent) if *op == BinaryOp::Pow => Op::literal(*exponent),
                    _ => Op::Plain(*op),
                };
                Self::Binary(op, boxed(a), boxed(b))
            }
            RowExpr::Unary(function, a) => Self::Unary(*function, boxed(a)),
            RowExpr::Extreme(which, a, b) => Self::Extreme(*which, boxed(a), boxed(b)),
            RowExpr::Where(condition, a, b) => {
                let condition = bind(condition, column);
                Self::Where(Box::new(condition), boxed(a), boxed(b))
            }
            RowExpr::Truth(condition) => Self::Truth(Box::new(bind(condition, column))),
            RowExpr::UnlessNan(a, b) => Self::UnlessNan(boxed(a), boxed(b)),
        }
    }

    /// Whether its values are those of a float32 column, but for their sign.
    pub(super) fn is_single(&self) -> bool {
        match self {
            Self::Column(Values::F32(_)) => true,
            Self::Neg(a) | Self::Unary(UnaryFn::Abs, a) => a.is_single(),
            _ => false,
        }
    }

    /// Its value, where it is of no column.
    pub(super) fn number(&self) -> Option<f64> {
        let mut value = [0.0];
        self.is_constant().then(|| {
            self.fill(0, &mut value);
            value[0]
        })
    }

    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Column(_) => false,
            Self::Neg(a) | Self::Unary(_, a) => a.is_constant(),
            Self::Binary(_, a, b) | Self::Extreme(_, a, b) | Self::UnlessNan(a, b) => {
                a.is_constant() && b.is_constant()
            }
            Self::Where(condition, a, b) => {
                is_constant(condition) && a.is_constant() && b.is_constant()
            }
            Self::Truth(condition) => is_constant(condition),
        }
    }

    /// Values of the photons from `start`, as many as `out` holds and at most [`BLOCK`].
    pub(super) fn fill(&self, start: usize, out: &mut [f64]) {
        match self {
            Self::Number(value) => out.fill(*value),
            Self::Column(values) => copy(values, start, out),
            Self::Neg(a) => {
                a.fill(start, out);
                for x in out.iter_mut() {
                    *x = -*x;
                }
            }
            Self::Unary(function, a) => {
                a.fill(start, out);
                for x in out.iter_mut() {
                    *x = unary(*function, *x);
                }
            }
            Self::Binary(op, a, b) => {
                a.fill(start, out);
                // One loop for each: what is the same for all photons is not asked photon by photon.
                match op {
                    Op::Plain(BinaryOp::Add) => b.zip(start, out, |x, y| x + y),
                    Op::Plain(BinaryOp::Sub) => b.zip(start, out, |x, y| x - y),
                    Op::Plain(BinaryOp::Mul) => match b.as_ref() {
                        Self::Column(Values::F32(by)) => {
                            times_f32(out, &by[start..start + out.len()]);
                        }
                        Self::Column(Values::F64(by)) => times(out, &by[start..start + out.len()]),
                        _ => b.zip(start, out, |x, y| x * y),
                    },
                    Op::Plain(BinaryOp::Div) => b.zip(start, out, |x, y| x / y),
                    Op::Plain(BinaryOp::Pow) => b.zip(start, out, libm::pow),
                    Op::Root => {
                        for x in out.iter_mut() {
                            *x = x.sqrt();
                        }
                    }
                    Op::Multiplied { times: 0, .. } => out.fill(1.0),
                    Op::Multiplied { times, inverted } => power(out, *times, *inverted),
                }
            }
            Self::Extreme(which, a, b) => {
                a.fill(start, out);
                b.zip(start, out, |x, y| extreme(*which, x, y));
            }
            Self::UnlessNan(a, b) => {
                a.fill(start, out);
                b.zip(start, out, |x, y| if y.is_nan() { f64::NAN } else { x });
            }
            Self::Where(condition, a, b) => {
                let mut holds = [0.0; BLOCK];
                let holds = &mut holds[..out.len()];
                fill_condition(condition, start, holds);
                b.fill(start, out);
                let mut yes = [0.0; BLOCK];
                let yes = &mut yes[..out.len()];
                a.fill(start, yes);
                for ((x, y), holds) in out.iter_mut().zip(yes).zip(holds) {
                    if *holds != 0.0 {
                        *x = *y;
                    }
                }
            }
            Self::Truth(condition) => fill_condition(condition, start, out),
        }
    }

    /// Puts any number of values from `start` on into `out` in one pass, every NaN the same, where it is a column of
    /// float32, or a product of columns; `false` where not.
    fn fill_at_once(&self, start: usize, out: &mut [f64]) -> bool {
        let photons = start..start + out.len();
        match self {
            Self::Column(Values::F32(v)) => widen_numbers(&v[photons], out),
            Self::Binary(Op::Plain(BinaryOp::Mul), a, b) => match (a.as_ref(), b.as_ref()) {
                (Self::Column(Values::F32(a)), Self::Column(Values::F32(b))) => {
                    product_f32(&a[photons.clone()], &b[photons], out);
                }
                (Self::Column(Values::F32(a)), Self::Column(Values::F64(b)))
                | (Self::Column(Values::F64(b)), Self::Column(Values::F32(a))) => {
                    product_f32_f64(&a[photons.clone()], &b[photons], out);
                }
                (Self::Column(Values::F64(a)), Self::Column(Values::F64(b))) => {
                    product_f64(&a[photons.clone()], &b[photons], out);
                }
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// Combines `out` with this expression's values, element by element.
    pub(super) fn zip(&self, start: usize, out: &mut [f64], combine: impl Fn(f64, f64) -> f64) {
        let photons = start..start + out.len();
        match self {
            Self::Number(y) => {
                for x in out.iter_mut() {
                    *x = combine(*x, *y);
                }
            }
            Self::Column(Values::F32(values)) => {
                for (x, y) in out.iter_mut().zip(&values[photons]) {
                    *x = combine(*x, f64::from(*y));
                }
            }
            Self::Column(Values::F64(values)) => {
                for (x, y) in out.iter_mut().zip(&values[photons]) {
                    *x = combine(*x, *y);
                }
            }
            other => {
                let mut values = [0.0; BLOCK];
                let values = &mut values[..out.len()];
                other.fill(start, values);
                for (x, y) in out.iter_mut().zip(values) {
                    *x = combine(*x, *y);
                }
            }
        }
    }
}

/// Widens values to f64; exact for f32, f64 and integers up to 2^53.
fn copy(values: &Values, start: usize, out: &mut [f64]) {
    let end = start + out.len();
    match values {
        Values::F32(v) => widen(&v[start..end], out),
        Values::F64(v) => out.copy_from_slice(&v[start..end]),
        Values::I64(v) => out
            .iter_mut()
            .zip(&v[start..end])
            .for_each(|(x, v)| *x = *v as f64),
    }
}
