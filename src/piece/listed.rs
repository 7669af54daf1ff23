//! What the plan of a run says of the granules of its shards, to compare with what pieces and checkpoints
//! say.
//!
//! Beside the line. If a granule is another file now than the one that was read, what was read of it is
//! worthless. Its size, its time and a look at both ends of the file tell.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Contribution;
use crate::digest::hex;
use crate::plan::{GranulePath, ListedShard};
use crate::read::Says;
use crate::source::{open, read_up_to, see};
use crate::store::SourceFile;

/// Bytes looked at at each end of a file.
const PROBE: u64 = 64 << 10;
/// Bytes that are hashed at a time where all are.
const BLOCK: usize = 8 << 20;

/// What a granule's file was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GranuleFile {
    pub bytes: u64,
    /// Nanoseconds from 1970 to its last change.
    pub modified: u64,
    /// SHA-256 in hex over its length, its first and its last 64 KiB.
    pub probe: String,
    /// The file's name, where it is not the granule's: of one that is joined to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// SHA-256 in hex over all of it, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether it says that its photons were invented.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// When its data end, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

impl GranuleFile {
    /// What a file is now.
    ///
    /// # Errors
    /// The operating system's.
    pub fn of(path: &Path) -> io::Result<Self> {
        let seen = see(path)?;
        let file = open(path)?;
        let bytes = file.length();
        let mut hash = Sha256::new();
        hash.update(bytes.to_le_bytes());
        for start in [0, bytes.saturating_sub(PROBE)] {
            hash.update(read_up_to(&*file, start, PROBE as usize)?);
        }
        Ok(Self {
            bytes,
            modified: seen.modified,
            probe: hex(&hash.finalize()),
            name: None,
            sha256: None,
            synthetic: false,
            end: None,
        })
    }

    /// As [`of`](Self::of), with the hash of every byte.
    ///
    /// # Errors
    /// The operating system's.
    pub fn hashed(path: &Path) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let file = open(path)?;
        for start in (0..file.length()).step_by(BLOCK) {
            hash.update(read_up_to(&*file, start, BLOCK)?);
        }
        Ok(Self {
            sha256: Some(hex(&hash.finalize())),
            ..Self::of(path)?
        })
    }

    /// With what the file says of itself.
    #[must_use]
    pub fn saying(mut self, says: &Says) -> Self {
        self.synthetic = says.synthetic;
        self.end.clone_from(&says.end);
        self
    }

    /// With the name that the file at `path` has.
    #[must_use]
    pub fn called_as(mut self, path: &Path) -> Self {
        let name = path.file_name();
        self.name = name.map(|name| name.to_string_lossy().into_owned());
        self
    }

    /// What a store says of the file, of this name among those of the run.
    pub fn as_source(&self, name: &str) -> SourceFile {
        let called = self.name.as_deref().unwrap_or(name);
        SourceFile {
            sha256: self.sha256.clone(),
            synthetic: self.synthetic,
            end: self.end.clone(),
            ..SourceFile::new(called, Some((self.bytes, self.probe.clone())))
        }
    }

    /// How it differs from what it was, in words; by all of its bytes only where both have a hash of them.
    pub(super) fn difference(&self, then: &Self) -> Option<&'static str> {
        let hashes = self.sha256.as_ref().zip(then.sha256.as_ref());
        if self.bytes != then.bytes {
            Some("has another size")
        } else if self.probe != then.probe || hashes.is_some_and(|(now, then)| now != then) {
            Some("holds other bytes")
        } else if self.modified != then.modified {
            Some("was written at another time")
        } else {
            None
        }
    }
}

/// The granules of the shards of a run, by the names that pieces have them under.
#[derive(Debug, Default)]
pub struct Listed {
    shards: BTreeMap<u64, BTreeSet<String>>,
    paths: BTreeMap<String, PathBuf>,
    /// What their files are, as far as it was asked.
    files: RefCell<BTreeMap<String, Option<GranuleFile>>>,
}

impl Listed {
    /// The granules of these shards; `granules` are those that the places in `listed` mean.
    pub fn new(listed: &[ListedShard], granules: &[GranulePath]) -> Self {
        let of_shard = |shard: &ListedShard| {
            let read = shard
                .granules
                .iter()
                .map(|&place| granules[place].name.to_string());
            let all = read.chain(shard.absent.iter().cloned()).collect();
            (shard.id, all)
        };
        Self {
            shards: listed.iter().map(of_shard).collect(),
            paths: granules
                .iter()
                .flat_map(GranulePath::files)
                .map(|(name, path)| (name, path.to_path_buf()))
                .collect(),
            files: RefCell::default(),
        }
    }

