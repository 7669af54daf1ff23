//! Cells by rows and columns as the levels of a picture, each cut into compressed tiles.
//!
//! Between `of_store.rs` and `tiff.rs`. Cells without a value are not listed: a raster of granules has few cells with one.

use std::collections::HashMap;

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;

/// Rows and columns of a tile.
pub const SIDE: u32 = 512;
/// Of 1 to 12, as for the chunks of most programs.
const LEVEL: i32 = 6;

/// Cells that have a value, of a grid of rows and columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    /// Rows and columns of the grid.
    pub shape: [u32; 2],
    /// The row and the column of each, no two the same.
    pub places: Vec<[u32; 2]>,
    /// The values of each: one for each band, little-endian.
    pub values: Vec<u8>,
}

/// How the values of a picture are stored.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Bytes of a value.
    pub size: usize,
    pub bands: usize,
    /// The value of cells that are not listed.
    pub fill: Vec<u8>,
}

/// One size of a picture.
#[derive(Debug)]
pub struct Level {
    /// Rows and columns of cells.
    pub shape: [u32; 2],
    /// Compressed tiles; the first is of nothing but fill values where there is such a one.
    pub blobs: Vec<Vec<u8>>,
    /// Which blob each tile is: by bands, then by rows.
    pub tiles: Vec<usize>,
}

/// Rows and columns of cells twice as wide and high.
pub fn halved(shape: [u32; 2]) -> [u32; 2] {
    shape.map(|side| side.div_ceil(2))
}

impl Cells {
    fn width(&self) -> usize {
        self.values.len() / self.places.len().max(1)
    }

    /// The same with cells twice as wide and high: of each four the first by rows that has a value, as it is.
    pub fn halved(&self) -> Self {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        let key = |i: usize| {
            let [row, column] = self.places[i];
            (row / 2, column / 2, row, column)
        };
        order.sort_unstable_by_key(|&i| key(i));
        order.dedup_by_key(|i| [self.places[*i][0] / 2, self.places[*i][1] / 2]);
        let width = self.width();
        Self {
            shape: halved(self.shape),
            places: order
                .iter()
                .map(|&i| self.places[i].map(|side| side / 2))
                .collect(),
            values: order
                .iter()
                .flat_map(|&i| &self.values[i * width..(i + 1) * width])
                .copied()
                .collect(),
        }
    }

    /// The tiles of these cells.
    pub fn level(&self, sample: &Sample) -> Level {
        let across = self.shape.map(|side| side.div_ceil(SIDE));
        let count = across[0] as usize * across[1] as usize;
        let mut of_tile: HashMap<usize, Vec<usize>> = HashMap::new();
        for (i, [row, column]) in self.places.iter().enumerate() {
            let tile = (row / SIDE) as usize * across[1] as usize + (column / SIDE) as usize;
            of_tile.entry(tile).or_default().push(i);
        }
        let mut some: Vec<(usize, Vec<usize>)> = of_tile.into_iter().collect();
        some.sort_unstable();
        let mut tiles = vec![0; count * sample.bands];
        let mut wanted = Vec::new();
        for band in 0..sample.bands {
            for (tile, cells) in &some {
                wanted.push((band, cells));
                tiles[band * count + tile] = wanted.len();
            }
        }
        let empty = packed(&sample.fill.repeat((SIDE * SIDE) as usize));
        let full = wanted
            .par_iter()
            .map(|(band, cells)| packed(&self.tile(sample, *band, cells)));
        let blobs: Vec<Vec<u8>> = std::iter::once(empty)
            .chain(full.collect::<Vec<_>>())
            .collect();
        Level {
            shape: self.shape,
            blobs,
            tiles,
        }
    }

    /// One band of the tile that these of the cells are in.
    fn tile(&self, sample: &Sample, band: usize, cells: &[usize]) -> Vec<u8> {
        let (size, width) = (sample.size, self.width());
        let mut bytes = sample.fill.repeat((SIDE * SIDE) as usize);
        for &i in cells {
            let [row, column] = self.places[i].map(|side| (side % SIDE) as usize);
            let value = &self.values[i * width + band * size..][..size];
            let at = (row * SIDE as usize + column) * size;
            bytes[at..at + size].copy_from_slice(value);
        }
        bytes
    }
}

/// Deflated, with the header and the checksum of zlib.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let level = CompressionLvl::new(LEVEL).unwrap_or_default();
    let mut compressor = Compressor::new(level);
    let mut packed = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor.zlib_compress(bytes, &mut packed);
    packed.truncate(length.expect("there is as much room as the worst bytes need"));
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells() -> Cells {
        Cells {
            shape: [5, 1030],
            places: vec![[4, 1029], [0, 3], [1, 2], [2, 600], [0, 2]],
            values: vec![1, 2, 3, 4, 5],
        }
    }

    #[test]
    fn of_four_cells_the_first_by_rows_that_has_a_value_is_shown() {
        let half = cells().halved();
        assert_eq!(half.shape, [3, 515]);
        assert_eq!(half.places, [[0, 1], [1, 300], [2, 514]]);
        assert_eq!(half.values, [5, 4, 1]);
    }

    #[test]
    fn every_cell_is_in_its_tile_and_tiles_without_one_are_one() {
        let sample = Sample {
            size: 1,
            bands: 1,
            fill: vec![9],
        };
        let level = cells().level(&sample);
        assert_eq!(level.tiles, [1, 2, 3]);
        let mut raw = vec![0; (SIDE * SIDE) as usize];
        let mut inflate = libdeflater::Decompressor::new();
        let mut at = |blob: usize, row: usize, column: usize| {
            inflate
                .zlib_decompress(&level.blobs[blob], &mut raw)
                .unwrap();
            raw[row * SIDE as usize + column]
        };
        assert_eq!(
            [at(1, 0, 2), at(1, 0, 3), at(1, 1, 2), at(1, 1, 1)],
            [5, 2, 3, 9]
        );
        assert_eq!([at(2, 2, 88), at(3, 4, 5), at(0, 0, 0)], [4, 1, 9]);
        let none = Cells {
            places: Vec::new(),
            values: Vec::new(),
            ..cells()
        };
        assert_eq!(none.level(&sample).tiles, [0, 0, 0]);
    }
}
