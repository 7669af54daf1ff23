//! One Zarr array over steps of time and cells, written as cells come: Zarr chunks of one step each, and only those
//! with a value.
//!
//! Below `group.rs`; a twin of `array.rs` and `fullsphere.rs`, which write arrays without steps. A cell has values at
//! few of the steps, and a Zarr chunk of which every value is the fill value is not stored; nor is a Zarr shard (a
//! file) without chunks:
//!
//! ```text
//!   12/h_mean/c/3/0   step 3, cells 0 to 64 chunks of them
//! ```
//!
//! Cells ascend, so the chunks that fill are those of one stretch of cells, at most one for each step. Files are open
//! only while something is appended to them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zarrs::array::codec::{Crc32cCodec, ZstdCodec};
use zarrs::array::{BytesToBytesCodecTraits, CodecOptions};

use super::array::{WriteFailure, ZSTD_LEVEL, create_folder, write_document};
use super::metadata::ArrayLayout;
use crate::config::GridConfig;
use crate::digest::hex;
use crate::finalize::StoreSteps;
use crate::store::content::ContentHash;

/// Bytes of the Zarr chunks of all steps that may be filling, of one array.
const ROOM: u128 = 1 << 30;

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    /// The number of the cell among those of the store, from 0.
    pub number: u64,
    /// Its place along the dimension of cells.
    pub place: u64,
    /// Its step, from 0.
    pub step: u64,
}

/// Writes one array with steps of time.
#[derive(Debug)]
pub struct StepsWriter {
    layout: ArrayLayout,
    folder: PathBuf,
    cut: Cut,
    steps: u64,
    /// One cell without photons.
    fill: Vec<u8>,
    /// Chunks that are filling, by step, and which they are along the cells.
    filling: BTreeMap<u64, Vec<u8>>,
    chunk: u64,
    /// Files that are not closed, by step, and which they are along the cells.
    files: BTreeMap<u64, OpenFile>,
    file: u64,
    hash: Sha256,
}

/// How an array is cut along its cells, and encoded.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Cells along the dimension, where that is known before.
    cells: Option<u64>,
    chunk_cells: u64,
    chunks: u64,
    /// Chunks are compressed, and have checksums.
    packed: bool,
    /// Files are Zarr shards, with an index at their end.
    indexed: bool,
}

/// A file that more is appended to.
#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    length: u64,
    /// Offset and length of each Zarr chunk; 2^64 - 1 twice where it is not stored.
    index: Vec<[u64; 2]>,
}

impl StepsWriter {
    /// A writer of the array in `folder`, over the cells that come.
    pub fn of_cells(layout: ArrayLayout, folder: PathBuf, steps: &StoreSteps) -> Self {
        let layout = layout.with_steps(steps);
        let cut = Cut {
            cells: None,
            chunk_cells: layout.chunk_cells(),
            chunks: layout.chunks(),
            packed: true,
            indexed: true,
        };
        Self::new(layout, folder, cut, steps.len())
    }

    /// A writer of the array in `folder`, over all cells of the grid.
    ///
    /// # Errors
    /// In words, if Zarr chunks would be too large to fill at the same time.
    pub fn of_sphere(
        layout: ArrayLayout,
        folder: PathBuf,
        grid: GridConfig,
        steps: &StoreSteps,
    ) -> Result<Self, String> {
        let layout = layout.with_steps(steps);
        let chunk_order = grid.chunk_order.unwrap_or(grid.shard_order);
        let chunk_cells = grid.kind.within(chunk_order, grid.cell_order);
        let chunks = grid.kind.within(grid.shard_order, chunk_order);
        // A chunk that is filling, and the index of its file.
        let bytes = u128::from(chunk_cells) * layout.cell_bytes() as u128 + 16 * u128::from(chunks);
        if bytes * u128::from(steps.len()) > ROOM {
            return Err(format!(
                "{} would have Zarr chunks and indices of {bytes} bytes at {} steps in the fullsphere layout, and those of \
                 one place take {ROOM} bytes at most; choose another chunk_inner, fewer steps, or the cells layout",
                layout.name,
                steps.len()
            ));
        }
        let cut = Cut {
            cells: Some(grid.cells()),
            chunk_cells,
            chunks,
            packed: false,
            indexed: grid.chunk_order.is_some(),
        };
        Ok(Self::new(layout, folder, cut, steps.len()))
    }

