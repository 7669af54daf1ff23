//! A store as objects: looked at, sent, replaced.
//!
//! A store is one for its readers by the document at its root. So that is sent last, under the condition that there is none,
//! once all else has been listed and is what was sent; and where a store is replaced it is removed first. In between nothing
//! is at the store's name for who looks there. Each request that puts or removes something asks first whether the claim is
//! still this run's.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Address, Claim, failed};
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::source::{Listed, Prefix, Way};
use crate::store::check_ours;

/// Documents at the root of a store, by which it is one.
const ROOTS: [&str; 2] = ["morton_hive.json", "zarr.json"];
/// Those of other versions and programs.
const OTHERS: [&str; 3] = [".zgroup", ".zarray", ".zmetadata"];
/// The document of a group or an array.
const DOCUMENT: &str = "zarr.json";

/// Objects that are sent or removed from one look at the claim to the next.
const SHARE: usize = 1000;

/// What stands at a store's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum There {
    Nothing,
    /// Objects without the document that would make them a store.
    Rest(Vec<Listed>),
    /// A store, with the tag of its root document.
    Store {
        tag: Option<String>,
        all: Vec<Listed>,
    },
}

/// A store's name among objects.
#[derive(Debug, Clone)]
pub struct StoreAway {
    address: Address,
    prefix: Prefix,
    url: String,
}

impl StoreAway {
    pub fn new(address: &Address, prefix: &Prefix) -> Self {
        Self {
            url: address.url().to_string_lossy().into_owned(),
            address: address.clone(),
            prefix: prefix.clone(),
        }
    }

    /// What is there. Names are relative to what the store is in.
    ///
    /// # Errors
    /// It cannot be listed.
    pub fn look(&self) -> Result<There> {
        let all = self.list()?;
        if all.is_empty() {
            return Ok(There::Nothing);
        }
        let at_root = |names: &[&str]| {
            let named = |name: &&str| all.iter().find(|listed| listed.name == self.name(name));
            names.iter().find_map(named)
        };
        if let Some(root) = at_root(&ROOTS).or_else(|| at_root(&OTHERS)) {
            return Ok(There::Store {
                tag: root.tag.clone(),
                all,
            });
        }
        Ok(There::Rest(all))
    }

    /// That what is there is a store of icefold's with nothing else in it. Its documents are read, into a folder of no other
    /// use.
    ///
    /// # Errors
    /// It is not, and stays.
    pub fn check_ours(&self, all: &[Listed], aside: &Path) -> Result<()> {
        let (documents, others): (Vec<Listed>, Vec<Listed>) =
            all.iter().cloned().partition(Listed::is_document);
        let brought = self.prefix.bring(&documents, aside);
        brought.map_err(|e| self.failed(&e))?;
        for other in &others {
            let path = aside.join(&other.name);
            let folder = path.parent().unwrap_or(aside);
            let made = fs::create_dir_all(folder).and_then(|()| fs::write(&path, b""));
            made.map_err(|e| Error::io("create", &path, e))?;
        }
        let at = aside.join(self.address.name());
        check_ours(&at).map_err(|why| {
            let why = why.replace(&*at.to_string_lossy(), &self.url);
            let message = format!(
                "exists and is not replaced, as it is not only a store of icefold's: {why}; choose another name, or remove \
                 it yourself"
            );
            Error::store(&*self.url, message)
        })
    }

    /// That something is there that is not to be replaced.
    pub fn exists(&self) -> Error {
        Error::store(&*self.url, "exists")
            .with_remedy(phrase![Setting::Overwrite.set(), " to replace it"])
    }

    /// That objects of no store are such as icefold writes.
    ///
    /// # Errors
    /// One is not, and all stay.
    pub fn check_rest(&self, rest: &[Listed]) -> Result<()> {
        let before = self.name("");
        let is_ours = |name: &str| is_written(name.strip_prefix(&before).unwrap_or(name));
        let others = rest.iter().filter(|listed| !is_ours(&listed.name));
        let others: Vec<Listed> = others.cloned().collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(self.is_foreign(&others))
    }

    /// That objects are there that are nothing of icefold's.
    pub fn is_foreign(&self, rest: &[Listed]) -> Error {
        let first = rest.first().map_or("", |first| &first.name);
        Error::store(
            &*self.url,
            format!(
                "{} objects are there that are no store, such as {}; choose another name, or remove them",
                rest.len(),
                self.prefix.url(first)
            ),
        )
    }

