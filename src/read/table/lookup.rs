//! A column of a table by its name: it must be there, once, and have a type that can be held.
//!
//! Used by `columns.rs`.

use arrow::datatypes::{DataType, Field};

use super::fields::find;
use super::fields::is_text;
use super::file::TableFile;
use super::types::{dtype_of, list_item};
use crate::config::Dtype;
use crate::{Error, Result};

/// A column of this name and the type of its values.
pub(super) fn column<'a>(table: &'a TableFile, name: &str) -> Result<(Dtype, &'a Field)> {
    let mut found = find(&table.schema, name).into_iter();
    let Some(first) = found.next() else {
        return of_folder(table, name);
    };
    if found.next().is_some() {
        return Err(table.error(format!(
            "has several columns named {name}; rename all but one of them"
        )));
    }
    let (field, is_field) = (first.field, !first.pick.path.is_empty());
    let refused = |why: &str| {
        let message = format!("column {name} is {}, {why}", field.data_type());
        table.error(message)
    };
    let item = list_item(field.data_type());
    if is_field && item.is_some() {
        return Err(refused(
            "and in structs no lists are read: write it as a column of its own",
        ));
    }
    let values = item.unwrap_or(field.data_type());
    if let DataType::Struct(fields) = values
        && let Some(inner) = fields.first().filter(|_| item.is_none())
    {
        let why = format!(
            "and its fields are columns; name one of them, such as {name}.{}",
            inner.name()
        );
        return Err(refused(&why));
    }
    match dtype_of(values) {
        Some(dtype) => Ok((dtype, field)),
        None if item.is_none() && is_text(values) && table.why_text(name).is_none() => {
            Err(refused(
                "and a number is needed; text is compared by filters, with eq, ne, in or not_in",
            ))
        }
        None if table.why_text(name).is_some() => {
            Err(refused(&table.why_text(name).unwrap_or_default()))
        }
        None => Err(refused(
            "which is not supported; integers of up to 64 bits, float32, float64, booleans, dates, timestamps and \
             lists of them are: convert it",
        )),
    }
}

/// A column in the names of the table's folders.
fn of_folder<'a>(table: &'a TableFile, name: &str) -> Result<(Dtype, &'a Field)> {
    let mut partitions = table.partitions.iter();
    let Some(partition) = partitions.find(|p| p.field.name() == name) else {
        return Err(missing(table, name));
    };
    match dtype_of(partition.field.data_type()) {
        Some(dtype) => Ok((dtype, &partition.field)),
        None => Err(table.error(format!(
            "column {name} is in the name of a folder, {name}={}, and a number is needed; text is compared by filters, \
             with eq, ne, in or not_in",
            partition.text
        ))),
    }
}

pub(super) fn missing(table: &TableFile, name: &str) -> Error {
    let names = table.schema.fields().iter().map(|field| field.name());
    let likeness = |m: &&String| strsim::jaro_winkler(m, name);
    let nearest = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    table.error(match nearest {
        Some(nearest) => format!(
            "has no column {name}, the nearest of its {} columns is {nearest}; correct the \
             name",
            table.schema.fields().len()
        ),
        None => format!("has no column {name}, nor any other; leave the table out"),
    })
}
