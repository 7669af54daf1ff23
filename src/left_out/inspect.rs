//! Counts what an error table lists, by code, stage, granule and column.
//!
//! Beside the line: `icefold inspect OUT.errors.parquet`. Rows are read in bounded pieces.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use arrow::datatypes::Schema;
use serde_json::{Value, json};

use super::spool::schema;
use crate::error::Result;
use crate::read::table::{self, TableFile};
use crate::text::grouped;

/// What rows are counted by.
const BY: [&str; 4] = ["error_code", "stage", "granule", "column"];
/// Granules that the text names one by one.
const SHOWN: usize = 20;

/// Whether a file is an error table.
pub fn looks_like_an_error_table(path: &Path) -> bool {
    TableFile::open(path).is_ok_and(|table| is_one(&table))
}

/// Whether a table has the columns of an error table, and no others.
fn is_one(table: &TableFile) -> bool {
    let columns = |schema: &Schema| -> Vec<_> {
        let fields = schema.fields().iter();
        fields
            .map(|f| (f.name().clone(), f.data_type().clone()))
            .collect()
    };
    columns(table.schema()) == columns(&schema())
}

/// Describes an error table: what [`table::inspect`] says of it, and `left_out`, its rows by code, stage,
/// granule and column.
///
/// # Errors
/// As [`table::inspect`]; a table that is damaged.
pub fn inspect(path: &Path) -> Result<Value> {
    let mut found = table::inspect(path)?;
    let table = TableFile::open(path)?;
    if is_one(&table)
        && let Some(counts) = counted(&table)?
    {
        found["left_out"] = counts;
    }
    Ok(found)
}

/// Rows by `error_code`, `stage`, `granule` and `column`; those without a column have none. `None` of an Arrow file.
fn counted(table: &TableFile) -> Result<Option<Value>> {
    let mut counts: [BTreeMap<String, u64>; BY.len()] = Default::default();
    let whole = table.texts(&schema(), &BY, |column, text| {
        match counts[column].get_mut(text) {
            Some(count) => *count += 1,
            None => _ = counts[column].insert(text.to_owned(), 1),
        }
    })?;
    let by = BY.iter().zip(&counts);
    let by = by.map(|(name, counts)| (format!("by_{name}"), json!(counts)));
    Ok(whole.then(|| by.collect()))
}

/// The text of a description that [`inspect`] gave.
pub fn inspect_text(found: &Value) -> String {
    let mut out = table::inspect_text(found);
    if found["left_out"].is_object() {
        out.push_str("an error table: what a tolerant run left out, ");
        out.push_str(&text(&found["left_out"]));
    }
    out
}

/// What [`counted`] found, for people.
fn text(counts: &Value) -> String {
    let mut out = String::new();
    for name in BY {
        let Some(by) = counts[format!("by_{name}")]
            .as_object()
            .filter(|by| !by.is_empty())
        else {
            continue;
        };
        let _ = writeln!(out, "by {name}");
        for (value, count) in by.iter().take(SHOWN) {
            let _ = writeln!(
                out,
                "  {:>12}  {value}",
                grouped(count.as_u64().unwrap_or(0))
            );
        }
        if by.len() > SHOWN {
            let _ = writeln!(out, "  {} more; --json lists all", by.len() - SHOWN);
        }
    }
    out
}
