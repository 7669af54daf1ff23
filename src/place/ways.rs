//! Ways from the folder of a file to others, as documents hold them that may be moved together with what they name.
//!
//! Beside `paths.rs`, whose paths are those of one run.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// The folder of a file, without links.
///
/// # Errors
/// It is not there.
pub(crate) fn canonical_folder(file: &Path) -> Result<PathBuf> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    folder
        .canonicalize()
        .map_err(|e| Error::io("find", folder, e))
}

/// The way from a folder to a file, both absolute.
pub(crate) fn way(file: &Path, folder: &Path) -> PathBuf {
    let (file, folder): (Vec<_>, Vec<_>) =
        (file.components().collect(), folder.components().collect());
    let common = file.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let up = folder[common..].iter().map(|_| Component::ParentDir);
    up.chain(file[common..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_the_folder_of_a_document_to_a_file() {
        for (file, folder, expected) in [
            ("/a/b/g.h5", "/a/b", "g.h5"),
            ("/a/b/g.h5", "/a", "b/g.h5"),
            ("/a/b/g.h5", "/a/c/d", "../../b/g.h5"),
            ("/g.h5", "/a", "../g.h5"),
        ] {
            let found = way(Path::new(file), Path::new(folder));
            assert_eq!(found, Path::new(expected), "{file} from {folder}");
        }
    }
}
