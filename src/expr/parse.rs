//! Text to typed expressions: the untyped tree of `syntax.rs` with its levels checked.
//!
//! A cell expression holds columns only inside reductions, and no reduction inside another. What
//! does not fit is refused with its position and what to write instead.

use super::functions::{Parameters, Reducer, at, constant, function};
use super::level::Level;
use super::near::suggestion;
use super::syntax::{Call, Node, NodeKind, tree};
use super::wide;
use super::{BinaryOp, CellExpr, Condition, Extreme, Reduction, RowExpr, UnaryFn};

/// Parses a per-cell expression such as `1.0 / np.sqrt(np.sum(1.0 / s_li**2))`.
///
/// `columns` are the names that may stand in it. With `skip_nan`, reductions leave NaN out, as the
/// nan-family does. Fails with a message that holds the position and what is allowed.
pub fn parse_cell(text: &str, columns: &[&str], skip_nan: bool) -> Result<CellExpr, String> {
    let tree = tree(text)?;
    let level = Cell { columns, skip_nan };
    let expr = level.lower(&tree)?;
    if !has_reduction(&expr) {
        return Err(at(
            tree.column,
            "the expression has no reduction; write e.g. mean(x)",
        ));
    }
    Ok(expr)
}

/// As [`parse_cell`], where numbers alone are an expression, too.
pub fn parse_scalar(text: &str, columns: &[&str], skip_nan: bool) -> Result<CellExpr, String> {
    let tree = tree(text)?;
    Cell { columns, skip_nan }.lower(&tree)
}

/// Parses an elementwise expression such as `1.0 / s_li**2`.
///
/// `columns` are the names that may stand in it. Fails as [`parse_cell`] does.
pub fn parse_row(text: &str, columns: &[&str]) -> Result<RowExpr, String> {
    Row::of(columns).lower(&tree(text)?)
}

/// Parses what has to hold of a photon, such as `abs(h_ph - dem_h) <= 200 and not isnan(dem_h)`.
///
/// `columns` are the names that may stand in it. Fails as [`parse_cell`] does, and where it is of no column.
pub fn parse_condition(text: &str, columns: &[&str]) -> Result<Condition<RowExpr>, String> {
    let tree = tree(text)?;
    let condition = Row::of(columns).condition(&tree)?;
    let mut names = Vec::new();
    condition.each(&mut |side| side.collect_columns(&mut names));
    if names.is_empty() {
        return Err(at(tree.column, "the condition is of no column"));
    }
    Ok(condition)
}

/// Elementwise over columns.
struct Row<'a> {
    columns: &'a [&'a str],
    /// Inside of `any` and `all`: which of the columns of a dataset its name stands for.
    place: Option<usize>,
}

impl<'a> Row<'a> {
    fn of(columns: &'a [&'a str]) -> Self {
        Self {
            columns,
            place: None,
        }
    }
}

