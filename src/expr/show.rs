//! Row expressions as text, for column names in reports and errors.

use std::fmt;

use super::{BinaryOp, Comparison, Extreme, RowExpr, UnaryFn};

impl fmt::Display for RowExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x:?}"),
            Self::Column(name) => f.write_str(name),
            Self::Neg(a) => write!(f, "-{}", Operand(a)),
            Self::Binary(op, a, b) => write!(f, "{} {} {}", Operand(a), op.symbol(), Operand(b)),
            Self::Unary(function, a) => write!(f, "{}({a})", function.name()),
            Self::Extreme(extreme, a, b) => write!(f, "{}({a}, {b})", extreme.name()),
            Self::Where(c, a, b) => {
                write!(
                    f,
                    "where({} {} {}, {a}, {b})",
                    c.left,
                    c.op.symbol(),
                    c.right
                )
            }
            Self::UnlessNan(a, b) => write!(f, "where({b} == {b}, {a}, nan)"),
        }
    }
}

/// Parenthesised where it is not a single word or call.
struct Operand<'a>(&'a RowExpr);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RowExpr::Binary(..) | RowExpr::Neg(_) => write!(f, "({})", self.0),
            simple => write!(f, "{simple}"),
        }
    }
}

impl BinaryOp {
    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "**",
        }
    }
}

impl Comparison {
    fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

impl UnaryFn {
    fn name(self) -> &'static str {
        match self {
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
            Self::Log => "log",
            Self::Exp => "exp",
            Self::Log10 => "log10",
        }
    }
}

impl Extreme {
    fn name(self) -> &'static str {
        match self {
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
        }
    }
}