    /// Takes away what is there: its root first, so that from then on it is no store; then what other documents there are.
    ///
    /// # Errors
    /// An object that cannot be removed; somebody else has taken the store over.
    pub fn remove(&self, all: &[Listed], claim: &Claim) -> Result<()> {
        let prefix = self.prefix.held(claim.hold());
        let roots = ROOTS.iter().chain(&OTHERS);
        let roots: Vec<String> = roots.map(|name| self.name(name)).collect();
        let is_root = |listed: &&Listed| roots.contains(&listed.name);
        let is_document = |name: &str| name.ends_with(DOCUMENT);
        let names = |keep: &dyn Fn(&&Listed) -> bool| -> Vec<String> {
            let kept = all.iter().filter(keep);
            kept.map(|listed| listed.name.clone()).collect()
        };
        for part in [
            names(&is_root),
            names(&|listed| !is_root(listed) && is_document(&listed.name)),
            names(&|listed| !is_root(listed) && !is_document(&listed.name)),
        ] {
            for share in part.chunks(SHARE) {
                claim.check()?;
                let removed = prefix.remove(share);
                removed.map_err(|e| claim.why(self.failed(&e)))?;
            }
        }
        Ok(())
    }

    /// Sends a store of this machine but for its root document, and checks that it and nothing else is there; what that is.
    ///
    /// # Errors
    /// A file that cannot be read or sent; somebody else writes there.
    pub fn send(&self, folder: &Path, claim: &Claim) -> Result<Vec<Listed>> {
        let files = files_below(folder).map_err(|e| Error::io("list", folder, e))?;
        let root = root_of(&files)?;
        let mut waves: BTreeMap<std::cmp::Reverse<usize>, Vec<(String, PathBuf)>> = BTreeMap::new();
        for name in files.iter().filter(|name| **name != root) {
            // Chunks, then the documents of arrays, then those of their groups.
            let depth = name.split('/').count();
            let wave = if name.ends_with(DOCUMENT) {
                depth
            } else {
                usize::MAX
            };
            let file = (self.name(name), folder.join(name));
            waves.entry(std::cmp::Reverse(wave)).or_default().push(file);
        }
        let prefix = self.prefix.held(claim.hold());
        let mut sent = Vec::new();
        for files in waves.into_values() {
            for share in files.chunks(SHARE) {
                let put = prefix.send(share, &Way::New);
                sent.extend(put.map_err(|e| claim.why(self.failed(&e)))?);
                claim.check()?;
            }
        }
        sent.sort_by(|a, b| a.name.cmp(&b.name));
        match differing(&sent, &self.list()?) {
            None => Ok(sent),
            Some(name) => Err(self.another(name)),
        }
    }

    /// Sends the root document, by which it is a store from then on: if what was sent, and nothing else, is there before
    /// that and after. Else the root document goes.
    ///
    /// # Errors
    /// Something else is there; it cannot be sent.
    pub fn seal(&self, folder: &Path, sent: &[Listed], claim: &Claim) -> Result<()> {
        let files = files_below(folder).map_err(|e| Error::io("list", folder, e))?;
        let root = root_of(&files)?;
        let path = folder.join(&root);
        let name = self.name(&root);
        claim.check()?;
        // Once the root is there, whether it may stay is asked whoever wishes to stop.
        let prefix = self.prefix.to_the_end();
        if let Some(other) = differing(sent, &self.list()?) {
            return Err(self.another(other));
        }
        let put = prefix.held(claim.hold()).send(&[(name, path)], &Way::New);
        let put = put.map_err(|e| claim.why(self.failed(&e)))?;
        let mut whole = [sent, &put].concat();
        whole.sort_by(|a, b| a.name.cmp(&b.name));
        let found = prefix.list(&self.name("")).map_err(|e| self.failed(&e))?;
        let Some(other) = differing(&whole, &found) else {
            return Ok(());
        };
        let mine = put
            .iter()
            .filter(|root| found.iter().any(|found| is_same(root, found)));
        let mine: Vec<String> = mine.map(|root| root.name.clone()).collect();
        prefix.remove(&mine).map_err(|e| self.failed(&e))?;
        Err(self.another(other))
    }

    fn another(&self, name: &str) -> Error {
        let object = self.prefix.url(name);
        let message = format!(
            "{object} is not what this run sent: somebody else writes there, or took it away; what is there is not the store \
             of this run"
        );
        Error::store(&*self.url, message).with_remedy("see who writes there")
    }

