//! What a config joins to granules: files that are set aside before granules are settled, and given to them after.
//!
//! Beside the plan. A file of a joined product is no granule of its own, whether it was named or found in a folder.

use std::path::{Path, PathBuf};

use super::scan::Candidate;
use super::{Absent, Plan, Skipped, Superseded};
use crate::config::Config;
use crate::error::{Error, Phrase, Result};
use crate::read::{GranulePath, Sibling, Siblings};

/// Takes the files of joined products out of those that were found.
///
/// # Errors
/// Nothing else is there.
pub(super) fn set_aside(found: &mut Vec<Candidate>, config: &Config) -> Result<Siblings> {
    let mut siblings = Siblings::default();
    if config.joins.is_empty() {
        return Ok(siblings);
    }
    let (joined, photons): (Vec<_>, Vec<_>) = std::mem::take(found)
        .into_iter()
        .partition(|candidate| Siblings::is_one(&candidate.path, config));
    for candidate in &joined {
        siblings.add(&candidate.path, config);
    }
    if let (Some(first), true) = (joined.first(), photons.is_empty()) {
        return Err(Error::argument(format!(
            "no granule has photons: {} is of a product that config {} joins to those of others, as are all files \
             that are given; name the granules with the photons, too",
            first.path.display(),
            config.name
        )));
    }
    *found = photons;
    Ok(siblings)
}

/// Gives every granule of a plan what is joined to it; one that has not all of it is absent.
pub(super) fn give(plan: &mut Plan, siblings: &Siblings, config: &Config) {
    if config.joins.is_empty() {
        return;
    }
    let mut granules = Vec::with_capacity(plan.granules.len());
    for granule in std::mem::take(&mut plan.granules) {
        match joined(siblings, granule, Some(config)) {
            Ok(granule) => granules.push(granule),
            Err(absent) => plan.absent.push(absent),
        }
    }
    let read: Vec<&Sibling> = granules
        .iter()
        .flat_map(|granule| &granule.siblings)
        .collect();
    let (nobodys, passed) = siblings.left_over(&read);
    plan.skipped.extend(
        nobodys
            .into_iter()
            .map(|(path, reason)| Skipped { path, reason }),
    );
    plan.superseded
        .extend(passed.into_iter().map(|passed| Superseded {
            granule: passed.path,
            by: passed.by,
            why: passed.why,
        }));
    plan.superseded.sort();
    plan.absent.sort_by(|a, b| a.granule.cmp(&b.granule));
    plan.granules = granules;
}

/// A granule with what a config joins to it.
pub(super) fn joined(
    siblings: &Siblings,
    granule: GranulePath,
    config: Option<&Config>,
) -> Result<GranulePath, Absent> {
    let found = config.map_or(Ok(Vec::new()), |config| siblings.of(&granule.path, config));
    match found {
        Ok(siblings) => Ok(GranulePath {
            siblings,
            ..granule
        }),
        Err(missing) => Err(Absent {
            granule: granule.name.to_string(),
            reason: Phrase::from(format!("granule {}: {missing}", granule.name)),
        }),
    }
}

/// What may be joined to granules of a shard map: files below the folder that has the granules, and in the folders of
/// these.
///
/// # Errors
/// A folder that cannot be listed.
pub(super) fn beside<'a>(
    files: impl Iterator<Item = &'a PathBuf>,
    root: Option<&Path>,
    config: Option<&Config>,
) -> Result<Siblings> {
    let mut siblings = Siblings::default();
    let Some(config) = config.filter(|config| !config.joins.is_empty()) else {
        return Ok(siblings);
    };
    if let Some(root) = root {
        for candidate in super::scan::scan(&[root.to_path_buf()], config.granules)?.found {
            siblings.add(&candidate.path, config);
        }
    }
    let mut folders: Vec<Option<&Path>> = Vec::new();
    for file in files.filter(|file| !crate::source::is_object(file)) {
        let folder = file.parent();
        if !folders.contains(&folder) {
            siblings.add_folder_of(file, config)?;
            folders.push(folder);
        }
    }
    Ok(siblings)
}
