//! Tells what is inside a store, for `icefold inspect`.
//!
//! Beside the line: every value is read once, a Zarr shard at a time, so that what is told is true of the
//! data and not only of the metadata.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::group::Extent;
use super::hive::is_hive;
use super::inspect_text::{plain, text};
use super::inspect_tree::store_hashes;
use super::logical::TreeHashes;
use super::made_of::made_of;
use super::metadata::CELL_IDS;
use super::open::ArrayInfo;
use super::read::StoreReader;
use super::step_read;
use super::value::{Scalar, scalar};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::folders;
use crate::store::content::{ContentHash, content_hash};

/// Everything about a store; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Inspected(Value);

impl Inspected {
    /// The same as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

/// Everything about the store at `path`.
///
/// # Errors
/// If it cannot be read, or part of it is missing or damaged.
pub fn inspect(path: &Path) -> Result<Inspected> {
    let mut orders = Vec::new();
    let mut known = Map::new();
    for order in StoreReader::orders_of(path)?.into_iter().rev() {
        let reader = StoreReader::open_order(path, order)?;
        // Those of the finest order stay.
        let icefold = reader.attributes().get("icefold");
        for (key, value) in icefold.and_then(Value::as_object).into_iter().flatten() {
            known.entry(key.clone()).or_insert_with(|| value.clone());
        }
        orders.push(inspect_order(&reader)?);
    }
    let [content, zarrs, debris] = store_hashes(path, &known_hashes(&orders))?.json();
    let mut found = Map::from_iter([
        ("kind".to_owned(), json!("store")),
        ("path".to_owned(), json!(path.display().to_string())),
        ("version".to_owned(), json!(known.get("version"))),
        (
            "config_sha256".to_owned(),
            json!(known.get("config_sha256")),
        ),
        ("orders".to_owned(), json!(orders)),
        ("content_hashes".to_owned(), content),
    ]);
    if is_hive(path) {
        found.insert("zarrs".to_owned(), zarrs);
        found.insert("not_whole".to_owned(), debris);
    }
    found.insert("provenance".to_owned(), json!(made_of(path)?));
    Ok(Inspected(Value::Object(found)))
}

/// Hashes that were taken on the way: of arrays that are stored in the order in which they are read.
fn known_hashes(orders: &[Value]) -> TreeHashes {
    let mut known = TreeHashes::default();
    let of_cells = |order: &&Value| order["layout"] == "cells" && order["axis"].is_null();
    for order in orders.iter().filter(of_cells) {
        for array in order["arrays"].as_array().into_iter().flatten() {
            if array["rows"].is_null() {
                let path = match plain(&order["path"]) {
                    root if root.is_empty() => plain(&array["name"]),
                    group => format!("{group}/{}", plain(&array["name"])),
                };
                known.insert(path, plain(&array["sha256"]));
            }
        }
    }
    known
}

/// The content hash of the finest order of the store at `path`, of its values.
///
/// # Errors
/// As [`inspect`].
pub fn content_of(path: &Path) -> Result<String> {
    let store = StoreReader::open(path)?;
    let names = store.arrays().iter().map(String::as_str);
    let hash = |name: &str| inspect_array(&store, name).map(|(_, hash)| hash);
    let hashes: Result<Vec<ContentHash>> =
        std::iter::once(CELL_IDS).chain(names).map(hash).collect();
    let mut hashes = hashes?;
    hashes.extend(
        store
            .times()
            .into_iter()
            .flat_map(|times| times.hashes().to_vec()),
    );
    Ok(content_hash(&hashes))
}

fn inspect_order(store: &StoreReader) -> Result<Value> {
    let grid = store.grid();
    let mut shards: Vec<u64> = store
        .cell_ids()?
        .into_iter()
        .map(|id| grid.shard_of(id))
        .collect();
    shards.dedup();
    let mut hashes = Vec::new();
    let mut arrays = Vec::new();
    let names = store.arrays().iter().map(String::as_str);
    for name in std::iter::once(CELL_IDS).chain(names) {
        let (array, hash) = inspect_array(store, name)?;
        arrays.push(array);
        hashes.push(hash);
    }
    hashes.extend(
        store
            .times()
            .into_iter()
            .flat_map(|times| times.hashes().to_vec()),
    );
    let steps = store.times().map(|times| {
        let said: Vec<String> = (0..times.len() as usize)
            .map(|step| times.said(step))
            .collect();
        json!({"name": times.name, "steps": said})
    });
    let total = |key: &str| -> u64 { arrays.iter().filter_map(|a| a[key].as_u64()).sum() };
    Ok(json!({
        "order": grid.cell_order.get(),
        "shard_order": grid.shard_order.get(),
        "latitude": grid.kind.latitude(),
        "layout": store.extent().name(),
        "group": grid.group(),
        "path": store.group_path(),
        "grid": grid.kind.rectilinear().map(|of| of.in_words(grid.cell_order)),
        "occupied_cells": store.cells(),
        "axis": steps,
        "others": store.others(),
        "shards": shards.len(),
        "stored_bytes": total("stored_bytes"),
        "raw_bytes": total("raw_bytes"),
        "content_sha256": content_hash(&hashes),
        "arrays": arrays,
    }))
}

fn inspect_array(store: &StoreReader, name: &str) -> Result<(Value, ContentHash)> {
    let info = store.info(name)?;
    let mut hash = Sha256::new();
    let mut contents = Contents::default();
    let per_cell = info.shape[1..].iter().product::<u64>() as usize * info.dtype.size();
    let mut cells = 0;
    for block in store.blocks(name)? {
        let block = block?;
        if info.at_steps {
            step_read::hash(&mut hash, &info, cells, &block);
            cells += (block.len() / per_cell.max(1)) as u64;
        } else {
            hash.update(&block);
        }
        if info.ragged.is_some() {
            // Behind its length; means and weights have no range together.
            contents.bytes += block.len().saturating_sub(8) as u64;
        } else {
            contents.add(&info, &block);
        }
    }
    let sha256 = hex(&hash.finalize());
    let mut array = Map::new();
    let mut insert = |key: &str, value: Value| array.insert(key.to_owned(), value);
    insert("name", json!(name));
    insert("dtype", json!(info.dtype.name()));
    insert("shape", json!(info.shape));
    if let Some(values) = info.ragged {
        let row = values * info.dtype.size() as u64;
        insert("rows", json!(contents.bytes / row.max(1)));
    }
    for key in ["statistic", "source", "units", "resolution", "long_name"] {
        if let Some(value) = info.attributes.get(key) {
            insert(key, value.clone());
        }
    }
    let [low, high] = contents
        .range
        .map_or([Value::Null, Value::Null], |range| range.map(number));
    insert("min", low);
    insert("max", high);
    insert("nan", json!(contents.nan));
    insert("fill", json!(contents.fill));
    // Ids that are indices are not stored.
    let stored = match store.extent() {
        Extent::Sphere | Extent::Leaves | Extent::Raster if name == CELL_IDS => 0,
        _ => {
            let mut stored = 0;
            for folder in store.folders(name)? {
                stored += folder_bytes(&folder)?;
            }
            stored
        }
    };
    insert("stored_bytes", json!(stored));
    insert("raw_bytes", json!(contents.bytes));
    insert("sha256", json!(sha256));
    let hash = ContentHash {
        array: name.to_owned(),
        dtype: info.dtype,
        sha256,
    };
    Ok((Value::Object(array), hash))
}

/// What an array's values are, all together.
#[derive(Default)]
struct Contents {
    /// Least and greatest of what is neither NaN nor a float's fill value.
    range: Option<[Scalar; 2]>,
    nan: u64,
    fill: u64,
    bytes: u64,
}

impl Contents {
    fn add(&mut self, info: &ArrayInfo, block: &[u8]) {
        self.bytes += block.len() as u64;
        for bytes in block.chunks_exact(info.dtype.size()) {
            let value = scalar(info.dtype, bytes);
            if matches!(value, Scalar::Float(x) if x.is_nan()) {
                self.nan += 1;
            } else if info.dtype.is_float() && bytes == info.fill {
                self.fill += 1;
            } else {
                let [low, high] = self.range.unwrap_or([value; 2]);
                self.range = Some([
                    if below(value, low) { value } else { low },
                    if below(high, value) { value } else { high },
                ]);
            }
        }
    }
}

fn below(a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Whole(a), Scalar::Whole(b)) => a < b,
        (Scalar::Float(a), Scalar::Float(b)) => a < b,
        _ => false,
    }
}

