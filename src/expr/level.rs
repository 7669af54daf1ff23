//! What rows and cells have in common: arithmetic, functions and conditions, from the untyped tree.

use super::functions::{Function, Reducer, at, function};
use super::syntax::{Call, Node, NodeKind};
use super::{BinaryOp, Bits, Condition, Extreme, UnaryFn};

/// Most decimals that `round` may keep, and digits before the point that it may drop.
const MAX_DECIMALS: f64 = 15.0;

/// One level of the language: rows or cells. The arithmetic is the same on both.
pub(super) trait Level {
    type Expr;

    fn number(&self, value: f64) -> Self::Expr;
    fn as_number(expr: &Self::Expr) -> Option<f64>;
    fn name(&self, name: &str, column: usize) -> Result<Self::Expr, String>;
    fn reduce(&self, reducer: Reducer, call: &Call, column: usize) -> Result<Self::Expr, String>;
    fn float(&self, operand: Self::Expr, column: usize) -> Result<Self::Expr, String>;
    fn neg(operand: Self::Expr) -> Self::Expr;
    fn binary(op: BinaryOp, left: Self::Expr, right: Self::Expr) -> Self::Expr;
    fn unary(function: UnaryFn, operand: Self::Expr) -> Self::Expr;
    fn extreme(which: Extreme, left: Self::Expr, right: Self::Expr) -> Self::Expr;
    fn choose(condition: Condition<Self::Expr>, yes: Self::Expr, no: Self::Expr) -> Self::Expr;
    fn truth(condition: Condition<Self::Expr>) -> Self::Expr;
    /// `any` or `all` of a condition over the columns of a dataset.
    fn over(
        &self,
        all: bool,
        call: &Call,
        argument: &Node,
    ) -> Result<Condition<Self::Expr>, String>;

    /// A value; a condition is 1 where it holds and 0 where it does not.
    fn lower(&self, node: &Node) -> Result<Self::Expr, String> {
        Ok(match &node.kind {
            NodeKind::Number(value) => self.number(*value),
            NodeKind::Name(name) => self.name(name, node.column)?,
            NodeKind::Neg(operand) => {
                let operand = self.lower(operand)?;
                match Self::as_number(&operand) {
                    Some(value) => self.number(-value),
                    None => Self::neg(operand),
                }
            }
            NodeKind::Binary(op, left, right) => {
                Self::binary(*op, self.lower(left)?, self.lower(right)?)
            }
            NodeKind::Compare(..) | NodeKind::And(..) | NodeKind::Or(..) | NodeKind::Not(_) => {
                Self::truth(self.condition(node)?)
            }
            NodeKind::Call(call) => self.call(call, node.column)?,
        })
    }

    fn call(&self, call: &Call, column: usize) -> Result<Self::Expr, String> {
        let function = function(&call.name).map_err(|message| at(column, message))?;
        if let Function::Reduce(reducer) = function {
            return self.reduce(reducer, call, column);
        }
        if let Some((keyword, value)) = call.keywords.first() {
            return Err(at(
                value.column,
                format!("{} takes no parameter '{keyword}'", call.name),
            ));
        }
        Ok(match (function, call.arguments.as_slice()) {
            (Function::Unary(function), [x]) => Self::unary(function, self.lower(x)?),
            (Function::Float, [x]) => self.float(self.lower(x)?, column)?,
            (Function::Square, [x]) => {
                Self::binary(BinaryOp::Pow, self.lower(x)?, self.number(2.0))
            }
            (Function::Power, [x, y]) => {
                Self::binary(BinaryOp::Pow, self.lower(x)?, self.lower(y)?)
            }
            (Function::Extreme(which), [x, y]) => {
                Self::extreme(which, self.lower(x)?, self.lower(y)?)
            }
            (Function::Clip, [x, low, high]) => {
                let above = Self::extreme(Extreme::Maximum, self.lower(x)?, self.lower(low)?);
                Self::extreme(Extreme::Minimum, above, self.lower(high)?)
            }
            (Function::Round, [x]) => Self::unary(UnaryFn::Round, self.lower(x)?),
            (Function::Round, [x, decimals]) => self.round(x, decimals)?,
            (Function::Where, [condition, x, y]) => {
                let condition = self.condition(condition)?;
                Self::choose(condition, self.lower(x)?, self.lower(y)?)
            }
            (function, _) => match self.test(function, call)? {
                Some(condition) => Self::truth(condition),
                None => return Err(at(column, wrong_number(function, call))),
            },
        })
    }

