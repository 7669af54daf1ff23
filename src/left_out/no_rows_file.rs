//! The file of an error table, of a build without Parquet: it cannot be made or read, and it is said why.

use std::convert::Infallible;
use std::path::Path;

use arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};
use crate::features::Feature;
use crate::place::FilePlace;

/// No file.
#[derive(Debug)]
pub(super) struct RowsFile(Infallible);

fn refused(action: &'static str, path: &Path) -> Error {
    let why = std::io::Error::other(Feature::Parquet.lacking());
    Error::io(action, path, why)
}

impl RowsFile {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn create(target: &Path) -> Result<Self> {
        Err(refused("write", target))
    }

    pub fn write(&mut self, _rows: &RecordBatch) -> Result<()> {
        match self.0 {}
    }

    pub fn finish(self, _content: Option<&str>) -> Result<FilePlace> {
        match self.0 {}
    }
}
