//! Tables of a build without them: none opens, and it is said why.
//!
//! What a config asks of a table, and what a table's path says, needs none of them open and is here as well.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::photon::{ColumnType, Counts, PhotonBatch, SourceColumn};
use crate::place::{Artefact, Folder};
use crate::read::{Applied, Spent, WantedShards};

#[path = "table/drift.rs"]
mod drift;
#[path = "table/outside.rs"]
mod outside;

pub use drift::Drift;
pub use outside::{EXTENSIONS, columns_read, is_csv, looks_like_a_table, partitions};

/// Cells as a table, as files: no file is known as one.
pub const TABLE: Artefact = Artefact {
    noun: "table",
    needs_flag: true,
    folder: Folder::Made,
    wrote: |_| false,
};

/// No table.
#[derive(Debug)]
pub struct TableFile(Infallible);

/// No reader.
#[derive(Debug)]
pub struct TableReader(Infallible);

fn refused(name: impl Into<String>) -> Error {
    let message = format!("cannot be read as a table: {}", Feature::Parquet.lacking());
    Error::granule(name, message)
}

/// The content hash of the store that a table belongs to: it cannot be read.
pub fn content_of(_path: &Path) -> Option<String> {
    None
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn inspect(path: &Path) -> Result<Inspected> {
    Err(refused(path.display().to_string()))
}

/// What is inside of one that is open: none is.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected(Infallible);

impl serde::Serialize for Inspected {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {}
    }
}

impl std::fmt::Display for Inspected {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {}
    }
}

/// Columns of a table that is open: none is.
///
/// # Errors
/// None.
pub fn source_columns(table: &TableFile, _config: &Config) -> Result<Vec<SourceColumn>> {
    match table.0 {}
}

impl TableFile {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open(path: &Path) -> Result<Self> {
        Err(refused(path.display().to_string()))
    }

    /// Refuses, in the name of a granule.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open_as(_path: &Path, name: &str) -> Result<Self> {
        Err(refused(name))
    }

    /// None.
    ///
    /// # Errors
    /// None.
    pub fn typed(self, _config: &Config) -> Result<Self> {
        match self.0 {}
    }

    pub fn name(&self) -> &str {
        match self.0 {}
    }

    pub fn bytes(&self) -> u64 {
        match self.0 {}
    }

    pub fn rows(&self) -> Option<u64> {
        match self.0 {}
    }

    pub fn has(&self, _name: &str) -> bool {
        match self.0 {}
    }

    pub fn columns(&self) -> BTreeMap<String, String> {
        match self.0 {}
    }

    pub(crate) fn schema(&self) -> &Schema {
        match self.0 {}
    }

    pub(crate) fn visit_rows(
        &self,
        _columns: (SchemaRef, &[&str]),
        _memory: Option<u64>,
        _visit: impl FnMut(&RecordBatch) -> Result<()>,
    ) -> Result<bool> {
        match self.0 {}
    }

    pub(crate) fn texts(
        &self,
        _columns: (&Schema, &[&str]),
        _memory: Option<u64>,
        _visit: impl FnMut(usize, &str),
    ) -> Result<bool> {
        match self.0 {}
    }
}

impl TableReader {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open(
        path: &Path,
        _config: &Config,
        _types: &[ColumnType],
        _batch_rows: usize,
        _wanted: Option<WantedShards>,
    ) -> Result<Self> {
        Err(refused(path.display().to_string()))
    }

    /// Reads a table that is open: none is.
    ///
    /// # Errors
    /// None.
    pub fn new(
        table: TableFile,
        _config: &Config,
        _types: &[ColumnType],
        _batch_rows: usize,
        _wanted: Option<WantedShards>,
    ) -> Result<Self> {
        match table.0 {}
    }

    pub fn next_batch(&mut self) -> Result<Option<PhotonBatch>> {
        match self.0 {}
    }

    pub fn table(&self) -> &TableFile {
        match self.0 {}
    }

    pub fn counts(&self) -> &Counts {
        match self.0 {}
    }

    pub fn applied(&self) -> Vec<Applied> {
        match self.0 {}
    }

    pub fn warnings(&self) -> &[String] {
        match self.0 {}
    }

    pub fn decoding_bytes(&self) -> u64 {
        match self.0 {}
    }

    pub fn spent(&self) -> Spent {
        match self.0 {}
    }

    pub fn progress(&self) -> (u64, u64) {
        match self.0 {}
    }
}
