//! The plan: which granules a run reads, and which shards it wants of them.
//!
//! First on the line. Either paths become granules: files are found in folders (`scan.rs`), and of several
//! files of one granule it is settled which are read (`duplicates.rs`); files that a config joins to others are set
//! aside (`siblings.rs`). Or a shard map lists the granules of
//! every shard (`map.rs`): `build.rs` makes one from the granules' positions (`about.rs` has what it says of itself, `footprints.rs` the shards of granules without one),
//! `signature.rs` tells whether it fits a config, `resolve.rs` finds its granules as files, and with `assets.rs` what is joined to them. `found.rs` opens all
//! granules of a plan once.

mod about;
mod assets;
mod build;
mod copies;
mod duplicates;
mod entry;
mod files;
mod footprints;
mod found;
mod indexed;
mod inspect;
mod map;
mod mask;
#[cfg(feature = "parquet")]
mod parquet_map;
#[cfg(not(feature = "parquet"))]
#[path = "no_parquet_map.rs"]
mod parquet_map;
mod rectilinear;
mod resolve;
mod scan;
mod siblings;
mod signature;
mod unused;

use std::path::PathBuf;

use crate::config::Config;
use crate::error::{Phrase, Result};
use crate::read::{Siblings, named};

pub use crate::grid::{ShardRange, ShardSet};
pub use crate::read::GranulePath;
pub use build::{Build, Built, build};
pub use footprints::footprints;
pub use found::{Found, find, find_and_keep};
pub use indexed::Indexed;
pub use inspect::{Inspected, inspect};
pub use map::{SHARD_MAP, ShardMap, json_schema, looks_like_a_map};
pub use resolve::Selection;

use copies::OnDisk;
use duplicates::{Rules, settle};

/// Granules to read, and those that were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order given; a directory's in the order of their paths.
    pub granules: Vec<GranulePath>,
    pub superseded: Vec<Superseded>,
    /// Files of one granule that are all read, as none has photons of another.
    pub parts: Vec<Vec<PathBuf>>,
    /// Files of folders that are no granules.
    pub skipped: Vec<Skipped>,
    /// Files of folders that are plainly no data.
    pub not_data: u64,
    /// Granules of a shard map that were not found, granules without what is joined to them, and files that
    /// cannot be used where another file of the granule takes their place.
    pub absent: Vec<Absent>,
    /// The shards whose photons count, where a shard map says which.
    pub wanted: Option<Wanted>,
    /// What came of an index, where there is one.
    pub indexed: Option<Indexed>,
}

/// A granule that is not read because another one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Superseded {
    pub granule: PathBuf,
    pub by: PathBuf,
    /// What it is to the other, in words.
    pub why: &'static str,
}

/// A file of a folder that is no granule, and why; the reason reads after the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    pub reason: String,
}

/// A granule that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    pub granule: String,
    pub reason: Phrase,
}

/// The shards of a shard map that a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub map: PathBuf,
    /// Keys of the map that the run does not follow.
    pub unused: Vec<String>,
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

/// The granules that `paths` (files and directories) stand for, for a config.
///
/// # Errors
/// A path that does not exist or is no file, a directory without granules, no path at all, and duplicates
/// where the policy makes them an error. Strict: files of one granule of which one cannot be used, or that
/// have only some of their photons in common.
pub fn plan(paths: &[PathBuf], config: &Config, tolerant: bool) -> Result<Plan> {
    let (mut plan, siblings) = of_photons(paths, config, tolerant)?;
    siblings::give(&mut plan, &siblings, config);
    Ok(plan)
}

/// The same for whoever reads nothing but positions: what a config joins to granules need not be there.
///
/// # Errors
/// As [`plan()`].
pub fn plan_positions(paths: &[PathBuf], config: &Config, tolerant: bool) -> Result<Plan> {
    let (mut plan, siblings) = of_photons(paths, config, tolerant)?;
    // Positions are read of all granules, whatever is joined to them.
    for granule in &mut plan.granules {
        granule.siblings = siblings.of(&granule.path, config).unwrap_or_default();
    }
    Ok(plan)
}

/// The granules of photons, and the files that may be joined to them.
fn of_photons(paths: &[PathBuf], config: &Config, tolerant: bool) -> Result<(Plan, Siblings)> {
    let mut scan = scan::scan(paths, config.granules)?;
    let siblings = siblings::set_aside(&mut scan.found, config)?;
    let alone = config.without_joins();
    let rules = Rules {
        policy: config.duplicates,
        kind: config.granules,
        tolerant,
    };
    let files = OnDisk {
        config: Some(&alone),
        listed: false,
    };
    let settled = settle(scan.found, rules, &files)?;
    let read = settled.granules.len();
    let (left_out, reasons): (Vec<PathBuf>, Vec<Phrase>) = settled.failed.into_iter().unzip();
    let mut granules = named([settled.granules, left_out].concat());
    let left_out = granules.split_off(read).into_iter().zip(reasons);
    let absent = left_out.map(|(granule, reason)| Absent {
        granule: granule.name.to_string(),
        reason,
    });
    let mut skipped = scan.skipped;
    skipped.extend(settled.skipped);
    let plan = Plan {
        granules,
        superseded: settled.superseded,
        parts: settled.parts,
        skipped,
        not_data: scan.not_data,
        absent: absent.collect(),
        wanted: None,
        indexed: None,
    };
    Ok((plan, siblings))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{self, DuplicatePolicy};

    #[cfg(unix)]
    #[test]
    fn links_lead_to_no_granule_twice() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("a")).unwrap();
        std::fs::write(at("a/g.h5"), "").unwrap();
        for (target, link) in [("..", "a/up"), ("a", "b"), ("a/g.h5", "also.h5")] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let paths = |granules: &[GranulePath]| -> Vec<PathBuf> {
            granules
                .iter()
                .map(|granule| granule.path.clone())
                .collect()
        };
        let given = [folder.path().to_path_buf()];
        let mut config = config::load("atl06").unwrap();
        config.duplicates = DuplicatePolicy::KeepAll;
        let all = plan(&given, &config, false).unwrap();
        assert_eq!(paths(&all.granules), [at("a/g.h5"), at("also.h5")]);
        config.duplicates = DuplicatePolicy::KeepLatest;
        let once = plan(&given, &config, false).unwrap();
        assert_eq!(paths(&once.granules), [at("also.h5")]);
        assert_eq!(once.superseded.len(), 1);
        assert_eq!(
            once.superseded[0].granule.as_path(),
            Path::new(&at("a/g.h5"))
        );
    }
}
