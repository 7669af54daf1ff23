//! What an error table lists, by code, stage, granule and column.
//!
//! Beside the line: `icefold inspect OUT.errors.parquet`. Rows are read in bounded pieces.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use serde_json::{Value, json};

use super::file::{Format, TableFile};
use super::guard::guarded;
use super::pages::Place;
use super::spool::schema;
use crate::text::grouped;
use crate::{Error, Result};

/// What rows are counted by.
const BY: [&str; 4] = ["error_code", "stage", "granule", "column"];
/// Rows of a piece.
const ROWS: usize = 1 << 14;
/// Granules that the text names one by one.
const SHOWN: usize = 20;

/// Whether a table has the columns of an error table, and no others.
pub(super) fn is_one(table: &TableFile) -> bool {
    let columns = |schema: &Schema| -> Vec<_> {
        let fields = schema.fields().iter();
        fields
            .map(|f| (f.name().clone(), f.data_type().clone()))
            .collect()
    };
    columns(&table.schema) == columns(&schema())
}

/// Rows by `error_code`, `stage`, `granule` and `column`; those without a column have none.
pub(super) fn counted(table: &TableFile) -> Result<Value> {
    let mut counts: [BTreeMap<String, u64>; BY.len()] = Default::default();
    let Format::Parquet(metadata) = &table.format else {
        return Ok(Value::Null);
    };
    let file = File::open(&table.path).map_err(|e| Error::io("open", &table.path, e))?;
    let metadata = metadata.metadata();
    for group in 0..metadata.num_row_groups() {
        for column in 0..metadata.row_group(group).num_columns() {
            let looked = guarded(|| Place { group, column }.look(&file, metadata));
            looked.map_err(|e| table.damaged(0, &e))?;
        }
    }
    let reader = guarded(|| {
        let options = ArrowReaderOptions::new().with_schema(views());
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata), options)?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let mask = ProjectionMask::columns(builder.parquet_schema(), BY);
        builder.with_projection(mask).with_batch_size(ROWS).build()
    });
    let mut reader = reader.map_err(|e| table.damaged(0, &e))?;
    let mut rows = 0;
    while let Some(batch) =
        guarded(|| reader.next().transpose()).map_err(|e| table.damaged(rows, &e))?
    {
        rows += batch.num_rows() as u64;
        for (name, counts) in BY.iter().zip(&mut counts) {
            let Some(column) = batch.column_by_name(name) else {
                continue;
            };
            for value in column.as_string_view().iter().flatten() {
                match counts.get_mut(value) {
                    Some(count) => *count += 1,
                    None => _ = counts.insert(value.to_owned(), 1),
                }
            }
        }
    }
    let by = BY.iter().zip(&counts);
    Ok(by
        .map(|(name, counts)| (format!("by_{name}"), json!(counts)))
        .collect())
}

/// The columns of an error table, with views of texts: those take no copies of dictionaries.
fn views() -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    };
    let fields: Fields = schema().fields().iter().map(view).collect();
    Arc::new(Schema::new(fields))
}

/// What [`counted`] found, for people.
pub(super) fn text(counts: &Value) -> String {
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
