//! What a config wants the store to say of an array beside what it says anyway: `attrs` of an output.
//!
//! Beside `outputs.rs`.

use serde_json::{Map, Value};

use super::idle::RawBlock;

/// Attributes that say what values mean, and are icefold's or the format's alone.
const OWN: [&str; 21] = [
    "grid_mapping",
    "statistic",
    "source",
    "resolution",
    "units",
    "long_name",
    "delta",
    "edges",
    "offsets",
    "parts",
    "rows_of",
    "ragged",
    "located",
    "temporal",
    "times",
    "locations",
    "weights",
    "gain",
    "coordinates",
    "scale_factor",
    "add_offset",
];
/// Bytes of all of them as text at most.
const MOST: usize = 10_000;

/// The attributes, where none of them is taken.
///
/// # Errors
/// The key below the output, and what is wrong with it.
pub(super) fn attributes(raw: Option<&RawBlock>) -> Result<Map<String, Value>, (String, String)> {
    let mut found = Map::new();
    for (name, value) in raw.into_iter().flat_map(|entries| &entries.0) {
        let key = || format!(".attrs.{name}");
        if OWN.contains(&&**name) || name.starts_with('_') || name.is_empty() {
            let message = "is an attribute that the store has of its own; choose another name";
            return Err((key(), message.to_owned()));
        }
        if value.is_null() {
            return Err((key(), "has no value".to_owned()));
        }
        found.insert(name.clone(), value.clone());
    }
    let length = Value::Object(found.clone()).to_string().len();
    if length > MOST {
        let message = format!("are {length} bytes of text, and {MOST} are the most");
        return Err((".attrs".to_owned(), message));
    }
    Ok(found)
}
