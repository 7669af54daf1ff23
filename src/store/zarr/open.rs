//! One order of a store, open: its documents and its arrays as they are stored.
//!
//! Below `read.rs`; `cells.rs` and `sphere.rs` read values through it, each of one layout.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::Array;
use zarrs::filesystem::FilesystemStore;

use super::group::Extent;
use super::groups::{document, grid, group_of, orders, subfolders};
use super::hive::{Parts, Tree, is_hive, is_vlen};
use super::metadata::{CELL_IDS, CRS};
use super::ragged;
use super::raster_documents::COORDINATES;
use super::raster_read;
use super::step_read::{self, StoredSteps};
use super::times::BOUNDS;
use super::value::into_little_endian;
use crate::config::{Dtype, GridConfig};
use crate::error::{Error, Result};
use crate::grid::Order;

/// Values as little-endian bytes, block after block; where a block ends means nothing.
pub type Blocks<'a> = Box<dyn Iterator<Item = Result<Vec<u8>>> + 'a>;

/// What an array is, without its values.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayInfo {
    pub name: String,
    pub dtype: Dtype,
    /// `[cells]` or `[cells, bins]`; where there are steps of time `[cells, steps]` or `[cells, steps, bins]`,
    /// though they are stored step by step.
    pub shape: Vec<u64>,
    /// Whether it has steps of time.
    pub at_steps: bool,
    /// Little-endian bytes of the fill value.
    pub fill: Vec<u8>,
    pub attributes: Map<String, Value>,
    /// Values of a row, where a cell has a list of rows.
    pub ragged: Option<u64>,
}

/// One order of a store.
#[derive(Debug)]
pub struct OpenOrder {
    path: PathBuf,
    storage: Arc<FilesystemStore>,
    orders: Vec<Order>,
    grid: GridConfig,
    extent: Extent,
    /// The name of the group; empty where the arrays are at the root.
    group: String,
    attributes: Map<String, Value>,
    arrays: Vec<String>,
    times: Option<StoredSteps>,
    /// Where the cells are, if they lie in many Zarrs or files.
    parts: Option<Parts>,
}

impl OpenOrder {
    /// Opens one order of the store at `path`.
    ///
    /// # Errors
    /// No finished store of cells, no such order, or documents that are not icefold's.
    pub fn open(path: &Path, order: Order) -> Result<Self> {
        let orders = orders(path)?;
        if !orders.contains(&order) {
            let names: Vec<String> = orders.iter().map(ToString::to_string).collect();
            let message = format!("has no order {order}; it has {}", names.join(", "));
            return Err(Error::store(path, message));
        }
        if is_hive(path) {
            let parts = Parts::of_tree(path, &Tree::open(path)?, order)?;
            return Self::of_parts(path, orders, (parts, Extent::Leaves));
        }
        let name = group_of(path, order);
        let group = path.join(&name);
        let mut document = document(path, &group)?;
        // Not by an index: of what is no object, that panics where something is taken.
        let attributes = match document.get_mut("attributes").map(Value::take) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        if attributes
            .get("dggs")
            .is_some_and(|dggs| dggs["name"] == "morton")
        {
            let parts = Parts::of_flat(path, order)?;
            return Self::of_parts(path, orders, (parts, Extent::Sphere));
        }
        let (grid, extent) = grid(&attributes, order)
            .map_err(|message| Error::store(path, format!("group {order}: {message}")))?;
        let storage = FilesystemStore::new(path)
            .map_err(|error| Error::store(path, format!("cannot be opened: {error}")))?;
        let mut arrays = subfolders(path, &group)?;
        arrays.retain(|name| name != CELL_IDS && name != CRS);
        let axis = attributes
            .get("icefold")
            .and_then(|icefold| icefold.get("axis"));
        let axis = axis.and_then(Value::as_str).map(str::to_owned);
        if extent == Extent::Raster {
            arrays.retain(|name| !COORDINATES.contains(&&**name));
        }
        if let Some(axis) = &axis {
            arrays.retain(|name| name != axis && name != BOUNDS);
        }
        let mut open = Self {
            path: path.to_path_buf(),
            storage: Arc::new(storage),
            orders,
            grid,
            extent,
            group: name,
            attributes,
            arrays,
            times: None,
            parts: None,
        };
        open.hide_offsets()?;
        open.times = axis
            .map(|axis| step_read::steps(&open, &axis))
            .transpose()?;
        Ok(open)
    }

