//! One HDF5 file, opened twice: by libhdf5 for its structure, and for positioned reads of its values.
//!
//! On the line: the granule is opened here, and so are the files that it leads to. Addresses in a file's
//! metadata are those of that file, so the two handles stay together.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use super::{driver, superblock};
use crate::source::{Bytes, is_object};
use crate::text::condensed;
use crate::{Error, Result};

/// An HDF5 file, open for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub file: hdf5::File,
    pub data: Arc<dyn Bytes>,
    /// What is odd about it, but does not make it unreadable.
    pub odd: Option<String>,
    pub path: PathBuf,
}

impl OpenFile {
    /// Opens a regular file that is whole.
    ///
    /// # Errors
    /// No such file, a directory, a device, not HDF5, truncated, or damaged; each by name.
    pub fn open(path: &Path) -> Result<Self> {
        settle_plugins();
        let (checked, data) = superblock::check(path)?;
        // A lock does not help who only reads, and fails on file systems without locks and on files
        // that another program holds. The driver is named, as HDF5_DRIVER would choose another.
        let opened = if is_object(path) {
            driver::open_bytes(&data)
        } else {
            hdf5::FileBuilder::new()
                .with_fapl(|access| access.file_locking(false).sec2())
                .open(path)
        };
        let file = opened.map_err(|e| {
            if let Some(trouble) = data.trouble() {
                return Error::granule(path.display().to_string(), trouble);
            }
            let cause = condensed(&e);
            let doubt = checked.doubt.clone();
            let message =
                doubt.unwrap_or_else(|| format!("cannot open it as HDF5: {cause}; fetch it again"));
            Error::granule(path.display().to_string(), message)
        })?;
        Ok(Self {
            file,
            data,
            odd: checked.odd,
            path: path.to_path_buf(),
        })
    }
}

/// The folders from which HDF5 may load filters that are not built in: those of `HDF5_PLUGIN_PATH`.
pub fn plugin_folders() -> Option<String> {
    let folders = std::env::var_os("HDF5_PLUGIN_PATH").filter(|folders| !folders.is_empty())?;
    Some(folders.to_string_lossy().into_owned())
}

/// Without those folders nothing is loaded: the library would look in one that was named when it was
/// compiled, which anyone may have made since.
#[expect(
    unsafe_code,
    reason = "the safe interface does not reach the settings of plug-ins"
)]
pub(super) fn settle_plugins() {
    static SETTLED: Once = Once::new();
    SETTLED.call_once(|| {
        if plugin_folders().is_some() {
            return;
        }
        hdf5::sync::sync(|| {
            let (mut none, mut folders) = (0, 0);
            // SAFETY: the library is initialised by taking its lock, which is held; both pointers are
            // to integers that live; a folder that is not there to be removed is an error code.
            unsafe {
                hdf5_sys::h5pl::H5PLset_loading_state(&raw mut none);
                hdf5_sys::h5pl::H5PLsize(&raw mut folders);
                for _ in 0..folders {
                    hdf5_sys::h5pl::H5PLremove(0);
                }
            }
        });
    });
}
