//! The plan: which granules a run reads, and which shards it wants of them.
//!
//! First on the line. Either paths become granules: directories their files, duplicates resolved by
//! name (`duplicates.rs`) before anything is opened. Or a shard map (`map.rs`), which lists the
//! granules of every shard: `build.rs` makes one from the granules' positions, `signature.rs` tells
//! whether it fits a config, `resolve.rs` finds its granules, `shards.rs` holds the shards that are
//! wanted, `inspect.rs` shows what is in it; `runs.rs` finds the shards of positions.

mod build;
mod duplicates;
mod inspect;
mod map;
mod resolve;
mod runs;
mod shards;
mod signature;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::config::{DuplicatePolicy, GranuleKind};
use crate::error::{Error, Result};

pub use build::{Build, Built, build};
pub use inspect::{inspect, inspect_text};
pub use map::{ShardMap, json_schema, looks_like_a_map};
pub use resolve::Selection;
pub use runs::shard_runs;
pub use shards::{ShardRange, ShardSet};

use duplicates::{Distinct, without_duplicates};

/// File name extensions of HDF5 granules.
const HDF5_EXTENSIONS: [&str; 3] = ["h5", "hdf5", "he5"];

/// Granules to read, and those that were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order given; a directory's in the order of their paths.
    pub granules: Vec<PathBuf>,
    pub superseded: Vec<Superseded>,
    /// Granules of a shard map that were not found.
    pub absent: Vec<Absent>,
    /// The shards whose photons count, where a shard map says which.
    pub wanted: Option<Wanted>,
}

/// A granule that is not read because another one takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    pub granule: PathBuf,
    pub by: PathBuf,
}

/// A granule that a shard map lists, and why it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub granule: String,
    pub reason: String,
}

/// The shards of a shard map that a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub map: PathBuf,
    /// Places in the map, first and one past the last.
    pub range: std::ops::Range<usize>,
    /// Shards that the map has.
    pub of: usize,
    pub shards: ShardSet,
    /// What the map says of each of them, ascending by id.
    pub listed: Vec<ListedShard>,
}

/// One wanted shard, and the granules that a shard map lists for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShard {
    /// NESTED id.
    pub id: u64,
    /// Places in [`Plan::granules`], ascending.
    pub granules: Vec<usize>,
    /// Names of those that were not found, ascending.
    pub absent: Vec<String>,
}

/// The granules of one kind that `paths` (files and directories) stand for.
///
/// # Errors
/// A path that does not exist, a directory without granules, no path at all, and duplicates where
/// the policy makes them an error.
pub fn plan(paths: &[PathBuf], kind: GranuleKind, policy: DuplicatePolicy) -> Result<Plan> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(granules_in(path, kind)?);
        } else if path.exists() {
            found.push(path.clone());
        } else {
            return Err(Error::Usage(format!(
                "granule {} does not exist; check the path",
                path.display()
            )));
        }
    }
    let Distinct {
        granules,
        superseded,
    } = without_duplicates(found, policy)?;
    Ok(Plan {
        granules,
        superseded,
        ..Plan::default()
    })
}

/// Granules in a directory and below, in the order of their paths; at least one.
fn granules_in(directory: &Path, kind: GranuleKind) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(directory, kind, &mut BTreeSet::new(), &mut found)?;
    if found.is_empty() {
        let extensions = extensions(kind).map(|extension| format!("*.{extension}"));
        return Err(Error::Usage(format!(
            "directory {} holds no granule ({}); name the granules or another directory",
            directory.display(),
            extensions.collect::<Vec<_>>().join(", ")
        )));
    }
    found.sort();
    Ok(found)
}

/// File name extensions of granules.
fn extensions(kind: GranuleKind) -> std::slice::Iter<'static, &'static str> {
    match kind {
        GranuleKind::Hdf5 => HDF5_EXTENSIONS.iter(),
        GranuleKind::Table => crate::table::EXTENSIONS.iter(),
    }
}

/// Granules in a directory and below, each directory once whatever links lead to it.
fn walk(
    directory: &Path,
    kind: GranuleKind,
    seen: &mut BTreeSet<PathBuf>,
    found: &mut Vec<PathBuf>,
) -> Result<()> {
    let listed = |e| Error::io("list", directory, e);
    if !seen.insert(directory.canonicalize().map_err(listed)?) {
        return Ok(());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(listed)? {
        paths.push(entry.map_err(listed)?.path());
    }
    // Which of two links is followed does not depend on the order in which the system lists them.
    paths.sort();
    for path in paths {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        if path.is_dir() {
            walk(&path, kind, seen, found)?;
        } else if extensions(kind).any(|e| extension.eq_ignore_ascii_case(e)) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn links_lead_to_no_granule_twice() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join("g.h5"), "").unwrap();
        for (target, link) in [("..", "a/up"), ("a", "b"), ("a/g.h5", "also.h5")] {
            std::os::unix::fs::symlink(target, folder.path().join(link)).unwrap();
        }
        let given = [folder.path().to_path_buf()];
        let all = plan(&given, GranuleKind::Hdf5, DuplicatePolicy::KeepAll).unwrap();
        let names = ["a/g.h5", "also.h5"].map(|name| folder.path().join(name));
        assert_eq!(all.granules, names);
        let once = plan(&given, GranuleKind::Hdf5, DuplicatePolicy::KeepLatest).unwrap();
        assert_eq!(once.granules, names[1..]);
        assert_eq!(once.superseded.len(), 1);
    }
}
