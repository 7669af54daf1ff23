//! How large files are.

use std::fs;
use std::path::Path;

/// Bytes of a file, or of all files in a folder and below; 0 of what cannot be looked at.
pub fn bytes_of(path: &Path) -> u64 {
    match fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| bytes_of(&entry.path())).sum(),
        Err(_) => fs::metadata(path).map_or(0, |found| found.len()),
    }
}
