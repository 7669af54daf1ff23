//! All that one run writes gets its names together: tables, store, report.
//!
//! Everything is whole and durable under hidden names before the first name is given. Then the list of names
//! is written, durably, as `.NAME.commit` beside the store, and carried out; the list is removed last. A run
//! that is killed on the way leaves the list, and the next run on the store's name carries it out to its end.
//! So half of one run never stands beside half of another for longer than that.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::file::{FilePlace, write_document};
use super::folder::FolderPlace;
use super::paths::{absolute, relative};
use super::sync::sync_parent;
use super::{hidden, sealed, swap, work};
use crate::error::{Action as Does, Error, Result, phrase};
use crate::folders;

/// Version of the list.
const SCHEMA_VERSION: u32 = 1;

/// One name that is given, or taken away.
#[derive(Debug)]
pub enum Step {
    File(FilePlace),
    /// A folder, in place of one that may be there.
    Folder(FolderPlace),
    /// A file of an earlier run that this one has none of.
    Remove(PathBuf),
    /// A folder that is of no more use.
    Clear(PathBuf),
}

/// What gets its names together.
#[derive(Debug)]
pub struct Commit<'a> {
    pub store: &'a Path,
    pub command: &'a [String],
    /// In this order.
    pub steps: Vec<Step>,
}

/// What an earlier run had written and this one gave its names.
#[derive(Debug)]
pub struct Completed {
    /// The command line of that run.
    pub command: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    schema_version: u32,
    icefold_version: String,
    command: Vec<String>,
    steps: Vec<Written>,
}

/// A step in the list. Paths below the store's folder are relative to it.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    action: Action,
    /// Hidden name, of what is given one.
    from: Option<String>,
    to: String,
    /// Device and inode of what is given a name.
    identity: Option<(u64, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Name,
    Remove,
    Clear,
}

/// The list beside a store.
pub fn journal_of(store: &Path) -> PathBuf {
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    store.with_file_name(format!(".{name}.commit"))
}

impl Commit<'_> {
    /// Gives all names, durably.
    ///
    /// # Errors
    /// The operating system's. Before the list is written nothing has changed; after it, the next run on
    /// the store's name goes on.
    pub fn run(mut self) -> Result<()> {
        let path = journal_of(self.store);
        let journal = Journal {
            schema_version: SCHEMA_VERSION,
            icefold_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.to_vec(),
            steps: self
                .steps
                .iter()
                .filter_map(|s| written(self.store, s))
                .collect(),
        };
        // What the list names is no longer removed when the process has to end.
        work::settled(self.steps.iter().filter_map(|step| match step {
            Step::File(place) => place.partial(),
            Step::Folder(place) => Some(place.partial()),
            _ => None,
        }));
        let (bytes, _) = sealed::seal(&journal, true);
        write_document(&path, &bytes).map_err(|error| {
            let more = "; free space there or choose another path; no store was written";
            Error::store(self.store, phrase![&error, more])
        })?;
        for step in &mut self.steps {
            match step {
                Step::File(place) => place.forget(),
                Step::Folder(place) => place.forget(),
                Step::Remove(_) | Step::Clear(_) => {}
            }
        }
        follow(self.store, &journal)?;
        remove(&path)?;
        sync(&path)
    }
}

/// Whether a run was killed while it gave names, and another has to go on.
pub fn pending(store: &Path) -> bool {
    journal_of(store).is_file()
}

/// Goes on where a run was killed while it gave names. Only for who has the store's name alone.
///
/// # Errors
/// The operating system's; a list that was changed.
pub fn recover(store: &Path) -> Result<Option<Completed>> {
    let path = journal_of(store);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io("read", path, e)),
    };
    let refused = |why: String| {
        let message = format!(
            "{} {why}; it lists what a killed run was giving its names: look at what is beside it, then \
             remove it",
            path.display()
        );
        Error::store(store, message)
    };
    let journal: Journal = sealed::open(&bytes).map_err(refused)?.document;
    if journal.schema_version != SCHEMA_VERSION {
        let version = &journal.icefold_version;
        return Err(refused(format!("is of icefold {version}")));
    }
    if let Some(gone) = journal.steps.iter().find(|step| step.is_gone(store)) {
        // Somebody took it away: the rest belongs to nothing.
        let _ = gone;
        for from in journal.steps.iter().filter_map(|step| step.from.as_deref()) {
            let from = absolute(store, from);
            match fs::symlink_metadata(&from) {
                Ok(found) if found.is_dir() => _ = folders::remove(&from),
                _ => remove(&from)?,
            }
        }
        remove(&path)?;
        return Ok(None);
    }
    follow(store, &journal)?;
    remove(&path)?;
    sync(&path)?;
    Ok(Some(Completed {
        command: journal.command,
    }))
}

impl Written {
    /// Whether what is given a name is neither there nor under its hidden one.
    fn is_gone(&self, store: &Path) -> bool {
        let Some(from) = &self.from else {
            return false;
        };
        fs::symlink_metadata(absolute(store, from)).is_err()
            && swap::identity(&absolute(store, &self.to)) != self.identity
    }
}

/// Every step that is not done yet.
fn follow(store: &Path, journal: &Journal) -> Result<()> {
    let mut old = Vec::new();
    for step in &journal.steps {
        let to = absolute(store, &step.to);
        match step.action {
            Action::Remove => remove(&to)?,
            Action::Clear => {
                let aside = hidden(&to, "cleared");
                match fs::rename(&to, &aside) {
                    Ok(()) => old.push(aside),
                    Err(e) if e.kind() == ErrorKind::NotFound => {}
                    Err(e) => return Err(Error::io("remove", &to, e)),
                }
            }
            Action::Name => old.extend(name(store, step, &to)?),
        }
        sync(&to)?;
    }
    for aside in old {
        let removed = folders::remove(&aside);
        // `icefold clean` may have been at it, too.
        let removed = removed.or_else(|e| match e.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(e),
        });
        removed.map_err(|error| {
            let message = format!(
                "written, but what it replaces is still at {}: {error}",
                aside.display()
            );
            Error::store(store, message)
                .with_remedy(phrase!["remove it, or call ", Does::Clean])
                .caused_by(error)
        })?;
    }
    Ok(())
}

