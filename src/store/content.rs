//! The identity of what a store holds: hashes of values, whatever the layout.
//!
//! At the end of the line; equal values have equal hashes, however they are cut and compressed.

use sha2::{Digest, Sha256};

use crate::config::Dtype;
use crate::digest::hex;

/// The identity of an array's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentHash {
    pub array: String,
    pub dtype: Dtype,
    /// SHA-256 in hex of the values as little-endian bytes in C order.
    pub sha256: String,
}

/// The identity of all arrays together: SHA-256 in hex of `name dtype sha256` lines, sorted by name.
pub fn content_hash(hashes: &[ContentHash]) -> String {
    let mut lines: Vec<String> = hashes
        .iter()
        .map(|hash| format!("{} {} {}\n", hash.array, hash.dtype.name(), hash.sha256))
        .collect();
    lines.sort();
    hex(&Sha256::digest(lines.concat()))
}
