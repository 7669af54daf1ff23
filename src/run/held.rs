//! The files that a store was made of, held against those of a run: each file of the store is one of these at most.
//!
//! Under `said.rs`. A store knows files by their names without folders, and several may have one: `day1/data.h5` and
//! `day2/data.h5`. So each file of the run takes the one of the store that it is, and what nobody takes is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::{Error, Result};
use crate::folders;
use crate::piece::GranuleFile;
use crate::plan::GranulePath;
use crate::source::is_object;
use crate::store::SourceFile;

/// What became of the files of a store.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Granules that are as they were: what the store says of their files.
    pub standing: BTreeMap<String, Vec<SourceFile>>,
    /// Granules whose files are others now, under names that the store has.
    pub changed: BTreeSet<String>,
    /// Names of files that no granule has.
    pub gone: Vec<String>,
}

impl Held {
    /// Of files of a store and the granules of a run; those of the run are looked at, and read whole where they are hashed.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn against(files: &[SourceFile], granules: &[GranulePath], hashed: bool) -> Result<Self> {
        let mut left: BTreeMap<&str, Vec<&SourceFile>> = BTreeMap::new();
        for file in files {
            left.entry(&file.name).or_default().push(file);
        }
        let all = granules.iter().flat_map(GranulePath::files);
        let all: Vec<&Path> = all.map(|(_, path)| path).collect();
        // What several granules are read with is one file.
        let mut same: BTreeMap<&Path, &SourceFile> = BTreeMap::new();
        for &path in &all {
            let there = left
                .get_mut(&*folders::name(path))
                .filter(|some| !some.is_empty());
            let Some(there) = there.filter(|_| !same.contains_key(path)) else {
                continue;
            };
            let Some(now) = look(path, hashed)? else {
                continue;
            };
            let found = there.iter().position(|then| is_same(then, &now));
            same.extend(found.map(|place| (path, there.remove(place))));
        }
        let mut other: BTreeSet<&Path> = BTreeSet::new();
        for path in all {
            if same.contains_key(path) || other.contains(path) {
                continue;
            }
            if left
                .get_mut(&*folders::name(path))
                .and_then(Vec::pop)
                .is_some()
            {
                other.insert(path);
            }
        }
        let gone = left.values().flatten().map(|file| file.name.clone());
        let mut held = Self {
            gone: gone.collect(),
            ..Self::default()
        };
        for granule in granules {
            let files = granule.files();
            let then = files
                .iter()
                .map(|(_, path)| same.get(path).copied().cloned());
            let name = granule.name.to_string();
            if let Some(then) = then.collect::<Option<Vec<_>>>() {
                held.standing.insert(name, then);
            } else if same.contains_key(&*granule.path) || other.contains(&*granule.path) {
                held.changed.insert(name);
            }
        }
        Ok(held)
    }
}

/// What a file is now; nothing of what is none.
fn look(path: &Path, hashed: bool) -> Result<Option<GranuleFile>> {
    if !is_object(path) && !path.is_file() {
        return Ok(None);
    }
    let of = if hashed {
        GranuleFile::hashed
    } else {
        GranuleFile::of
    };
    of(path).map(Some).map_err(|e| Error::io("read", path, e))
}

fn is_same(then: &SourceFile, now: &GranuleFile) -> bool {
    let probed = then.probed.as_ref();
    let probed = probed.map(|(bytes, probe)| (*bytes, probe));
    probed == Some((now.bytes, &now.probe)) && then.sha256 == now.sha256
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::read::named;

    /// Files with these texts, and what a store says that was made of them.
    fn made(folder: &Path, texts: &[(&str, &str)]) -> (Vec<PathBuf>, Vec<SourceFile>) {
        let made = texts.iter().map(|(name, text)| {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let said = GranuleFile::of(&path).unwrap().as_source(name);
            (path, said)
        });
        made.unzip()
    }

    #[test]
    fn each_file_of_a_store_is_one_of_a_run_at_most() {
        let folder = tempfile::tempdir().unwrap();
        let texts = [("1/g.h5", "one"), ("2/g.h5", "two"), ("2/h.h5", "three")];
        let (paths, files) = made(folder.path(), &texts);
        let held =
            |paths: &[PathBuf]| Held::against(&files, &named(paths.to_vec()), false).unwrap();
        let names = |held: &Held| held.standing.keys().cloned().collect::<Vec<_>>();
        let all = held(&paths);
        assert_eq!(names(&all), ["1/g.h5", "2/g.h5", "h.h5"]);
        assert!(all.gone.is_empty() && all.changed.is_empty());
        // The one that stays is not both.
        let fewer = held(&paths[1..]);
        assert_eq!(
            (names(&fewer), fewer.gone),
            (
                vec!["g.h5".to_owned(), "h.h5".to_owned()],
                vec!["g.h5".to_owned()]
            )
        );
        // One more of the name is new; of a name that misses one it is another.
        let (more, _) = made(folder.path(), &[("3/g.h5", "four")]);
        let grown = held(&[&paths[..], &more].concat());
        assert_eq!(grown.standing.len(), 3);
        assert!(grown.changed.is_empty() && grown.gone.is_empty());
        let other = held(&[&more, &paths[1..]].concat());
        assert_eq!(other.changed, ["3/g.h5".to_owned()].into());
        assert!(other.gone.is_empty());
    }
}
