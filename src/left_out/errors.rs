//! The error table: every row and granule that a tolerant run leaves out, as Parquet beside the store.
//!
//! Beside the line. Rows are written as granules end; where nothing was left out, there is no table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use super::inspect::{is_one, looks_like_an_error_table};
use super::rows_file::RowsFile;
use super::spool::{ErrorRow, RowSpool, record_batch, schema};
use crate::error::{Error, Result};
use crate::place::{Artefact, FilePlace, Folder, Step, beside};
use crate::read::table::TableFile;

/// Error tables as files.
pub const ERROR_TABLE: Artefact = Artefact {
    noun: "error table",
    needs_flag: true,
    folder: Folder::Made,
    wrote: looks_like_an_error_table,
};

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
    file: Option<RowsFile>,
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

/// Visits the rows of an error table, piece by piece. `memory` is what its pages may take while they are
/// decoded, as much as they need where there is no end.
///
/// # Errors
/// A file that cannot be read, is no error table, or does not fit the memory; those of `visit`.
pub fn read_error_table(
    path: &Path,
    memory: Option<u64>,
    visit: impl FnMut(&RecordBatch) -> Result<()>,
) -> Result<()> {
    let table = TableFile::open(path)?;
    let schema = schema();
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let columns = (Arc::clone(&schema), names.as_slice());
    if is_one(&table) && table.visit_rows(columns, memory, visit)? {
        return Ok(());
    }
    let why = std::io::Error::other("it is no error table");
    Err(Error::io("read", path, why))
}

impl ErrorTable {
    /// A table without rows, of which there is nothing on disk.
    pub fn new(target: &Path) -> Self {
        Self {
            target: target.to_path_buf(),
            file: None,
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
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(RowsFile::create(&self.target)?),
        };
        file.write(batch)
    }

    /// Writes what is left, with the content hash of the store where there is one, and makes it
    /// durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, content: Option<&str>) -> Result<WholeErrors> {
        let place = self.file.map(|file| file.finish(content)).transpose()?;
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
