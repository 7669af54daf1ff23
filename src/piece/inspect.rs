//! `icefold inspect OUT.zarr.pieces`: what is done, what is missing, who is at work; and of `OUT.zarr.checkpoint`, what
//! an interrupted run had merged; of `OUT.zarr.partials`, what a store is made of.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Marker, Pieces, RunCheckpoint, lock, manifest, ranges};
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::text::grouped;

/// Whether a folder is one of pieces, or of a checkpoint.
pub fn looks_like_pieces(path: &Path) -> bool {
    path.join(manifest::NAME).is_file() || RunCheckpoint::is_in(path)
}

/// What there is in a folder of pieces; its text is for people.
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

/// What there is in a folder of pieces. Markers are believed: bytes are looked at by the run that
/// takes the pieces up.
///
/// # Errors
/// A file that cannot be read.
pub fn inspect(path: &Path) -> Result<Inspected> {
    if RunCheckpoint::is_in(path) {
        return inspect_checkpoint(path);
    }
    let pieces = super::there(path, Pieces::open(path)?)?;
    let manifest = pieces.manifest();
    let mut missing = Vec::new();
    let (mut photons, mut cells, mut bytes) = (0, 0, 0);
    let mut left_out = std::collections::BTreeSet::new();
    let cell_order = manifest.config(path)?.grid.cell_order.get();
    for (place, &shard) in manifest.map.shards.iter().enumerate() {
        let Some(Ok(marker)) = Marker::read(path, shard)? else {
            missing.push(place);
            continue;
        };
        photons += marker.photons;
        cells += marker.cells.get(&cell_order).copied().unwrap_or_default();
        bytes += marker.files.iter().map(|file| file.bytes).sum::<u64>();
        left_out.extend(marker.left_out);
    }
    let shards = manifest.map.shards.len();
    Ok(Inspected(json!({
        "pieces": path.display().to_string(),
        "config": {"name": manifest.config.name, "sha256": manifest.config.sha256},
        "map": manifest.map.path,
        "shard_order": manifest.map.shard_order,
        "cell_order": cell_order,
        "overviews": manifest.overviews,
        "layout": manifest.layout,
        "shards": shards,
        "done": shards - missing.len(),
        "missing": ranges(&missing),
        "photons": photons,
        "occupied_cells": cells,
        "bytes": bytes,
        "left_out": left_out,
        "at_work": lock::at_work(path)?,
    })))
}

/// What an interrupted run without a shard map had merged, or what was kept beside a store.
fn inspect_checkpoint(path: &Path) -> Result<Inspected> {
    let Some(found) = RunCheckpoint::read(path)? else {
        return Err(Error::pieces(path, "there is none"));
    };
    let found = found.map_err(|why| {
        Error::pieces(path, why)
            .with_remedy(phrase!["remove it, or run again with ", Setting::Overwrite])
    })?;
    let granules: Vec<&str> = found.granules.iter().map(|one| &*one.name).collect();
    let what = if RunCheckpoint::is_of_store(path) {
        "partials"
    } else {
        "checkpoint"
    };
    Ok(Inspected(json!({
        what: path.display().to_string(),
        "config": {"sha256": found.question.config_sha256},
        "icefold_version": found.question.icefold_version,
        "granules": granules,
        "photons": found.photons.values().sum::<u64>(),
        "bytes": folders::bytes_of(path),
    })))
}

/// The same for people.
fn text(found: &Value) -> String {
    let folders = [
        ("checkpoint", "granules of a run that was interrupted"),
        ("partials", "partials of the granules of a store"),
    ];
    let mut folders = folders.into_iter();
    let folder = folders.find_map(|(key, what)| Some((found[key].as_str()?, what)));
    if let Some((path, what)) = folder {
        let count = |key: &str| grouped(found[key].as_u64().unwrap_or_default());
        let granules = found["granules"].as_array().map_or(0, Vec::len);
        return format!(
            "{path}: {what}\n  {:<16} {}\n  {:<16} {}\n  {:<16} {}\n",
            "merged",
            granules,
            "photons",
            count("photons"),
            "bytes",
            count("bytes")
        );
    }
    let number = |key: &str| grouped(found[key].as_u64().unwrap_or_default());
    let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![
        ("config", said(&found["config"]["name"])),
        ("shard map", said(&found["map"])),
        (
            "done",
            format!("{} of {} shards", number("done"), number("shards")),
        ),
        ("photons", number("photons")),
        ("occupied cells", number("occupied_cells")),
        ("bytes", number("bytes")),
    ];
    let missing = said(&found["missing"]);
    if !missing.is_empty() {
        lines.insert(3, ("missing", format!("places {missing} of the map")));
    }
    for granule in found["left_out"].as_array().into_iter().flatten() {
        lines.push(("left out", said(granule)));
    }
    for run in found["at_work"].as_array().into_iter().flatten() {
        lines.push(("at work", said(run)));
    }
    let mut shown = format!("{}: pieces of a store\n", said(&found["pieces"]));
    for (what, value) in lines {
        shown.push_str(&format!("  {what:<16} {value}\n"));
    }
    shown
}
