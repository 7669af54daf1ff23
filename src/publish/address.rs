//! Where something is to go that is no file of this machine: the URL of what it will be in, and its name there.

use std::path::{Path, PathBuf};

use super::failed;
use crate::error::{Error, Result};
use crate::merge::available_space;
use crate::source::{Listed, Prefix, Remote, is_plain, scheme, shown};
use crate::text::size;

/// Schemes of stores that are written to: those of S3, which puts an object under a condition.
const WRITTEN: [&str; 2] = ["s3", "s3a"];

/// A name in a store of objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    folder: String,
    name: String,
}

impl Address {
    /// Whether a path is the URL of a store that is written to.
    pub fn is(path: &Path) -> bool {
        let scheme = path.to_str().and_then(scheme);
        scheme.is_some_and(|scheme| WRITTEN.contains(&&*scheme.to_ascii_lowercase()))
    }

    /// The address that a URL is; `None` of a path.
    ///
    /// # Errors
    /// A URL with no name behind the bucket, or with more than a name.
    pub fn of(path: &Path) -> Result<Option<Self>> {
        if !Self::is(path) {
            return Ok(None);
        }
        let url = path.to_string_lossy();
        let url = url.trim_end_matches('/');
        let refuse = |why: &str| {
            let url = shown(url);
            Err(Error::argument(format!(
                "{url}: {why}; write s3://BUCKET/FOLDER/NAME"
            )))
        };
        if url.contains(['?', '#']) {
            return refuse("where objects are written, a URL has no query and no fragment");
        }
        let Some((_, rest)) = url.split_once("://") else {
            return Ok(None);
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || key.is_empty() {
            return refuse("it has not both a bucket and a name");
        }
        if bucket.contains('@') {
            return refuse("credentials are never part of a URL here");
        }
        if !is_plain(key) {
            return refuse("the name is no path that a file could have");
        }
        let at = url.len() - key.rsplit('/').next().unwrap_or_default().len();
        Ok(Some(Self {
            folder: url[..at].trim_end_matches('/').to_owned(),
            name: url[at..].to_owned(),
        }))
    }

    /// The URL of what it is in.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole URL.
    pub fn url(&self) -> PathBuf {
        PathBuf::from(format!("{}/{}", self.folder, self.name))
    }

    /// The objects around it.
    ///
    /// # Errors
    /// Credentials that cannot be used.
    pub fn open(&self, remote: &Remote) -> Result<Prefix> {
        Prefix::open(&self.folder, remote).map_err(|e| failed(&self.url().to_string_lossy(), &e))
    }

    /// Brings objects that have to do with it into a folder, if that has room for them.
    ///
    /// # Errors
    /// They cannot be fetched; there is no room.
    pub fn bring(&self, from: &Prefix, objects: &[Listed], folder: &Path) -> Result<()> {
        let bytes: u64 = objects.iter().map(|listed| listed.bytes).sum();
        if let Some(room) = available_space(folder).filter(|room| *room < bytes) {
            return Err(Error::argument(format!(
                "{} has {} to be brought here, and {} has room for {}; name another folder for it",
                self.url().display(),
                size(bytes),
                folder.display(),
                size(room)
            )));
        }
        let brought = from.bring(objects, folder);
        brought.map_err(|e| failed(&self.url().to_string_lossy(), &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<Option<Address>> {
        Address::of(Path::new(url))
    }

    #[test]
    fn a_url_is_a_name_in_a_folder() {
        for (url, folder, name) in [
            ("s3://bucket/a/OUT.zarr", "s3://bucket/a", "OUT.zarr"),
            ("s3://bucket/OUT.zarr/", "s3://bucket", "OUT.zarr"),
            ("S3A://b/x/y/z", "S3A://b/x/y", "z"),
        ] {
            let address = of(url).unwrap().unwrap();
            assert_eq!((address.folder(), address.name()), (folder, name), "{url}");
        }
        assert_eq!(of("out.zarr").unwrap(), None);
        for read in [
            "https://host/out.zarr",
            "gs://b/out.zarr",
            "az://c/out.zarr",
        ] {
            assert_eq!(of(read).unwrap(), None, "{read}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused_without_what_is_secret() {
        for url in [
            "s3://bucket",
            "s3://bucket/",
            "s3:///a.zarr",
            "s3://bucket/a//b.zarr",
            "s3://bucket/../b.zarr",
            "s3://key:secret@bucket/a.zarr",
            "s3://bucket/a.zarr?token=secret",
        ] {
            let said = of(url).unwrap_err().to_string();
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
