//! The raster layout: arrays over rows and columns, as they are written.
//!
//! Below `group.rs`, beside `array.rs` and `fullsphere.rs`; `raster_lists.rs` writes lists of values. A file is a Zarr chunk
//! of the cells of one shard, and only shards with an occupied cell have one; where there are steps of time, it is of one
//! step, and only those have one that have a value in the shard:
//!
//! ```text
//!   rectilinear/h_mean/c/2/7      row 2 and column 7 of shards
//!   rectilinear/h_mean/c/3/2/7    at step 3
//! ```
//!
//! With `chunk_inner`, the file is a Zarr shard (`sharding_indexed`, index at the end) of the inner chunks that have a
//! value. Cells of a shard arrive together, so memory holds one shard of an array.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zarrs::array::codec::{Crc32cCodec, ZstdCodec};
use zarrs::array::{BytesToBytesCodecTraits, CodecOptions};

use super::array::{WriteFailure, ZSTD_LEVEL, create_folder, write_document};
use super::by_step::Slot;
use super::fullsphere::failure;
use super::metadata::ArrayLayout;
use crate::digest::hex;
use crate::finalize::{StoreSchema, StoreSteps};
use crate::grid::{Crs, GridConfig, Level, Order, Rectilinear};
use crate::store::content::ContentHash;

/// Bytes of a shard of an array, at all steps of time: they are in memory together.
const ROOM: u128 = 1 << 30;

/// How the rows and columns of an order are cut.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    crs: Crs,
    pub level: Level,
    /// Rows and columns.
    pub shape: [u32; 2],
    /// The same of a file.
    pub block: [u32; 2],
    /// The same of a Zarr chunk in it, where there are several.
    pub inner: Option<[u32; 2]>,
}

/// Writes one array.
#[derive(Debug)]
pub struct RasterWriter {
    layout: ArrayLayout,
    folder: PathBuf,
    cut: Cut,
    /// How many steps of time there are, where it has any.
    steps: Option<u64>,
    /// One cell without photons.
    fill: Vec<u8>,
    /// The shard that is filling, by step.
    shard: u64,
    planes: BTreeMap<u64, Vec<u8>>,
    hash: Sha256,
}

impl Cut {
    /// Of the cells of a grid; `None` of one without rows and columns.
    pub fn of(grid: &GridConfig) -> Option<Self> {
        let order = grid.cell_order;
        grid.kind.rectilinear().map(|grid: Rectilinear| {
            let one = grid.inner() == Some(grid.block(grid.finest_order()));
            Self {
                crs: grid.crs(),
                level: grid.level(order),
                shape: grid.shape(order),
                block: grid.block(order),
                inner: grid.inner_of(order).filter(|_| !one),
            }
        })
    }

    /// The coordinate system as OGC names it.
    pub fn crs_url(&self) -> String {
        format!("http://www.opengis.net/def/crs/EPSG/0/{}", self.crs.code())
    }

    /// Files of cells that are a row and a column of shards.
    pub fn path(&self, shard: u64) -> String {
        let [row, column] = self.level.shard_place(shard);
        format!("{row}/{column}")
    }

    /// Chunks of a file: rows and columns of them.
    pub fn chunks(&self) -> [u32; 2] {
        let inner = self.inner.unwrap_or(self.block);
        [0, 1].map(|side| self.block[side] / inner[side])
    }

    /// Rows and columns of cells in a chunk.
    pub fn chunk(&self) -> [u32; 2] {
        self.inner.unwrap_or(self.block)
    }

    /// The codecs of an array whose chunks have these, with what is before rows and after columns.
    pub fn codecs(&self, chain: &Value, (step, tail): (Option<u64>, Option<u64>)) -> Value {
        let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
        if self.inner.is_none() {
            return chain.clone();
        }
        let sides = self.chunk().map(u64::from);
        let shape: Vec<u64> = step.into_iter().chain(sides).chain(tail).collect();
        json!([{"name": "sharding_indexed", "configuration": {
            "chunk_shape": shape,
            "codecs": chain,
            "index_codecs": [bytes, {"name": "crc32c"}],
            "index_location": "end",
        }}])
    }
}

