//! Sorted runs: partials on disk, by ascending shard and cell.
//!
//! Below `mod.rs`. A file is blocks (`src/stat/encode/mod.rs`), then an index of the shards, then a
//! trailer:
//!
//! ```text
//!   blocks   those of one shard follow one another; their cells ascend
//!   index    for each shard, ascending: shard u64, first byte u64, bytes u64, photons u64
//!   trailer  fingerprint 32 bytes, first byte of the index u64, shards u64, level u32,
//!            crc32c u32 of index and trailer up to here, magic "icefruns"
//! ```
//!
//! The index stays in memory while the file is in use.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::folder::{damaged, foreign};
use crate::error::Result;
use crate::stat::{DecodeError, Encoding, Fingerprint};

const MAGIC: [u8; 8] = *b"icefruns";
const TRAILER: usize = 64;
const ENTRY: usize = 32;
/// Where the checksum is in the trailer.
const CHECKSUM: usize = 52;

/// One file, and where in it the shards are that were not taken yet. Dropping it removes the file
/// unless it is kept.
#[derive(Debug)]
pub(super) struct SortedRun {
    pub path: PathBuf,
    /// How many times its partials were merged on disk.
    pub level: u32,
    pub bytes: u64,
    pub shards: BTreeMap<u64, Extent>,
    /// Shards in the file that were taken.
    pub taken: Vec<u64>,
    /// Of the file, once somebody asked for it.
    pub sha256: Option<String>,
    /// Whether a list of saved files names it, which may outlive this process.
    pub kept: bool,
}

/// The blocks of one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub start: u64,
    pub bytes: u64,
    pub photons: u64,
}

impl SortedRun {
    /// Of a file that was written before.
    ///
    /// # Errors
    /// A file that is not whole, was changed, or is of another question.
    pub fn open(path: &Path, encoding: &Encoding) -> Result<Self> {
        let unread = |e: std::io::Error| damaged(path, &format!("cannot be read: {e}"));
        let mut file = File::open(path).map_err(unread)?;
        let bytes = file.metadata().map_err(unread)?.len();
        let short = || damaged(path, &format!("damaged: {bytes} bytes are no sorted run"));
        let trailer_at = bytes.checked_sub(TRAILER as u64).ok_or_else(short)?;
        let mut trailer = [0; TRAILER];
        file.seek(SeekFrom::Start(trailer_at)).map_err(unread)?;
        file.read_exact(&mut trailer).map_err(unread)?;
        if trailer[TRAILER - MAGIC.len()..] != MAGIC {
            return Err(damaged(path, "damaged: no sorted run ends here"));
        }
        let index_at = eight(&trailer, 32);
        let index_bytes = trailer_at.checked_sub(index_at);
        let needed = eight(&trailer, 40).checked_mul(ENTRY as u64);
        let Some(index_bytes) = index_bytes.filter(|bytes| needed == Some(*bytes)) else {
            return Err(damaged(path, "damaged: the index does not fit the file"));
        };
        let mut index = vec![0; index_bytes as usize];
        file.seek(SeekFrom::Start(index_at)).map_err(unread)?;
        file.read_exact(&mut index).map_err(unread)?;
        let found = crc32c::crc32c_append(crc32c::crc32c(&index), &trailer[..CHECKSUM]);
        if found.to_le_bytes() != trailer[CHECKSUM..CHECKSUM + 4] {
            return Err(damaged(path, "damaged: the index has another checksum"));
        }
        let fingerprint = Fingerprint(std::array::from_fn(|i| trailer[i]));
        if fingerprint != encoding.fingerprint() {
            let error = DecodeError::OtherJob {
                found: fingerprint,
                expected: encoding.fingerprint(),
            };
            return Err(foreign(path, &error.to_string()));
        }
        Ok(Self {
            path: path.to_path_buf(),
            level: u32::from_le_bytes(std::array::from_fn(|i| trailer[48 + i])),
            bytes,
            shards: extents(&index, index_at)
                .ok_or_else(|| damaged(path, "damaged: shards do not follow one another"))?,
            taken: Vec::new(),
            sha256: None,
            kept: false,
        })
    }

    /// Takes a shard out; the file still has it.
    pub fn take(&mut self, shard: u64) -> Option<Extent> {
        let extent = self.shards.remove(&shard)?;
        self.taken.push(shard);
        Some(extent)
    }

    /// Name in its folder.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

impl Drop for SortedRun {
    fn drop(&mut self) {
        if !self.kept {
            // What led here matters more than an error about cleaning up.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Index and trailer of a file whose blocks end at `index_at`.
pub(super) fn ending(
    shards: &BTreeMap<u64, Extent>,
    index_at: u64,
    level: u32,
    fingerprint: Fingerprint,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shards.len() * ENTRY + TRAILER);
    for (shard, extent) in shards {
        for number in [*shard, extent.start, extent.bytes, extent.photons] {
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes.extend(fingerprint.0);
    bytes.extend(index_at.to_le_bytes());
    bytes.extend((shards.len() as u64).to_le_bytes());
    bytes.extend(level.to_le_bytes());
    bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
    bytes.extend(MAGIC);
    bytes
}

/// The shards of an index; `None` unless they ascend and fill the file up to it without a gap.
fn extents(index: &[u8], index_at: u64) -> Option<BTreeMap<u64, Extent>> {
    let mut shards = BTreeMap::new();
    let (mut end, mut last) = (0u64, None);
    for entry in index.chunks_exact(ENTRY) {
        let shard = eight(entry, 0);
        let extent = Extent {
            start: eight(entry, 8),
            bytes: eight(entry, 16),
            photons: eight(entry, 24),
        };
        if last >= Some(shard) || extent.start != end {
            return None;
        }
        end = end.checked_add(extent.bytes)?;
        last = Some(shard);
        shards.insert(shard, extent);
    }
    (end == index_at).then_some(shards)
}

fn eight(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}
