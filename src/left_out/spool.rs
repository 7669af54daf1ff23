//! Rows that were left out of one granule, held until it is known whether the granule counts.
//!
//! Beside the line: `src/pipeline/accept.rs` fills a spool, `errors.rs` empties it when the granule has been
//! read whole; a granule that fails takes its spool with it. The first rows wait in memory, the others in a
//! hidden file beside the store.

use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;

use crate::error::Result;
use crate::place::write_failed;
use crate::place::{begin, end, hidden};

/// Rows that wait in memory: some two megabytes.
pub(super) const ROWS_IN_MEMORY: usize = 4096;

/// One row of the error table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// Row in the ground track or table, from 0; `None` where a whole granule is left out.
    pub row_id: Option<u64>,
    pub granule: String,
    pub ground_track: Option<String>,
    /// `survey`, before the first photon is read; `read`; `fold`.
    pub stage: &'static str,
    /// `out_of_range`, `granule_failed`.
    pub error_code: &'static str,
    pub column: Option<String>,
    /// In words, with what would help.
    pub detail: String,
}

/// Rows of one granule.
#[derive(Debug, Default)]
pub struct RowSpool {
    rows: Vec<ErrorRow>,
    count: u64,
    spilled: Option<Spilled>,
}

/// Rows in a file; dropping it removes the file.
struct Spilled {
    path: PathBuf,
    writer: StreamWriter<BufWriter<File>>,
}

impl RowSpool {
    /// Adds a row; those that memory has no room for go to a file beside `target`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, row: ErrorRow, target: &Path) -> Result<()> {
        self.rows.push(row);
        self.count += 1;
        if self.rows.len() < ROWS_IN_MEMORY {
            return Ok(());
        }
        let batch = record_batch(&std::mem::take(&mut self.rows));
        if self.spilled.is_none() {
            self.spilled = Some(Spilled::create(target)?);
        }
        match &mut self.spilled {
            Some(spilled) => spilled
                .writer
                .write(&batch)
                .map_err(|e| write_failed(&spilled.path, &e)),
            None => Ok(()),
        }
    }

    /// How many rows were added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Hands every row on, in the order in which they were added.
    ///
    /// # Errors
    /// Those of `take`, and of the file.
    pub(super) fn drain(self, mut take: impl FnMut(&RecordBatch) -> Result<()>) -> Result<()> {
        if let Some(mut spilled) = self.spilled {
            let failed = |e: &dyn fmt::Display| write_failed(&spilled.path, &e.to_string());
            spilled.writer.finish().map_err(|e| failed(&e))?;
            spilled.writer.flush().map_err(|e| failed(&e))?;
            let file = File::open(&spilled.path).map_err(|e| failed(&e))?;
            let reader = StreamReader::try_new(BufReader::new(file), None);
            for batch in reader.map_err(|e| failed(&e))? {
                take(&batch.map_err(|e| failed(&e))?)?;
            }
        }
        if self.rows.is_empty() {
            return Ok(());
        }
        take(&record_batch(&self.rows))
    }
}

impl Spilled {
    fn create(target: &Path) -> Result<Self> {
        let path = hidden(target, "spool");
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|e| write_failed(&path, &e))?;
        }
        let file = File::create_new(&path).map_err(|e| write_failed(&path, &e))?;
        begin(&path);
        // Tells later runs that it is wanted.
        let _ = file.try_lock();
        let writer = StreamWriter::try_new(BufWriter::new(file), &schema());
        match writer {
            Ok(writer) => Ok(Self { path, writer }),
            Err(e) => {
                let _ = fs::remove_file(&path);
                end(&path);
                Err(write_failed(&path, &e))
            }
        }
    }
}

impl fmt::Debug for Spilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spilled")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Drop for Spilled {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        end(&self.path);
    }
}

/// The columns of an error table.
pub(super) fn schema() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        Field::new("row_id", DataType::UInt64, true),
        text("granule", false),
        text("ground_track", true),
        text("stage", false),
        text("error_code", false),
        text("column", true),
        text("detail", false),
    ]))
}

/// Rows as columns.
pub(super) fn record_batch(rows: &[ErrorRow]) -> RecordBatch {
    fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(values))
    }
    fn optional<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
        Arc::new(values.collect::<StringArray>())
    }
    let ids: UInt64Array = rows.iter().map(|row| row.row_id).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        texts(rows.iter().map(|row| row.granule.as_str())),
        optional(rows.iter().map(|row| row.ground_track.as_deref())),
        texts(rows.iter().map(|row| row.stage)),
        texts(rows.iter().map(|row| row.error_code)),
        optional(rows.iter().map(|row| row.column.as_deref())),
        texts(rows.iter().map(|row| row.detail.as_str())),
    ];
    RecordBatch::try_new(schema(), columns)
        .unwrap_or_else(|e| unreachable!("columns are made as the schema has them: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(row_id: u64) -> ErrorRow {
        ErrorRow {
            row_id: Some(row_id),
            granule: "a.h5".to_owned(),
            ground_track: None,
            stage: "fold",
            error_code: "out_of_range",
            column: Some("h".to_owned()),
            detail: format!("row {row_id}"),
        }
    }

    #[test]
    fn rows_beyond_memory_wait_in_a_file_that_goes_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.errors.parquet");
        let files = || fs::read_dir(folder.path()).unwrap().count();
        let count = 2 * ROWS_IN_MEMORY as u64 + 7;
        let mut spool = RowSpool::default();
        for id in 0..count {
            spool.push(row(id), &target).unwrap();
            assert!(spool.rows.len() < ROWS_IN_MEMORY);
        }
        assert_eq!((spool.count(), files()), (count, 1));
        let mut rows = 0;
        spool
            .drain(|batch| {
                let expected: Vec<ErrorRow> =
                    (rows..rows + batch.num_rows() as u64).map(row).collect();
                assert_eq!(batch, &record_batch(&expected));
                rows += batch.num_rows() as u64;
                Ok(())
            })
            .unwrap();
        assert_eq!((rows, files()), (count, 0));
    }
}
