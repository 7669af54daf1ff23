//! The first look at a granule: is the path a whole HDF5 file?
//!
//! On the line: before `file.rs` hands the path to libhdf5, whose own errors for these cases name
//! neither the cause nor the remedy. Layout: HDF5 File Format Specification, section II.A.

use std::path::Path;

use std::sync::Arc;

use crate::source::{self, Bytes, FileBytes, is_object, read_up_to};
use crate::{Error, Result};

const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";
/// Longest superblock prefix that holds the end-of-file address: version 1 with 8-byte addresses.
const PREFIX: usize = 28 + 3 * 8;
/// Bytes in which a signature is looked for at places where none may be.
const SEARCHED: usize = 1 << 20;

/// A file that is HDF5 by its superblock.
#[derive(Debug)]
pub(super) struct Checked {
    /// What is odd about it, but does not make it unreadable.
    pub odd: Option<String>,
    /// Why libhdf5 may fail to open it, and the remedy.
    pub doubt: Option<String>,
}

/// Opens a regular file, and checks that it is HDF5 and as long as its superblock says.
pub(super) fn check(path: &Path) -> Result<(Checked, Arc<dyn Bytes>)> {
    let refuse = |message: String| Error::granule(path.display().to_string(), message);
    if is_object(path) {
        return of_object(path);
    }
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
    let file = FileBytes::open(path).map_err(|e| Error::io("open", path, e))?;
    let head = inspect_head(&file).map_err(|e| Error::io("read", path, e))?;
    let checked = head.judge(file.length()).map_err(refuse)?;
    Ok((checked, Arc::new(file)))
}

/// The same of an object, whose own words say what is wrong with reading it.
fn of_object(path: &Path) -> Result<(Checked, Arc<dyn Bytes>)> {
    let refuse = |message: String| Error::granule(path.display().to_string(), message);
    let unread = |error: std::io::Error| refuse(error.to_string());
    let bytes = source::open(path).map_err(unread)?;
    let head = inspect_head(&*bytes).map_err(unread)?;
    let checked = head.judge(bytes.length()).map_err(refuse)?;
    Ok((checked, bytes))
}

/// Whether a file has the signature of HDF5 where there may be one.
pub fn looks_like_hdf5(path: &Path) -> bool {
    let head = FileBytes::open(path).and_then(|file| inspect_head(&file));
    matches!(head, Ok(Head::Hdf5 { .. } | Head::Short))
}

/// What the head of a file says.
#[derive(Debug, PartialEq, Eq)]
enum Head {
    Hdf5(Superblock),
    /// The file ends within the superblock.
    Short,
    /// The signature is where none may be, behind so many bytes.
    Behind {
        bytes: u64,
        start: Vec<u8>,
    },
    Other {
        start: Vec<u8>,
    },
}

impl Head {
    /// What it says of a file of so many bytes, or why that is none to read.
    fn judge(self, length: u64) -> Result<Checked, String> {
        match self {
            Self::Hdf5(superblock) => superblock.judge(length),
            Self::Short => Err(format!(
                "is truncated: the file has {length} bytes and ends within its superblock; \
                 fetch it again"
            )),
            Self::Other { .. } if length == 0 => {
                Err("is not HDF5: the file is empty; fetch it again".into())
            }
            Self::Behind { bytes, start } => Err(format!(
                "has {bytes} bytes in front of its HDF5 signature, which stands at 0, 512, 1024, 2048 or so \
                 on in a file; they begin with {}: cut them off, as with tail -c +{}",
                describe(&start),
                bytes + 1
            )),
            Self::Other { start } => Err(format!(
                "is not HDF5: the file starts with {}; give an HDF5 granule",
                describe(&start)
            )),
        }
    }
}

/// What a superblock says of its file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Superblock {
    /// Where it is.
    at: u64,
    /// Where it was when it was written: the end of a userblock. Addresses are counted from there.
    base: Option<u64>,
    /// Address of the first byte past the file's data, where the superblock is understood.
    end: Option<u64>,
    /// It is marked as open for writing: so it is while a program writes to it, and after that
    /// program has crashed.
    unclosed: bool,
}

impl Superblock {
    /// Whether the file can be whole.
    fn judge(&self, length: u64) -> Result<Checked, String> {
        let moved = |end: u64| match self.base {
            Some(base) => (end + self.at).saturating_sub(base),
            None => end,
        };
        let end = self.end.map(moved);
        let unclosed = |what: &str| {
            format!(
                "was not closed by the program that wrote it: its superblock is marked as open for \
                 writing{what}; if that program still runs, wait for it, and if it crashed, write \
                 the file again, or clear the mark of a copy with h5clear -s and look what is in it"
            )
        };
        if let Some(end) = end.filter(|&end| end > length) {
            return Err(if self.unclosed {
                unclosed(&format!(
                    ", and says {end} bytes where the file has {length}"
                ))
            } else {
                format!(
                    "is truncated: the file has {length} bytes, its superblock says {end}; fetch it \
                     again, or where it was written here, write it again"
                )
            });
        }
        let lost = end
            .filter(|&end| end < length)
            .map_or(String::new(), |end| {
                format!(", and knows {end} of the file's {length} bytes")
            });
        let base = self.base.filter(|&base| base > self.at);
        Ok(Checked {
            odd: base.map(|base| {
                format!(
                    "its userblock of {} bytes was cut off; it is read without",
                    base - self.at
                )
            }),
            doubt: self.unclosed.then(|| unclosed(&lost)),
        })
    }
}

