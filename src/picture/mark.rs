//! Who drew a picture: a PNG text chunk `Software: icefold`, behind the header.
//!
//! Source: PNG (third edition), 11.3.3.2 `tEXt`, and Annex D for the CRC. By it icefold knows pictures
//! that it may write over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::place::{Artefact, Folder};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Signature, and the header chunk: length, type, 13 bytes, CRC.
const HEADER: usize = SIGNATURE.len() + 4 + 4 + 13 + 4;
const TEXT: &[u8] = b"tEXtSoftware\0icefold";

/// A picture with the mark.
#[cfg(feature = "picture")]
pub(super) fn marked(png: &[u8]) -> Vec<u8> {
    let (header, rest) = png.split_at(HEADER.min(png.len()));
    [header, &mark(), rest].concat()
}

/// Pictures as files.
pub const PICTURE: Artefact = Artefact {
    noun: "picture",
    needs_flag: false,
    folder: Folder::There,
    wrote: wrote_picture,
};

/// Whether a file is a picture that icefold drew.
fn wrote_picture(path: &Path) -> bool {
    let mark = mark();
    let mut start = Vec::new();
    let length = (HEADER + mark.len()) as u64;
    let read = File::open(path).and_then(|file| file.take(length).read_to_end(&mut start));
    read.is_ok() && start.starts_with(SIGNATURE) && start.ends_with(&mark)
}

/// The chunk: length of its data, type, data, CRC of type and data.
fn mark() -> Vec<u8> {
    let length = (TEXT.len() - 4) as u32;
    [&length.to_be_bytes()[..], TEXT, &crc(TEXT).to_be_bytes()].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

#[cfg(all(test, feature = "picture"))]
mod tests {
    use super::super::canvas::Image;
    use super::*;

    #[test]
    fn a_marked_picture_is_a_picture_and_known() {
        // Check value of the CRC by its definition.
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        let picture = Image::of(3, 2, [1, 2, 3]);
        let png = picture.to_png().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map.png");
        std::fs::write(&path, &png).unwrap();
        assert!(!wrote_picture(&path));
        std::fs::write(&path, marked(&png)).unwrap();
        assert!(wrote_picture(&path));
        assert_eq!(Image::from_png(&std::fs::read(&path).unwrap()), picture);
    }
}
