//! The metadata documents of one order: group, coordinate, grid mapping and arrays, with their attributes.
//!
//! Used by `group.rs` at the end of the line; `root.rs` has that of all orders. Sources: Zarr v3 core specification (documents, codecs),
//! the zarr-conventions `dggs` convention v1. What a grid says of itself is the grid's (`src/grid/seam.rs`).

use serde_json::{Map, Value, json};

use super::fill_value::{fill, float};
use super::group::Extent;
use super::root::convention;
use super::{declared, raster_documents, times};
use crate::config::{Dtype, GridConfig};
use crate::finalize::{Kind, OutputArray, StoreSchema, StoreSteps};

/// Name of the coordinate array.
pub const CELL_IDS: &str = "cell_ids";
/// Name of the coordinate array of zagg's layouts.
pub const MORTON: &str = "morton";
/// Name of the scalar grid mapping array.
pub const CRS: &str = "crs";
/// Values in one Zarr chunk, a power of two: this many cells of an array with one value per cell.
const CHUNK_VALUES: u64 = 1 << 16;
/// Values in the Zarr chunks of all steps of time that are filling, and in one of them at least.
const CHUNK_VALUES_OF_STEPS: u64 = 1 << 19;
const LEAST_VALUES: u64 = 1 << 10;
/// Zarr chunks in one Zarr shard (one file): 2^22 cells of an array with one value per cell.
pub const CHUNKS_PER_SHARD: u64 = 64;

/// Attributes of a group or an array, by name.
pub type Attributes = Map<String, Value>;

/// One array over the cells: type, cut and description. Nothing here depends on the run's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayLayout {
    pub name: String,
    pub dtype: Dtype,
    /// Values per cell of a 2-D array; `None` for one value per cell.
    pub values: Option<u64>,
    /// The name of the last dimension of such an array.
    pub(super) dimension: Option<String>,
    /// The name of the dimension of rows, where they are not cells.
    pub(super) rows: Option<String>,
    /// The name of the first dimension, and its length, where there are steps of time.
    pub(super) steps: Option<(&'static str, u64)>,
    /// Whether it has steps of time where the store has.
    pub at_steps: bool,
    /// Little-endian bytes of one fill value.
    pub fill: Vec<u8>,
    pub(super) fill_value: Value,
    pub(super) attributes: Map<String, Value>,
}

impl ArrayLayout {
    /// The coordinate: nested ids, ascending.
    pub fn cell_ids(grid: GridConfig) -> Self {
        Self {
            name: CELL_IDS.to_owned(),
            dtype: Dtype::U64,
            values: None,
            dimension: None,
            rows: None,
            steps: None,
            at_steps: false,
            fill: vec![0; 8],
            fill_value: json!(0),
            attributes: grid.kind.of_ids(grid.cell_order),
        }
    }

    /// An output.
    ///
    /// # Errors
    /// In words, if the dtype does not hold the fill value.
    pub fn output(output: &OutputArray) -> Result<Self, String> {
        let (fill, fill_value) = fill(output.dtype, output.fill_value).ok_or_else(|| {
            let (name, dtype) = (&output.name, output.dtype.name());
            format!(
                "{name} is {dtype}, which does not hold its fill value {}; declare another fill_value",
                output.fill_value
            )
        })?;
        Ok(Self {
            name: output.name.clone(),
            dtype: output.dtype,
            values: output.kind.values(),
            dimension: output.kind.dimension(&output.name),
            rows: None,
            steps: None,
            at_steps: output.kind.has_steps(),
            fill,
            fill_value,
            attributes: output_attributes(output),
        })
    }

    /// The coordinate of zagg's layouts: morton words.
    pub fn words() -> Self {
        Self {
            name: MORTON.to_owned(),
            dtype: Dtype::U64,
            values: None,
            dimension: None,
            rows: None,
            steps: None,
            at_steps: false,
            fill: vec![0; 8],
            fill_value: json!(0),
            attributes: Map::new(),
        }
    }

