//! The marker of a finished piece, a file of its own that is written last.
//!
//! Beside the line. A piece without its marker does not count: a run that is killed leaves at most files that
//! the next one overwrites. The marker says what the piece must hold to be taken for done.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::digest::{hex, of_file};
use crate::error::{Error, Result};
use crate::place::{open, seal, write_document};

use super::GranuleFile;

/// A finished piece: one shard of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// NESTED id.
    pub shard: u64,
    pub config_sha256: String,
    pub map_sha256: String,
    /// Of the manifest that it was written under.
    pub manifest_sha256: String,
    /// Every granule that the map lists for the shard and that was read, ascending by name.
    pub granules: Vec<Contribution>,
    /// What the files of these granules were.
    pub sources: BTreeMap<String, GranuleFile>,
    /// Those that could not be read (tolerant runs), ascending.
    pub left_out: Vec<String>,
    pub photons: u64,
    /// Occupied cells by order.
    pub cells: BTreeMap<u8, u64>,
    /// Cells in which a weighted mean has no weight, summed over outputs.
    pub cells_without_weight: u64,
    /// Photons by step of time, where there are steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<u32, u64>,
    /// The files of the piece; none where it has no cells.
    pub files: Vec<PieceFile>,
    /// SHA-256 in hex over the hashes of the files.
    pub content_sha256: String,
}

/// What a granule added to a piece.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Contribution {
    pub granule: String,
    /// Photons that were kept.
    pub photons: u64,
}

/// One file of a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceFile {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

impl PieceFile {
    /// What there is to say of a file that is written.
    ///
    /// # Errors
    /// The operating system's.
    pub fn of(pieces: &Path, name: &str) -> Result<Self> {
        let path = pieces.join(name);
        let (bytes, sha256) = of_file(&path).map_err(|e| Error::io("read", &path, e))?;
        Ok(Self {
            name: name.to_owned(),
            bytes,
            sha256,
        })
    }

    /// Whether the file is still what it was.
    ///
    /// # Errors
    /// In words, what it is now.
    pub fn check(&self, pieces: &Path) -> Result<(), String> {
        let found = of_file(&pieces.join(&self.name));
        match found {
            Err(error) => Err(format!("{} cannot be read: {error}", self.name)),
            Ok((bytes, _)) if bytes != self.bytes => Err(format!(
                "{} has {bytes} bytes, and its marker says {}",
                self.name, self.bytes
            )),
            Ok((_, sha256)) if sha256 != self.sha256 => Err(format!(
                "{} has sha256 {sha256}, and its marker says {}",
                self.name, self.sha256
            )),
            Ok(_) => Ok(()),
        }
    }
}

impl Marker {
    /// The name of a shard's marker among the pieces.
    pub fn name(shard: u64) -> String {
        format!("shard-{shard}.json")
    }

    /// The marker of a shard; `None` where there is none; in words what is wrong with one that was
    /// changed.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(pieces: &Path, shard: u64) -> Result<Option<Result<Self, String>>> {
        let path = pieces.join(Self::name(shard));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let opened = open(&bytes).map(|opened| opened.document);
        Ok(Some(
            opened.map_err(|why| format!("{} {why}", Self::name(shard))),
        ))
    }

    /// Writes the marker: from now on the piece is done.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, pieces: &Path) -> Result<()> {
        let (bytes, _) = seal(self, true);
        write_document(&pieces.join(Self::name(self.shard)), &bytes)
    }

    /// A hash of what is in all pieces, ascending by shard.
    pub fn content_of_all(markers: &[Self]) -> String {
        let mut hash = Sha256::new();
        for marker in markers {
            hash.update(format!("{} {}\n", marker.shard, marker.content_sha256));
        }
        hex(&hash.finalize())
    }

    /// Whether the piece is what its marker says, of this config, map and manifest.
    ///
    /// # Errors
    /// In words, what is not.
    pub fn check(
        &self,
        pieces: &Path,
        (config, map, manifest): (&str, &str, &str),
        shard: u64,
    ) -> Result<(), String> {
        let same = [
            ("shard", self.shard.to_string(), shard.to_string()),
            ("config", self.config_sha256.clone(), config.to_owned()),
            ("shard map", self.map_sha256.clone(), map.to_owned()),
            (
                "manifest",
                self.manifest_sha256.clone(),
                manifest.to_owned(),
            ),
            ("content", content(&self.files), self.content_sha256.clone()),
            (
                "photons",
                self.granules
                    .iter()
                    .map(|g| g.photons)
                    .sum::<u64>()
                    .to_string(),
                self.photons.to_string(),
            ),
        ];
        for (what, mine, theirs) in same {
            if mine != theirs {
                return Err(format!("its {what} is {mine}, not {theirs}"));
            }
        }
        let ascend = |pair: &[Contribution]| pair[0].granule < pair[1].granule;
        if let Some(pair) = self.granules.windows(2).find(|pair| !ascend(pair)) {
            return Err(format!("it has granule {} twice", pair[1].granule));
        }
        self.files.iter().try_for_each(|file| file.check(pieces))
    }
}

/// The hash of all files of a piece.
pub fn content(files: &[PieceFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(format!("{} {} {}\n", file.name, file.bytes, file.sha256));
    }
    hex(&hash.finalize())
}
