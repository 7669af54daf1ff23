//! A store's name belongs to one run at a time, from the run's beginning to its end.
//!
//! The run holds the operating system's lock on a hidden file beside the store, which says who it is; however
//! the run ends, its lock ends with it. Runs over parts of a shard map share the name, and settle among the
//! pieces which shards each of them has.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::sync::{create_folders, parent};
use super::{hidden, swap, work};
use crate::error::{Action, Error, Phrase, Result, phrase};

/// A name that this run has until it is dropped.
#[derive(Debug)]
pub struct NameLock {
    path: PathBuf,
    /// `None` where the file system has no locks.
    file: Option<File>,
    alone: bool,
    /// Folders that were made for the lock, outermost first.
    made: Vec<PathBuf>,
}

/// Who holds a lock.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Holder {
    process: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

/// The file of a store's lock.
pub fn lock_of(store: &Path) -> PathBuf {
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    store.with_file_name(format!(".{name}.lock"))
}

impl NameLock {
    /// Takes a store's name, for this run alone or together with others that share it.
    ///
    /// # Errors
    /// Another run has it; a folder that cannot be written to.
    pub fn take(store: &Path, alone: bool) -> Result<Self> {
        match Self::try_take(store, alone)? {
            Ok(lock) => Ok(lock),
            Err(holder) => Err(Error::store(store, phrase!["is being written by ", holder])
                .with_remedy("let it finish or stop it, then run again")),
        }
    }

    /// As [`take`](Self::take); who has it where another run does.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn try_take(store: &Path, alone: bool) -> Result<Result<Self, Phrase>> {
        let path = lock_of(store);
        let made = make_folders(store, parent(store))?;
        // A run that ends takes its file away: a lock on a file without a name is worth nothing.
        loop {
            let mut options = File::options();
            options.create(true).truncate(false).read(true).write(true);
            let file = options.open(&path);
            let mut file = file.map_err(|e| cannot_create(store, &e))?;
            let locked = if alone {
                file.try_lock()
            } else {
                file.try_lock_shared()
            };
            match locked {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(Err(holder(&mut file))),
                Err(TryLockError::Error(e)) if has_no_locks(&e) => {
                    let _ = fs::remove_file(&path);
                    let file = None;
                    return Ok(Ok(Self {
                        path,
                        file,
                        alone,
                        made,
                    }));
                }
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", path, e)),
            }
            if !is_at(&file, &path) {
                continue;
            }
            // Who holds the lock is for people; the lock holds without, as on a full disk.
            let _ = sign(&mut file, alone);
            if alone {
                work::begin(&path);
            }
            let file = Some(file);
            return Ok(Ok(Self {
                path,
                file,
                alone,
                made,
            }));
        }
    }

    /// Whether nobody has a name, without a trace of having asked.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn is_free(store: &Path) -> Result<bool> {
        let left = lock_of(store).exists();
        let Ok(mut lock) = Self::try_take(store, true)? else {
            return Ok(false);
        };
        let free = lock.is_exclusive();
        if left {
            // The file of a killed run stays.
            work::end(&lock.path);
            lock.file = None;
        }
        Ok(free)
    }

    /// Whether no other run has anything to do with the name.
    pub fn is_exclusive(&self) -> bool {
        self.alone && self.file.is_some()
    }
}

impl Drop for NameLock {
    fn drop(&mut self) {
        let Some(file) = &self.file else {
            return;
        };
        // The last of those that share a name takes the file away.
        if (self.alone || file.try_lock().is_ok()) && is_at(file, &self.path) {
            let _ = fs::remove_file(&self.path);
            work::end(&self.path);
            for folder in self.made.iter().rev() {
                // Where the run wrote something, it stays.
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Creates a folder and those that it is in; gives back those that were missing.
fn make_folders(store: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    match create_folders(folder) {
        Ok(missing) => Ok(missing),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(cannot_create(store, &error))
        }
        Err(error) => Err(Error::io("create", folder, error)),
    }
}

/// Whether a lock failed as the file system has none.
fn has_no_locks(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::Unsupported
}

/// Whether a file that is open still has its name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mine = file.metadata().map(|found| (found.dev(), found.ino()));
        mine.ok()
            .is_some_and(|mine| swap::identity(path) == Some(mine))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, swap::identity);
        path.exists()
    }
}

/// Says in the file who has it; of those that share it, nothing.
fn sign(file: &mut File, alone: bool) -> std::io::Result<()> {
    file.set_len(0)?;
    if !alone {
        return Ok(());
    }
    let holder = Holder {
        process: std::process::id(),
        host: hidden::host(),
        since: now(),
    };
    let text = serde_json::to_vec(&holder)
        .unwrap_or_else(|e| unreachable!("a holder has only string keys: {e}"));
    file.rewind()?;
    file.write_all(&text)
}

/// Who has a lock, in words.
fn holder(file: &mut File) -> Phrase {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    let holder: Option<Holder> = read.ok().and_then(|_| serde_json::from_str(&text).ok());
    match holder {
        Some(Holder {
            process,
            host,
            since,
        }) => {
            let age = duration(now().saturating_sub(since));
            format!("process {process} on {host}, for {age}").into()
        }
        None => phrase![
            "other runs, such as over parts of a shard map; ",
            Action::Inspect,
            " of its pieces names those"
        ],
    }
}

/// Seconds in words.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn cannot_create(store: &Path, error: &std::io::Error) -> Error {
    let folder = parent(store).display();
    let message =
        format!("cannot create a folder in {folder}: {error}; choose a path that you may write to");
    Error::store(store, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_run_or_several_that_share_it_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("new/a.zarr");
        let first = NameLock::take(&store, true).unwrap();
        for alone in [true, false] {
            let error = NameLock::take(&store, alone).unwrap_err().to_string();
            let says = format!("is being written by process {} on ", std::process::id());
            assert!(error.contains(&says), "{error}");
        }
        drop(first);
        assert!(!folder.path().join("new").exists());
        let shared = [(); 2].map(|()| NameLock::take(&store, false).unwrap());
        let error = NameLock::take(&store, true).unwrap_err().to_string();
        assert!(error.contains("parts of a shard map"), "{error}");
        let [one, other] = shared;
        drop(one);
        assert!(NameLock::try_take(&store, true).unwrap().is_err());
        drop(other);
        assert!(!lock_of(&store).exists());
    }

    #[test]
    fn a_lock_file_of_a_killed_run_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("a.zarr");
        fs::write(
            lock_of(&store),
            "{\"process\":1,\"host\":\"gone\",\"since\":1}",
        )
        .unwrap();
        drop(NameLock::take(&store, true).unwrap());
        assert!(!lock_of(&store).exists());
    }
}