    /// As numpy: scaled by a power of ten, rounded to the nearest integer with halves to the even one, and
    /// scaled back.
    fn round(&self, x: &Node, decimals: &Node) -> Result<Self::Expr, String> {
        let digits = self.lower(decimals)?;
        let digits = Self::as_number(&digits).filter(|d| d.fract() == 0.0);
        let Some(digits) = digits.filter(|d| d.abs() <= MAX_DECIMALS) else {
            let message =
                format!("the decimals of round are an integer, -{MAX_DECIMALS} to {MAX_DECIMALS}");
            return Err(at(decimals.column, message));
        };
        let scale = libm::pow(10.0, digits.abs());
        let (there, back) = if digits < 0.0 {
            (BinaryOp::Div, BinaryOp::Mul)
        } else {
            (BinaryOp::Mul, BinaryOp::Div)
        };
        let x = self.lower(x)?;
        if digits == 0.0 {
            return Ok(Self::unary(UnaryFn::Round, x));
        }
        let scaled = Self::binary(there, x, self.number(scale));
        let rounded = Self::unary(UnaryFn::Round, scaled);
        Ok(Self::binary(back, rounded, self.number(scale)))
    }

    /// A function that is a condition; `None` where it is none, or not with as many arguments.
    fn test(
        &self,
        function: Function,
        call: &Call,
    ) -> Result<Option<Condition<Self::Expr>>, String> {
        Ok(Some(match (function, call.arguments.as_slice()) {
            (Function::IsNan, [x]) => Condition::IsNan(self.lower(x)?),
            (Function::IsFinite, [x]) => Condition::IsFinite(self.lower(x)?),
            (Function::Over { all }, [argument]) => self.over(all, call, argument)?,
            (Function::Bits(test), [x, mask]) => {
                let of = self.lower(x)?;
                let value = self.lower(mask)?;
                let value = Self::as_number(&value).filter(|m| m.fract() == 0.0);
                let Some(value) = value.filter(|m| (1.0..Bits::MAX).contains(m)) else {
                    return Err(at(
                        mask.column,
                        "the bits are an integer from 1, such as 4 or 6",
                    ));
                };
                let mask = value as u64;
                Condition::Bits { test, of, mask }
            }
            _ => return Ok(None),
        }))
    }

    /// What holds or does not.
    fn condition(&self, node: &Node) -> Result<Condition<Self::Expr>, String> {
        let boxed = |node: &Node| self.condition(node).map(Box::new);
        let none = || {
            at(
                node.column,
                "a condition stands here, e.g. a < b, isnan(a) or has(a, 4)",
            )
        };
        Ok(match &node.kind {
            NodeKind::Compare(op, left, right) => Condition::Compare {
                op: *op,
                left: self.lower(left)?,
                right: self.lower(right)?,
            },
            NodeKind::And(a, b) => Condition::And(boxed(a)?, boxed(b)?),
            NodeKind::Or(a, b) => Condition::Or(boxed(a)?, boxed(b)?),
            NodeKind::Not(a) => Condition::Not(boxed(a)?),
            NodeKind::Call(call) => {
                let function = function(&call.name).map_err(|m| at(node.column, m))?;
                let is_test = matches!(
                    function,
                    Function::IsNan
                        | Function::IsFinite
                        | Function::Bits(_)
                        | Function::Over { .. }
                );
                if !is_test {
                    return Err(none());
                }
                if let Some((keyword, value)) = call.keywords.first() {
                    let message = format!("{} takes no parameter '{keyword}'", call.name);
                    return Err(at(value.column, message));
                }
                let condition = self.test(function, call)?;
                condition.ok_or_else(|| at(node.column, wrong_number(function, call)))?
            }
            NodeKind::Number(_) | NodeKind::Name(_) | NodeKind::Neg(_) | NodeKind::Binary(..) => {
                return Err(none());
            }
        })
    }
}

/// How many arguments a function takes, and how many it got.
fn wrong_number(function: Function, call: &Call) -> String {
    let wanted = match function {
        Function::Where => "3 arguments: where(a < b, x, y)",
        Function::Clip => "3 arguments: clip(x, low, high)",
        Function::Extreme(_) | Function::Power => "2 arguments",
        Function::Bits(_) => "2 arguments: a value and its bits, such as 4",
        Function::Round => "1 or 2 arguments: round(x), round(x, 2)",
        _ => "1 argument",
    };
    format!("{} takes {wanted}, not {}", call.name, call.arguments.len())
}
