//! What an interrupted run without a shard map had merged: found, held against what is asked for, and gone on with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::folders;
use crate::piece::{KeptErrors, Question, RunCheckpoint};
use crate::pipeline::{RunCheckpoints, Survey};
use crate::place::{begin as begin_work, end as end_work, hidden, identity};
use crate::store::Target;
use crate::watch::Note;

use super::direct::Work;
use super::settings::Settings;

/// The checkpoint of a store, and what is made of it.
pub(super) struct Saved {
    folder: PathBuf,
    resume: bool,
    found: Option<RunCheckpoint>,
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
            taken_up: self.found.as_ref(),
            unused: self.unused,
            errors,
            every,
        }
    }

    /// What is of no more use once the store is whole.
    pub fn to_clear(&self) -> Option<&Path> {
        self.folder.is_dir().then_some(&self.folder)
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
