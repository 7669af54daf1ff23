//! What is inside a store, as text for people.
//!
//! Below `inspect.rs`, which makes the object.

use serde_json::{Value, json};

use crate::text::{grouped, padded};

/// The object that `inspect` returns, for people.
pub fn text(value: &Value) -> String {
    let by = match value["version"].as_str() {
        Some(version) => format!(
            "written by icefold {version}, config {}",
            plain(&value["config_sha256"])
                .get(..12)
                .unwrap_or("unknown")
        ),
        None => "not written by icefold".to_owned(),
    };
    let mut lines = vec![format!("store {}, {by}", plain(&value["path"]))];
    lines.extend(hash_lines(value));
    lines.extend(provenance_lines(&value["provenance"]));
    for order in value["orders"].as_array().into_iter().flatten() {
        let count = |key: &str| grouped(order[key].as_u64().unwrap_or(0));
        lines.push(String::new());
        let raster = order["grid"].as_str().map(|grid| {
            format!(
                "{}: {} in {}; {grid}; layout {}",
                plain(&order["group"]),
                counted(&order["occupied_cells"], "occupied cell"),
                counted(&order["shards"], "shard"),
                plain(&order["layout"]),
            )
        });
        lines.push(raster.unwrap_or_else(|| {
            format!(
                "order {}: {} in {} of order {}, latitude {}, layout {}",
                order["order"],
                counted(&order["occupied_cells"], "occupied cell"),
                counted(&order["shards"], "shard"),
                order["shard_order"],
                plain(&order["latitude"]),
                plain(&order["layout"]),
            )
        }));
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

/// Granules that are named one by one.
const NAMED: usize = 8;

/// What the store was made of.
fn provenance_lines(of: &Value) -> Vec<String> {
    let Some(granules) = of["granules"].as_array() else {
        return Vec::new();
    };
    let bytes: u64 = granules
        .iter()
        .filter_map(|granule| granule["bytes"].as_u64())
        .sum();
    let mut lines = vec![format!(
        "made of {} ({} bytes) by {}",
        counted(&json!(granules.len()), "file"),
        grouped(bytes),
        plain(&of["command"])
    )];
    for product in of["products"].as_array().into_iter().flatten() {
        let doi = product["doi"]
            .as_str()
            .map_or(String::new(), |doi| format!(", doi {doi}"));
        let kind = match ["synthetic", "quick_look"].map(|kind| product[kind] == true) {
            [true, _] => " (synthetic)",
            [_, true] => " (quick look)",
            _ => "",
        };
        lines.push(format!(
            "  {} release {}{kind}: {}{doi}",
            plain(&product["product"]),
            plain(&product["release"]),
            counted(&product["files"], "file"),
        ));
    }
    for granule in granules.iter().take(NAMED) {
        let name = plain(&granule["name"]);
        let Some(bytes) = granule["bytes"].as_u64() else {
            lines.push(format!("  {name}  no file, so without a size and a probe"));
            continue;
        };
        let kind = if granule["sha256"].is_string() {
            "sha256"
        } else {
            "probe"
        };
        let hash = plain(&granule[kind]);
        let hash = hash.get(..12).unwrap_or(&hash);
        lines.push(format!("  {name}  {} bytes, {kind} {hash}", grouped(bytes)));
    }
    if let Some(more) = granules.len().checked_sub(NAMED).filter(|more| *more > 0) {
        lines.push(format!(
            "  and {} more, all of them in JSON",
            grouped(more as u64)
        ));
    }
    lines
}

/// The content hash of zagg's specification, and what a hive is made of.
fn hash_lines(value: &Value) -> Vec<String> {
    let mut lines = vec![match value["content_hashes"]["combined"].as_str() {
        Some(combined) => format!("content hash as zagg's specification has it {combined}"),
        None => {
            "no content hash as zagg's specification has it: an array over the sphere is too large"
                .to_owned()
        }
    }];
    if let Some(zarrs) = value["zarrs"].as_array() {
        lines.push(format!(
            "a hive of {}",
            counted(&json!(zarrs.len()), "Zarr")
        ));
    }
    for path in value["not_whole"].as_array().into_iter().flatten() {
        lines.push(format!("{} is not whole and was passed over", plain(path)));
    }
    lines
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
pub fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
