//! Rows of a Parquet file in bounded pieces, and its columns of text value by value.
//!
//! Beside the line: for tables that are about a run and not read into one.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetMetaData;

use super::file::{Format, TableFile};
use super::metered::Metered;
use super::pages::{Extent, Place};
use super::room::{Fault, Room};
use crate::error::Result;
use crate::guard::guarded;

/// Rows of a piece.
const ROWS: usize = 1 << 14;

impl TableFile {
    /// Visits the columns `names` of all rows, piece by piece; the table has the columns of `schema`, and `memory`
    /// bytes for what must be decoded at once, as many as it needs where there is no end. Gives false, and visits
    /// none, where the table is no Parquet file.
    ///
    /// # Errors
    /// A file that is damaged, or does not fit the memory; those of `visit`.
    pub(crate) fn visit_rows(
        &self,
        (schema, names): (SchemaRef, &[&str]),
        memory: Option<u64>,
        mut visit: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<bool> {
        let Format::Parquet(metadata) = &self.format else {
            return Ok(false);
        };
        let metadata = metadata.metadata();
        let mask = ProjectionMask::columns(
            metadata.file_metadata().schema_descr(),
            names.iter().copied(),
        );
        let room = Room::new(memory, 1);
        let fits = guarded(|| Ok::<_, String>(self.check(metadata, &mask, room)));
        let fits = fits.map_err(|e| self.damaged(0, &e))?;
        fits.map_err(|fault| self.fault(0, fault))?;
        let reader = guarded(|| self.reader(metadata, schema, mask));
        let mut reader = reader.map_err(|e| self.damaged(0, &e))?;
        let mut rows = 0;
        while let Some(batch) =
            guarded(|| reader.next().transpose()).map_err(|e| self.damaged(rows, &e))?
        {
            rows += batch.num_rows() as u64;
            visit(&batch)?;
        }
        Ok(true)
    }

    /// As [`TableFile::visit_rows`], every value of columns of text, with the column's position among them.
    ///
    /// # Errors
    /// As [`TableFile::visit_rows`].
    pub(crate) fn texts(
        &self,
        (schema, names): (&Schema, &[&str]),
        memory: Option<u64>,
        mut visit: impl FnMut(usize, &str),
    ) -> Result<bool> {
        self.visit_rows((views(schema), names), memory, |batch| {
            for (at, name) in names.iter().enumerate() {
                if let Some(column) = batch.column_by_name(name) {
                    for text in column.as_string_view().iter().flatten() {
                        visit(at, text);
                    }
                }
            }
            Ok(())
        })
    }

    /// Whether the pages of all columns can be, and those of the ones that are read fit.
    fn check(
        &self,
        metadata: &ParquetMetaData,
        read: &ProjectionMask,
        room: Room,
    ) -> Result<(), Fault> {
        let columns = metadata.file_metadata().schema_descr().num_columns();
        let mut bytes = 0_u64;
        for column in 0..columns {
            let mut extent = Extent::default();
            for group in 0..metadata.num_row_groups() {
                let found = Place { group, column }.look(&*self.data, metadata);
                extent = extent.with(found.map_err(Fault::Damaged)?);
            }
            if read.leaf_included(column) {
                bytes = bytes.saturating_add(extent.bytes());
            }
        }
        let what = || format!("has large pages in its {columns} columns");
        room.beside(bytes, what).map_err(Fault::TooLarge)?;
        Ok(())
    }

    fn reader(
        &self,
        metadata: &Arc<ParquetMetaData>,
        schema: SchemaRef,
        mask: ProjectionMask,
    ) -> parquet::errors::Result<ParquetRecordBatchReader> {
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata), options)?;
        let source = Metered::new(Arc::clone(&self.data));
        ParquetRecordBatchReaderBuilder::new_with_metadata(source, metadata)
            .with_projection(mask)
            .with_batch_size(ROWS)
            .build()
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