/// Gives a file or folder its name if it does not have it; what stood there before.
fn name(store: &Path, step: &Written, to: &Path) -> Result<Option<PathBuf>> {
    let from = step.from.as_deref().map(|from| absolute(store, from));
    let there = step.identity.is_some() && swap::identity(to) == step.identity;
    let Some(from) = from.filter(|from| fs::symlink_metadata(from).is_ok()) else {
        return Ok(None);
    };
    let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    if there {
        // The names were exchanged: what has the hidden one is what was there before.
        return Ok(is_folder(&from).then_some(from));
    }
    let io = |e| Error::io("give its name to", to, e);
    if is_folder(&from) {
        return swap::replace(&from, to).map_err(io);
    }
    fs::rename(&from, to).map_err(io)?;
    Ok(None)
}

/// A step for the list; none of what is written through.
fn written(store: &Path, step: &Step) -> Option<Written> {
    let named = |from: &Path, to: &Path| Written {
        action: Action::Name,
        from: Some(relative(store, from)),
        to: relative(store, to),
        identity: swap::identity(from),
    };
    let without = |action, to: &Path| Written {
        action,
        from: None,
        to: relative(store, to),
        identity: None,
    };
    Some(match step {
        Step::File(place) => named(place.partial()?, place.target()),
        Step::Folder(place) => named(place.partial(), place.target()),
        Step::Remove(path) => without(Action::Remove, path),
        Step::Clear(path) => without(Action::Clear, path),
    })
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, e)),
        _ => Ok(()),
    }
}

fn sync(path: &Path) -> Result<()> {
    match sync_parent(path) {
        // Its folder went with it.
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        synced => synced.map_err(|e| Error::io("sync the folder of", path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::standing::kinds::REPORT;
    use super::*;

    /// A folder with an old generation `a.zarr`, `a.json`, `old.txt` and `pieces`, and a new one of hidden
    /// names; its steps.
    fn two_generations(folder: &Path) -> (PathBuf, Vec<Step>) {
        let store = folder.join("a.zarr");
        fs::create_dir(&store).unwrap();
        fs::write(store.join("which"), "old").unwrap();
        fs::write(folder.join("old.txt"), "old").unwrap();
        fs::create_dir(folder.join("pieces")).unwrap();
        let new = FolderPlace::create(&store).unwrap();
        fs::write(new.partial().join("which"), "new").unwrap();
        let report = folder.join("a.json");
        let place = super::super::file::whole_file(&report, REPORT, b"new").unwrap();
        let steps = vec![
            Step::Remove(folder.join("old.txt")),
            Step::Folder(new),
            Step::File(place),
            Step::Clear(folder.join("pieces")),
        ];
        (store, steps)
    }

    fn is_new(folder: &Path) {
        let names = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = names.map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.json", "a.zarr"]);
        assert_eq!(fs::read(folder.join("a.zarr/which")).unwrap(), b"new");
        assert_eq!(fs::read(folder.join("a.json")).unwrap(), b"new");
    }

    #[test]
    fn all_names_are_given_together() {
        let folder = tempfile::tempdir().unwrap();
        let (store, steps) = two_generations(folder.path());
        let command = &["run".to_owned()][..];
        Commit {
            store: &store,
            command,
            steps,
        }
        .run()
        .unwrap();
        is_new(folder.path());
        assert!(recover(&store).unwrap().is_none());
    }

    #[test]
    fn a_run_that_is_killed_after_any_step_is_completed_by_the_next() {
        for killed_after in 0..=4 {
            let folder = tempfile::tempdir().unwrap();
            let (store, mut steps) = two_generations(folder.path());
            let journal = Journal {
                schema_version: SCHEMA_VERSION,
                icefold_version: String::new(),
                command: vec!["run".to_owned()],
                steps: steps.iter().filter_map(|s| written(&store, s)).collect(),
            };
            let (bytes, _) = sealed::seal(&journal, true);
            write_document(&journal_of(&store), &bytes).unwrap();
            for step in &mut steps {
                match step {
                    Step::File(place) => place.forget(),
                    Step::Folder(place) => place.forget(),
                    _ => {}
                }
            }
            // What a kill leaves: so many steps are done, and what was replaced is still there.
            for step in journal.steps.iter().take(killed_after) {
                let to = absolute(&store, &step.to);
                match step.action {
                    Action::Name => _ = name(&store, step, &to).unwrap(),
                    Action::Remove => remove(&to).unwrap(),
                    Action::Clear => fs::rename(&to, hidden(&to, "cleared")).unwrap(),
                }
            }
            let completed = recover(&store).unwrap().unwrap();
            assert_eq!(completed.command, ["run"]);
            let names = fs::read_dir(folder.path()).unwrap();
            for name in names.map(|e| e.unwrap().file_name()) {
                let name = name.to_string_lossy().into_owned();
                if name.starts_with(".pieces.cleared") {
                    fs::remove_dir_all(folder.path().join(name)).unwrap();
                }
            }
            is_new(folder.path());
        }
    }

    #[test]
    fn a_list_that_was_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("a.zarr");
        fs::write(journal_of(&store), "{}").unwrap();
        let error = recover(&store).unwrap_err().to_string();
        assert!(
            error.contains(".a.zarr.commit carries no SHA-256"),
            "{error}"
        );
    }
}
