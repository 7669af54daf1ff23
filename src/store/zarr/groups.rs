//! What is in a store's folders: orders, arrays, documents.
//!
//! Below `read.rs`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::group::Extent;
use super::hive::{Tree, is_hive};
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::folders;
use crate::grid::{Grid, Order};

/// What groups of rows and columns are called, and what names of their overviews begin with.
const RASTER: &str = "rectilinear";

/// Orders of the store at `path`, ascending.
pub fn orders(path: &Path) -> Result<Vec<Order>> {
    let refuse = |message: &str| Err(Error::store(path, message));
    match fs::metadata(path) {
        Err(error) => return Err(Error::io("open the store", path, error)),
        Ok(found) if !found.is_dir() => return refuse("is a file, not a zarr store"),
        Ok(_) => {}
    }
    if is_hive(path) {
        return Tree::open(path)?.orders();
    }
    let place = path.join("zarr.json");
    if let Err(error) = fs::metadata(&place)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(Error::io("look at", place, error));
    }
    if !place.is_file() {
        return refuse(if path.join(".zgroup").is_file() {
            "is a zarr store of format 2; icefold reads format 3"
        } else {
            "has no zarr.json: it is not a zarr store, or the run that wrote it did not finish"
        });
    }
    let root = document(path, path)?;
    if root["node_type"] != "group" {
        return refuse("is a zarr array, not a group of orders");
    }
    let inside = folders::list(path).map_err(|error| Error::io("list", path, error))?;
    let mut orders: Vec<Order> = (inside.iter())
        .filter_map(|inside| {
            let name = folders::name(inside);
            if is_raster(&name) {
                return raster_order(path, inside);
            }
            let order = name.parse().ok().and_then(Order::new)?;
            path.join(order.to_string()).is_dir().then_some(order)
        })
        .collect();
    orders.extend(order_in(&root));
    orders.sort_unstable();
    orders.dedup();
    Ok(orders)
}

/// The order of the cells whose arrays are in the group of this document itself, as it states it: of a root, the finest.
/// A root that has no cells states none.
fn order_in(document: &Value) -> Option<Order> {
    let attributes = document["attributes"].as_object()?;
    let icefold = attributes.get("icefold")?;
    let order = match attributes.get("dggs") {
        Some(dggs) => &dggs["refinement_level"],
        None => &icefold["grid"]["order"],
    };
    u8::try_from(order.as_u64()?).ok().and_then(Order::new)
}

/// Whether a group has this name because its cells are rows and columns.
pub fn is_raster(name: &str) -> bool {
    let rest = name.strip_prefix(RASTER);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The order of the cells of such a group, as it states it.
fn raster_order(store: &Path, group: &Path) -> Option<Order> {
    order_in(&document(store, group).ok()?)
}

/// The name of the group of an order that the store has; empty where that is the root.
pub fn group_of(store: &Path, order: Order) -> String {
    let root = document(store, store).ok();
    if root.and_then(|root| order_in(&root)) == Some(order) {
        return String::new();
    }
    let inside = folders::list(store).unwrap_or_default();
    let mut groups = inside.iter().filter(|path| is_raster(&folders::name(path)));
    let found = groups.find(|path| raster_order(store, path) == Some(order));
    found.map_or_else(|| order.to_string(), |path| folders::name(path))
}

/// Names of the folders in a group, sorted; each must be an array.
pub fn subfolders(store: &Path, group: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for path in folders::list(group).map_err(|error| Error::io("list", group, error))? {
        if !path.is_dir() || folders::name(&path).starts_with('.') {
            continue;
        }
        if document(store, &path)?["node_type"] == "array" {
            names.extend(
                path.file_name()
                    .and_then(|name| name.to_str())
                    .map(str::to_owned),
            );
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The `zarr.json` in a folder of the store.
pub fn document(store: &Path, folder: &Path) -> Result<Value> {
    let path = folder.join("zarr.json");
    let text = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!(
                "{} is missing; the store is damaged, write it again",
                path.display()
            );
            return Err(Error::store(store, message));
        }
        text => text.map_err(|error| Error::io("read", &path, error))?,
    };
    let document: Value = serde_json::from_slice(&text).map_err(|error| {
        let message = format!(
            "{} is not JSON: {error}; the store is damaged, write it again",
            path.display()
        );
        Error::store(store, message)
    })?;
    let format = document.get("zarr_format");
    if let Some(format) = format.filter(|format| **format != 3) {
        let message = format!("{} has zarr_format {format}, and 3 is read", path.display());
        return Err(Error::store(store, message));
    }
    Ok(document)
}

/// The grid that a group's attributes describe, and the cells that its arrays are over; an error in words if
/// they do not.
pub fn grid(attributes: &Map<String, Value>, order: Order) -> Result<(GridConfig, Extent), String> {
    let get = |outer: &str, inner: &str| attributes.get(outer).and_then(|map| map.get(inner));
    let kind = Grid::of_attributes(attributes, order)?;
    let extent = match get("icefold", "layout") {
        None => Extent::Occupied,
        Some(name) => Extent::ALL
            .into_iter()
            .find(|extent| *name == extent.name())
            .ok_or_else(|| {
                format!(
                    "has layout {name}; icefold reads cells, fullsphere, hive and raster, open it with zarr"
                )
            })?,
    };
    let shard_order = get("icefold", "shard_order")
        .and_then(Value::as_u64)
        .and_then(|order| u8::try_from(order).ok())
        .and_then(Order::new)
        .filter(|shard| *shard <= order)
        .ok_or("attribute icefold.shard_order is missing or above the cell order")?;
    let grid = GridConfig {
        shard_order,
        chunk_order: None,
        cell_order: order,
        steps: 1,
        kind,
    };
    Ok((grid, extent))
}
