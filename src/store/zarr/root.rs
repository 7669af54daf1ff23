//! The metadata document of the whole store: the finest cells, which orders there are, and how they follow from each other.
//!
//! Used by `whole.rs` at the end of the line; `metadata.rs` has the documents of each order. Sources: the
//! zarr-conventions `multiscales` convention v1, and how `dggs` v1 composes with it.

use serde_json::{Map, Value, json};

use super::group::Extent;
use super::metadata::{Attributes, dggs, object};
use super::raster_documents;
use crate::finalize::StoreSchema;
use crate::grid::Order;

/// How the root lists the order whose arrays it has itself.
pub const ITSELF: &str = ".";

/// The document of a group with these attributes before its own; of one name they take its place.
pub fn with_attributes(mut document: Value, said: &Attributes) -> Value {
    let mut attributes = said.clone();
    let own = document.get_mut("attributes").map(Value::take);
    for (key, value) in own.map(object).unwrap_or_default() {
        attributes.entry(key).or_insert(value);
    }
    if let Some(document) = document.as_object_mut() {
        document.insert("attributes".to_owned(), Value::Object(attributes));
    }
    document
}

/// The root of a store that has its arrays in groups.
pub fn of_groups(said: &Attributes) -> Value {
    json!({"zarr_format": 3, "node_type": "group", "attributes": said})
}

/// The root's document, which is that of the finest cells, with a list of all orders where there are overviews: finest
/// first, each with the grid of its cells.
pub fn with_overviews(mut document: Value, schema: &StoreSchema, overviews: &[Order]) -> Value {
    if overviews.is_empty() {
        return document;
    }
    let layout = if schema.grid.kind.rectilinear().is_some() {
        raster_documents::layout(schema, overviews)
    } else {
        layout(schema, overviews)
    };
    let Some(attributes) = document["attributes"].as_object_mut() else {
        return document;
    };
    let multiscales = convention(
        "multiscales",
        "d35379db-88df-4056-af3a-620245f8e347",
        "Multiscale layout of zarr datasets",
    );
    if let Some(Value::Array(conventions)) = attributes.get_mut("zarr_conventions") {
        conventions.insert(0, multiscales);
    }
    let scales = json!({
        "layout": layout,
        "resampling_method": "exact statistics of the photons in each cell",
    });
    attributes.insert("multiscales".to_owned(), scales);
    document
}

/// Orders of HEALPix.
fn layout(schema: &StoreSchema, overviews: &[Order]) -> Vec<Value> {
    let base = schema.grid.cell_order;
    let mut layout = vec![json!({"asset": ITSELF, "dggs": dggs(schema.grid, Extent::Occupied)})];
    let (mut finer, mut asset) = (base, ITSELF.to_owned());
    for &order in overviews {
        let mut item = Map::new();
        item.insert("asset".to_owned(), json!(order.to_string()));
        item.insert("derived_from".to_owned(), json!(asset));
        // A cell is as many of the finer ones wide, along each side.
        let scale = f64::from(schema.grid.kind.across(order, finer));
        item.insert("transform".to_owned(), json!({"scale": [scale]}));
        let grid = schema.at(order).grid;
        item.insert("dggs".to_owned(), dggs(grid, Extent::Occupied));
        layout.push(Value::Object(item));
        (finer, asset) = (order, order.to_string());
    }
    layout
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
