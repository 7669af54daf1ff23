//! Consolidated metadata: what is in a group, in the document of the group, so that readers need not list folders.
//!
//! Below `whole.rs`. As zarr-python 3 writes and reads it: the key `consolidated_metadata` of a group's document, of the
//! kind `inline`, with the documents of all that is below by their paths. Readers that know nothing of it need not.

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::array::WriteFailure;
use crate::folders;
use crate::store::provenance::PROVENANCE;

/// The key in a group's document.
pub const KEY: &str = "consolidated_metadata";

/// The document of a group, with those of what is in its folder.
pub fn with_members(mut document: Value, folder: &Path) -> Result<Value, WriteFailure> {
    let mut members = Map::new();
    add(folder, "", &mut members)?;
    if let Some(document) = document.as_object_mut() {
        let inline = json!({"kind": "inline", "must_understand": false, "metadata": members});
        document.insert(KEY.to_owned(), inline);
    }
    Ok(document)
}

/// Adds the documents below a folder, in the order of their paths. Not that of the granules: whoever opens the store
/// would read of every one of them.
fn add(folder: &Path, path: &str, members: &mut Map<String, Value>) -> Result<(), WriteFailure> {
    let failed = |path: &Path, source: io::Error| WriteFailure {
        path: path.to_path_buf(),
        source,
    };
    let mut inside = folders::list(folder).map_err(|source| failed(folder, source))?;
    inside.sort_unstable();
    for below in inside {
        let (name, file) = (folders::name(&below), below.join("zarr.json"));
        if !file.is_file() || (path.is_empty() && name == PROVENANCE) {
            continue;
        }
        let text = std::fs::read(&file).map_err(|source| failed(&file, source))?;
        let mut document: Value =
            serde_json::from_slice(&text).map_err(|source| failed(&file, source.into()))?;
        let path = match path {
            "" => name,
            above => format!("{above}/{name}"),
        };
        let is_group = document["node_type"] == "group";
        if let Some(document) = document.as_object_mut() {
            document.shift_remove(KEY);
        }
        members.insert(path.clone(), document);
        if is_group {
            add(&below, &path, members)?;
        }
    }
    Ok(())
}
