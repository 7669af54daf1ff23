//! URLs where paths are wanted: refused by name, where nothing is fetched or sent.
//!
//! Beside what is asked of a run. What may be written to a store of objects is let through. Taken for a path, `s3://bucket/a.zarr` would be a folder `s3:` here.

use std::path::Path;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::publish::Address;
use crate::source::{scheme, shown};

/// Refuses a config's target or shard map that is a URL.
///
/// # Errors
/// With the key and the way out.
pub fn refuse_store(config: &Config, store: &Path) -> Result<()> {
    let key = format!("config {}: store (or output.store)", config.name);
    refuse_unless_written(store, &key)
}

/// Refuses outputs, each with what it is, that are URLs of what is not written to.
///
/// # Errors
/// The first, with the way out.
pub fn refuse_written(outputs: &[(Option<&Path>, &str)]) -> Result<()> {
    let mut given = outputs
        .iter()
        .filter_map(|(path, what)| Some(((*path)?, what)));
    given.try_for_each(|(path, what)| refuse_unless_written(path, what))
}

/// Refuses the URL of an output, unless it is one of a store of objects.
///
/// # Errors
/// With the way out.
pub fn refuse_unless_written(path: &Path, what: &str) -> Result<()> {
    match Address::of(path)? {
        Some(_) => Feature::Cloud.needed_for("write objects of stores"),
        None => refuse(path, what, true),
    }
}

/// Refuses tables and reports of a store in a folder that are to be objects: they get their names together.
///
/// # Errors
/// The first that is.
pub fn refuse_beside(store: &Path, table: Option<&Path>, report: Option<&Path>) -> Result<()> {
    for (path, what) in [(table, "table"), (report, "report")] {
        if let Some(path) = path.filter(|path| Address::is(path)) {
            return Err(Error::argument(format!(
                "{what} {}: it goes to a store of objects together with a store that goes there, and {} is a folder; name \
                 a file, and copy it",
                path.display(),
                store.display()
            )));
        }
    }
    Ok(())
}

/// As [`refuse_store`].
///
/// # Errors
/// With the key and the way out.
pub fn refuse_catalog(config: &Config, catalog: &Path) -> Result<()> {
    if Address::of(catalog)?.is_some() {
        return Feature::Cloud.needed_for("read objects of stores and web servers");
    }
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
    let way_out = match (&*scheme.to_ascii_lowercase(), written) {
        ("file", _) => "write the path without file://".to_owned(),
        ("http" | "https", true) => {
            "a web server is only read; write to s3://, or to a path of this machine".to_owned()
        }
        ("gs" | "az" | "azure" | "abfs", true) => {
            "it is only read; write to s3://, or to a path of this machine and copy that".to_owned()
        }
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