impl RasterWriter {
    /// A writer of the array in `folder`, which it creates when needed.
    ///
    /// # Errors
    /// In words, a grid without rows and columns, or shards that are too large to be held.
    pub fn new(
        layout: ArrayLayout,
        folder: PathBuf,
        grid: &GridConfig,
        steps: Option<&StoreSteps>,
    ) -> Result<Self, String> {
        let cut =
            Cut::of(grid).ok_or("the raster layout has rows and columns, and the grid has none")?;
        let steps = steps.filter(|_| layout.at_steps);
        let layout = steps.map_or(layout.clone(), |steps| layout.with_steps(steps));
        let count = steps.map(StoreSteps::len);
        let bytes = u128::from(cut.level.of_shard())
            * layout.cell_bytes() as u128
            * u128::from(count.unwrap_or(1).max(1));
        if bytes > ROOM {
            return Err(format!(
                "{} would have {bytes} bytes in a shard of {} x {} cells at all steps of time, and {ROOM} are held at most; \
                 choose a smaller chunk_shape, or fewer steps",
                layout.name, cut.block[0], cut.block[1]
            ));
        }
        Ok(Self {
            fill: layout.fill_of_a_cell(),
            layout,
            folder,
            cut,
            steps: count,
            shard: 0,
            planes: BTreeMap::new(),
            hash: Sha256::new(),
        })
    }

    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends cells, their values as little-endian bytes.
    pub fn push(&mut self, ids: &[u64], bytes: &[u8]) -> Result<(), WriteFailure> {
        self.hash.update(bytes);
        let width = self.fill.len().max(1);
        for (&id, value) in ids.iter().zip(bytes.chunks_exact(width)) {
            self.put(id, 0, value)?;
        }
        Ok(())
    }

    /// The same of cells at steps of time.
    pub fn push_slots(&mut self, slots: &[Slot], bytes: &[u8]) -> Result<(), WriteFailure> {
        let steps = self.steps.unwrap_or(1);
        let width = self.fill.len().max(1);
        for (slot, value) in slots.iter().zip(bytes.chunks_exact(width)) {
            if value == self.fill {
                continue;
            }
            // As `by_step.rs` does, so that equal values have one hash in every layout.
            let position = slot.number * steps + slot.step;
            self.hash.update(position.to_le_bytes());
            self.hash.update(value);
            self.put(slot.place, slot.step, value)?;
        }
        Ok(())
    }

    fn put(&mut self, id: u64, step: u64, value: &[u8]) -> Result<(), WriteFailure> {
        let cells = self.cut.level.of_shard();
        if id / cells != self.shard {
            self.end_shard()?;
            self.shard = id / cells;
        }
        let (fill, width) = (&self.fill, self.fill.len());
        let plane = self.planes.entry(step);
        let plane = plane.or_insert_with(|| fill.repeat(cells as usize));
        let [row, column] = self.cut.level.place(id).map(|place| place as usize);
        let at = (row * self.cut.block[1] as usize + column) * width;
        plane[at..at + width].copy_from_slice(value);
        Ok(())
    }

    fn end_shard(&mut self) -> Result<(), WriteFailure> {
        for (step, plane) in std::mem::take(&mut self.planes) {
            let step = self.steps.map_or(String::new(), |_| format!("{step}/"));
            let tail = self.layout.values.map_or("", |_| "/0");
            let path = format!("c/{step}{}{tail}", self.cut.path(self.shard));
            let path = self.folder.join(path);
            let bytes = encoded(&plane, &self.fill, &self.cut);
            let bytes = bytes.map_err(|source| failure(&path, source))?;
            write(&path, &bytes)?;
        }
        Ok(())
    }

