//! A file that grows beside its target and is renamed when it is whole.
//!
//! A run that fails removes what it wrote and has not touched the target. A growing file is locked for as
//! long as its process lives, which tells later runs whether anyone still needs it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::standing::{Artefact, Folder, Way, way};
use super::sync::{create_folders, parent, sync_parent};
use super::{hidden, work};
use crate::digest::of_file;
use crate::error::{Error, Result};
use crate::text::condensed;

/// A target, and the hidden file beside it. Dropping it removes that file unless it got its name.
#[derive(Debug)]
pub struct FilePlace {
    target: PathBuf,
    /// `None` where the target is a device or a pipe.
    partial: Option<PathBuf>,
    /// Holds the lock.
    _lock: Option<File>,
}

impl FilePlace {
    /// Creates the file beside the target, and the folders that it is in. Whether what is there may be
    /// replaced was asked before the work began.
    ///
    /// # Errors
    /// Something is at the target that is never replaced; the operating system's.
    pub fn create(target: &Path, kind: Artefact) -> Result<(Self, File)> {
        let target = match way(target, kind, true)? {
            Way::Beside(target) => target,
            Way::Through(target) => {
                let file = OpenOptions::new().append(true).open(&target);
                let file = file.map_err(|e| Error::io("write", &target, e))?;
                let place = Self {
                    target,
                    partial: None,
                    _lock: None,
                };
                return Ok((place, file));
            }
        };
        if kind.folder == Folder::Made {
            let folder = parent(&target);
            create_folders(folder).map_err(|e| Error::io("create", folder, e))?;
        }
        let create = || {
            let partial = hidden(&target, "partial");
            let file = File::create_new(&partial)?;
            work::begin(&partial);
            Ok((partial, file))
        };
        let (partial, file) = create().map_err(|e| Error::io("write", &target, e))?;
        // A file system without locks only keeps what killed runs leave.
        let lock = file.try_clone().ok().filter(|file| file.try_lock().is_ok());
        let place = Self {
            target,
            partial: Some(partial),
            _lock: lock,
        };
        Ok((place, file))
    }

    pub fn target(&self) -> &Path {
        &self.target
    }

    /// How large it is.
    pub fn bytes(&self) -> u64 {
        let path = self.partial.as_ref();
        path.and_then(|path| fs::metadata(path).ok())
            .map_or(0, |found| found.len())
    }

    /// Where it is until it has its name; `None` where it is written through.
    pub(super) fn partial(&self) -> Option<&Path> {
        self.partial.as_deref()
    }

    /// Renames the whole file into place.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish(mut self) -> Result<()> {
        let Some(partial) = &self.partial else {
            return Ok(());
        };
        fs::rename(partial, &self.target)
            .map_err(|e| Error::io("rename the finished file to", &self.target, e))?;
        self.forget();
        sync_parent(&self.target).map_err(|e| Error::io("sync the folder of", &self.target, e))
    }

    /// As [`publish`](Self::publish), under the name that the file's SHA-256 leads to, which is given
    /// back.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish_by_content(mut self, name: impl Fn(&str) -> PathBuf) -> Result<PathBuf> {
        if let Some(partial) = &self.partial {
            let (_, sha256) = of_file(partial).map_err(|e| Error::io("read", partial, e))?;
            self.target = name(&sha256);
        }
        let target = self.target.clone();
        self.publish().map(|()| target)
    }

    /// It has its name.
    pub(super) fn forget(&mut self) {
        if let Some(partial) = self.partial.take() {
            work::end(&partial);
        }
    }
}

impl Drop for FilePlace {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // The error that led here matters more than one about cleaning up.
            let _ = fs::remove_file(partial);
            work::end(partial);
        }
    }
}

/// Writes a file of this kind and makes it durable; a reader never sees half of it, and a failure leaves
/// nothing new.
///
/// # Errors
/// As [`FilePlace::create`].
pub fn write_whole(path: &Path, kind: Artefact, bytes: &[u8]) -> Result<()> {
    whole_file(path, kind, bytes)?.publish()
}

/// As [`write_whole`], of what is written piece by piece and would be large as one.
///
/// # Errors
/// As [`FilePlace::create`]; what `write` gives.
pub(crate) fn write_in_parts(
    path: &Path,
    kind: Artefact,
    write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
) -> Result<()> {
    let failed = |source| Error::io("write", path, source);
    let (place, file) = FilePlace::create(path, kind)?;
    let mut buffer = BufWriter::with_capacity(1 << 16, &file);
    write(&mut buffer).map_err(failed)?;
    buffer.flush().map_err(failed)?;
    drop(buffer);
    if place.partial.is_some() {
        file.sync_all().map_err(failed)?;
    }
    place.publish()
}

/// A file of this kind with all its bytes, durable, that has no name yet.
///
/// # Errors
/// As [`FilePlace::create`].
pub fn whole_file(path: &Path, kind: Artefact, bytes: &[u8]) -> Result<FilePlace> {
    let failed = |source| Error::io("write", path, source);
    let (place, mut file) = FilePlace::create(path, kind)?;
    file.write_all(bytes).map_err(failed)?;
    if place.partial.is_some() {
        file.sync_all().map_err(failed)?;
    }
    Ok(place)
}

/// Writes a document among those that only icefold has; as [`write_whole`].
///
/// # Errors
/// The operating system's, with the path.
pub fn write_document(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = hidden(path, "partial");
    let write = || -> io::Result<()> {
        let mut file = File::create_new(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_parent(path)
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&partial);
        Error::io("write", path, source)
    })
}

/// A file that belongs to a store: its name without `.zarr`, and what it is. Stores whose names differ
/// otherwise, such as `photons.2018` and `photons.2019`, have files of their own.
pub fn beside(store: &Path, what: &str) -> PathBuf {
    let zarr = store
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("zarr"));
    let stem = if zarr {
        store.file_stem()
    } else {
        store.file_name()
    };
    let mut name: OsString = stem.unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    store.with_file_name(name)
}

/// A file that the library which writes it could not write.
pub(crate) fn write_failed(target: &Path, error: &impl ToString) -> Error {
    Error::io("write", target, io::Error::other(condensed(error)))
}

#[cfg(test)]
mod tests {
    use super::super::standing::kinds::{REPORT, TABLE};
    use super::*;

    #[test]
    fn stores_whose_names_differ_have_files_of_their_own() {
        let of = |store: &str| beside(Path::new(store), "run.json");
        assert_eq!(of("a/land_ice.zarr"), Path::new("a/land_ice.run.json"));
        assert_eq!(of("photons.2018"), Path::new("photons.2018.run.json"));
        assert_eq!(of("photons"), Path::new("photons.run.json"));
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/t.parquet");
        let (place, _) = FilePlace::create(&path, TABLE).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
        drop(place);
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write_whole(&link, REPORT, b"{}").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"{}");
        fs::remove_file(&file).unwrap();
        let error = write_whole(&link, REPORT, b"{}").unwrap_err();
        assert!(error.to_string().contains("does not exist"), "{error}");
        write_whole(Path::new("/dev/null"), REPORT, b"{}").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
