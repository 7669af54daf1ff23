//! What a raster says of itself: group, coordinates, and how overviews follow from each other.
//!
//! Beside `metadata.rs` and `root.rs`. Sources: CF Conventions 1.11 for coordinates, the zarr-conventions `proj` and
//! `spatial` at v0.1, `multiscales` at v1, and how they compose. What the grid says of itself is the grid's
//! (`src/grid/rectilinear/attributes.rs`).

use std::path::Path;

use serde_json::{Map, Value, json};

use super::array::{WriteFailure, create_folder, write_document};
use super::fullsphere::failure;
use super::group::Extent;
use super::metadata::{ArrayLayout, object};
use super::raster::{Cut, packed, write};
use super::root::ITSELF;
use crate::finalize::StoreSchema;
use crate::grid::{GridConfig, Order, Rectilinear};

/// Names that outputs cannot have.
pub const COORDINATES: [&str; 2] = ["x", "y"];

impl ArrayLayout {
    /// The array's `zarr.json` over rows and columns, with these codecs of a chunk.
    pub fn raster_node(&self, cut: &Cut, chain: &Value) -> Value {
        let sides = |sides: [u32; 2], steps: Option<u64>| -> Vec<u64> {
            let steps = steps.into_iter();
            steps
                .chain(sides.map(u64::from))
                .chain(self.values)
                .collect()
        };
        let step = self.steps.map(|_| 1);
        let names = self.steps.map(|(name, _)| name).into_iter();
        let names: Vec<&str> = names
            .chain(["y", "x"])
            .chain(self.dimension.as_deref())
            .collect();
        let codecs = cut.codecs(chain, (step, self.values));
        let mut attributes = self.attributes().clone();
        // GDAL looks for it here where an array is opened by itself.
        attributes.insert("_CRS".to_owned(), json!({"url": cut.crs_url()}));
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": sides(cut.shape, self.steps.map(|(_, steps)| steps)),
            "data_type": self.dtype.name(),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": sides(cut.block, step)}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": self.fill_value,
            "codecs": codecs,
            "attributes": attributes,
            "dimension_names": names,
        })
    }
}

/// The `zarr.json` of the group of one order.
pub fn group(schema: &StoreSchema, grid: &Rectilinear, mut icefold: Map<String, Value>) -> Value {
    let order = schema.grid.cell_order;
    icefold.insert("layout".to_owned(), json!(Extent::Raster.name()));
    icefold.insert("grid".to_owned(), Value::Object(grid.stated(order)));
    let mut attributes = object(json!({
        "Conventions": "CF-1.11",
        "zarr_conventions": conventions(),
    }));
    attributes.extend(schema.grid.kind.of_group(order));
    attributes.insert("icefold".to_owned(), Value::Object(icefold));
    json!({"zarr_format": 3, "node_type": "group", "attributes": attributes})
}

/// Those of `proj` and `spatial`.
fn conventions() -> Value {
    let at = |name: &str, uuid: &str, description: &str| {
        let schemas = "https://raw.githubusercontent.com/zarr-conventions";
        json!({
            "schema_url": format!("{schemas}/{name}/refs/tags/v0.1/schema.json"),
            "spec_url": format!("https://github.com/zarr-conventions/{name}/blob/v0.1/README.md"),
            "uuid": uuid,
            "name": name,
            "description": description,
        })
    };
    json!([
        at(
            "proj",
            "f17cb550-5864-4468-aeb7-f3180cfb622f",
            "Coordinate reference system information for geospatial data",
        ),
        at(
            "spatial",
            "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4",
            "Spatial coordinate information",
        ),
    ])
}

/// What the root lists where there are overviews: all orders, finest first.
pub fn layout(schema: &StoreSchema, overviews: &[Order]) -> Vec<Value> {
    let kind = schema.grid.kind;
    let base = schema.grid.cell_order;
    let asset = |order: Order| {
        if order == base {
            ITSELF.to_owned()
        } else {
            kind.group(order)
        }
    };
    let mut layout = Vec::new();
    let mut finer: Option<Order> = None;
    for order in std::iter::once(base).chain(overviews.iter().copied()) {
        let described = kind.of_group(order);
        let mut item = object(json!({
            "asset": asset(order),
            "spatial:shape": described.get("spatial:shape"),
            "spatial:transform": described.get("spatial:transform"),
        }));
        if let Some(finer) = finer.replace(order) {
            let scale = f64::from(kind.across(order, finer));
            item.insert("derived_from".to_owned(), json!(asset(finer)));
            let transform = json!({"scale": [scale, scale], "translation": [0.0, 0.0]});
            item.insert("transform".to_owned(), transform);
        }
        layout.push(Value::Object(item));
    }
    layout
}

/// Writes the coordinates of the middles of columns and rows below the folder of a group.
pub fn write_coordinates(group: &Path, grid: &GridConfig) -> Result<(), WriteFailure> {
    let Some(rectilinear) = grid.kind.rectilinear() else {
        return Ok(());
    };
    let order = grid.cell_order;
    let [rows, columns] = rectilinear.shape(order);
    let (x, y) = rectilinear.edges(order);
    let geographic = rectilinear.crs().is_geographic();
    let (of_x, of_y) = if geographic {
        (("longitude", "degrees_east"), ("latitude", "degrees_north"))
    } else {
        (
            ("projection_x_coordinate", "m"),
            ("projection_y_coordinate", "m"),
        )
    };
    let middles = |count: u32, at: &dyn Fn(f64) -> f64| -> Vec<u8> {
        let middles = (0..count).map(|index| at(f64::from(index) + 0.5));
        middles.flat_map(f64::to_le_bytes).collect()
    };
    for (name, count, (standard, units), axis, values) in [
        ("x", columns, of_x, "X", middles(columns, &x)),
        ("y", rows, of_y, "Y", middles(rows, &y)),
    ] {
        let folder = group.join(name);
        let path = folder.join("c/0");
        let bytes = packed(&values).map_err(|source| failure(&path, source))?;
        write(&path, &bytes)?;
        create_folder(&folder)?;
        let document = json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": [count],
            "data_type": "float64",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [count]}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": "NaN",
            "codecs": [
                {"name": "bytes", "configuration": {"endian": "little"}},
                {"name": "zstd", "configuration": {"level": super::array::ZSTD_LEVEL, "checksum": true}},
            ],
            "attributes": {"standard_name": standard, "units": units, "axis": axis},
            "dimension_names": [name],
        });
        write_document(&folder, &document)?;
    }
    Ok(())
}
