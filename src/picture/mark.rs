//! What a picture is written as, and the mark of who drew it: of PNG a text chunk `Software: icefold` after the header, of SVG
//! and PDF a comment at the beginning.
//!
//! By it icefold knows the pictures that it may overwrite. Source: PNG (third edition), 11.3.3.2 `tEXt`, and
//! Annex D for the CRC.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::place::{Artefact, Folder};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Signature, and the header chunk: length, type, 13 bytes, CRC.
const HEADER: usize = SIGNATURE.len() + 4 + 4 + 13 + 4;
const TEXT: &[u8] = b"tEXtSoftware\0icefold";
/// How SVG files begin.
pub const SVG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Software: icefold -->\n";
/// How PDF files begin; the second line says that there are bytes beyond ASCII.
pub const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n% Software: icefold\n";

/// What a picture is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Png,
    Svg,
    Pdf,
}

impl Format {
    /// The one that a name ends in.
    pub fn named(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            "pdf" => Some(Self::Pdf),
            _ => None,
        }
    }

    /// The one of a file: PNG where its name says nothing.
    #[cfg(feature = "picture")]
    pub fn of(path: &Path) -> Self {
        Self::named(path).unwrap_or(Self::Png)
    }
}

/// A PNG with the mark.
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
    let of_png = HEADER + mark.len();
    let length = of_png.max(SVG.len()).max(PDF.len()) as u64;
    let read = File::open(path).and_then(|file| file.take(length).read_to_end(&mut start));
    let is_png = start.starts_with(SIGNATURE) && start.get(HEADER..of_png) == Some(&mark[..]);
    read.is_ok() && (is_png || start.starts_with(SVG.as_bytes()) || start.starts_with(PDF))
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
    use super::super::png::Image;
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
