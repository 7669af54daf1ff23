//! The folder of sorted runs or of piles, made for the first of them and removed with the last.
//!
//! Below `mod.rs`. Files on a list of saved runs stay until a newer list has been recorded, even when nothing
//! in memory needs them any more.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sorted_run::SortedRun;
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;

/// What a file in the folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Run,
    Pile,
}

/// Where sorted runs are, or piles; both may be in one folder. Dropping it removes the folder if it is empty.
#[derive(Debug)]
pub(super) struct RunFolder {
    path: PathBuf,
    kind: Kind,
    /// Of all that have files in it: whoever takes it away says so. Where it is gone otherwise, the
    /// process is about to end and it must not come back.
    made: Arc<AtomicBool>,
    next: u64,
    /// Files that are done with, and that the list of the last save names.
    retired: Vec<PathBuf>,
    /// Those that only earlier lists name.
    stale: Vec<PathBuf>,
}

impl RunFolder {
    pub fn new(path: &Path) -> Self {
        Self::of(Kind::Run, path.to_path_buf())
    }

    /// Of piles, none of which outlives the process.
    pub fn of_piles(path: PathBuf) -> Self {
        Self::of(Kind::Pile, path)
    }

    /// Piles beside the runs that are here.
    pub fn for_piles(&self) -> Self {
        let mut piles = Self::of_piles(self.path.clone());
        piles.made = Arc::clone(&self.made);
        piles
    }

    fn of(kind: Kind, path: PathBuf) -> Self {
        Self {
            path,
            kind,
            made: Arc::default(),
            next: 1,
            retired: Vec::new(),
            stale: Vec::new(),
        }
    }

    /// Makes the names of files durable, and that of the folder, where the system can.
    pub fn sync(&self) -> Result<()> {
        if !self.is_made() || !cfg!(unix) {
            return Ok(());
        }
        let parent = self.path.parent().filter(|p| !p.as_os_str().is_empty());
        for folder in [self.path.as_path(), parent.unwrap_or(Path::new("."))] {
            match File::open(folder).and_then(|folder| folder.sync_all()) {
                Err(e) if !matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                    return Err(unwritable(folder, &e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A new file, and the folder if this is the first.
    pub fn create(&mut self) -> Result<(PathBuf, File)> {
        if !self.is_made() {
            fs::create_dir_all(&self.path).map_err(|e| self.kind.unwritable(&self.path, &e))?;
            self.made.store(true, Ordering::Relaxed);
        }
        loop {
            let path = self.path.join(self.kind.name(self.next));
            self.next += 1;
            match File::create_new(&path) {
                Ok(file) => return Ok((path, file)),
                // Of whatever is there, it is in nobody's way.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(self.kind.unwritable(&path, &e)),
            }
        }
    }

    /// Removes a run that is done with, now or, where a saved list names it, later.
    pub fn retire(&mut self, mut run: SortedRun) -> Result<()> {
        let path = std::mem::take(&mut run.path);
        // Dropping the run is to touch nothing more.
        let kept = std::mem::replace(&mut run.kept, true);
        if kept {
            self.retired.push(path);
            return Ok(());
        }
        remove(&path)
    }

    /// A new list names what is to be kept: what was retired before is of no more use once that
    /// list is recorded.
    pub fn saved(&mut self) {
        self.stale.append(&mut self.retired);
    }

    /// The last list is recorded.
    pub fn recorded(&mut self) -> Result<()> {
        self.stale.drain(..).try_for_each(|path| remove(&path))
    }

    /// Removes files that no list needs, and the folder if nothing is left in it.
    pub fn remove(&mut self) -> Result<()> {
        self.saved();
        self.recorded()?;
        self.close();
        Ok(())
    }

    /// Takes the folder up again: files of runs that `listed` does not name are removed, and all piles.
    pub fn restore(&mut self, listed: &[&str]) -> Result<()> {
        let paths = match folders::list(&self.path) {
            Ok(paths) => paths,
            Err(e) if e.kind() == ErrorKind::NotFound && listed.is_empty() => return Ok(()),
            Err(e) => return Err(Error::io("list", &self.path, e)),
        };
        self.made.store(true, Ordering::Relaxed);
        for path in paths {
            let found = folders::name(&path);
            if Kind::Pile.number(&found).is_some() {
                remove(&path)?;
                continue;
            }
            let Some(number) = number(&found) else {
                continue;
            };
            self.next = self.next.max(number + 1);
            if !listed.contains(&&*found) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn close(&mut self) {
        if self.is_made() {
            // Whatever else is in it is not of this module.
            let stays = fs::remove_dir(&self.path).is_err();
            self.made.store(stays, Ordering::Relaxed);
        }
    }

    fn is_made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        self.close();
    }
}

impl Kind {
    fn name(self, number: u64) -> String {
        match self {
            Self::Run => format!("sorted-{number:06}.run"),
            Self::Pile => format!("values-{number:06}.pile"),
        }
    }

    /// The number in a name that [`Kind::name`] gave.
    fn number(self, found: &str) -> Option<u64> {
        let digits = match self {
            Self::Run => found.strip_prefix("sorted-")?.strip_suffix(".run")?,
            Self::Pile => found.strip_prefix("values-")?.strip_suffix(".pile")?,
        };
        let number = digits.parse().ok()?;
        (self.name(number) == found).then_some(number)
    }

    fn unwritable(self, path: &Path, error: &io::Error) -> Error {
        match self {
            Self::Run => unwritable(path, error),
            Self::Pile => pile_unwritable(path, error),
        }
    }
}

/// The number in the name of a sorted run.
pub(super) fn number(found: &str) -> Option<u64> {
    Kind::Run.number(found)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, e)),
        _ => Ok(()),
    }
}

/// A run that cannot be written, and what helps.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Error {
    not_written(Error::sorted_run(path, what(error)), error)
}

/// The same of piles.
pub(super) fn pile_unwritable(path: &Path, error: &io::Error) -> Error {
    not_written(Error::pile(path, what(error)), error)
}

/// A pile that does not hold what was written.
pub(super) fn pile_changed(path: &Path, what: &str) -> Error {
    Error::pile(
        path,
        format!("{what}; nobody else may write there, so check the disk and run again"),
    )
}

fn what(error: &io::Error) -> String {
    format!("cannot be written: {error}")
}

/// The error, with what helps: with more memory, less has to wait on disk.
fn not_written(written: Error, error: &io::Error) -> Error {
    let more = phrase!["give more memory with ", Setting::Memory];
    let before = |what: &str| phrase![what, ", or ", more.clone()];
    written.with_remedy(match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            more.and(", free space there, or put the store on another disk")
        }
        ErrorKind::FileTooLarge => before("raise the file size limit (ulimit -f)"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            before("put the store where you may write")
        }
        _ => before("check the disk"),
    })
}

