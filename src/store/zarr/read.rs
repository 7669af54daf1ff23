//! Reads a store back, for drawing, comparing and looking inside.
//!
//! In the cells layout every value is decoded from whole Zarr shards, so every checksum is verified, and what
//! is missing is an error, never a fill value. `sphere.rs` reads the other layout.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::{Array, ArrayBytes};
use zarrs::filesystem::FilesystemStore;

use super::group::Layout;
use super::groups::{document, grid, orders, subfolders};
use super::metadata::{CELL_IDS, CRS};
use super::sphere::Sphere;
use super::value::{Scalar, dtype, into_little_endian, scalar, size};
use crate::config::{Dtype, GridConfig};
use crate::error::{Error, Result};
use crate::grid::Order;

/// One order of a store, open for reading.
#[derive(Debug)]
pub struct StoreReader {
    path: PathBuf,
    storage: Arc<FilesystemStore>,
    orders: Vec<Order>,
    grid: GridConfig,
    layout: Layout,
    attributes: Map<String, Value>,
    cells: u64,
    arrays: Vec<String>,
    /// Present in the full-sphere layout.
    sphere: Option<Sphere>,
}

/// Values as little-endian bytes, block after block; where a block ends means nothing.
pub type Blocks<'a> = Box<dyn Iterator<Item = Result<Vec<u8>>> + 'a>;

/// What an array is, without its values.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayInfo {
    pub name: String,
    pub dtype: Dtype,
    /// `[cells]` or `[cells, bins]`.
    pub shape: Vec<u64>,
    /// Little-endian bytes of the fill value.
    pub fill: Vec<u8>,
    pub attributes: Map<String, Value>,
}

