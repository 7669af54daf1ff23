//! What an interrupted run without a shard map had merged: found, held against what is asked for, and gone on with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::folders;
use crate::piece::{Again, KeptErrors, Question, RunCheckpoint};
use crate::pipeline::{RunCheckpoints, Survey};
use crate::place::{begin as begin_work, end as end_work, hidden, identity};
use crate::store::Target;
use crate::watch::Note;

use super::direct::Work;
use super::grown::Grown;
use super::settings::Settings;

/// The checkpoint of a store, and what is made of it.
pub(super) struct Saved {
    folder: PathBuf,
    resume: bool,
    found: Option<RunCheckpoint>,
    /// The folder that it is in.
    from: PathBuf,
    /// What of it is read again.
    again: Option<Again>,
    /// Where partials of all granules go in the end, if they are kept.
    keep: Option<PathBuf>,
    /// Granules of one that this run could go on with, and does not.
    unused: usize,
    /// Hidden beside the store, and of this run alone.
    errors: PathBuf,
}

impl Drop for Saved {
    fn drop(&mut self) {
        // Nothing is there where nothing was left out.
        let _ = folders::remove(&self.errors);
        end_work(&self.errors);
    }
}

impl Saved {
    /// What is there, whoever saved it.
    ///
    /// # Errors
    /// Something else at its place; a file that cannot be read.
    pub fn find(work: &Work, resume: bool) -> Result<Self> {
        let store = work.target.store;
        let folder = RunCheckpoint::folder_of(store);
        let found = RunCheckpoint::read(&folder)?;
        let found = found.and_then(|found| {
            let told = |why| work.settings.watch.note(Note::GranulesAgain { why });
            found.map_err(told).ok()
        });
        Ok(Self {
            from: folder.clone(),
            again: None,
            keep: None,
            folder,
            resume,
            found,
            unused: 0,
            errors: hidden(store, "spool"),
        })
    }

    /// Whether the store that is there is the one that the interrupted run was to replace.
    pub fn may_replace(&self, store: &Path) -> bool {
        let found = self.found.as_ref().filter(|_| self.resume);
        let replaces = found.and_then(|found| found.replaces);
        replaces.is_some() && replaces == identity(store)
    }

    /// Only what this run goes on with; what it could go on with is said, and what not.
    #[must_use]
    pub fn held_against(mut self, question: &Question, survey: &Survey, of: &Settings) -> Self {
        let Some(found) = self.found.take() else {
            return self;
        };
        let granules = found.granules.len();
        let note = match found.check(question, &survey.granules, of.tolerant) {
            Err(why) => Note::GranulesAgain { why },
            Ok(()) if self.resume => {
                self.found = Some(found);
                let of = survey.granules.len();
                Note::GoesOn { granules, of }
            }
            Ok(()) => {
                self.unused = granules;
                let folder = self.folder.clone();
                Note::NotResumed { granules, folder }
            }
        };
        of.watch.note(note);
        self
    }

    /// Goes on with partials that were kept beside a store, unless an interrupted run had come further; and says what of
    /// the store stays in the end.
    ///
    /// # Errors
    /// As [`Grown::check_standing`].
    pub fn or_grown(
        mut self,
        grown: &mut Grown,
        (question, survey): (&Question, &Survey),
        work: &Work,
    ) -> Result<Self> {
        let of = work.settings;
        if self.found.is_some() {
            grown.standing.clear();
            grown.report.why = None;
        } else if let Some((kept, again)) = grown.partials.take() {
            match kept.check(question, &survey.granules, of.tolerant) {
                Ok(()) => {
                    self.from.clone_from(&grown.folder);
                    self.again = Some(again);
                    self.found = Some(kept);
                }
                Err(why) => {
                    of.watch.note(Note::ReadsAll { why: why.clone() });
                    grown.report.why = Some(why);
                }
            }
        } else {
            grown.check_standing(work, survey)?;
        }
        let by = match (&self.found, grown.standing.len()) {
            (Some(found), _) => {
                let kept = found.granules.iter().map(|granule| granule.counts.kept);
                grown.report.photons_before = Some(kept.sum());
                grown.report.granules_before = found.granules.len() as u64;
                "partials"
            }
            (None, 0) => "all",
            (None, standing) => {
                grown.report.granules_before = standing as u64;
                "shards"
            }
        };
        by.clone_into(&mut grown.report.by);
        Ok(self)
    }

    /// Keeps the partials of all granules beside the store.
    #[must_use]
    pub fn keeping(mut self, store: &Path, keep: bool) -> Self {
        self.keep = keep.then(|| RunCheckpoint::partials_of(store));
        self
    }

    /// Where what is left out of granules waits for the error table.
    pub fn errors(&self) -> KeptErrors {
        begin_work(&self.errors);
        KeptErrors::in_folder(self.errors.clone())
    }

    pub fn options<'o>(
        &'o self,
        question: &'o Question,
        (target, errors): (&Target, &'o KeptErrors),
        every: Duration,
    ) -> RunCheckpoints<'o> {
        let replaces = identity(target.store).filter(|_| target.overwrite);
        RunCheckpoints {
            folder: &self.folder,
            question,
            replaces,
            taken_up: self.found.as_ref().map(|found| (found, &*self.from)),
            again: self.again.as_ref(),
            keep: self.keep.as_deref(),
            unused: self.unused,
            errors,
            every,
        }
    }

    /// What is of no more use once the store is whole: the checkpoint, and partials of a store that is replaced.
    pub fn to_clear(&self, store: &Path) -> Vec<PathBuf> {
        let mut folders = vec![self.folder.clone()];
        if self.keep.is_none() {
            folders.extend(RunCheckpoint::partials_beside(store));
        }
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// An interrupt says what is kept, and how to go on.
    pub fn interrupted(&self, error: Error, question: &Question, survey: &Survey) -> Error {
        if error.kind() != Kind::Interrupted {
            return error;
        }
        let Ok(Some(Ok(kept))) = RunCheckpoint::read(&self.folder) else {
            return error;
        };
        // One that answers another question is of no use to the same command.
        if kept.question != *question {
            return error;
        }
        Error::resumable(format!(
            "{} of {} granules are merged and kept in {}",
            kept.granules.len(),
            survey.granules.len(),
            self.folder.display()
        ))
        .with_remedy(phrase![
            "run the same command with ",
            Setting::Resume,
            " to go on"
        ])
    }
}
