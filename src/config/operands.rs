//! What outputs are over: the columns of functions, expressions and conditions, and how they are put in words.
//!
//! Beside `outputs.rs`.

use super::Definition;
use super::clock::TimeSource;
use super::params::RawParams;
use super::shapes::Texts;
use crate::expr::{CellExpr, Condition, Reducer, ReductionKind, Relation, RowExpr, parse_row};

/// What all outputs have in common: the source columns, `output.nan: skip`, and how photons tell their time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common<'a> {
    pub columns: &'a [&'a str],
    pub skip_nan: bool,
    pub times: &'a TimeSource,
}

impl<'a> Common<'a> {
    pub fn new(columns: &'a [&'a str], skip_nan: bool, times: &'a TimeSource) -> Self {
        Self {
            columns,
            skip_nan,
            times,
        }
    }
}

/// The operands of a function beside its source.
///
/// # Errors
/// The key below the output, and what is wrong with it.
pub(super) fn others(
    name: &str,
    reducer: Reducer,
    params: &RawParams,
    columns: &[&str],
) -> Result<Vec<RowExpr>, (String, String)> {
    let given = [("x", &params.x), ("by", &params.by)];
    for (key, _) in given.iter().filter(|(_, texts)| texts.is_some()) {
        if reducer.others_key() != Some(key) {
            let takers = match *key {
                "x" => "cov, corr, slope, intercept and their errors take",
                _ => "first and last take",
            };
            return Err((format!(".params.{key}"), format!("only {takers} {key}")));
        }
    }
    let Some(key) = reducer.others_key() else {
        return Ok(Vec::new());
    };
    let texts = given.into_iter().find_map(|(_, texts)| texts.as_ref());
    let Some(Texts(texts)) = texts else {
        let message = format!("{name} needs params.{key}, a source column or an expression");
        return Err((String::new(), message));
    };
    let parsed = texts.iter().map(|text| {
        parse_row(text, columns)
            .map_err(|message| (format!(".params.{key}"), format!("'{text}' {message}")))
    });
    parsed.collect()
}

/// The statistic for the store's attributes: one spelling for one definition.
pub(super) fn in_words(kind: &ReductionKind, skip_nan: bool) -> String {
    let words = match kind {
        ReductionKind::Count => "count".into(),
        ReductionKind::Min => "min".into(),
        ReductionKind::Max => "max".into(),
        ReductionKind::Sum => "sum".into(),
        ReductionKind::Mean => "mean".into(),
        ReductionKind::Var { ddof: 0 } => "var".into(),
        ReductionKind::Std { ddof: 0 } => "std".into(),
        ReductionKind::Var { ddof } => format!("var ddof {ddof}"),
        ReductionKind::Std { ddof } => format!("std ddof {ddof}"),
        ReductionKind::Quantile { q: 0.5 } => "median".into(),
        ReductionKind::Quantile { q } => format!("quantile {q}"),
        ReductionKind::WeightedMean { weights } => {
            format!("average weighted by {weights}")
        }
        ReductionKind::Related { relation, others } => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            let ddof = match relation {
                Relation::Cov { ddof } => format!(" ddof {ddof}"),
                _ => String::new(),
            };
            format!("{}{ddof} by {}", relation.name(), others.join(", "))
        }
        ReductionKind::End { end, by } => format!("{} by {by}", end.name()),
        ReductionKind::Marks { mark } => mark.name().into(),
        ReductionKind::Mad => "mad".into(),
    };
    let family = if skip_nan { "nan" } else { "" };
    format!("{family}{words}")
}

/// The columns that a condition uses, first use first.
pub(super) fn columns_of(condition: &Condition<RowExpr>) -> Vec<String> {
    let mut names = Vec::new();
    condition.each(&mut |side| side.collect_columns(&mut names));
    names
}

/// The columns that an output uses, first use first.
pub(super) fn source_columns(
    definition: &Definition,
    condition: Option<&Condition<RowExpr>>,
) -> Vec<String> {
    let mut names = Vec::new();
    match definition {
        Definition::Histogram { column, .. } => names.push(column.clone()),
        Definition::Digest { column, told, .. } => {
            names.push(column.clone());
            let times = told.time.as_ref().map(|(times, _)| times.clone());
            names.extend(times.filter(|times| times != column));
        }
        Definition::Composition(composed) => {
            names.push(composed.column.clone());
            let confidences = composed.confidences.iter();
            for name in confidences {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        Definition::Scalar(_) | Definition::OfChunk(_) => {}
        Definition::Vector(vector) => names.push(vector.column.clone()),
    }
    for expr in exprs_of(definition) {
        expr.each_reduction(&mut |reduction| {
            reduction.over.collect_columns(&mut names);
            for other in reduction.kind.others() {
                other.collect_columns(&mut names);
            }
        });
    }
    for name in condition.into_iter().flat_map(columns_of) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The scalar expressions of an output.
fn exprs_of(definition: &Definition) -> Vec<&CellExpr> {
    match definition {
        Definition::Scalar(expr) | Definition::OfChunk(expr) => vec![expr],
        Definition::Vector(vector) => {
            let shifts = vector.shifts.iter();
            let edges = [&vector.low, &vector.high].into_iter();
            shifts.chain(edges).map(|of| &of.expr).collect()
        }
        Definition::Histogram { .. } | Definition::Digest { .. } | Definition::Composition(_) => {
            Vec::new()
        }
    }
}

/// Whether an output counts what granules are.
pub(super) fn counts_marks(definition: &Definition) -> bool {
    let mut found = false;
    if let Definition::Scalar(expr) = definition {
        expr.each_reduction(&mut |r| found |= matches!(r.kind, ReductionKind::Marks { .. }));
    }
    found
}
