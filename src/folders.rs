//! Looking into folders, and removing them with everything in them.
//!
//! Beside the line, below everything that looks into folders. The standard library panics when a folder
//! cannot be closed, as may happen on network file systems; here that does no harm, as everything has been
//! read by then.

use std::io::Result;
use std::path::{Path, PathBuf};

/// Paths of what is in a folder, in the order of their bytes.
///
/// # Errors
/// The operating system's; a file that goes away meanwhile is none.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = system::names(folder)?
        .into_iter()
        .map(|name| folder.join(name))
        .collect();
    found.sort();
    Ok(found)
}

/// Bytes of a file, or of all files in a folder and below; 0 of what cannot be looked at.
pub fn bytes_of(path: &Path) -> u64 {
    match list(path) {
        Ok(inside) => inside.iter().map(|path| bytes_of(path)).sum(),
        Err(_) => std::fs::metadata(path).map_or(0, |found| found.len()),
    }
}

/// The last part of a path as text.
pub fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Removes a folder and all that is in it. Links are removed, and what they lead to is not.
///
/// # Errors
/// The operating system's. What goes away meanwhile is no error, but the folder itself has to be there.
pub fn remove(folder: &Path) -> Result<()> {
    system::remove(folder)
}

#[cfg(unix)]
mod system {
    use std::ffi::{OsStr, OsString};
    use std::io::{Error, ErrorKind};
    use std::os::unix::ffi::OsStrExt;

    use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
    use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, open, openat, unlinkat};
    use rustix::io::Errno;

    use super::{Path, Result};

    const FOLDER: OFlags = OFlags::RDONLY
        .union(OFlags::DIRECTORY)
        .union(OFlags::CLOEXEC);

    pub fn names(folder: &Path) -> Result<Vec<OsString>> {
        of(open(folder, FOLDER, Mode::empty())?)
    }

    fn of(folder: OwnedFd) -> Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::new(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    pub fn remove(folder: &Path) -> Result<()> {
        if std::fs::symlink_metadata(folder)?.is_symlink() {
            return std::fs::remove_file(folder);
        }
        remove_at(CWD, folder.as_os_str())
    }

    /// An error of this kind is no error to one who removes.
    fn unless_gone(done: Result<()>) -> Result<()> {
        match done {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Everything is opened by its name in a folder that is open, without following links, so that none
    /// that is put in between leads elsewhere.
    fn remove_at(parent: BorrowedFd<'_>, name: &OsStr) -> Result<()> {
        let folder = openat(parent, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        for inner in of(folder.try_clone()?)? {
            let removed = match unlinkat(&folder, &inner, AtFlags::empty()) {
                // What a folder says to this differs from system to system; a file that says so may not
                // be removed.
                Err(why @ (Errno::ISDIR | Errno::PERM)) => {
                    let removed = remove_at(folder.as_fd(), &inner);
                    removed.map_err(|error| match error.kind() {
                        ErrorKind::NotADirectory => why.into(),
                        _ => error,
                    })
                }
                removed => removed.map_err(Error::from),
            };
            unless_gone(removed)?;
        }
        Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
    }
}

#[cfg(not(unix))]
mod system {
    use std::ffi::OsString;

    use super::{Path, Result};

    pub fn names(folder: &Path) -> Result<Vec<OsString>> {
        let entries = std::fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.file_name())).collect()
    }

    pub fn remove(folder: &Path) -> Result<()> {
        std::fs::remove_dir_all(folder)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn all_is_listed_in_order_and_removed() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("folder");
        fs::create_dir_all(folder.join("b/deep/deeper")).unwrap();
        fs::write(folder.join("b/deep/file"), "1").unwrap();
        for name in ["c", "a", ".hidden"] {
            fs::write(folder.join(name), "2").unwrap();
        }
        let names: Vec<String> = list(&folder).unwrap().iter().map(|p| name(p)).collect();
        assert_eq!(names, [".hidden", "a", "b", "c"]);
        remove(&folder).unwrap();
        assert!(list(outer.path()).unwrap().is_empty());
        let missing = std::io::ErrorKind::NotFound;
        assert_eq!(list(&folder).unwrap_err().kind(), missing);
        assert_eq!(remove(&folder).unwrap_err().kind(), missing);
    }

    #[cfg(unix)]
    #[test]
    fn what_links_lead_to_stays() {
        let outer = tempfile::tempdir().unwrap();
        let (mine, folder) = (outer.path().join("mine"), outer.path().join("folder"));
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("thesis"), "mine").unwrap();
        fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(&mine, folder.join("link")).unwrap();
        std::os::unix::fs::symlink(&mine, outer.path().join("outside")).unwrap();
        remove(&outer.path().join("outside")).unwrap();
        remove(&folder).unwrap();
        assert_eq!(list(outer.path()).unwrap(), std::slice::from_ref(&mine));
        assert_eq!(fs::read(mine.join("thesis")).unwrap(), b"mine");
    }
}
