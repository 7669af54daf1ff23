//! One leaf of a hive on its way: the cells of a shard, dense, in arrays of their own.
//!
//! Below `write.rs`. Cells arrive ascending and leave at once: an inner chunk is in memory at a time. Chunks without a cell
//! are not stored, and hold fill values: in the coordinate, too.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Write;

use super::super::array::{WriteFailure, create_folder, put_document, put_file};
use super::super::declared;
use super::super::fullsphere::{FullSphereWriter, failure};
use super::super::logical::TreeHashes;
use super::super::metadata::{ArrayLayout, Attributes};
use super::super::ragged::hash_list;
use super::coverage::{self, Occupied};
use super::documents::{self, Cut};
use super::vlen;
use crate::digest::hex;
use crate::finalize::StoreSchema;
use crate::store::origin::Origin;

/// As the specification has it, so that equal lists make equal files.
pub const LEVEL: i32 = 3;

/// The values of some cells on their way into an array.
#[derive(Debug, Clone)]
pub enum Column {
    /// Little-endian bytes, cell after cell.
    Values(Vec<u8>),
    Lists(Vec<Vec<u8>>),
}

/// Writes one leaf.
#[derive(Debug)]
pub struct Leaf {
    pub shard: u64,
    folder: PathBuf,
    schema: StoreSchema,
    words: DenseWriter,
    arrays: Vec<LeafArray>,
    /// Ascending.
    occupied: Vec<u64>,
    /// The last chunk with a cell.
    chunk: Option<u64>,
}

#[derive(Debug)]
enum LeafArray {
    Dense(Box<DenseWriter>),
    Lists(Box<ListsWriter>),
}

/// Writes an array of numbers, and hashes all of it.
#[derive(Debug)]
struct DenseWriter {
    writer: FullSphereWriter,
    /// One cell without photons.
    fill: Vec<u8>,
    hash: Sha256,
    next: u64,
    end: u64,
}

/// Writes an array of lists, and hashes all of it.
#[derive(Debug)]
pub struct ListsWriter {
    name: String,
    folder: PathBuf,
    document: Value,
    cut: Cut,
    /// The chunk that is filling, and its lists by their place.
    chunk: u64,
    lists: Vec<(u64, Vec<u8>)>,
    /// Chunks that are written, each with its place and length.
    file: Option<(File, PathBuf)>,
    length: u64,
    index: Vec<[u64; 2]>,
    hash: Sha256,
    next: u64,
}

impl Leaf {
    /// A leaf in this folder, which has no cell yet.
    ///
    /// # Errors
    /// In words, an output that cannot be stored.
    pub fn new(folder: PathBuf, shard: u64, schema: &StoreSchema) -> Result<Self, String> {
        let grid = schema.grid;
        let group = folder.join(grid.cell_order.to_string());
        let cut = Cut::of_leaf(&grid);
        let arrays = schema.arrays.iter().map(|output| {
            let layout = ArrayLayout::output(output)?.without_mapping();
            if output.kind.is_ragged() {
                let attributes = declared::of_lists(output, layout.attributes());
                let lists = ListsWriter::new(&layout.name, &group, (cut, &attributes));
                return Ok(LeafArray::Lists(Box::new(lists)));
            }
            let dense = DenseWriter::new(layout, &group, (schema, shard))?;
            Ok(LeafArray::Dense(Box::new(dense)))
        });
        Ok(Self {
            shard,
            words: DenseWriter::new(ArrayLayout::words(), &group, (schema, shard))?,
            arrays: arrays.collect::<Result<_, String>>()?,
            schema: schema.clone(),
            folder,
            occupied: Vec::new(),
            chunk: None,
        })
    }

    /// Appends cells, and a column for each output.
    pub fn push(&mut self, ids: &[u64], columns: &[Column]) -> Result<(), WriteFailure> {
        let grid = self.schema.grid;
        let first = self.shard * grid.shard_cells();
        let chunk_cells = Cut::of_leaf(&grid).chunk.unwrap_or(grid.shard_cells());
        for id in ids {
            let chunk = (id - first) / chunk_cells;
            if self.chunk == Some(chunk) {
                continue;
            }
            self.chunk = Some(chunk);
            let start = first + chunk * chunk_cells;
            let cells: Vec<u64> = (start..start + chunk_cells).collect();
            let words = cells.iter();
            let words = words.flat_map(|&cell| grid.kind.key(grid.cell_order, cell).to_le_bytes());
            self.words.push(&cells, &words.collect::<Vec<u8>>())?;
        }
        self.occupied.extend(ids);
        self.arrays
            .par_iter_mut()
            .zip(columns)
            .try_for_each(|(array, column)| match (array, column) {
                (LeafArray::Dense(array), Column::Values(bytes)) => array.push(ids, bytes),
                (LeafArray::Lists(array), Column::Lists(lists)) => {
                    let places = ids.iter().map(|id| id - first);
                    array.push(places, lists)
                }
                _ => Ok(()),
            })
    }

