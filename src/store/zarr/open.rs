//! One order of a store, open: its documents and its arrays as they are stored.
//!
//! Below `read.rs`; `cells.rs` and `sphere.rs` read values through it, each of one layout.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::Array;
use zarrs::filesystem::FilesystemStore;

use super::group::Extent;
use super::groups::{document, grid, orders, subfolders};
use super::metadata::{CELL_IDS, CRS};
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
}

/// One order of a store.
#[derive(Debug)]
pub struct OpenOrder {
    path: PathBuf,
    storage: Arc<FilesystemStore>,
    orders: Vec<Order>,
    grid: GridConfig,
    extent: Extent,
    attributes: Map<String, Value>,
    arrays: Vec<String>,
    times: Option<StoredSteps>,
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
        let group = path.join(order.to_string());
        let mut document = document(path, &group)?;
        // Not by an index: of what is no object, that panics where something is taken.
        let attributes = match document.get_mut("attributes").map(Value::take) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
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
        if let Some(axis) = &axis {
            arrays.retain(|name| name != axis && name != BOUNDS);
        }
        let mut open = Self {
            path: path.to_path_buf(),
            storage: Arc::new(storage),
            orders,
            grid,
            extent,
            attributes,
            arrays,
            times: None,
        };
        open.times = axis
            .map(|axis| step_read::steps(&open, &axis))
            .transpose()?;
        Ok(open)
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
        let document = document(&self.path, &self.folder(name))?;
        let array = self.array(name)?;
        let mut shape = array.shape().to_vec();
        let dtype = document["data_type"].as_str().and_then(Dtype::named);
        let Some(dtype) = dtype else {
            let message = format!(
                "{name} has type {}, which icefold does not write",
                document["data_type"]
            );
            return Err(Error::store(&self.path, message));
        };
        let mut most = 2;
        let of_steps = self.times.as_ref().filter(|times| {
            // What is the same at all steps has one dimension, that of the cells.
            let first = document["dimension_names"][0].as_str();
            name != CELL_IDS && (shape.len() > 1 || first == Some(&*times.name))
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
        let mut fill = array.fill_value().as_ne_bytes().to_vec();
        into_little_endian(&mut fill, dtype.size());
        Ok(ArrayInfo {
            name: name.to_owned(),
            dtype,
            shape,
            at_steps: of_steps.is_some(),
            fill,
            attributes: array.attributes().clone(),
        })
    }

    /// The `zarr.json` of an array, or of the grid mapping; `None` where there is none: ids that are
    /// indices have no array.
    pub fn document_of(&self, name: &str) -> Result<Option<Value>> {
        let folder = self.folder(name);
        if !folder.join("zarr.json").exists() && !self.arrays.iter().any(|array| array == name) {
            return Ok(None);
        }
        document(&self.path, &folder).map(Some)
    }

    pub fn array(&self, name: &str) -> Result<Array<FilesystemStore>> {
        let path = format!("/{}/{name}", self.grid.cell_order);
        Array::open(self.storage.clone(), &path)
            .map_err(|error| self.damaged(&format!("{name} cannot be opened: {error}")))
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.path.join(self.grid.cell_order.to_string()).join(name)
    }

    pub fn damaged(&self, what: &str) -> Error {
        Error::store(
            &self.path,
            format!("{what}; the store is damaged, write it again"),
        )
    }
}