    fn of_parts(path: &Path, orders: Vec<Order>, found: (Parts, Extent)) -> Result<Self> {
        let (parts, extent) = found;
        let storage = FilesystemStore::new(path)
            .map_err(|error| Error::store(path, format!("cannot be opened: {error}")))?;
        Ok(Self {
            path: path.to_path_buf(),
            storage: Arc::new(storage),
            orders,
            grid: parts.grid,
            extent,
            group: parts.grid.group(),
            attributes: parts.attributes.clone(),
            arrays: parts.arrays.clone(),
            times: None,
            parts: Some(parts),
        })
    }

    /// Arrays that say which rows of another are whose are part of that one.
    fn hide_offsets(&mut self) -> Result<()> {
        let mut hidden = Vec::new();
        for name in &self.arrays {
            let document = document(&self.path, &self.folder(name))?;
            let attributes = document["attributes"].as_object();
            hidden.extend(attributes.and_then(ragged::offsets_in).map(str::to_owned));
        }
        self.arrays.retain(|name| !hidden.contains(name));
        Ok(())
    }

    /// Where the cells are, if they lie in many Zarrs or files.
    pub fn parts(&self) -> Option<&Parts> {
        self.parts.as_ref()
    }

    /// The rows of an output of lists, as an array.
    pub fn rows(&self, name: &str) -> Result<ArrayInfo> {
        self.stored(name)
    }

    /// Which rows of such an output are whose, as an array.
    pub fn offsets(&self, name: &str) -> Result<ArrayInfo> {
        let rows = self.stored(name)?;
        let offsets = ragged::offsets_in(&rows.attributes).unwrap_or_default();
        let offsets = self.stored(offsets)?;
        if (offsets.dtype, &offsets.shape[1..]) != (Dtype::U64, &[2]) {
            let (dtype, shape) = (offsets.dtype.name(), &offsets.shape);
            let message = format!("{} is {dtype} of shape {shape:?}", offsets.name);
            return Err(self.damaged(&message));
        }
        Ok(offsets)
    }

