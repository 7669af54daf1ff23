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
use super::metadata::CELL_IDS;
use super::open::ArrayInfo;
use super::read::StoreReader;
use super::step_read;
use super::value::{Scalar, scalar};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::folders;
use crate::store::content::{ContentHash, content_hash};
use crate::text::{grouped, padded};

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
    Ok(Inspected(json!({
        "kind": "store",
        "path": path.display().to_string(),
        "version": known.get("version"),
        "config_sha256": known.get("config_sha256"),
        "orders": orders,
    })))
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
        "occupied_cells": store.cells(),
        "axis": steps,
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
        contents.add(&info, &block);
    }
    let sha256 = hex(&hash.finalize());
    let mut array = Map::new();
    let mut insert = |key: &str, value: Value| array.insert(key.to_owned(), value);
    insert("name", json!(name));
    insert("dtype", json!(info.dtype.name()));
    insert("shape", json!(info.shape));
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
        Extent::Sphere if name == CELL_IDS => 0,
        _ => folder_bytes(&store.folder(name))?,
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

/// The object that [`inspect`] returns, for people.
fn text(value: &Value) -> String {
    let mut lines = vec![format!(
        "store {}, written by icefold {}, config {}",
        plain(&value["path"]),
        plain(&value["version"]),
        plain(&value["config_sha256"])
            .get(..12)
            .unwrap_or("unknown"),
    )];
    for order in value["orders"].as_array().into_iter().flatten() {
        let count = |key: &str| grouped(order[key].as_u64().unwrap_or(0));
        lines.push(String::new());
        lines.push(format!(
            "order {}: {} in {} of order {}, latitude {}, layout {}",
            order["order"],
            counted(&order["occupied_cells"], "occupied cell"),
            counted(&order["shards"], "shard"),
            order["shard_order"],
            plain(&order["latitude"]),
            plain(&order["layout"]),
        ));
        if let Some(steps) = order["axis"]["steps"].as_array() {
            let name = plain(&order["axis"]["name"]);
            let ends = [steps.first(), steps.last()].map(|end| end.map(plain).unwrap_or_default());
            lines.push(match steps.len() {
                0 => format!("steps of {name}: none"),
                1 => format!("steps of {name}: {}", ends[0]),
                more => format!("steps of {name}: {more}, {} up to {}", ends[0], ends[1]),
            });
        }
        lines.push(format!(
            "{} bytes stored, {} raw; content sha256 {}",
            count("stored_bytes"),
            count("raw_bytes"),
            plain(&order["content_sha256"]),
        ));
        lines.extend(table(order));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One row per array, columns aligned.
fn table(order: &Value) -> Vec<String> {
    const COLUMNS: [&str; 10] = [
        "name",
        "dtype",
        "statistic",
        "source",
        "units",
        "resolution",
        "min",
        "max",
        "nan",
        "sha256",
    ];
    let arrays = order["arrays"].as_array().into_iter().flatten();
    let rows: Vec<[String; 10]> = std::iter::once(COLUMNS.map(str::to_owned))
        .chain(arrays.map(|array| {
            COLUMNS.map(|column| match &array[column] {
                Value::Null => "-".to_owned(),
                Value::String(hash) if column == "sha256" => hash.chars().take(12).collect(),
                value => plain(value),
            })
        }))
        .collect();
    let widths: [usize; 10] = std::array::from_fn(|column| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    });
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str("  ");
                line.push_str(&padded(cell, width));
            }
            line.trim_end().to_owned()
        })
        .collect()
}

/// A count and what it counts.
fn counted(count: &Value, noun: &str) -> String {
    let count = count.as_u64().unwrap_or(0);
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// A JSON value without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
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