    /// The same without the name of the grid mapping, where a group has none.
    #[must_use]
    pub fn without_mapping(mut self) -> Self {
        self.attributes.shift_remove("grid_mapping");
        self
    }

    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Bytes of a cell without photons.
    pub fn fill_of_a_cell(&self) -> Vec<u8> {
        self.fill.repeat(self.values.unwrap_or(1) as usize)
    }

    /// The same array with steps of time.
    #[must_use]
    pub fn with_steps(mut self, steps: &StoreSteps) -> Self {
        self.steps = Some((steps.name(), steps.len()));
        self
    }

    /// Whether it was given steps of time.
    pub fn has_steps(&self) -> bool {
        self.steps.is_some()
    }

    /// Bytes that one cell takes at a step.
    pub fn cell_bytes(&self) -> usize {
        self.fill.len() * self.values.unwrap_or(1) as usize
    }

    /// Cells in one Zarr chunk: fewer where a cell has many values, so that memory stays bounded.
    /// Where there are steps of time, a Zarr chunk of each may be filling.
    pub fn chunk_cells(&self) -> u64 {
        let values = self.values.unwrap_or(1).max(1).next_power_of_two();
        let steps = self.steps.map_or(1, |(_, steps)| steps).max(1);
        let least = (LEAST_VALUES / values).max(1);
        let share = CHUNK_VALUES_OF_STEPS / values / steps.next_power_of_two();
        (CHUNK_VALUES / values).min(share.max(least)).max(1)
    }

    /// Zarr chunks in a file. Whoever reads steps holds a file of each, and there are fewer cells at one step.
    pub fn chunks(&self) -> u64 {
        match self.steps {
            None => CHUNKS_PER_SHARD,
            Some(_) => CHUNKS_PER_SHARD / 4,
        }
    }

    /// Path below the array's folder of the file that holds the `index`th Zarr shard.
    pub fn shard_path(&self, index: u64) -> String {
        match self.values {
            None => format!("c/{index}"),
            Some(_) => format!("c/{index}/0"),
        }
    }

    /// The same of a step of time.
    pub fn shard_path_of_step(&self, step: u64, index: u64) -> String {
        match self.values {
            None => format!("c/{step}/{index}"),
            Some(_) => format!("c/{step}/{index}/0"),
        }
    }

    /// The array's `zarr.json` for this many cells, in the cells layout.
    pub fn document(&self, cells: u64) -> Value {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let crc32c = json!({"name": "crc32c"});
        let codecs = json!([{"name": "sharding_indexed", "configuration": {
            "chunk_shape": self.cut(self.chunk_cells()),
            "codecs": [
                bytes,
                {"name": "zstd", "configuration": {"level": super::array::ZSTD_LEVEL, "checksum": false}},
                crc32c,
            ],
            "index_codecs": [bytes, crc32c],
            "index_location": "end",
        }}]);
        self.node(cells, self.chunk_cells() * self.chunks(), &codecs)
    }

    /// The shape of so many cells, at all steps.
    fn shape(&self, cells: u64) -> Vec<u64> {
        let steps = self.steps.map(|(_, steps)| steps);
        steps
            .into_iter()
            .chain([cells])
            .chain(self.values)
            .collect()
    }

    /// The shape of so many cells in a Zarr chunk, which is of one step.
    pub fn cut(&self, cells: u64) -> Vec<u64> {
        let step = self.steps.map(|_| 1);
        step.into_iter().chain([cells]).chain(self.values).collect()
    }

    /// The array's `zarr.json`: so many cells in files of so many, encoded by these codecs.
    pub fn node(&self, cells: u64, file_cells: u64, codecs: &Value) -> Value {
        let steps = self.steps.map(|(name, _)| name.to_owned());
        let mut dimensions: Vec<String> = steps.into_iter().collect();
        dimensions.push(self.rows.clone().unwrap_or_else(|| "cells".to_owned()));
        dimensions.extend(self.dimension.clone());
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape(cells),
            "data_type": self.dtype.name(),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.cut(file_cells)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill_value,
            "codecs": codecs,
            "attributes": self.attributes,
            "dimension_names": dimensions,
        })
    }
}

