//! One Zarr array written cell after cell: Zarr chunks, compressed as they fill, in Zarr shards.
//!
//! Below `write.rs`. Where a chunk ends depends on the array only, never on how its values arrive, so
//! equal values give equal files. At most one Zarr chunk per array is held in memory. Layout of a
//! Zarr shard: Zarr v3 `sharding_indexed` codec, index at the end. Every Zarr chunk with a cell in it
//! is stored, even if all its values are the fill value: a file that is missing is always damage.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zarrs::array::codec::{Crc32cCodec, ZstdCodec};
use zarrs::array::{BytesToBytesCodecTraits, CodecOptions};

use super::metadata::{ArrayLayout, CHUNKS_PER_SHARD};
use crate::digest::hex;
use crate::store::content::ContentHash;

/// A good ratio on ids and heights at hundreds of megabytes per second and core.
pub const ZSTD_LEVEL: i32 = 3;

/// A file could not be written.
#[derive(Debug)]
pub struct WriteFailure {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Writes one array in order.
#[derive(Debug)]
pub struct ArrayWriter {
    layout: ArrayLayout,
    folder: PathBuf,
    /// Bytes of the Zarr chunk that is filling.
    pending: Vec<u8>,
    open: Option<OpenShard>,
    /// Zarr shards begun so far.
    shards: u64,
    cells: u64,
    hash: Sha256,
}

/// The Zarr shard being written.
#[derive(Debug)]
struct OpenShard {
    path: PathBuf,
    file: File,
    length: u64,
    /// Offset and length of each Zarr chunk.
    index: Vec<[u64; 2]>,
}

impl ArrayWriter {
    /// A writer of the array in `folder`, which it creates when needed.
    pub fn new(layout: ArrayLayout, folder: PathBuf) -> Self {
        Self {
            layout,
            folder,
            pending: Vec::new(),
            open: None,
            shards: 0,
            cells: 0,
            hash: Sha256::new(),
        }
    }

    /// What it writes.
    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends whole cells, as little-endian bytes.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), WriteFailure> {
        self.hash.update(bytes);
        self.cells += (bytes.len() / self.layout.cell_bytes().max(1)) as u64;
        let full = self.chunk_bytes();
        while !bytes.is_empty() {
            let (taken, rest) = bytes.split_at(bytes.len().min(full - self.pending.len()));
            self.pending.extend_from_slice(taken);
            bytes = rest;
            if self.pending.len() == full {
                self.write_chunk()?;
            }
        }
        Ok(())
    }

    /// Writes what is pending and the metadata.
    pub fn finish(mut self) -> Result<ContentHash, WriteFailure> {
        if !self.pending.is_empty() {
            // A Zarr chunk is always whole; readers cut it at the array's shape.
            let fill = self.layout.fill.clone();
            let missing = (self.chunk_bytes() - self.pending.len()) / fill.len();
            self.pending.extend(fill.repeat(missing));
            self.write_chunk()?;
        }
        self.close_shard()?;
        create_folder(&self.folder)?;
        write_document(&self.folder, &self.layout.document(self.cells))?;
        Ok(ContentHash {
            array: self.layout.name,
            dtype: self.layout.dtype,
            sha256: hex(&self.hash.finalize()),
        })
    }

    fn chunk_bytes(&self) -> usize {
        self.layout.chunk_cells() as usize * self.layout.cell_bytes()
    }

    fn write_chunk(&mut self) -> Result<(), WriteFailure> {
        if self.open.is_none() {
            let path = self.folder.join(self.layout.shard_path(self.shards));
            self.shards += 1;
            self.open = Some(OpenShard::create(path)?);
        }
        let Some(shard) = &mut self.open else {
            return Ok(());
        };
        shard.append(&self.pending)?;
        self.pending.clear();
        if shard.index.len() as u64 == CHUNKS_PER_SHARD {
            self.close_shard()?;
        }
        Ok(())
    }

    fn close_shard(&mut self) -> Result<(), WriteFailure> {
        match self.open.take() {
            Some(shard) => shard.close(),
            None => Ok(()),
        }
    }
}

impl OpenShard {
    fn create(path: PathBuf) -> Result<Self, WriteFailure> {
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let file = File::create(&path).map_err(|source| failure(&path, source))?;
        Ok(Self {
            path,
            file,
            length: 0,
            index: Vec::new(),
        })
    }

    fn append(&mut self, chunk: &[u8]) -> Result<(), WriteFailure> {
        let options = CodecOptions::default();
        let encoded = ZstdCodec::new(ZSTD_LEVEL, false)
            .encode(Cow::Borrowed(chunk), &options)
            .and_then(|compressed| Crc32cCodec::new().encode(compressed, &options))
            .map_err(|error| failure(&self.path, io::Error::other(error)))?;
        self.write(&encoded)?;
        self.index.push([self.length, encoded.len() as u64]);
        self.length += encoded.len() as u64;
        Ok(())
    }

    fn close(mut self) -> Result<(), WriteFailure> {
        // 2^64 - 1 twice stands for a Zarr chunk that is not stored.
        self.index.resize(CHUNKS_PER_SHARD as usize, [u64::MAX; 2]);
        let index: Vec<u8> = self
            .index
            .iter()
            .flatten()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let encoded = Crc32cCodec::new()
            .encode(Cow::Owned(index), &CodecOptions::default())
            .map_err(|error| failure(&self.path, io::Error::other(error)))?;
        self.write(&encoded)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteFailure> {
        self.file
            .write_all(bytes)
            .map_err(|source| failure(&self.path, source))
    }
}

/// Writes the `zarr.json` of the node in `folder`: whole or not at all, so that whatever opens it never
/// meets half a document. It is durable once all of the store is (`place.rs`).
pub fn write_document(folder: &Path, document: &serde_json::Value) -> Result<(), WriteFailure> {
    let (path, partial) = (folder.join("zarr.json"), folder.join(".zarr.json.partial"));
    let text = format!("{document:#}\n");
    File::create(&partial)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&partial, &path))
        .map_err(|source| failure(&path, source))
}

/// As [`write_document`], with the folder, and without a name before: the files of a hive are many.
pub fn put_document(folder: &Path, document: &serde_json::Value) -> Result<(), WriteFailure> {
    put_file(
        &folder.join("zarr.json"),
        format!("{document:#}\n").as_bytes(),
    )
}

/// Writes a small file, with the folders above it.
pub fn put_file(path: &Path, bytes: &[u8]) -> Result<(), WriteFailure> {
    path.parent().map(create_folder).transpose()?;
    fs::write(path, bytes).map_err(|source| failure(path, source))
}

/// Creates a folder and those above it, where they are missing.
pub fn create_folder(path: &Path) -> Result<(), WriteFailure> {
    fs::create_dir_all(path).map_err(|source| failure(path, source))
}

fn failure(path: &Path, source: io::Error) -> WriteFailure {
    WriteFailure {
        path: path.to_path_buf(),
        source,
    }
}
