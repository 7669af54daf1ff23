//! Duplicates: the same file twice, copies of a file, and several files of one granule of a product.
//!
//! Beside the plan, which lists what is left. Names tell which files are of one granule. Only files that open
//! and fit the config are compared, and among those of one release their photons decide (`copies.rs`). Files
//! are taken in an order of their own, so that the order in which they are given decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::config::{DuplicatePolicy, GranuleKind};
use crate::error::{Error, Kind, Phrase, Result, Setting, phrase};

use super::files::{Files, Found, Item, each_once, without_copies};
use super::scan::Candidate;
use super::{Skipped, Superseded};

/// How duplicates are settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub policy: DuplicatePolicy,
    pub kind: GranuleKind,
    /// What cannot be used makes way for the next copy, and is reported.
    pub tolerant: bool,
}

/// What is left of some files, and what became of the rest: every file is in one of these.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// In the order given.
    pub granules: Vec<PathBuf>,
    pub superseded: Vec<Superseded>,
    pub skipped: Vec<Skipped>,
    /// Tolerant only, with the reason.
    pub failed: Vec<(PathBuf, Phrase)>,
    /// Files of one granule that are all read, as none has photons of another.
    pub parts: Vec<Vec<PathBuf>>,
}

/// A file that fits the config.
struct Fit {
    item: Item,
    rows: u64,
    tracks: BTreeSet<String>,
}

