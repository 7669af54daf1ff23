//! The content hash of zagg's store specification, section 5: what arrays hold, however it is cut and compressed.
//!
//! Beside the line, for `inspect.rs` and `verify.rs`; the writers put the same together as they write. Every array below a
//! root has a hash of its decoded values: of numbers as little-endian bytes in C order, of lists each with its length in
//! front. All together have the hash of their hashes, sorted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zarrs::array::{Array, ArrayBytes, ArraySubset};
use zarrs::filesystem::FilesystemStore;

use super::groups::document;
use super::hive::{VlenArray, is_vlen};
use super::ragged::hash_list;
use super::raster_read::hash_of_lists;
use super::value::into_little_endian;
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::folders;

/// Bytes of a decoded array at most: a sphere of fine cells has more than any machine hashes.
const MOST: u64 = 1 << 28;

/// The hashes of all arrays below a root, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeHashes(BTreeMap<String, String>);

impl TreeHashes {
    /// Notes the hash of an array, in hex.
    pub fn insert(&mut self, path: String, sha256: String) {
        self.0.insert(path, sha256);
    }

    /// Notes those of the arrays of a group, of the root where it has no name; `false` where they are not known.
    pub fn insert_all(&mut self, group: &str, arrays: Option<Vec<(String, String)>>) -> bool {
        let Some(arrays) = arrays else {
            return false;
        };
        let arrays = arrays.into_iter();
        self.0.extend(arrays.map(|(name, hash)| match group {
            "" => (name, hash),
            group => (format!("{group}/{name}"), hash),
        }));
        true
    }

    /// Those of another root, which stands below this path.
    pub fn extend(&mut self, below: &str, other: &Self) {
        let others = other.0.iter();
        self.0
            .extend(others.map(|(path, hash)| (format!("{below}/{path}"), hash.clone())));
    }

    /// The hash of an array, in hex.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The identity of all arrays together.
    pub fn combined(&self) -> String {
        let mut hashes: Vec<&str> = self.0.values().map(String::as_str).collect();
        hashes.sort_unstable();
        hex(&Sha256::digest(hashes.join("\n")))
    }

    /// As the specification writes them.
    pub fn json(&self) -> Value {
        let arrays: Map<String, Value> = (self.0.iter())
            .map(|(path, hash)| (path.clone(), json!(hash)))
            .collect();
        json!({"arrays": arrays, "combined": self.combined()})
    }
}

/// The hashes of all arrays below the Zarr at `root`; those of `known` paths are taken as they are. `None` where an array
/// is too large to be decoded whole, as that of a sphere of fine cells.
///
/// # Errors
/// A document or a value that cannot be read.
pub fn hash_tree(root: &Path, known: &TreeHashes) -> Result<Option<TreeHashes>> {
    let mut found = TreeHashes::default();
    let whole = below(root, root, "", (known, &mut found))?;
    Ok(whole.then_some(found))
}

/// Adds the arrays below a folder; `false` where one is too large.
fn below(
    root: &Path,
    folder: &Path,
    path: &str,
    (known, found): (&TreeHashes, &mut TreeHashes),
) -> Result<bool> {
    for inside in folders::list(folder).map_err(|error| Error::io("list", folder, error))? {
        let name = folders::name(&inside);
        if !inside.join("zarr.json").is_file() {
            continue;
        }
        let path = match path {
            "" => name,
            above => format!("{above}/{name}"),
        };
        let document = document(root, &inside)?;
        if document["node_type"] != "array" {
            if !below(root, &inside, &path, (known, &mut *found))? {
                return Ok(false);
            }
            continue;
        }
        let hash = match known.0.get(&path) {
            Some(known) => Some(known.clone()),
            None if is_vlen(&document) => of_lists(&inside, &document).map_err(|what| {
                Error::store(
                    root,
                    format!("{path}: {what}; the store is damaged, write it again"),
                )
            })?,
            None => of_numbers(root, &path, &document)?,
        };
        let Some(hash) = hash else {
            return Ok(false);
        };
        found.insert(path, hash);
    }
    Ok(true)
}

