//! The error table: every row and granule that a tolerant run leaves out, as Parquet beside the store.
//!
//! Beside the line. Rows are written as granules end; where nothing was left out, there is no table.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::inspect::looks_like_an_error_table;
use super::spool::{ErrorRow, RowSpool, record_batch, schema};
use crate::digest::CONTENT;
use crate::error::{Error, Result};
use crate::place::{Artefact, FilePlace, Folder, Step, beside, write_failed};

/// Error tables as files.
pub const ERROR_TABLE: Artefact = Artefact {
    noun: "error table",
    needs_flag: true,
    folder: Folder::Made,
    wrote: looks_like_an_error_table,
};

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 16;

/// What an error table holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorSummary {
    /// Where it is; `None` where nothing was left out.
    pub table: Option<PathBuf>,
    pub count: u64,
    /// Rows of the table by `error_code`.
    pub by_code: BTreeMap<String, u64>,
}

impl ErrorSummary {
    /// Adds the rows of another one.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        for (code, rows) in &other.by_code {
            *self.by_code.entry(code.clone()).or_default() += rows;
        }
    }
}

/// Writes one error table.
#[derive(Debug)]
pub struct ErrorTable {
    target: PathBuf,
    writer: Option<(FilePlace, ArrowWriter<File>)>,
    summary: ErrorSummary,
}

/// An error table that is whole, but not yet at its target.
#[derive(Debug)]
pub struct WholeErrors {
    target: PathBuf,
    place: Option<FilePlace>,
    summary: ErrorSummary,
}

/// Where the error table of a store is: `out.zarr` has `out.errors.parquet`.
pub fn errors_path(store: &Path) -> PathBuf {
    beside(store, "errors.parquet")
}

/// The rows of an error table.
///
/// # Errors
/// A file that cannot be read, or is no error table.
pub fn read_error_table(path: &Path) -> Result<Vec<RecordBatch>> {
    let failed = |e: String| Error::io("read", path, std::io::Error::other(e));
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|e| failed(e.to_string()))?;
    let rows: Vec<RecordBatch> = reader
        .collect::<Result<_, _>>()
        .map_err(|e| failed(e.to_string()))?;
    let fits = |batch: &RecordBatch| batch.schema().fields() == schema().fields();
    if !rows.iter().all(fits) {
        return Err(failed("it is no error table".to_owned()));
    }
    Ok(rows)
}

impl ErrorTable {
    /// A table without rows, of which there is nothing on disk.
    pub fn new(target: &Path) -> Self {
        Self {
            target: target.to_path_buf(),
            writer: None,
            summary: ErrorSummary::default(),
        }
    }

    /// Where the table will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Adds a granule that is left out at this stage.
    ///
    /// # Errors
    /// A write fails.
    pub fn granule(&mut self, granule: &str, stage: &'static str, reason: &str) -> Result<()> {
        let row = ErrorRow {
            row_id: None,
            granule: granule.to_owned(),
            ground_track: None,
            stage,
            error_code: "granule_failed",
            column: None,
            detail: reason.to_owned(),
        };
        self.count(row.error_code, 1);
        self.write(&record_batch(&[row]))
    }

    /// Adds the rows that were out of range in a granule that was read whole.
    ///
    /// # Errors
    /// A write fails.
    pub fn rows(&mut self, spool: RowSpool) -> Result<()> {
        self.count("out_of_range", spool.count());
        spool.drain(|batch| self.write(batch))
    }

    /// Adds rows of other error tables.
    ///
    /// # Errors
    /// A write fails.
    pub fn batch(&mut self, rows: &RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let codes = rows.column_by_name("error_code");
        for code in codes.iter().flat_map(|codes| codes.as_string::<i32>()) {
            self.count(code.unwrap_or_default(), 1);
        }
        self.write(rows)
    }

    fn count(&mut self, code: &str, rows: u64) {
        if rows > 0 {
            *self.summary.by_code.entry(code.to_owned()).or_default() += rows;
            self.summary.count += rows;
        }
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.writer.is_none() {
            let (place, file) = FilePlace::create(&self.target, ERROR_TABLE)?;
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_max_row_group_row_count(Some(GROUP_ROWS))
                .build();
            let writer = ArrowWriter::try_new(file, schema(), Some(properties));
            let writer = writer.map_err(|e| write_failed(&self.target, &e))?;
            self.writer = Some((place, writer));
        }
        match &mut self.writer {
            Some((place, writer)) => {
                let written = writer.write(batch);
                written.map_err(|e| write_failed(place.target(), &e))
            }
            None => Ok(()),
        }
    }

    /// Writes what is left, with the content hash of the store where there is one, and makes it
    /// durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, content: Option<&str>) -> Result<WholeErrors> {
        let place = match self.writer {
            None => None,
            Some((place, mut writer)) => {
                if let Some(content) = content {
                    let pair = KeyValue::new(CONTENT.to_owned(), content.to_owned());
                    writer.append_key_value_metadata(pair);
                }
                let failed = |e: &dyn std::fmt::Display| write_failed(place.target(), &e);
                let file = writer.into_inner().map_err(|e| failed(&e))?;
                file.sync_all().map_err(|e| failed(&e))?;
                Some(place)
            }
        };
        Ok(WholeErrors {
            target: self.target,
            place,
            summary: self.summary,
        })
    }
}

impl WholeErrors {
    /// Puts the table at its target; where nothing was left out there is none.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish(mut self) -> Result<ErrorSummary> {
        if let Some(place) = self.place {
            self.summary.table = Some(self.target);
            place.publish()?;
        }
        Ok(self.summary)
    }

    /// Puts the table where its own SHA-256 says.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish_by_content(self, name: impl Fn(&str) -> PathBuf) -> Result<ErrorSummary> {
        let mut summary = self.summary;
        if let Some(place) = self.place {
            let target = place.publish_by_content(name)?;
            summary.table = Some(target);
        }
        Ok(summary)
    }

    /// The table, that waits for its name; where nothing was left out, that of an earlier run goes.
    pub fn into_step(mut self) -> (Step, ErrorSummary) {
        let step = match self.place {
            Some(place) => {
                self.summary.table = Some(self.target);
                Step::File(place)
            }
            None => Step::Remove(self.target),
        };
        (step, self.summary)
    }
}
