//! What a granule holds, as JSON and as a table for people.
//!
//! Beside the line: `icefold inspect GRANULE`. Reads metadata only, never values.

use std::fmt::Write as _;
use std::path::Path;

use hdf5::filters::Filter;
use hdf5::{Dataset, LocationType};
use serde_json::{Value, json};

use super::attributes::{self, Number};
use super::columns::dtype_of;
use super::file::GranuleFile;
use super::walk::{Spot, Walk};
use crate::Result;
use crate::config::Access;

/// Groups nested deeper than this are not entered: products have two or three levels.
const DEEPEST: usize = 6;
/// Groups whose datasets the table shows one by one.
const MAIN_GROUPS: [&str; 3] = ["heights", "land_ice_segments", "geolocation"];

/// Describes a granule: `granule`, `bytes`, `other_members` of the root, and `ground_tracks` with
/// `name` and `groups`, each with `path` in the ground track and `datasets`.
///
/// # Errors
/// As [`GranuleFile::open`], and where metadata cannot be read.
pub fn inspect(path: &Path, access: &Access) -> Result<Value> {
    let granule = GranuleFile::open_with(path, access)?;
    let (tracks, others): (Vec<String>, Vec<String>) = granule
        .members()?
        .into_iter()
        .partition(|name| name.starts_with("gt"));
    let mut ground_tracks = Vec::new();
    for name in &tracks {
        let mut groups = Vec::new();
        let full = format!("/{name}");
        if let (Walk::Spot(spot), LocationType::Group) = look(&granule, &full)? {
            describe_group(&granule, &spot, (&full, ""), &mut groups)?;
        }
        ground_tracks.push(json!({"name": name, "groups": groups}));
    }
    Ok(json!({
        "granule": granule.name(),
        "bytes": granule.bytes(),
        "ground_tracks": ground_tracks,
        "other_members": others,
    }))
}

/// What a path leads to, and of what kind it is.
fn look(granule: &GranuleFile, path: &str) -> Result<(Walk, LocationType)> {
    let walk = granule.walk(path)?;
    let kind = match &walk {
        Walk::Spot(Spot {
            group,
            name: Some(name),
            ..
        }) => {
            let kind = group.loc_type_by_name(name);
            kind.map_err(|e| granule.damaged(format!("read {path}"), &e))?
        }
        Walk::Spot(_) => LocationType::Group,
        Walk::Missing(_) => LocationType::NamedDatatype,
    };
    Ok((walk, kind))
}

/// Adds a group with its datasets, then the groups in it, to `groups`; its path is that of the ground
/// track, and the rest behind it.
fn describe_group(
    granule: &GranuleFile,
    spot: &Spot,
    (ground_track, path): (&str, &str),
    groups: &mut Vec<Value>,
) -> Result<()> {
    let within = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}/{name}"),
    };
    let full = format!("{ground_track}/{path}");
    let group = spot.open_group();
    let group = group.map_err(|e| granule.damaged(format!("open {full} as a group"), &e))?;
    let mut datasets = Vec::new();
    let mut inner = Vec::new();
    for name in granule.names(&group, &full)? {
        let full = format!("{ground_track}/{}", within(&name));
        match look(granule, &full)? {
            (Walk::Spot(spot), LocationType::Group) => inner.push((name, spot)),
            (Walk::Spot(spot), LocationType::Dataset) => {
                let located = granule.open_dataset(spot, &full)?;
                granule.check_sources(&located, &full)?;
                let described = describe_dataset(&name, &located.dataset);
                let failed = |e: hdf5::Error| granule.damaged(format!("read {full}"), &e);
                datasets.push(described.map_err(failed)?);
            }
            _ => {}
        }
    }
    if !datasets.is_empty() || inner.is_empty() {
        groups.push(json!({"path": path, "datasets": datasets}));
    }
    for (name, spot) in inner {
        let path = within(&name);
        if path.split('/').count() <= DEEPEST {
            describe_group(granule, &spot, (ground_track, &path), groups)?;
        }
    }
    Ok(())
}

