//! Files beside a store: tables, reports, shard maps. One is one object, which is whole or not there.
//!
//! What is there already is brought here first: whether it may be replaced is then asked as of any file. It is replaced
//! under the condition that it is still that object, and looked at once more before it is taken away.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Address, Claim, failed};
use crate::digest::of_file;
use crate::error::{Error, Result};
use crate::source::{Listed, Prefix, Remote, Way};

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
        let this = Self::look(url, local, remote)?;
        this.bring()?;
        Ok(this)
    }

    /// Looks at what is there.
    ///
    /// # Errors
    /// The service does not answer.
    pub fn look(url: &Path, local: &Path, remote: &Remote) -> Result<Self> {
        let address = Address::of(url)?.ok_or_else(|| {
            Error::argument(format!("{} is no URL of a store of objects", url.display()))
        })?;
        let prefix = address.open(remote)?;
        let was = prefix.see(address.name());
        let was = was.map_err(|e| failed(&address.url().to_string_lossy(), &e))?;
        Ok(Self {
            prefix,
            local: local.to_path_buf(),
            was,
            address,
        })
    }

    /// Brings what is there to where the file will be made; where it was made already it stays.
    ///
    /// # Errors
    /// It cannot be brought.
    pub fn bring(&self) -> Result<()> {
        let Some(was) = self.was.as_ref().filter(|_| !self.local.exists()) else {
            return Ok(());
        };
        let folder = self.local.parent().unwrap_or(Path::new("."));
        let parts = folder.join(".brought");
        let brought = self.prefix.bring(std::slice::from_ref(was), &parts);
        brought.map_err(|e| self.failed(&e))?;
        let moved = fs::rename(parts.join(self.address.name()), &self.local);
        moved.map_err(|e| Error::io("create", &self.local, e))?;
        let _ = fs::remove_dir(&parts);
        Ok(())
    }

    /// The tag of what is there.
    pub fn tag(&self) -> Option<&str> {
        self.was.as_ref().and_then(|was| was.tag.as_deref())
    }

    /// Whether what is there is the file that was made here: it has been sent.
    ///
    /// # Errors
    /// The service does not answer; the file cannot be read.
    pub fn is_sent(&self) -> Result<bool> {
        if self.was.is_none() || !self.local.exists() {
            return Ok(false);
        }
        let found = self.prefix.hash(self.address.name());
        let found = found.map_err(|e| self.failed(&e))?;
        let (_, made) = of_file(&self.local).map_err(|e| Error::io("read", &self.local, e))?;
        Ok(found == Some(made))
    }

    /// Whether something is there already.
    pub fn was_there(&self) -> bool {
        self.was.is_some()
    }

    /// The URL, and where the file is until then.
    pub fn names(&self) -> (PathBuf, &Path) {
        (self.address.url(), &self.local)
    }

    /// Sends the file, as long as a claim is held, if there is one; where none was made, what is there is taken away.
    ///
    /// # Errors
    /// Somebody else wrote it in the meantime; it cannot be sent.
    pub fn send(&self, claim: Option<&Claim>) -> Result<()> {
        let prefix = match claim {
            Some(claim) => self.prefix.held(claim.hold()),
            None => self.prefix.clone(),
        };
        let about = |e: io::Error| match claim {
            Some(claim) => claim.why(self.failed(&e)),
            None => self.failed(&e),
        };
        match fs::metadata(&self.local) {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let Some(was) = &self.was else {
                    return Ok(());
                };
                let now = prefix.see(&was.name).map_err(about)?;
                if now.is_some_and(|now| now.tag != was.tag) {
                    return Err(Error::store(
                        self.address.url(),
                        "was written by somebody else in the meantime",
                    ));
                }
                return prefix
                    .remove(std::slice::from_ref(&was.name))
                    .map_err(about);
            }
            Err(e) => return Err(Error::io("look at", &self.local, e)),
        }
        let way = match &self.was {
            Some(was) => Way::Instead(was.tag.clone()),
            None => Way::New,
        };
        let file = (self.address.name().to_owned(), self.local.clone());
        prefix.send(&[file], &way).map(|_| ()).map_err(about)
    }

    fn failed(&self, error: &io::Error) -> Error {
        failed(&self.address.url().to_string_lossy(), error)
    }
}
