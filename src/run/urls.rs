//! URLs where paths are wanted: refused by name, as nothing is fetched or sent.
//!
//! Beside what is asked of a run. Taken for a path, `s3://bucket/a.zarr` would be a folder `s3:` here.

use std::path::Path;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::source::{scheme, shown};

/// Refuses a config's target or shard map that is a URL.
///
/// # Errors
/// With the key and the way out.
pub fn refuse_store(config: &Config, store: &Path) -> Result<()> {
    let key = format!("config {}: store (or output.store)", config.name);
    refuse(store, &key, true)
}

/// As [`refuse_store`].
///
/// # Errors
/// With the key and the way out.
pub fn refuse_catalog(config: &Config, catalog: &Path) -> Result<()> {
    let key = format!("config {}: catalog", config.name);
    refuse(catalog, &key, false)
}

/// Refuses a path that is a URL; `what` says where it was given.
///
/// # Errors
/// With the way out.
pub fn refuse(path: &Path, what: &str, written: bool) -> Result<()> {
    let text = path.to_string_lossy();
    let Some(scheme) = scheme(&text) else {
        return Ok(());
    };
    // What may be secret in it is for nobody to see.
    let text = shown(&text);
    let way_out = match (scheme, written) {
        ("file", _) => "write the path without file://".to_owned(),
        (_, true) => format!(
            "write to a path of this machine and copy that, or mount the bucket; ./{} is a folder of \
             that name",
            text.replacen("://", ":/", 1)
        ),
        (_, false) => "download it, or mount the bucket, and name its path".to_owned(),
    };
    Err(Error::argument(format!(
        "{what} {text}: {scheme}:// is not {}; {way_out}",
        if written { "written" } else { "read" }
    )))
}