    fn new(layout: ArrayLayout, folder: PathBuf, cut: Cut, steps: u64) -> Self {
        Self {
            fill: layout.fill.repeat(layout.values.unwrap_or(1) as usize),
            layout,
            folder,
            cut,
            steps,
            filling: BTreeMap::new(),
            chunk: 0,
            files: BTreeMap::new(),
            file: 0,
            hash: Sha256::new(),
        }
    }

    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends values as little-endian bytes; their cells ascend, and steps of each.
    pub fn push(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), WriteFailure> {
        let width = self.fill.len();
        if width == 0 {
            return Ok(());
        }
        for (slot, value) in slots.iter().zip(bytes.chunks_exact(width)) {
            if value == self.fill {
                continue;
            }
            // Where every value is, but for those that are none: so it does not matter how the array is cut.
            let position = slot.number * self.steps + slot.step;
            self.hash.update(position.to_le_bytes());
            self.hash.update(value);
            let chunk = slot.place / self.cut.chunk_cells;
            if chunk != self.chunk {
                self.end_chunks()?;
                self.chunk = chunk;
            }
            let (fill, cells) = (&self.fill, self.cut.chunk_cells as usize);
            let filling = self.filling.entry(slot.step);
            let filling = filling.or_insert_with(|| fill.repeat(cells));
            let at = (slot.place % self.cut.chunk_cells) as usize * width;
            filling[at..at + width].copy_from_slice(value);
        }
        Ok(())
    }

    /// Writes what is filling, and the metadata of an array of so many cells.
    pub fn finish(mut self, cells: u64) -> Result<ContentHash, WriteFailure> {
        self.end_chunks()?;
        self.end_files()?;
        create_folder(&self.folder)?;
        write_document(&self.folder, &self.document(cells))?;
        Ok(ContentHash {
            array: self.layout.name,
            dtype: self.layout.dtype,
            sha256: hex(&self.hash.finalize()),
        })
    }

    fn document(&self, cells: u64) -> Value {
        if self.cut.packed {
            return self.layout.document(cells);
        }
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        let codecs = if self.cut.indexed {
            json!([{"name": "sharding_indexed", "configuration": {
                "chunk_shape": self.layout.cut(self.cut.chunk_cells),
                "codecs": [bytes],
                "index_codecs": [bytes, {"name": "crc32c"}],
                "index_location": "end",
            }}])
        } else {
            json!([bytes])
        };
        let in_file = self.cut.chunk_cells * self.cut.chunks;
        let cells = self.cut.cells.unwrap_or(cells);
        self.layout.node(cells, in_file, &codecs)
    }

    /// Writes the chunks that are filling.
    fn end_chunks(&mut self) -> Result<(), WriteFailure> {
        let file = self.chunk / self.cut.chunks;
        if file != self.file {
            self.end_files()?;
            self.file = file;
        }
        let place = (self.chunk % self.cut.chunks) as usize;
        for (step, chunk) in std::mem::take(&mut self.filling) {
            let path = || self.folder.join(self.layout.shard_path_of_step(step, file));
            let chunks = self.cut.chunks as usize;
            let open = self.files.entry(step);
            let open = open.or_insert_with(|| OpenFile {
                path: path(),
                length: 0,
                index: vec![[u64::MAX; 2]; chunks],
            });
            let bytes = if self.cut.packed {
                packed(&chunk).map_err(|error| open.failure(error))?
            } else {
                chunk
            };
            open.index[place] = [open.length, bytes.len() as u64];
            open.append(&bytes, false)?;
        }
        Ok(())
    }

    /// Makes the files that are not closed whole.
    fn end_files(&mut self) -> Result<(), WriteFailure> {
        for (_, mut open) in std::mem::take(&mut self.files) {
            let mut index: Vec<u8> = Vec::new();
            if self.cut.indexed {
                let words = open.index.iter().flatten();
                index.extend(words.flat_map(|word| word.to_le_bytes()));
                let encoded = Crc32cCodec::new().encode(index.into(), &CodecOptions::default());
                let encoded = encoded.map_err(|error| open.failure(io::Error::other(error)))?;
                index = encoded.into_owned();
            }
            open.append(&index, true)?;
        }
        Ok(())
    }
}

impl OpenFile {
    /// Writes bytes at the end, and makes all of the file durable where it is whole.
    fn append(&mut self, bytes: &[u8], whole: bool) -> Result<(), WriteFailure> {
        let folder = self.path.parent().map(create_folder);
        folder.transpose()?;
        let written = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                if whole { file.sync_all() } else { Ok(()) }
            });
        self.length += bytes.len() as u64;
        written.map_err(|source| self.failure(source))
    }

    fn failure(&self, source: io::Error) -> WriteFailure {
        WriteFailure {
            path: self.path.clone(),
            source,
        }
    }
}

/// A chunk as the codecs of the cells layout have it.
fn packed(chunk: &[u8]) -> io::Result<Vec<u8>> {
    let options = CodecOptions::default();
    ZstdCodec::new(ZSTD_LEVEL, false)
        .encode(Cow::Borrowed(chunk), &options)
        .and_then(|compressed| Crc32cCodec::new().encode(compressed, &options))
        .map(Cow::into_owned)
        .map_err(io::Error::other)
}
