//! Pipeline files that are about something else than photons of granules or tables: refused by what they are.
//!
//! Used by `yaml.rs` before the text gets its types: all other faults of such a file would follow from this one.

use super::faults::{Places, located};
use super::tree::{Entry, Node, Value};

/// Why a file is for another reader of the format, with its place; `None` where it may be a pipeline.
pub(super) fn foreign(root: &Node, places: &Places) -> Option<String> {
    let said = |path: &str| scalar(at(root, path)?);
    let (path, what) = if matches!(said("pipeline.type"), Some("temporal" | "event")) {
        (
            "pipeline.type",
            "is for series of grids in time, such as MERRA-2, and not for photons in granules or tables",
        )
    } else if said("data_source.reader") == Some("xarray_s3") {
        (
            "data_source.reader",
            "is for grids in time, such as MERRA-2, and not for photons in granules or tables",
        )
    } else if said("data_source.reader") == Some("raster")
        || at(root, "data_source.bands").is_some()
    {
        let path = if at(root, "data_source.bands").is_some() {
            "data_source.bands"
        } else {
            "data_source.reader"
        };
        (
            path,
            "is for images in bands, such as those of Sentinel-2, and not for photons in granules or tables",
        )
    } else {
        (
            waveforms(root)?,
            "is for waveforms of GEDI, of which each shot has many samples, and their digests; heights of \
             photons and segments are read, GEDI's of level 2 among them",
        )
    };
    let message = format!("{what}; it is not supported");
    Some(located(places.at(path), path, &message))
}

/// Where a file says that it reads GEDI's waveforms: samples whose heights are made up between two.
fn waveforms(root: &Node) -> Option<&'static str> {
    let variables = entries(at(root, "data_source.variables")?);
    let mut values = variables.iter().map(|entry| &entry.node);
    let made = values.any(|node| entries(node).iter().any(|entry| entry.key == "synthesize"));
    let raw = variables.iter().any(|entry| {
        let path = scalar(&entry.node).or_else(|| scalar(at(&entry.node, "path")?));
        path.is_some_and(|path| path.ends_with("/rxwaveform"))
    });
    (made || raw).then_some("data_source.variables")
}

/// The value at a path of keys.
fn at<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(root, |node, key| {
        let found = entries(node).iter().find(|entry| entry.key == key);
        found.map(|entry| &entry.node)
    })
}

fn entries(node: &Node) -> &[Entry] {
    match &node.value {
        Value::Mapping(entries) => entries,
        Value::List(_) | Value::Scalar(_) => &[],
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        Value::List(_) | Value::Mapping(_) => None,
    }
}