    /// Checks that a shard was made of its granules, each once.
    ///
    /// # Errors
    /// In words, the first that is too many or missing.
    pub fn check_shard(
        &self,
        shard: u64,
        granules: &[Contribution],
        left_out: &[String],
    ) -> Result<(), String> {
        let none = BTreeSet::new();
        let listed = self.shards.get(&shard).unwrap_or(&none);
        let mut seen = BTreeSet::new();
        let named = granules
            .iter()
            .map(|granule| &granule.granule)
            .chain(left_out);
        for granule in named {
            if !seen.insert(granule) {
                return Err(format!("it has granule {granule} twice"));
            }
            if !listed.contains(granule) {
                return Err(format!(
                    "it has granule {granule}, which the shard map does not list for it"
                ));
            }
        }
        match listed.iter().find(|granule| !seen.contains(granule)) {
            Some(missing) => Err(format!("granule {missing} is missing in it")),
            None => Ok(()),
        }
    }

    /// Whether the map lists a granule for a shard of the run.
    pub fn lists(&self, shard: u64, granule: &str) -> bool {
        self.shards
            .get(&shard)
            .is_some_and(|listed| listed.contains(granule))
    }

    /// Whether a granule is one of the run's.
    pub fn knows(&self, granule: &str) -> bool {
        self.paths.contains_key(granule)
    }

    /// The first granule that is no longer what was read; and how it differs, in words.
    pub fn changed(&self, then: &BTreeMap<String, GranuleFile>) -> Option<(String, &'static str)> {
        let mut files = self.files.borrow_mut();
        then.iter().find_map(|(granule, then)| {
            let path = self.paths.get(granule)?;
            let now = files.entry(granule.clone());
            let now = now.or_insert_with(|| GranuleFile::of(path).ok());
            let how = now
                .as_ref()
                .map_or(Some("cannot be read"), |now| now.difference(then));
            how.map(|how| (granule.clone(), how))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_file_that_changed_at_either_end_or_in_time_or_size_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let bytes = vec![7u8; 300_000];
        let then = {
            std::fs::write(&path, &bytes).unwrap();
            GranuleFile::of(&path).unwrap()
        };
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        let now = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
            GranuleFile::of(&path).unwrap().difference(&then)
        };
        assert_eq!(now(&bytes), None);
        assert_eq!(now(&bytes[1..]), Some("has another size"));
        for at in [0, 65_535, 240_000, 299_999] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(now(&changed), Some("holds other bytes"), "{at}");
        }
        std::fs::write(&path, &bytes).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(time + std::time::Duration::from_micros(1))
            .unwrap();
        let difference = GranuleFile::of(&path).unwrap().difference(&then);
        assert_eq!(difference, Some("was written at another time"));
        // In between only where both have a hash of all.
        let hashed = |byte: u8| {
            let mut changed = bytes.clone();
            changed[150_000] = byte;
            std::fs::write(&path, &changed).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(time).unwrap();
            GranuleFile::hashed(&path).unwrap()
        };
        let (then, now) = (hashed(7), hashed(8));
        assert_eq!(then.difference(&hashed(7)), None);
        assert_eq!(now.difference(&then), Some("holds other bytes"));
        assert_eq!(GranuleFile::of(&path).unwrap().difference(&then), None);
    }

    #[test]
    fn a_shard_is_of_its_granules_each_once() {
        let granules = ["a.h5", "b.h5"].map(|name| GranulePath::alone(Path::new(name)));
        let shard = ListedShard {
            id: 5,
            granules: vec![0, 1],
            absent: vec!["c".to_owned()],
        };
        let listed = Listed::new(&[shard], &granules);
        let of = |names: &[&str]| -> Vec<Contribution> {
            let granules = names.iter().map(|name| Contribution {
                granule: (*name).to_owned(),
                photons: 1,
            });
            granules.collect()
        };
        let left_out = ["c".to_owned()];
        let check = |names: &[&str]| listed.check_shard(5, &of(names), &left_out);
        assert_eq!(check(&["a.h5", "b.h5"]), Ok(()));
        for (names, says) in [
            (&["a.h5", "a.h5", "b.h5"][..], "granule a.h5 twice"),
            (
                &["a.h5", "b.h5", "d.h5"],
                "granule d.h5, which the shard map",
            ),
            (&["a.h5"], "granule b.h5 is missing"),
            (&["a.h5", "b.h5", "c"], "granule c twice"),
        ] {
            let error = check(names).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
