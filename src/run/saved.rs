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
    found: Option<RunCheckpoint>,
    /// Granules of one that is there, and is not used.
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
    /// What is there; without `resume` it is only said.
    ///
    /// # Errors
    /// Something else at its place; a file that cannot be read.
    pub fn find(work: &Work, resume: bool) -> Result<Self> {
        let store = work.target.store;
        let folder = RunCheckpoint::folder_of(store);
        let watch = work.settings.watch;
        let mut saved = Self {
            folder,

            found: None,
            unused: 0,
            errors: hidden(store, "spool"),
        };
        match RunCheckpoint::read(&saved.folder)? {
            None => {}
            Some(Err(why)) => watch.note(Note::GranulesAgain { why }),
            Some(Ok(found)) if resume => saved.found = Some(found),
            Some(Ok(found)) => {
                saved.unused = found.granules.len();
                watch.note(Note::NotResumed {
                    granules: saved.unused,
                    folder: saved.folder.clone(),
                });
            }
        }
        Ok(saved)
    }

    /// Whether the store that is there is the one that the interrupted run was to replace.
    pub fn may_replace(&self, store: &Path) -> bool {
        let replaces = self.found.as_ref().and_then(|found| found.replaces);
        replaces.is_some() && replaces == identity(store)
    }

    /// Only what this run can go on with.
    #[must_use]
    pub fn held_against(mut self, question: &Question, survey: &Survey, of: &Settings) -> Self {
        let checked = self.found.as_ref().map(|found| {
            let checked = found.check(question, &survey.granules, of.tolerant);
            (checked, found.granules.len())
        });
        match checked {
            Some((Err(why), _)) => {
                of.watch.note(Note::GranulesAgain { why });
                self.found = None;
            }
            Some((Ok(()), granules)) => of.watch.note(Note::GoesOn {
                granules,
                of: survey.granules.len(),
            }),
            None => {}
        }
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
    pub fn interrupted(&self, error: Error, survey: &Survey) -> Error {
        if error.kind() != Kind::Interrupted {
            return error;
        }
        let Ok(Some(Ok(kept))) = RunCheckpoint::read(&self.folder) else {
            return error;
        };
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
