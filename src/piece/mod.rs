//! Pieces: finished shards on disk, until all are there and become a store.
//!
//! On the line of a run over a shard map, between finalize and store:
//!
//! ```text
//!   ShardPartials --finalize--> piece of one shard --assemble--> Zarr store
//! ```
//!
//! Pieces of `out.zarr` wait in the folder `out.zarr.pieces` beside it. The manifest says what they are
//! pieces of, a marker that one of them is done, a checkpoint how far a run has come with shards that are not
//! whole, and locks which run works on which shards.

mod checkpoint;
mod errors;
mod inspect;
mod listed;
mod lock;
mod manifest;
mod marker;
mod partials;
mod read;
mod replaces;
mod run_checkpoint;
#[cfg(test)]
mod shards_done;
mod sources;
#[cfg(test)]
mod taken_up;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Action, Error, Phrase, Result, Setting, phrase};
use crate::folders;
use crate::place::sync_parent;
use crate::stat::Encoding;

pub use checkpoint::{Checkpoint, Covered};
pub use errors::KeptErrors;
pub use inspect::{Inspected, inspect, looks_like_pieces};
pub use listed::{GranuleFile, Listed};
pub use lock::Owner;
pub use manifest::{Asked, Manifest};
pub use marker::{Contribution, Marker};
pub use partials::{Again, Compared};
pub use read::{PieceReader, TopReader};
pub use run_checkpoint::{Added, Question, RunCheckpoint};
pub use write::{PieceFacts, PieceWriter};

/// The cells of a piece: an Arrow IPC stream.
const CELLS: &str = "arrow";
/// Partials of the one cell that a shard is.
const PARTIALS: &str = "partials";

/// The pieces of one store.
#[derive(Debug)]
pub struct Pieces {
    folder: PathBuf,
    manifest: Manifest,
    /// Of the manifest.
    sha256: String,
}

impl Pieces {
    /// Where the pieces of a store are.
    pub fn folder_of(store: &Path) -> PathBuf {
        let mut folder = store.as_os_str().to_owned();
        folder.push(".pieces");
        PathBuf::from(folder)
    }

