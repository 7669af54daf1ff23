//! Whole objects in a folder, where the user asks for them: under a name of URL and ETag, whole or not there.
//!
//! Beside `mod.rs`. A file has its name once all of it is there; what is there has the length that the object has, or is
//! fetched again. A folder may be shared by several runs.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::object::Object;
use crate::digest::hex;
use crate::source::{Bytes, FileBytes};

/// The object as a file of the folder.
///
/// # Errors
/// It has neither ETag nor date, so that another one could not be told from it; it cannot be fetched or written.
pub fn kept(folder: &Path, object: &Object) -> io::Result<Arc<dyn Bytes>> {
    let known = object.identity();
    if known.etag.is_none() && known.modified == 0 {
        return Err(io::Error::other(format!(
            "{}: the server gives it neither an ETag nor a date, so a copy of it could not be told from another object; read \
             it without a cache",
            object.name()
        )));
    }
    let etag = known.etag.as_deref().unwrap_or_default();
    let key = format!(
        "{}\n{etag}\n{}\n{}",
        object.name(),
        known.modified,
        known.length
    );
    let key = hex(&Sha256::digest(key.as_bytes()));
    let place = folder.join(&key[..2]).join(format!("{key}.h5"));
    let is_whole = |place: &Path| {
        fs::metadata(place).is_ok_and(|found| found.is_file() && found.len() == known.length)
    };
    if !is_whole(&place) {
        download(object, &place).map_err(|e| {
            io::Error::new(
                e.kind(),
                format!(
                    "{}: cannot keep it in {}: {e}",
                    object.name(),
                    folder.display()
                ),
            )
        })?;
    }
    Ok(Arc::new(FileBytes::open(&place)?))
}

fn download(object: &Object, place: &Path) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = PathBuf::from(format!("{}.{}.part", place.display(), std::process::id()));
    let written = write(object, &part).and_then(|()| fs::rename(&part, place));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn write(object: &Object, part: &Path) -> io::Result<()> {
    let mut file = File::create(part)?;
    object.whole(|at, bytes| {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    })?;
    file.sync_all()
}
