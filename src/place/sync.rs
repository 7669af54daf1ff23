//! Durability of names: a renamed file survives a power cut once its folder has been synced.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Makes a folder's entries durable, where the system can.
///
/// # Errors
/// The operating system's.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|file| file.sync_all()) {
        Err(e) if !matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Err(e),
        _ => Ok(()),
    }
}

/// Makes the name of a file or folder durable.
///
/// # Errors
/// The operating system's.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    sync_folder(parent(path))
}

/// Creates a folder and those that it is in, with durable names; gives back those that were missing,
/// outermost first.
///
/// # Errors
/// The operating system's.
pub fn create_folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let above = folder.ancestors();
    let missing = above.take_while(|f| !f.as_os_str().is_empty() && !f.exists());
    let mut missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
    missing.reverse();
    fs::create_dir_all(folder)?;
    missing.iter().try_for_each(|made| sync_parent(made))?;
    Ok(missing)
}

/// The folder that a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}