    fn list(&self) -> Result<Vec<Listed>> {
        let listed = self.prefix.list(&self.name(""));
        listed.map_err(|e| self.failed(&e))
    }

    fn name(&self, inside: &str) -> String {
        format!("{}/{inside}", self.address.name())
    }

    fn failed(&self, error: &io::Error) -> Error {
        failed(&self.url, error)
    }
}

/// Whether an object is the one that was sent: its name, length and tag.
fn is_same(sent: &Listed, found: &Listed) -> bool {
    let tags = sent.tag.as_ref().zip(found.tag.as_ref());
    sent.name == found.name && sent.bytes == found.bytes && tags.is_none_or(|(a, b)| a == b)
}

/// The first name at which what was sent and what there is differ; both are in the order of their names.
fn differing<'a>(sent: &'a [Listed], found: &'a [Listed]) -> Option<&'a str> {
    let mut pairs = sent.iter().zip(found);
    let differs = pairs.find(|(sent, found)| !is_same(sent, found));
    let differs = differs.map(|(sent, found)| (&sent.name).min(&found.name));
    let rest = || sent.get(found.len()).or_else(|| found.get(sent.len()));
    let differs = differs.or_else(|| rest().map(|rest| &rest.name));
    differs.map(String::as_str)
}

/// Whether icefold writes files of this name into a store: documents, and chunks, which are numbers behind a `c`.
fn is_written(name: &str) -> bool {
    let mut parts = name.split('/').rev();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match parts.next() {
        Some(last) if ROOTS.contains(&last) || last == "coverage.moc" => true,
        Some("c") => true,
        Some(last) => is_number(&last) && parts.find(|part| !is_number(part)) == Some("c"),
        None => false,
    }
}

fn root_of(files: &[String]) -> Result<String> {
    let root = ROOTS
        .iter()
        .find(|root| files.iter().any(|name| name == *root));
    root.map(|root| (*root).to_owned())
        .ok_or_else(|| Error::gate("a store was made without a document at its root"))
}

/// Files of a folder and below, relative to it, their parts divided by `/`; ascending.
pub(super) fn files_below(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(folder.to_path_buf(), String::new())];
    while let Some((folder, before)) = open.pop() {
        for path in folders::list(&folder)? {
            let name = format!("{before}{}", folders::name(&path));
            if fs::symlink_metadata(&path)?.is_dir() {
                open.push((path, name + "/"));
            } else {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_icefold_writes_are_told_from_others() {
        for name in [
            "zarr.json",
            "12/h/zarr.json",
            "12/h/c/0",
            "12/h/c/0/11",
            "crs/c",
            "coverage.moc",
        ] {
            assert!(is_written(name), "{name}");
        }
        for name in ["notes.txt", "12/h/0", "12/foreign", "c/x", "12/h/c/0/x", ""] {
            assert!(!is_written(name), "{name}");
        }
    }

    #[test]
    fn what_is_there_is_told_from_what_was_sent() {
        let listed = |name: &str, bytes, tag: Option<&str>| Listed {
            name: name.to_owned(),
            bytes,
            tag: tag.map(str::to_owned),
            modified: bytes,
        };
        let sent = [listed("a", 1, Some("1")), listed("c", 2, None)];
        let found = |a: Listed, c: Listed| [a, c];
        let same = found(listed("a", 1, Some("1")), listed("c", 2, Some("2")));
        assert_eq!(differing(&sent, &same), None);
        assert_eq!(differing(&sent, &same[..1]), Some("c"));
        assert_eq!(differing(&sent[..1], &same), Some("c"));
        assert_eq!(differing(&sent, &[]), Some("a"));
        for other in [listed("a", 2, Some("1")), listed("a", 1, Some("2"))] {
            assert_eq!(differing(&sent, &found(other, same[1].clone())), Some("a"));
        }
        let between = found(same[0].clone(), listed("b", 2, None));
        assert_eq!(differing(&sent, &between), Some("b"));
    }

    #[test]
    fn files_are_listed_with_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["zarr.json", "12/zarr.json", "12/a/c/0", "12/a/zarr.json"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let files = files_below(folder.path()).unwrap();
        assert_eq!(
            files,
            ["12/a/c/0", "12/a/zarr.json", "12/zarr.json", "zarr.json"]
        );
        assert_eq!(root_of(&files).unwrap(), "zarr.json");
        assert!(root_of(&files[..3]).is_err());
    }
}
