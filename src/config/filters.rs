//! The filters of a data source to typed values: dataset, comparison, and what is compared with; or a condition
//! over source columns.
//!
//! Beside `source.rs`, which reads the rest of the section.

use schemars::JsonSchema;
use serde::Deserialize;

use super::GranuleKind;
use super::faults::{Fault, Faults};
use super::levels::{Levels, joined};
use super::raw::{RawDataSource, RawFilter};
use super::said::{self, SaidFilter};
use super::shapes::RawScalar;
use crate::expr::{Condition, RowExpr, parse_condition};

/// Keeps a photon where `dataset[row, column] op value` holds.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Filter, FilterOp, load};
///
/// let atl06 = load("atl06")?;
/// let good = |filter: &Filter| filter.op == FilterOp::Eq && filter.values == [0.0];
/// assert!(atl06.filters.iter().any(good));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Dataset path template.
    pub dataset: String,
    pub column: Option<usize>,
    pub op: FilterOp,
    /// One value, or the set of `in` and `not_in`.
    pub values: Vec<f64>,
    /// Texts among them: those of a dataset of text, or names of members of an enum; `TRUE` and `FALSE` of booleans.
    pub words: Vec<String>,
    /// `false` keeps the photons for which the comparison does *not* hold.
    pub keep: bool,
    /// Of a bound in time: the moment in UTC. The dataset is seconds since 2018-01-01.
    pub moment: Option<String>,
    /// The dataset has one row per geolocation segment, and what holds of it holds of its photons.
    pub per_segment: bool,
}

/// How a value is compared.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{FilterOp, load};
///
/// let filters = load("atl03")?.filters;
/// assert!(filters.iter().all(|filter| filter.op != FilterOp::NotIn));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterOp {
    Eq,
    Ne,
    Ge,
    Le,
    Gt,
    Lt,
    In,
    NotIn,
}

/// What has to hold of a photon.
#[derive(Debug, Default)]
pub(super) struct Filters {
    /// Comparisons of datasets in the order of the text, each with its key.
    pub compared: Vec<(String, Filter)>,
    /// Conditions over source columns, in the order of the text.
    pub conditions: Vec<Condition<RowExpr>>,
    /// Of what granules and ground tracks say, in the order of the text.
    pub said: Vec<SaidFilter>,
}

/// The filters; those that cannot be used are faults.
pub(super) fn filters(
    raw: &RawDataSource,
    levels: &Levels<'_>,
    granules: GranuleKind,
    faults: &mut Faults,
) -> Filters {
    let mut filters = Filters::default();
    let columns = raw.variables.names();
    for (i, filter) in raw.filters.iter().flatten().enumerate() {
        let key = format!("data_source.filters[{i}]");
        if said::is_said(filter) {
            filters
                .said
                .extend(said::said(filter, &key, granules, faults));
        } else if let Some(text) = &filter.expression {
            let condition = condition(filter, text, &columns, &key);
            // Without the source columns, no name of one is right or wrong.
            if !faults.covered("data_source.variables") {
                filters.conditions.extend(faults.keep(condition));
            }
        } else if let Some(filter) = self::filter(filter, &key, levels, faults) {
            filters.compared.push((key, filter));
        }
    }
    let Some(quality) = &raw.quality_filter else {
        return filters;
    };
    let key = "data_source.quality_filter";
    if raw.filters.is_some() {
        let message = format!(
            "stands beside filters, where other readers of the format ignore it; write it as one of \
             filters: {{dataset: \"{}\", op: eq, value: {}}}, or remove it",
            quality.dataset,
            quality.value.shown()
        );
        faults.add(Fault::new(key, message));
    }
    let operand = operand(&quality.value, FilterOp::Eq, &format!("{key}.value"));
    if let Some(value) = faults.keep(operand) {
        let (values, words) = apart([value]);
        let filter = Filter {
            dataset: quality.dataset.clone(),
            column: None,
            op: FilterOp::Eq,
            values,
            words,
            keep: true,
            moment: None,
            per_segment: false,
        };
        filters.compared.push((key.to_owned(), filter));
    }
    filters
}

/// A condition over source columns; with `keep: false`, that it does not hold.
fn condition(
    raw: &RawFilter,
    text: &str,
    columns: &[&str],
    key: &str,
) -> Result<Condition<RowExpr>, Fault> {
    let beside = [
        ("level", raw.level.is_some()),
        ("dataset", raw.dataset.is_some()),
        ("column", raw.column.is_some()),
        ("op", raw.op.is_some()),
        ("value", raw.value.is_some()),
        ("values", raw.values.is_some()),
    ];
    if let Some((other, _)) = beside.into_iter().find(|(_, given)| *given) {
        let message = format!(
            "has both expression and {other}; an expression compares source columns, which \
             data_source.variables names"
        );
        return Err(Fault::new(key, message));
    }
    let condition = parse_condition(text, columns).map_err(|message| {
        Fault::new(format!("{key}.expression"), format!("'{text}' {message}"))
    })?;
    Ok(if raw.keep.unwrap_or(true) {
        condition
    } else {
        Condition::Not(Box::new(condition))
    })
}

