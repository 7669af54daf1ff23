//! Checkpoints of runs without a shard map: the granules that are merged, and their partials.
//!
//! Beside the line. Such a run has no shard whole before its last granule, so what it has merged waits in the folder
//! `out.zarr.checkpoint` beside its store: the list of granules, the sorted runs of their partials, and what was left out
//! of them. The folder is exchanged as a whole, and a run that goes on takes copies, so it is whole at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::errors::KeptErrors;
use super::{GranuleFile, Listed};
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::left_out::{ErrorSummary, RejectedRow};
use crate::merge::RunFile;
use crate::photon::SourceColumn;
use crate::place::{FolderPlace, identity, open, seal, sync_folder, write_document};
use crate::plan::GranulePath;
use crate::read::GranuleReport;

/// Version of the document's shape.
const SCHEMA_VERSION: u32 = 2;
/// The list among the sorted runs.
const NAME: &str = "checkpoint.json";
/// The folder of error tables beside it.
const ERRORS: &str = "errors";

/// What partials answer: only those of the same question can be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub icefold_version: String,
    pub config_sha256: String,
    /// As they are read.
    pub columns: Vec<SourceColumn>,
    /// Whether whole files are hashed.
    pub hashed: bool,
}

/// What a run without a shard map had read and merged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunCheckpoint {
    pub schema_version: u32,
    pub question: Question,
    /// The store that is replaced in the end, where that was asked for: its device and inode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<(u64, u64)>,
    /// Granules that are merged, in the order in which they were read.
    pub granules: Vec<GranuleReport>,
    /// What the files of each were.
    pub files: BTreeMap<String, Vec<(String, Option<GranuleFile>)>>,
    /// Photons that their partials have, by shard.
    pub photons: BTreeMap<u64, u64>,
    /// Photons by step of time.
    pub steps: BTreeMap<u32, u64>,
    /// What each granule added to both.
    pub added: BTreeMap<String, Added>,
    /// The first rows that were rejected one by one, and how many there were.
    pub rows: Vec<RejectedRow>,
    pub rejected_rows: u64,
    pub errors: ErrorSummary,
    pub runs: Vec<RunFile>,
}

/// What one granule added to the partials: photons by shard, and by step of time where there are steps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    pub shards: BTreeMap<u64, u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<u32, u64>,
}

impl Question {
    /// Of this version of icefold.
    pub fn new(config_sha256: &str, columns: &[SourceColumn], hashed: bool) -> Self {
        Self {
            icefold_version: env!("CARGO_PKG_VERSION").to_owned(),
            config_sha256: config_sha256.to_owned(),
            columns: columns.to_vec(),
            hashed,
        }
    }
}

impl RunCheckpoint {
    /// Where the checkpoint of a run to this store is.
    pub fn folder_of(store: &Path) -> PathBuf {
        let mut folder = store.as_os_str().to_owned();
        folder.push(".checkpoint");
        PathBuf::from(folder)
    }

