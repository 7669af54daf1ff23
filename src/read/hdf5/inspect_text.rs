//! The description of a granule as text for people.
//!
//! Beside the line: `icefold inspect GRANULE`, after `inspect.rs`.

use std::fmt::Write as _;

use serde_json::Value;

use super::presence::listed;
use crate::error::{Dialect, Setting};
use crate::text::aligned;

/// Groups whose datasets the table shows one by one.
const MAIN_GROUPS: [&str; 3] = ["heights", "land_ice_segments", "geolocation"];

/// The description that [`inspect`](super::inspect) gives as a table: which granule it is, rows per
/// ground track, and all datasets where they are described, else those of the main groups of the
/// ground track that has most rows.
pub(super) fn inspect_text(description: &Value, dialect: &dyn Dialect) -> String {
    let tracks = list(&description["ground_tracks"]);
    let mut text = format!(
        "{}  {} bytes, {} ground tracks\n",
        description["granule"].as_str().unwrap_or("?"),
        description["bytes"],
        tracks.len()
    );
    for line in facts(description) {
        let _ = writeln!(text, "{line}");
    }
    if let Some(most) = description["described_at_most"].as_u64() {
        let _ = writeln!(text, "only the first {most} groups and datasets are shown");
    }
    let all = description["datasets"].as_array();
    if tracks.is_empty() && all.is_none() {
        let others = list(&description["other_members"])
            .iter()
            .filter_map(Value::as_str);
        let others: Vec<String> = others.map(str::to_owned).collect();
        let _ = writeln!(text, "it holds {}", listed(&others));
        return text;
    }
    let present: Vec<&str> = MAIN_GROUPS
        .into_iter()
        .filter(|path| tracks.iter().any(|t| group(t, path).is_some()))
        .collect();
    text.push('\n');
    text.push_str(&aligned(&track_table(tracks, &present)));
    if let Some(all) = all {
        let _ = writeln!(text, "\n{} datasets", all.len());
        text.push_str(&aligned(&dataset_table(all, "path")));
        return text;
    }
    let hidden = tracks
        .iter()
        .any(|track| other_groups(track, &present).next().is_some());
    if hidden {
        let all = dialect.setting(Setting::All, None);
        let _ = writeln!(text, "{all} lists the datasets of all groups");
    }
    let rows = |track: &&Value| present.first().map_or(0, |path| group_rows(track, path));
    let Some(shown) = tracks.iter().rev().max_by_key(rows) else {
        return text;
    };
    for path in &present {
        if let Some(group) = group(shown, path) {
            let name = shown["name"].as_str().unwrap_or("?");
            let _ = writeln!(text, "\n{name}/{path}");
            text.push_str(&aligned(&dataset_table(list(&group["datasets"]), "name")));
        }
    }
    text
}

/// One line per ground track: rows of each main group, and how many datasets are not shown.
fn track_table(tracks: &[Value], main: &[&str]) -> Vec<Vec<String>> {
    let mut header = vec!["ground track".to_owned()];
    header.extend(main.iter().map(|path| format!("{path} rows")));
    header.push("other groups".into());
    let mut table = vec![header];
    for track in tracks {
        let mut line = vec![track["name"].as_str().unwrap_or("?").to_owned()];
        line.extend(main.iter().map(|path| match group(track, path) {
            Some(_) => group_rows(track, path).to_string(),
            None => "-".into(),
        }));
        let others: Vec<&Value> = other_groups(track, main).collect();
        let datasets: usize = others.iter().map(|g| list(&g["datasets"]).len()).sum();
        line.push(match others.len() {
            0 => "-".into(),
            groups => format!("{groups} with {datasets} datasets"),
        });
        table.push(line);
    }
    table
}

/// Groups of a ground track that are not shown.
fn other_groups<'a>(track: &'a Value, main: &'a [&str]) -> impl Iterator<Item = &'a Value> {
    let groups = list(&track["groups"]).iter();
    groups.filter(|group| main.iter().all(|path| group["path"] != *path))
}

