//! Which store the pieces may replace in the end.
//!
//! Beside the line. `--overwrite` is asked for when a run begins; one that goes on with `--resume` may
//! replace the store that stood there then, and no other.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Pieces;
use crate::error::{Error, Result};
use crate::place::{identity, open, seal, write_document};

const NAME: &str = "replaces.json";

/// Device and inode of a store.
#[derive(Serialize, Deserialize)]
struct Replaces {
    store: (u64, u64),
}

impl Pieces {
    /// Records that the store that is there is to be replaced, if there is one.
    ///
    /// # Errors
    /// The operating system's.
    pub fn will_replace(&self, store: &Path) -> Result<()> {
        let Some(store) = identity(store) else {
            return Ok(());
        };
        let (bytes, _) = seal(&Replaces { store }, false);
        write_document(&self.folder.join(NAME), &bytes)
    }

    /// Whether the store that is there is the one that was to be replaced when the pieces were begun.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn may_replace(folder: &Path, store: &Path) -> Result<bool> {
        let path = folder.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(false);
            }
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let replaces = open::<Replaces>(&bytes).ok();
        Ok(replaces.is_some_and(|opened| identity(store) == Some(opened.document.store)))
    }
}