    /// The pieces in a folder; `None` where there are none.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn open(folder: &Path) -> Result<Option<Self>> {
        let manifest = Manifest::read(folder)?;
        Ok(manifest.map(|(manifest, sha256)| Self {
            folder: folder.to_path_buf(),
            manifest,
            sha256,
        }))
    }

    /// Begins pieces with this manifest, or takes up those of a run that began at the same time.
    ///
    /// # Errors
    /// As [`Asked::agree`], and a file that cannot be written.
    pub fn begin(folder: &Path, asked: &Asked, manifest: Manifest) -> Result<Self> {
        let _alone = lock::alone(folder)?;
        if let Some(there) = Self::open(folder)? {
            asked.agree(&there.manifest, folder)?;
            return Ok(there);
        }
        let sha256 = manifest.write(folder)?;
        sync_parent(folder).map_err(|e| Error::io("sync the folder of", folder, e))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            manifest,
            sha256,
        })
    }

    /// Checks that what is at the place of the pieces is of icefold, before any of it is taken away.
    ///
    /// # Errors
    /// Something else is there.
    pub fn check_place(folder: &Path) -> Result<()> {
        let paths = match folders::list(folder) {
            Ok(paths) => paths,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(Error::io("list", folder, e)),
        };
        let mut names = paths.iter().map(|path| folders::name(path));
        names.try_for_each(|name| Self::check_name(folder, &name))
    }

    /// Checks that what is called so among the pieces is of icefold.
    ///
    /// # Errors
    /// It is something else.
    pub fn check_name(folder: &Path, name: &str) -> Result<()> {
        let ours = [
            "shard-",
            "open-",
            "manifest.json",
            "replaces.json",
            "errors",
            "owners",
        ];
        let visible = name.trim_start_matches('.');
        if ours.iter().any(|start| visible.starts_with(start)) {
            return Ok(());
        }
        Err(Error::pieces(
            folder,
            format!("the folder holds {name}, which is no piece"),
        )
        .with_remedy(phrase![
            "choose another ",
            Setting::Store,
            ", or move the folder"
        ]))
    }

    /// The hash of the manifest.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is a marker for a shard's piece.
    pub fn is_marked(&self, shard: u64) -> bool {
        self.folder.join(Marker::name(shard)).is_file()
    }

    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Begins the piece of a shard, in place of one that is there.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, shard: u64) -> Result<PieceWriter<'_>> {
        self.remove(shard)?;
        Ok(PieceWriter::new(self, shard))
    }

    /// Takes a piece away, its marker first.
    ///
    /// # Errors
    /// The operating system's.
    pub fn remove(&self, shard: u64) -> Result<()> {
        let names = [CELLS, PARTIALS].map(|kind| write::file_name(shard, kind));
        for name in std::iter::once(Marker::name(shard)).chain(names) {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", path, e));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The marker of a shard's piece if it is done; else why it is not.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn done(&self, shard: u64) -> Result<Result<Marker, String>> {
        let marker = match Marker::read(&self.folder, shard)? {
            None => return Ok(Err("it has no piece".to_owned())),
            Some(Err(why)) => return Ok(Err(why)),
            Some(Ok(marker)) => marker,
        };
        let Manifest { config, map, .. } = &self.manifest;
        let under = (&*config.sha256, &*map.sha256, &*self.sha256);
        let checked = marker.check(&self.folder, under, shard);
        Ok(checked.map(|()| marker))
    }

    /// The markers of all shards, ascending by shard.
    ///
    /// # Errors
    /// Shards whose piece is missing or damaged, by their places in the map; pieces of which two were made of different
    /// files of one granule.
    pub fn all_done(&self) -> Result<Vec<Marker>> {
        let mut markers = Vec::new();
        let mut missing = Vec::new();
        let mut first = None;
        for (place, &shard) in self.manifest.map.shards.iter().enumerate() {
            match self.done(shard)? {
                Ok(marker) => markers.push(marker),
                Err(why) => {
                    missing.push(place);
                    first.get_or_insert((shard, why));
                }
            }
        }
        if let Some((shard, why)) = first {
            return Err(Error::pieces(
                &self.folder,
                format!(
                    "{} of {} shards are not done: {} (counted from 0 in the shard map); shard {shard}: \
                     {why}",
                    missing.len(),
                    self.manifest.map.shards.len(),
                    ranges(&missing)
                ),
            )
            .with_remedy(phrase![
                "run those with ",
                Setting::Shards.to("A..B"),
                " ",
                Setting::Resume,
                ", then finalize again"
            ]));
        }
        markers.sort_by_key(|marker| marker.shard);
        sources::check_same(&markers, &self.folder)?;
        Ok(markers)
    }

    /// The cells of a piece, in the order in which they were written.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn tables(&self, marker: &Marker) -> Result<PieceReader> {
        PieceReader::open(self, marker)
    }

    /// What coarser cells than the shard need of a piece, in parts; none where it has nothing of it.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn top<'a>(&'a self, marker: &Marker, encoding: Encoding<'a>) -> Result<TopReader<'a>> {
        TopReader::open(self, marker, encoding)
    }

    /// How many shards of the map have a piece, done or to be done again.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn marked(&self) -> Result<usize> {
        let shards: BTreeSet<String> = self
            .manifest
            .map
            .shards
            .iter()
            .map(|&shard| Marker::name(shard))
            .collect();
        let listed = folders::list(&self.folder);
        let listed = listed.map_err(|e| Error::io("list", &self.folder, e))?;
        let names = listed.iter().map(|path| folders::name(path));
        Ok(names.filter(|name| shards.contains(name)).count())
    }

    /// Takes all pieces away.
    ///
    /// # Errors
    /// The operating system's.
    pub fn clear(folder: &Path) -> Result<()> {
        // Without its manifest, what a kill leaves of the rest is no piece of anything.
        let manifest = folder.join(manifest::NAME);
        match fs::remove_file(&manifest) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove", manifest, e));
            }
            _ => {}
        }
        match folders::remove(folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", folder, e))
            }
            _ => Ok(()),
        }
    }

    /// An error about a file of a piece.
    fn damaged(&self, name: &str, what: &impl ToString) -> Error {
        let message = format!("{name} cannot be read: {}", what.to_string());
        Error::pieces(&self.folder, message).with_remedy(run_again())
    }
}

/// The pieces, or an error that says how to come by some.
///
/// # Errors
/// There are none.
pub fn there(folder: &Path, pieces: Option<Pieces>) -> Result<Pieces> {
    pieces.ok_or_else(|| {
        Error::pieces(folder, "there are none").with_remedy(phrase![
            "write them with ",
            Action::WritePieces,
            ", and name the same store here"
        ])
    })
}

/// What always helps, and costs what is done.
fn begin_anew() -> Phrase {
    phrase![
        "begin anew with ",
        Setting::Overwrite,
        " and no ",
        Setting::Shards
    ]
}

/// What writes a piece again that is not as it was written.
fn run_again() -> Phrase {
    phrase!["run again with ", Setting::Resume]
}

/// Ascending numbers as ranges: `0..3, 7..8`.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let ranges: Vec<String> = runs
        .filter_map(|run| Some(format!("{}..{}", run.first()?, run.last()? + 1)))
        .collect();
    match ranges.len() {
        0..=8 => ranges.join(", "),
        more => format!("{}, and {} more ranges", ranges[..8].join(", "), more - 8),
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn places_are_said_as_the_ranges_that_a_run_takes() {
        assert_eq!(ranges(&[0, 1, 2, 7, 9, 10]), "0..3, 7..8, 9..11");
        let even: Vec<usize> = (0..40).step_by(2).collect();
        assert!(ranges(&even).ends_with("14..15, and 12 more ranges"));
    }
}
