//! A run that adds to a store that stands: what of it is new, what has to be read again for that, and what stays.
//!
//! Beside the line, before it. The run names all granules of the store that is to be, and each is one of these: as it was,
//! new, another file under its name, or in place of one that is gone, such as a new release. With partials that were kept
//! beside the store only what is new is read, and what shares shards with what is gone. Without, cells of shards without
//! anything new stay, where the store is of a kind that has its cells one by one; else all is read, and it is said why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::{CellPolicy, Definition, Output};
use crate::error::{Error, Result, Setting, phrase};
use crate::left_out::errors_path;
use crate::piece::{Again, RunCheckpoint};
use crate::pipeline::{Carried, Tally, whole_order};
use crate::place::beside;
use crate::plan::{GranulePath, Plan};
use crate::read::product::ProductName;
use crate::read::says_of;
use crate::read::table;
use crate::report::{ReplacedReport, UpdateReport};
use crate::store::{Layout, SourceFile};
use crate::watch::Note;

use super::Standing;
use super::direct::Work;
use super::positions::Positions;
use super::said::Said;

/// What a run that adds to a store goes by.
#[derive(Debug)]
pub(super) struct Grown {
    /// Partials of the store without what was taken out of them, and what is read again for that.
    pub partials: Option<(RunCheckpoint, Again)>,
    /// The folder that they are in.
    pub folder: PathBuf,
    /// Granules of the store that are as they were, where its other shards stay: what it says of their files.
    pub standing: BTreeMap<String, Vec<SourceFile>>,
    /// For the report, before anything is read.
    pub report: UpdateReport,
}

/// What is to be done.
pub(super) enum Growth {
    Nothing(Standing),
    Some(Box<Grown>),
}

/// How the granules of a store differ from those of a run.
#[derive(Debug, Default)]
struct Difference {
    added: Vec<String>,
    /// Names that are gone, and the file that takes their place.
    replaced: Vec<(String, String)>,
    removed: Vec<String>,
    /// Names whose files are others now.
    changed: Vec<String>,
}

impl Grown {
    /// Holds the store that stands against what a run is to make of these granules.
    ///
    /// # Errors
    /// There is no such store, or one of another question; granules that are missing where that is not allowed.
    pub fn find(work: &Work, allow_removal: bool) -> Result<Growth> {
        let said = Said::of(work)?;
        let store = work.target.store;
        let folder = RunCheckpoint::partials_of(store);
        let (kept, mut why) = partials(work, &folder)?;
        let keeps = work.keep_partials || RunCheckpoint::is_in(&folder);
        let of_store = said.as_they_were(work)?;
        let granules = &work.plan.granules;
        let compared = kept.as_ref().map(|kept| kept.compare(granules));
        let mut difference = Difference::default();
        let known = |name: &str| match &kept {
            Some(kept) => kept.granules.iter().any(|one| one.name == name),
            None => of_store.contains_key(name),
        };
        let names = granules.iter().map(|granule| granule.name.to_string());
        difference.added = names.filter(|name| !known(name)).collect();
        let mut gone: BTreeSet<String> = said.gone(granules).into_iter().collect();
        if let Some(compared) = compared {
            gone.extend(compared.gone);
            let changed = compared.changed.into_iter().map(|(name, _)| name);
            difference.changed = changed.collect();
        } else {
            // What the store was made of and is another file now is no new one.
            let names = &mut difference.added;
            difference.changed = names.extract_if(.., |name| said.names(name)).collect();
        }
        for name in gone {
            match successor(&name, granules) {
                Some(by) => difference.replaced.push((name, by)),
                None => difference.removed.push(name),
            }
        }
        let by: BTreeSet<&String> = difference.replaced.iter().map(|(_, by)| by).collect();
        difference.added.retain(|name| !by.contains(name));
        difference.check_removed(store, allow_removal)?;
        if difference.is_none()
            && kept.as_ref().is_none_or(|kept| said.is_of(kept))
            && !(keeps && kept.is_none())
            && let Some(standing) = standing(work, &said)
        {
            return Ok(Growth::Nothing(standing));
        }
        let mut grown = Self {
            partials: None,
            folder,
            standing: BTreeMap::new(),
            report: difference.report(),
        };
        if let Some(mut kept) = kept {
            match kept.take_out(&difference.taken_out(&kept)) {
                Ok(again) => grown.partials = Some((kept, again)),
                Err(cannot) => why = Some(cannot),
            }
        } else {
            match difference.stays(work, keeps) {
                Ok(()) => grown.standing = of_store,
                Err(cannot) => why = Some(why.unwrap_or(cannot)),
            }
        }
        grown.report.why = why.filter(|_| grown.partials.is_none() && grown.standing.is_empty());
        grown.tell(work);
        Ok(Growth::Some(Box::new(grown)))
    }

    /// Adds what granules say of themselves to what the store says of them, which has not all of it.
    ///
    /// # Errors
    /// One of them cannot be opened.
    pub fn look_at_standing(&mut self, work: &Work) -> Result<()> {
        let names = names(work.plan);
        for (name, files) in &mut self.standing {
            // The first is the granule itself.
            if let (Some(granule), Some(file)) = (names.get(&**name), files.first_mut()) {
                file.end = says_of(granule, work.config)?.end;
            }
        }
        Ok(())
    }

