//! A store's name for the length of a run: what earlier runs left behind is completed or removed first, and
//! everything that the run writes gets its name at the end.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::piece::Pieces;
use crate::place::{
    Commit, Completed, Leftover, NameLock, State, Step, pending, recover, remove_of, whole_file,
    write_whole, writes_through,
};
use crate::report;
use crate::store::resolve;

use super::out::note;
use super::run::command_line;

/// A run that has its store's name.
#[derive(Debug)]
pub struct Session {
    /// Where the store is, links followed.
    store: PathBuf,
    completed: Option<Completed>,
    _lock: NameLock,
}

impl Session {
    /// Takes the name, alone or with other runs over parts of a shard map; `files` go beside the store.
    ///
    /// # Errors
    /// Another run has the name; what a killed run left cannot be completed or removed.
    pub fn begin(store: &Path, alone: bool, files: &[&Path]) -> Result<Self> {
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
            note(format_args!(
                "note: an earlier run was stopped while it gave {} and its files their names; all have them \
                 now",
                store.display()
            ));
        }
        let pieces = Pieces::folder_of(&store);
        let beside = files.iter().copied().filter(|file| !writes_through(file));
        for target in [&*store, &*pieces].into_iter().chain(beside) {
            tidy(target, &lock)?;
        }
        Ok(Self {
            store,
            completed,
            _lock: lock,
        })
    }

    /// Whether an earlier run of this very command only lacked the names of what it had written.
    pub fn completes_this_command(&self) -> bool {
        let mine = command_line();
        let completed = self.completed.as_ref();
        completed.is_some_and(|completed| completed.command.get(1..) == mine.get(1..))
    }

    /// Gives all that a run wrote its names: tables, store, report; then takes pieces away.
    ///
    /// # Errors
    /// The operating system's. A report that cannot be written leaves the store.
    pub fn end(
        &self,
        mut steps: Vec<Step>,
        (path, text): (&Path, String),
        clear: Option<&Path>,
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
        steps.extend(clear.map(|folder| Step::Clear(folder.to_path_buf())));
        let command = &command_line();
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
            Some(error) => Err(Error::store(
                store,
                format!(
                    "is whole, but its run report is missing: {error}; free space there or choose another \
                     path with --report, and run again with --overwrite"
                ),
            )),
        }
    }
}

/// Removes what killed runs left beside a target, and says so.
fn tidy(target: &Path, lock: &NameLock) -> Result<()> {
    tell(&remove_of(target, Some(lock))?);
    Ok(())
}

/// As much of that as is possible without a store's name: files.
pub fn tidy_file(target: &Path) -> Result<()> {
    if writes_through(target) {
        return Ok(());
    }
    tell(&remove_of(target, None)?);
    Ok(())
}

fn tell((removed, left): &(Vec<Leftover>, Vec<Leftover>)) {
    for leftover in removed {
        note(format_args!(
            "note: removed {}, which a killed run left",
            leftover.path.display()
        ));
    }
    for leftover in left {
        if let State::Elsewhere(host) = &leftover.state {
            note(format_args!(
                "note: {} was made by a run on {host}; if that is gone, remove it, or call icefold clean there",
                leftover.path.display()
            ));
        }
    }
}
