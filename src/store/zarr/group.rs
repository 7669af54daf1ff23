//! One order of a store: its arrays, grid mapping and attributes, written from tables of cells.
//!
//! Below `write.rs`, which has one of these for the cell order and one for each overview.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::UInt64Type;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::array::{ArrayWriter, WriteFailure, create_folder, write_document};
use super::by_step::{Slot, StepsWriter};
pub use super::extent::Extent;
use super::fullsphere::FullSphereWriter;
use super::metadata::{self, ArrayLayout, CELL_IDS, CRS};
use super::place::Place;
use super::ragged::RaggedWriter;
use super::raster::RasterWriter;
use super::raster_documents::write_coordinates;
use super::raster_lists::RasterLists;
use super::times;
use super::value::{list_values, little_endian_bytes};
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, OutputArray, StoreSchema, StoreSteps, payloads};
use crate::store::content::ContentHash;

/// One array on its way, by extent.
#[derive(Debug)]
enum OneArray {
    Cells(ArrayWriter),
    FullSphere(FullSphereWriter),
    /// At steps of time.
    Steps(StepsWriter),
    /// Lists of values.
    Ragged(Box<RaggedWriter>),
    /// Over rows and columns.
    Raster(Box<RasterWriter>),
    RasterLists(Box<RasterLists>),
    /// Ids where they are indices: part of the content, and stored nowhere.
    Implied(ArrayLayout, Sha256),
}

/// Arrays as they are stored, and their hashes.
pub type Stored = Vec<(String, String)>;
/// What a group holds, and the same as it is stored, where that is known.
pub type Finished = (Vec<ContentHash>, Option<Stored>);

/// The rows of a table on their way into arrays.
struct Rows {
    /// Ids of cells that were not there before.
    new: ArrayRef,
    /// Where each row goes, where there are steps of time.
    slots: Vec<Slot>,
    /// The row of each new cell, where there are.
    first: UInt32Array,
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
    /// The last cell, and its last step.
    last: Option<(u64, u32)>,
    /// The last cell of the tables before the one at hand.
    before: Option<u64>,
}

impl GroupWriter {
    /// A group in this folder.
    pub fn new(folder: PathBuf, schema: StoreSchema, extent: Extent) -> Self {
        Self {
            folder,
            schema,
            extent,
            arrays: Vec::new(),
            written: 0,
            last: None,
            before: None,
        }
    }

