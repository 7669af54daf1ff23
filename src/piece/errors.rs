//! What tolerant runs leave out, kept among the pieces until the store's error table is made.
//!
//! Beside the line. A table is named by its granule and its own hash, so that a changed one is noticed and
//! two runs never write over each other. A granule's rows are durable before any piece that it added to is
//! done. A granule that several runs read leaves the same rows several times, or parts of them; the table
//! has each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
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
use crate::place::sync_folder;

/// The folder of error tables below the pieces.
const ERRORS: &str = "errors";
/// Bytes that pages of such tables take while they are decoded, at most: they have pages of some 1 MiB.
const PAGES: u64 = 64 << 20;

/// Error tables of granules in one folder.
#[derive(Debug, Clone)]
pub struct KeptErrors {
    folder: PathBuf,
}

impl Pieces {
    /// What was left out of the pieces' granules.
    pub fn errors(&self) -> KeptErrors {
        KeptErrors::in_folder(self.folder.join(ERRORS))
    }
}

impl KeptErrors {
    /// Those in a folder, which is made for the first of them.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Leaves the tables of some granules in another folder, which is made for the first of them.
    ///
    /// # Errors
    /// A table that cannot be copied.
    pub fn leave_in(&self, other: &Self, of: impl Fn(&str) -> bool) -> Result<()> {
        let of: Vec<PathBuf> = (self.paths()?.into_iter())
            .filter(|path| named(&folders::name(path)).is_some_and(|granule| of(&granule)))
            .collect();
        if of.is_empty() {
            return Ok(());
        }
        let folder = &other.folder;
        fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        for path in of {
            let to = folder.join(folders::name(&path));
            match fs::hard_link(&path, &to) {
                // Named by what is in it: the same table.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(_) => fs::copy(&path, &to)
                    .and_then(|_| fs::File::options().write(true).open(&to)?.sync_all())
                    .map_err(|e| Error::io("write", &to, e))?,
                Ok(()) => {}
            }
        }
        sync_folder(folder).map_err(|e| Error::io("sync", folder, e))
    }

    /// Takes all tables away.
    ///
    /// # Errors
    /// The operating system's.
    pub fn clear(&self) -> Result<()> {
        match folders::remove(&self.folder) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", &self.folder, e)),
            _ => Ok(()),
        }
    }

    /// Where rows of a granule may wait while it is read.
    pub fn of_granule(&self, granule: &str) -> PathBuf {
        let name = format!("{}.parquet", file_name(granule));
        self.folder.join(name)
    }

    /// Keeps the rows that were left out of a granule that was read whole.
    ///
    /// # Errors
    /// A write fails.
    pub fn keep_rows(&self, granule: &str, spool: RowSpool) -> Result<ErrorSummary> {
        if spool.count() == 0 {
            return Ok(ErrorSummary::default());
        }
        let mut table = ErrorTable::new(&self.of_granule(granule));
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
        let mut table = ErrorTable::new(&self.of_granule(granule));
        table.granule(granule, stage, reason)?;
        self.keep(granule, table)
    }

    /// Adds all that was kept to the store's error table, granule after granule: in this order, and others by name.
    ///
    /// # Errors
    /// A table that cannot be read, or written.
    pub fn gather<'n>(
        &self,
        into: &mut ErrorTable,
        order: impl IntoIterator<Item = &'n str>,
    ) -> Result<()> {
        let folder = &self.folder;
        if !folder.is_dir() {
            return Ok(());
        }
        let io = |e| Error::io("list", folder, e);
        let mut of_granule: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for path in folders::list(folder).map_err(io)? {
            let name = folders::name(&path);
            if let Some(granule) = named(&name) {
                of_granule
                    .entry(file_name(&granule))
                    .or_default()
                    .push(path);
            }
        }
        let order = order.into_iter();
        let ordered: Vec<Vec<PathBuf>> = order
            .filter_map(|granule| of_granule.remove(&file_name(granule)))
            .collect();
        for mut paths in ordered.into_iter().chain(of_granule.into_values()) {
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
    pub fn forget(&self, granule: &str) -> Result<()> {
        for path in self.paths()? {
            if named(&folders::name(&path)).is_some_and(|of| of == granule) {
                fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
            }
        }
        Ok(())
    }

    /// All that is in the folder, where there is one.
    fn paths(&self) -> Result<Vec<PathBuf>> {
        match folders::list(&self.folder) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed.map_err(|e| Error::io("list", &self.folder, e)),
        }
    }

    fn keep(&self, granule: &str, table: ErrorTable) -> Result<ErrorSummary> {
        let name = |sha256: &str| {
            let name = format!("{}.{sha256}.parquet", file_name(granule));
            self.folder.join(name)
        };
        table.finish(None)?.publish_by_content(name)
    }

    /// A table is what its name says.
    fn check_table(&self, path: &Path) -> Result<()> {
        let (_, sha256) = of_file(path).map_err(|e| Error::io("read", path, e))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(&format!(".{sha256}.parquet")) {
            return Ok(());
        }
        let folder = self.folder.parent().unwrap_or(&self.folder);
        Err(Error::pieces(
            folder,
            format!("{ERRORS}/{name} was changed after it was written: it has SHA-256 {sha256}"),
        )
        .with_remedy(begin_anew()))
    }
}

/// A granule's name as part of a file's: it may have folders before it.
fn file_name(granule: &str) -> String {
    granule.replace('%', "%25").replace('/', "%2F")
}

/// The granule of a table by the name of its file; what a killed run was writing has a hidden name, and is none.
fn named(file: &str) -> Option<String> {
    let (granule, _) = file.strip_suffix(".parquet")?.rsplit_once('.')?;
    let shown = !file.starts_with('.');
    shown.then(|| granule.replace("%2F", "/").replace("%25", "%"))
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