    /// One of these granules.
    pub fn new(question: Question) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            question,
            replaces: None,
            granules: Vec::new(),
            files: BTreeMap::new(),
            photons: BTreeMap::new(),
            steps: BTreeMap::new(),
            added: BTreeMap::new(),
            rows: Vec::new(),
            rejected_rows: 0,
            errors: ErrorSummary::default(),
            runs: Vec::new(),
        }
    }

    /// Whether a folder is one of a checkpoint.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(NAME).is_file()
    }

    /// Whether a run was interrupted that was to replace the store that is there.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn may_replace(store: &Path) -> Result<bool> {
        let found = Self::read(&Self::folder_of(store))?;
        let replaces = found.and_then(Result::ok).and_then(|found| found.replaces);
        Ok(replaces.is_some() && replaces == identity(store))
    }

    /// The checkpoint in a folder; in words why it cannot be used, where there is one.
    ///
    /// # Errors
    /// A file that cannot be read; a folder of that name that is none of a checkpoint.
    pub fn read(folder: &Path) -> Result<Option<Result<Self, String>>> {
        let path = folder.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                if fs::symlink_metadata(folder).is_err() {
                    return Ok(None);
                }
                let message = "is where the checkpoint of this run would be, and is none";
                return Err(Error::pieces(folder, message).with_remedy(phrase![
                    "choose another ",
                    Setting::Store,
                    ", or move it"
                ]));
            }
            Err(e) => return Err(Error::io("read", path, e)),
        };
        Ok(Some(match open::<Self>(&bytes) {
            Err(why) => Err(format!("{NAME} {why}")),
            Ok(opened) if opened.document.schema_version != SCHEMA_VERSION => Err(format!(
                "{NAME} has format {}, and this icefold writes {SCHEMA_VERSION}",
                opened.document.schema_version
            )),
            Ok(opened) => Ok(opened.document),
        }))
    }

    /// Whether a run of this question over these granules can go on with it.
    ///
    /// # Errors
    /// In words, why not.
    pub fn check(
        &self,
        question: &Question,
        granules: &[GranulePath],
        tolerant: bool,
    ) -> Result<(), String> {
        let (then, now) = (&self.question, question);
        if then.icefold_version != now.icefold_version {
            return Err(format!(
                "they are of icefold {}, and this is {}",
                then.icefold_version, now.icefold_version
            ));
        }
        if then.config_sha256 != now.config_sha256 {
            return Err("they are of another config".to_owned());
        }
        if then.columns != now.columns {
            return Err("the granules have columns of other types now".to_owned());
        }
        if then.hashed != now.hashed {
            return Err(
                "hashes of whole files are asked for then or now, and not both times".to_owned(),
            );
        }
        if self.rejected_rows > 0 && !tolerant {
            return Err(format!(
                "{} rows were left out of them, and this run leaves none out",
                self.rejected_rows
            ));
        }
        let listed = Listed::new(&[], granules);
        let mut merged = BTreeSet::new();
        for granule in &self.granules {
            let name = &*granule.name;
            if !listed.knows(name) {
                return Err(format!("the run has no granule {name}"));
            }
            if !merged.insert(name) {
                return Err(format!("{NAME} has granule {name} twice"));
            }
            let now = granules.iter().find(|one| *one.name == *name);
            let now = now.iter().flat_map(|one| one.files()).map(|(file, _)| file);
            let Some(files) = self.files.get(name).filter(|files| !files.is_empty()) else {
                return Err(format!("{NAME} does not say what the file of {name} was"));
            };
            if !now.eq(files.iter().map(|(file, _)| file.clone())) {
                return Err(format!("granule {name} is read with other files now"));
            }
            let known = files
                .iter()
                .map(|(file, then)| Some((file.clone(), then.clone()?)));
            let Some(known) = known.collect::<Option<_>>() else {
                return Err(format!("what was read of {name} was no file"));
            };
            if let Some((file, how)) = listed.changed(&known) {
                return Err(format!("granule {file} {how} since it was read"));
            }
        }
        Ok(())
    }

    /// What was left out of its granules.
    pub fn errors_in(folder: &Path) -> KeptErrors {
        KeptErrors::in_folder(folder.join(ERRORS))
    }

    /// Puts a new checkpoint in the place of the one that is there, if there is one; `fill` puts into a folder what
    /// belongs to it. A reader never sees half of it.
    ///
    /// # Errors
    /// The operating system's, and those of `fill`: what was there stays.
    pub fn record(folder: &Path, fill: impl FnOnce(&Path) -> Result<Self>) -> Result<()> {
        Self::begin(folder, fill)?.publish()
    }

    /// As [`record`](Self::record), whole and durable, but for its name, which it gets together with other things.
    ///
    /// # Errors
    /// The operating system's, and those of `fill`: nothing is left.
    pub fn begin(folder: &Path, fill: impl FnOnce(&Path) -> Result<Self>) -> Result<FolderPlace> {
        let place = FolderPlace::create(folder)?;
        let checkpoint = fill(place.partial())?;
        let (bytes, _) = seal(&checkpoint, false);
        write_document(&place.partial().join(NAME), &bytes)?;
        sync_folder(place.partial()).map_err(|e| Error::io("sync", place.partial(), e))?;
        Ok(place)
    }

    /// Takes a checkpoint away, if there is one.
    ///
    /// # Errors
    /// The operating system's.
    pub fn remove(folder: &Path) -> Result<()> {
        match folders::remove(folder) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder, e)),
            _ => Ok(()),
        }
    }
}
