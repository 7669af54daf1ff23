//! Columns in the names of folders: `cycle=3/part-0.parquet` has a column `cycle` that is 3 in every row.
//!
//! On the line: `file.rs` finds them when it opens a table, `batches.rs` adds those that a config reads to
//! the columns of the file. A column of the file itself comes before one of its folders.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use chrono::NaiveDate;

use super::outside::partitions;

/// What Hive and its readers call a value that is null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// One column, and its value in all rows.
#[derive(Debug, Clone)]
pub(super) struct Partition {
    pub field: FieldRef,
    pub text: String,
}

impl Partition {
    /// Those of a path that a table's own columns leave; of one key the innermost.
    pub fn of(path: &Path, schema: &Schema) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for (key, text) in partitions(path) {
            if schema.index_of(&key).is_ok() {
                continue;
            }
            found.retain(|partition| *partition.field.name() != key);
            let data_type = if text.parse::<i64>().is_ok() || text == NULL {
                DataType::Int64
            } else if day(&text).is_some() {
                DataType::Date32
            } else if text.parse::<f64>().is_ok() {
                DataType::Float64
            } else {
                DataType::Utf8
            };
            let field = Arc::new(Field::new(key, data_type, text == NULL));
            found.push(Self { field, text });
        }
        found
    }

    /// Whether it stands for null.
    pub fn is_null(&self) -> bool {
        self.text == NULL
    }

    /// The value in so many rows.
    fn array(&self, rows: usize) -> ArrayRef {
        match self.field.data_type() {
            _ if self.text == NULL => Arc::new(Int64Array::new_null(rows)),
            DataType::Int64 => {
                let value = self.text.parse().unwrap_or_default();
                Arc::new(Int64Array::from_value(value, rows))
            }
            DataType::Date32 => {
                let value = day(&self.text).unwrap_or_default();
                Arc::new(Date32Array::from_value(value, rows))
            }
            DataType::Utf8 => Arc::new(StringArray::from(vec![self.text.as_str(); rows])),
            _ => {
                let value = self.text.parse().unwrap_or(f64::NAN);
                Arc::new(Float64Array::from_value(value, rows))
            }
        }
    }
}

/// Days since 1970 of a date such as `2020-01-31`.
fn day(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let is_padded = text.len() == "2020-01-31".len();
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).ok().filter(|_| is_padded)
}

/// A batch with these columns behind its own.
///
/// # Errors
/// None: every column has as many rows.
pub(super) fn widened(
    batch: &RecordBatch,
    partitions: &[Partition],
) -> Result<RecordBatch, ArrowError> {
    if partitions.is_empty() {
        return Ok(batch.clone());
    }
    let schema = batch.schema();
    let fields = schema.fields().iter().cloned();
    let fields = fields.chain(partitions.iter().map(|p| Arc::clone(&p.field)));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let mut columns = batch.columns().to_vec();
    columns.extend(partitions.iter().map(|p| p.array(batch.num_rows())));
    RecordBatch::try_new(Arc::new(schema), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_named_with_a_key_are_columns() {
        let text = "/d=x/a/year=2019/day=2019-06-01/none=__HIVE_DEFAULT_PARTITION__/cycle=3/share=0.5/b=/c d=1/beam=1=2/x=1.parquet";
        let path = Path::new(text);
        let found = partitions(path);
        let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (&**k, &**v)).collect();
        let expected = [
            ("d", "x"),
            ("year", "2019"),
            ("day", "2019-06-01"),
            ("none", "__HIVE_DEFAULT_PARTITION__"),
            ("cycle", "3"),
            ("share", "0.5"),
            ("b", ""),
            ("beam", "1=2"),
        ];
        assert_eq!(found, expected);
        let own = Schema::new(vec![Field::new("cycle", DataType::Int8, false)]);
        let columns = Partition::of(path, &own);
        let types: Vec<_> = columns
            .iter()
            .map(|p| (&**p.field.name(), p.field.data_type().clone()))
            .collect();
        assert_eq!(
            types,
            [
                ("d", DataType::Utf8),
                ("year", DataType::Int64),
                ("day", DataType::Date32),
                ("none", DataType::Int64),
                ("share", DataType::Float64),
                ("b", DataType::Utf8),
                ("beam", DataType::Utf8),
            ]
        );
    }
}
