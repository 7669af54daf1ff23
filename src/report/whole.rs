//! Files that appear whole or not at all: the run report and the map; and how large files are.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes a file and makes it durable; a reader never sees half of it, and a failure leaves nothing
/// new.
///
/// # Errors
/// The operating system's, with the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = partial(path);
    let write = || {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    let written = write().and_then(|()| fs::rename(&partial, path));
    written.map_err(|source| {
        let _ = fs::remove_file(&partial);
        Error::io("write", path, source)
    })
}

/// Checks that [`write_whole`] could write here, before the work whose result goes there.
///
/// # Errors
/// The folder does not exist or may not be written to, or a folder is at the path.
pub fn check_writable(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::Usage(format!(
            "cannot write the file {}: it is a folder; choose another path",
            path.display()
        )));
    }
    let folder = path.parent().filter(|folder| folder.is_dir());
    let Some(folder) = folder else {
        // The store's folder is created with the store.
        return Ok(());
    };
    let probe = partial(&folder.join(path.file_name().unwrap_or_default()));
    fs::write(&probe, b"")
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|source| Error::io("write", path, source))
}

/// Bytes of a file, or of all files in a folder and below; 0 of what cannot be looked at.
pub fn bytes_of(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| bytes_of(&entry.path())).sum(),
        Err(_) => fs::metadata(path).map_or(0, |found| found.len()),
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    PathBuf::from(partial)
}
