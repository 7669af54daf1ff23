//! The first look at a granule: is the path a whole HDF5 file?
//!
//! On the line: before `file.rs` hands the path to libhdf5, whose own errors for these cases name
//! neither the cause nor the remedy. Layout: HDF5 File Format Specification, section II.A.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::{Error, Result};

const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// Longest superblock prefix that holds the end-of-file address: version 1 with 8-byte addresses.
const PREFIX: usize = 28 + 3 * 8;

/// Checks that `path` is a regular HDF5 file as long as its superblock says; returns its bytes.
pub(super) fn check(path: &Path) -> Result<u64> {
    let refuse = |message: String| Error::granule(path.display().to_string(), message);
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(refuse("no such file; check the path".into()));
        }
        Err(e) => return Err(Error::io("open", path, e)),
    };
    if metadata.is_dir() {
        return Err(refuse(
            "is a directory, not a granule; name the HDF5 files in it".into(),
        ));
    }
    if !metadata.is_file() {
        return Err(refuse(
            "is not a regular file; copy the granule to disk first".into(),
        ));
    }
    let length = metadata.len();
    let mut file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    match inspect_head(&mut file, length).map_err(|e| Error::io("read", path, e))? {
        Head::Hdf5 { end: Some(end) } if end > length => Err(refuse(format!(
            "is truncated: the file has {length} bytes, its superblock says {end}; fetch it again"
        ))),
        Head::Hdf5 { .. } => Ok(length),
        Head::Short => Err(refuse(format!(
            "is truncated: the file has {length} bytes and ends within its superblock; \
             fetch it again"
        ))),
        Head::Other { .. } if length == 0 => Err(refuse(
            "is not HDF5: the file is empty; fetch it again".into(),
        )),
        Head::Other { start } => Err(refuse(format!(
            "is not HDF5: the file starts with {}; give an HDF5 granule",
            describe(&start)
        ))),
    }
}

/// Whether a file has the signature of HDF5 where there may be one.
pub fn looks_like_hdf5(path: &Path) -> bool {
    let head = File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        inspect_head(&mut file, length)
    });
    matches!(head, Ok(Head::Hdf5 { .. } | Head::Short))
}

/// What the head of a file says.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    /// `end`: address of the first byte past the file's data, where the superblock is understood.
    Hdf5 {
        end: Option<u64>,
    },
    /// The file ends within the superblock.
    Short,
    Other {
        start: Vec<u8>,
    },
}

/// Looks for the signature at 0, 512, 1024, 2048, ... and reads the end-of-file address after it.
fn inspect_head(file: &mut (impl Read + Seek), length: u64) -> std::io::Result<Head> {
    let mut offset = 0;
    while offset < length {
        let bytes = read_at(file, offset, PREFIX)?;
        if bytes.starts_with(&SIGNATURE) {
            return Ok(end_of_file(&bytes));
        }
        offset = if offset == 0 { 512 } else { offset * 2 };
    }
    Ok(Head::Other {
        start: read_at(file, 0, 32)?,
    })
}

/// Up to `count` bytes from `offset`; fewer where the file ends.
fn read_at(file: &mut (impl Read + Seek), offset: u64, count: usize) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::with_capacity(count);
    file.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The end-of-file address of a superblock of version 0 to 3.
///
/// Versions 0 and 1 hold the address size at byte 13 and the addresses from byte 24 or 28 (base,
/// free space, end); versions 2 and 3 hold the size at 9 and the addresses from 12 (base,
/// extension, end).
fn end_of_file(superblock: &[u8]) -> Head {
    let Some(&version) = superblock.get(8) else {
        return Head::Short;
    };
    let (size_at, addresses_at) = match version {
        0 => (13, 24),
        1 => (13, 28),
        2 | 3 => (9, 12),
        _ => return Head::Hdf5 { end: None },
    };
    let Some(&size) = superblock.get(size_at) else {
        return Head::Short;
    };
    let size = usize::from(size);
    if !matches!(size, 2 | 4 | 8) {
        return Head::Hdf5 { end: None };
    }
    let at = addresses_at + 2 * size;
    let Some(address) = superblock.get(at..at + size) else {
        return Head::Short;
    };
    if address.iter().all(|&b| b == 0xff) {
        return Head::Hdf5 { end: None };
    }
    let end = address.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
    Head::Hdf5 { end: Some(end) }
}

/// The first bytes of a file as quoted text, or in hex where they are not text.
fn describe(start: &[u8]) -> String {
    let line = start.split(|&b| b == b'\n').next().unwrap_or(start);
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    if !text.is_empty() && text.chars().all(|c| !c.is_control() && c != '\u{fffd}') {
        return format!("\"{text}\"");
    }
    let hex: Vec<String> = start.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("the bytes {}", hex.join(" "))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn version_2(end: u64) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([2, 8, 8, 0]);
        for address in [0, u64::MAX, end] {
            bytes.extend(address.to_le_bytes());
        }
        bytes
    }

    fn head(bytes: Vec<u8>) -> Head {
        let length = bytes.len() as u64;
        inspect_head(&mut Cursor::new(bytes), length).unwrap()
    }

    #[test]
    fn the_end_of_file_address_is_read_behind_a_userblock() {
        for userblock in [0, 512, 1024, 4096] {
            let mut bytes = vec![b' '; userblock];
            bytes.extend(version_2(77));
            assert_eq!(head(bytes), Head::Hdf5 { end: Some(77) });
        }
    }

    #[test]
    fn old_superblocks_hold_it_further_on() {
        for (version, padding) in [(0_u8, 10), (1, 14)] {
            let mut bytes = SIGNATURE.to_vec();
            bytes.extend([version, 0, 0, 0, 0, 4]);
            bytes.extend(vec![0; padding]);
            for address in [0_u32, u32::MAX, 123_456] {
                bytes.extend(address.to_le_bytes());
            }
            assert_eq!(head(bytes), Head::Hdf5 { end: Some(123_456) });
        }
    }

    #[test]
    fn a_file_cut_anywhere_in_its_superblock_is_short() {
        for length in 8..version_2(1).len() {
            assert_eq!(head(version_2(1)[..length].to_vec()), Head::Short);
        }
    }

    #[test]
    fn other_files_are_described_by_their_start() {
        assert_eq!(describe(b"<!DOCTYPE html>\n<html>"), "\"<!DOCTYPE html>\"");
        assert_eq!(describe(b"PK\x03\x04"), "the bytes 50 4b 03 04");
        assert_eq!(describe(b"\n\n"), "the bytes 0a 0a");
    }
}
