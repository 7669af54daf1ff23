//! The metadata documents of one order: group, coordinate, grid mapping and arrays, with their attributes.
//!
//! Used by `group.rs` at the end of the line; `root.rs` has that of all orders. Sources: Zarr v3 core
//! specification (documents, codecs), the zarr-conventions `dggs` convention v1, xdggs 0.6 (`cell_ids`), CF
//! 1.13 (grid mapping). Readers spell the axis of the ellipsoid differently, so each place has the spelling
//! of its reader.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::group::Layout;
use super::root::convention;
use crate::config::{Dtype, GridConfig};
use crate::finalize::{OutputArray, StoreSchema};
use crate::grid::Latitude;

/// Name of the coordinate array.
pub const CELL_IDS: &str = "cell_ids";
/// Name of the scalar grid mapping array.
pub const CRS: &str = "crs";
/// Values in one Zarr chunk, a power of two: this many cells of an array with one value per cell.
const CHUNK_VALUES: u64 = 1 << 16;
/// Zarr chunks in one Zarr shard (one file): 2^22 cells of an array with one value per cell.
pub const CHUNKS_PER_SHARD: u64 = 64;

const SEMI_MAJOR_AXIS: f64 = 6_378_137.0;
const INVERSE_FLATTENING: f64 = 298.257_223_563;
/// Radius of the sphere that the `dggs` convention's own example names.
const SPHERE_RADIUS: f64 = 6_370_997.0;

/// Attributes of a group or an array, by name.
pub type Attributes = Map<String, Value>;

/// One array over the cells: type, cut and description. Nothing here depends on the run's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayLayout {
    pub name: String,
    pub dtype: Dtype,
    /// Values per cell of a 2-D array; `None` for one value per cell.
    pub bins: Option<u64>,
    /// Little-endian bytes of one fill value.
    pub fill: Vec<u8>,
    fill_value: Value,
    attributes: Map<String, Value>,
}

impl ArrayLayout {
    /// The coordinate: nested ids, ascending.
    pub fn cell_ids(grid: GridConfig) -> Self {
        let attributes = object(json!({
            "grid_name": "healpix",
            "level": grid.cell_order.get(),
            "indexing_scheme": "nested",
            "ellipsoid": ellipsoid(grid.latitude, "semimajor_axis"),
        }));
        Self {
            name: CELL_IDS.to_owned(),
            dtype: Dtype::U64,
            bins: None,
            fill: vec![0; 8],
            fill_value: json!(0),
            attributes,
        }
    }

    /// An output with `bins` values per cell (`None`: one).
    ///
    /// # Errors
    /// In words, if the dtype does not hold the fill value, or the bins are neither those between the
    /// edges nor these with the ones below and above.
    pub fn output(output: &OutputArray, bins: Option<u64>) -> Result<Self, String> {
        let between = output.edges.as_ref().map(|edges| edges.len() as u64);
        let fits = match (between, bins) {
            (None, bins) => bins.is_none(),
            (Some(edges), Some(bins)) => bins + 1 == edges || bins == edges + 1,
            (Some(_), None) => false,
        };
        if !fits {
            return Err(format!(
                "{} has {} values per cell and {} bin edges",
                output.name,
                bins.unwrap_or(1),
                between.unwrap_or(0)
            ));
        }
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
            bins,
            fill,
            fill_value,
            attributes: output_attributes(output, bins),
        })
    }

    /// Bytes that one cell takes.
    pub fn cell_bytes(&self) -> usize {
        self.fill.len() * self.bins.unwrap_or(1) as usize
    }

    /// Cells in one Zarr chunk: fewer where a cell has many values, so that memory stays bounded.
    pub fn chunk_cells(&self) -> u64 {
        let values = self.bins.unwrap_or(1).max(1).next_power_of_two();
        (CHUNK_VALUES / values).max(1)
    }

    /// Path below the array's folder of the file that holds the `index`th Zarr shard.
    pub fn shard_path(&self, index: u64) -> String {
        match self.bins {
            None => format!("c/{index}"),
            Some(_) => format!("c/{index}/0"),
        }
    }

    /// The array's `zarr.json` for this many cells, in the cells layout.
    pub fn document(&self, cells: u64) -> Value {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let crc32c = json!({"name": "crc32c"});
        let codecs = json!([{"name": "sharding_indexed", "configuration": {
            "chunk_shape": self.shape(self.chunk_cells()),
            "codecs": [
                bytes,
                {"name": "zstd", "configuration": {"level": super::array::ZSTD_LEVEL, "checksum": false}},
                crc32c,
            ],
            "index_codecs": [bytes, crc32c],
            "index_location": "end",
        }}]);
        self.node(cells, self.chunk_cells() * CHUNKS_PER_SHARD, &codecs)
    }

    /// The shape of so many cells.
    pub fn shape(&self, cells: u64) -> Vec<u64> {
        std::iter::once(cells).chain(self.bins).collect()
    }

    /// The array's `zarr.json`: so many cells in files of so many, encoded by these codecs.
    pub fn node(&self, cells: u64, file_cells: u64, codecs: &Value) -> Value {
        let mut dimensions = vec!["cells".to_owned()];
        dimensions.extend(self.bins.map(|_| format!("{}_bins", self.name)));
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": self.shape(cells),
            "data_type": self.dtype.name(),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": self.shape(file_cells)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill_value,
            "codecs": codecs,
            "attributes": self.attributes,
            "dimension_names": dimensions,
        })
    }
}

