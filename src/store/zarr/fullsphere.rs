//! The full-sphere layout: one array over all cells of the order, whose index is the nested id.
//!
//! Below `group.rs`; twin of `array.rs`, which writes occupied cells only. A file is a Zarr chunk of
//! the cells of one shard, uncompressed, and only shards with an occupied cell have one:
//!
//! ```text
//!   12/h_mean/c/7   cells 7 * 4^6 .. 8 * 4^6 of order 12, shard 7 of order 6
//! ```
//!
//! With `chunk_inner`, the file is a Zarr shard (`sharding_indexed`, index at the end) of the inner
//! chunks that have an occupied cell. Cells arrive ascending and leave at once: what is held in
//! memory is a buffer, however large a shard is.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zarrs::array::codec::Crc32cCodec;
use zarrs::array::{BytesToBytesCodecTraits, CodecOptions};

use super::array::{WriteFailure, create_folder, put_document, write_document};
use super::by_step::StepsWriter;
use super::metadata::ArrayLayout;
use crate::config::GridConfig;
use crate::digest::hex;
use crate::finalize::StoreSchema;
use crate::grid::Order;
use crate::store::content::ContentHash;

/// Bytes of one Zarr chunk or index: readers hold them in memory whole.
const CHUNK_LIMIT: u128 = 1 << 31;

/// Writes one array over the whole sphere.
#[derive(Debug)]
pub struct FullSphereWriter {
    layout: ArrayLayout,
    folder: PathBuf,
    grid: GridConfig,
    /// One cell without photons.
    fill: Vec<u8>,
    /// Cells of an inner chunk; without `chunk_inner`, of a shard.
    chunk_cells: u64,
    /// Inner chunks of a shard.
    per_shard: u64,
    /// Whether the array is over the cells of one shard only.
    is_leaf: bool,
    open: Option<OpenFile>,
    hash: Sha256,
}

/// The file of a shard.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    file: BufWriter<File>,
    shard: u64,
    /// The inner chunk that is filling, and how many of its cells are written.
    chunk: u64,
    cells: u64,
    /// Bytes so far.
    length: u64,
    /// Offset and length of each inner chunk; 2^64 - 1 twice where it is not stored.
    index: Vec<[u64; 2]>,
}

impl FullSphereWriter {
    /// A writer of the array in `folder`, which it creates when needed.
    ///
    /// # Errors
    /// In words, if a Zarr chunk would be too large to be read.
    pub fn new(layout: ArrayLayout, folder: PathBuf, grid: GridConfig) -> Result<Self, String> {
        let chunk_order = grid.chunk_order.unwrap_or(grid.shard_order);
        let within = |outer: Order, inner: Order| u128::from(grid.kind.within(outer, inner));
        let chunk = within(chunk_order, grid.cell_order) * layout.cell_bytes() as u128;
        let index = within(grid.shard_order, chunk_order) * 16;
        if chunk.max(index) > CHUNK_LIMIT {
            return Err(format!(
                "{} would have Zarr chunks of {chunk} bytes, and an index of {index} bytes in each \
                 file, in the fullsphere layout (shards of order {}, chunks of order {chunk_order}, \
                 cells of order {}); at most {CHUNK_LIMIT} are allowed; choose another chunk_inner or \
                 the cells layout",
                layout.name, grid.shard_order, grid.cell_order
            ));
        }
        Ok(Self {
            fill: layout.fill_of_a_cell(),
            layout,
            folder,
            grid,
            chunk_cells: within(chunk_order, grid.cell_order) as u64,
            per_shard: within(grid.shard_order, chunk_order) as u64,
            is_leaf: false,
            open: None,
            hash: Sha256::new(),
        })
    }

