//! Indexes in a build without Parquet: none is written, and it is said why.

use std::convert::Infallible;
use std::path::Path;

use super::entry::Entry;
use crate::error::Result;
use crate::features::Feature;
use crate::place::FilePlace;

/// No index that grows.
#[derive(Debug)]
pub struct IndexWriter(Infallible);

impl IndexWriter {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn create(_target: &Path) -> Result<Self> {
        Err(Feature::Parquet.refused("write an index"))
    }

    pub fn append(&mut self, _entry: Entry, _kept: Option<Vec<u8>>) -> Result<()> {
        match self.0 {}
    }

    pub fn rows(&self) -> u64 {
        match self.0 {}
    }

    pub fn finish(self) -> Result<FilePlace> {
        match self.0 {}
    }
}
