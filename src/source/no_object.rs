//! Objects in a build without the network: refused by name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Bytes, Remote, Seen};
use crate::error::Result;
use crate::features::Feature;

/// Refused.
///
/// # Errors
/// Always.
pub fn register(urls: &[String], _remote: &Remote, _tolerant: bool) -> Result<Vec<PathBuf>> {
    match urls {
        [] => Ok(Vec::new()),
        _ => Err(Feature::Cloud.refused("read objects of stores and web servers")),
    }
}

/// Refused.
///
/// # Errors
/// Always.
pub fn open(_path: &Path) -> io::Result<(Arc<dyn Bytes>, Seen)> {
    Err(io::Error::other(Feature::Cloud.lacking()))
}

/// Refused.
///
/// # Errors
/// Always.
pub fn get_text(_url: &str, _remote: &Remote) -> Result<String> {
    Err(Feature::Cloud.refused("read objects of stores and web servers"))
}

/// What an error of reading says of an object, with its remedy; there are none.
pub fn failure(_error: &io::Error) -> Option<&str> {
    None
}
