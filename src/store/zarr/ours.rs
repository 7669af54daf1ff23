//! What a store may replace: a store that icefold wrote, with nothing else in it.
//!
//! Below `place.rs`. Every file that icefold puts into a store has a name of one of a few forms; a file with
//! any other name is somebody else's, and so the folder stays.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::groups::is_raster;
use super::hive::{is_hive, is_ours};
use crate::folders;
use crate::grid::Order;
use crate::store::provenance::PROVENANCE;

const DOCUMENT: &str = "zarr.json";
/// At the root of a hive; the second in its Zarrs, too.
const HIVE: [&str; 2] = ["morton_hive.json", "coverage.moc"];

/// Checks that a folder is a store of icefold's with nothing foreign in it.
///
/// # Errors
/// In words, why it is none.
pub(super) fn check(store: &Path) -> Result<(), String> {
    if is_hive(store) {
        if !is_ours(store) {
            return Err("its morton_hive.json is not icefold's".to_owned());
        }
        return check_node(store, true);
    }
    let root = read(&store.join(DOCUMENT))?;
    if root["node_type"] != "group" {
        return Err("its zarr.json is none of a group of orders".to_owned());
    }
    let has_cells = !root["attributes"]["icefold"]["config_sha256"].is_null();
    let mut orders = usize::from(has_cells);
    for (path, name) in entries(store)? {
        if name == PROVENANCE && is_folder(&path) {
            check_provenance(&path)?;
            continue;
        }
        if is_raster(&name) && is_folder(&path) {
            check_order(&path)?;
            orders += 1;
            continue;
        }
        let order = name.parse().ok().and_then(Order::new);
        match order.filter(|order| order.to_string() == name) {
            Some(_) => {
                check_order(&path)?;
                orders += 1;
            }
            None if has_cells && is_folder(&path) => check_array(&path)?,
            None => is_document(&path, &name)?,
        }
    }
    if orders == 0 {
        return Err("it has no cells, and no group named by an order, such as 11".to_owned());
    }
    Ok(())
}

/// The group that says what a store was made of, which has nothing in it.
fn check_provenance(group: &Path) -> Result<(), String> {
    for (path, name) in entries(group)? {
        is_document(&path, &name)?;
    }
    let document = read(&group.join(DOCUMENT))?;
    if document["attributes"]["icefold_version"].is_null() {
        let group = group.display();
        return Err(format!("group {group} has no attribute icefold_version"));
    }
    Ok(())
}

/// A folder of a hive: folders of digits, Zarrs of shards, and at the root two documents.
fn check_node(folder: &Path, is_root: bool) -> Result<(), String> {
    for (path, name) in entries(folder)? {
        let digit = name.trim_start_matches('-');
        let is_digit = digit.len() == 1 && (b'1'..=b'6').contains(&digit.as_bytes()[0]);
        if is_folder(&path) && path.extension().is_some_and(|end| end == "zarr") {
            check_zarr(&path)?;
        } else if is_folder(&path) && is_digit {
            check_node(&path, false)?;
        } else if !(is_root && is_file(&path) && HIVE.contains(&&*name)) {
            return Err(foreign(&path));
        }
    }
    Ok(())
}

/// A Zarr of a hive: groups of orders, and where the cells are.
fn check_zarr(zarr: &Path) -> Result<(), String> {
    for (path, name) in entries(zarr)? {
        if is_folder(&path) && name.parse().ok().and_then(Order::new).is_some() {
            check_order(&path)?;
        } else if !(name == HIVE[1] && is_file(&path)) {
            is_document(&path, &name)?;
        }
    }
    Ok(())
}

fn check_order(group: &Path) -> Result<(), String> {
    let document = read(&group.join(DOCUMENT))?;
    if document["attributes"]["icefold"]["config_sha256"].is_null() {
        let group = group.display();
        return Err(format!(
            "group {group} has no attribute icefold.config_sha256"
        ));
    }
    for (path, name) in entries(group)? {
        if !is_folder(&path) {
            is_document(&path, &name)?;
            continue;
        }
        check_array(&path)?;
    }
    Ok(())
}

fn check_array(array: &Path) -> Result<(), String> {
    match read(&array.join(DOCUMENT)) {
        Ok(document) if document["node_type"] == "array" => {}
        Err(why) if array.join(DOCUMENT).exists() => return Err(why),
        Err(_) => return Err(foreign(array)),
        Ok(_) => return Err(format!("{} is no array", array.display())),
    }
    for (path, name) in entries(array)? {
        match &*name {
            "c" if is_folder(&path) => check_chunks(&path)?,
            _ => is_document(&path, &name)?,
        }
    }
    Ok(())
}

/// Files and folders named by numbers, and nothing else.
fn check_chunks(folder: &Path) -> Result<(), String> {
    for (path, name) in entries(folder)? {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(foreign(&path));
        }
        if is_folder(&path) {
            check_chunks(&path)?;
        } else if !is_file(&path) {
            return Err(foreign(&path));
        }
    }
    Ok(())
}

fn is_document(path: &Path, name: &str) -> Result<(), String> {
    if name == DOCUMENT && is_file(path) {
        return Ok(());
    }
    Err(foreign(path))
}

fn foreign(path: &Path) -> String {
    format!("it holds {}, which icefold does not write", path.display())
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let failed = |e: std::io::Error| format!("{} cannot be listed: {e}", folder.display());
    let paths = folders::list(folder).map_err(failed)?.into_iter();
    Ok(paths
        .map(|path| {
            let name = folders::name(&path);
            (path, name)
        })
        .collect())
}

fn read(path: &Path) -> Result<Value, String> {
    let text = fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| format!("{} is not JSON: {e}", path.display()))
}
