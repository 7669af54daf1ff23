//! Shard maps as Parquet, of a build without it: none is read or written, and it is said why.

use std::fs::File;
use std::path::Path;

use super::map::{RawMap, Written};
use crate::features::Feature;

/// Whether a file starts as Parquet.
pub(super) fn is_parquet(path: &Path) -> bool {
    let mut start = [0; 4];
    let read =
        File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    read.is_ok() && start == *b"PAR1"
}

/// No file is one that can be looked into.
pub(super) fn looks_like_a_map(_path: &Path) -> bool {
    false
}

/// Of none it is known.
pub(super) fn source(_path: &Path) -> Option<String> {
    None
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub(super) fn read(_file: File) -> Result<(RawMap, Vec<String>), String> {
    Err(format!(
        "is Parquet, which cannot be read: {}",
        Feature::Parquet.lacking()
    ))
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub(super) fn bytes(_map: &Written) -> Result<Vec<u8>, String> {
    Err(format!(
        "cannot be written as Parquet: {}",
        Feature::Parquet.lacking()
    ))
}
