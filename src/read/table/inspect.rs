//! What a table holds, as JSON and as text for people.
//!
//! Beside the line: `icefold inspect TABLE`. Reads metadata only: ranges are those of the row groups'
//! statistics, which Parquet has and Arrow IPC has not.

use std::fmt::{self, Write as _};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::file::{Format, TableFile};
use crate::Result;
use crate::guard::guarded;
use crate::text::grouped;
use crate::text::padded;

/// Metadata texts longer than this are cut.
const LONGEST: usize = 200;

/// What a table holds; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Inspected(Value);

impl Inspected {
    /// The same as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(&self.0))
    }
}

/// Describes a table: `table`, `format`, `bytes`, `rows`, `parts` (row groups or record batches),
/// `columns` and `metadata`.
///
/// # Errors
/// As [`TableFile::open`], and an Arrow IPC file whose batches cannot be read.
pub fn inspect(path: &Path) -> Result<Inspected> {
    let table = TableFile::open(path)?;
    let (rows, parts) = count(&table)?;
    let fields = table.schema.fields().iter();
    let columns: Vec<Value> = fields
        .map(|field| {
            let mut column = json!({
                "name": field.name(),
                "type": field.data_type().to_string(),
                "nullable": field.is_nullable(),
            });
            for key in ["units", "long_name", "statistic", "source"] {
                if let Some(text) = field.metadata().get(key) {
                    column[key] = json!(cut(text));
                }
            }
            if let Format::Parquet(metadata) = &table.format {
                add_statistics(&mut column, &table, metadata, field.name());
            }
            column
        })
        .collect();
    let metadata: Map<String, Value> = (table.schema.metadata().iter())
        .map(|(key, text)| (key.clone(), json!(cut(text))))
        .collect();
    Ok(Inspected(json!({
        "table": table.name(),
        "format": table.kind(),
        "bytes": table.bytes(),
        "rows": rows,
        "parts": parts,
        "columns": columns,
        "metadata": metadata,
    })))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

impl TableFile {
    /// Rows, where the file tells without being read: Parquet does.
    pub fn rows(&self) -> Option<u64> {
        match &self.format {
            Format::Parquet(metadata) => {
                let rows = metadata.metadata().file_metadata().num_rows();
                u64::try_from(rows).ok()
            }
            Format::ArrowFile(_) | Format::ArrowStream(_) => None,
            Format::Csv(csv) => Some(csv.rows),
        }
    }
}

/// Rows, and row groups or record batches.
fn count(table: &TableFile) -> Result<(u64, usize)> {
    match &table.format {
        Format::Csv(csv) => Ok((csv.rows, 1)),
        Format::Parquet(metadata) => {
            let metadata = metadata.metadata();
            let rows = metadata.file_metadata().num_rows();
            Ok((u64::try_from(rows).unwrap_or(0), metadata.num_row_groups()))
        }
        Format::ArrowFile(messages) | Format::ArrowStream(messages) => {
            let counted = guarded(|| Ok::<_, String>(messages.count(&*table.data)));
            let counted = counted.map_err(|e| table.damaged(0, &e))?;
            counted.map_err(|(row, e)| table.damaged(row, &e))
        }
    }
}

/// `min`, `max`, `nulls` and `nans` of a column of numbers, where all row groups tell them.
fn add_statistics(
    column: &mut Value,
    table: &TableFile,
    metadata: &ArrowReaderMetadata,
    name: &str,
) {
    let metadata = metadata.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let Ok(statistics) = StatisticsConverter::try_new(name, &table.schema, schema) else {
        return;
    };
    let statistics = statistics.with_missing_null_counts_as_zero(false);
    let groups = || metadata.row_groups().iter();
    let floats = |array: Result<ArrayRef, _>| -> Option<Vec<f64>> {
        let array: ArrayRef = array.map_err(|_: parquet::errors::ParquetError| ()).ok()?;
        if !array.data_type().is_numeric() || array.is_empty() || array.null_count() > 0 {
            return None;
        }
        let wide = arrow::compute::cast(&array, &DataType::Float64).ok()?;
        Some(wide.as_primitive::<Float64Type>().values().to_vec())
    };
    if let Some(min) = floats(statistics.row_group_mins(groups())) {
        column["min"] = json!(min.into_iter().fold(f64::INFINITY, f64::min));
    }
    if let Some(max) = floats(statistics.row_group_maxes(groups())) {
        column["max"] = json!(max.into_iter().fold(f64::NEG_INFINITY, f64::max));
    }
    for (key, counts) in [
        ("nulls", statistics.row_group_null_counts(groups())),
        ("nans", statistics.row_group_nan_counts(groups())),
    ] {
        if let Ok(counts) = counts
            && counts.null_count() == 0
        {
            column[key] = json!(counts.values().iter().sum::<u64>());
        }
    }
}

/// The text of a description that [`inspect`] gave.
fn text_of(found: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let number = |value: &Value| grouped(value.as_u64().unwrap_or(0));
    let is_parquet = found["format"] == "Parquet";
    let parts = if is_parquet {
        "row groups"
    } else {
        "record batches"
    };
    let parts = match text(&found["format"]).as_str() {
        "CSV" => String::new(),
        _ => format!(" in {} {parts}", number(&found["parts"])),
    };
    let mut out = format!(
        "table {}\n  {}, {} bytes, {} rows{parts}\n",
        text(&found["table"]),
        text(&found["format"]),
        number(&found["bytes"]),
        number(&found["rows"]),
    );
    let columns = found["columns"].as_array().map_or(&[][..], Vec::as_slice);
    let width = |key: &str| {
        let widths = columns.iter().map(|c| text(&c[key]).chars().count());
        widths.max().unwrap_or(0)
    };
    let (names, types) = (width("name"), width("type"));
    for column in columns {
        let (name, kind) = (text(&column["name"]), text(&column["type"]));
        let (name, kind) = (padded(&name, names), padded(&kind, types));
        let _ = write!(out, "  {name}  {kind}");
        if let (Some(min), Some(max)) = (column["min"].as_f64(), column["max"].as_f64()) {
            let _ = write!(out, "  {min} to {max}");
        }
        for key in ["nulls", "nans"] {
            if let Some(count) = column[key].as_u64().filter(|n| *n > 0) {
                let _ = write!(out, ", {} {key}", grouped(count));
            }
        }
        if let Some(units) = column["units"].as_str() {
            let _ = write!(out, "  [{units}]");
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}
