//! What killed runs left behind under hidden names, and whether anyone still needs it.
//!
//! A growing file is locked by its process. A folder belongs to whoever has the store's name: who has that
//! alone knows that nobody else needs the folder. What a process on another machine made is left alone,
//! because locks may not reach from one machine to another.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::hidden::Hidden;
use super::lock::NameLock;
use super::sync::parent;
use crate::error::{Error, Result};
use crate::folders;

/// Something with a hidden name that icefold gave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leftover {
    pub path: PathBuf,
    /// Beside which target.
    pub target: PathBuf,
    pub state: State,
}

/// Who wants a leftover.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody any more.
    Gone,
    InUse,
    /// A process of this other machine made it.
    Elsewhere(String),
}

/// All leftovers in a folder, by path; or only those of one target.
///
/// # Errors
/// The folder cannot be listed.
pub fn in_folder(folder: &Path, of: Option<&Path>) -> Result<Vec<Leftover>> {
    let mut found = named(folder, of)?;
    let mut states = Vec::new();
    let targets: BTreeSet<PathBuf> = found.iter().map(|(l, _)| l.target.clone()).collect();
    for target in targets {
        let free = NameLock::is_free(&target)?;
        states.push((target, free));
    }
    for (leftover, hidden) in &mut found {
        let free = states
            .iter()
            .any(|(target, free)| *target == leftover.target && *free);
        leftover.state = state(&leftover.path, hidden, free);
    }
    Ok(found.into_iter().map(|(leftover, _)| leftover).collect())
}

/// Removes leftovers of a target that nobody wants any more; `lock` is of who has its name. Gives back
/// what was removed and what was left alone.
///
/// # Errors
/// The folder cannot be listed, or something in it cannot be removed.
pub fn remove_of(target: &Path, lock: Option<&NameLock>) -> Result<(Vec<Leftover>, Vec<Leftover>)> {
    let (mut removed, mut left) = (Vec::new(), Vec::new());
    if !parent(target).is_dir() {
        return Ok((removed, left));
    }
    let alone = lock.is_some_and(NameLock::is_exclusive);
    for (mut leftover, hidden) in named(parent(target), Some(target))? {
        leftover.state = state(&leftover.path, &hidden, alone);
        if leftover.state != State::Gone {
            left.push(leftover);
            continue;
        }
        leftover.remove()?;
        removed.push(leftover);
    }
    Ok((removed, left))
}

impl Leftover {
    /// Takes it away.
    ///
    /// # Errors
    /// The operating system's.
    pub fn remove(&self) -> Result<()> {
        let removed = match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_dir() => folders::remove(&self.path),
            _ => fs::remove_file(&self.path),
        };
        match removed {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path, e))
            }
            _ => Ok(()),
        }
    }
}

/// What has a hidden name of another process, in the order of paths.
fn named(folder: &Path, of: Option<&Path>) -> Result<Vec<(Leftover, Hidden)>> {
    let of = of.map(|of| {
        of.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    });
    let listed = |e| Error::io("list", folder, e);
    let mut found = Vec::new();
    for path in folders::list(folder).map_err(listed)? {
        let Some(hidden) = Hidden::parse(path.file_name().unwrap_or_default()) else {
            continue;
        };
        if hidden.is_mine() || of.as_ref().is_some_and(|of| !hidden.is_of(of)) {
            continue;
        }
        let leftover = Leftover {
            path,
            target: folder.join(of.as_ref().unwrap_or(&hidden.name)),
            state: State::InUse,
        };
        found.push((leftover, hidden));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

fn state(path: &Path, hidden: &Hidden, alone: bool) -> State {
    if !hidden.is_of_this_host() {
        return State::Elsewhere(hidden.host.clone());
    }
    let gone = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => match File::open(path).map(|file| file.try_lock()) {
            Ok(Ok(())) => true,
            Ok(Err(TryLockError::WouldBlock)) | Err(_) => false,
            Ok(Err(TryLockError::Error(_))) => alone,
        },
        // Probes are there for a moment; one that is seen was left.
        _ => alone,
    };
    if gone { State::Gone } else { State::InUse }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name as of another process, with this host in it or another.
    fn of_another(target: &Path, purpose: &str, host: Option<&str>) -> PathBuf {
        let name = super::super::hidden(target, purpose);
        let name = name.file_name().unwrap().to_str().unwrap().to_owned();
        let mine = format!("-{}-", std::process::id());
        let (before, after) = name.rsplit_once(&mine).unwrap();
        let before = match host {
            Some(host) => before.replace(&super::super::host(), host),
            None => before.to_owned(),
        };
        target.with_file_name(format!("{before}-1-{after}"))
    }

    #[test]
    fn what_nobody_wants_is_removed_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("a.zarr");
        let gone = of_another(&store, "partial", None);
        let spill = of_another(&store, "spill", None);
        let elsewhere = of_another(&store, "partial", Some("node7"));
        let other = of_another(&folder.path().join("b.zarr"), "partial", None);
        for made in [&gone, &spill, &elsewhere, &other] {
            fs::create_dir(made).unwrap();
        }
        let wanted = of_another(&store, "spool", None);
        let held = File::create(&wanted).unwrap();
        held.lock().unwrap();
        fs::write(folder.path().join(".a.zarr.partial"), "mine").unwrap();
        // Without the name, folders may be somebody's.
        let (removed, _) = remove_of(&store, None).unwrap();
        assert!(removed.is_empty(), "{removed:?}");
        let lock = NameLock::take(&store, true).unwrap();
        let (removed, left) = remove_of(&store, Some(&lock)).unwrap();
        let paths = |found: &[Leftover]| -> BTreeSet<PathBuf> {
            found.iter().map(|l| l.path.clone()).collect()
        };
        assert_eq!(paths(&removed), BTreeSet::from([gone, spill]));
        assert_eq!(paths(&left), BTreeSet::from([elsewhere, wanted.clone()]));
        drop((held, lock));
        let all = in_folder(folder.path(), None).unwrap();
        let gone: Vec<_> = all.iter().filter(|l| l.state == State::Gone).collect();
        assert_eq!(gone.len(), 2, "{all:?}");
        assert!(other.exists() && folder.path().join(".a.zarr.partial").exists());
    }
}
