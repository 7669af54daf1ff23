//! One order of a store: its arrays, grid mapping and attributes, written from tables of cells.
//!
//! Below `write.rs`, which has one of these for the cell order and one for each overview.

use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::UInt64Type;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::array::{ArrayWriter, WriteFailure, create_folder, write_document};
use super::fullsphere::FullSphereWriter;
use super::metadata::{self, ArrayLayout, CELL_IDS, CRS};
use super::place::{Place, sync_folders};
use super::value::{list_values, little_endian_bytes};
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema};
use crate::store::content::ContentHash;

/// The cells that the arrays of a group are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Occupied cells, with their ids beside them.
    Occupied,
    /// All cells of the order, the id of each its index.
    Sphere,
}

/// One array on its way, by extent.
#[derive(Debug)]
enum OneArray {
    Cells(ArrayWriter),
    FullSphere(FullSphereWriter),
    /// Ids where they are indices: part of the content, and stored nowhere.
    Implied(ArrayLayout, Sha256),
}

/// Writes the group of one order from tables in ascending order of cells.
#[derive(Debug)]
pub struct GroupWriter {
    folder: PathBuf,
    schema: StoreSchema,
    extent: Extent,
    /// `cell_ids`, then the outputs; empty before the first table.
    arrays: Vec<OneArray>,
    written: u64,
    last: Option<u64>,
}

impl GroupWriter {
    /// A group in the folder of a store.
    pub fn new(store: &Path, schema: StoreSchema, extent: Extent) -> Self {
        Self {
            folder: store.join(schema.grid.cell_order.to_string()),
            schema,
            extent,
            arrays: Vec::new(),
            written: 0,
            last: None,
        }
    }

    pub fn schema(&self) -> &StoreSchema {
        &self.schema
    }

    /// Cells so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    #[cfg(test)]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends cells; their ids continue ascending.
    pub fn append(&mut self, table: &CellTable, place: &Place) -> Result<()> {
        let refuse = |message| Error::store(place.target(), message);
        let columns = self.columns(table).map_err(refuse)?;
        self.check_ids(&columns[0]).map_err(refuse)?;
        if self.arrays.is_empty() {
            self.arrays = self.layouts().map_err(refuse)?;
        }
        let ids = columns[0].as_primitive::<UInt64Type>().values();
        self.arrays
            .par_iter_mut()
            .zip(&columns)
            .try_for_each(|(array, column)| {
                let bytes = little_endian_bytes(column, array.layout()).map_err(refuse)?;
                array
                    .push(ids, &bytes)
                    .map_err(|failure| place.failed(&failure))
            })?;
        self.written += table.rows.num_rows() as u64;
        Ok(())
    }

    /// Writes what is pending, then grid mapping and attributes.
    pub fn finish(mut self, place: &Place) -> Result<Vec<ContentHash>> {
        if self.arrays.is_empty() {
            self.arrays = self
                .layouts()
                .map_err(|message| Error::store(place.target(), message))?;
        }
        self.write_all().map_err(|failure| place.failed(&failure))
    }

    fn write_all(self) -> Result<Vec<ContentHash>, WriteFailure> {
        let hashes = self
            .arrays
            .into_par_iter()
            .map(OneArray::finish)
            .collect::<Result<Vec<_>, _>>()?;
        let crs = self.folder.join(CRS);
        create_folder(&crs)?;
        write_document(&crs, &metadata::crs(self.schema.grid))?;
        write_document(&self.folder, &metadata::group(&self.schema, self.extent))?;
        sync_folders(&self.folder)?;
        Ok(hashes)
    }

    fn layouts(&self) -> Result<Vec<OneArray>, String> {
        let mut layouts = vec![Ok(ArrayLayout::cell_ids(self.schema.grid))];
        layouts.extend(self.schema.arrays.iter().map(ArrayLayout::output));
        layouts
            .into_iter()
            .map(|layout| {
                let layout = layout?;
                let folder = self.folder.join(&layout.name);
                Ok(match self.extent {
                    Extent::Occupied => OneArray::Cells(ArrayWriter::new(layout, folder)),
                    Extent::Sphere if layout.name == CELL_IDS => {
                        OneArray::Implied(layout, Sha256::new())
                    }
                    Extent::Sphere => {
                        let grid = self.schema.grid;
                        OneArray::FullSphere(FullSphereWriter::new(layout, folder, grid)?)
                    }
                })
            })
            .collect()
    }

    /// The table's columns, checked against the schema: names, no nulls.
    fn columns(&self, table: &CellTable) -> Result<Vec<ArrayRef>, String> {
        let rows = &table.rows;
        let names = self.schema.arrays.iter().map(|output| &*output.name);
        let expected: Vec<&str> = std::iter::once(CELL_IDS).chain(names).collect();
        let schema = rows.schema();
        let found: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        if found != expected {
            return Err(format!(
                "the table has columns {found:?}, the schema {expected:?}"
            ));
        }
        for (name, column) in expected.iter().zip(rows.columns()) {
            let nulls = column.null_count() + list_values(column).map_or(0, Array::null_count);
            if nulls > 0 {
                return Err(format!("column {name} has {nulls} nulls; fill them first"));
            }
        }
        Ok(rows.columns().to_vec())
    }

    /// Ids ascend, within and across tables, and are cells of the order.
    fn check_ids(&mut self, column: &ArrayRef) -> Result<(), String> {
        let Some(ids) = column.as_primitive_opt::<UInt64Type>() else {
            return Err(format!("{CELL_IDS} is {}, not UInt64", column.data_type()));
        };
        let (order, cells) = (self.schema.grid.cell_order, self.schema.grid.cells());
        for &id in ids.values() {
            if let Some(last) = self.last.filter(|&last| last >= id) {
                return Err(format!(
                    "cell {id} comes after cell {last}; ids must ascend"
                ));
            }
            if id >= cells {
                return Err(format!("order {order} has no cell {id}, only {cells}"));
            }
            self.last = Some(id);
        }
        Ok(())
    }
}

impl Extent {
    /// Both that there are.
    pub const ALL: [Self; 2] = [Self::Occupied, Self::Sphere];

    /// The name of the layout, as in a group's attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Occupied => "cells",
            Self::Sphere => "fullsphere",
        }
    }
}

impl OneArray {
    fn layout(&self) -> &ArrayLayout {
        match self {
            Self::Cells(array) => array.layout(),
            Self::FullSphere(array) => array.layout(),
            Self::Implied(layout, _) => layout,
        }
    }

    fn push(&mut self, ids: &[u64], bytes: &[u8]) -> Result<(), WriteFailure> {
        match self {
            Self::Cells(array) => array.push(bytes),
            Self::FullSphere(array) => array.push(ids, bytes),
            Self::Implied(_, hash) => {
                hash.update(bytes);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<ContentHash, WriteFailure> {
        match self {
            Self::Cells(array) => array.finish(),
            Self::FullSphere(array) => array.finish(),
            Self::Implied(layout, hash) => Ok(ContentHash {
                array: layout.name,
                dtype: Dtype::U64,
                sha256: hex(&hash.finalize()),
            }),
        }
    }
}
