//! Where a store goes: it grows beside its target and is renamed when it is whole.
//!
//! Below `write.rs`, above `src/place/`. A run that fails removes what it wrote and has not touched the
//! target.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::array::WriteFailure;
use super::hive::is_hive;
use super::ours;
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::place::{FolderPlace, Inputs, hidden, sync_folder as sync};

/// Files that are synced at the same time.
const SYNCED: usize = 8;

/// A target, and the hidden folder beside it in which the store grows. Dropping it removes the
/// folder unless the store got its name.
#[derive(Debug)]
pub struct Place {
    folder: FolderPlace,
    overwrite: bool,
}

impl Place {
    /// Checks the target and creates the folder beside it.
    pub fn create(target: &Path, overwrite: bool) -> Result<Self> {
        let target = resolve(target)?;
        may_replace(&target, overwrite)?;
        let folder = FolderPlace::create(&target)?;
        Ok(Self { folder, overwrite })
    }

    pub fn target(&self) -> &Path {
        self.folder.target()
    }

    /// Where to write.
    pub fn partial(&self) -> &Path {
        self.folder.partial()
    }

    /// The whole store, that waits for its name; what is at the target may have changed since it was
    /// begun.
    pub fn whole(self) -> Result<FolderPlace> {
        may_replace(self.target(), self.overwrite)?;
        Ok(self.folder)
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
            self.target(),
            format!("cannot write {path}: {source}; {remedy}; no store was written"),
        )
    }
}

/// The place a target means: a link to a store is followed, so that the store is replaced, not the
/// link.
///
/// # Errors
/// No name for a store, a link to nothing.
pub fn resolve(target: &Path) -> Result<PathBuf> {
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
pub fn check_target(target: &Path, overwrite: bool, inputs: &Inputs) -> Result<()> {
    let target = resolve(target)?;
    if may_replace(&target, overwrite)? {
        spare(&target, inputs)?;
    }
    // What is missing of the path is created with the store; what exists must be writable.
    let existing = target.ancestors().skip(1).find(|folder| folder.is_dir());
    let folder = existing.unwrap_or(Path::new(""));
    let probe = hidden(
        &folder.join(target.file_name().unwrap_or_default()),
        "probe",
    );
    fs::create_dir(&probe)
        .and_then(|()| fs::remove_dir(&probe))
        .map_err(|error| {
            let message = format!(
                "cannot create a folder in {}: {error}; choose a path that you may write to",
                folder.display()
            );
            Error::store(&target, message).caused_by(error)
        })
}

/// Checks that a folder is a store of icefold's, with nothing else in it.
///
/// # Errors
/// In words, why it is none.
pub fn check_ours(store: &Path) -> Result<(), String> {
    ours::check(store)
}

/// A store that holds what the run reads, or in which it was called, stays.
fn spare(target: &Path, inputs: &Inputs) -> Result<()> {
    if let Some(input) = inputs.below(target) {
        let message = format!(
            "holds {}, which this run reads, and is not replaced; choose another path",
            input.display()
        );
        return Err(Error::store(target, message));
    }
    let real = fs::canonicalize(target).map_err(|e| Error::io("look at", target, e))?;
    let here = std::env::current_dir().and_then(fs::canonicalize);
    if here.is_ok_and(|here| here.starts_with(&real)) {
        let message = "is the working directory or holds it, and is not replaced; go elsewhere";
        return Err(Error::store(target, message));
    }
    Ok(())
}

/// Whether a store is to be replaced; an error if something else is there or it must stay.
fn may_replace(target: &Path, overwrite: bool) -> Result<bool> {
    let refuse = |message: &str| Err(Error::store(target, message));
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("look at", target, error)),
        Ok(found) if !found.is_dir() => {
            return refuse("exists and is a file, not a zarr store; choose another path");
        }
        Ok(_) => {}
    }
    let document = target.join(if is_hive(target) {
        "morton_hive.json"
    } else {
        "zarr.json"
    });
    match fs::metadata(&document) {
        Ok(found) if found.is_file() => {}
        Err(e) if e.kind() != ErrorKind::NotFound => {
            return Err(Error::io("look at", document, e));
        }
        _ => {
            return refuse(
                "exists and is not a zarr store (it has no zarr.json); choose another path",
            );
        }
    }
    if !overwrite {
        return refuse("exists").map_err(|error| {
            error.with_remedy(phrase![Setting::Overwrite.set(), " to replace it"])
        });
    }
    ours::check(target).map_err(|why| {
        let message = format!(
            "exists and is not replaced, as it is not only a store of icefold's: {why}; choose another \
             path, or remove it yourself"
        );
        Error::store(target, message)
    })?;
    Ok(true)
}

/// Makes a store that is written durable, file by file, several at a time: the first has the file system write what it
/// knows of all of them, so they are quicker together than each as it is written.
pub fn sync_written(folder: &Path) -> Result<(), WriteFailure> {
    let (mut files, mut below) = (Vec::new(), vec![folder.to_path_buf()]);
    let mut next = 0;
    while let Some(folder) = below.get(next).cloned() {
        next += 1;
        let listed = folders::list(&folder).map_err(|source| WriteFailure {
            path: folder,
            source,
        })?;
        for path in listed {
            let to = if path.is_dir() {
                &mut below
            } else {
                &mut files
            };
            to.push(path);
        }
    }
    together(&files, |path| {
        let synced = fs::File::options().write(true).open(path);
        let synced = synced.and_then(|file| file.sync_all());
        synced.map_err(|source| WriteFailure {
            path: path.clone(),
            source,
        })
    })?;
    below.reverse();
    together(&below, |path| sync_folder(path))
}

/// Syncs several at a time, on threads that wait for the disk and take no part in what is computed: who waits together
/// is written together.
fn together(
    all: &[PathBuf],
    sync: impl Fn(&PathBuf) -> Result<(), WriteFailure> + Sync,
) -> Result<(), WriteFailure> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(path) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            sync(path)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let others = 1..SYNCED.min(all.len());
        // Fewer will do where the system has no more threads.
        let others = others.filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok());
        let others: Vec<_> = others.collect();
        let own = work();
        let others = others.into_iter().map(|other| {
            let ended = other.join();
            ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        others.fold(own, Result::and)
    })
}

/// Makes all below a folder durable: at once where the system can, else file by file.
pub fn sync_all_below(folder: &Path) -> Result<(), WriteFailure> {
    let wrap = |source| WriteFailure {
        path: folder.to_path_buf(),
        source,
    };
    #[cfg(target_os = "linux")]
    {
        let file = fs::File::open(folder).map_err(wrap)?;
        rustix::fs::syncfs(&file).map_err(|error| wrap(error.into()))
    }
    #[cfg(not(target_os = "linux"))]
    {
        for path in folders::list(folder).map_err(wrap)? {
            if path.is_dir() {
                sync_all_below(&path)?;
            } else {
                fs::File::open(&path)
                    .and_then(|file| file.sync_all())
                    .map_err(wrap)?;
            }
        }
        sync_folder(folder)
    }
}

/// Makes a folder's entries durable, where the system can.
pub fn sync_folder(folder: &Path) -> Result<(), WriteFailure> {
    sync(folder).map_err(|source| {
        let path = folder.to_path_buf();
        WriteFailure { path, source }
    })
}