    /// The steps of time of its arrays, where they have any.
    pub fn times(&self) -> Option<&StoredSteps> {
        self.times.as_ref()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Orders in the store, ascending.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    pub fn grid(&self) -> GridConfig {
        self.grid
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The name of the group; empty where the arrays are at the root.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The path of an array below the store.
    pub fn path_of(&self, name: &str) -> String {
        match &*self.group {
            "" => name.to_owned(),
            group => format!("{group}/{name}"),
        }
    }

    /// Attributes of the group.
    pub fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// Outputs, sorted by name.
    pub fn arrays(&self) -> &[String] {
        &self.arrays
    }

    /// What an array is as it is stored; one over so many cells, where that is known.
    ///
    /// # Errors
    /// No array of this name, or metadata that cannot be used.
    pub fn info(&self, name: &str, cells: Option<u64>) -> Result<ArrayInfo> {
        if name != CELL_IDS && !self.arrays.iter().any(|array| array == name) {
            let message = format!("has no array {name}; it has {}", self.arrays.join(", "));
            return Err(Error::store(&self.path, message));
        }
        if let Some(parts) = self.parts.as_ref().filter(|_| name != CELL_IDS) {
            return parts.info(name);
        }
        if self.extent == Extent::Raster {
            return self.raster_info(name);
        }
        let mut info = self.stored(name)?;
        if ragged::offsets_in(&info.attributes).is_some() {
            info.ragged = Some(info.shape.get(1).copied().unwrap_or(1));
            info.shape = vec![self.offsets(name)?.shape[0]];
        }
        let dtype = info.dtype;
        let mut shape = info.shape;
        let mut most = 2;
        let times = self.times.as_ref().filter(|_| name != CELL_IDS);
        let document = times.map(|_| document(&self.path, &self.folder(name)));
        let document = document.transpose()?;
        let of_steps = times.filter(|times| {
            // What is the same at all steps has one dimension, that of the cells.
            let first = document
                .as_ref()
                .and_then(|d| d["dimension_names"][0].as_str());
            shape.len() > 1 || first == Some(&*times.name)
        });
        if let Some(times) = of_steps {
            if shape.len() < 2 || shape[0] != times.len() {
                let message = format!(
                    "{name} has shape {shape:?}, and there are {} steps of {}",
                    times.len(),
                    times.name
                );
                return Err(self.damaged(&message));
            }
            shape.swap(0, 1);
            most = 3;
        }
        let cut = shape.is_empty() || shape.len() > most;
        if let Some(cells) = cells.filter(|&cells| cut || shape[0] != cells) {
            let message = format!("{name} has shape {shape:?}, cell_ids has {cells}");
            return Err(self.damaged(&message));
        }
        if cut {
            let message =
                format!("{name} has shape {shape:?}, and cells have one dimension to {most}");
            return Err(self.damaged(&message));
        }
        Ok(ArrayInfo {
            dtype,
            shape,
            at_steps: of_steps.is_some(),
            ..info
        })
    }

    /// What an array over rows and columns is.
    fn raster_info(&self, name: &str) -> Result<ArrayInfo> {
        let document = document(&self.path, &self.folder(name))?;
        if is_vlen(&document) {
            return raster_read::info_of_lists(self, name, &document);
        }
        raster_read::info(self, self.stored(name)?, &document)
    }

    /// What an array is, by its own documents.
    fn stored(&self, name: &str) -> Result<ArrayInfo> {
        let document = document(&self.path, &self.folder(name))?;
        let array = self.array(name)?;
        let dtype = document["data_type"].as_str().and_then(Dtype::named);
        let Some(dtype) = dtype else {
            let message = format!(
                "{name} has type {}, which icefold does not write",
                document["data_type"]
            );
            return Err(Error::store(&self.path, message));
        };
        let mut fill = array.fill_value().as_ne_bytes().to_vec();
        into_little_endian(&mut fill, dtype.size());
        Ok(ArrayInfo {
            name: name.to_owned(),
            dtype,
            shape: array.shape().to_vec(),
            at_steps: false,
            fill,
            attributes: array.attributes().clone(),
            ragged: None,
        })
    }

    /// The `zarr.json` of an array, or of the grid mapping; `None` where there is none: ids that are
    /// indices have no array.
    pub fn document_of(&self, name: &str) -> Result<Option<Value>> {
        if let Some(parts) = &self.parts {
            let first = parts.all.first().map(|part| part.group.join(name));
            let folder = first.filter(|folder| folder.join("zarr.json").exists());
            return folder
                .map(|folder| document(&self.path, &folder))
                .transpose();
        }
        let folder = self.folder(name);
        if !folder.join("zarr.json").exists() && !self.arrays.iter().any(|array| array == name) {
            return Ok(None);
        }
        document(&self.path, &folder).map(Some)
    }

    pub fn array(&self, name: &str) -> Result<Array<FilesystemStore>> {
        let path = format!("/{}", self.path_of(name));
        Array::open(self.storage.clone(), &path)
            .map_err(|error| self.damaged(&format!("{name} cannot be opened: {error}")))
    }

    /// The folders that an array is in.
    pub fn folders(&self, name: &str) -> Vec<PathBuf> {
        let of_leaves = self.extent == Extent::Leaves;
        let Some(parts) = self.parts.as_ref().filter(|_| of_leaves) else {
            return vec![self.folder(name)];
        };
        let folders = parts.all.iter().map(|part| part.group.join(name));
        folders.filter(|folder| folder.is_dir()).collect()
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.path.join(&self.group).join(name)
    }

    pub fn damaged(&self, what: &str) -> Error {
        Error::store(
            &self.path,
            format!("{what}; the store is damaged, write it again"),
        )
    }
}
