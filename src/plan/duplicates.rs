//! Duplicates: the same granule named twice, or several releases of one granule.
//!
//! Beside the plan, which lists what is left. Names decide, so that nothing has to be opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::DuplicatePolicy;
use crate::error::{Error, Result};

use super::Superseded;

/// Release and version of a granule's name, `_rrr_vv`.
type Release = (u16, u16);

/// What is left of some granules, in their order, and what takes the place of the rest.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    pub granules: Vec<PathBuf>,
    pub superseded: Vec<Superseded>,
}

/// Resolves duplicates among granules, which need not exist.
///
/// # Errors
/// Duplicates where the policy makes them an error.
pub(super) fn without_duplicates(found: Vec<PathBuf>, policy: DuplicatePolicy) -> Result<Distinct> {
    if policy == DuplicatePolicy::KeepAll {
        return Ok(Distinct {
            granules: found,
            superseded: Vec::new(),
        });
    }
    let mut latest: BTreeMap<Identity, (Release, PathBuf)> = BTreeMap::new();
    let mut superseded = Vec::new();
    let mut identities = Vec::with_capacity(found.len());
    for granule in &found {
        let (identity, release) = identity(granule);
        identities.push(identity.clone());
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
        // Of equals the first by name, so that the order of paths does not choose.
        let by_name = |path: &PathBuf| (path.file_name().map(ToOwned::to_owned), path.clone());
        let wins = release > kept.0 || (release == kept.0 && by_name(granule) < by_name(&kept.1));
        let loser = if wins {
            std::mem::replace(kept, (release, granule.clone())).1
        } else {
            granule.clone()
        };
        superseded.push((identity, loser));
    }
    let superseded = superseded
        .into_iter()
        .map(|(identity, granule)| Superseded {
            granule,
            by: latest[&identity].1.clone(),
        })
        .collect();
    let mut granules = Vec::new();
    for (granule, identity) in found.into_iter().zip(identities) {
        // Taken out, so that the same path twice is one granule.
        if latest.get(&identity).is_some_and(|kept| kept.1 == granule) {
            latest.remove(&identity);
            granules.push(granule);
        }
    }
    Ok(Distinct {
        granules,
        superseded,
    })
}

/// What makes two paths the same granule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identity {
    /// The name from `ATL` on with release and version blanked: releases, and copies with something
    /// put before the name, are the same granule; subsets with something put behind it are not.
    Product(String),
    /// The file itself.
    File(PathBuf),
}

/// Identity and release of a granule.
pub(super) fn identity(granule: &Path) -> (Identity, Release) {
    let name = granule.file_name().and_then(|n| n.to_str()).unwrap_or("");
    let mut tails = (0..name.len()).filter_map(|at| name.get(at..));
    if let Some((tail, release)) = tails.find_map(|tail| Some((tail, release_at(tail)?))) {
        // ATLnn_yyyymmddhhmmss_ttttccss_ is 30 characters, rrr_vv the next 6.
        let blanked = format!("{}***_**{}", &tail[..30], &tail[36..]);
        return (Identity::Product(blanked), release);
    }
    let file = granule.canonicalize();
    let file = file.unwrap_or_else(|_| granule.to_path_buf());
    (Identity::File(file), (0, 0))
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
        assert_eq!(plan.granules, [found[0].clone(), found[2].clone()]);
        assert_eq!(plan.superseded.len(), 1);
        let error = without_duplicates(found, DuplicatePolicy::Error).unwrap_err();
        assert!(
            error.to_string().contains("are the same granule"),
            "{error}"
        );
    }

    #[test]
    fn a_copy_with_a_prefix_is_the_same_granule_whatever_the_order() {
        let name = "ATL06_20190105163308_01260202_006_02.h5";
        let mut found = paths(&[&format!("processed_{name}"), name]);
        for _ in 0..2 {
            let plan = without_duplicates(found.clone(), DuplicatePolicy::KeepLatest).unwrap();
            assert_eq!(plan.granules, [PathBuf::from(name)]);
            assert_eq!(plan.superseded.len(), 1);
            found.reverse();
        }
    }
}