impl Level for Row<'_> {
    type Expr = RowExpr;

    fn number(&self, value: f64) -> RowExpr {
        RowExpr::Number(value)
    }

    fn as_number(expr: &RowExpr) -> Option<f64> {
        match expr {
            RowExpr::Number(value) => Some(*value),
            _ => None,
        }
    }

    fn name(&self, name: &str, column: usize) -> Result<RowExpr, String> {
        if let (false, Some(value)) = (self.columns.contains(&name), constant(name)) {
            return Ok(RowExpr::Number(value));
        }
        let several = wide::columns_of(name, self.columns);
        if let Some(first) = several.first().filter(|_| !self.columns.contains(&name)) {
            let one = self.place.and_then(|place| several.get(place));
            return one.map(|one| RowExpr::Column((*one).into())).ok_or_else(|| {
                let message = format!(
                    "'{name}' has several columns; choose one, as in {first}, or ask any({name} > 0) or all({name} > 0)"
                );
                at(column, message)
            });
        }
        known(name, self.columns, column)?;
        Ok(RowExpr::Column(name.into()))
    }

    fn reduce(&self, _: Reducer, call: &Call, column: usize) -> Result<RowExpr, String> {
        Err(at(
            column,
            format!(
                "reduction '{}' stands where every photon has its own value; reductions combine outside, e.g. mean(x) - min(x)",
                call.name
            ),
        ))
    }

    fn float(&self, _: RowExpr, column: usize) -> Result<RowExpr, String> {
        Err(at(
            column,
            "float takes the value of a cell, e.g. float(mean(x)); leave it out here",
        ))
    }

    fn neg(operand: RowExpr) -> RowExpr {
        RowExpr::Neg(Box::new(operand))
    }

    fn binary(op: BinaryOp, left: RowExpr, right: RowExpr) -> RowExpr {
        RowExpr::Binary(op, Box::new(left), Box::new(right))
    }

    fn unary(function: UnaryFn, operand: RowExpr) -> RowExpr {
        RowExpr::Unary(function, Box::new(operand))
    }

    fn extreme(which: Extreme, left: RowExpr, right: RowExpr) -> RowExpr {
        RowExpr::Extreme(which, Box::new(left), Box::new(right))
    }

    fn choose(condition: Condition<RowExpr>, yes: RowExpr, no: RowExpr) -> RowExpr {
        RowExpr::Where(Box::new(condition), Box::new(yes), Box::new(no))
    }

    fn truth(condition: Condition<RowExpr>) -> RowExpr {
        RowExpr::Truth(Box::new(condition))
    }

    fn over(&self, all: bool, call: &Call, argument: &Node) -> Result<Condition<RowExpr>, String> {
        if self.place.is_some() {
            return Err(at(
                argument.column,
                "any and all do not stand inside one another",
            ));
        }
        let width = wide::width(call, argument, self.columns)?;
        let of_column = |place| {
            let place = Some(place);
            Row { place, ..*self }.condition(argument)
        };
        let conditions = (0..width).map(of_column).collect::<Result<_, _>>()?;
        wide::joined(conditions, all).ok_or_else(|| at(argument.column, "there are no columns"))
    }
}

/// Scalar arithmetic over reductions.
struct Cell<'a> {
    columns: &'a [&'a str],
    skip_nan: bool,
}

impl Cell<'_> {
    /// The keyword parameters of a reduction, and `q` as the second argument of `quantile`.
    fn parameters(&self, call: &Call, q: Option<&Node>) -> Result<Parameters, String> {
        let mut parameters = Parameters::default();
        if let Some(node) = q {
            parameters.q = Some(literal(node, "q")?);
        }
        for (keyword, node) in &call.keywords {
            let repeated = match keyword.as_str() {
                "q" => parameters.q.replace(literal(node, "q")?).is_some(),
                "ddof" => {
                    let value = literal(node, "ddof")?;
                    if value.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&value) {
                        return Err(at(node.column, format!("ddof is {value}, not 0, 1, ...")));
                    }
                    parameters.ddof.replace(value as u32).is_some()
                }
                "weights" => {
                    let weights = Row::of(self.columns).lower(node)?;
                    parameters.weights.replace(weights).is_some()
                }
                _ => {
                    return Err(at(
                        node.column,
                        format!(
                            "{} has no parameter '{keyword}'{}",
                            call.name,
                            suggestion(keyword, ["q", "ddof", "weights"])
                        ),
                    ));
                }
            };
            if repeated {
                return Err(at(node.column, format!("'{keyword}' is given twice")));
            }
        }
        Ok(parameters)
    }
}

