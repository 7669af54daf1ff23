//! Counts what an error table lists, by code, stage, granule and column.
//!
//! Beside the line: `icefold inspect OUT.errors.parquet`. Rows are read in bounded pieces.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;

use arrow::datatypes::Schema;
use serde::{Serialize, Serializer};

use super::spool::schema;
use crate::error::{Dialect, Neutral, Result, Setting};
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
pub(super) fn is_one(table: &TableFile) -> bool {
    let columns = |schema: &Schema| -> Vec<_> {
        let fields = schema.fields().iter();
        fields
            .map(|f| (f.name().clone(), f.data_type().clone()))
            .collect()
    };
    columns(table.schema()) == columns(&schema())
}

/// Rows by each of [`BY`], in its order.
#[derive(Debug, Clone, PartialEq)]
struct Counted(Vec<(&'static str, BTreeMap<String, u64>)>);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let by = self.0.iter();
        serializer.collect_map(by.map(|(name, counts)| (format!("by_{name}"), counts)))
    }
}

/// What a table holds, and what an error table lists; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspected {
    #[serde(flatten)]
    table: table::Inspected,
    /// Rows by code, stage, granule and column.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<Counted>,
}

impl Inspected {
    /// The text, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        let mut out = self.table.to_string();
        if let Some(counts) = &self.left_out {
            out.push_str("an error table: what a tolerant run left out, ");
            out.push_str(&text(counts, dialect));
        }
        out
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}

/// Describes an error table: what [`table::inspect`] says of it, and `left_out`, its rows by code, stage,
/// granule and column. `memory` is what its pages may take while they are decoded.
///
/// # Errors
/// As [`table::inspect`]; a table that is damaged, or does not fit the memory.
pub fn inspect(path: &Path, memory: Option<u64>) -> Result<Inspected> {
    let found = table::inspect(path)?;
    let table = TableFile::open(path)?;
    let left_out = if is_one(&table) {
        counted(&table, memory)?
    } else {
        None
    };
    Ok(Inspected {
        table: found,
        left_out,
    })
}

/// Rows by `error_code`, `stage`, `granule` and `column`; those without a column have none. `None` of an Arrow file.
fn counted(table: &TableFile, memory: Option<u64>) -> Result<Option<Counted>> {
    let mut counts: [BTreeMap<String, u64>; BY.len()] = Default::default();
    let whole = table.texts((&schema(), &BY), memory, |column, text| {
        match counts[column].get_mut(text) {
            Some(count) => *count += 1,
            None => _ = counts[column].insert(text.to_owned(), 1),
        }
    })?;
    let by = BY.into_iter().zip(counts);
    Ok(whole.then(|| Counted(by.collect())))
}

/// What [`counted`] found, for people.
fn text(Counted(counts): &Counted, dialect: &dyn Dialect) -> String {
    let mut out = String::new();
    for (name, by) in counts.iter().filter(|(_, by)| !by.is_empty()) {
        let _ = writeln!(out, "by {name}");
        for (value, count) in by.iter().take(SHOWN) {
            let _ = writeln!(out, "  {:>12}  {value}", grouped(*count));
        }
        if by.len() > SHOWN {
            let json = dialect.setting(Setting::Json, None);
            let _ = writeln!(out, "  {} more; {json} lists all", by.len() - SHOWN);
        }
    }
    out
}
