//! The plan: which granules a run reads.
//!
//! First on the line. Directories become their granules, and duplicates are resolved by name before
//! anything is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::DuplicatePolicy;
use crate::error::{Error, Result};

/// Granules to read, and those that were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order given; a directory's in the order of their paths.
    pub granules: Vec<PathBuf>,
    pub superseded: Vec<Superseded>,
}

/// A granule that is not read because another one takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    pub granule: PathBuf,
    pub by: PathBuf,
}

/// Release and version of a granule's name, `_rrr_vv`.
type Release = (u16, u16);

/// The granules that `paths` (files and directories) stand for.
///
/// # Errors
/// A path that does not exist, a directory without granules, no path at all, and duplicates where
/// the policy makes them an error.
pub fn plan(paths: &[PathBuf], policy: DuplicatePolicy) -> Result<Plan> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found)?;
            found[before..].sort();
            if found.len() == before {
                return Err(Error::Usage(format!(
                    "directory {} holds no granule (*.h5, *.hdf5, *.he5); name the granules or \
                     another directory",
                    path.display()
                )));
            }
        } else if path.exists() {
            found.push(path.clone());
        } else {
            return Err(Error::Usage(format!(
                "granule {} does not exist; check the path",
                path.display()
            )));
        }
    }
    match policy {
        DuplicatePolicy::KeepAll => Ok(Plan {
            granules: found,
            superseded: Vec::new(),
        }),
        _ => without_duplicates(found, policy),
    }
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let listed = |e| Error::io("list", directory, e);
    for entry in std::fs::read_dir(directory).map_err(listed)? {
        let path = entry.map_err(listed)?.path();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        if path.is_dir() {
            walk(&path, found)?;
        } else if ["h5", "hdf5", "he5"].contains(&extension.to_ascii_lowercase().as_str()) {
            found.push(path);
        }
    }
    Ok(())
}

fn without_duplicates(found: Vec<PathBuf>, policy: DuplicatePolicy) -> Result<Plan> {
    let mut latest: BTreeMap<String, (Release, PathBuf)> = BTreeMap::new();
    let mut superseded = Vec::new();
    for granule in &found {
        let (identity, release) = identity(granule);
        let Some(kept) = latest.get_mut(&identity) else {
            latest.insert(identity, (release, granule.clone()));
            continue;
        };
        if policy == DuplicatePolicy::Error {
            return Err(Error::Usage(format!(
                "granules {} and {} are the same granule; drop one, or set output.duplicates to \
                 keep_latest or keep_all",
                kept.1.display(),
                granule.display()
            )));
        }
        let loser = if release > kept.0 {
            std::mem::replace(kept, (release, granule.clone())).1
        } else {
            granule.clone()
        };
        superseded.push((identity, loser));
    }
    let mut granules = Vec::new();
    for granule in found {
        let (identity, _) = identity(&granule);
        if latest[&identity].1 == granule && !granules.contains(&granule) {
            granules.push(granule);
        }
    }
    let superseded = superseded
        .into_iter()
        .map(|(identity, granule)| Superseded {
            granule,
            by: latest[&identity].1.clone(),
        })
        .collect();
    Ok(Plan {
        granules,
        superseded,
    })
}

/// The file name with release and version blanked, so that two releases of one granule (or of one
/// subset of it) have equal identities, and the release. Names of another form are their own.
fn identity(granule: &Path) -> (String, Release) {
    let name = granule.file_name().and_then(|n| n.to_str());
    let Some(name) = name else {
        return (granule.display().to_string(), (0, 0));
    };
    let found = (0..name.len()).find_map(|at| {
        name.get(at..)
            .and_then(release_at)
            .map(|release| (at, release))
    });
    match found {
        // ATLnn_yyyymmddhhmmss_ttttccss_ is 30 characters, rrr_vv the next 6.
        Some((at, release)) => {
            let blanked = format!("{}***_**{}", &name[..at + 30], &name[at + 36..]);
            (blanked, release)
        }
        None => (name.to_owned(), (0, 0)),
    }
}

/// Release and version where `text` starts with `ATLnn_yyyymmddhhmmss_ttttccss_rrr_vv`.
fn release_at(text: &str) -> Option<Release> {
    const FORM: &str = "ATL00_00000000000000_00000000_000_00";
    let fits = text.len() >= FORM.len()
        && text.bytes().zip(FORM.bytes()).all(|(c, form)| match form {
            b'0' => c.is_ascii_digit(),
            other => c == other,
        });
    if !fits {
        return None;
    }
    Some((text[30..33].parse().ok()?, text[34..36].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn the_highest_release_then_version_is_kept() {
        let found = paths(&[
            "a/ATL03_20190105163308_01260202_006_02.h5",
            "b/ATL03_20190105163308_01260202_007_01.h5",
            "c/ATL03_20190105163308_01260202_006_01.h5",
            "ATL03_20190105163308_01260203_006_01.h5",
        ]);
        let plan = without_duplicates(found.clone(), DuplicatePolicy::KeepLatest).unwrap();
        assert_eq!(plan.granules, [found[1].clone(), found[3].clone()]);
        assert_eq!(plan.superseded.len(), 2);
        assert!(plan.superseded.iter().all(|s| s.by == found[1]));
    }

    #[test]
    fn subsets_of_one_granule_are_not_duplicates() {
        let found = paths(&[
            "ATL03_20181014002445_02350104_006_02_gt1l.h5",
            "ATL03_20181014002445_02350104_006_02_gt1r.h5",
        ]);
        let plan = without_duplicates(found.clone(), DuplicatePolicy::KeepLatest).unwrap();
        assert_eq!(plan.granules, found);
    }

    #[test]
    fn the_same_granule_twice_is_read_once_or_refused() {
        let found = paths(&["x/g.h5", "x/g.h5", "y/g.h5"]);
        let plan = without_duplicates(found.clone(), DuplicatePolicy::KeepLatest).unwrap();
        assert_eq!(plan.granules, [found[0].clone()]);
        assert_eq!(plan.superseded.len(), 2);
        let error = without_duplicates(found, DuplicatePolicy::Error).unwrap_err();
        assert!(
            error.to_string().contains("are the same granule"),
            "{error}"
        );
    }
}
