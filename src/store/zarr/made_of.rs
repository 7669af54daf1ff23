//! Reads what a store says it was made of.
//!
//! Below `inspect.rs`, `verify_said.rs` and `cite.rs`; `../provenance.rs` writes it.

use std::path::Path;

use serde_json::Value;

use super::groups::document;
use super::hive::{is_hive, manifest_of};
use crate::error::Result;
use crate::store::provenance::PROVENANCE;

/// Granules, config and command of the store at `path`; `None` of one that does not say, as those of other
/// programs.
///
/// # Errors
/// A document that cannot be read.
pub fn made_of(path: &Path) -> Result<Option<Value>> {
    if is_hive(path) {
        let said = manifest_of(path)?["icefold"][PROVENANCE].clone();
        return Ok(Some(said).filter(|said| said["granules"].is_array()));
    }
    let group = path.join(PROVENANCE);
    if !group.join("zarr.json").is_file() {
        return Ok(None);
    }
    let mut document = document(path, &group)?;
    // Not by an index: of what is no object, that panics where something is taken.
    let said = document.get_mut("attributes").map(Value::take);
    Ok(said.filter(|said| said["granules"].is_array()))
}
