//! A store's name for the length of a run: what earlier runs left behind is completed or removed first, and
//! everything that the run writes gets its name at the end.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, Setting, phrase};
use crate::piece::{Pieces, RunCheckpoint};
use crate::place::{
    Commit, Completed, Leftover, NameLock, State, Step, pending, recover, remove_of, whole_file,
    write_whole, writes_through,
};
use crate::report;
use crate::store::resolve;
use crate::watch::{Note, Watch};

use super::settings::Settings;

/// A run that has its store's name.
#[derive(Debug)]
pub struct Session<'a> {
    /// What is recorded as the command line.
    command: &'a [String],
    /// Where the store is, links followed.
    store: PathBuf,
    completed: Option<Completed>,
    _lock: NameLock,
}

impl<'a> Session<'a> {
    /// Takes the name, alone or with other runs over parts of a shard map; `files` go beside the store.
    ///
    /// # Errors
    /// Another run has the name; what a killed run left cannot be completed or removed.
    pub(super) fn begin(
        store: &Path,
        alone: bool,
        files: &[&Path],
        settings: &'a Settings,
    ) -> Result<Self> {
        let watch = settings.watch;
        let store = resolve(store)?;
        let mut completed = None;
        if !alone && pending(&store) {
            let _lock = NameLock::take(&store, true)?;
            completed = recover(&store)?;
        }
        let lock = NameLock::take(&store, alone)?;
        if alone {
            completed = recover(&store)?;
        }
        if completed.is_some() {
            watch.note(Note::NamesGiven {
                store: store.clone(),
            });
        }
        let pieces = Pieces::folder_of(&store);
        let checkpoint = RunCheckpoint::folder_of(&store);
        let beside = files.iter().copied().filter(|file| !writes_through(file));
        let partials = RunCheckpoint::partials_of(&store);
        let folders = [&*store, &*pieces, &*checkpoint, &*partials];
        for target in folders.into_iter().chain(beside) {
            tell(&remove_of(target, Some(&lock))?, watch);
        }
        Ok(Self {
            command: &settings.command,
            store,
            completed,
            _lock: lock,
        })
    }

    /// Whether an earlier run of this very command only lacked the names of what it had written.
    pub fn completes_this_command(&self) -> bool {
        // Of a run from code nobody knows what it asked for.
        let mine = self.command.get(1..);
        let completed = self.completed.as_ref();
        completed.is_some_and(|completed| mine.is_some() && completed.command.get(1..) == mine)
    }

    /// Gives all that a run wrote its names: tables, store, report; then takes away folders that are of no more use.
    ///
    /// # Errors
    /// The operating system's. A report that cannot be written leaves the store.
    pub fn end(
        &self,
        mut steps: Vec<Step>,
        (path, text): (&Path, String),
        clear: &[PathBuf],
    ) -> Result<()> {
        let text = text + "\n";
        let through = writes_through(path);
        let mut missing = None;
        if !through {
            match whole_file(path, report::RUN_REPORT, text.as_bytes()) {
                Ok(place) => steps.push(Step::File(place)),
                Err(error) => {
                    // That of an earlier run is of another store.
                    if (report::RUN_REPORT.wrote)(path) {
                        steps.push(Step::Remove(path.to_path_buf()));
                    }
                    missing = Some(error);
                }
            }
        }
        steps.extend(clear.iter().cloned().map(Step::Clear));
        let command = self.command;
        let store = &*self.store;
        Commit {
            store,
            command,
            steps,
        }
        .run()?;
        if through {
            write_whole(path, report::RUN_REPORT, text.as_bytes())?;
        }
        match missing {
            None => Ok(()),
            Some(error) => {
                let message = phrase!["is whole, but its run report is missing: ", &error];
                Err(Error::store(store, message)
                    .with_remedy(phrase![
                        "free space there or choose another path with ",
                        Setting::Report,
                        ", and run again with ",
                        Setting::Overwrite
                    ])
                    .caused_by(error))
            }
        }
    }
}

/// Removes what killed runs left beside a file that needs no store's name.
///
/// # Errors
/// The operating system's.
pub(crate) fn tidy_file(target: &Path, watch: &dyn Watch) -> Result<()> {
    if writes_through(target) {
        return Ok(());
    }
    tell(&remove_of(target, None)?, watch);
    Ok(())
}

fn tell((removed, left): &(Vec<Leftover>, Vec<Leftover>), watch: &dyn Watch) {
    for leftover in removed {
        watch.note(Note::Removed {
            path: leftover.path.clone(),
        });
    }
    for leftover in left {
        if let State::Elsewhere(host) = &leftover.state {
            watch.note(Note::OfAnotherHost {
                path: leftover.path.clone(),
                host: host.clone(),
            });
        }
    }
}
