//! The file of an error table: Parquet, written as granules end.
//!
//! Beside the line: `errors.rs` counts what it puts in here.

use std::fs::File;
use std::path::Path;

use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::errors::ERROR_TABLE;
use super::spool::schema;
use crate::digest::CONTENT;
use crate::error::Result;
use crate::place::{FilePlace, write_failed};

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 16;

/// Rows on their way to a file that has its name once it is whole.
#[derive(Debug)]
pub(super) struct RowsFile {
    place: FilePlace,
    writer: ArrowWriter<File>,
}

impl RowsFile {
    /// Begins a file.
    ///
    /// # Errors
    /// Nothing can be written beside the target.
    pub fn create(target: &Path) -> Result<Self> {
        let (place, file) = FilePlace::create(target, ERROR_TABLE)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, schema(), Some(properties));
        let writer = writer.map_err(|e| write_failed(target, &e))?;
        Ok(Self { place, writer })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// A write fails.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let written = self.writer.write(rows);
        written.map_err(|e| write_failed(self.place.target(), &e))
    }

    /// Writes what is left, with the content hash of a store where there is one, and makes it durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, content: Option<&str>) -> Result<FilePlace> {
        let Self { place, mut writer } = self;
        if let Some(content) = content {
            let pair = KeyValue::new(CONTENT.to_owned(), content.to_owned());
            writer.append_key_value_metadata(pair);
        }
        let failed = |e: &dyn std::fmt::Display| write_failed(place.target(), &e);
        let file = writer.into_inner().map_err(|e| failed(&e))?;
        file.sync_all().map_err(|e| failed(&e))?;
        Ok(place)
    }
}