impl Level for Cell<'_> {
    type Expr = CellExpr;

    fn number(&self, value: f64) -> CellExpr {
        CellExpr::Number(value)
    }

    fn as_number(expr: &CellExpr) -> Option<f64> {
        match expr {
            CellExpr::Number(value) => Some(*value),
            _ => None,
        }
    }

    fn name(&self, name: &str, column: usize) -> Result<CellExpr, String> {
        if let (false, Some(value)) = (self.columns.contains(&name), constant(name)) {
            return Ok(CellExpr::Number(value));
        }
        known(name, self.columns, column)?;
        Err(at(
            column,
            format!(
                "column '{name}' stands outside a reduction; put it inside one, e.g. mean({name})"
            ),
        ))
    }

    fn reduce(&self, reducer: Reducer, call: &Call, column: usize) -> Result<CellExpr, String> {
        let (most, written) = reducer.others();
        let (operand, q, others) = match call.arguments.as_slice() {
            [operand] => (operand, None, &[][..]),
            [operand, q] if reducer.takes_q() => (operand, Some(q), &[][..]),
            [operand, others @ ..] if others.len() <= most => (operand, None, others),
            arguments => {
                let wanted = match (reducer.takes_q(), call.name.as_str()) {
                    _ if most > 0 => &format!("{} arguments at most, as in {written}", most + 1),
                    (true, _) => "2 arguments, as in quantile(x, q)",
                    (_, "min" | "max") => "1 argument; of two values, use minimum or maximum",
                    _ => "1 argument",
                };
                return Err(at(
                    column,
                    format!("{} takes {wanted}, not {}", call.name, arguments.len()),
                ));
            }
        };
        let row = Row::of(self.columns);
        let over = row.lower(operand)?;
        let others: Result<_, _> = others.iter().map(|other| row.lower(other)).collect();
        let mut used = Vec::new();
        over.collect_columns(&mut used);
        if used.is_empty() {
            return Err(at(
                operand.column,
                format!("{} is over no column", call.name),
            ));
        }
        let parameters = Parameters {
            others: others?,
            ..self.parameters(call, q)?
        };
        let kind = reducer
            .kind(parameters)
            .map_err(|message| at(column, format!("{}: {message}", call.name)))?;
        let skip_nan = (self.skip_nan || reducer.skip_nan) && kind.may_skip_nan();
        Ok(CellExpr::Reduce(Reduction {
            kind,
            over,
            skip_nan,
        }))
    }

    fn float(&self, operand: CellExpr, _: usize) -> Result<CellExpr, String> {
        Ok(operand)
    }

    fn neg(operand: CellExpr) -> CellExpr {
        CellExpr::Neg(Box::new(operand))
    }

    fn binary(op: BinaryOp, left: CellExpr, right: CellExpr) -> CellExpr {
        CellExpr::Binary(op, Box::new(left), Box::new(right))
    }

    fn unary(function: UnaryFn, operand: CellExpr) -> CellExpr {
        CellExpr::Unary(function, Box::new(operand))
    }

    fn extreme(which: Extreme, left: CellExpr, right: CellExpr) -> CellExpr {
        CellExpr::Extreme(which, Box::new(left), Box::new(right))
    }

    fn choose(condition: Condition<CellExpr>, yes: CellExpr, no: CellExpr) -> CellExpr {
        CellExpr::Where(Box::new(condition), Box::new(yes), Box::new(no))
    }

    fn truth(condition: Condition<CellExpr>) -> CellExpr {
        CellExpr::Truth(Box::new(condition))
    }

    fn over(&self, _: bool, call: &Call, argument: &Node) -> Result<Condition<CellExpr>, String> {
        let message = format!(
            "{0} is over the columns of each photon; put it inside a reduction, e.g. sum({0}(conf >= 3))",
            call.name
        );
        Err(at(argument.column, message))
    }
}

fn known(name: &str, columns: &[&str], column: usize) -> Result<(), String> {
    if columns.contains(&name) {
        return Ok(());
    }
    let one = name.split_once('[').map(|(one, _)| one);
    if let Some(one) = one.filter(|one| columns.contains(one)) {
        let message = format!("unknown name '{name}': '{one}' is one column; write {one}");
        return Err(at(column, message));
    }
    let hint = match function(name) {
        Ok(_) => format!("; to call it, write {name}(...)"),
        Err(_) => suggestion(name, columns.iter().copied()),
    };
    Err(at(column, format!("unknown name '{name}'{hint}")))
}

fn has_reduction(expr: &CellExpr) -> bool {
    match expr {
        CellExpr::Number(_) => false,
        CellExpr::Reduce(_) => true,
        CellExpr::Neg(a) | CellExpr::Unary(_, a) => has_reduction(a),
        CellExpr::Binary(_, a, b) | CellExpr::Extreme(_, a, b) => {
            has_reduction(a) || has_reduction(b)
        }
        CellExpr::Where(c, a, b) => {
            condition_has_reduction(c) || has_reduction(a) || has_reduction(b)
        }
        CellExpr::Truth(c) => condition_has_reduction(c),
    }
}

fn condition_has_reduction(condition: &Condition<CellExpr>) -> bool {
    let mut any = false;
    condition.each(&mut |side| any |= has_reduction(side));
    any
}

/// A number that stands in the text itself.
fn literal(node: &Node, parameter: &str) -> Result<f64, String> {
    match &node.kind {
        NodeKind::Number(value) => Ok(*value),
        NodeKind::Neg(inner) => literal(inner, parameter).map(|value| -value),
        _ => Err(at(node.column, format!("{parameter} is a plain number"))),
    }
}
