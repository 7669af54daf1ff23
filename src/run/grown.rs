//! A run that adds to a store that stands: what of it is new, what has to be read again for that, and what stays.
//!
//! Beside the line, before it. The run names all granules of the store that is to be, and each is one of these: as it was,
//! new, another file under its name, or in place of one that is gone, such as a new release. With partials that were kept
//! beside the store only what is new is read, and what shares shards with what is gone. Without, cells of shards without
//! anything new stay, where the store is of a kind that has its cells one by one; else all is read, and it is said why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::DuplicatePolicy;
use crate::error::Result;
use crate::left_out::errors_path;
use crate::piece::{Again, RunCheckpoint};
use crate::pipeline::{Carried, Survey, Tally, odd_array, whole_order};
use crate::place::beside;
use crate::plan::{GranulePath, Plan};
use crate::read::says_of;
use crate::read::table;
use crate::report::UpdateReport;
use crate::store::SourceFile;
use crate::watch::Note;

use super::Standing;
use super::difference::Difference;
use super::direct::Work;
use super::held::Held;
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
        let granules = &work.plan.granules;
        // Where partials are those of the store, what they say of its files is enough.
        let agree = kept.as_ref().is_some_and(|kept| said.is_of(kept));
        let held = if agree {
            Held::default()
        } else {
            said.held(work)?
        };
        let difference = match &kept {
            Some(kept) => Difference::of_partials(kept, granules, &held.gone),
            None => Difference::of_store(&held, granules),
        };
        // How often what has copies was counted only partials say.
        let copies = work.config.duplicates == DuplicatePolicy::KeepAll;
        difference.check_removed(store, allow_removal)?;
        if difference.is_none()
            && (agree || kept.is_none() && !keeps && !copies)
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
                Ok(()) => grown.standing = held.standing,
                Err(cannot) => why = Some(why.unwrap_or(cannot)),
            }
        }
        grown.report.why = why.filter(|_| grown.partials.is_none() && grown.standing.is_empty());
        grown.tell(work);
        Ok(Growth::Some(Box::new(grown)))
    }

    /// Shards stay only where every granule of the store can be read again, and the arrays are of the types that they were;
    /// else all is read, and it is said why.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn check_standing(&mut self, work: &Work, survey: &Survey) -> Result<()> {
        if self.standing.is_empty() {
            return Ok(());
        }
        let mut failed = survey.failed.iter();
        let left_out = failed.find(|failed| self.standing.contains_key(&failed.granule));
        let why = match left_out {
            Some(failed) => {
                let (name, reason) = (&failed.granule, &failed.reason);
                Some(format!(
                    "the store has photons of granule {name}, which is left out now: {reason}"
                ))
            }
            None => odd_array((work.target.store, work.target.overviews), &survey.schema)?,
        };
        if let Some(why) = why {
            self.standing.clear();
            work.settings
                .watch
                .note(Note::ReadsAll { why: why.clone() });
            self.report.why = Some(why);
        }
        Ok(())
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