    /// The same over the cells of one shard, which is the only one that cells come of.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_leaf(layout: ArrayLayout, folder: PathBuf, grid: GridConfig) -> Result<Self, String> {
        let chunk_order = grid.chunk_order.filter(|chunk| *chunk > grid.shard_order);
        let grid = GridConfig {
            chunk_order,
            ..grid
        };
        let writer = Self::new(layout, folder, grid)?;
        Ok(Self {
            is_leaf: true,
            ..writer
        })
    }

    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends cells, their values as little-endian bytes.
    pub fn push(&mut self, ids: &[u64], bytes: &[u8]) -> Result<(), WriteFailure> {
        self.hash.update(bytes);
        let width = self.layout.cell_bytes();
        if width == 0 {
            return Ok(());
        }
        for (&id, value) in ids.iter().zip(bytes.chunks_exact(width)) {
            self.put(id, value)?;
        }
        Ok(())
    }

    fn put(&mut self, id: u64, value: &[u8]) -> Result<(), WriteFailure> {
        let (shard, chunk) = (id / self.shard_cells(), id / self.chunk_cells);
        if self.open.as_ref().is_none_or(|open| open.shard != shard) {
            self.close()?;
            self.open = Some(self.create(shard, chunk)?);
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.chunk != chunk {
            open.end_chunk(self.chunk_cells, &self.fill)?;
            open.chunk = chunk;
        }
        let offset = id % self.chunk_cells;
        open.fill_up(offset - open.cells, &self.fill)?;
        open.write(value)?;
        open.cells = offset + 1;
        Ok(())
    }

    /// Writes what is missing of the last file, and the metadata.
    pub fn finish(mut self) -> Result<ContentHash, WriteFailure> {
        self.close()?;
        create_folder(&self.folder)?;
        if self.is_leaf {
            put_document(&self.folder, &self.document())?;
        } else {
            write_document(&self.folder, &self.document())?;
        }
        Ok(ContentHash {
            array: self.layout.name,
            dtype: self.layout.dtype,
            sha256: hex(&self.hash.finalize()),
        })
    }

    fn document(&self) -> Value {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let codecs = if self.grid.chunk_order.is_some() {
            json!([{"name": "sharding_indexed", "configuration": {
                "chunk_shape": self.layout.cut(self.chunk_cells),
                "codecs": [bytes],
                "index_codecs": [bytes, {"name": "crc32c"}],
                "index_location": "end",
            }}])
        } else {
            json!([bytes])
        };
        let cells = if self.is_leaf {
            self.shard_cells()
        } else {
            self.grid.cells()
        };
        self.layout.node(cells, self.shard_cells(), &codecs)
    }

    fn shard_cells(&self) -> u64 {
        self.chunk_cells * self.per_shard
    }

    fn create(&self, shard: u64, chunk: u64) -> Result<OpenFile, WriteFailure> {
        let place = if self.is_leaf { 0 } else { shard };
        let path = self.folder.join(self.layout.shard_path(place));
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let file = File::create(&path).map_err(|source| failure(&path, source))?;
        Ok(OpenFile {
            file: BufWriter::new(file),
            path,
            shard,
            chunk,
            cells: 0,
            length: 0,
            index: vec![[u64::MAX; 2]; self.per_shard as usize],
        })
    }

    fn close(&mut self) -> Result<(), WriteFailure> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        open.end_chunk(self.chunk_cells, &self.fill)?;
        if self.grid.chunk_order.is_some() {
            open.write_index()?;
        }
        let file = &mut open.file;
        file.flush().map_err(|source| failure(&open.path, source))
    }
}

impl OpenFile {
    /// Completes the inner chunk, and notes where it lies.
    fn end_chunk(&mut self, chunk_cells: u64, fill: &[u8]) -> Result<(), WriteFailure> {
        self.fill_up(chunk_cells - self.cells, fill)?;
        let bytes = chunk_cells * fill.len() as u64;
        let place = self.chunk as usize % self.index.len();
        self.index[place] = [self.length, bytes];
        self.length += bytes;
        self.cells = 0;
        Ok(())
    }

    /// Writes so many cells without photons.
    fn fill_up(&mut self, cells: u64, fill: &[u8]) -> Result<(), WriteFailure> {
        /// Cells written at a time.
        const RUN: u64 = 1 << 10;
        let run = fill.repeat(cells.min(RUN) as usize);
        let mut left = cells;
        while left > 0 {
            let now = left.min(RUN);
            self.write(&run[..now as usize * fill.len()])?;
            left -= now;
        }
        Ok(())
    }

    fn write_index(&mut self) -> Result<(), WriteFailure> {
        let words = self.index.iter().flatten();
        let index: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
        let encoded = Crc32cCodec::new()
            .encode(index.into(), &CodecOptions::default())
            .map_err(|error| failure(&self.path, io::Error::other(error)))?;
        self.write(&encoded)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteFailure> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| failure(&self.path, source))
    }
}

/// Refuses, in words, a grid whose Zarr chunks would be too large to be read: before anything is
/// computed.
pub fn check(schema: &StoreSchema) -> Result<(), String> {
    for output in &schema.arrays {
        if output.kind.is_ragged() {
            return Err(format!(
                "{} is a list of centroids for each cell, which the fullsphere layout does not hold; use the cells or \
                 the hive layout",
                output.name
            ));
        }
        let layout = ArrayLayout::output(output)?;
        match schema.steps.as_ref().filter(|_| layout.at_steps) {
            Some(steps) => {
                StepsWriter::of_sphere(layout, PathBuf::new(), schema.grid, steps)?;
            }
            None => {
                FullSphereWriter::new(layout, PathBuf::new(), schema.grid)?;
            }
        }
    }
    Ok(())
}

pub fn failure(path: &Path, source: io::Error) -> WriteFailure {
    WriteFailure {
        path: path.to_path_buf(),
        source,
    }
}
