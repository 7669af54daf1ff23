//! Several columns of one dataset under one name: `any(conf >= 3)` is a condition over all of them.
//!
//! A name `conf` with the columns 0 and 3 stands for `conf[0]` and `conf[3]`. `any(...)` and `all(...)` become the
//! conditions over each of them, joined by `or` and `and`.

use super::Condition;
use super::functions::at;
use super::syntax::{Call, Node, NodeKind};

/// The columns that are called `name[...]`, in their order.
pub(super) fn columns_of<'a>(name: &str, columns: &'a [&'a str]) -> Vec<&'a str> {
    let own = |column: &&&str| {
        let rest = column.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with('['))
    };
    columns.iter().filter(own).copied().collect()
}

/// How many columns each of the names in an argument of `any` or `all` has.
///
/// Fails where none has several, or some have others.
pub(super) fn width(call: &Call, argument: &Node, columns: &[&str]) -> Result<usize, String> {
    let mut width = None;
    let mut names = Vec::new();
    collect(argument, &mut names);
    for (name, column) in names {
        let own = if columns.contains(&name) {
            0
        } else {
            columns_of(name, columns).len()
        };
        match width {
            _ if own == 0 => {}
            Some(others) if others != own => {
                let message =
                    format!("'{name}' has {own} columns, and others beside it have {others}");
                return Err(at(column, message));
            }
            _ => width = Some(own),
        }
    }
    width.ok_or_else(|| {
        let message = format!(
            "{} is over a source column with several columns of a 2-D dataset, which has `columns`, and there is none",
            call.name
        );
        at(argument.column, message)
    })
}

fn collect<'a>(node: &'a Node, names: &mut Vec<(&'a str, usize)>) {
    match &node.kind {
        NodeKind::Number(_) => {}
        NodeKind::Name(name) => names.push((name, node.column)),
        NodeKind::Neg(a) | NodeKind::Not(a) => collect(a, names),
        NodeKind::Binary(_, a, b)
        | NodeKind::Compare(_, a, b)
        | NodeKind::And(a, b)
        | NodeKind::Or(a, b) => {
            collect(a, names);
            collect(b, names);
        }
        NodeKind::Call(call) => call
            .arguments
            .iter()
            .for_each(|argument| collect(argument, names)),
    }
}

/// Conditions joined by `or`, or by `and`; as flat as can be, so that many of them nest little.
pub(super) fn joined<E>(mut conditions: Vec<Condition<E>>, all: bool) -> Option<Condition<E>> {
    while conditions.len() > 1 {
        let mut pairs = conditions.into_iter();
        let mut half = Vec::new();
        while let Some(first) = pairs.next() {
            half.push(match pairs.next() {
                None => first,
                Some(second) if all => Condition::And(Box::new(first), Box::new(second)),
                Some(second) => Condition::Or(Box::new(first), Box::new(second)),
            });
        }
        conditions = half;
    }
    conditions.pop()
}

#[cfg(test)]
mod tests {
    use crate::expr::{parse_cell, parse_condition, parse_row};

    const COLUMNS: [&str; 6] = ["h", "conf[0]", "conf[3]", "conf[4]", "rh[0]", "rh[98]"];

    #[test]
    fn a_condition_over_columns_is_one_over_each_of_them() {
        for (text, expected) in [
            (
                "any(conf >= 3)",
                "(conf[0] >= 3.0 or conf[3] >= 3.0) or conf[4] >= 3.0",
            ),
            (
                "all(conf >= 3)",
                "(conf[0] >= 3.0 and conf[3] >= 3.0) and conf[4] >= 3.0",
            ),
            (
                "np.any(rh > h) and h > 0",
                "(rh[0] > h or rh[98] > h) and h > 0.0",
            ),
            (
                "not any(rh == 1 or isnan(rh))",
                "not ((rh[0] == 1.0 or isnan(rh[0])) or (rh[98] == 1.0 or isnan(rh[98])))",
            ),
            ("conf[3] >= conf[0] + 1", "conf[3] >= (conf[0] + 1.0)"),
        ] {
            let shown = parse_condition(text, &COLUMNS).unwrap().to_string();
            assert_eq!(shown, expected);
            let again = parse_condition(&shown, &COLUMNS).unwrap().to_string();
            assert_eq!(again, shown);
        }
        let share = parse_cell("mean(any(conf >= 3))", &COLUMNS, false).unwrap();
        assert!(
            share.to_string().starts_with("mean((conf[0] >= 3.0 or"),
            "{share}"
        );
    }

    #[test]
    fn many_columns_nest_little() {
        let names: Vec<String> = (0..256).map(|i| format!("rh[{i}]")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let condition = parse_condition("any(rh > 2)", &names).unwrap();
        let mut columns = Vec::new();
        condition.each(&mut |side| side.collect_columns(&mut columns));
        assert_eq!(columns.len(), 256);
    }

    #[test]
    fn what_is_over_no_columns_or_over_others_is_refused() {
        let refused = |text: &str, says: &str| {
            let message = parse_condition(text, &COLUMNS).unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
        };
        refused(
            "any(h > 1)",
            "any is over a source column with several columns",
        );
        refused(
            "any(conf > rh)",
            "'rh' has 2 columns, and others beside it have 3",
        );
        refused(
            "any(all(conf > 1) or conf > 2)",
            "do not stand inside one another",
        );
        refused("any(conf)", "a condition stands here");
        refused("any(conf > 1, 2)", "any takes 1 argument, not 2");
        refused(
            "conf > 1",
            "'conf' has several columns; choose one, as in conf[0], or ask any(conf > 0)",
        );
        refused("conf[1] > 1", "unknown name 'conf[1]'");
        refused("conf[x] > 1", "unexpected '['");
        let row = parse_row("conf + 1", &COLUMNS).unwrap_err();
        assert!(row.contains("'conf' has several columns"), "{row}");
        let cell = parse_cell("any(mean(conf[0]) > 1)", &COLUMNS, false).unwrap_err();
        assert!(
            cell.contains("any is over the columns of each photon; put it inside a reduction"),
            "{cell}"
        );
    }
}
