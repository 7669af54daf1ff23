//! Files that a shard map of icefold's names beside its granules: a run may join them, wherever they are.
//!
//! Beside the plan, for `resolve.rs`. What was found by its name in the granule root or in the folder of a granule is
//! taken there; what was not is where the map says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::entry::MapGranule;
use super::map::ShardMap;
use super::resolve::Selection;
use crate::config::Config;
use crate::error::Result;
use crate::read::Siblings;
use crate::source::{is_object, register};

/// Makes known what is read through a network.
///
/// # Errors
/// As [`register`].
pub(super) fn register_objects<'f>(
    files: impl Iterator<Item = &'f PathBuf>,
    config: Option<&Config>,
) -> Result<()> {
    let objects = files.filter_map(|file| file.to_str().filter(|_| is_object(file)));
    let objects: Vec<String> = objects.map(str::to_owned).collect();
    let access = config.map(|config| &config.access);
    access.map_or(Ok(()), |to| {
        register(&objects, &to.remote, to.tolerant).map(drop)
    })
}

/// Adds what a map of icefold's says is joined to its granules to the files that may be, where none of that name is
/// among these. As of granules, URLs count only without a granule root.
///
/// # Errors
/// An object that cannot be opened.
pub(super) fn add_assets<'g>(
    siblings: &mut Siblings,
    map: &ShardMap,
    granules: impl Iterator<Item = &'g MapGranule>,
    selection: &Selection,
) -> Result<()> {
    let Some(config) = selection.config.filter(|_| map.is_ours()) else {
        return Ok(());
    };
    let folder = map.path.parent().unwrap_or(Path::new(""));
    let place = |asset: &Value| {
        let text = |key: &str| asset.get(key).and_then(Value::as_str);
        let file = text("path").map(|path| folder.join(path));
        let url = text("https").or(text("s3")).map(PathBuf::from);
        let url = url.filter(|url| is_object(url) && selection.granule_root.is_none());
        file.filter(|file| file.is_file()).or(url)
    };
    let there = siblings.names();
    let assets = granules.filter_map(|granule| granule.assets.as_ref()?.as_object());
    let assets = assets.flat_map(Map::values).filter_map(place);
    let missing = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default();
        Siblings::is_one(file, config) && !there.contains(name)
    };
    let assets: BTreeSet<PathBuf> = assets.filter(missing).collect();
    register_objects(assets.iter(), Some(config))?;
    for file in &assets {
        siblings.add(file, config);
    }
    Ok(())
}