/// The hash of an array of numbers; `None` where it is too large.
fn of_numbers(root: &Path, path: &str, document: &Value) -> Result<Option<String>> {
    let damaged = |what: String| {
        let message = format!("{path}: {what}; the store is damaged, write it again");
        Error::store(root, message)
    };
    let name = document["data_type"].as_str().unwrap_or_default();
    let size = match Dtype::named(name) {
        Some(dtype) => dtype.size(),
        None if name == "bool" => 1,
        None => {
            let message = format!("{path} is {name}, which has no content hash here");
            return Err(Error::store(root, message));
        }
    };
    let storage = FilesystemStore::new(root).map_err(|e| damaged(e.to_string()))?;
    let array = Array::open(Arc::new(storage), &format!("/{path}"))
        .map_err(|error| damaged(format!("cannot be opened: {error}")))?;
    let shape = array.shape().to_vec();
    let bytes = shape.iter().try_fold(size as u64, |a, &b| a.checked_mul(b));
    if bytes.is_none_or(|bytes| bytes > MOST) {
        return Ok(None);
    }
    let mut hash = Sha256::new();
    let (first, inner) = match shape.split_first() {
        Some((&first, inner)) => (first, inner.to_vec()),
        None => (1, Vec::new()),
    };
    let at_once = &document["chunk_grid"]["configuration"]["chunk_shape"][0];
    let at_once = at_once.as_u64().filter(|&rows| rows > 0).unwrap_or(1);
    for start in (0..first).step_by(usize::try_from(at_once).unwrap_or(usize::MAX)) {
        let rows = start..first.min(start.saturating_add(at_once));
        let ranges: Vec<_> = if shape.is_empty() {
            Vec::new()
        } else {
            std::iter::once(rows)
                .chain(inner.iter().map(|&n| 0..n))
                .collect()
        };
        let subset = ArraySubset::new_with_ranges(&ranges);
        let values = array
            .retrieve_array_subset::<ArrayBytes<'static>>(&subset)
            .and_then(|bytes| Ok(bytes.into_fixed()?.into_owned()));
        let mut values = values.map_err(|error| damaged(format!("cannot be decoded: {error}")))?;
        into_little_endian(&mut values, size);
        hash.update(&values);
    }
    Ok(Some(hex(&hash.finalize())))
}

/// The hash of an array of lists; `None` where it is too large.
fn of_lists(folder: &Path, document: &Value) -> Result<Option<String>, String> {
    if let Some(hash) = hash_of_lists(folder, document) {
        return hash;
    }
    let array = VlenArray::new(folder, document)?;
    let mut hash = Sha256::new();
    for chunk in 0..array.cells.div_ceil(array.chunk_cells()) {
        let left = (array.cells - chunk * array.chunk_cells()).min(array.chunk_cells());
        match array.chunk(chunk)? {
            Some(lists) => lists
                .iter()
                .take(left as usize)
                .for_each(|list| hash_list(&mut hash, list)),
            None => (0..left).for_each(|_| hash_list(&mut hash, &[])),
        }
    }
    Ok(Some(hex(&hash.finalize())))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::write;
    use super::*;

    #[test]
    fn the_hashes_of_a_store_are_those_of_its_values() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let hashes = write(&path, 500, 100);
        let found = hash_tree(&path, &TreeHashes::default()).unwrap().unwrap();
        for hash in &hashes {
            assert_eq!(found.0[&hash.array], hash.sha256);
        }
        assert_eq!(found.0["crs"], hex(&Sha256::digest([0u8])));
        assert_eq!(found.0.len(), hashes.len() + 1);
        let mut sorted: Vec<&str> = found.0.values().map(String::as_str).collect();
        sorted.sort_unstable();
        let combined = hex(&Sha256::digest(sorted.join("\n")));
        assert_eq!(found.json()["combined"], combined);
        assert_eq!(hash_tree(&path, &found).unwrap().unwrap(), found);
    }
}
