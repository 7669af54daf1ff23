//! Files beside a store: tables, reports, shard maps. One is one object, which is whole or not there.
//!
//! What is there already is brought here first: whether it may be replaced is then asked as of any file. It is replaced
//! under the condition that it is still that object.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Address, failed};
use crate::error::{Error, Result};
use crate::source::{Listed, Prefix, Put, Remote, Way};

/// Longer files are sent in parts, which take no condition.
const LONG: u64 = 16 << 20;

/// A file that is made here and goes there.
#[derive(Debug)]
pub struct Beside {
    address: Address,
    prefix: Prefix,
    local: PathBuf,
    was: Option<Listed>,
}

impl Beside {
    /// Looks at what is there, and brings it to where the file will be made; where it was made already it stays.
    ///
    /// # Errors
    /// The service does not answer, or what it has cannot be brought.
    pub fn begin(url: &Path, local: &Path, remote: &Remote) -> Result<Self> {
        let address = Address::of(url)?.ok_or_else(|| {
            Error::argument(format!("{} is no URL of a store of objects", url.display()))
        })?;
        let prefix = address.open(remote)?;
        let about = |e: io::Error| failed(&address.url().to_string_lossy(), &e);
        let was = prefix.see(address.name()).map_err(about)?;
        if let Some(was) = was.as_ref().filter(|_| !local.exists()) {
            let folder = local.parent().unwrap_or(Path::new("."));
            let parts = folder.join(".brought");
            prefix
                .bring(std::slice::from_ref(was), &parts)
                .map_err(about)?;
            let moved = fs::rename(parts.join(address.name()), local);
            moved.map_err(|e| Error::io("create", local, e))?;
            let _ = fs::remove_dir(&parts);
        }
        Ok(Self {
            prefix,
            local: local.to_path_buf(),
            was,
            address,
        })
    }

    /// Whether something is there already.
    pub fn was_there(&self) -> bool {
        self.was.is_some()
    }

    /// The URL, and where the file is until then.
    pub fn names(&self) -> (PathBuf, &Path) {
        (self.address.url(), &self.local)
    }

    /// Sends the file; where none was made, what is there is taken away.
    ///
    /// # Errors
    /// Somebody else wrote it in the meantime; it cannot be sent.
    pub fn send(&self) -> Result<()> {
        let url = self.address.url();
        let about = |e: io::Error| failed(&url.to_string_lossy(), &e);
        let name = self.address.name();
        let length = match fs::metadata(&self.local) {
            Ok(found) => found.len(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let gone: Vec<String> = self.was.iter().map(|was| was.name.clone()).collect();
                return self.prefix.remove(&gone).map_err(about);
            }
            Err(e) => return Err(Error::io("look at", &self.local, e)),
        };
        if length > LONG {
            let way = if self.was.is_some() {
                Way::Over
            } else {
                Way::New
            };
            let file = (name.to_owned(), self.local.clone());
            return self.prefix.send(&[file], &way).map(|_| ()).map_err(about);
        }
        let bytes = fs::read(&self.local).map_err(|e| Error::io("read", &self.local, e))?;
        let way = match &self.was {
            Some(was) => Way::Instead(was.tag.clone()),
            None => Way::New,
        };
        match self.prefix.put(name, bytes, way).map_err(about)? {
            Put::Done(_) => Ok(()),
            Put::Taken => Err(Error::argument(format!(
                "{}: somebody else wrote it in the meantime; see who writes there, and run again",
                url.display()
            ))),
        }
    }
}