fn filter(raw: &RawFilter, key: &str, levels: &Levels<'_>, faults: &mut Faults) -> Option<Filter> {
    let mut of_level = None;
    if let Some(level) = &raw.level {
        let key = format!("{key}.level");
        faults.keep(levels.check(&key, level));
        of_level = levels.get(level);
    }
    let per_segment = raw
        .level
        .as_ref()
        .is_some_and(|level| levels.is_other(level));
    let mut missing = |name: &str| {
        if !faults.is_hole(&format!("{key}.{name}")) {
            let message = format!("key '{name}' is missing; or give an expression alone");
            faults.add(Fault::new(key, message));
        }
    };
    if raw.dataset.is_none() {
        missing("dataset");
    }
    if raw.op.is_none() {
        missing("op");
    }
    let op = raw.op?;
    let values = values(raw, op, key, faults).map(apart);
    let column = match raw.column.map(usize::try_from) {
        Some(Err(_)) => {
            faults.add(Fault::new(format!("{key}.column"), "is too large"));
            None
        }
        Some(Ok(column)) => Some(column),
        None => None,
    };
    let (values, words) = values?;
    let dataset = raw.dataset.clone()?;
    Some(Filter {
        dataset: of_level.map_or_else(|| dataset.clone(), |level| joined(&level.path, &dataset)),
        column,
        op,
        values,
        words,
        keep: raw.keep.unwrap_or(true),
        moment: None,
        per_segment,
    })
}

/// What a filter compares with; `None` where that is not what its comparison takes.
fn values(raw: &RawFilter, op: FilterOp, key: &str, faults: &mut Faults) -> Option<Vec<Operand>> {
    let is_set = matches!(op, FilterOp::In | FilterOp::NotIn);
    let (values, is_list): (&[RawScalar], bool) = match (&raw.value, &raw.values) {
        (Some(value), None) if !is_set => (std::slice::from_ref(value), false),
        (None, Some(values)) if is_set && !values.is_empty() => (values, true),
        // A comparison that could not be read takes anything.
        _ if faults.is_hole(&format!("{key}.op")) => return None,
        _ => {
            let message = if is_set {
                "in and not_in take values, a list, and no value"
            } else {
                "the comparison takes one value, and no values"
            };
            faults.add(Fault::new(key, message));
            return None;
        }
    };
    let mut numbers = Vec::with_capacity(values.len());
    for (i, value) in values.iter().enumerate() {
        let key = if is_list {
            format!("{key}.values[{i}]")
        } else {
            format!("{key}.value")
        };
        numbers.push(faults.keep(operand(value, op, &key)));
    }
    numbers.into_iter().collect()
}

/// What is compared with: a number, or a text.
enum Operand {
    Number(f64),
    Word(String),
}

/// Numbers and texts.
fn apart(operands: impl IntoIterator<Item = Operand>) -> (Vec<f64>, Vec<String>) {
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    for operand in operands {
        match operand {
            Operand::Number(number) => numbers.push(number),
            Operand::Word(word) => words.push(word),
        }
    }
    (numbers, words)
}

/// A value to compare with: any number but NaN, held exactly; or a text, of which a granule tells whether the dataset has
/// such, as text or as the name of a member of an enum.
fn operand(scalar: &RawScalar, op: FilterOp, key: &str) -> Result<Operand, Fault> {
    match (scalar.to_f64(), scalar) {
        (Ok(value), _) if value.is_nan() => {
            Err(Fault::new(key, "NaN compares with nothing; use a number"))
        }
        (Ok(value), _) => Ok(Operand::Number(value)),
        (Err(_), RawScalar::Text(word)) => match op {
            FilterOp::Eq | FilterOp::Ne | FilterOp::In | FilterOp::NotIn => {
                Ok(Operand::Word(word.clone()))
            }
            FilterOp::Ge | FilterOp::Le | FilterOp::Gt | FilterOp::Lt => {
                let message = format!(
                    "'{word}' is not a number; texts and names of an enum compare with eq, ne, in and not_in"
                );
                Err(Fault::new(key, message))
            }
        },
        (Err(message), _) => Err(Fault::new(key, message)),
    }
}