    pub fn schema(&self) -> &StoreSchema {
        &self.schema
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Cells so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends cells; their ids continue ascending.
    pub fn append(&mut self, table: &CellTable, place: &Place) -> Result<()> {
        let refuse = |message| Error::store(place.target(), message);
        let columns = self.columns(table).map_err(refuse)?;
        self.check_ids(table).map_err(refuse)?;
        if self.arrays.is_empty() {
            self.arrays = self.layouts().map_err(refuse)?;
        }
        let rows = self.rows(table);
        let outputs = &columns[self.schema.leading()..];
        let outputs = self.arrays[1..].iter().zip(outputs).map(|(array, column)| {
            if self.schema.steps.is_none() || array.layout().at_steps {
                return Ok(Arc::clone(column));
            }
            take(column, &rows.first, None)
                .map_err(|error| refuse(format!("{}: {error}", array.layout().name)))
        });
        let outputs = outputs.collect::<Result<Vec<_>>>()?;
        self.arrays
            .par_iter_mut()
            .zip(
                std::iter::once(&rows.new)
                    .chain(&outputs)
                    .collect::<Vec<_>>(),
            )
            .try_for_each(|(array, column)| {
                let pushed = match array {
                    OneArray::Ragged(array) => array.push(&payloads(column).map_err(refuse)?),
                    OneArray::RasterLists(array) => {
                        let ids = rows.new.as_primitive::<UInt64Type>().values();
                        array.push(ids, &payloads(column).map_err(refuse)?)
                    }
                    array => {
                        let bytes = little_endian_bytes(column, array.layout()).map_err(refuse)?;
                        array.push(&rows, &bytes)
                    }
                };
                pushed.map_err(|failure| place.failed(&failure))
            })?;
        self.written += rows.new.len() as u64;
        Ok(())
    }

    /// Where the rows of a table that follows go.
    fn rows(&self, table: &CellTable) -> Rows {
        let ids = table.ids();
        let Some(steps) = &self.schema.steps else {
            return Rows {
                new: Arc::clone(table.rows.column(0)),
                slots: Vec::new(),
                first: UInt32Array::from(Vec::<u32>::new()),
            };
        };
        let (mut new, mut first) = (Vec::new(), Vec::new());
        // A cell may go on from the table before.
        let mut last = self.before;
        let mut slots = Vec::with_capacity(ids.len());
        let of_rows = table.steps().unwrap_or_default();
        for (row, (&id, &step)) in (0..).zip(ids.iter().zip(of_rows)) {
            if last != Some(id) {
                new.push(id);
                first.push(row);
                last = Some(id);
            }
            let number = (self.written + new.len() as u64).saturating_sub(1);
            slots.push(Slot {
                number,
                place: match self.extent {
                    Extent::Occupied => number,
                    Extent::Sphere | Extent::Leaves | Extent::Raster => id,
                },
                step: steps.place(step).unwrap_or_default(),
            });
        }
        Rows {
            new: Arc::new(UInt64Array::from(new)),
            slots,
            first: UInt32Array::from(first),
        }
    }

    /// Writes what is pending, then the grid mapping; the group's own document is `whole.rs`'s. Beside the hashes of what
    /// the group holds, those of its arrays as they are stored, where all values went through here.
    pub fn finish(mut self, place: &Place) -> Result<Finished> {
        if self.arrays.is_empty() {
            self.arrays = self
                .layouts()
                .map_err(|message| Error::store(place.target(), message))?;
        }
        self.write_all().map_err(|failure| place.failed(&failure))
    }

    fn write_all(self) -> Result<Finished, WriteFailure> {
        let cells = self.written;
        let finished = self
            .arrays
            .into_par_iter()
            .map(|array| array.finish(cells))
            .collect::<Result<Vec<_>, _>>()?;
        let mut stored = Some(vec![(CRS.to_owned(), hex(&Sha256::digest([0u8])))]);
        let mut hashes = Vec::new();
        for (hash, arrays) in finished {
            hashes.push(hash);
            match (&mut stored, arrays) {
                (Some(stored), Some(arrays)) => stored.extend(arrays),
                _ => stored = None,
            }
        }
        if let Some(steps) = &self.schema.steps {
            hashes.extend(times::write(&self.folder, steps)?);
        }
        if self.extent == Extent::Raster {
            write_coordinates(&self.folder, &self.schema.grid)?;
        }
        let crs = self.folder.join(CRS);
        create_folder(&crs)?;
        write_document(&crs, &metadata::crs(self.schema.grid))?;
        Ok((hashes, stored))
    }

    fn layouts(&self) -> Result<Vec<OneArray>, String> {
        let outputs = self.schema.arrays.iter().map(Some);
        std::iter::once(None)
            .chain(outputs)
            .map(|output: Option<&OutputArray>| {
                if let Some(output) = output.filter(|_| self.extent == Extent::Raster) {
                    return self.raster(output);
                }
                if let Some(output) = output.filter(|output| output.kind.is_ragged()) {
                    let writer = RaggedWriter::new(output, &self.folder)?;
                    return Ok(OneArray::Ragged(Box::new(writer)));
                }
                let ids = || Ok(ArrayLayout::cell_ids(self.schema.grid));
                let layout = output.map_or_else(ids, ArrayLayout::output)?;
                let folder = self.folder.join(&layout.name);
                let steps = self.schema.steps.as_ref();
                if let Some(steps) = steps.filter(|_| layout.at_steps) {
                    return Ok(OneArray::Steps(match self.extent {
                        Extent::Occupied => StepsWriter::of_cells(layout, folder, steps),
                        Extent::Sphere | Extent::Leaves | Extent::Raster => {
                            StepsWriter::of_sphere(layout, folder, self.schema.grid, steps)?
                        }
                    }));
                }
                Ok(match self.extent {
                    Extent::Occupied => OneArray::Cells(ArrayWriter::new(layout, folder)),
                    Extent::Sphere | Extent::Leaves | Extent::Raster if layout.name == CELL_IDS => {
                        OneArray::Implied(layout, Sha256::new())
                    }
                    Extent::Sphere | Extent::Leaves | Extent::Raster => {
                        let grid = self.schema.grid;
                        OneArray::FullSphere(FullSphereWriter::new(layout, folder, grid)?)
                    }
                })
            })
            .collect()
    }

    /// An output over rows and columns.
    fn raster(&self, output: &OutputArray) -> Result<OneArray, String> {
        let grid = &self.schema.grid;
        if output.kind.is_ragged() {
            let writer = RasterLists::new(output, &self.folder, grid)?;
            return Ok(OneArray::RasterLists(Box::new(writer)));
        }
        let layout = ArrayLayout::output(output)?;
        let folder = self.folder.join(&layout.name);
        let writer = RasterWriter::new(layout, folder, grid, self.schema.steps.as_ref())?;
        Ok(OneArray::Raster(Box::new(writer)))
    }

    /// The table's columns, checked against the schema: names, no nulls.
    fn columns(&self, table: &CellTable) -> Result<Vec<ArrayRef>, String> {
        let rows = &table.rows;
        let names = self.schema.arrays.iter().map(|output| &*output.name);
        let step = self.schema.steps.as_ref().map(StoreSteps::name);
        let leading = std::iter::once(CELL_IDS).chain(step);
        let expected: Vec<&str> = leading.chain(names).collect();
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
    fn check_ids(&mut self, table: &CellTable) -> Result<(), String> {
        let column = table.rows.column(0);
        let Some(ids) = column.as_primitive_opt::<UInt64Type>() else {
            return Err(format!("{CELL_IDS} is {}, not UInt64", column.data_type()));
        };
        let (order, cells) = (self.schema.grid.cell_order, self.schema.grid.cells());
        let of_store = self.schema.steps.as_ref();
        let steps = table.steps().filter(|_| of_store.is_some());
        self.before = self.last.map(|(id, _)| id);
        for (row, &id) in ids.values().iter().enumerate() {
            let step = steps.map_or(0, |steps| steps[row]);
            if let Some((last, _)) = self.last.filter(|&last| last >= (id, step)) {
                return Err(format!(
                    "cell {id} comes after cell {last}; ids must ascend"
                ));
            }
            if id >= cells {
                return Err(format!("order {order} has no cell {id}, only {cells}"));
            }
            if let Some(of_store) =
                of_store.filter(|of| of.place(step).is_none() && !(of.is_empty() && step == 0))
            {
                return Err(format!(
                    "step {step} of cell {id} is none of the store's {}",
                    of_store.len()
                ));
            }
            self.last = Some((id, step));
        }
        Ok(())
    }
}

impl OneArray {
    fn layout(&self) -> &ArrayLayout {
        match self {
            Self::Cells(array) => array.layout(),
            Self::FullSphere(array) => array.layout(),
            Self::Steps(array) => array.layout(),
            Self::Ragged(array) => array.layout(),
            Self::Raster(array) => array.layout(),
            Self::RasterLists(array) => array.layout(),
            Self::Implied(layout, _) => layout,
        }
    }

    fn push(&mut self, rows: &Rows, bytes: &[u8]) -> Result<(), WriteFailure> {
        match self {
            Self::Cells(array) => array.push(bytes),
            Self::FullSphere(array) => {
                array.push(rows.new.as_primitive::<UInt64Type>().values(), bytes)
            }
            Self::Steps(array) => array.push(&rows.slots, bytes),
            Self::Raster(array) if array.layout().has_steps() => {
                array.push_slots(&rows.slots, bytes)
            }
            Self::Raster(array) => {
                array.push(rows.new.as_primitive::<UInt64Type>().values(), bytes)
            }
            Self::Ragged(_) | Self::RasterLists(_) => Ok(()),
            Self::Implied(_, hash) => {
                hash.update(bytes);
                Ok(())
            }
        }
    }

    fn finish(self, cells: u64) -> Result<(ContentHash, Option<Stored>), WriteFailure> {
        Ok(match self {
            Self::Cells(array) => {
                let hash = array.finish()?;
                let stored = (hash.array.clone(), hash.sha256.clone());
                (hash, Some(vec![stored]))
            }
            Self::FullSphere(array) => (array.finish()?, None),
            Self::Steps(array) => (array.finish(cells)?, None),
            Self::Raster(array) => (array.finish()?, None),
            Self::RasterLists(array) => (array.finish()?, None),
            Self::Ragged(array) => {
                let (hash, stored) = array.finish()?;
                (hash, Some(stored))
            }
            Self::Implied(layout, hash) => {
                let hash = ContentHash {
                    array: layout.name,
                    dtype: Dtype::U64,
                    sha256: hex(&hash.finalize()),
                };
                (hash, None)
            }
        })
    }
}
