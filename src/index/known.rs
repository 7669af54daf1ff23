//! Which granules an index knows, by where they are, and whether they are still what they were.
//!
//! Beside the line. Files are known by the way from the folder of the index to them, objects by their URLs.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes as Buffer;

use super::file::Index;
use crate::error::{Error, Result};
use crate::place::{canonical_folder, way};
use crate::source::{Remembered, Remembers, is_object, open, see, unpacked};

/// Where an entry is, and what tells the version of its granule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub row: u64,
    pub bytes: u64,
    pub modified: u64,
    pub etag: Option<String>,
}

/// What became of a granule since it was indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The index does not know it.
    New,
    /// It is another file or object now.
    Changed,
    /// It is what it was; its row.
    Same(u64),
}

/// The granules of an index.
#[derive(Debug)]
pub(super) struct Known {
    /// The folder of the index, links followed.
    folder: PathBuf,
    rows: HashMap<String, At>,
    /// Ascending, as in the file.
    addresses: Vec<String>,
}

impl Known {
    /// Of an index at this path; none so far.
    ///
    /// # Errors
    /// A folder that is not there.
    pub fn new(path: &Path) -> Result<Self> {
        Ok(Self {
            folder: canonical_folder(path)?,
            rows: HashMap::new(),
            addresses: Vec::new(),
        })
    }

    pub fn fill(&mut self, rows: HashMap<String, At>, addresses: Vec<String>) {
        self.rows = rows;
        self.addresses = addresses;
    }

    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    pub fn addresses(&self) -> impl Iterator<Item = &String> {
        self.addresses.iter()
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn at(&self, address: &str) -> Option<&At> {
        self.rows.get(address)
    }
}

impl Index {
    /// What became of a granule since it was indexed: of objects, those that are open are asked.
    ///
    /// # Errors
    /// A path that is not UTF-8, a folder that is not there.
    pub(super) fn since(&self, path: &Path, ways: &mut Ways) -> Result<Since> {
        let address = ways.address(path, self.known().folder())?;
        let Some(at) = self.known().at(&address) else {
            return Ok(Since::New);
        };
        let is_same = if is_object(path) {
            open(path).is_ok_and(|object| object.is_remembered())
        } else {
            let seen = see(path).map_err(|e| Error::io("look at", path, e))?;
            seen.bytes == at.bytes && seen.modified == at.modified && at.modified > 0
        };
        Ok(if is_same {
            Since::Same(at.row)
        } else {
            Since::Changed
        })
    }
}

impl Remembers for Index {
    fn object(&self, url: &str) -> Option<Remembered> {
        let at = self.known().at(url)?;
        Some(Remembered {
            length: at.bytes,
            etag: at.etag.clone(),
            modified: at.modified,
            place: at.row,
        })
    }

    fn kept(&self, place: u64) -> io::Result<Vec<(u64, Buffer)>> {
        let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let inflated = self.inflated(place).map_err(|e| invalid(e.to_string()))?;
        if inflated.is_empty() {
            return Ok(Vec::new());
        }
        unpacked(&Buffer::from(inflated)).ok_or_else(|| {
            let error = self.error(format!(
                "is damaged: row {place} keeps bytes without their places"
            ));
            invalid(error.to_string())
        })
    }
}

/// Ways from the folder of an index to files, each folder looked up once.
#[derive(Debug, Default)]
pub(super) struct Ways(HashMap<PathBuf, PathBuf>);

impl Ways {
    /// How an index in a folder, links followed, calls a granule.
    ///
    /// # Errors
    /// A path that is not UTF-8, a folder that is not there.
    pub fn address(&mut self, path: &Path, folder: &Path) -> Result<String> {
        let called = if is_object(path) {
            path.to_path_buf()
        } else {
            let parent = path.parent().unwrap_or(Path::new(""));
            let known = self.0.get(parent).cloned();
            let parent = if let Some(known) = known {
                known
            } else {
                let found = canonical_folder(path)?;
                self.0.insert(parent.to_path_buf(), found.clone());
                found
            };
            way(&parent.join(path.file_name().unwrap_or_default()), folder)
        };
        called.to_str().map(str::to_owned).ok_or_else(|| {
            Error::argument(format!(
                "granule {} has a path that is not UTF-8, which an index cannot hold; rename it",
                path.display()
            ))
        })
    }
}
