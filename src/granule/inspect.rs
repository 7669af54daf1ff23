//! What a granule holds, as JSON; `inspect_text.rs` makes a table of it for people.
//!
//! Beside the line: `icefold inspect GRANULE`. Reads metadata, and values only of what tells which
//! granule it is (`identity.rs`) and where (`extent.rs`).

use std::path::Path;

use hdf5::filters::Filter;
use hdf5::{Dataset, Group, LocationType};
use serde_json::{Value, json};

use super::attributes::{self, Number};
use super::columns::dtype_of;
use super::extent::extent;
use super::file::GranuleFile;
use super::identity::identity;
use crate::Result;

/// Groups nested deeper than this are not entered: products have two or three levels.
const DEEPEST: usize = 6;
/// Datasets described at most where all are.
const MOST_DATASETS: usize = 100_000;

/// Describes a granule: `granule`, `bytes`, what identifies it, `time_span`, `bounding_box`,
/// `other_members` of the root, and `ground_tracks` with `name` and `groups`, each with `path` in the
/// ground track and `datasets`.
///
/// # Errors
/// As [`GranuleFile::open`], and where metadata cannot be read.
pub fn inspect(path: &Path) -> Result<Value> {
    describe(&GranuleFile::open(path)?)
}

/// [`inspect`], and `datasets`: every dataset of the file by its `path`.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_all(path: &Path) -> Result<Value> {
    let granule = GranuleFile::open(path)?;
    let mut found = describe(&granule)?;
    let mut datasets = Vec::new();
    if let Some(root) = granule.find_group("/")? {
        describe_all(&granule, &root, "", &mut datasets);
    }
    found["datasets"] = json!(datasets);
    Ok(found)
}

fn describe(granule: &GranuleFile) -> Result<Value> {
    let (tracks, others): (Vec<String>, Vec<String>) = granule
        .members()?
        .into_iter()
        .partition(|name| name.starts_with("gt"));
    let mut ground_tracks = Vec::new();
    for name in &tracks {
        let mut groups = Vec::new();
        if let Some(group) = granule.find_group(name)? {
            describe_group(granule, &group, name, "", &mut groups)?;
        }
        ground_tracks.push(json!({"name": name, "groups": groups}));
    }
    let mut found = identity(granule);
    (found["time_span"], found["bounding_box"]) = extent(granule, &ground_tracks);
    found["granule"] = json!(granule.name());
    found["bytes"] = json!(granule.bytes());
    found["odd"] = json!(granule.odd());
    found["ground_tracks"] = json!(ground_tracks);
    found["other_members"] = json!(others);
    Ok(found)
}

/// Adds every dataset of a group and below, and what of it cannot be read with the reason.
fn describe_all(granule: &GranuleFile, group: &Group, path: &str, datasets: &mut Vec<Value>) {
    let deep = path.matches('/').count() > DEEPEST;
    let names = granule.names(group, path).unwrap_or_default();
    for name in names {
        if datasets.len() >= MOST_DATASETS {
            return;
        }
        let full = format!("{path}/{name}");
        let described = match group.loc_type_by_name(&name) {
            Ok(LocationType::Group) if deep => Ok(json!({"error": "groups below are not entered"})),
            Ok(LocationType::Group) => group.group(&name).map(|inner| {
                describe_all(granule, &inner, &full, datasets);
                Value::Null
            }),
            Ok(LocationType::Dataset) => {
                let dataset = group.dataset(&name);
                dataset.and_then(|dataset| describe_dataset(&name, &dataset))
            }
            Ok(_) => Ok(json!({"error": "is neither a group nor a dataset"})),
            Err(e) => Err(e),
        };
        let mut described =
            described.unwrap_or_else(|e| json!({"error": super::file::condensed(&e)}));
        if !described.is_null() {
            described["path"] = json!(full);
            datasets.push(described);
        }
    }
}

/// Adds a group with its datasets, then the groups in it, to `groups`.
fn describe_group(
    granule: &GranuleFile,
    group: &Group,
    ground_track: &str,
    path: &str,
    groups: &mut Vec<Value>,
) -> Result<()> {
    let full = match path {
        "" => format!("/{ground_track}"),
        path => format!("/{ground_track}/{path}"),
    };
    let mut datasets = Vec::new();
    let mut inner = Vec::new();
    for name in granule.names(group, &full)? {
        let failed = |e: hdf5::Error| granule.damaged(format!("read {full}/{name}"), &e);
        match group.loc_type_by_name(&name).map_err(failed)? {
            LocationType::Group => inner.push(name),
            LocationType::Dataset => {
                let dataset = group.dataset(&name).map_err(failed)?;
                datasets.push(describe_dataset(&name, &dataset).map_err(failed)?);
            }
            _ => {}
        }
    }
    if !datasets.is_empty() || inner.is_empty() {
        groups.push(json!({"path": path, "datasets": datasets}));
    }
    for name in inner {
        let within = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}/{name}")
        };
        let found = granule.find_group(&format!("/{ground_track}/{within}"))?;
        match found {
            Some(found) if within.split('/').count() <= DEEPEST => {
                describe_group(granule, &found, ground_track, &within, groups)?;
            }
            _ => {}
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
