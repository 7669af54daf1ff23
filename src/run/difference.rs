//! How the granules of a store differ from those of a run: what is new, replaced, changed or gone.
//!
//! Under `grown.rs`, and after `held.rs`. Granules go by their names, with as many folders as tell them apart, so a granule may
//! have another name when one of its name comes or goes: before one counts as gone, its file is looked for.

use std::collections::BTreeSet;
use std::path::Path;

use crate::config::{CellPolicy, Definition, DuplicatePolicy, Output};
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::left_out::errors_path;
use crate::piece::RunCheckpoint;
use crate::plan::GranulePath;
use crate::read::product::ProductName;
use crate::report::{ReplacedReport, UpdateReport};
use crate::store::Layout;

use super::direct::Work;
use super::held::Held;

/// How the granules of a store differ from those of a run.
#[derive(Debug, Default)]
pub(super) struct Difference {
    added: Vec<String>,
    /// Names that are gone, and the file that takes their place.
    replaced: Vec<(String, String)>,
    removed: Vec<String>,
    /// Names whose files are others now.
    changed: Vec<String>,
}

impl Difference {
    /// Of a store, by what it says of its files.
    pub fn of_store(held: &Held, granules: &[GranulePath]) -> Self {
        let names = granules.iter().map(|granule| granule.name.to_string());
        let known = |name: &String| held.standing.contains_key(name) || held.changed.contains(name);
        let difference = Self {
            added: names.filter(|name| !known(name)).collect(),
            changed: held.changed.iter().cloned().collect(),
            ..Self::default()
        };
        difference.without(held.gone.clone(), granules)
    }

    /// Of a store with partials; `gone` are names of its files that neither these know nor a granule has.
    pub fn of_partials(kept: &RunCheckpoint, granules: &[GranulePath], gone: &[String]) -> Self {
        let compared = kept.compare(granules);
        let known = |name: &str| kept.granules.iter().any(|one| one.name == name);
        let names = granules.iter().map(|granule| granule.name.to_string());
        let mut difference = Self {
            added: names.filter(|name| !known(name)).collect(),
            changed: compared.changed.into_iter().map(|(name, _)| name).collect(),
            ..Self::default()
        };
        let told = |name: &&String| {
            compared
                .gone
                .iter()
                .any(|gone| folders::name(Path::new(gone)) == **name)
        };
        let more: Vec<String> = gone.iter().filter(|name| !told(name)).cloned().collect();
        let mut missing = Vec::new();
        for name in compared.gone {
            let added = granules
                .iter()
                .filter(|one| difference.added.iter().any(|new| **new == *one.name));
            match added.into_iter().find(|now| kept.is_file_of(&name, now)) {
                Some(now) => difference.replace(name, now.name.to_string()),
                None => missing.push(name),
            }
        }
        difference.without([missing, more].concat(), granules)
    }

    /// Without these files: others take their places, or none does.
    fn without(mut self, mut gone: Vec<String>, granules: &[GranulePath]) -> Self {
        gone.sort();
        let mut by = Vec::new();
        for name in gone {
            match self.successor(&name, granules) {
                Some(next) => by.push((name, next)),
                None => self.removed.push(name),
            }
        }
        for (name, next) in by {
            self.replace(name, next);
        }
        self
    }

    fn replace(&mut self, name: String, by: String) {
        self.added.retain(|new| *new != by);
        self.replaced.push((name, by));
    }

    /// The file of the same granule that takes the place of one that is gone.
    fn successor(&self, gone: &str, granules: &[GranulePath]) -> Option<String> {
        let then = ProductName::of(Path::new(gone))?;
        let same_name = folders::name(Path::new(gone));
        granules.iter().find_map(|granule| {
            // One of the very name that was there before is a granule of its own.
            let new = self.added.iter().any(|new| **new == *granule.name);
            let files = granule.files().into_iter();
            let mut files = files.filter(|(_, path)| new || folders::name(path) != same_name);
            files.find_map(|(_, path)| {
                let name = ProductName::of(path)?;
                let same = (&name.product, &name.granule) == (&then.product, &then.granule);
                let own = path == granule.path;
                same.then(|| {
                    if own {
                        granule.name.to_string()
                    } else {
                        folders::name(path)
                    }
                })
            })
        })
    }

    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.none_is_gone()
    }

    fn none_is_gone(&self) -> bool {
        self.replaced.is_empty() && self.removed.is_empty()
    }

    /// Granules of the store are gone only where that is meant.
    pub fn check_removed(&self, store: &Path, allowed: bool) -> Result<()> {
        let Some(first) = self.removed.first().filter(|_| !allowed) else {
            return Ok(());
        };
        let more = match self.removed.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let message = format!(
            "was made of {first}{more}, which this run does not name: an update is about all granules that the store is to \
             have"
        );
        Err(Error::store(store, message).with_remedy(phrase![
            "name it, too, or take it out of the store with ",
            Setting::AllowRemoval
        ]))
    }

    /// Granules whose partials are given up.
    pub fn taken_out(&self, kept: &RunCheckpoint) -> BTreeSet<String> {
        let replaced = self.replaced.iter().map(|(name, _)| name);
        let gone = replaced.chain(&self.removed).chain(&self.changed);
        let merged = |name: &&String| kept.granules.iter().any(|one| one.name == **name);
        gone.filter(merged).cloned().collect()
    }

    /// Whether cells of shards without anything new can stay as they are.
    ///
    /// # Errors
    /// In words, why not.
    pub fn stays(&self, work: &Work, keeps: bool) -> Result<(), String> {
        let no_partials = "and no partials of it were kept";
        if keeps {
            return Err(
                "partials of all granules are to be kept, and there are none that fit".to_owned(),
            );
        }
        if !self.none_is_gone() || !self.changed.is_empty() {
            return Err(format!(
                "it is not known which shards had photons of what is gone, {no_partials}"
            ));
        }
        let config = work.config;
        if config.duplicates == DuplicatePolicy::KeepAll {
            return Err(format!(
                "copies of a granule count as often as there are, which the store does not say, {no_partials}"
            ));
        }
        if work.target.layout != Layout::CELLS {
            let layout = work.target.layout;
            return Err(format!("the store has the layout {layout}, {no_partials}"));
        }
        if config.axis.is_some() {
            return Err(format!("the store has steps of time, {no_partials}"));
        }
        if config.cells == CellPolicy::Region {
            return Err(format!(
                "the store has all cells of its region, {no_partials}"
            ));
        }
        let digest = |output: &&Output| matches!(output.definition, Definition::Digest { .. });
        if let Some(output) = config.outputs.iter().find(digest) {
            let name = &output.name;
            return Err(format!(
                "output {name} is a list for each cell, {no_partials}"
            ));
        }
        if errors_path(work.target.store).exists() {
            return Err(format!(
                "the store has an error table of what was left out of its granules, {no_partials}"
            ));
        }
        Ok(())
    }

    pub fn report(&self) -> UpdateReport {
        let replaced = self.replaced.iter().cloned();
        UpdateReport {
            added: self.added.clone(),
            replaced: replaced
                .map(|(granule, by)| ReplacedReport { granule, by })
                .collect(),
            changed: self.changed.clone(),
            removed: self.removed.clone(),
            ..UpdateReport::default()
        }
    }
}
