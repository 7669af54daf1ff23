//! What granules are called: by their file names, with folders in front where two names are the same.
//!
//! Beside reading. Reports, checkpoints, pieces and error tables know a granule by this name.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::watch::ToRead;

/// Where a granule is, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct GranulePath {
    pub path: PathBuf,
    /// No other granule of the run has it.
    pub name: Arc<str>,
    /// Granules of other products that are read beside it.
    pub siblings: Vec<Sibling>,
}

/// A granule of another product, of the same pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sibling {
    /// `ATL08`.
    pub product: String,
    pub path: PathBuf,
}

impl<'a> From<&'a GranulePath> for ToRead<'a> {
    fn from(granule: &'a GranulePath) -> Self {
        Self {
            name: &granule.name,
            path: &granule.path,
        }
    }
}

impl GranulePath {
    /// A granule that is called by its file name.
    pub fn alone(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            name: last(path, 1).into(),
            siblings: Vec::new(),
        }
    }

    /// All files of it, by names that no others of the run have.
    pub fn files(&self) -> Vec<(String, &Path)> {
        let siblings = self.siblings.iter();
        let siblings = siblings.map(|sibling| {
            let name = format!("{} of {}", sibling.product, self.name);
            (name, &*sibling.path)
        });
        let own = std::iter::once((self.name.to_string(), &*self.path));
        own.chain(siblings).collect()
    }

    /// Of the name of a file that is read beside a granule, that of the granule.
    pub fn granule_of(file: &str) -> Option<&str> {
        file.split_once(" of ").map(|(_, granule)| granule)
    }
}

/// Granules at these paths, each with a name of its own: as many folders as tell those of one file name
/// apart, and a number where nothing does.
pub fn named(paths: Vec<PathBuf>) -> Vec<GranulePath> {
    let mut names: Vec<String> = paths.iter().map(|path| last(path, 1)).collect();
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        groups.entry(name.clone()).or_default().push(place);
    }
    for places in groups.values().filter(|places| places.len() > 1) {
        let deepest = places.iter().map(|&p| paths[p].components().count());
        let deepest = deepest.max().unwrap_or(1);
        let apart = |parts: usize| {
            let mut all: Vec<String> = places.iter().map(|&p| last(&paths[p], parts)).collect();
            all.sort();
            all.dedup();
            all.len() == places.len()
        };
        let parts = (2..=deepest).find(|&parts| apart(parts));
        for (number, &place) in places.iter().enumerate() {
            names[place] = match parts {
                Some(parts) => last(&paths[place], parts),
                None => format!("{} #{}", last(&paths[place], deepest), number + 1),
            };
        }
    }
    let granules = paths.into_iter().zip(names);
    granules
        .map(|(path, name)| GranulePath {
            path,
            name: name.into(),
            siblings: Vec::new(),
        })
        .collect()
}

/// The last so many parts of a path, as text; what is not Unicode as close as it comes.
fn last(path: &Path, parts: usize) -> String {
    let all: Vec<_> = path
        .components()
        .filter(|part| !matches!(part, Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    let from = all.len().saturating_sub(parts);
    all[from..].join("/").replacen("//", "/", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Vec<String> {
        let paths = paths.iter().map(PathBuf::from).collect();
        let named = named(paths).into_iter();
        named.map(|granule| granule.name.to_string()).collect()
    }

    #[test]
    fn folders_tell_granules_of_one_file_name_apart() {
        assert_eq!(
            names(&["x/a/g.h5", "x/b/g.h5", "./x/h.h5"]),
            ["a/g.h5", "b/g.h5", "h.h5"]
        );
        assert_eq!(
            names(&["x/a/g.h5", "y/a/g.h5", "g.h5"]),
            ["x/a/g.h5", "y/a/g.h5", "g.h5"]
        );
        assert_eq!(names(&["/g.h5", "/a/g.h5"]), ["/g.h5", "a/g.h5"]);
    }

    #[test]
    fn a_path_that_stands_twice_has_two_names() {
        assert_eq!(names(&["a/g.h5", "a/g.h5"]), ["a/g.h5 #1", "a/g.h5 #2"]);
    }
}
