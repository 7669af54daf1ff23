//! Granules that stay open from the survey to their turn, so that what was found out about them is found out once.
//!
//! Beside the line. Finding the datasets of a granule is the work of one thread, and of a small granule most of all work.
//! A few stay open; of others the survey leaves nothing behind.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::{GranulePath, Input, WantedShards};
use crate::photon::ColumnType;
use crate::source::is_object;

/// Granules that may stay open: each has two handles, and what libhdf5 knows of its structure.
const MOST: usize = 16;

/// Granules that a survey opened, and that are as it found them.
#[derive(Debug, Default)]
pub struct StillOpen {
    granules: Mutex<BTreeMap<PathBuf, Kept>>,
}

#[derive(Debug)]
struct Kept {
    input: Input,
    /// In which its columns are read.
    types: Vec<ColumnType>,
    file: FileState,
}

/// What tells that a path still leads to the file, and that nobody has written to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileState {
    bytes: u64,
    modified: Option<SystemTime>,
    place: Option<(u64, u64)>,
}

impl FileState {
    /// Of a file on a disk; `None` of anything else.
    pub fn of(path: &Path) -> Option<Self> {
        if is_object(path) {
            return None;
        }
        let found = path.metadata().ok().filter(Metadata::is_file)?;
        Some(Self {
            bytes: found.len(),
            modified: found.modified().ok(),
            place: place(&found),
        })
    }
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems do not tell where a file is"
)]
fn place(found: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> Option<(u64, u64)> {
    None
}

impl StillOpen {
    /// Keeps a granule that was opened after its file was looked at, where there is room.
    pub(super) fn keep(
        &mut self,
        granule: &GranulePath,
        (input, types): (Input, Vec<ColumnType>),
        file: Option<FileState>,
    ) {
        let granules = self.granules.get_mut();
        let granules = granules.unwrap_or_else(PoisonError::into_inner);
        // What is joined to it has files of its own.
        let is_alone = granule.siblings.is_empty();
        if let Some(file) = file.filter(|_| is_alone && granules.len() < MOST) {
            let kept = Kept { input, types, file };
            granules.insert(granule.path.to_path_buf(), kept);
        }
    }

    /// A granule that is open, to be read as [`Input::open`] says; `None` where it has to be opened.
    pub fn take(
        &self,
        granule: &GranulePath,
        (types, batch_rows): (&[ColumnType], usize),
        wanted: &Option<WantedShards>,
    ) -> Option<Input> {
        let granules = self.granules.lock();
        let mut granules = granules.unwrap_or_else(PoisonError::into_inner);
        let kept = granules.remove(&*granule.path)?;
        drop(granules);
        let is_as_found = FileState::of(&granule.path).as_ref() == Some(&kept.file);
        if !is_as_found || kept.types != types || !granule.siblings.is_empty() {
            return None;
        }
        match kept.input {
            Input::Hdf5(granule, reader) => {
                let reader = reader.batches_of(batch_rows).within(wanted.clone());
                Some(Input::Hdf5(granule, Box::new(reader)))
            }
            Input::Table(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_was_written_or_replaced_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["a.h5", "b.h5"].map(|name| folder.path().join(name));
        fs::write(&path, "12").unwrap();
        let first = FileState::of(&path);
        assert!(first.is_some() && first == FileState::of(&path));
        let time = SystemTime::UNIX_EPOCH;
        let set_time = |path| {
            let file = fs::File::options().append(true).open(path).unwrap();
            file.set_modified(time).unwrap();
        };
        set_time(&path);
        let old = FileState::of(&path);
        assert_ne!(first, old);
        fs::write(&path, "123").unwrap();
        set_time(&path);
        assert_ne!(old, FileState::of(&path));
        // Of the same length and time.
        fs::write(&other, "12").unwrap();
        set_time(&other);
        fs::rename(&other, &path).unwrap();
        assert_eq!(old != FileState::of(&path), cfg!(unix));
        assert_eq!(FileState::of(folder.path()), None);
        assert_eq!(FileState::of(Path::new("s3://bucket/a.h5")), None);
    }
}
