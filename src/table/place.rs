//! A file that grows beside its target and is renamed when it is whole.
//!
//! Below `write.rs` and `errors.rs`. A run that fails removes what it wrote; a target is never
//! touched before. A twin of `src/store/place.rs`, which does this for folders.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::one_line;
use crate::error::{Error, Result};

/// A target, and the hidden file beside it. Dropping it removes that file unless it was published.
#[derive(Debug)]
pub(super) struct Place {
    target: PathBuf,
    partial: PathBuf,
    published: bool,
}

impl Place {
    /// Creates the file beside the target, and the folders that it is in.
    pub fn create(target: &Path) -> Result<(Self, File)> {
        let parent = target.parent().unwrap_or(Path::new(""));
        if !parent.as_os_str().is_empty() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, e))?;
        }
        let partial = hidden(target, "partial");
        let file = File::create(&partial).map_err(|e| Error::io("create", &partial, e))?;
        let place = Self {
            target: target.to_path_buf(),
            partial,
            published: false,
        };
        Ok((place, file))
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// An error of writing this file.
    pub fn failed(&self, error: &impl ToString) -> Error {
        write_failed(&self.target, error)
    }

    /// Renames the whole file into place.
    pub fn publish(mut self) -> Result<()> {
        fs::rename(&self.partial, &self.target)
            .map_err(|e| Error::io("rename the finished table to", &self.target, e))?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.published {
            // The error that led here matters more than one about cleaning up.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// A name in the folder of `target` that listings hide, of this process alone.
pub(super) fn hidden(target: &Path, purpose: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{purpose}-{}", std::process::id()))
}

/// A table that the libraries could not write.
pub(super) fn write_failed(target: &Path, error: &impl ToString) -> Error {
    Error::io("write", target, std::io::Error::other(one_line(error)))
}

/// Checks that a table may be written at `target`, before the work whose result goes there.
///
/// # Errors
/// Something is there and is not to be replaced; a folder is there; nothing can be created there.
pub fn check_file_target(target: &Path, overwrite: bool) -> Result<()> {
    match fs::metadata(target) {
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(Error::io("look at", target, e)),
        Ok(found) if !found.is_file() => {
            return Err(Error::Usage(format!(
                "cannot write the table {}: something that is no file is there; choose another path",
                target.display()
            )));
        }
        Ok(_) if overwrite => {}
        Ok(_) => {
            return Err(Error::Usage(format!(
                "table {} exists; pass --overwrite to replace it",
                target.display()
            )));
        }
    }
    crate::report::check_writable(target)
}
