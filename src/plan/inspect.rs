//! What is in a shard map, for people and programs.
//!
//! Beside the line: `icefold inspect MAP.json`.

use std::fmt::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Dialect, Neutral, Result, Setting};

use super::map::ShardMap;

/// Shards that the table shows one by one.
const SHOWN: usize = 20;

/// What is in a shard map; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Inspected(Value);

impl Inspected {
    /// The same as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The text, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        table(&self.0, dialect)
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}

/// Describes a map: `map`, `shard_order`, `latitude`, `grid_signature` and `metadata` as stored,
/// numbers of `granules` and `pairs`, and of each of its `shards` its `place`, `id`, `key` and
/// `morton` spelling, its centre (`lon`, `lat`, degrees on WGS84) and number of `granules`.
///
/// # Errors
/// As [`ShardMap::read`].
pub fn inspect(path: &Path) -> Result<Inspected> {
    let map = ShardMap::read(path)?;
    let grid = map.grid();
    let shards: Vec<Value> = (map.shards.iter().zip(map.keys()).enumerate())
        .filter_map(|(place, (shard, key))| {
            let order = map.order?;
            let (lon, lat) = grid.center(order, shard.id);
            Some(json!({
                "place": place, "id": shard.id, "key": key,
                "morton": grid.spelled(order, shard.id),
                "lon": lon, "lat": lat, "granules": shard.granules.len(),
            }))
        })
        .collect();
    Ok(Inspected(json!({
        "map": path.display().to_string(),
        "shard_order": map.order.map(crate::grid::Order::get),
        "latitude": map.metadata.get("latitude").and_then(Value::as_str).unwrap_or(grid.latitude()),
        "grid_signature": map.signature,
        "granules": map.granules.len(),
        "pairs": map.pairs(),
        "metadata": map.metadata,
        "shards": shards,
    })))
}

/// [`inspect`] as a table.
fn table(found: &Value, dialect: &dyn Dialect) -> String {
    let none = Vec::new();
    let shards = found["shards"].as_array().unwrap_or(&none);
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    };
    let mut out = format!("shard map {}\n", text(&found["map"]));
    let mut line = |what: &str, value: &str| _ = writeln!(out, "  {what:<16} {value}");
    line("shard order", &text(&found["shard_order"]));
    line("latitude", &text(&found["latitude"]));
    line("grid signature", &text(&found["grid_signature"]));
    line("shards", &shards.len().to_string());
    line("granules", &text(&found["granules"]));
    line("pairs", &text(&found["pairs"]));
    if let Some(metadata) = found["metadata"].as_object() {
        for (key, value) in metadata {
            line(&format!("  {key}"), &shortened(&text(value)));
        }
    }
    if !shards.is_empty() {
        let _ = writeln!(
            out,
            "\n  {:>6} {:>20} {:>16} {:>9} {:>8} {:>8}",
            "place", "key", "morton", "lon", "lat", "granules"
        );
    }
    for shard in shards.iter().take(SHOWN) {
        let degrees = |key: &str| shard[key].as_f64().unwrap_or(f64::NAN);
        let _ = writeln!(
            out,
            "  {:>6} {:>20} {:>16} {:>9.3} {:>8.3} {:>8}",
            text(&shard["place"]),
            text(&shard["key"]),
            text(&shard["morton"]),
            degrees("lon"),
            degrees("lat"),
            text(&shard["granules"])
        );
    }
    if shards.len() > SHOWN {
        let more = shards.len() - SHOWN;
        let json = dialect.setting(Setting::Json, None);
        let _ = writeln!(out, "  {more} more shards; {json} lists all");
    }
    out
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
