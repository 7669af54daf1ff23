//! Pieces as objects: each task of a job makes some on its desk and sends them; who makes the store brings them all.
//!
//! As in a folder, the manifest is written once, before the first piece, by whoever comes first, and a marker after the
//! files that it is about. Two tasks that make the same piece write the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::store::files_below;
use super::{Address, failed};
use crate::error::{Error, Result};
use crate::piece::{Marker, Pieces};
use crate::source::{Listed, Prefix, Put, Way};

/// The document that all pieces agree with.
const MANIFEST: &str = "manifest.json";
/// Tables of what was left out, named by what is in them.
const ERRORS: &str = "errors/";

/// The pieces of a store among objects.
#[derive(Debug)]
pub struct PiecesAway {
    prefix: Prefix,
    name: String,
    url: String,
}

/// What was there when a run began, by name within the pieces.
pub type Brought = BTreeMap<String, Listed>;

impl PiecesAway {
    pub fn of(store: &Address, prefix: &Prefix) -> Self {
        let name = format!("{}.pieces", store.name());
        Self {
            url: prefix.url(&name),
            prefix: prefix.clone(),
            name,
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// What is there, and to be brought for these shards; for all of them where none are named.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn look(&self, shards: Option<&[u64]>) -> Result<Brought> {
        let before = format!("{}/", self.name);
        let listed = self.prefix.list(&before).map_err(|e| self.failed(&e))?;
        let mut found = Brought::new();
        for listed in listed {
            let Some(name) = listed.name.strip_prefix(&before) else {
                continue;
            };
            let wanted = match shard_of(name) {
                Some(shard) => shards.is_none_or(|shards| shards.contains(&shard)),
                None => name == MANIFEST || name.starts_with(ERRORS),
            };
            if wanted {
                found.insert(name.to_owned(), listed);
            }
        }
        Ok(found)
    }

    /// Brings pieces into the folder in which a run looks for them. Those of another manifest that are there go.
    ///
    /// # Errors
    /// They cannot be fetched or written.
    pub fn bring(&self, found: &Brought, folder: &Path) -> Result<()> {
        let Some(manifest) = found.get(MANIFEST) else {
            return Ok(());
        };
        let got = self
            .prefix
            .get(&manifest.name)
            .map_err(|e| self.failed(&e))?;
        let here = fs::read(folder.join(MANIFEST)).ok();
        let same = here.is_some() && here.as_deref() == got.as_ref().map(|(bytes, _)| &**bytes);
        if folder.exists() && !same {
            Pieces::clear(folder)?;
        }
        let into = folder.parent().unwrap_or(Path::new("."));
        let (markers, others): (Vec<_>, Vec<_>) =
            (found.values().cloned()).partition(Listed::is_document);
        for part in [others, markers] {
            self.prefix
                .bring(&part, into)
                .map_err(|e| self.failed(&e))?;
        }
        Ok(())
    }

    /// Agrees with all others on the manifest: that of whoever was first takes the place of the one in the folder.
    ///
    /// # Errors
    /// It can be neither sent nor fetched.
    pub fn agree(&self, folder: &Path) -> Result<()> {
        let path = folder.join(MANIFEST);
        let name = self.named(MANIFEST);
        for _ in 0..8 {
            let bytes = fs::read(&path).map_err(|e| Error::io("read", &path, e))?;
            let put = self.prefix.put(&name, bytes, Way::New);
            match put.map_err(|e| self.failed(&e))? {
                Put::Done(_) => return Ok(()),
                Put::Taken => {}
            }
            if let Some((bytes, _)) = self.prefix.get(&name).map_err(|e| self.failed(&e))? {
                return crate::place::write_document(&path, &bytes);
            }
        }
        Err(Error::pieces(
            &*self.url,
            "their manifest comes and goes; see who else writes there",
        ))
    }

    /// Sends what of these shards was made or has changed since it was brought.
    ///
    /// # Errors
    /// An object that cannot be sent or removed.
    pub fn send(&self, folder: &Path, found: &Brought, shards: &[u64]) -> Result<()> {
        self.to_the_end().send_now(folder, found, shards)
    }

    fn send_now(&self, folder: &Path, found: &Brought, shards: &[u64]) -> Result<()> {
        let files = files_below(folder).map_err(|e| Error::io("list", folder, e))?;
        let changed = |name: &str| -> Result<bool> {
            let path = folder.join(name);
            let Some(there) = found.get(name) else {
                return Ok(true);
            };
            let here = fs::read(&path).map_err(|e| Error::io("read", &path, e))?;
            let got = self.prefix.get(&there.name).map_err(|e| self.failed(&e))?;
            Ok(got.is_none_or(|(bytes, _)| bytes != here))
        };
        let mut errors = Vec::new();
        for name in files.iter().filter(|name| name.starts_with(ERRORS)) {
            // Named by what is in it.
            if !found.contains_key(name) {
                errors.push(self.file(folder, name));
            }
        }
        self.put(&errors)?;
        let is_gone = |name: &&String| name.starts_with(ERRORS) && !files.contains(name);
        let gone: Vec<String> = found
            .keys()
            .filter(is_gone)
            .map(|name| self.named(name))
            .collect();
        self.remove(&gone)?;
        let (mut old, mut data, mut markers) = (Vec::new(), Vec::new(), Vec::new());
        for &shard in shards {
            let marker = Marker::name(shard);
            if !files.contains(&marker) || !changed(&marker)? {
                continue;
            }
            old.extend(found.contains_key(&marker).then(|| self.named(&marker)));
            let of_shard = |name: &&String| shard_of(name) == Some(shard) && **name != marker;
            data.extend(
                files
                    .iter()
                    .filter(of_shard)
                    .map(|name| self.file(folder, name)),
            );
            markers.push(self.file(folder, &marker));
        }
        // As long as it has no marker a piece counts for nothing.
        self.remove(&old)?;
        self.put(&data)?;
        self.put(&markers)
    }

    /// Takes all pieces away, what makes them pieces first.
    ///
    /// # Errors
    /// Something else is among them; an object that cannot be removed.
    pub fn clear(&self) -> Result<()> {
        let before = format!("{}/", self.name);
        let all = self.prefix.list(&before).map_err(|e| self.failed(&e))?;
        for listed in &all {
            let inside = listed.name.strip_prefix(&before).unwrap_or(&listed.name);
            let name = inside.split('/').next().unwrap_or_default();
            Pieces::check_name(Path::new(&self.url), name)?;
        }
        let manifest = self.named(MANIFEST);
        let has = all.iter().any(|listed| listed.name == manifest);
        self.remove(&Vec::from_iter(has.then_some(manifest)))?;
        let names: Vec<String> = all.into_iter().map(|listed| listed.name).collect();
        self.remove(&names)
    }

    fn to_the_end(&self) -> Self {
        Self {
            prefix: self.prefix.to_the_end(),
            name: self.name.clone(),
            url: self.url.clone(),
        }
    }

    fn named(&self, inside: &str) -> String {
        format!("{}/{inside}", self.name)
    }

    fn file(&self, folder: &Path, name: &str) -> (String, PathBuf) {
        (self.named(name), folder.join(name))
    }

    fn put(&self, files: &[(String, PathBuf)]) -> Result<()> {
        let sent = self.prefix.send(files, &Way::Over);
        sent.map(|_| ()).map_err(|e| self.failed(&e))
    }

    fn remove(&self, names: &[String]) -> Result<()> {
        self.prefix.remove(names).map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &io::Error) -> Error {
        failed(&self.url, error)
    }
}

/// The shard that a file of a piece is of.
fn shard_of(name: &str) -> Option<u64> {
    let (shard, kind) = name.strip_prefix("shard-")?.split_once('.')?;
    let known = ["json", "arrow", "partials"].contains(&kind);
    shard.parse().ok().filter(|_| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_pieces_say_their_shard() {
        for (name, shard) in [
            ("shard-17.json", Some(17)),
            ("shard-17.arrow", Some(17)),
            ("shard-3.partials", Some(3)),
            (".shard-3.arrow.partial", None),
            ("manifest.json", None),
            ("open-3/x", None),
            ("shard-x.json", None),
        ] {
            assert_eq!(shard_of(name), shard, "{name}");
        }
        assert_eq!(shard_of(&Marker::name(5)), Some(5));
    }
}
