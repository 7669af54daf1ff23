//! Tables of cells of a build without them: none is written, and it is said why.

use std::convert::Infallible;
use std::path::Path;

use super::geometry::Geometry;
use super::sink::Sink;
use super::table_format::TableFormat;
use crate::error::Result;
use crate::features::Feature;
use crate::finalize::{CellTable, StoreSchema};
use crate::grid::Order;
use crate::place::FilePlace;

/// No writer.
#[derive(Debug)]
pub struct TableWriter(Infallible);

/// No table.
#[derive(Debug)]
pub struct WholeTable(Infallible);

impl TableWriter {
    /// Refuses.
    ///
    /// # Errors
    /// An extension of no format; else that the feature was left out.
    pub fn create(target: &Path, _schema: &StoreSchema, _geometry: Geometry) -> Result<Self> {
        TableFormat::of(target)?;
        let what = format!("write table {}", target.display());
        Err(Feature::Parquet.refused(&what))
    }

    pub fn append(&mut self, _table: &CellTable) -> Result<()> {
        match self.0 {}
    }

    pub fn finish(self, _content: &str) -> Result<WholeTable> {
        match self.0 {}
    }
}

impl Sink for TableWriter {
    fn append(&mut self, _order: Order, _table: &CellTable) -> Result<()> {
        match self.0 {}
    }
}

impl WholeTable {
    pub fn publish(self) -> Result<()> {
        match self.0 {}
    }

    pub fn into_place(self) -> FilePlace {
        match self.0 {}
    }
}