/// Where a file goes, next to those of its granule that are kept.
enum Place {
    Kept,
    Superseded { by: PathBuf, why: &'static str },
    Clash(String),
    Broken(PathBuf, Error),
}

/// Settles duplicates among candidates.
///
/// # Errors
/// Duplicates where the policy makes them an error. Strict: a file that cannot be used and would take the
/// place of one that can, and files of a granule that share some of their photons.
pub(super) fn settle(found: Vec<Candidate>, rules: Rules, files: &impl Files) -> Result<Settled> {
    let mut settled = Settled::default();
    let given: Vec<PathBuf> = found.iter().map(|f| f.path.clone()).collect();
    if rules.policy == DuplicatePolicy::KeepAll {
        settled.granules = given;
        return Ok(settled);
    }
    let items = each_once(found, rules.kind, files, &mut settled.superseded);
    let items = without_copies(items, files, &mut settled.superseded);
    let mut kept = BTreeSet::new();
    let mut groups: BTreeMap<(String, Vec<String>, String), Vec<Item>> = BTreeMap::new();
    for item in items {
        match &item.product {
            None => _ = kept.insert(item.path),
            Some(product) => {
                let behind = match rules.kind {
                    GranuleKind::Hdf5 => String::new(),
                    GranuleKind::Table => product.extra.1.clone(),
                };
                let group = (product.granule.clone(), item.folders.clone(), behind);
                groups.entry(group).or_default().push(item);
            }
        }
    }
    for group in groups.into_values() {
        kept.extend(choose(group, rules, files, &mut settled)?);
    }
    settled.superseded.sort();
    if let Some(first) = settled.superseded.first()
        && rules.policy == DuplicatePolicy::Error
    {
        return Err(Error::argument(format!(
            "granules {} and {} are the same granule ({}); drop one, or set output.duplicates to \
             keep_latest or keep_all",
            first.granule.display(),
            first.by.display(),
            first.why
        )));
    }
    // Taken out, so that the same path twice is one granule.
    settled.granules = given.into_iter().filter(|path| kept.remove(path)).collect();
    Ok(settled)
}

/// Which files of one granule are kept.
fn choose(
    group: Vec<Item>,
    rules: Rules,
    files: &impl Files,
    settled: &mut Settled,
) -> Result<Vec<PathBuf>> {
    if group.len() == 1 {
        return Ok(group.into_iter().map(|item| item.path).collect());
    }
    let (mut fits, mut others) = (Vec::new(), Vec::new());
    for item in group {
        match files.probe(&item.path) {
            Found::Fits { rows, tracks } => fits.push(Fit { item, rows, tracks }),
            Found::Other(why) => others.push((item, Ok(why))),
            Found::Broken(error) => others.push((item, Err(error))),
        }
    }
    // Of a release the largest first, as what is in it makes smaller ones superfluous.
    let latest = |a: &Item, b: &Item| b.rank().cmp(&a.rank());
    fits.sort_by(|a, b| {
        let largest = || b.rows.cmp(&a.rows);
        let by_rank = latest(&a.item, &b.item);
        by_rank.then_with(largest).then_with(|| a.item.cmp(&b.item))
    });
    others.sort_by(|(a, _), (b, _)| latest(a, b).then_with(|| a.cmp(b)));
    let Some(first) = fits.first() else {
        // The survey says what is wrong with the latest.
        let mut items = others.into_iter().map(|(item, _)| item.path);
        let kept: Vec<PathBuf> = items.next().into_iter().collect();
        settled.superseded.extend(items.map(|granule| Superseded {
            granule,
            by: kept[0].clone(),
            why: "neither can be used",
        }));
        return Ok(kept);
    };
    for (item, found) in others {
        put_aside(item, found, &first.item, rules, settled)?;
    }
    let mut kept: Vec<Fit> = Vec::new();
    for fit in fits {
        let path = || fit.item.path.clone();
        let place = loop {
            match place(&fit, &kept, rules.kind, files) {
                // Of two that were compared, the one that is whole stays.
                Place::Broken(broken, error) if broken != fit.item.path => {
                    kept.retain(|kept| kept.item.path != broken);
                    refuse(broken, error, rules, settled)?;
                }
                place => break place,
            }
        };
        match place {
            Place::Kept => kept.push(fit),
            Place::Superseded { by, why } => settled.superseded.push(Superseded {
                granule: path(),
                by,
                why,
            }),
            Place::Clash(message) => refuse(path(), Error::argument(message), rules, settled)?,
            Place::Broken(_, error) => refuse(path(), error, rules, settled)?,
        }
    }
    let kept: Vec<PathBuf> = kept.into_iter().map(|fit| fit.item.path).collect();
    if kept.len() > 1 {
        let mut parts = kept.clone();
        parts.sort();
        settled.parts.push(parts);
    }
    Ok(kept)
}

/// What becomes of a file that is broken, or of something else, beside one that is whole.
fn put_aside(
    item: Item,
    found: Result<String>,
    whole: &Item,
    rules: Rules,
    settled: &mut Settled,
) -> Result<()> {
    let older = item.rank() < whole.rank();
    match found {
        Ok(why) if item.scanned => settled.skipped.push(Skipped {
            reason: format!("{why}, and {} is of the same granule", whole.path.display()),
            path: item.path,
        }),
        Err(_) | Ok(_) if older => settled.superseded.push(Superseded {
            granule: item.path,
            by: whole.path.clone(),
            why: "an earlier release",
        }),
        Ok(why) => {
            let error = Error::granule(item.path.display().to_string(), why);
            refuse(item.path, beside(error, whole), rules, settled)?;
        }
        Err(error) => refuse(item.path, beside(error, whole), rules, settled)?,
    }
    Ok(())
}

/// The error of a file, with what there is in its place.
fn beside(error: Error, whole: &Item) -> Error {
    if error.kind() != Kind::Granule {
        return error;
    }
    let there = format!(
        "{} is of the same granule and can be used: remove this file to read that one, or ",
        whole.path.display()
    );
    error.with_remedy(phrase![there, Setting::Tolerant.set(), ", which does"])
}

/// Strict: the error. Tolerant: the file is left out, and reported.
fn refuse(path: PathBuf, error: Error, rules: Rules, settled: &mut Settled) -> Result<()> {
    if !rules.tolerant {
        return Err(error);
    }
    settled.failed.push((path, error.into()));
    Ok(())
}

/// Where a file goes; those that are kept are of its release or a later one.
fn place(fit: &Fit, kept: &[Fit], kind: GranuleKind, files: &impl Files) -> Place {
    let (same, later): (Vec<&Fit>, Vec<&Fit>) = kept
        .iter()
        .partition(|kept| kept.item.rank() == fit.item.rank());
    if let Some(first) = later.first() {
        let held: BTreeSet<&String> = later.iter().flat_map(|fit| &fit.tracks).collect();
        let more: Vec<&String> = fit.tracks.iter().filter(|t| !held.contains(t)).collect();
        let shares = |later: &&&Fit| !later.tracks.is_disjoint(&fit.tracks);
        let by = later.iter().find(shares).unwrap_or(first);
        if more.is_empty() {
            let why = match (fit.item.rank(), first.item.rank()) {
                (Some(a), Some(b)) if a.is_final != b.is_final => "a quick look",
                _ => "an earlier release",
            };
            let by = by.item.path.clone();
            return Place::Superseded { by, why };
        }
        if more.len() < fit.tracks.len() {
            let more: Vec<&str> = more.into_iter().map(String::as_str).collect();
            return Place::Clash(format!(
                "granule {} is an earlier release of {} and has ground tracks that it has not: {}; name \
                 one of them, or set output.duplicates to keep_all to read both",
                fit.item.path.display(),
                by.item.path.display(),
                more.join(", ")
            ));
        }
    }
    let mut clash = None;
    for other in same {
        let apart = fit.tracks.is_disjoint(&other.tracks) && !fit.tracks.is_empty();
        // Tables of one name and other bytes are parts of what someone has cut.
        if apart || kind == GranuleKind::Table || files.bytes(&fit.item.path).is_none() {
            continue;
        }
        let overlap = match files.overlap(&fit.item.path, &other.item.path) {
            Ok(overlap) => overlap,
            Err((path, error)) => return Place::Broken(path, error),
        };
        if overlap.shared == overlap.a {
            let why = if overlap.shared == overlap.b {
                "the same photons"
            } else {
                "a part of its photons"
            };
            let by = other.item.path.clone();
            return Place::Superseded { by, why };
        }
        if overlap.shared > 0 && clash.is_none() {
            clash = Some(format!(
                "granules {} and {} are of one granule and share {} photons, of {} and {}: both would \
                 count those twice; name one of them, or set output.duplicates to keep_all to read both",
                fit.item.path.display(),
                other.item.path.display(),
                overlap.shared,
                overlap.a,
                overlap.b
            ));
        }
    }
    clash.map_or(Place::Kept, Place::Clash)
}

#[cfg(test)]
mod tests;
