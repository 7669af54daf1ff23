//! What tolerant runs leave out, kept among the pieces until the store's error table is made.
//!
//! Beside the line. A granule's rows are durable before any piece that it added to is done. A granule
//! that several runs read leaves the same rows several times, or parts of them; the table has each
//! once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;

use super::Pieces;
use crate::error::{Error, Result};
use crate::table::{ErrorSummary, ErrorTable, RowSpool, read_error_table};

/// The folder of error tables below the pieces.
const ERRORS: &str = "errors";

impl Pieces {
    /// Where rows of a granule may wait while it is read.
    pub fn errors_of(&self, granule: &str) -> PathBuf {
        let name = format!("{}.parquet", file_name(granule));
        self.folder.join(ERRORS).join(name)
    }

    /// Keeps the rows that were left out of a granule that was read whole.
    ///
    /// # Errors
    /// A write fails.
    pub fn keep_rows(&self, granule: &str, spool: RowSpool) -> Result<ErrorSummary> {
        if spool.count() == 0 {
            return Ok(ErrorSummary::default());
        }
        let mut table = ErrorTable::new(&self.free(granule)?);
        table.rows(spool)?;
        table.finish()?.publish()
    }

    /// Keeps that a granule was left out at this stage.
    ///
    /// # Errors
    /// A write fails.
    pub fn keep_granule(
        &self,
        granule: &str,
        stage: &'static str,
        reason: &str,
    ) -> Result<ErrorSummary> {
        let mut table = ErrorTable::new(&self.free(granule)?);
        table.granule(granule, stage, reason)?;
        table.finish()?.publish()
    }

    /// Adds all that was kept to the store's error table, granule after granule.
    ///
    /// # Errors
    /// A table that cannot be read, or written.
    pub fn gather_errors(&self, into: &mut ErrorTable) -> Result<()> {
        let folder = self.folder.join(ERRORS);
        if !folder.is_dir() {
            return Ok(());
        }
        let io = |e| Error::io("list", &folder, e);
        let mut of_granule: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // What a killed run was writing has a hidden name.
            if let Some((granule, _)) = name
                .strip_suffix(".parquet")
                .and_then(|n| n.rsplit_once('.'))
                && !name.starts_with('.')
            {
                of_granule.entry(granule.to_owned()).or_default().push(path);
            }
        }
        for mut paths in of_granule.into_values() {
            paths.sort();
            let mut seen = BTreeSet::new();
            for path in paths {
                for batch in read_error_table(&path)? {
                    into.batch(&unseen(&batch, &mut seen))?;
                }
            }
        }
        Ok(())
    }

    /// A name that no run has used: of two runs that read one granule, neither writes over the other.
    fn free(&self, granule: &str) -> Result<PathBuf> {
        let folder = self.folder.join(ERRORS);
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let (granule, run) = (file_name(granule), std::process::id());
        let mut free = (0..).map(|n| folder.join(format!("{granule}.{run}-{n}.parquet")));
        Ok(free
            .find(|path| !path.exists())
            .unwrap_or_else(|| unreachable!("some number is free")))
    }
}

/// A granule's name as a file's: it may have folders before it.
fn file_name(granule: &str) -> String {
    granule.replace('/', "%2F")
}

/// The rows that are not in `seen` yet.
fn unseen(batch: &RecordBatch, seen: &mut BTreeSet<Vec<Option<String>>>) -> RecordBatch {
    let text = |name: &str, row: usize| -> Option<String> {
        let column = batch.column_by_name(name)?;
        if column.is_null(row) {
            return None;
        }
        let texts = column
            .as_string_opt::<i32>()
            .map(|texts| texts.value(row).to_owned());
        let numbers = column.as_primitive_opt::<UInt64Type>();
        texts.or_else(|| numbers.map(|numbers| numbers.value(row).to_string()))
    };
    let keys = ["row_id", "ground_track", "stage", "error_code", "column"];
    let new: BooleanArray = (0..batch.num_rows())
        .map(|row| Some(seen.insert(keys.iter().map(|key| text(key, row)).collect())))
        .collect();
    filter_record_batch(batch, &new)
        .unwrap_or_else(|e| unreachable!("there is a flag for every row: {e}"))
}
