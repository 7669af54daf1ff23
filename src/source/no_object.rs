//! Objects in a build without the network: refused by name.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Bytes, Hold, Listed, Put, Remote, Seen, Way};
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

/// Objects below a URL: in this build there are none, and nothing makes one of these.
#[derive(Debug, Clone)]
pub struct Prefix(());

impl Prefix {
    /// Refused.
    ///
    /// # Errors
    /// Always, as all of these.
    pub fn open(_url: &str, _remote: &Remote) -> io::Result<Self> {
        lacking()
    }

    #[must_use]
    pub fn held(&self, _hold: &Arc<Hold>) -> Self {
        self.clone()
    }

    #[must_use]
    pub fn to_the_end(&self) -> Self {
        self.clone()
    }

    pub fn url(&self, name: &str) -> String {
        name.to_owned()
    }

    pub fn list(&self, _below: &str) -> io::Result<Vec<Listed>> {
        lacking()
    }

    pub fn see(&self, _name: &str) -> io::Result<Option<Listed>> {
        lacking()
    }

    pub fn hash(&self, _name: &str) -> io::Result<Option<String>> {
        lacking()
    }

    pub fn get(&self, _name: &str) -> io::Result<Option<(Vec<u8>, Option<String>)>> {
        lacking()
    }

    pub fn put(&self, _name: &str, _bytes: Vec<u8>, _way: Way) -> io::Result<Put> {
        lacking()
    }

    pub fn send(&self, _files: &[(String, PathBuf)], _way: &Way) -> io::Result<Vec<Listed>> {
        lacking()
    }

    pub fn bring(&self, _objects: &[Listed], _folder: &Path) -> io::Result<()> {
        lacking()
    }

    pub fn remove(&self, _names: &[String]) -> io::Result<()> {
        lacking()
    }
}

fn lacking<T>() -> io::Result<T> {
    Err(io::Error::other(Feature::Cloud.lacking()))
}
