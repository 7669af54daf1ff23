//! Expressions as text in one spelling: column names in reports and errors, attributes in stores.

use std::fmt;

use super::{
    BinaryOp, CellExpr, Condition, Extreme, Reduction, ReductionKind, Relation, RowExpr, UnaryFn,
};

/// What the two kinds of expression have in common, and what is their own as text.
enum Node<'a, E> {
    Number(f64),
    Neg(&'a E),
    Binary(BinaryOp, &'a E, &'a E),
    Unary(UnaryFn, &'a E),
    Extreme(Extreme, &'a E, &'a E),
    Where(&'a Condition<E>, &'a E, &'a E),
    Truth(&'a Condition<E>),
    Own(String),
}

trait Expression: Sized {
    fn node(&self) -> Node<'_, Self>;
}

impl Expression for RowExpr {
    fn node(&self) -> Node<'_, Self> {
        match self {
            Self::Number(x) => Node::Number(*x),
            Self::Column(name) => Node::Own(name.clone()),
            Self::Neg(a) => Node::Neg(a),
            Self::Binary(op, a, b) => Node::Binary(*op, a, b),
            Self::Unary(function, a) => Node::Unary(*function, a),
            Self::Extreme(extreme, a, b) => Node::Extreme(*extreme, a, b),
            Self::Where(condition, a, b) => Node::Where(condition, a, b),
            Self::Truth(condition) => Node::Truth(condition),
            Self::UnlessNan(a, b) => Node::Own(format!("where({b} == {b}, {a}, nan)")),
        }
    }
}

impl Expression for CellExpr {
    fn node(&self) -> Node<'_, Self> {
        match self {
            Self::Number(x) => Node::Number(*x),
            Self::Reduce(reduction) => Node::Own(reduction.to_string()),
            Self::Neg(a) => Node::Neg(a),
            Self::Binary(op, a, b) => Node::Binary(*op, a, b),
            Self::Unary(function, a) => Node::Unary(*function, a),
            Self::Extreme(extreme, a, b) => Node::Extreme(*extreme, a, b),
            Self::Where(condition, a, b) => Node::Where(condition, a, b),
            Self::Truth(condition) => Node::Truth(condition),
        }
    }
}

/// Operands that are not a single word or call are parenthesised, so the text parses back to the
/// same tree whatever the precedence.
fn show<E: Expression>(expr: &E, f: &mut fmt::Formatter<'_>, operand: bool) -> fmt::Result {
    let node = expr.node();
    let open = operand && matches!(node, Node::Binary(..) | Node::Neg(_) | Node::Truth(_));
    if open {
        f.write_str("(")?;
    }
    match node {
        Node::Number(x) if x.is_nan() => f.write_str("nan")?,
        Node::Number(x) => write!(f, "{x:?}")?,
        Node::Own(text) => f.write_str(&text)?,
        Node::Neg(a) => {
            f.write_str("-")?;
            show(a, f, true)?;
        }
        Node::Binary(op, a, b) => {
            show(a, f, true)?;
            write!(f, " {} ", op.symbol())?;
            show(b, f, true)?;
        }
        Node::Unary(function, a) => call(function.name(), &[a], f)?,
        Node::Extreme(extreme, a, b) => call(extreme.name(), &[a, b], f)?,
        Node::Where(condition, a, b) => {
            f.write_str("where(")?;
            show_condition(condition, f, false)?;
            for part in [a, b] {
                f.write_str(", ")?;
                show(part, f, false)?;
            }
            f.write_str(")")?;
        }
        Node::Truth(condition) => show_condition(condition, f, false)?,
    }
    if open { f.write_str(")") } else { Ok(()) }
}

/// As [`show`]; an operand of `and`, `or` and `not` that is one of them itself is parenthesised.
fn show_condition<E: Expression>(
    condition: &Condition<E>,
    f: &mut fmt::Formatter<'_>,
    operand: bool,
) -> fmt::Result {
    let joined = matches!(
        condition,
        Condition::And(..) | Condition::Or(..) | Condition::Not(_)
    );
    let open = operand && joined;
    if open {
        f.write_str("(")?;
    }
    match condition {
        Condition::Compare { op, left, right } => {
            show(left, f, true)?;
            write!(f, " {} ", op.symbol())?;
            show(right, f, true)?;
        }
        Condition::IsNan(x) => call("isnan", &[x], f)?,
        Condition::IsFinite(x) => call("isfinite", &[x], f)?,
        Condition::Bits { test, of, mask } => {
            write!(f, "{}(", test.name())?;
            show(of, f, false)?;
            write!(f, ", {mask})")?;
        }
        Condition::And(a, b) | Condition::Or(a, b) => {
            show_condition(a, f, true)?;
            let all = matches!(condition, Condition::And(..));
            f.write_str(if all { " and " } else { " or " })?;
            show_condition(b, f, true)?;
        }
        Condition::Not(a) => {
            f.write_str("not ")?;
            show_condition(a, f, true)?;
        }
    }
    if open { f.write_str(")") } else { Ok(()) }
}

fn call<E: Expression>(name: &str, arguments: &[&E], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{name}(")?;
    for (i, argument) in arguments.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        show(*argument, f, false)?;
    }
    f.write_str(")")
}

impl fmt::Display for RowExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f, false)
    }
}

impl fmt::Display for CellExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f, false)
    }
}

impl fmt::Display for Condition<RowExpr> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_condition(self, f, false)
    }
}

impl fmt::Display for Reduction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.skip_nan { "nan" } else { "" };
        let over = &self.over;
        match &self.kind {
            ReductionKind::Count => write!(f, "count({over})"),
            ReductionKind::Min => write!(f, "{family}min({over})"),
            ReductionKind::Max => write!(f, "{family}max({over})"),
            ReductionKind::Sum => write!(f, "{family}sum({over})"),
            ReductionKind::Mean => write!(f, "{family}mean({over})"),
            ReductionKind::Var { ddof } => write!(f, "{family}var({over}, ddof={ddof})"),
            ReductionKind::Std { ddof } => write!(f, "{family}std({over}, ddof={ddof})"),
            ReductionKind::Quantile { q } => write!(f, "{family}quantile({over}, {q:?})"),
            ReductionKind::WeightedMean { weights } => {
                write!(f, "{family}average({over}, weights={weights})")
            }
            ReductionKind::Related { relation, others } => {
                write!(f, "{}({over}", relation.name())?;
                others.iter().try_for_each(|x| write!(f, ", {x}"))?;
                if let Relation::Cov { ddof } = relation {
                    write!(f, ", ddof={ddof}")?;
                }
                f.write_str(")")
            }
            ReductionKind::End { end, by } => write!(f, "{}({over}, {by})", end.name()),
            ReductionKind::Marks { mark } => write!(f, "{}({over})", mark.name()),
            ReductionKind::Mad => write!(f, "{family}mad({over})"),
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

impl UnaryFn {
    fn name(self) -> &'static str {
        match self {
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
            Self::Log => "log",
            Self::Exp => "exp",
            Self::Log10 => "log10",
            Self::Log2 => "log2",
            Self::Single => "float32",
            Self::Round => "round",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
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