/// Attributes of the group, and name and attributes of each array, `cell_ids` first, for what is no
/// Zarr store: without those that name other arrays of the store.
pub fn attributes(schema: &StoreSchema) -> (Attributes, Vec<(String, Attributes)>) {
    let group = object(group(schema, Extent::Occupied)["attributes"].clone());
    let ids = ArrayLayout::cell_ids(schema.grid);
    let mut arrays = vec![(ids.name, ids.attributes)];
    if let Some(steps) = &schema.steps {
        arrays.push((steps.name().to_owned(), times::of_rows(steps)));
    }
    for output in &schema.arrays {
        let mut attributes = output_attributes(output);
        attributes.remove("grid_mapping");
        arrays.push((output.name.clone(), attributes));
    }
    (group, arrays)
}

/// The `zarr.json` of the group of one order.
pub fn group(schema: &StoreSchema, extent: Extent) -> Value {
    let grid = schema.grid;
    let mut icefold = object(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "config_sha256": schema.config_sha256,
        "shard_order": grid.shard_order.get(),
    }));
    if let Some(region) = &schema.region {
        icefold.insert("region".to_owned(), json!(region.facts()));
    }
    if let Some(steps) = &schema.steps {
        icefold.insert("axis".to_owned(), json!(steps.name()));
    }
    if let Some(rectilinear) = grid.kind.rectilinear() {
        return raster_documents::group(schema, &rectilinear, icefold);
    }
    if extent != Extent::Occupied {
        icefold.insert("layout".to_owned(), json!(extent.name()));
    }
    json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {
            "zarr_conventions": [dggs_convention()],
            "dggs": dggs(grid, extent),
            "latitude": grid.kind.latitude(),
            "icefold": icefold,
        },
    })
}

/// The grid of a group's cells, as the `dggs` convention has it; without a coordinate, the cells are
/// all of the order, in the order of their ids.
pub fn dggs(grid: GridConfig, extent: Extent) -> Value {
    let mut dggs = grid.kind.of_group(grid.cell_order);
    if extent == Extent::Occupied {
        dggs.insert("coordinate".to_owned(), json!(CELL_IDS));
        dggs.insert("compression".to_owned(), json!("none"));
    }
    Value::Object(dggs)
}

pub fn dggs_convention() -> Value {
    let description = "Discrete Global Grid Systems convention for zarr";
    convention("dggs", "7b255807-140c-42ca-97f6-7a1cfecdbc38", description)
}

/// The `zarr.json` of the grid mapping: a scalar without a stored value, whose attributes count.
pub fn crs(grid: GridConfig) -> Value {
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": [],
        "data_type": "int8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": []}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": grid.kind.of_mapping(grid.cell_order),
        "dimension_names": [],
    })
}

fn output_attributes(output: &OutputArray) -> Map<String, Value> {
    let mut attributes = object(json!({
        "grid_mapping": CRS,
        "statistic": output.statistic,
        "source": output.source,
    }));
    let texts = [
        ("resolution", &output.resolution),
        ("units", &output.units),
        ("long_name", &output.long_name),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            attributes.insert(key.to_owned(), json!(text));
        }
    }
    match &output.kind {
        Kind::Scalar
        | Kind::Outside { .. }
        | Kind::Mask
        | Kind::OfChunk
        | Kind::Vector { .. }
        | Kind::Words(_) => {}
        Kind::Digest { delta, .. } => {
            attributes.insert("delta".to_owned(), json!(delta));
        }
        Kind::Histogram { edges } => {
            let values = edges.iter().map(|&edge| float(edge)).collect();
            attributes.insert("edges".to_owned(), Value::Array(values));
        }
    }
    attributes.extend(declared::of_kind(output));
    attributes.extend(output.attributes.clone());
    attributes
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
