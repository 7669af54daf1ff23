//! Reads a store back, for drawing, comparing and looking inside.
//!
//! `open.rs` opens an order; `cells.rs` and `sphere.rs` read the values of one layout each.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::cells;
use super::group::Extent;
use super::groups::orders;
use super::hive::Parted;
use super::metadata::CELL_IDS;
use super::open::{ArrayInfo, Blocks, OpenOrder};
use super::ragged::{self, Lists};
use super::raster_read::Raster;
use super::sphere::Sphere;
use super::step_read::StoredSteps;
use super::value::{Scalar, scalar};
use crate::config::{Dtype, GridConfig};
use crate::error::{Error, Result};
use crate::grid::Order;

/// One order of a store, open for reading.
#[derive(Debug)]
pub struct StoreReader {
    open: OpenOrder,
    cells: Cells,
}

/// Where its cells are, by layout.
#[derive(Debug)]
enum Cells {
    /// So many, each with an id.
    Listed(u64),
    /// Those that have a value.
    Found(Sphere),
    /// The same of rows and columns.
    Raster(Raster),
    /// The same in many Zarrs or files.
    Parted(Parted),
}

/// One array and all its values.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreArray {
    pub info: ArrayInfo,
    /// Little-endian, in the order of the shape.
    pub bytes: Vec<u8>,
}

impl StoreReader {
    /// Opens the finest order of the store at `path`.
    ///
    /// # Errors
    /// If there is no finished store of cells, or its metadata contradict each other.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let orders = Self::orders_of(path)?;
        Self::open_order(path, orders[orders.len() - 1])
    }

    /// Orders of the store at `path`, ascending; at least one.
    ///
    /// # Errors
    /// If there is no finished store of cells.
    pub fn orders_of(path: impl AsRef<Path>) -> Result<Vec<Order>> {
        let path = path.as_ref();
        let orders = orders(path)?;
        if orders.is_empty() {
            let message = "has no cells, neither itself nor in a group named by an order, such as 12; it is no store of icefold";
            return Err(Error::store(path, message));
        }
        Ok(orders)
    }

    /// Opens one order.
    ///
    /// # Errors
    /// As [`open`](Self::open), or if the store has no such order.
    pub fn open_order(path: impl AsRef<Path>, order: Order) -> Result<Self> {
        let open = OpenOrder::open(path.as_ref(), order)?;
        let cells = match (open.parts(), open.extent()) {
            (Some(parts), _) => Cells::Parted(Parted::of(parts)?),
            (None, Extent::Occupied) => Cells::Listed(cells::count(&open)?),
            (None, Extent::Raster) => Cells::Raster(Raster::of(&open)?),
            (None, _) => Cells::Found(Sphere::of(&open)?),
        };
        Ok(Self { open, cells })
    }

    pub fn path(&self) -> &Path {
        self.open.path()
    }

    /// Orders in the store, ascending.
    pub fn orders(&self) -> &[Order] {
        self.open.orders()
    }

    /// Order, shard order and latitude of what is open.
    pub fn grid(&self) -> GridConfig {
        self.open.grid()
    }

    /// The path of the group that its arrays are in; empty where that is the root.
    pub fn group_path(&self) -> &str {
        self.open.group()
    }

    /// The cells that the store's arrays are over.
    pub fn extent(&self) -> Extent {
        self.open.extent()
    }

    /// Occupied cells; in the full-sphere layout, cells that have a value.
    pub fn cells(&self) -> u64 {
        match &self.cells {
            Cells::Listed(count) => *count,
            Cells::Found(sphere) => sphere.cells(),
            Cells::Raster(raster) => raster.cells(),
            Cells::Parted(parted) => parted.cells(),
        }
    }

    /// Arrays that are not over cells, as other programs write them: they are not read.
    pub fn others(&self) -> &[String] {
        self.open.parts().map_or(&[], |parts| &parts.others)
    }

    /// The steps of time of the arrays, where they have any.
    pub fn times(&self) -> Option<&StoredSteps> {
        self.open.times()
    }

    /// Outputs, sorted by name.
    pub fn arrays(&self) -> &[String] {
        self.open.arrays()
    }

    /// Attributes of the group.
    pub fn attributes(&self) -> &Map<String, Value> {
        self.open.attributes()
    }

    /// What an array is.
    ///
    /// # Errors
    /// If there is none of this name, or its metadata cannot be used.
    pub fn info(&self, name: &str) -> Result<ArrayInfo> {
        if let Cells::Listed(cells) = &self.cells {
            let of_others = Some(*cells).filter(|_| name != CELL_IDS);
            return self.open.info(name, of_others);
        }
        if name == CELL_IDS {
            // Ids are indices there.
            return Ok(ArrayInfo {
                name: name.to_owned(),
                dtype: Dtype::U64,
                shape: vec![self.cells()],
                at_steps: false,
                fill: vec![0; 8],
                attributes: Map::new(),
                ragged: None,
            });
        }
        let mut info = self.open.info(name, None)?;
        info.shape[0] = self.cells();
        Ok(info)
    }

    /// The `zarr.json` of an array, or of the grid mapping; `None` where there is none: ids that are
    /// indices have no array.
    pub(super) fn document_of(&self, name: &str) -> Result<Option<Value>> {
        self.open.document_of(name)
    }

    /// An array with all its values.
    ///
    /// # Errors
    /// If there is none of this name, or part of it is missing or damaged; an array of lists.
    pub fn read(&self, name: &str) -> Result<StoreArray> {
        let info = self.info(name)?;
        if info.ragged.is_some() {
            let message = format!(
                "{name} has a list of values for each cell, and no number; the arrays are {}",
                self.arrays().join(", ")
            );
            return Err(Error::store(self.path(), message));
        }
        let mut bytes = Vec::new();
        for block in self.blocks(name)? {
            bytes.extend(block?);
        }
        Ok(StoreArray { info, bytes })
    }

    /// The values of some cells, by their places among those of the order, without reading all others; `None` where the layout
    /// or the array does not have them one after the other.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn read_cells(&self, name: &str, cells: Range<u64>) -> Result<Option<Vec<u8>>> {
        let info = self.info(name)?;
        match &self.cells {
            Cells::Listed(_) if info.shape.len() == 1 => {
                cells::of_cells(&self.open, &info, cells).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Ids of the occupied cells, ascending.
    ///
    /// # Errors
    /// If part of them is missing or damaged.
    pub fn cell_ids(&self) -> Result<Vec<u64>> {
        let array = self.read(CELL_IDS)?;
        let (words, _) = array.bytes.as_chunks::<8>();
        let ids: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        match ids.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => {
                let message = format!("cell {} comes after cell {}", pair[1], pair[0]);
                Err(self.open.damaged(&message))
            }
            None => Ok(ids),
        }
    }

    /// The values of an array as little-endian bytes, one Zarr shard at a time or less.
    pub(crate) fn blocks(&self, name: &str) -> Result<Blocks<'_>> {
        let info = self.info(name)?;
        if info.ragged.is_some() {
            return Ok(ragged::framed(self.lists(&info.name)?));
        }
        match &self.cells {
            Cells::Parted(parted) if name == CELL_IDS => Ok(parted.id_blocks()),
            Cells::Parted(parted) => Ok(parted.blocks(info)),
            Cells::Listed(_) => cells::blocks(&self.open, info),
            Cells::Raster(raster) if name == CELL_IDS => Ok(raster.id_blocks()),
            Cells::Raster(raster) => Ok(raster.blocks(&self.open, info)),
            Cells::Found(sphere) if name == CELL_IDS => Ok(sphere.id_blocks()),
            Cells::Found(sphere) => sphere.blocks(&self.open, name),
        }
    }

    /// The lists of an array of lists, cell after cell, as little-endian bytes.
    pub(super) fn lists(&self, name: &str) -> Result<Lists<'_>> {
        match &self.cells {
            Cells::Parted(parted) => Ok(parted.lists(name.to_owned())),
            Cells::Raster(raster) => Ok(raster.lists(&self.open, name.to_owned())),
            _ => ragged::of_cells(&self.open, &self.info(name)?),
        }
    }

    /// The folders that an array is in; of one of lists, both of its own arrays.
    pub(super) fn folders(&self, name: &str) -> Result<Vec<PathBuf>> {
        let mut folders = self.open.folders(name);
        let info = self.info(name)?;
        // Those of words are another array's.
        let own = ragged::offsets_of(name);
        let offsets = ragged::offsets_in(&info.attributes).filter(|offsets| *offsets == own);
        folders.extend(offsets.map(|offsets| self.open.folder(offsets)));
        Ok(folders)
    }
}

