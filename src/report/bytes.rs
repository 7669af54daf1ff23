//! How large files are.

use std::fs;
use std::path::Path;

use crate::folders;

/// Bytes of a file, or of all files in a folder and below; 0 of what cannot be looked at.
pub fn bytes_of(path: &Path) -> u64 {
    match folders::list(path) {
        Ok(inside) => inside.iter().map(|path| bytes_of(path)).sum(),
        Err(_) => fs::metadata(path).map_or(0, |found| found.len()),
    }
}