/// Bins of a histogram where no table tells: those between its edges.
pub fn default_bins(output: &OutputArray) -> Option<u64> {
    let edges = output.edges.as_ref()?.len() as u64;
    Some(edges.saturating_sub(1))
}

/// Refuses, in words, outputs that no store can hold: before anything is computed.
pub fn check(schema: &StoreSchema) -> Result<(), String> {
    let mut names = BTreeSet::from([CELL_IDS, CRS, "zarr.json"]);
    for output in &schema.arrays {
        let name = output.name.as_str();
        let nameable = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        if name.is_empty()
            || name.starts_with(['.', '-'])
            || name.starts_with("__")
            || !name.chars().all(nameable)
        {
            return Err(format!(
                "output {name:?} cannot name an array; use letters, digits and _"
            ));
        }
        if !names.insert(name) {
            return Err(format!(
                "the name {name} of an output is taken; choose another"
            ));
        }
        ArrayLayout::output(output, default_bins(output))?;
    }
    Ok(())
}

/// Attributes of the group, and name and attributes of each array, `cell_ids` first, for what is no
/// Zarr store: without those that name other arrays of the store.
pub fn attributes(schema: &StoreSchema) -> (Attributes, Vec<(String, Attributes)>) {
    let group = object(group(schema, Layout::Cells)["attributes"].clone());
    let ids = ArrayLayout::cell_ids(schema.grid);
    let mut arrays = vec![(ids.name, ids.attributes)];
    for output in &schema.arrays {
        let mut attributes = output_attributes(output, default_bins(output));
        attributes.remove("grid_mapping");
        arrays.push((output.name.clone(), attributes));
    }
    (group, arrays)
}

/// The `zarr.json` of the group of one order.
pub fn group(schema: &StoreSchema, layout: Layout) -> Value {
    let grid = schema.grid;
    let mut icefold = object(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "config_sha256": schema.config_sha256,
        "shard_order": grid.shard_order.get(),
    }));
    if layout != Layout::Cells {
        icefold.insert("layout".to_owned(), json!(layout.name()));
    }
    json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {
            "zarr_conventions": [dggs_convention()],
            "dggs": dggs(grid, layout),
            "latitude": grid.latitude.name(),
            "icefold": icefold,
        },
    })
}

/// The grid of a group's cells, as the `dggs` convention has it; without a coordinate, the cells are
/// all of the order, in the order of their ids.
pub fn dggs(grid: GridConfig, layout: Layout) -> Value {
    let mut dggs = json!({
        "name": "healpix",
        "refinement_level": grid.cell_order.get(),
        "indexing_scheme": "nested",
        "spatial_dimension": "cells",
        "ellipsoid": ellipsoid(grid.latitude, "semi_major_axis"),
    });
    if layout == Layout::Cells {
        dggs["coordinate"] = json!(CELL_IDS);
        dggs["compression"] = json!("none");
    }
    dggs
}

pub fn dggs_convention() -> Value {
    let description = "Discrete Global Grid Systems convention for zarr";
    convention("dggs", "7b255807-140c-42ca-97f6-7a1cfecdbc38", description)
}

