//! Finished cells as the rows of one file, where no store is wanted: a table, or comma-separated values.
//!
//! Last on the line, in place of a store: `CellTable --write--> rows`. Columns and values are those of a table beside a
//! store, and the content hash is that of the store that the same run would write.

use std::path::Path;

use super::content::ContentHash;
use super::csv::{CSV, CsvWriter};
use super::geometry::Geometry;
use super::sink::Sink;
use super::table::{TableWriter, WholeTable};
use super::table_format::TableFormat;
use super::zarr::RowsHash;
use crate::error::{Error, Result, Setting, phrase};
use crate::features::Feature;
use crate::finalize::{CellTable, StoreSchema};
use crate::grid::Order;
use crate::place::{Artefact, FilePlace};
use crate::read::table::TABLE;

/// What rows are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsFormat {
    /// Parquet or Arrow IPC.
    Table,
    Csv,
}

impl RowsFormat {
    /// The format that a file name asks for.
    ///
    /// # Errors
    /// An extension of none; a build that writes no tables.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default();
        let format = if TableFormat::named(path).is_some() {
            Self::Table
        } else if extension.eq_ignore_ascii_case("csv") {
            Self::Csv
        } else {
            return Err(Error::argument(phrase![
                Setting::To.to(path.display()),
                ": the extension tells the format; use .zarr, .parquet, .csv, or .arrow for Arrow IPC"
            ]));
        };
        Feature::Parquet.needed_for(&format!("write table {}", path.display()))?;
        Ok(format)
    }

    /// What a file of it is.
    pub fn artefact(self) -> Artefact {
        match self {
            Self::Table => TABLE,
            Self::Csv => CSV,
        }
    }
}

/// Writes rows, and hashes them.
#[derive(Debug)]
pub struct RowsSink {
    order: Order,
    writer: Writer,
    hash: RowsHash,
}

#[derive(Debug)]
enum Writer {
    Table(TableWriter),
    Csv(CsvWriter),
}

/// Rows that are whole, and wait for their name.
#[derive(Debug)]
pub struct WholeRows {
    place: FilePlace,
    pub hashes: Vec<ContentHash>,
    /// Of all of them.
    pub content: String,
    pub cells: u64,
}

impl RowsSink {
    /// Begins a file that gets its name when it is whole.
    ///
    /// # Errors
    /// An output that has several values for a cell; an extension of no format; nothing can be written beside the target.
    pub fn create(target: &Path, schema: &StoreSchema) -> Result<Self> {
        let hash = RowsHash::new(schema).map_err(|what| {
            Error::argument(format!("{}: {what}", target.display())).with_remedy("write a store")
        })?;
        let writer = match RowsFormat::of(target)? {
            RowsFormat::Table => {
                Writer::Table(TableWriter::create(target, schema, Geometry::None)?)
            }
            RowsFormat::Csv => Writer::Csv(CsvWriter::create(target, schema)?),
        };
        Ok(Self {
            order: schema.grid.cell_order,
            writer,
            hash,
        })
    }

    /// Makes the file whole.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self) -> Result<WholeRows> {
        let cells = self.hash.cells();
        let (hashes, content) = self.hash.finish();
        let place = match self.writer {
            Writer::Table(table) => table.finish(&content).map(WholeTable::into_place)?,
            Writer::Csv(lines) => lines.finish()?,
        };
        Ok(WholeRows {
            place,
            hashes,
            content,
            cells,
        })
    }
}

impl Sink for RowsSink {
    /// Rows have the cells of the cell order, and none of overviews.
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order != self.order {
            return Ok(());
        }
        self.hash.add(table)?;
        match &mut self.writer {
            Writer::Table(writer) => writer.append(table),
            Writer::Csv(writer) => writer.append(table),
        }
    }
}

impl WholeRows {
    /// Puts the file at its target.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish(self) -> Result<()> {
        self.place.publish()
    }
}
