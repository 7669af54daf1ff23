//! The coordinate of the steps of time: when they begin and end, as CF has it, or their numbers.
//!
//! Below `group.rs`. Sources: CF Conventions 1.11, sections 4.4 and 7.1.

use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::array::{WriteFailure, create_folder, put_file, write_document};
use crate::config::Dtype;
use crate::digest::hex;
use crate::finalize::StoreSteps;
use crate::store::content::ContentHash;

/// The ends of each step.
pub const BOUNDS: &str = "time_bnds";
/// The epoch of `delta_time`. No leap second was announced since, so days have 86,400 seconds.
const UNITS: &str = "seconds since 2018-01-01 00:00:00";

/// A coordinate, and what goes with it.
struct Coordinate {
    name: &'static str,
    dtype: Dtype,
    shape: Vec<u64>,
    dimensions: Vec<&'static str>,
    attributes: Map<String, Value>,
    bytes: Vec<u8>,
}

impl Coordinate {
    fn hash(&self) -> ContentHash {
        ContentHash {
            array: self.name.to_owned(),
            dtype: self.dtype,
            sha256: hex(&Sha256::digest(&self.bytes)),
        }
    }
}

/// Writes the coordinate of the steps below the folder of a group; gives back its hash.
pub fn write(group: &Path, steps: &StoreSteps) -> Result<Vec<ContentHash>, WriteFailure> {
    let coordinates = coordinates(steps);
    let hashes = coordinates.into_iter().map(|coordinate| {
        let folder = group.join(coordinate.name);
        create_folder(&folder)?;
        if !coordinate.bytes.is_empty() {
            let zeros = vec!["0"; coordinate.shape.len()].join("/");
            put_file(&folder.join(format!("c/{zeros}")), &coordinate.bytes)?;
        }
        write_document(&folder, &document(&coordinate))?;
        Ok(coordinate.hash())
    });
    hashes.collect()
}

/// The hash of each coordinate of the steps.
pub fn hashes(steps: &StoreSteps) -> Vec<ContentHash> {
    coordinates(steps).iter().map(Coordinate::hash).collect()
}

/// Attributes of the column of a table that has the step of each row.
pub fn of_rows(steps: &StoreSteps) -> Map<String, Value> {
    let mut attributes = attributes(steps);
    // Of the array of a store.
    for key in ["bounds", "units", "calendar"] {
        attributes.shift_remove(key);
    }
    attributes
}

fn coordinates(steps: &StoreSteps) -> Vec<Coordinate> {
    let length = steps.len();
    let Some(edges) = steps.edges() else {
        let numbers = steps.numbers().into_iter().map(u32::cast_signed);
        return vec![Coordinate {
            name: steps.name(),
            dtype: Dtype::I32,
            shape: vec![length],
            dimensions: vec![steps.name()],
            attributes: attributes(steps),
            bytes: numbers.flat_map(i32::to_le_bytes).collect(),
        }];
    };
    let ends = edges.windows(2).flat_map(|ends| [ends[0], ends[1]]);
    let starts = edges.iter().take(length as usize);
    vec![
        Coordinate {
            name: steps.name(),
            dtype: Dtype::F64,
            shape: vec![length],
            dimensions: vec![steps.name()],
            attributes: attributes(steps),
            bytes: starts.copied().flat_map(f64::to_le_bytes).collect(),
        },
        Coordinate {
            name: BOUNDS,
            dtype: Dtype::F64,
            shape: vec![length, 2],
            dimensions: vec![steps.name(), "bnds"],
            // What a variable of bounds lacks is its coordinate's; some readers look for it here.
            attributes: object(json!({"units": UNITS, "calendar": "standard"})),
            bytes: ends.flat_map(f64::to_le_bytes).collect(),
        },
    ]
}

fn attributes(steps: &StoreSteps) -> Map<String, Value> {
    let Some(number) = steps.numbered() else {
        return object(json!({
            "standard_name": "time",
            "long_name": "start of the step",
            "axis": "T",
            "units": UNITS,
            "calendar": "standard",
            "bounds": BOUNDS,
        }));
    };
    object(json!({
        "long_name": number.long_name(),
        "units": "1",
    }))
}

/// The `zarr.json` of a coordinate: one Zarr chunk, as it is.
fn document(coordinate: &Coordinate) -> Value {
    let chunk: Vec<u64> = coordinate.shape.iter().map(|&n| n.max(1)).collect();
    let fill = match coordinate.dtype {
        Dtype::F64 => json!("NaN"),
        _ => json!(0),
    };
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": coordinate.shape,
        "data_type": coordinate.dtype.name(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunk}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "attributes": coordinate.attributes,
        "dimension_names": coordinate.dimensions,
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
