//! What a granule holds, as JSON; `inspect_text.rs` makes a table of it for people.
//!
//! Beside the line: `icefold inspect GRANULE`. Reads metadata, and only those values that tell which granule
//! it is (`identity.rs`) and where (`extent.rs`).

use std::fmt;
use std::path::Path;

use hdf5::filters::Filter;
use hdf5::{Dataset, LocationType};
use serde::Serialize;
use serde_json::{Value, json};

use super::attributes;
use super::cost::{cost, cost_text};
use super::extent::extent;
use super::file::GranuleFile;
use super::identity::identity;
use super::inspect_text::inspect_text;
use super::types::dtype_of;
use super::walk::{Spot, Walk};
use crate::config::{Access, Config};
use crate::error::{Dialect, Neutral, Result};
use crate::read::attributes::Number;

/// Groups nested deeper than this are not entered: products have two or three levels.
const DEEPEST: usize = 6;
/// Groups and datasets described at most; products have some hundreds.
const MOST_OBJECTS: usize = 10_000;

/// What a granule holds, and what a config would read of it; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Inspected(Value);

impl Inspected {
    /// The same as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// Adds what a run with this config would read, and what that costs, as `cost`.
    ///
    /// # Errors
    /// As a run: a dataset that is missing or cannot be used. A granule of another product than the
    /// config's is an error of the config.
    pub fn with_cost(mut self, path: &Path, config: &Config) -> Result<Self> {
        self.0["cost"] = cost(path, config)?;
        Ok(self)
    }

    /// The text, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        let mut text = inspect_text(&self.0, dialect);
        text.extend(self.0.get("cost").map(cost_text));
        text
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}

/// Describes a granule: `granule`, `bytes`, what identifies it, `time_span`, `bounding_box`,
/// `other_members` of the root, and `ground_tracks` with `name` and `groups`, each with `path` in the
/// ground track and `datasets`; `described_at_most` groups and datasets, where there are more.
///
/// # Errors
/// As [`GranuleFile::open`], and where metadata cannot be read.
pub fn inspect(path: &Path, access: &Access) -> Result<Inspected> {
    describe(&GranuleFile::open_with(path, access)?).map(Inspected)
}

/// [`inspect`], and `datasets`: every dataset of the file by its `path`.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_all(path: &Path, access: &Access) -> Result<Inspected> {
    let granule = GranuleFile::open_with(path, access)?;
    let mut found = describe(&granule)?;
    let mut room = Room::default();
    let mut datasets = Vec::new();
    describe_all(&granule, "", &mut room, &mut datasets)?;
    found["datasets"] = json!(datasets);
    if room.was_too_small {
        found["described_at_most"] = json!(MOST_OBJECTS);
    }
    Ok(Inspected(found))
}

/// How many objects are described. A file may hold any number of them.
#[derive(Debug, Default)]
struct Room {
    taken: usize,
    was_too_small: bool,
}

impl Room {
    /// Whether there is room for one more, which takes it.
    fn take(&mut self) -> bool {
        self.was_too_small |= self.taken == MOST_OBJECTS;
        self.taken += usize::from(!self.was_too_small);
        !self.was_too_small
    }
}

fn describe(granule: &GranuleFile) -> Result<Value> {
    let (tracks, others): (Vec<String>, Vec<String>) = granule
        .members()?
        .into_iter()
        .partition(|name| name.starts_with("gt"));
    let mut ground_tracks = Vec::new();
    let mut room = Room::default();
    for name in &tracks {
        let mut groups = Vec::new();
        let full = format!("/{name}");
        if let (Walk::Spot(spot), LocationType::Group) = look(granule, &full)? {
            describe_group(granule, &spot, (&full, ""), (&mut room, &mut groups))?;
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
    if room.was_too_small {
        found["described_at_most"] = json!(MOST_OBJECTS);
    }
    Ok(found)
}

/// Adds every dataset of the group at `path` and below, and what of it cannot be read with the reason.
fn describe_all(
    granule: &GranuleFile,
    path: &str,
    room: &mut Room,
    datasets: &mut Vec<Value>,
) -> Result<()> {
    let deep = path.matches('/').count() > DEEPEST;
    let Some(group) = granule.find_group(path)? else {
        return Ok(());
    };
    for name in granule.names(&group, path)? {
        if !room.take() {
            return Ok(());
        }
        let full = format!("{path}/{name}");
        let described = match look(granule, &full) {
            Ok((Walk::Spot(_), LocationType::Group)) if deep => {
                Ok(json!({"error": "groups below are not entered"}))
            }
            Ok((Walk::Spot(_), LocationType::Group)) => {
                describe_all(granule, &full, room, datasets).map(|()| Value::Null)
            }
            Ok((Walk::Spot(spot), LocationType::Dataset)) => {
                describe_at(granule, spot, &full, &name)
            }
            Ok(_) => Ok(json!({"error": "is neither a group nor a dataset"})),
            Err(error) => Err(error),
        };
        let mut described = described.unwrap_or_else(|e| {
            let why = e.render(granule.access.dialect);
            json!({"error": why})
        });
        if !described.is_null() {
            described["path"] = json!(full);
            datasets.push(described);
        }
    }
    Ok(())
}

/// One dataset, wherever it is.
fn describe_at(granule: &GranuleFile, spot: Spot, full: &str, name: &str) -> Result<Value> {
    let located = granule.open_dataset(spot, full)?;
    granule.check_sources(&located, full)?;
    let described = describe_dataset(name, &located.dataset);
    described.map_err(|e| granule.damaged(format!("read {full}"), &e))
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
    (room, groups): (&mut Room, &mut Vec<Value>),
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
        if !room.take() {
            break;
        }
        let full = format!("{ground_track}/{}", within(&name));
        match look(granule, &full)? {
            (Walk::Spot(spot), LocationType::Group) => inner.push((name, spot)),
            (Walk::Spot(spot), LocationType::Dataset) => {
                datasets.push(describe_at(granule, spot, &full, &name)?);
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
            describe_group(granule, &spot, (ground_track, &path), (room, groups))?;
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
