//! A folder that grows beside its target and is renamed when it is whole.
//!
//! The twin of `file.rs`. Whether the target may be replaced is for the caller to decide; what is replaced
//! stays whole until the new folder is in its place.

use std::fs;
use std::path::{Path, PathBuf};

use super::sync::{create_folders, parent, sync_parent};
use super::{hidden, swap, work};
use crate::error::{Error, Result};
use crate::folders;

/// A target, and the hidden folder beside it. Dropping it removes that folder unless it got its name.
#[derive(Debug)]
pub struct FolderPlace {
    target: PathBuf,
    partial: PathBuf,
    named: bool,
}

impl FolderPlace {
    /// Creates the folder beside the target, and the folders that it is in.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(target: &Path) -> Result<Self> {
        let folder = parent(target);
        create_folders(folder).map_err(|e| Error::io("create", folder, e))?;
        let partial = hidden(target, "partial");
        fs::create_dir(&partial).map_err(|error| {
            let folder = folder.display();
            let message = format!(
                "cannot create a folder in {folder}: {error}; choose a path that you may write to"
            );
            Error::store(target, message).caused_by(error)
        })?;
        work::begin(&partial);
        Ok(Self {
            target: target.to_path_buf(),
            partial,
            named: false,
        })
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where to write.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the folder its name; what stood there is removed afterwards.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish(mut self) -> Result<()> {
        let target = &self.target;
        let io = |action: &'static str| move |e| Error::io(action, target, e);
        let old = swap::replace(&self.partial, target).map_err(io("rename what is finished to"))?;
        sync_parent(target).map_err(io("sync the folder of"))?;
        let removed = old.map_or(Ok(()), |old| {
            folders::remove(&old).map_err(|error| {
                let message = format!(
                    "written, but the store that it replaces is still at {}: {error}; remove it",
                    old.display()
                );
                Error::store(target, message).caused_by(error)
            })
        });
        self.forget();
        removed
    }

    /// It has its name.
    pub(super) fn forget(&mut self) {
        self.named = true;
        work::end(&self.partial);
    }
}

impl Drop for FolderPlace {
    fn drop(&mut self) {
        if !self.named {
            // The error that led here matters more than one about cleaning up.
            let _ = folders::remove(&self.partial);
            work::end(&self.partial);
        }
    }
}
