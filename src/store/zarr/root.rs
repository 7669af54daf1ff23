//! The metadata document of the whole store: which orders it has, and how they follow from each other.
//!
//! Used by `write.rs` at the end of the line; `metadata.rs` has the documents of each order. Sources:
//! the zarr-conventions `multiscales` convention v1, and how `dggs` v1 composes with it.

use serde_json::{Map, Value, json};

use super::group::Extent;
use super::metadata::{dggs, dggs_convention, object};
use super::raster_documents;
use crate::finalize::StoreSchema;
use crate::grid::Order;

/// The root group's `zarr.json`: its presence says that the store is whole. Where there are overviews,
/// it lists all groups, finest first, each with the grid of its cells.
pub fn root(schema: &StoreSchema, overviews: &[Order]) -> Value {
    let mut attributes = Map::new();
    if !overviews.is_empty() {
        if schema.grid.kind.rectilinear().is_some() {
            let attributes = raster_documents::multiscales(schema, overviews);
            return json!({"zarr_format": 3, "node_type": "group", "attributes": attributes});
        }
        let base = schema.grid.cell_order;
        let mut layout =
            vec![json!({"asset": base.to_string(), "dggs": dggs(schema.grid, Extent::Occupied)})];
        let mut finer = base;
        for &order in overviews {
            layout.push(json!({
                "asset": order.to_string(),
                "derived_from": finer.to_string(),
                // A cell is as many of the finer ones wide, along each side.
                "transform": {"scale": [f64::from(schema.grid.kind.across(order, finer))]},
                "dggs": dggs(schema.at(order).grid, Extent::Occupied),
            }));
            finer = order;
        }
        let conventions = [
            convention(
                "multiscales",
                "d35379db-88df-4056-af3a-620245f8e347",
                "Multiscale layout of zarr datasets",
            ),
            dggs_convention(),
        ];
        attributes = object(json!({
            "zarr_conventions": conventions,
            "multiscales": {
                "layout": layout,
                "resampling_method": "exact statistics of the photons in each cell",
            },
        }));
    }
    json!({"zarr_format": 3, "node_type": "group", "attributes": attributes})
}

/// How a group names a convention of zarr-conventions that it follows, at its version 1.
pub fn convention(name: &str, uuid: &str, description: &str) -> Value {
    let schemas = "https://raw.githubusercontent.com/zarr-conventions";
    let texts = "https://github.com/zarr-conventions";
    json!({
        "schema_url": format!("{schemas}/{name}/refs/tags/v1/schema.json"),
        "spec_url": format!("{texts}/{name}/blob/v1/README.md"),
        "uuid": uuid,
        "name": name,
        "description": description,
    })
}
