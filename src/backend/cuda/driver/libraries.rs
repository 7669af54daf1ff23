//! Where NVIDIA's driver is looked for when the loader does not find it. Under `devices.rs`.
//!
//! The places of the loader come first: `LD_LIBRARY_PATH` and those of the system. Containers and some
//! systems keep the driver in a folder that is in neither. Once a library has been loaded by its path it is
//! found by its name too, so loading it is all that is done here.

#![allow(
    unsafe_code,
    reason = "the driver is a C library that is found when the program runs"
)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use cudarc::driver::sys;
use libloading::Library;

/// Folders with the driver, as in a search path, for where the loader finds none.
pub const FOLDERS: &str = "ICEFOLD_CUDA_FOLDERS";

/// The folders in which systems and containers have it.
const KNOWN_FOLDERS: [&str; 9] = [
    "/usr/local/nvidia/lib64",
    "/usr/local/nvidia/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/nvidia/current",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib64/nvidia",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
];
const DRIVER: &str = "libcuda.so.1";
/// What the driver itself looks for by name when it compiles PTX.
const JIT: &str = "libnvidia-ptxjitcompiler.so.1";

/// Whether there is a library of the driver's name; it is then found by that name.
pub fn has_driver() -> bool {
    // SAFETY: loads the driver's library and looks no symbol up; initialising it has no conditions.
    if unsafe { sys::is_culib_present() } {
        return true;
    }
    let named = std::env::var_os(FOLDERS);
    let found = folders(named.as_deref()).find(|folder| is_loaded(&folder.join(DRIVER)));
    found.is_some_and(|folder| {
        // Where the loader has its own, or nothing is compiled, it is not missed.
        is_loaded(&folder.join(JIT));
        // SAFETY: as above.
        unsafe { sys::is_culib_present() }
    })
}

/// Those named in a search path, then the known ones.
fn folders(named: Option<&OsStr>) -> impl Iterator<Item = PathBuf> + '_ {
    let named = named.into_iter().flat_map(std::env::split_paths);
    named.chain(KNOWN_FOLDERS.iter().map(PathBuf::from))
}

/// Loads a library for as long as the program runs.
fn is_loaded(path: &Path) -> bool {
    if !cfg!(target_os = "linux") || !path.is_file() {
        return false;
    }
    // SAFETY: NVIDIA's libraries have no conditions for being loaded.
    let loaded = unsafe { Library::new(path) };
    loaded.map(std::mem::forget).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_folders_come_before_those_of_systems() {
        let all: Vec<PathBuf> = folders(Some(OsStr::new("/a:/b"))).collect();
        assert_eq!(all[..2], [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(all.len(), 2 + KNOWN_FOLDERS.len());
        assert_eq!(folders(None).count(), KNOWN_FOLDERS.len());
    }

    #[test]
    fn what_is_no_library_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DRIVER);
        assert!(!is_loaded(&path));
        std::fs::write(&path, "no library").unwrap();
        assert!(!is_loaded(&path));
    }
}
