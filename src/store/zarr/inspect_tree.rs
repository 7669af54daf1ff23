//! The content hashes of zagg's specification of a whole store, and of each Zarr that a hive is made of.
//!
//! Below `inspect.rs` and `verify.rs`.

use std::path::Path;

use serde_json::{Value, json};

use super::hive::{Tree, is_hive};
use super::logical::{TreeHashes, hash_tree};
use crate::error::Result;

/// The hashes of all arrays of a store.
#[derive(Debug)]
pub struct StoreHashes {
    /// `None` where an array is too large to be decoded whole.
    pub all: Option<TreeHashes>,
    /// Of a hive: path and hashes of each Zarr that is whole.
    pub nodes: Vec<(String, TreeHashes)>,
    /// Of a hive: Zarrs that are not whole.
    pub debris: Vec<String>,
}

/// The hashes of the store at `path`; those of `known` arrays are taken as they are.
///
/// # Errors
/// A document or a value that cannot be read.
pub fn store_hashes(path: &Path, known: &TreeHashes) -> Result<StoreHashes> {
    if !is_hive(path) {
        return Ok(StoreHashes {
            all: hash_tree(path, known)?,
            nodes: Vec::new(),
            debris: Vec::new(),
        });
    }
    let tree = Tree::open(path)?;
    let below = |of: &Path| {
        let below = of.strip_prefix(path).unwrap_or(of);
        below.display().to_string()
    };
    let (mut all, mut nodes) = (TreeHashes::default(), Vec::new());
    for node in tree.nodes() {
        let hashes = hash_tree(&node.path, &TreeHashes::default())?;
        let hashes = hashes.unwrap_or_default();
        all.extend(&below(&node.path), &hashes);
        nodes.push((below(&node.path), hashes));
    }
    Ok(StoreHashes {
        all: Some(all),
        nodes,
        debris: tree.debris.iter().map(|path| below(path)).collect(),
    })
}

impl StoreHashes {
    /// What `icefold inspect` says of them: all together, and of a hive each Zarr. Of a hive the paths of all arrays are
    /// said there.
    pub fn json(&self) -> [Value; 3] {
        let all = self.all.as_ref().map(|all| {
            if self.nodes.is_empty() {
                all.json()
            } else {
                json!({"combined": all.combined()})
            }
        });
        let nodes: Vec<Value> = (self.nodes.iter())
            .map(|(path, hashes)| json!({"path": path, "content_hashes": hashes.json()}))
            .collect();
        [json!(all), json!(nodes), json!(self.debris)]
    }
}