/// A run of another question.
pub(super) fn foreign(path: &Path, what: &str) -> Error {
    Error::sorted_run(
        path,
        format!("{what}; resume with the config that it was written for"),
    )
}

/// A run that does not hold what was written.
pub(super) fn damaged(path: &Path, what: &str) -> Error {
    Error::sorted_run(
        path,
        format!("{what}; what it held is lost, so run again from the start"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_follows_from_what_went_wrong() {
        let error = |kind: ErrorKind| {
            let error = unwritable(Path::new("a/sorted-000001.run"), &kind.into());
            assert_eq!(error.kind(), crate::error::Kind::Spilled);
            error.to_string()
        };
        assert_eq!(
            error(ErrorKind::StorageFull),
            "sorted run a/sorted-000001.run: cannot be written: no storage space; give more memory \
             with memory, free space there, or put the store on another disk"
        );
        let remedies = [
            (ErrorKind::QuotaExceeded, "another disk"),
            (ErrorKind::FileTooLarge, "ulimit -f"),
            (ErrorKind::ReadOnlyFilesystem, "where you may write"),
            (ErrorKind::Other, "check the disk"),
        ];
        for (kind, remedy) in remedies {
            let error = error(kind);
            assert!(
                error.contains(remedy) && error.contains("memory with memory"),
                "{error}"
            );
        }
    }

    #[test]
    fn only_names_of_sorted_runs_have_numbers() {
        for n in [1, 999_999, 1_000_000, u64::MAX] {
            for kind in [Kind::Run, Kind::Pile] {
                assert_eq!(kind.number(&kind.name(n)), Some(n));
            }
            assert_eq!(number(&Kind::Pile.name(n)), None);
        }
        for other in [
            "sorted-1.run",
            "sorted-0000001.run",
            "sorted-+00001.run",
            "a.run",
            "",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