    /// Writes what is pending, and at last what says that the leaf is whole; gives back the hashes of its arrays.
    pub fn finish(self, origin: &Origin) -> Result<TreeHashes, WriteFailure> {
        let grid = self.schema.grid;
        let group = self.folder.join(grid.cell_order.to_string());
        let mut hashes = TreeHashes::default();
        let mut note = |(name, hash): (String, String)| {
            hashes.insert(format!("{}/{name}", grid.cell_order), hash);
        };
        note(self.words.finish()?);
        let arrays = self.arrays.into_par_iter();
        let finished = arrays.map(|array| match array {
            LeafArray::Dense(array) => array.finish(),
            LeafArray::Lists(array) => array.finish(),
        });
        let finished: Vec<_> = finished.collect::<Result<_, _>>()?;
        finished.into_iter().for_each(&mut note);
        put_document(&group, &documents::group(&self.schema, grid.cell_order))?;
        let occupied = Occupied {
            grid,
            shard: self.shard,
            cells: &self.occupied,
        };
        let path = self.folder.join(coverage::FILE);
        let (envelope, bits) = occupied
            .envelope()
            .map_err(|what| failure(&path, std::io::Error::other(what)))?;
        if let Some(bits) = bits {
            put_file(&path, &bits)?;
        }
        let stamp = documents::stamp(self.occupied.len() as u64, Some(envelope), origin);
        put_document(&self.folder, &documents::leaf(stamp))?;
        Ok(hashes)
    }
}

impl DenseWriter {
    fn new(
        layout: ArrayLayout,
        group: &Path,
        (schema, shard): (&StoreSchema, u64),
    ) -> Result<Self, String> {
        let grid = schema.grid;
        let fill = layout.fill_of_a_cell();
        let folder = group.join(&layout.name);
        let cells = grid.shard_cells();
        Ok(Self {
            writer: FullSphereWriter::of_leaf(layout, folder, grid)?,
            fill,
            hash: Sha256::new(),
            next: shard * cells,
            end: (shard + 1) * cells,
        })
    }

    fn push(&mut self, ids: &[u64], bytes: &[u8]) -> Result<(), WriteFailure> {
        let width = self.fill.len().max(1);
        for (&id, value) in ids.iter().zip(bytes.chunks_exact(width)) {
            self.skip(id);
            self.hash.update(value);
            self.next = id + 1;
        }
        self.writer.push(ids, bytes)
    }

    /// Hashes fill values up to a cell.
    fn skip(&mut self, until: u64) {
        const RUN: u64 = 1 << 12;
        let mut left = until.saturating_sub(self.next);
        if left == 0 {
            return;
        }
        let run = self.fill.repeat(left.min(RUN) as usize);
        while left > 0 {
            let now = left.min(RUN);
            self.hash.update(&run[..now as usize * self.fill.len()]);
            left -= now;
        }
    }

    fn finish(mut self) -> Result<(String, String), WriteFailure> {
        self.skip(self.end);
        let name = self.writer.layout().name.clone();
        self.writer.finish()?;
        Ok((name, hex(&self.hash.finalize())))
    }
}

impl ListsWriter {
    /// A writer of the array below a group, cut like this.
    pub fn new(name: &str, group: &Path, (cut, attributes): (Cut, &Attributes)) -> Self {
        let chunks = cut.chunk.map_or(1, |chunk| cut.cells / chunk.max(1));
        Self {
            name: name.to_owned(),
            folder: group.join(name),
            document: documents::lists(cut, attributes),
            cut,
            chunk: 0,
            lists: Vec::new(),
            file: None,
            length: 0,
            index: vec![[u64::MAX; 2]; chunks as usize],
            hash: Sha256::new(),
            next: 0,
        }
    }

    /// Appends lists of cells by their places, which ascend.
    pub fn push(
        &mut self,
        places: impl Iterator<Item = u64>,
        lists: &[Vec<u8>],
    ) -> Result<(), WriteFailure> {
        let chunk_cells = self.cut.chunk.unwrap_or(self.cut.cells);
        for (place, list) in places.zip(lists) {
            self.skip(place);
            hash_list(&mut self.hash, list);
            self.next = place + 1;
            if list.is_empty() {
                continue;
            }
            if place / chunk_cells != self.chunk {
                self.end_chunk()?;
                self.chunk = place / chunk_cells;
            }
            self.lists.push((place % chunk_cells, list.clone()));
        }
        Ok(())
    }

    fn skip(&mut self, until: u64) {
        (self.next..until).for_each(|_| hash_list(&mut self.hash, &[]));
    }

    /// Writes the chunk that is filling, if any of its cells has a list that is not empty.
    fn end_chunk(&mut self) -> Result<(), WriteFailure> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let path = self.folder.join("c/0");
        let failed = |source| failure(&path, source);
        let chunk_cells = self.cut.chunk.unwrap_or(self.cut.cells);
        let bytes = vlen::encode(&self.lists, chunk_cells);
        self.lists.clear();
        let bytes = zstd::bulk::compress(&bytes, LEVEL).map_err(failed)?;
        if self.file.is_none() {
            create_folder(&self.folder.join("c"))?;
            self.file = Some((File::create(&path).map_err(failed)?, path.clone()));
        }
        if let Some((file, _)) = &mut self.file {
            file.write_all(&bytes).map_err(failed)?;
        }
        self.index[self.chunk as usize] = [self.length, bytes.len() as u64];
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Writes what is pending and the metadata; gives back name and hash.
    pub fn finish(mut self) -> Result<(String, String), WriteFailure> {
        self.end_chunk()?;
        self.skip(self.cut.cells);
        if let Some((mut file, path)) = self.file.take() {
            let failed = |source| failure(&path, source);
            if self.cut.chunk.is_some() {
                let words = self.index.iter().flatten();
                let mut index: Vec<u8> = words.flat_map(|word| word.to_le_bytes()).collect();
                index.extend(crc32c::crc32c(&index).to_le_bytes());
                file.write_all(&index).map_err(failed)?;
            }
        }
        fs::create_dir_all(&self.folder).map_err(|source| failure(&self.folder, source))?;
        put_document(&self.folder, &self.document)?;
        Ok((self.name, hex(&self.hash.finalize())))
    }
}