    /// What the report says, once all is read.
    pub fn told_of(self, tally: &Tally) -> UpdateReport {
        let counted = UpdateReport {
            granules_again: tally.read_again,
            cells_before: tally.carried_cells,
            ..self.report
        };
        if counted.by != "partials" || tally.resumed > 0 || counted.granules_before == 0 {
            return counted;
        }
        // They were not what they had been, and a note says so.
        UpdateReport {
            by: "all".to_owned(),
            why: tally.notes.first().cloned(),
            granules_before: 0,
            photons_before: None,
            ..counted
        }
    }

    fn tell(&mut self, work: &Work) {
        let watch = work.settings.watch;
        watch.note(Note::Grows {
            what: self.report.in_words(),
        });
        if let Some(why) = self.report.why.clone() {
            watch.note(Note::ReadsAll { why });
        }
    }
}

/// The partials of a store, if they answer the run's question; in words, why they are not gone by.
fn partials(work: &Work, folder: &Path) -> Result<(Option<RunCheckpoint>, Option<String>)> {
    let kept = match RunCheckpoint::read(folder)? {
        None => return Ok((None, None)),
        Some(Err(why)) => return Ok((None, Some(why))),
        Some(Ok(kept)) => kept,
    };
    let why = if kept.question.icefold_version != env!("CARGO_PKG_VERSION") {
        "the partials are of another icefold"
    } else if kept.question.config_sha256 != work.config.sha256 {
        "the partials are of another config"
    } else if kept.question.hashed != work.settings.hashed {
        "hashes of whole files are asked for then or now, and not both times"
    } else {
        return Ok((Some(kept), None));
    };
    Ok((None, Some(why.to_owned())))
}

/// The file of the same granule that takes the place of one that is gone.
fn successor(gone: &str, granules: &[GranulePath]) -> Option<String> {
    let then = ProductName::of(Path::new(gone))?;
    let files = granules.iter().flat_map(GranulePath::files);
    let mut names = files.filter_map(|(_, path)| {
        let name = ProductName::of(path)?;
        let same = (&name.product, &name.granule) == (&then.product, &then.granule);
        same.then(|| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
    });
    names.next()
}

/// The store and its report, if all that the run writes is there.
fn standing(work: &Work, said: &Said) -> Option<Standing> {
    let store = work.target.store;
    let reports = [work.report.to_path_buf(), beside(store, "run.json")];
    let read = |path: &PathBuf| -> Option<Value> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    };
    let mut found = reports.iter().filter_map(read);
    let report = found.find(|report| report["config"]["sha256"] == *work.config.sha256);
    if let Some(table) = work.table {
        let content = table::content_of(table)?;
        if report.as_ref()?["content_sha256"] != *content {
            return None;
        }
    }
    let cells = said.cells;
    let report = report.unwrap_or_else(|| {
        json!({"errors": {"count": u64::from(errors_path(store).exists())}, "occupied_cells": cells})
    });
    let store = store.to_path_buf();
    Some(Standing { store, report })
}

impl Difference {
    fn is_none(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.none_is_gone()
    }

    fn none_is_gone(&self) -> bool {
        self.replaced.is_empty() && self.removed.is_empty()
    }

    /// Granules of the store are gone only where that is meant.
    fn check_removed(&self, store: &Path, allowed: bool) -> Result<()> {
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
    fn taken_out(&self, kept: &RunCheckpoint) -> BTreeSet<String> {
        let replaced = self.replaced.iter().map(|(name, _)| name);
        let gone = replaced.chain(&self.removed).chain(&self.changed);
        let merged = |name: &&String| kept.granules.iter().any(|one| one.name == **name);
        gone.filter(merged).cloned().collect()
    }

    /// Whether cells of shards without anything new can stay as they are.
    ///
    /// # Errors
    /// In words, why not.
    fn stays(&self, work: &Work, keeps: bool) -> Result<(), String> {
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

    fn report(&self) -> UpdateReport {
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

impl<'a> Work<'a> {
    /// Where granules that stay have photons.
    pub fn positions(&self, grown: &Grown) -> Positions<'a> {
        let granules = self.plan.granules.iter();
        let granules = granules.filter(|one| grown.standing.contains_key(&*one.name));
        Positions {
            config: self.config,
            granules: granules.collect(),
            whole: whole_order(&self.config.grid, self.target.overviews),
            threads: self.settings.threads,
            watch: self.settings.watch,
        }
    }

    /// What of the store stays, if any of it does.
    pub fn carried<'c>(&self, grown: &'c Grown, listing: &'c Positions) -> Option<Carried<'c>>
    where
        'a: 'c,
    {
        (!grown.standing.is_empty()).then_some(Carried {
            store: self.target.store,
            overviews: self.target.overviews,
            granules: &grown.standing,
            listing,
        })
    }
}

/// The granules of a plan by name.
fn names(plan: &Plan) -> BTreeMap<&str, &GranulePath> {
    let granules = plan.granules.iter();
    granules.map(|granule| (&*granule.name, granule)).collect()
}
