//! Columns of text of a Parquet file, value by value.
//!
//! Beside the line: for tables that are about a run and not read into one. Rows are read in bounded pieces.

use std::fs::File;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use super::file::{Format, TableFile};
use super::guard::guarded;
use super::pages::Place;
use crate::error::{Error, Result};

/// Rows of a piece.
const ROWS: usize = 1 << 14;

impl TableFile {
    /// Visits every value of the columns `names`, with the column's position among them; the table has the columns
    /// of `schema`. Gives false, and visits none, where the table is no Parquet file.
    ///
    /// # Errors
    /// A file that cannot be opened, or is damaged.
    pub(crate) fn texts(
        &self,
        schema: &Schema,
        names: &[&str],
        mut visit: impl FnMut(usize, &str),
    ) -> Result<bool> {
        let Format::Parquet(metadata) = &self.format else {
            return Ok(false);
        };
        let file = File::open(&self.path).map_err(|e| Error::io("open", &self.path, e))?;
        let metadata = metadata.metadata();
        for group in 0..metadata.num_row_groups() {
            for column in 0..metadata.row_group(group).num_columns() {
                let looked = guarded(|| Place { group, column }.look(&file, metadata));
                looked.map_err(|e| self.damaged(0, &e))?;
            }
        }
        let reader = guarded(|| {
            let options = ArrowReaderOptions::new().with_schema(views(schema));
            let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata), options)?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
            let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
            builder.with_projection(mask).with_batch_size(ROWS).build()
        });
        let mut reader = reader.map_err(|e| self.damaged(0, &e))?;
        let mut rows = 0;
        while let Some(batch) =
            guarded(|| reader.next().transpose()).map_err(|e| self.damaged(rows, &e))?
        {
            rows += batch.num_rows() as u64;
            for (at, name) in names.iter().enumerate() {
                if let Some(column) = batch.column_by_name(name) {
                    for text in column.as_string_view().iter().flatten() {
                        visit(at, text);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// The columns with views of their texts: those take no copies of dictionaries.
fn views(schema: &Schema) -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    };
    let fields: Fields = schema.fields().iter().map(view).collect();
    Arc::new(Schema::new(fields))
}
