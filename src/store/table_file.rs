//! A table that grows: record batches into Parquet or Arrow IPC, whole before it has its name.
//!
//! Under `table.rs`, and under `src/export/`. How rows are split into batches leaves no trace.

use std::fmt;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::table_format::TableFormat;
use crate::error::Result;
use crate::place::{FilePlace, write_failed};
use crate::read::table::TABLE;

/// Rows of a row group of Parquet.
const GROUP_ROWS: usize = 1 << 18;
/// Rows of a record batch of Arrow IPC.
const BATCH_ROWS: usize = 1 << 16;

/// A table without its name.
#[derive(Debug)]
pub struct TableFile {
    place: FilePlace,
    schema: SchemaRef,
    rows: Rows,
}

enum Rows {
    Parquet(Box<ArrowWriter<File>>),
    Arrow(Box<FileWriter<BufWriter<File>>>, Box<BatchCoalescer>),
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet(_) => "Parquet",
            Self::Arrow(..) => "Arrow",
        })
    }
}

impl TableFile {
    /// Begins a table.
    ///
    /// # Errors
    /// An extension of no format; nothing can be written beside the target.
    pub fn create(target: &Path, schema: SchemaRef) -> Result<Self> {
        let format = TableFormat::of(target)?;
        let (place, file) = FilePlace::create(target, TABLE)?;
        let failed = |e: &dyn fmt::Display| write_failed(target, &e);
        let rows = match format {
            TableFormat::Parquet => {
                let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(level))
                    .set_max_row_group_row_count(Some(GROUP_ROWS))
                    .build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
                Rows::Parquet(Box::new(writer.map_err(|e| failed(&e))?))
            }
            TableFormat::Arrow => {
                let writer = FileWriter::try_new(BufWriter::new(file), &schema);
                Rows::Arrow(
                    Box::new(writer.map_err(|e| failed(&e))?),
                    Box::new(BatchCoalescer::new(Arc::clone(&schema), BATCH_ROWS)),
                )
            }
        };
        Ok(Self {
            place,
            schema,
            rows,
        })
    }

    /// Whether it is Arrow IPC, whose readers look for what is said of geometries in the schema.
    pub fn is_arrow(&self) -> bool {
        matches!(self.rows, Rows::Arrow(..))
    }

    /// Appends rows.
    ///
    /// # Errors
    /// They are not the schema's; a write fails.
    pub fn append(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        let failed = |e: &dyn fmt::Display| write_failed(self.place.target(), &e);
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        let rows = rows.map_err(|e| failed(&e))?;
        match &mut self.rows {
            Rows::Parquet(writer) => writer.write(&rows).map_err(|e| failed(&e)),
            Rows::Arrow(writer, coalescer) => {
                coalescer.push_batch(rows).map_err(|e| failed(&e))?;
                while let Some(batch) = coalescer.next_completed_batch() {
                    writer.write(&batch).map_err(|e| failed(&e))?;
                }
                Ok(())
            }
        }
    }

    /// Writes what is left, with metadata of the file, and makes it durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, metadata: &[(&str, String)]) -> Result<FilePlace> {
        let place = self.place;
        let failed = |e: &dyn fmt::Display| write_failed(place.target(), &e);
        let file = match self.rows {
            Rows::Parquet(mut writer) => {
                for (key, value) in metadata {
                    let pair = KeyValue::new((*key).to_owned(), value.clone());
                    writer.append_key_value_metadata(pair);
                }
                writer.into_inner().map_err(|e| failed(&e))?
            }
            Rows::Arrow(mut writer, mut coalescer) => {
                let rest = coalescer.finish_buffered_batch();
                rest.map_err(|e| failed(&e))?;
                while let Some(batch) = coalescer.next_completed_batch() {
                    writer.write(&batch).map_err(|e| failed(&e))?;
                }
                for (key, value) in metadata {
                    writer.write_metadata(*key, value);
                }
                writer.finish().map_err(|e| failed(&e))?;
                let buffer = writer.into_inner().map_err(|e| failed(&e))?;
                buffer.into_inner().map_err(|e| failed(e.error()))?
            }
        };
        if place.target().is_file() || !place.target().exists() {
            file.sync_all().map_err(|e| failed(&e))?;
        }
        Ok(place)
    }
}