/// The `zarr.json` of the grid mapping: a scalar without a stored value, whose attributes count.
pub fn crs(grid: GridConfig) -> Value {
    let mut attributes = object(json!({
        "grid_mapping_name": "healpix",
        "refinement_level": grid.cell_order.get(),
        "indexing_scheme": "nested",
    }));
    attributes.extend(object(match grid.latitude {
        Latitude::AuthalicWgs84 => json!({
            "reference_ellipsoid_name": "WGS 84",
            "semi_major_axis": SEMI_MAJOR_AXIS,
            "inverse_flattening": INVERSE_FLATTENING,
        }),
        Latitude::GeodeticSpherical => json!({"earth_radius": SPHERE_RADIUS}),
    }));
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": [],
        "data_type": "int8",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": []}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": attributes,
        "dimension_names": [],
    })
}

/// The body on which ids and positions agree for a reader that knows no latitude convention.
///
/// Geodetic latitudes hashed as they stand are what such a reader does on a sphere; naming WGS84
/// there would place every cell up to 14 km away from its photons.
fn ellipsoid(latitude: Latitude, axis: &str) -> Value {
    match latitude {
        Latitude::AuthalicWgs84 => json!({
            "name": "WGS84",
            axis: SEMI_MAJOR_AXIS,
            "inverse_flattening": INVERSE_FLATTENING,
        }),
        Latitude::GeodeticSpherical => json!({"name": "sphere", "radius": SPHERE_RADIUS}),
    }
}

fn output_attributes(output: &OutputArray, bins: Option<u64>) -> Map<String, Value> {
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
    if let Some(edges) = &output.edges {
        let values: Vec<Value> = edges.iter().map(|&edge| float(edge)).collect();
        attributes.insert("edges".to_owned(), Value::Array(values));
        if bins == Some(edges.len() as u64 + 1) {
            let order = "below the first edge, between the edges, above the last edge";
            attributes.insert("bins".to_owned(), json!(order));
        }
    }
    attributes
}

/// Little-endian bytes and JSON of a fill value; `None` if the dtype does not hold it.
#[allow(
    clippy::cast_lossless,
    reason = "one macro for widths that convert exactly and widths that do not"
)]
fn fill(dtype: Dtype, value: f64) -> Option<(Vec<u8>, Value)> {
    macro_rules! whole {
        ($t:ty) => {{
            let held = value as $t;
            // Adding zero makes -0 the 0 that an integer gives back.
            ((held as f64).to_bits() == (value + 0.0).to_bits())
                .then(|| (held.to_le_bytes().to_vec(), json!(held)))
        }};
    }
    match dtype {
        Dtype::I8 => whole!(i8),
        Dtype::I16 => whole!(i16),
        Dtype::I32 => whole!(i32),
        Dtype::I64 => whole!(i64),
        Dtype::U8 => whole!(u8),
        Dtype::U16 => whole!(u16),
        Dtype::U32 => whole!(u32),
        Dtype::U64 => whole!(u64),
        Dtype::F32 => {
            let held = value as f32;
            (held.is_finite() || !value.is_finite())
                .then(|| (held.to_le_bytes().to_vec(), float(value)))
        }
        Dtype::F64 => Some((value.to_le_bytes().to_vec(), float(value))),
    }
}

/// A float as Zarr writes it: a number, or the name of what JSON has no number for.
fn float(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(value)
    }
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_value_that_the_type_cannot_hold_is_refused() {
        assert!(fill(Dtype::U8, -1.0).is_none());
        assert!(fill(Dtype::I32, f64::NAN).is_none());
        assert!(fill(Dtype::I16, 0.5).is_none());
        let (bytes, json) = fill(Dtype::I16, -2.0).unwrap();
        assert_eq!((bytes, json), (vec![0xfe, 0xff], json!(-2)));
        assert_eq!(fill(Dtype::F32, f64::NAN).unwrap().1, json!("NaN"));
        assert!(fill(Dtype::F32, 1e39).is_none());
    }

    #[test]
    fn spherical_ids_are_described_as_on_a_sphere() {
        let sphere = ellipsoid(Latitude::GeodeticSpherical, "semi_major_axis");
        assert_eq!(sphere, json!({"name": "sphere", "radius": 6_370_997.0}));
    }
}
