//! What tolerant runs leave out, kept among the pieces until the store's error table is made.
//!
//! Beside the line. A table is named by its granule and its own hash, so that a changed one is noticed and
//! two runs never write over each other. A granule's rows are durable before any piece that it added to is
//! done. A granule that several runs read leaves the same rows several times, or parts of them; the table
//! has each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;

use super::{Pieces, begin_anew};
use crate::digest::of_file;
use crate::error::{Error, Result};
use crate::folders;
use crate::left_out::{ErrorSummary, ErrorTable, RowSpool, read_error_table};

/// The folder of error tables below the pieces.
const ERRORS: &str = "errors";
/// Bytes that pages of such tables take while they are decoded, at most: they have pages of some 1 MiB.
const PAGES: u64 = 64 << 20;

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
        let mut table = ErrorTable::new(&self.errors_of(granule));
        table.rows(spool)?;
        self.keep(granule, table)
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
        let mut table = ErrorTable::new(&self.errors_of(granule));
        table.granule(granule, stage, reason)?;
        self.keep(granule, table)
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
        for path in folders::list(&folder).map_err(io)? {
            let name = folders::name(&path);
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
                self.check_table(&path)?;
                read_error_table(&path, Some(PAGES), |batch| {
                    into.batch(&unseen(batch, &mut seen))
                })?;
            }
        }
        Ok(())
    }

    /// Forgets what was left out of a granule, which is read again as another file.
    ///
    /// # Errors
    /// The operating system's.
    pub fn forget_rows(&self, granule: &str) -> Result<()> {
        let folder = self.folder.join(ERRORS);
        let Ok(paths) = folders::list(&folder) else {
            return Ok(());
        };
        let granule = file_name(granule);
        for path in paths {
            let name = folders::name(&path);
            let of = name
                .strip_suffix(".parquet")
                .and_then(|n| n.rsplit_once('.'));
            if of.is_some_and(|(of, _)| of == granule) {
                fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
            }
        }
        Ok(())
    }

    fn keep(&self, granule: &str, table: ErrorTable) -> Result<ErrorSummary> {
        let folder = self.folder.join(ERRORS);
        let name = |sha256: &str| folder.join(format!("{}.{sha256}.parquet", file_name(granule)));
        table.finish(None)?.publish_by_content(name)
    }

    /// A table is what its name says.
    fn check_table(&self, path: &Path) -> Result<()> {
        let (_, sha256) = of_file(path).map_err(|e| Error::io("read", path, e))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(&format!(".{sha256}.parquet")) {
            return Ok(());
        }
        Err(Error::pieces(
            &self.folder,
            format!("{ERRORS}/{name} was changed after it was written: it has SHA-256 {sha256}"),
        )
        .with_remedy(begin_anew()))
    }
}

/// A granule's name as part of a file's: it may have folders before it.
fn file_name(granule: &str) -> String {
    granule.replace('%', "%25").replace('/', "%2F")
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
