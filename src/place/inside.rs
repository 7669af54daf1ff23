//! Whether a path lies in a store: what is written there would be among the arrays of a Zarr, which readers list and
//! whoever replaces the store removes.

use std::fs;
use std::path::{Path, PathBuf};

use super::sync::parent;
use crate::error::{Error, Result};

/// Documents that only stores have: of Zarr 3, of Zarr 2, and of zagg's hives.
const MARKS: [&str; 4] = ["zarr.json", ".zgroup", ".zarray", "morton_hive.json"];

/// The outermost store that a path lies in; the path itself may be one.
fn store_around(path: &Path) -> Option<PathBuf> {
    let folder = parent(path);
    // A folder that is yet to be made lies where its name says.
    let folder = fs::canonicalize(folder).or_else(|_| std::path::absolute(folder));
    let folder = folder.ok()?;
    let is_store = |folder: &&Path| MARKS.iter().any(|mark| folder.join(mark).is_file());
    let around = folder.ancestors().filter(is_store).last();
    around.map(Path::to_path_buf)
}

/// Checks that something, which messages call `noun`, is written into no store.
///
/// # Errors
/// It would be.
pub fn check_outside(path: &Path, noun: &str) -> Result<()> {
    store_around(path).map_or(Ok(()), |store| {
        Err(Error::argument(format!(
            "cannot write the {noun} {}: {} is a store, and what readers list there are its arrays; choose a path beside it",
            path.display(),
            store.display()
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_a_store_is_told_by_the_outermost_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let store = root.join("a.zarr");
        fs::create_dir_all(store.join("12/h")).unwrap();
        assert_eq!(store_around(&store.join("12/x.csv")), None);
        for mark in MARKS {
            let path = store.join(mark);
            fs::write(&path, "{}").unwrap();
            fs::write(store.join("12/zarr.json"), "{}").unwrap();
            for inside in ["x.csv", "12/h/x.csv", "new/folder/x.csv", "b.zarr"] {
                assert_eq!(
                    store_around(&store.join(inside)),
                    Some(store.clone()),
                    "{mark} {inside}"
                );
            }
            for outside in ["a.zarr", "a.run.json", "b/x.csv"] {
                assert_eq!(store_around(&root.join(outside)), None, "{mark} {outside}");
            }
            fs::remove_file(path).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_into_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let (store, link) = (folder.path().join("a.zarr"), folder.path().join("link"));
        fs::create_dir(&store).unwrap();
        fs::write(store.join("zarr.json"), "{}").unwrap();
        std::os::unix::fs::symlink(&store, &link).unwrap();
        let error = check_outside(&link.join("x.csv"), "table").unwrap_err();
        assert!(error.to_string().contains("a.zarr is a store"), "{error}");
    }
}