    /// Writes what is filling, and the metadata.
    pub fn finish(mut self) -> Result<ContentHash, WriteFailure> {
        self.end_shard()?;
        create_folder(&self.folder)?;
        let chain = json!([
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": true}},
        ]);
        let document = self.layout.raster_node(&self.cut, &chain);
        write_document(&self.folder, &document)?;
        Ok(ContentHash {
            array: self.layout.name,
            dtype: self.layout.dtype,
            sha256: hex(&self.hash.finalize()),
        })
    }
}

/// Writes a file, with the folders above it.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteFailure> {
    path.parent().map(create_folder).transpose()?;
    File::create(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|source| failure(path, source))
}

/// A chunk, compressed with a checksum.
pub fn packed(chunk: &[u8]) -> io::Result<Vec<u8>> {
    let encoded =
        ZstdCodec::new(ZSTD_LEVEL, true).encode(Cow::Borrowed(chunk), &CodecOptions::default());
    encoded.map(Cow::into_owned).map_err(io::Error::other)
}

/// Chunks one after another, those that there are, with an index of all behind them.
pub fn indexed(chunks: impl Iterator<Item = io::Result<Option<Vec<u8>>>>) -> io::Result<Vec<u8>> {
    let (mut bytes, mut index) = (Vec::new(), Vec::new());
    for chunk in chunks {
        let place = match chunk? {
            None => [u64::MAX; 2],
            Some(chunk) => {
                let place = [bytes.len() as u64, chunk.len() as u64];
                bytes.extend(chunk);
                place
            }
        };
        index.extend(place.into_iter().flat_map(u64::to_le_bytes));
    }
    let index = Crc32cCodec::new().encode(index.into(), &CodecOptions::default());
    bytes.extend_from_slice(&index.map_err(io::Error::other)?);
    Ok(bytes)
}

/// The file of a shard.
fn encoded(plane: &[u8], fill: &[u8], cut: &Cut) -> io::Result<Vec<u8>> {
    if cut.inner.is_none() {
        return packed(plane);
    }
    let ([rows, columns], [high, wide]) = (cut.chunks(), cut.chunk().map(|side| side as usize));
    let line = cut.block[1] as usize * fill.len();
    let chunk = |row: usize, column: usize| -> io::Result<Option<Vec<u8>>> {
        let first = column * wide * fill.len();
        let lines = plane.chunks_exact(line).skip(row * high).take(high);
        let lines = lines.map(|line| &line[first..first + wide * fill.len()]);
        let chunk = lines.collect::<Vec<_>>().concat();
        let is_empty = chunk.chunks_exact(fill.len()).all(|cell| cell == fill);
        (!is_empty).then(|| packed(&chunk)).transpose()
    };
    let places =
        (0..rows as usize).flat_map(|row| (0..columns as usize).map(move |column| (row, column)));
    indexed(places.map(|(row, column)| chunk(row, column)))
}

/// Refuses, in words, coarser orders whose cells are no squares of a power of two.
pub fn check_overviews(schema: &StoreSchema, overviews: &[Order]) -> Result<(), String> {
    let Some(grid) = schema.grid.kind.rectilinear() else {
        return Ok(());
    };
    match overviews
        .iter()
        .find(|order| grid.factor_of_order(**order).is_none())
    {
        None => Ok(()),
        Some(order) => Err(format!(
            "cells of order {order} are the shards of {:?} cells, which are no overview",
            grid.block(grid.finest_order())
        )),
    }
}

/// Refuses, in words, what rows and columns cannot hold: before anything is computed.
pub fn check(schema: &StoreSchema) -> Result<(), String> {
    super::check::check_names(schema, &super::raster_documents::COORDINATES)?;
    for output in &schema.arrays {
        let layout = ArrayLayout::output(output)?;
        RasterWriter::new(layout, PathBuf::new(), &schema.grid, schema.steps.as_ref())?;
    }
    Ok(())
}
