//! Where a store is put: it grows beside its target and is renamed when it is whole.
//!
//! Below `write.rs`. A run that fails removes what it wrote; a target is never touched before.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::array::WriteFailure;
use crate::error::{Error, Result};

/// A target, and the hidden folder beside it in which the store grows. Dropping it removes the
/// folder unless the store was published.
#[derive(Debug)]
pub struct Place {
    target: PathBuf,
    partial: PathBuf,
    overwrite: bool,
    published: bool,
}

impl Place {
    /// Checks the target and creates the folder beside it.
    pub fn create(target: &Path, overwrite: bool) -> Result<Self> {
        let target = resolve(target)?;
        may_replace(&target, overwrite)?;
        let parent = target.parent().unwrap_or(Path::new(""));
        if !parent.as_os_str().is_empty() {
            fs::create_dir_all(parent).map_err(|e| Error::io("create", parent, e))?;
        }
        let partial = create_sibling(&target, "partial")?;
        Ok(Self {
            target,
            partial,
            overwrite,
            published: false,
        })
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where to write.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Renames the whole store into place. Between the two renames of an overwrite the old store is
    /// whole beside the target, and so is the new one.
    pub fn publish(&mut self) -> Result<()> {
        let target = &self.target;
        let io = |action: &'static str| move |e| Error::io(action, target, e);
        let old = if may_replace(target, self.overwrite)? {
            let aside = create_sibling(target, "replaced")?;
            if let Err(error) = fs::rename(target, &aside) {
                let _ = fs::remove_dir(&aside);
                return Err(io("move aside")(error));
            }
            Some(aside)
        } else {
            None
        };
        if let Err(error) = fs::rename(&self.partial, target) {
            if let Some(aside) = &old {
                fs::rename(aside, target).map_err(io("restore"))?;
            }
            return Err(io("rename the finished store to")(error));
        }
        self.published = true;
        let parent = target.parent().filter(|p| !p.as_os_str().is_empty());
        sync_folder(parent.unwrap_or(Path::new(".")))
            .map_err(|failure| Error::io("sync", failure.path, failure.source))?;
        let Some(aside) = old else {
            return Ok(());
        };
        fs::remove_dir_all(&aside).map_err(|error| {
            let aside = aside.display();
            let message = format!(
                "written, but the store that it replaces is still at {aside}: {error}; remove it"
            );
            Error::store(target, message)
        })
    }

    /// An error about a file of the store, with what helps.
    pub fn failed(&self, failure: &WriteFailure) -> Error {
        let remedy = match failure.source.kind() {
            ErrorKind::StorageFull => "free space there or choose another path",
            ErrorKind::QuotaExceeded => "free some of your quota or choose another path",
            ErrorKind::FileTooLarge => {
                "raise the file size limit (ulimit -f) or choose another path"
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "choose a path that you may write to"
            }
            _ => "check the file system or choose another path",
        };
        let (path, source) = (failure.path.display(), &failure.source);
        Error::store(
            &self.target,
            format!("cannot write {path}: {source}; {remedy}; no store was written"),
        )
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.published {
            // The error that led here matters more than one about cleaning up.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// The place a target means: a link to a store is followed, so that the store is replaced, not the
/// link.
fn resolve(target: &Path) -> Result<PathBuf> {
    if target.file_name().is_none() {
        let message = "is not a name for a store; choose one such as out.zarr";
        return Err(Error::store(target, message));
    }
    if target.is_symlink() {
        return fs::canonicalize(target).map_err(|e| Error::io("follow the link", target, e));
    }
    Ok(target.to_path_buf())
}

/// Checks that a store may be written at `target`, before the work whose result goes there.
///
/// # Errors
/// Something is there that is not to be replaced, or nothing can be created there.
pub fn check_target(target: &Path, overwrite: bool) -> Result<()> {
    let target = resolve(target)?;
    may_replace(&target, overwrite)?;
    // What is missing of the path is created with the store; what exists must be writable.
    let existing = target.ancestors().skip(1).find(|folder| folder.is_dir());
    let folder = existing.unwrap_or(Path::new(""));
    let probe = create_sibling(
        &folder.join(target.file_name().unwrap_or_default()),
        "probe",
    )?;
    fs::remove_dir(&probe).map_err(|e| Error::io("remove", probe, e))
}

/// Whether a store is to be replaced; an error if something else is there or it must stay.
fn may_replace(target: &Path, overwrite: bool) -> Result<bool> {
    let message = match fs::symlink_metadata(target) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("look at", target, error)),
        Ok(found) if !found.is_dir() => {
            "exists and is a file, not a zarr store; choose another path"
        }
        Ok(_) if !target.join("zarr.json").is_file() => {
            "exists and is not a zarr store (it has no zarr.json); choose another path"
        }
        Ok(_) if overwrite => return Ok(true),
        Ok(_) => "exists; pass --overwrite to replace it",
    };
    Err(Error::store(target, message))
}

/// Creates a hidden folder beside the target: on the same file system, so that renames are atomic.
fn create_sibling(target: &Path, purpose: &str) -> Result<PathBuf> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let process = std::process::id();
    let mut path = target.with_file_name(format!(".{name}.{purpose}-{process}"));
    // A killed run whose process number came round again may have left one.
    for attempt in 2.. {
        match fs::create_dir(&path) {
            Ok(()) => break,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                path = target.with_file_name(format!(".{name}.{purpose}-{process}-{attempt}"));
            }
            Err(error) => {
                let folder = target.parent().filter(|p| !p.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).display();
                let message = format!(
                    "cannot create a folder in {folder}: {error}; choose a path that you may \
                     write to"
                );
                return Err(Error::store(target, message));
            }
        }
    }
    Ok(path)
}

pub fn sync_folders(folder: &Path) -> Result<(), WriteFailure> {
    let wrap = |source| WriteFailure {
        path: folder.to_path_buf(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(wrap)? {
        let path = entry.map_err(wrap)?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    sync_folder(folder)
}

/// Makes a folder's entries durable, where the system can.
pub fn sync_folder(folder: &Path) -> Result<(), WriteFailure> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|file| file.sync_all()) {
        Err(source)
            if !matches!(
                source.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            let path = folder.to_path_buf();
            Err(WriteFailure { path, source })
        }
        _ => Ok(()),
    }
}
