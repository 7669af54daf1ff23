//! What a run reads and so never overwrites, under whatever name and through whichever links.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that are read.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    #[cfg(unix)]
    by_inode: BTreeMap<(u64, u64), PathBuf>,
    /// Where they are, without links.
    real: BTreeMap<PathBuf, PathBuf>,
}

impl Inputs {
    /// These files, but for those that are not there.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut inputs = Self::default();
        for path in paths {
            inputs.add(path);
        }
        inputs
    }

    /// Adds a path, if there is one.
    pub fn extend<'p>(&mut self, paths: impl IntoIterator<Item = &'p Path>) {
        paths.into_iter().for_each(|path| self.add(path));
    }

    pub fn add(&mut self, path: &Path) {
        #[cfg(unix)]
        if let Ok(found) = fs::metadata(path) {
            use std::os::unix::fs::MetadataExt;
            let inode = (found.dev(), found.ino());
            self.by_inode.entry(inode).or_insert(path.to_path_buf());
        }
        if let Ok(real) = fs::canonicalize(path) {
            self.real.entry(real).or_insert(path.to_path_buf());
        }
    }

    /// The input that a path leads to.
    pub fn at(&self, path: &Path) -> Option<&Path> {
        #[cfg(unix)]
        if let Ok(found) = fs::metadata(path) {
            use std::os::unix::fs::MetadataExt;
            if let Some(input) = self.by_inode.get(&(found.dev(), found.ino())) {
                return Some(input);
            }
        }
        let real = fs::canonicalize(path).ok()?;
        self.real.get(&real).map(PathBuf::as_path)
    }

    /// The first input that is in a folder or below.
    pub fn below(&self, folder: &Path) -> Option<&Path> {
        let folder = fs::canonicalize(folder).ok()?;
        let inside = self.real.iter().find(|(real, _)| real.starts_with(&folder));
        inside.map(|(_, input)| input.as_path())
    }
}
