//! Saves partials and takes them up again: sorted runs that outlive the process.
//!
//! Beside `mod.rs`. A list of saved files holds until the caller says that a newer one has been recorded;
//! until then no file on it is removed, whatever is merged or taken out. Partials that are left in another folder
//! are that folder's own: nothing that happens to them here reaches them there.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunPartials;
use super::folder::{damaged, number, unwritable};
use super::sorted_run::SortedRun;
use crate::config::GridConfig;
use crate::digest::of_file;
use crate::error::{Error, Result};
use crate::folders;
use crate::stat::{Encoding, Job};

/// A sorted run that can be taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// Name in the folder of runs.
    pub name: String,
    pub bytes: u64,
    /// Of the file, in hexadecimal digits.
    pub sha256: String,
    /// Shards in it that were taken before it was saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<u64>,
}

impl<'a> RunPartials<'a> {
    /// Writes all partials of granules that were read whole to disk, durably, and gives back what is
    /// needed to take them up again, which is good until [`recorded`](Self::recorded) is called after
    /// another save. The granule that is being read has no part in it.
    ///
    /// # Errors
    /// A sorted run that cannot be written or read.
    pub fn save(&mut self) -> Result<Vec<RunFile>> {
        self.committed.spill(&mut self.disk)?;
        let files = self.committed.runs.iter_mut().map(SortedRun::save);
        let files = files.collect::<Result<Vec<_>>>()?;
        self.disk.folder.saved();
        self.disk.folder.sync()?;
        Ok(files)
    }

    /// The list that the last save gave is where a later process finds it: files that only earlier
    /// ones name are removed.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn recorded(&mut self) -> Result<()> {
        self.disk.folder.recorded()
    }

    /// Takes up what was saved, shards that were taken since included. Other sorted runs in the
    /// folder are of an interrupted process and are removed.
    ///
    /// # Errors
    /// A file that is missing or was changed, or is of another config.
    pub fn restore(
        grid: &'a GridConfig,
        job: &'a Job,
        budget: u64,
        folder: &Path,
        files: &[RunFile],
    ) -> Result<Self> {
        let mut restored = Self::new(grid, job, budget, folder);
        // All are checked before anything is removed.
        for file in files {
            let run = file.open(folder, &restored.disk.encoding)?;
            for (&shard, extent) in &run.shards {
                *restored.committed.photons.entry(shard).or_default() += extent.photons;
            }
            restored.committed.runs.push(run);
        }
        let listed: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        restored.disk.folder.restore(&listed)?;
        Ok(restored)
    }

    /// Leaves all partials of granules that were read whole in a folder that is there, durably but for their names,
    /// and gives back what is needed to take them up from it. They stay here, too.
    ///
    /// # Errors
    /// A sorted run that cannot be written, read or copied.
    pub fn leave_in(&mut self, folder: &Path) -> Result<Vec<RunFile>> {
        self.committed.spill(&mut self.disk)?;
        let left = self.committed.runs.iter_mut().map(|run| {
            let file = run.settled()?;
            same_file(&run.path, &folder.join(&file.name))?;
            Ok(file)
        });
        left.collect()
    }

    /// Takes up what was left in the folder `from`, which stays as it is.
    ///
    /// # Errors
    /// As [`restore`](Self::restore), and a file that cannot be copied.
    pub fn take_up(
        (grid, job): (&'a GridConfig, &'a Job),
        (budget, folder): (u64, &Path),
        (from, files): (&Path, &[RunFile]),
    ) -> Result<Self> {
        if !files.is_empty() {
            fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        }
        let linked = files.iter().try_for_each(|file| {
            file.check_name(from)?;
            same_file(&from.join(&file.name), &folder.join(&file.name))
        });
        let restored = linked.and_then(|()| Self::restore(grid, job, budget, folder, files));
        let mut restored = restored.inspect_err(|_| _ = folders::remove(folder))?;
        for run in &mut restored.committed.runs {
            run.kept = false;
        }
        Ok(restored)
    }

    /// Removes everything on disk, saved files too.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(mut self) -> Result<()> {
        self.discard()?;
        let mut runs = self.committed.runs.drain(..);
        runs.try_for_each(|run| self.disk.folder.retire(run))?;
        drop(runs);
        self.disk.folder.remove()
    }
}

impl SortedRun {
    /// Makes a run durable, and keeps its file from now on.
    fn save(&mut self) -> Result<RunFile> {
        let file = self.settled()?;
        self.kept = true;
        Ok(file)
    }

    /// Makes a run durable.
    fn settled(&mut self) -> Result<RunFile> {
        if let Some(sha256) = &self.sha256 {
            return Ok(self.file(sha256.clone()));
        }
        let file = File::options().write(true).open(&self.path);
        file.and_then(|file| file.sync_all())
            .map_err(|e| unwritable(&self.path, &e))?;
        let sha256 = hash(&self.path)?;
        self.sha256 = Some(sha256.clone());
        Ok(self.file(sha256))
    }

    fn file(&self, sha256: String) -> RunFile {
        RunFile {
            name: self.name(),
            bytes: self.bytes,
            sha256,
            taken: self.taken.clone(),
        }
    }
}

impl RunFile {
    /// The run, if it is what was saved.
    fn open(&self, folder: &Path, encoding: &Encoding) -> Result<SortedRun> {
        self.check_name(folder)?;
        let path = folder.join(&self.name);
        let bytes = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(damaged(&path, "is missing"));
            }
            Err(e) => return Err(damaged(&path, &format!("cannot be read: {e}"))),
        };
        if bytes != self.bytes {
            let saved = self.bytes;
            let what = format!("has {bytes} bytes, and {saved} were saved");
            return Err(damaged(&path, &what));
        }
        let found = hash(&path)?;
        if found != self.sha256 {
            let saved = &self.sha256;
            let what = format!("has SHA-256 {found}, and {saved} was saved");
            return Err(damaged(&path, &what));
        }
        let mut run = SortedRun::open(&path, encoding)?;
        run.kept = true;
        run.sha256 = Some(found);
        for &shard in &self.taken {
            run.take(shard);
        }
        Ok(run)
    }
}

impl RunFile {
    /// It is a name among files, and leads nowhere else.
    fn check_name(&self, folder: &Path) -> Result<()> {
        if number(&self.name).is_some() {
            return Ok(());
        }
        Err(Error::sorted_run(
            folder.join(&self.name),
            "this is no name of a sorted run; the list of saved runs was changed",
        ))
    }
}

/// The same bytes under another name: as one file where the file system can, else as a durable copy.
fn same_file(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let copied = fs::copy(from, to).and_then(|_| File::options().write(true).open(to)?.sync_all());
    copied.map_err(|e| match e.kind() {
        ErrorKind::NotFound => damaged(from, "is missing"),
        _ => unwritable(to, &e),
    })
}

/// The SHA-256 of a file in hexadecimal digits.
fn hash(path: &Path) -> Result<String> {
    let (_, sha256) = of_file(path).map_err(|e| damaged(path, &format!("cannot be read: {e}")))?;
    Ok(sha256)
}