/// A value as JSON; infinities by name, as Zarr writes them.
fn number(value: Scalar) -> Value {
    match value {
        Scalar::Whole(value) => {
            i64::try_from(value).map_or_else(|_| json!(value as u64), Value::from)
        }
        Scalar::Float(value) if value.is_infinite() => {
            json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
        }
        Scalar::Float(value) => json!(value),
    }
}

/// Bytes of all files in a folder.
fn folder_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for path in folders::list(folder).map_err(|error| Error::io("list", folder, error))? {
        let metadata = fs::symlink_metadata(&path);
        let metadata = metadata.map_err(|error| Error::io("look at", &path, error))?;
        bytes += if metadata.is_dir() {
            folder_bytes(&path)?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::write;
    use super::*;

    #[test]
    fn the_content_hash_is_that_of_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let hashes = write(&path, 1443, 100);
        let found = inspect(&path).unwrap();
        let order = &found.json()["orders"][0];
        assert_eq!(order["content_sha256"], content_hash(&hashes));
        assert_eq!(
            (&order["shards"], &order["arrays"][1]["max"]),
            (&json!(2), &json!(99))
        );
        let text = found.to_string();
        assert!(
            text.contains("order 12: 1,443 occupied cells in 2 shards of order 6"),
            "{text}"
        );
    }
}
