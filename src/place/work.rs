//! What this process has to remove when it must end at once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::folders;

/// How often the removal of a folder is tried.
const MOST_TRIES: usize = 100;

static WORK: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A hidden file or folder was made.
pub fn begin(path: &Path) {
    held().insert(path.to_path_buf());
}

/// It has another name, or is gone.
pub fn end(path: &Path) {
    held().remove(path);
}

/// None of these is unfinished any more: they get their names now, all or, by the next run, later.
pub(super) fn settled<'a>(paths: impl IntoIterator<Item = &'a Path>) {
    let mut work = held();
    for path in paths {
        work.remove(path);
    }
}

/// Removes all that is unfinished. Whoever would give something its name afterwards waits for ever, so
/// the process has to end now.
pub fn abandon() {
    let work = held();
    for path in work.iter() {
        // Threads that still write may put a file into a folder while it is emptied. What cannot be
        // removed is left to the next run.
        for _ in 0..MOST_TRIES {
            let removed = match fs::symlink_metadata(path) {
                Ok(found) if found.is_dir() => folders::remove(path),
                Ok(_) => fs::remove_file(path),
                Err(_) => break,
            };
            if removed.is_ok() {
                break;
            }
        }
    }
    std::mem::forget(work);
}

fn held() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}
