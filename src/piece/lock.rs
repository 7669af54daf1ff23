//! Who works on which shards, so that runs over the same pieces keep out of each other's way.
//!
//! Beside the line. A run writes a file that names it and its shards, and holds the operating system's lock
//! on that file for as long as it lives; however a run ends, its lock ends with it. A file without a lock is
//! left from a killed run, and is removed.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::place::{duration, host, now};

/// The folder of the files below the pieces.
const OWNERS: &str = "owners";
/// Held while files of owners are looked at and made.
const ALONE: &str = "door";

/// A run that has shards to itself until it is dropped.
#[derive(Debug)]
pub struct Owner {
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

/// What the file of an owner says.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    process: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
    /// NESTED ids, ascending; all shards where there is none.
    shards: Option<Vec<u64>>,
}

impl Owner {
    /// Takes shards (ascending ids; all of them where there is none) for this process.
    ///
    /// # Errors
    /// Another live run has one of them; a file that cannot be written.
    pub fn claim(pieces: &Path, shards: Option<&[u64]>) -> Result<Self> {
        let _alone = alone(pieces)?;
        let folder = pieces.join(OWNERS);
        let io = |action, path: &Path, e| Error::io(action, path, e);
        for other in live(&folder)? {
            if let Some(what) = both(shards, other.shards.as_deref()) {
                return Err(at_work_on(pieces, &what, &other));
            }
        }
        let claim = Claim {
            process: std::process::id(),
            host: host(),
            since: now(),
            shards: shards.map(<[u64]>::to_vec),
        };
        let text = serde_json::to_vec(&claim)
            .unwrap_or_else(|e| unreachable!("a claim has only string keys: {e}"));
        let (path, mut file) = create(&folder)?;
        file.try_lock()
            .map_err(|e| io("lock", &path, e.into()))
            .and_then(|()| file.write_all(&text).map_err(|e| io("write", &path, e)))
            .inspect_err(|_| _ = fs::remove_file(&path))?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Without the lock the file says nothing, so one that stays does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Alone among the runs over these pieces, until the file is dropped.
///
/// # Errors
/// A folder that cannot be written to, a file system without locks.
pub fn alone(pieces: &Path) -> Result<File> {
    let folder = pieces.join(OWNERS);
    fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
    let path = folder.join(ALONE);
    let held = File::create(&path).map_err(|e| Error::io("create", &path, e))?;
    held.lock().map_err(|e| Error::io("lock", &path, e))?;
    Ok(held)
}

/// The host and the number of this process, as part of a file's name.
fn this_process() -> String {
    format!("{}-{}", host(), std::process::id())
}

/// A new file of this process.
fn create(folder: &Path) -> Result<(PathBuf, File)> {
    for attempt in 1.. {
        let path = folder.join(format!("{}-{attempt}.json", this_process()));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("create", path, error)),
        }
    }
    unreachable!("some number is free")
}

/// The runs that are at work, each in words.
///
/// # Errors
/// A file that cannot be read.
pub fn at_work(pieces: &Path) -> Result<Vec<String>> {
    let folder = pieces.join(OWNERS);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    // A file that is just being made has no lock yet.
    let _alone = alone(pieces)?;
    let runs = live(&folder)?.into_iter().map(|claim| {
        let age = duration(now().saturating_sub(claim.since));
        let shards = claim.shards.map_or("all shards".to_owned(), |shards| {
            format!("{} shards", shards.len())
        });
        let Claim { process, host, .. } = claim;
        format!("process {process} on {host}, for {age}, on {shards}")
    });
    Ok(runs.collect())
}

/// The claims of runs that are alive; what dead ones left is removed.
fn live(folder: &Path) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for path in folders::list(folder).map_err(|e| Error::io("list", folder, e))? {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mut file = match File::open(&path) {
            Ok(file) => file,
            // Its run has ended since the folder was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("open", path, error)),
        };
        match file.try_lock() {
            Ok(()) => _ = fs::remove_file(&path),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                file.read_to_string(&mut text)
                    .map_err(|e| Error::io("read", &path, e))?;
                claims.push(
                    serde_json::from_str(&text).map_err(|e| {
                        Error::io("read", &path, std::io::Error::other(e.to_string()))
                    })?,
                );
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path, error)),
        }
    }
    Ok(claims)
}

/// A shard that both have, in words.
fn both(mine: Option<&[u64]>, theirs: Option<&[u64]>) -> Option<String> {
    match (mine, theirs) {
        (None, None) => Some("all of it".to_owned()),
        (Some(some), None) | (None, Some(some)) => some.first().map(|s| format!("shard {s}")),
        (Some(mine), Some(theirs)) => {
            let shared = mine
                .iter()
                .find(|shard| theirs.binary_search(shard).is_ok());
            shared.map(|shard| format!("shard {shard}"))
        }
    }
}

fn at_work_on(pieces: &Path, what: &str, other: &Claim) -> Error {
    let age = duration(now().saturating_sub(other.since));
    Error::pieces(
        pieces,
        format!(
            "{what} is being worked on by process {} on {}, for {age}",
            other.process, other.host
        ),
    )
    .with_remedy(phrase![
        "let it finish or stop it, then run again with ",
        Setting::Resume
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_has_one_owner_at_a_time_and_is_free_again_after() {
        let folder = tempfile::tempdir().unwrap();
        let first = Owner::claim(folder.path(), Some(&[3, 7, 9])).unwrap();
        let apart = Owner::claim(folder.path(), Some(&[4, 8])).unwrap();
        let error = Owner::claim(folder.path(), Some(&[1, 8, 9])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&format!("by process {}", std::process::id()))
                && (text.contains("shard 8") || text.contains("shard 9")),
            "{text}"
        );
        assert!(Owner::claim(folder.path(), None).is_err());
        drop((first, apart));
        let all = Owner::claim(folder.path(), None).unwrap();
        assert!(Owner::claim(folder.path(), Some(&[1])).is_err());
        assert!(Owner::claim(folder.path(), None).is_err());
        drop(all);
        Owner::claim(folder.path(), Some(&[1])).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_no_owner() {
        let folder = tempfile::tempdir().unwrap();
        let owners = folder.path().join(OWNERS);
        fs::create_dir(&owners).unwrap();
        let left = owners.join("somewhere-1-1.json");
        // A kill may come before the first byte is written.
        fs::write(&left, "").unwrap();
        Owner::claim(folder.path(), None).unwrap();
        assert!(!left.exists());
    }
}
