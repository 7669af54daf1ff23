//! An index is written: row by row, whole before it has its name.
//!
//! Beside the line, under `make.rs`.

use std::fs::File;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use serde_json::json;

use super::arrays::{KEPT, batch, schema};
use super::entry::Entry;
use super::{FORMAT, INDEX, META, order};
use crate::error::Result;
use crate::place::{FilePlace, write_failed};

/// Rows of a row group.
const GROUP: usize = 1024;
/// Rows that are written at a time: so many share a page of what is kept, or more where that is little.
const ROWS: usize = 8;
/// Bytes of a page of what is kept, of which one row is wanted.
const PAGE: usize = 256 << 10;

/// An index that grows.
#[derive(Debug)]
pub struct IndexWriter {
    place: FilePlace,
    writer: ArrowWriter<File>,
    waiting: Vec<(Entry, Option<Vec<u8>>)>,
    rows: u64,
}

impl IndexWriter {
    /// Begins an index beside its place.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn create(target: &Path) -> Result<Self> {
        let (place, file) = FilePlace::create(target, INDEX)?;
        let level = ZstdLevel::try_new(3).map_err(|e| write_failed(target, &e))?;
        let kept = || ColumnPath::from(KEPT);
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(GROUP))
            .set_column_compression(kept(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(kept(), false)
            .set_column_statistics_enabled(kept(), EnabledStatistics::None)
            .set_column_data_page_size_limit(kept(), PAGE);
        for ascending in ["cells_first", "cells_count"] {
            let path = ColumnPath::new(["list", "item"].iter().fold(
                vec![ascending.to_owned()],
                |mut path, part| {
                    path.push((*part).to_owned());
                    path
                },
            ));
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let writer = ArrowWriter::try_new(file, schema(), Some(properties.build()));
        let writer = writer.map_err(|e| write_failed(target, &e))?;
        Ok(Self {
            place,
            writer,
            waiting: Vec::new(),
            rows: 0,
        })
    }

    /// Appends a granule, whose address comes after those before, with what is kept of it as it is stored.
    ///
    /// # Errors
    /// A write fails.
    pub fn append(&mut self, entry: Entry, kept: Option<Vec<u8>>) -> Result<()> {
        self.rows += 1;
        self.waiting.push((entry, kept));
        if self.waiting.len() < ROWS {
            return Ok(());
        }
        self.flush()
    }

    /// Granules so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn flush(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        if rows.is_empty() {
            return Ok(());
        }
        let failed = |e: &dyn ToString| write_failed(self.place.target(), &e.to_string());
        let batch = batch(&rows).map_err(|e| failed(&e))?;
        self.writer.write(&batch).map_err(|e| failed(&e))
    }

    /// The whole file, durable and without its name.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(mut self) -> Result<FilePlace> {
        self.flush()?;
        let Self {
            place, mut writer, ..
        } = self;
        let failed = |e: &dyn ToString| write_failed(place.target(), &e.to_string());
        let meta = json!({
            "format": FORMAT,
            "icefold_version": env!("CARGO_PKG_VERSION"),
            "cell_order": order().get(),
            "latitude": crate::grid::Grid::default().latitude(),
        });
        writer.append_key_value_metadata(KeyValue::new(META.to_owned(), meta.to_string()));
        let file = writer.into_inner().map_err(|e| failed(&e))?;
        file.sync_all().map_err(|e| failed(&e))?;
        Ok(place)
    }
}