/// One array and all its values.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreArray {
    pub info: ArrayInfo,
    /// Little-endian, in C order.
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
            let message = "has no group named by an order, such as 12; it is no store of icefold";
            return Err(Error::store(path, message));
        }
        Ok(orders)
    }

    /// Opens one order.
    ///
    /// # Errors
    /// As [`open`](Self::open), or if the store has no such order.
    pub fn open_order(path: impl AsRef<Path>, order: Order) -> Result<Self> {
        let path = path.as_ref();
        let orders = orders(path)?;
        if !orders.contains(&order) {
            let names: Vec<String> = orders.iter().map(ToString::to_string).collect();
            let message = format!("has no order {order}; it has {}", names.join(", "));
            return Err(Error::store(path, message));
        }
        let group = path.join(order.to_string());
        let mut document = document(path, &group)?;
        // Not by an index: of what is no object, that panics where something is taken.
        let attributes = match document.get_mut("attributes").map(Value::take) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let (grid, layout) = grid(&attributes, order)
            .map_err(|message| Error::store(path, format!("group {order}: {message}")))?;
        let storage = FilesystemStore::new(path)
            .map_err(|error| Error::store(path, format!("cannot be opened: {error}")))?;
        let mut reader = Self {
            path: path.to_path_buf(),
            storage: Arc::new(storage),
            orders,
            grid,
            layout,
            attributes,
            cells: 0,
            arrays: subfolders(path, &group)?,
            sphere: None,
        };
        reader.arrays.retain(|name| name != CELL_IDS && name != CRS);
        if layout == Layout::FullSphere {
            let sphere = Sphere::of(&reader)?;
            reader.cells = sphere.cells();
            reader.sphere = Some(sphere);
            return Ok(reader);
        }
        let ids = reader.info(CELL_IDS)?;
        if (ids.dtype, ids.shape.len()) != (Dtype::U64, 1) {
            let message = format!(
                "cell_ids is {} of shape {:?}, not uint64 of one dimension",
                ids.dtype.name(),
                ids.shape
            );
            return Err(reader.damaged(&message));
        }
        reader.cells = ids.shape[0];
        Ok(reader)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Orders in the store, ascending.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Order, shard order and latitude of what is open.
    pub fn grid(&self) -> GridConfig {
        self.grid
    }

    /// How the store is laid out.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Occupied cells; in the full-sphere layout, cells that have a value.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// Outputs, sorted by name.
    pub fn arrays(&self) -> &[String] {
        &self.arrays
    }

    /// Attributes of the group.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// What an array is.
    ///
    /// # Errors
    /// If there is none of this name, or its metadata cannot be used.
    pub fn info(&self, name: &str) -> Result<ArrayInfo> {
        if self.sphere.is_none() {
            return self.stored_info(name);
        }
        if name == CELL_IDS {
            // Ids are indices there.
            return Ok(ArrayInfo {
                name: name.to_owned(),
                dtype: Dtype::U64,
                shape: vec![self.cells],
                fill: vec![0; 8],
                attributes: Map::new(),
            });
        }
        let mut info = self.stored_info(name)?;
        info.shape[0] = self.cells;
        Ok(info)
    }

    /// What an array is as it is stored: over all cells of the order in the full-sphere layout.
    pub(super) fn stored_info(&self, name: &str) -> Result<ArrayInfo> {
        if name != CELL_IDS && !self.arrays.iter().any(|array| array == name) {
            let message = format!("has no array {name}; it has {}", self.arrays.join(", "));
            return Err(Error::store(&self.path, message));
        }
        let document = document(&self.path, &self.folder(name))?;
        let array = self.array(name)?;
        let shape = array.shape().to_vec();
        let dtype = document["data_type"].as_str().and_then(dtype);
        let Some(dtype) = dtype else {
            let message = format!(
                "{name} has type {}, which icefold does not write",
                document["data_type"]
            );
            return Err(Error::store(&self.path, message));
        };
        let per_cell = self.layout == Layout::Cells && name != CELL_IDS;
        if shape.is_empty() || shape.len() > 2 || (per_cell && shape[0] != self.cells) {
            let message = format!("{name} has shape {shape:?}, cell_ids has {}", self.cells);
            return Err(self.damaged(&message));
        }
        let mut fill = array.fill_value().as_ne_bytes().to_vec();
        into_little_endian(&mut fill, size(dtype));
        Ok(ArrayInfo {
            name: name.to_owned(),
            dtype,
            shape,
            fill,
            attributes: array.attributes().clone(),
        })
    }

    /// The `zarr.json` of an array, or of the grid mapping; `None` where there is none: ids that are
    /// indices have no array.
    pub(super) fn document_of(&self, name: &str) -> Result<Option<Value>> {
        let folder = self.folder(name);
        if !folder.join("zarr.json").exists() && !self.arrays.iter().any(|array| array == name) {
            return Ok(None);
        }
        document(&self.path, &folder).map(Some)
    }

    /// An array with all its values.
    ///
    /// # Errors
    /// If there is none of this name, or part of it is missing or damaged.
    pub fn read(&self, name: &str) -> Result<StoreArray> {
        let info = self.info(name)?;
        let mut bytes = Vec::new();
        for block in self.blocks(name)? {
            bytes.extend(block?);
        }
        Ok(StoreArray { info, bytes })
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
                Err(self.damaged(&message))
            }
            None => Ok(ids),
        }
    }

    /// The values of an array as little-endian bytes, one Zarr shard at a time or less.
    pub(super) fn blocks(&self, name: &str) -> Result<Blocks<'_>> {
        match &self.sphere {
            Some(sphere) if name == CELL_IDS => return Ok(sphere.id_blocks()),
            Some(sphere) => return sphere.blocks(self, name),
            None => {}
        }
        let info = self.info(name)?;
        let array = self.array(name)?;
        let shards = array.chunk_grid_shape().to_vec();
        if shards.iter().skip(1).any(|&count| count > 1) {
            let message = format!("{name} is cut along its bins, which icefold does not read");
            return Err(Error::store(&self.path, message));
        }
        let name = name.to_owned();
        let blocks = 0..shards[0];
        Ok(Box::new(
            blocks.map(move |index| self.block(&name, &array, &info, index)),
        ))
    }

    fn block(
        &self,
        name: &str,
        array: &Array<FilesystemStore>,
        info: &ArrayInfo,
        index: u64,
    ) -> Result<Vec<u8>> {
        let mut indices = vec![0; info.shape.len()];
        indices[0] = index;
        let place = || format!("{}/{name} (Zarr shard {index})", self.grid.cell_order);
        let subset = array
            .chunk_subset_bounded(&indices)
            .map_err(|error| self.damaged(&format!("{}: {error}", place())))?;
        let bytes = array
            .retrieve_chunk_if_exists::<ArrayBytes<'static>>(&indices)
            .map_err(|error| self.damaged(&format!("{} cannot be decoded: {error}", place())))?
            .ok_or_else(|| self.damaged(&format!("{} is missing", place())))?
            .into_fixed()
            .map_err(|error| self.damaged(&format!("{}: {error}", place())))?;
        let mut bytes = bytes.into_owned();
        bytes.truncate(subset.num_elements_usize() * size(info.dtype));
        into_little_endian(&mut bytes, size(info.dtype));
        Ok(bytes)
    }

    pub(super) fn array(&self, name: &str) -> Result<Array<FilesystemStore>> {
        let path = format!("/{}/{name}", self.grid.cell_order);
        Array::open(self.storage.clone(), &path)
            .map_err(|error| self.damaged(&format!("{name} cannot be opened: {error}")))
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.path.join(self.grid.cell_order.to_string()).join(name)
    }

    pub(super) fn damaged(&self, what: &str) -> Error {
        Error::store(
            &self.path,
            format!("{what}; the store is damaged, write it again"),
        )
    }
}

impl StoreArray {
    /// The values, for drawing: nearest f64; a float's fill value is NaN.
    pub fn as_f64(&self) -> Vec<f64> {
        let fill = &self.info.fill;
        let float = self.info.dtype.is_float();
        self.bytes
            .chunks_exact(size(self.info.dtype))
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
        fs::remove_file(path.join("12/count/c/1")).unwrap();
        assert!(store.read("count").is_err());
    }
}
