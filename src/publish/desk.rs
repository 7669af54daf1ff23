//! The desk: a folder of this machine on which a run makes what it will send.
//!
//! It is called by what is made on it, so that the same run finds it again: what an interrupted run had merged, and what
//! was made and not sent. One process at a time has it.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::{Error, Result, phrase};
use crate::folders;
use crate::place::NameLock;

/// What is made.
const PLACE: &str = "place";
/// What is looked at of what is there already.
const ASIDE: &str = "aside";
/// Which desk it is.
const ID: &str = "id";
/// The tag of the store that may be replaced.
const REPLACES: &str = "replaces";
/// The URL and the tag of the table that may be replaced.
const REPLACES_TABLE: &str = "replaces-table";

/// A desk that this process has.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
    id: String,
    _lock: NameLock,
}

impl Desk {
    /// The desk for a URL, or for a part of what goes there, in a folder.
    ///
    /// # Errors
    /// Another process has it; a folder that cannot be written to, or that is somebody else's.
    pub fn open(scratch: &Path, url: &Path, part: &str) -> Result<Self> {
        let what = format!("{} {part}", url.display());
        let name = format!("icefold-{}", &hex(&Sha256::digest(&what))[..16]);
        fs::create_dir_all(scratch).map_err(|e| Error::io("create", scratch, e))?;
        // Links are followed once: what is made must not be found elsewhere later.
        let scratch = fs::canonicalize(scratch).map_err(|e| Error::io("look at", scratch, e))?;
        let folder = scratch.join(name);
        let lock = NameLock::try_take(&folder, true)?.map_err(|holder| {
            Error::store(url, phrase!["is being written on this machine by ", holder])
                .with_remedy("let it finish or stop it, then run again")
        })?;
        make(&folder)?;
        check_owner(&folder)?;
        let place = folder.join(PLACE);
        fs::create_dir_all(&place).map_err(|e| Error::io("create", &place, e))?;
        let id = match fs::read_to_string(folder.join(ID)) {
            Ok(id) if id.len() == 32 => id,
            _ => {
                let any = || RandomState::new().build_hasher().finish();
                let id = format!("{:016x}{:016x}", any(), any());
                write(&folder.join(ID), &id)?;
                id
            }
        };
        Ok(Self {
            folder,
            id,
            _lock: lock,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What tells this desk from any other.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where what will be called so is made.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.join(PLACE).join(name)
    }

    /// The same of a file that goes elsewhere than what it is made with.
    pub fn elsewhere(&self, what: &str, name: &str) -> PathBuf {
        self.folder.join(what).join(name)
    }

    /// Where what is there already is looked at; empty.
    ///
    /// # Errors
    /// The operating system's.
    pub fn aside(&self) -> Result<PathBuf> {
        let folder = self.folder.join(ASIDE);
        remove(&folder)?;
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        Ok(folder)
    }

    /// Records that the store of this tag may be replaced, whenever the run goes on.
    ///
    /// # Errors
    /// The operating system's.
    pub fn will_replace(&self, tag: Option<&str>) -> Result<()> {
        write(&self.folder.join(REPLACES), tag.unwrap_or_default())
    }

    /// Whether the store of this tag was to be replaced when the run began.
    pub fn may_replace(&self, tag: Option<&str>) -> bool {
        let found = fs::read_to_string(self.folder.join(REPLACES));
        found.is_ok_and(|found| !found.is_empty() && Some(&*found) == tag)
    }

    /// As [`will_replace`](Self::will_replace), of the table at a URL.
    ///
    /// # Errors
    /// The operating system's.
    pub fn will_replace_table(&self, url: &Path, tag: Option<&str>) -> Result<()> {
        let table = tag.map(|tag| format!("{} {tag}", url.display()));
        write(
            &self.folder.join(REPLACES_TABLE),
            &table.unwrap_or_default(),
        )
    }

    /// As [`may_replace`](Self::may_replace), of the table at a URL.
    pub fn may_replace_table(&self, url: &Path, tag: Option<&str>) -> bool {
        let found = fs::read_to_string(self.folder.join(REPLACES_TABLE));
        let table = tag.map(|tag| format!("{} {tag}", url.display()));
        found.is_ok_and(|found| table == Some(found))
    }

    /// Takes away something that was made.
    ///
    /// # Errors
    /// The operating system's.
    pub fn clear(&self, name: &str) -> Result<()> {
        remove(&self.place(name))
    }

    /// Takes away a file that was made elsewhere than the rest.
    ///
    /// # Errors
    /// The operating system's.
    pub fn clear_elsewhere(&self, what: &str, name: &str) -> Result<()> {
        remove(&self.elsewhere(what, name))
    }

    /// Takes all away that is on it, and the desk.
    ///
    /// # Errors
    /// The operating system's.
    pub fn empty(&self) -> Result<()> {
        remove(&self.folder)
    }
}

impl Drop for Desk {
    /// Takes away what was looked at, and the desk if nothing is on it that was made: stores, pieces and checkpoints are
    /// folders, and files alone are made again.
    fn drop(&mut self) {
        let _ = remove(&self.folder.join(ASIDE));
        let made = folders::list(&self.folder.join(PLACE)).unwrap_or_default();
        if !made.iter().any(|path| path.is_dir()) {
            let _ = remove(&self.folder);
        }
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|e| Error::io("write", path, e))
}

fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => folders::remove(path),
        Ok(_) => fs::remove_file(path),
        Err(e) => Err(e),
    };
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, e)),
        _ => Ok(()),
    }
}

