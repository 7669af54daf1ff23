//! Levels of a picture as one TIFF, laid out for reading through a network: all that is said of tiles stands at the front,
//! then the tiles, those of the coarsest level first.
//!
//! Under `of_store.rs`. Sources: TIFF 6.0, BigTIFF as in libtiff's design page, and the Cloud Optimized GeoTIFF standard
//! (OGC 21-026). A file beyond 4 GB has places of 64 bits.
//!
//! ```text
//!   header  text of the mark | tags of the finest level, their values | ... of the coarsest | its tiles ... finest tiles
//! ```

use super::mark::software;
use super::pyramid::Level;
use super::tags::{Picture, Tag, Values, tags};

/// What has to begin at a whole word.
const WORD: usize = 8;

/// How long places are.
#[derive(Debug, Clone, Copy)]
struct Width {
    /// Bytes of a place.
    place: usize,
    /// Bytes of the count of tags, and of a tag.
    count: usize,
    tag: usize,
    header: usize,
}

const CLASSIC: Width = Width {
    place: 4,
    count: 2,
    tag: 12,
    header: 8,
};
const BIG: Width = Width {
    place: 8,
    count: 8,
    tag: 20,
    header: 16,
};

/// The file. Levels are from the finest to the coarsest.
pub fn file(picture: &Picture, levels: &[Level]) -> Vec<u8> {
    let bytes: u64 = levels
        .iter()
        .flat_map(|level| &level.blobs)
        .map(|blob| blob.len() as u64)
        .sum();
    // Tags of a level are a few bytes a tile, and some for each of at most 65,535 bands.
    let tiles: u64 = levels.iter().map(|level| level.tiles.len() as u64).sum();
    let is_small = bytes + 32 * tiles + (1 << 28) < u64::from(u32::MAX);
    of_width(picture, levels, if is_small { CLASSIC } else { BIG })
}

fn of_width(picture: &Picture, levels: &[Level], width: Width) -> Vec<u8> {
    let mark = software();
    let of_levels: Vec<Vec<Tag>> = (levels.iter().enumerate())
        .map(|(i, level)| tags(picture, level, i == 0))
        .collect();
    // Where each directory begins, and behind the last of them the tiles.
    let mut begins = vec![aligned(width.header + mark.len())];
    for (level, tags) in levels.iter().zip(&of_levels) {
        let before = begins[begins.len() - 1];
        begins.push(before + width.directory(tags, level.tiles.len()));
    }
    let mut at = begins[levels.len()] as u64;
    let mut places = vec![Vec::new(); levels.len()];
    for (level, places) in levels.iter().zip(&mut places).rev() {
        for blob in &level.blobs {
            places.push(at);
            at += aligned(blob.len()) as u64;
        }
    }
    let mut out = width.opening(begins[0]);
    out.extend(mark);
    pad(&mut out);
    for (i, (level, tags)) in levels.iter().zip(&of_levels).enumerate() {
        let next = if i + 1 < levels.len() {
            begins[i + 1]
        } else {
            0
        };
        width.write_directory(&mut out, tags, (level, &places[i]), next);
    }
    for blob in levels.iter().rev().flat_map(|level| &level.blobs) {
        out.extend(blob);
        pad(&mut out);
    }
    out
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(WORD)
}

fn pad(out: &mut Vec<u8>) {
    out.resize(aligned(out.len()), 0);
}

impl Width {
    fn is_big(self) -> bool {
        self.place == 8
    }

    /// Little-endian, of this version, and where the first directory is.
    fn opening(self, first: usize) -> Vec<u8> {
        let mut out = b"II".to_vec();
        if self.is_big() {
            out.extend([43, 0, 8, 0, 0, 0]);
        } else {
            out.extend([42, 0]);
        }
        self.put(&mut out, first as u64);
        out
    }

    /// A number as wide as places are.
    fn put(self, out: &mut Vec<u8>, number: u64) {
        out.extend(&number.to_le_bytes()[..self.place]);
    }

    /// The type of a tag's values, and bytes of one.
    fn kind(self, values: &Values) -> (u16, usize) {
        match values {
            Values::Text(_) | Values::Mark => (2, 1),
            Values::Shorts(_) => (3, 2),
            Values::Doubles(_) => (12, 8),
            Values::Places if self.is_big() => (16, 8),
            Values::Longs(_) | Values::Lengths | Values::Places => (4, 4),
        }
    }

    /// Bytes of a tag's values.
    fn length(self, values: &Values, tiles: usize) -> usize {
        values.count(tiles) * self.kind(values).1
    }

    /// Bytes of a directory, and of the values that have no room in it.
    fn directory(self, tags: &[Tag], tiles: usize) -> usize {
        let own = aligned(self.count + tags.len() * self.tag + self.place);
        let far = tags.iter().filter(|(_, values)| *values != Values::Mark);
        let far = far
            .map(|(_, values)| self.length(values, tiles))
            .filter(|length| *length > self.place);
        own + far.map(aligned).sum::<usize>()
    }