fn describe_dataset(name: &str, dataset: &Dataset) -> hdf5::Result<Value> {
    let space = dataset.space()?;
    let shape = space.shape();
    let raw_bytes = space.size() as u64 * dataset.dtype()?.size() as u64;
    let stored_bytes = dataset.storage_size();
    let dtype = dtype_of(dataset).map_or_else(|other| other, |dtype| dtype.name().to_owned());
    let filters: Vec<String> = dataset.filters().iter().map(filter_name).collect();
    let fill_value = match attributes::number(dataset, "_FillValue") {
        Ok(Some(Number::Int(n))) => i64::try_from(n).map_or(json!(n as f64), |n| json!(n)),
        Ok(Some(Number::Float(x))) if x.is_finite() => json!(x),
        Ok(Some(Number::Float(x))) => json!(x.to_string()),
        Ok(None) => Value::Null,
        Err(why) => json!(why),
    };
    let ratio = (stored_bytes > 0).then(|| raw_bytes as f64 / stored_bytes as f64);
    Ok(json!({
        "name": name,
        "rows": shape.first().copied().unwrap_or(0),
        "shape": shape,
        "dtype": dtype,
        "chunk_shape": dataset.chunk(),
        "filters": filters,
        "raw_bytes": raw_bytes,
        "stored_bytes": stored_bytes,
        "compression_ratio": ratio,
        "fill_value": fill_value,
        "units": attributes::text(dataset, "units"),
    }))
}

fn filter_name(filter: &Filter) -> String {
    match filter {
        Filter::Deflate(level) => format!("deflate {level}"),
        Filter::Shuffle => "shuffle".into(),
        Filter::Fletcher32 => "fletcher32".into(),
        Filter::SZip(..) => "szip".into(),
        Filter::NBit => "nbit".into(),
        Filter::ScaleOffset(_) => "scaleoffset".into(),
        Filter::User(id, _) => format!("filter {id}"),
    }
}

/// The description that [`inspect`] gives as a table: rows per ground track, and the datasets of
/// the main groups of the ground track that has most rows.
pub fn inspect_text(description: &Value) -> String {
    let tracks = list(&description["ground_tracks"]);
    let mut text = format!(
        "{}  {} bytes, {} ground tracks\n",
        description["granule"].as_str().unwrap_or("?"),
        description["bytes"],
        tracks.len()
    );
    if tracks.is_empty() {
        let others = list(&description["other_members"])
            .iter()
            .filter_map(Value::as_str);
        let others: Vec<&str> = others.collect();
        let _ = writeln!(text, "it holds {}", others.join(", "));
        return text;
    }
    let present: Vec<&str> = MAIN_GROUPS
        .into_iter()
        .filter(|path| tracks.iter().any(|t| group(t, path).is_some()))
        .collect();
    text.push('\n');
    text.push_str(&aligned(&track_table(tracks, &present)));
    let rows = |track: &&Value| present.first().map_or(0, |path| group_rows(track, path));
    let Some(shown) = tracks.iter().rev().max_by_key(rows) else {
        return text;
    };
    for path in &present {
        if let Some(group) = group(shown, path) {
            let name = shown["name"].as_str().unwrap_or("?");
            let _ = writeln!(text, "\n{name}/{path}");
            text.push_str(&aligned(&dataset_table(list(&group["datasets"]))));
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
        let is_main = |g: &&Value| main.iter().any(|path| g["path"] == *path);
        let others: Vec<&Value> = list(&track["groups"])
            .iter()
            .filter(|g| !is_main(g))
            .collect();
        let datasets: usize = others.iter().map(|g| list(&g["datasets"]).len()).sum();
        line.push(match others.len() {
            0 => "-".into(),
            groups => format!("{groups} with {datasets} datasets"),
        });
        table.push(line);
    }
    table
}

fn dataset_table(datasets: &[Value]) -> Vec<Vec<String>> {
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
        let filters = list(&dataset["filters"]).iter().filter_map(Value::as_str);
        let filters = filters.collect::<Vec<_>>().join(", ");
        let ratio = dataset["compression_ratio"].as_f64();
        table.push(vec![
            text("name"),
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

/// Lines of equal columns, two spaces apart, without trailing space.
pub(super) fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| {
        let cells = table.iter().filter_map(|line| line.get(c));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in table {
        let cells = line
            .iter()
            .zip(&widths)
            .map(|(cell, &w)| format!("{cell:w$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_ground_tracks_says_what_it_holds() {
        let description = json!({
            "granule": "a.h5", "bytes": 9, "ground_tracks": [], "other_members": ["x", "y"],
        });
        assert_eq!(
            inspect_text(&description),
            "a.h5  9 bytes, 0 ground tracks\nit holds x, y\n"
        );
    }

    #[test]
    fn tables_align_and_have_no_trailing_space() {
        let table = [["a", "bb"], ["ccc", ""]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(aligned(&table), "a    bb\nccc\n");
    }
}