/// A folder for this user alone: the folder that it is in may be everybody's.
fn make(folder: &Path) -> Result<()> {
    let builder = fs::DirBuilder::new();
    #[cfg(unix)]
    let builder = {
        let mut builder = builder;
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
    };
    match builder.create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(Error::io("create", folder, e)),
        _ => Ok(()),
    }
}

/// Somebody else's folder of this name would be read and written by him.
#[cfg(unix)]
fn check_owner(folder: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    let io = |e| Error::io("look at", folder, e);
    let found = fs::symlink_metadata(folder).map_err(io)?;
    let lock = fs::symlink_metadata(crate::place::lock_of(folder));
    // Where there are no locks, there is no file of this process to compare with.
    let mine = lock.map_or(found.uid(), |lock| lock.uid());
    if found.is_dir() && found.uid() == mine {
        return Ok(());
    }
    Err(Error::argument(format!(
        "{} is there and is not a folder of this user's; name another folder for what is made before it is sent",
        folder.display()
    )))
}

#[cfg(not(unix))]
fn check_owner(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_is_found_again_and_has_one_user_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let url = Path::new("s3://bucket/a.zarr");
        let desk = Desk::open(folder.path(), url, "").unwrap();
        let id = desk.id().to_owned();
        fs::create_dir(desk.place("a")).unwrap();
        desk.will_replace(Some("\"tag\"")).unwrap();
        let table = Path::new("s3://bucket/a.parquet");
        desk.will_replace_table(table, Some("\"tag\"")).unwrap();
        let said = Desk::open(folder.path(), url, "").unwrap_err().to_string();
        assert!(
            said.starts_with("store s3://bucket/a.zarr: is being written"),
            "{said}"
        );
        let part = Desk::open(folder.path(), url, "0..3").unwrap();
        assert_ne!(part.id(), id);
        drop(desk);

        let again = Desk::open(folder.path(), url, "").unwrap();
        assert_eq!((again.id(), again.place("a").is_dir()), (&*id, true));
        assert!(again.may_replace(Some("\"tag\"")) && !again.may_replace(Some("\"other\"")));
        assert!(!again.may_replace(None) && !part.may_replace(Some("\"tag\"")));
        assert!(again.may_replace_table(table, Some("\"tag\"")));
        assert!(!again.may_replace_table(url, Some("\"tag\"")));
        assert!(!again.may_replace_table(table, Some("\"other\"")));
        assert!(!again.may_replace_table(table, None));
        drop(again);
        let again = Desk::open(folder.path(), url, "").unwrap();
        assert_eq!(again.id(), id, "something is on it");
        again.empty().unwrap();
        drop((again, part));
        let left = folders::list(folder.path()).unwrap();
        assert!(left.iter().all(|path| !path.is_dir()), "{left:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_a_desk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let url = Path::new("s3://bucket/a.zarr");
        let desk = Desk::open(folder.path(), url, "").unwrap();
        let at = desk.folder().to_path_buf();
        desk.empty().unwrap();
        drop(desk);
        std::os::unix::fs::symlink("/tmp", &at).unwrap();
        assert!(Desk::open(folder.path(), url, "").is_err());
    }
}
