//! What is looked at, wherever it is: objects are brought here first, for as long as that takes.

use std::path::{Path, PathBuf};

use super::{Address, Copy};
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::source::Remote;

/// Ends of the names of granules, which are looked at where they are.
const GRANULES: [&str; 4] = ["h5", "hdf5", "he5", "nc"];

/// Something that is on this machine, or a copy of it is.
#[derive(Debug)]
pub struct Near {
    path: PathBuf,
    copy: Option<Copy>,
}

impl Near {
    /// The same path, or a copy of what a URL names; its documents, where those are enough.
    ///
    /// # Errors
    /// There is nothing; it cannot be fetched, or there is no room for it.
    pub fn of(path: &Path, (scratch, remote): (&Path, &Remote), documents: bool) -> Result<Self> {
        let address = Address::of(path)?.filter(|address| !is_granule(address.name()));
        let Some(address) = address else {
            let path = path.to_path_buf();
            return Ok(Self { path, copy: None });
        };
        Feature::Cloud.needed_for("read objects of stores and web servers")?;
        let copy = Copy::of(&address, (scratch, remote), documents)?;
        let copy = copy.ok_or_else(|| {
            let url = address.url().display().to_string();
            Error::argument(format!(
                "{url}: there is nothing of this name; check the URL"
            ))
        })?;
        Ok(Self {
            path: copy.path().to_path_buf(),
            copy: Some(copy),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What came of looking at it; an error is about it by its own name, and not about a copy that is gone by then.
    ///
    /// # Errors
    /// That of the outcome.
    pub fn outcome<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| match (&self.copy, error.object().cloned()) {
            (Some(copy), Some(object)) => error.about(copy.named(object)),
            _ => error,
        })
    }

    /// What is said of it, by its own name.
    pub fn said(&self, text: &str) -> String {
        match &self.copy {
            Some(copy) => copy.said(text),
            None => text.to_owned(),
        }
    }
}

fn is_granule(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or_default();
    GRANULES
        .iter()
        .any(|granule| end.eq_ignore_ascii_case(granule))
}