impl StoreArray {
    /// The values, for drawing: nearest f64; a float's fill value is NaN.
    pub fn as_f64(&self) -> Vec<f64> {
        let fill = &self.info.fill;
        let float = self.info.dtype.is_float();
        self.bytes
            .chunks_exact(self.info.dtype.size())
            .map(|bytes| match scalar(self.info.dtype, bytes) {
                Scalar::Float(_) if float && bytes == fill => f64::NAN,
                Scalar::Float(value) => value,
                Scalar::Whole(value) => value as f64,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use arrow::array::{RecordBatch, UInt8Array, UInt64Array};

    use super::super::fixture::schema;
    use super::*;
    use crate::finalize::CellTable;
    use crate::store::StoreWriter;

    #[test]
    fn a_store_of_several_zarr_shards_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let cells = (1 << 22) + 5;
        let mut schema = schema();
        schema.arrays.truncate(1);
        schema.arrays[0].dtype = Dtype::U8;
        let mut writer = StoreWriter::create(&path, &schema, cells, false).unwrap();
        for rows in [0..4_000_000, 4_000_000..cells] {
            let counts: UInt8Array = rows.clone().map(|row| (row / 9) as u8).collect();
            let ids: UInt64Array = rows.collect();
            let columns = [
                ("cell_ids", Arc::new(ids) as _),
                ("count", Arc::new(counts) as _),
            ];
            let rows = RecordBatch::try_from_iter(columns).unwrap();
            writer.append(&CellTable { rows }).unwrap();
        }
        writer.finish().unwrap();
        let store = StoreReader::open(&path).unwrap();
        assert!(store.cell_ids().unwrap().into_iter().eq(0..cells));
        let counts = store.read("count").unwrap().bytes;
        assert!(counts.into_iter().eq((0..cells).map(|row| (row / 9) as u8)));
        for part in [0..3, 4_194_300..4_194_306, cells - 2..cells] {
            let some = store.read_cells("count", part.clone()).unwrap().unwrap();
            assert!(some.into_iter().eq(part.map(|row| (row / 9) as u8)));
        }
        fs::remove_file(path.join("count/c/1")).unwrap();
        assert!(store.read_cells("count", cells - 2..cells).is_err());
        assert!(store.read("count").is_err());
    }
}
