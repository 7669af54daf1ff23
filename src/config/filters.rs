//! The filters of a data source to typed values: dataset, comparison, and what is compared with.
//!
//! Beside `source.rs`, which reads the rest of the section.

use super::faults::{Fault, Faults};
use super::levels::Levels;
use super::raw::{RawDataSource, RawFilter};
use super::shapes::RawScalar;
use super::{Filter, FilterOp};

/// The filters in the order of the text; those that cannot be used are faults.
pub(super) fn filters(
    raw: &RawDataSource,
    levels: &Levels<'_>,
    faults: &mut Faults,
) -> Vec<Filter> {
    let mut filters = Vec::new();
    for (i, filter) in raw.filters.iter().flatten().enumerate() {
        let key = format!("data_source.filters[{i}]");
        filters.extend(self::filter(filter, &key, levels, faults));
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
    let value = faults.keep(operand(&quality.value, &format!("{key}.value")));
    filters.extend(value.map(|value| Filter {
        dataset: quality.dataset.clone(),
        column: None,
        op: FilterOp::Eq,
        values: vec![value],
        keep: true,
    }));
    filters
}

fn filter(raw: &RawFilter, key: &str, levels: &Levels<'_>, faults: &mut Faults) -> Option<Filter> {
    if let Some(level) = &raw.level {
        let key = format!("{key}.level");
        if faults.keep(levels.check(&key, level)).is_some() && levels.is_other(level) {
            let message = format!("is '{level}'; only filters on the base level are supported");
            faults.add(Fault::new(key, message));
        }
    }
    let values = values(raw, key, faults);
    let column = match raw.column.map(usize::try_from) {
        Some(Err(_)) => {
            faults.add(Fault::new(format!("{key}.column"), "is too large"));
            None
        }
        Some(Ok(column)) => Some(column),
        None => None,
    };
    Some(Filter {
        dataset: raw.dataset.clone(),
        column,
        op: raw.op,
        values: values?,
        keep: raw.keep.unwrap_or(true),
    })
}

/// What a filter compares with; `None` where that is not what its comparison takes.
fn values(raw: &RawFilter, key: &str, faults: &mut Faults) -> Option<Vec<f64>> {
    let is_set = matches!(raw.op, FilterOp::In | FilterOp::NotIn);
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
        numbers.push(faults.keep(operand(value, &key)));
    }
    numbers.into_iter().collect()
}

/// A value to compare with: any number but NaN, held exactly.
fn operand(scalar: &RawScalar, key: &str) -> Result<f64, Fault> {
    match scalar.to_f64() {
        Ok(value) if value.is_nan() => {
            Err(Fault::new(key, "NaN compares with nothing; use a number"))
        }
        Ok(value) => Ok(value),
        Err(message) => Err(Fault::new(key, message)),
    }
}
