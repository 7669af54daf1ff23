//! The mark of who wrote a GeoTIFF: the text of its tag `Software`, which stands right behind the header.
//!
//! By it icefold knows the files that it may overwrite.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::place::{Artefact, Folder};

/// What the text begins with.
const NAME: &[u8] = b"icefold ";
/// The first bytes of a file whose places have 32 bits, and of one where they have 64, with all up to the text.
const STARTS: [(&[u8], usize); 2] = [(b"II\x2a\0", 8), (b"II\x2b\0", 16)];

/// Files for GIS programs.
pub const GEOTIFF: Artefact = Artefact {
    noun: "GeoTIFF",
    needs_flag: true,
    folder: Folder::Made,
    wrote: wrote_geotiff,
};

/// The text with the NUL that ends it in a file.
pub(super) fn software() -> Vec<u8> {
    format!("icefold {}\0", env!("CARGO_PKG_VERSION")).into_bytes()
}

/// Whether a file is one that icefold wrote.
fn wrote_geotiff(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    let is_marked = |&(first, at): &(&[u8], usize)| {
        let text = start.get(at..);
        start.starts_with(first) && text.is_some_and(|text| text.starts_with(NAME))
    };
    read.is_ok() && STARTS.iter().any(is_marked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_what_stands_behind_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tif");
        let files: [(Vec<u8>, bool); 4] = [
            ([b"II\x2a\0....", &software()[..]].concat(), true),
            ([b"II\x2b\0............", &software()[..]].concat(), true),
            ([b"II\x2a\0....", &b"GDAL 3.12"[..]].concat(), false),
            (b"II\x2a\0".to_vec(), false),
        ];
        for (bytes, expected) in files {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(wrote_geotiff(&path), expected);
        }
    }
}