    fn write_directory(self, out: &mut Vec<u8>, tags: &[Tag], of: (&Level, &[u64]), next: usize) {
        let tiles = of.0.tiles.len();
        let begin = out.len();
        let mut far_at = begin + aligned(self.count + tags.len() * self.tag + self.place);
        let mut far = Vec::new();
        out.extend(&(tags.len() as u64).to_le_bytes()[..self.count]);
        for (number, values) in tags {
            out.extend(number.to_le_bytes());
            out.extend(self.kind(values).0.to_le_bytes());
            self.put(out, values.count(tiles) as u64);
            if *values == Values::Mark {
                self.put(out, self.header as u64);
                continue;
            }
            let mut bytes = self.bytes(values, of);
            if bytes.len() <= self.place {
                bytes.resize(self.place, 0);
                out.extend(bytes);
                continue;
            }
            self.put(out, far_at as u64);
            bytes.resize(aligned(bytes.len()), 0);
            far_at += bytes.len();
            far.extend(bytes);
        }
        self.put(out, next as u64);
        pad(out);
        out.extend(far);
    }

    fn bytes(self, values: &Values, (level, places): (&Level, &[u64])) -> Vec<u8> {
        let mut out = Vec::new();
        match values {
            Values::Text(text) => out.extend(text),
            Values::Mark => {}
            Values::Shorts(values) => {
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            Values::Longs(values) => {
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            Values::Doubles(values) => {
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            Values::Places => level
                .tiles
                .iter()
                .for_each(|&tile| self.put(&mut out, places[tile])),
            Values::Lengths => {
                let lengths = level
                    .tiles
                    .iter()
                    .map(|&tile| level.blobs[tile].len() as u32);
                out.extend(lengths.flat_map(u32::to_le_bytes));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::pyramid::{Cells, Sample};
    use super::*;
    use crate::config::Dtype;
    use crate::grid::Crs;

    /// A reader of TIFF, as short as it can be: the tags of each directory as numbers.
    fn directories(bytes: &[u8]) -> Vec<Vec<(u16, Vec<u64>)>> {
        let width = if bytes[2] == 42 { CLASSIC } else { BIG };
        let number = |at: usize, size: usize| -> u64 {
            (0..size)
                .rev()
                .fold(0, |all, i| all << 8 | u64::from(bytes[at + i]))
        };
        let mut at = number(width.header - width.place, width.place) as usize;
        let mut found = Vec::new();
        while at > 0 {
            let tags = number(at, width.count) as usize;
            let first = at + width.count;
            let tag = |i: usize| {
                let at = first + i * width.tag;
                let size = match number(at + 2, 2) {
                    2 => 1,
                    3 => 2,
                    4 => 4,
                    12 | 16 => 8,
                    other => panic!("type {other}"),
                };
                let count = number(at + 4, width.place) as usize;
                let mut values = at + 4 + width.place;
                if count * size > width.place {
                    values = number(values, width.place) as usize;
                }
                let values = (0..count)
                    .map(|i| number(values + i * size, size))
                    .collect();
                (number(at, 2) as u16, values)
            };
            found.push((0..tags).map(tag).collect::<Vec<(u16, Vec<u64>)>>());
            at = number(first + tags * width.tag, width.place) as usize;
        }
        found
    }

    #[test]
    fn tags_lead_to_tiles_in_files_of_both_widths() {
        let picture = Picture {
            dtype: Dtype::I16,
            bands: vec![None, Some("a < b".to_owned())],
            nodata: Some("-1".to_owned()),
            crs: Crs::named("EPSG:3413").unwrap(),
            corner: [-1000.0, 2000.0],
            cell: [10.0, 20.0],
            about: vec![("units", "m".to_owned())],
        };
        let sample = Sample {
            size: 2,
            bands: 2,
            fill: vec![255; 2],
        };
        let cells = Cells {
            shape: [600, 700],
            places: vec![[0, 0], [599, 699]],
            values: vec![1, 0, 2, 0, 3, 0, 4, 0],
        };
        let levels = [cells.level(&sample), cells.halved().level(&sample)];
        for width in [CLASSIC, BIG] {
            let bytes = of_width(&picture, &levels, width);
            let found = directories(&bytes);
            assert_eq!(found.len(), 2);
            let at = |level: usize, number: u16| -> &[u64] {
                let tags = &found[level];
                assert!(tags.is_sorted_by_key(|(number, _)| *number));
                &tags.iter().find(|(tag, _)| *tag == number).unwrap().1
            };
            assert_eq!((at(0, 256), at(0, 257)), (&[700][..], &[600][..]));
            assert_eq!((at(1, 256), at(1, 257)), (&[350][..], &[300][..]));
            assert_eq!(
                at(0, 34_735)[4..],
                [1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 3413]
            );
            assert_eq!(at(0, 33_922)[4], 2000f64.to_bits());
            let mut inflate = libdeflater::Decompressor::new();
            let mut raw = vec![0; 2 * 512 * 512];
            // Four tiles of each band, of which the outer two have a cell.
            for (tile, place, value) in [
                (0, 0, 1),
                (3, 87 * 512 + 187, 3),
                (4, 0, 2),
                (7, 87 * 512 + 187, 4),
            ] {
                let (from, length) = (at(0, 324)[tile] as usize, at(0, 325)[tile] as usize);
                inflate
                    .zlib_decompress(&bytes[from..from + length], &mut raw)
                    .unwrap();
                assert_eq!(raw[2 * place..2 * place + 2], [value, 0]);
                assert_eq!(raw[2 * 5..2 * 5 + 2], [255, 255]);
            }
            // The coarser level comes first, and all of it is before the finer one.
            assert!(at(1, 324).iter().max() < at(0, 324).iter().min());
            let mark: Vec<u8> = at(0, 305).iter().map(|&byte| byte as u8).collect();
            assert_eq!(mark, software());
        }
    }
}
