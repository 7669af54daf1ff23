//! Indexes in a build without Parquet: none opens, and it is said why.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::known::Known;
use crate::error::{Error, Phrase, Result};
use crate::features::Feature;

/// No index.
#[derive(Debug)]
pub struct Index(Infallible);

/// A row with what is kept of the granule.
pub(super) type Row = (Entry, Option<Vec<u8>>);

/// Whether a file is an index, which nothing here can tell.
pub fn looks_like_an_index(_path: &Path) -> bool {
    false
}

impl Index {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open(_path: &Path) -> Result<Self> {
        Err(Feature::Parquet.refused("read an index"))
    }

    pub fn path(&self) -> &Path {
        match self.0 {}
    }

    pub fn len(&self) -> usize {
        match self.0 {}
    }

    pub fn is_empty(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn known(&self) -> &Known {
        match self.0 {}
    }

    pub fn granules(&self) -> Vec<PathBuf> {
        match self.0 {}
    }

    pub(super) fn error(&self, _what: impl Into<Phrase>) -> Error {
        match self.0 {}
    }

    pub fn each(&self, _take: impl FnMut(u64, Entry) -> Result<()>) -> Result<()> {
        match self.0 {}
    }

    pub(super) fn rows_at(&self, _rows: &[u64]) -> Result<Vec<Row>> {
        match self.0 {}
    }

    pub(super) fn inflated(&self, _row: u64) -> Result<Vec<u8>> {
        match self.0 {}
    }
}