/// Lines that say which granule it is, when and where.
fn facts(description: &Value) -> Vec<String> {
    let shown = |key: &str| match &description[key] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => {
            let words = values.iter().map(plain);
            Some(words.collect::<Vec<_>>().join(" and "))
        }
        other => Some(other.to_string()),
    };
    let parts = [
        ("product", "product"),
        ("release", "release"),
        ("version", "version"),
        ("cycle", "cycle"),
        ("rgt", "reference ground track"),
        ("region", "region"),
        ("orientation", "orientation"),
    ];
    let parts = parts.into_iter().filter_map(|(key, words)| {
        let value = shown(key)?;
        Some(format!("{words} {value}"))
    });
    let parts: Vec<String> = parts.collect();
    let mut lines = Vec::new();
    if !parts.is_empty() {
        lines.push(parts.join(", "));
    }
    let time = &description["time_span"];
    if time.is_object() {
        lines.push(format!(
            "time {} to {}, of {}",
            plain(&time["start"]),
            plain(&time["end"]),
            plain(&time["from"])
        ));
    }
    let area = &description["bounding_box"];
    let side = |key: &str| area[key].as_f64().unwrap_or(f64::NAN);
    if area.is_object() {
        let across = if side("west") > side("east") {
            " across the antimeridian"
        } else {
            ""
        };
        lines.push(format!(
            "longitude {:.4} to {:.4}{across}, latitude {:.4} to {:.4}, of {}",
            side("west"),
            side("east"),
            side("south"),
            side("north"),
            plain(&area["from"])
        ));
    }
    lines.extend(shown("odd"));
    lines
}

/// A JSON value without quotes, `?` for none.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "?".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Datasets line by line, called by this key.
fn dataset_table(datasets: &[Value], called: &str) -> Vec<Vec<String>> {
    let header = [
        "dataset", "shape", "dtype", "chunk", "filters", "ratio", "fill", "units",
    ];
    let mut table = vec![header.map(str::to_owned).to_vec()];
    for dataset in datasets {
        let text = |key: &str| match &dataset[key] {
            Value::Null => "-".to_owned(),
            Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        let shape = |key: &str| match &dataset[key] {
            Value::Array(sizes) => sizes
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(" x "),
            _ => "-".to_owned(),
        };
        if let Some(error) = dataset["error"].as_str() {
            table.push(vec![text(called), error.to_owned()]);
            continue;
        }
        let filters = list(&dataset["filters"]).iter().filter_map(Value::as_str);
        let filters = filters.collect::<Vec<_>>().join(", ");
        let ratio = dataset["compression_ratio"].as_f64();
        table.push(vec![
            text(called),
            shape("shape"),
            text("dtype"),
            shape("chunk_shape"),
            if filters.is_empty() {
                "-".into()
            } else {
                filters
            },
            ratio.map_or("-".into(), |r| format!("{r:.2}")),
            dataset["fill_value"]
                .as_f64()
                .map_or_else(|| text("fill_value"), short),
            text("units"),
        ]);
    }
    table
}

/// A fill value in few characters.
fn short(x: f64) -> String {
    if x.abs() >= 1e12 {
        format!("{x:.3e}")
    } else {
        x.to_string()
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn group<'a>(track: &'a Value, path: &str) -> Option<&'a Value> {
    list(&track["groups"]).iter().find(|g| g["path"] == path)
}

/// Rows that most datasets of a group have: those of its longest.
fn group_rows(track: &Value, path: &str) -> u64 {
    let datasets = group(track, path).map_or(&[][..], |g| list(&g["datasets"]));
    datasets
        .iter()
        .filter_map(|d| d["rows"].as_u64())
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use crate::error::Neutral;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_without_ground_tracks_says_what_it_holds() {
        let description = json!({
            "granule": "a.h5", "bytes": 9, "ground_tracks": [], "other_members": ["x", "y"],
        });
        assert_eq!(
            inspect_text(&description, &Neutral),
            "a.h5  9 bytes, 0 ground tracks\nit holds x, y\n"
        );
    }

    #[test]
    fn names_and_units_of_any_length_are_no_panic() {
        let long = "u".repeat(70_000);
        let dataset = json!({"name": long, "units": long, "shape": [1], "path": long, "rows": 1});
        let group = json!({"path": "heights", "datasets": [dataset]});
        let mut description = json!({
            "granule": long, "bytes": 9, "other_members": [],
            "ground_tracks": [{"name": long, "groups": [group]}],
        });
        assert!(inspect_text(&description, &Neutral).contains("uuu..."));
        description["datasets"] = json!([dataset]);
        assert!(inspect_text(&description, &Neutral).contains("1 datasets"));
    }

    #[test]
    fn facts_are_lines_and_what_is_not_known_is_left_out() {
        let description = json!({
            "product": "ATL06", "cycle": 1, "rgt": [256, 257], "orientation": null,
            "time_span": {"start": "a", "end": null, "from": "x"},
            "bounding_box": {"west": 179.5, "east": -179.0, "south": 1.0, "north": 2.0, "from": "y"},
        });
        assert_eq!(
            facts(&description),
            [
                "product ATL06, cycle 1, reference ground track 256 and 257",
                "time a to ?, of x",
                "longitude 179.5000 to -179.0000 across the antimeridian, latitude 1.0000 to 2.0000, of y",
            ]
        );
    }
}
