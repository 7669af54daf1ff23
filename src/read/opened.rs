//! Granules that stay open from the survey to their turn, so that what was found out about them is found out once.
//!
//! Beside the line. Finding the datasets of a granule is the work of one thread, and of a small granule most of all work.
//! A few stay open, each until its turn; of others the survey leaves nothing behind. What was found out holds as long as the
//! file is what it was, so a granule that may have been written to is opened anew, and none stays open where one
//! leads to other files, of which nothing is known.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{GranulePath, Input, WantedShards};
use crate::photon::ColumnType;
use crate::source::is_object;

/// Granules that may stay open: each has two handles, and what libhdf5 knows of its structure.
const MOST: usize = 16;
/// For how long a file must not have been written to: the clocks of file systems tick at least that often, so what is
/// written later has another time.
const SETTLED: Duration = Duration::from_millis(100);

/// Granules that a survey opened, and that are as it found them.
#[derive(Debug, Default)]
pub struct StillOpen {
    granules: Mutex<BTreeMap<String, Kept>>,
    /// One leads to other files, which may be granules that are open.
    one_leads: bool,
}

#[derive(Debug)]
struct Kept {
    input: Input,
    /// In which its columns are read.
    types: Vec<ColumnType>,
    path: PathBuf,
    file: FileState,
}

/// What tells that a path still leads to the file, and that nobody has written to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileState {
    bytes: u64,
    modified: SystemTime,
    /// Where it is, and when anything of it changed last, its times included.
    place: (u64, u64),
    changed: (i64, i64),
}

impl FileState {
    /// Of a file on a disk; `None` of anything else, and where the system does not tell all of it.
    pub fn of(path: &Path) -> Option<Self> {
        if is_object(path) {
            return None;
        }
        let found = path.metadata().ok().filter(Metadata::is_file)?;
        let (place, changed) = identity(&found)?;
        Some(Self {
            bytes: found.len(),
            modified: found.modified().ok()?,
            place,
            changed,
        })
    }

    /// Whether what is written from now on has another time.
    fn is_settled(&self) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since_1970.map_or(0, |now| now.as_nanos() as i128);
        let changed = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        now - changed >= SETTLED.as_nanos() as i128
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
fn identity(found: &Metadata) -> Option<((u64, u64), (i64, i64))> {
    use std::os::unix::fs::MetadataExt;
    Some((
        (found.dev(), found.ino()),
        (found.ctime(), found.ctime_nsec()),
    ))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<((u64, u64), (i64, i64))> {
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
        self.one_leads |= matches!(&input, Input::Hdf5(granule, _) if granule.leads_elsewhere());
        if self.one_leads {
            self.granules().clear();
            return;
        }
        // What is joined to it has files of its own.
        let is_alone = granule.siblings.is_empty();
        let file = file.filter(|file| is_alone && file.is_settled());
        let mut granules = self.granules();
        if let Some(file) = file.filter(|_| granules.len() < MOST) {
            let path = granule.path.clone();
            let kept = Kept {
                input,
                types,
                path,
                file,
            };
            granules.insert(granule.name.to_string(), kept);
        }
    }

    /// A granule that is open, to be read as [`Input::open`] says; `None` where it has to be opened.
    pub fn take(
        &self,
        granule: &GranulePath,
        (types, batch_rows): (&[ColumnType], usize),
        wanted: &Option<WantedShards>,
    ) -> Option<Input> {
        let kept = self.granules().remove(&*granule.name)?;
        let is_as_found = FileState::of(&granule.path).as_ref() == Some(&kept.file);
        let is_same = kept.path == *granule.path && granule.siblings.is_empty();
        if !is_as_found || !is_same || kept.types != types {
            return None;
        }
        match kept.input {
            Input::Hdf5(granule, reader) => {
                let reader = reader.taken_up(batch_rows).within(wanted.clone());
                Some(Input::Hdf5(granule, Box::new(reader)))
            }
            Input::Table(_) => None,
        }
    }

    /// Closes those that are left.
    pub fn close(&self) {
        self.granules().clear();
    }

    fn granules(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.granules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    #[cfg_attr(not(unix), ignore = "the system does not tell when a file was changed")]
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
        assert_ne!(old, FileState::of(&path));
        // In place, of the same length, and the time put back.
        let before = FileState::of(&path).unwrap();
        std::thread::sleep(SETTLED);
        assert!(before.is_settled());
        fs::write(&path, "34").unwrap();
        set_time(&path);
        let after = FileState::of(&path).unwrap();
        assert_eq!(
            (before.bytes, before.modified),
            (after.bytes, after.modified)
        );
        assert_ne!(before, after);
        assert!(!after.is_settled());
        assert_eq!(FileState::of(folder.path()), None);
        assert_eq!(FileState::of(Path::new("s3://bucket/a.h5")), None);
    }
}