/// Looks for the signature at 0, 512, 1024, 2048, ... and reads the end-of-file address after it.
fn inspect_head(file: &dyn Bytes) -> std::io::Result<Head> {
    let mut offset = 0;
    while offset < file.length() {
        let bytes = read_up_to(file, offset, PREFIX)?;
        if bytes.starts_with(&SIGNATURE) {
            return Ok(superblock(offset, &bytes));
        }
        offset = if offset == 0 { 512 } else { offset * 2 };
    }
    let mut start = read_up_to(file, 0, SEARCHED)?;
    let found = start.windows(SIGNATURE.len()).position(|w| w == SIGNATURE);
    start.truncate(32);
    Ok(match found {
        Some(bytes) => Head::Behind {
            bytes: bytes as u64,
            start,
        },
        None => Head::Other { start },
    })
}

/// A superblock of version 0 to 3.
///
/// Versions 0 and 1 hold the address size at byte 13, the consistency flags from 20, and the
/// addresses from byte 24 or 28 (base, free space, end); versions 2 and 3 hold the size at 9, the
/// flags at 11, and the addresses from 12 (base, extension, end).
fn superblock(at: u64, bytes: &[u8]) -> Head {
    let mut found = Superblock {
        at,
        ..Superblock::default()
    };
    let Some(&version) = bytes.get(8) else {
        return Head::Short;
    };
    let (size_at, flags_at, addresses_at) = match version {
        0 => (13, 20, 24),
        1 => (13, 20, 28),
        2 | 3 => (9, 11, 12),
        _ => return Head::Hdf5(found),
    };
    let (Some(&size), Some(&flags)) = (bytes.get(size_at), bytes.get(flags_at)) else {
        return Head::Short;
    };
    // Of version 2 the flags are not used. Bit 0: open for writing; bit 2: with readers beside.
    found.unclosed = version != 2 && flags & 0b101 != 0;
    let size = usize::from(size);
    if !matches!(size, 2 | 4 | 8) {
        return Head::Hdf5(found);
    }
    let address = |place: usize| {
        let at = addresses_at + place * size;
        let address = bytes.get(at..at + size)?;
        let is_set = address.iter().any(|&b| b != 0xff);
        let number = || address.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        Some(is_set.then(number))
    };
    let (Some(base), Some(end)) = (address(0), address(2)) else {
        return Head::Short;
    };
    (found.base, found.end) = (base, end);
    Head::Hdf5(found)
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
    use super::*;
    use crate::read::in_memory::MemoryBytes;

    fn version_2(end: u64) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([2, 8, 8, 0]);
        for address in [0, u64::MAX, end] {
            bytes.extend(address.to_le_bytes());
        }
        bytes
    }

    fn head(bytes: Vec<u8>) -> Head {
        inspect_head(&MemoryBytes::of(bytes)).unwrap()
    }

    fn found(bytes: Vec<u8>) -> Superblock {
        match head(bytes) {
            Head::Hdf5(superblock) => superblock,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_end_of_file_address_is_read_behind_a_userblock() {
        for userblock in [0, 512, 1024, 4096] {
            let mut bytes = vec![b' '; userblock];
            bytes.extend(version_2(77));
            let superblock = found(bytes);
            assert_eq!(superblock.end, Some(77));
            assert_eq!(superblock.at, userblock as u64);
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
            assert_eq!(found(bytes).end, Some(123_456));
        }
    }

    #[test]
    fn a_file_cut_anywhere_in_its_superblock_is_short() {
        for length in 8..version_2(1).len() {
            assert_eq!(head(version_2(1)[..length].to_vec()), Head::Short);
        }
    }

    #[test]
    fn a_cut_off_userblock_moves_the_end_and_is_no_truncation() {
        let superblock = Superblock {
            at: 0,
            base: Some(512),
            end: Some(1512),
            unclosed: false,
        };
        let checked = superblock.judge(1000).unwrap();
        assert!(checked.odd.unwrap().contains("userblock of 512 bytes"));
        assert!(
            superblock
                .judge(999)
                .unwrap_err()
                .contains("its superblock says 1000")
        );
        let kept = Superblock {
            at: 512,
            ..superblock
        };
        assert!(kept.judge(1512).unwrap().odd.is_none());
    }

    #[test]
    fn a_file_that_its_writer_left_open_is_told_from_a_truncated_one() {
        let superblock = Superblock {
            base: Some(0),
            end: Some(2048),
            unclosed: true,
            ..Superblock::default()
        };
        let doubt = superblock.judge(9000).unwrap().doubt.unwrap();
        assert!(doubt.contains("was not closed") && doubt.contains("h5clear -s"));
        assert!(doubt.contains("knows 2048 of the file's 9000 bytes"));
        let message = superblock.judge(1000).unwrap_err();
        assert!(message.contains("was not closed") && !message.contains("fetch"));
        let mut bytes = version_2(99);
        for (version, flags, unclosed) in [(3, 1, true), (3, 5, true), (3, 0, false), (2, 1, false)]
        {
            (bytes[8], bytes[11]) = (version, flags);
            assert_eq!(found(bytes.clone()).unclosed, unclosed, "{version} {flags}");
        }
    }

    #[test]
    fn a_signature_where_none_may_be_is_found_and_its_place_told() {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        let before = bytes.len() as u64;
        bytes.extend(version_2(99));
        assert!(matches!(head(bytes), Head::Behind { bytes, .. } if bytes == before));
    }

    #[test]
    fn other_files_are_described_by_their_start() {
        assert_eq!(describe(b"<!DOCTYPE html>\n<html>"), "\"<!DOCTYPE html>\"");
        assert_eq!(describe(b"PK\x03\x04"), "the bytes 50 4b 03 04");
        assert_eq!(describe(b"\n\n"), "the bytes 0a 0a");
    }
}
