//! A copy of what objects are, on this machine: for whoever only looks at it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Address, Desk, failed};
use crate::error::{Object, Result};
use crate::source::{Listed, Remote};

/// Tells apart who looks in this process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A store, pieces, a map or a report that was brought here, until it is dropped.
#[derive(Debug)]
pub struct Copy {
    path: PathBuf,
    url: PathBuf,
    /// Takes it away in the end.
    _desk: Desk,
}

impl Copy {
    /// Brings what is called so: a file, or all that is below; of that only the documents where those are enough. `None`
    /// where there is nothing.
    ///
    /// # Errors
    /// It cannot be fetched, or there is no room for it.
    pub fn of(
        address: &Address,
        (scratch, remote): (&Path, &Remote),
        documents: bool,
    ) -> Result<Option<Self>> {
        let url = address.url().to_string_lossy().into_owned();
        let prefix = address.open(remote)?;
        let about = |e| failed(&url, &e);
        let mut all = prefix
            .list(&format!("{}/", address.name()))
            .map_err(about)?;
        if all.is_empty() {
            all.extend(prefix.see(address.name()).map_err(about)?);
        }
        if all.is_empty() {
            return Ok(None);
        }
        // Who looks is in nobody's way.
        let part = format!(
            "copy {} {}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let desk = Desk::open(scratch, &address.url(), &part)?;
        let aside = desk.aside()?;
        let wanted = |listed: &Listed| !documents || listed.is_document();
        let wanted: Vec<Listed> = all.into_iter().filter(wanted).collect();
        let copy = Self {
            path: aside.join(address.name()),
            url: address.url(),
            _desk: desk,
        };
        address.bring(&prefix, &wanted, &aside)?;
        Ok(Some(copy))
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something of the copy as something of what it is of.
    pub fn named(&self, object: Object) -> Object {
        let there = |path: PathBuf| match path.strip_prefix(&self.path) {
            Ok(rest) if rest.as_os_str().is_empty() => self.url.clone(),
            Ok(rest) => PathBuf::from(format!("{}/{}", self.url.display(), rest.display())),
            Err(_) => path,
        };
        match object {
            Object::Map(path) => Object::Map(there(path)),
            Object::Report(path) => Object::Report(there(path)),
            Object::Store(path) => Object::Store(there(path)),
            Object::Pieces(path) => Object::Pieces(there(path)),
            Object::File(path) => Object::File(there(path)),
            other => other,
        }
    }

    /// A text that names the copy, naming what it is of.
    pub fn said(&self, text: &str) -> String {
        text.replace(&*self.path.to_string_lossy(), &self.url.to_string_lossy())
    }
}
