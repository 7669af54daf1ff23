//! Where the values of a dataset are: in which file, in which of its bytes, and whether all of them are
//! stored.
//!
//! On the line: between `columns.rs`, which reads rows of a dataset, and `chunk/`, which decodes them. What
//! is decided here is decided before the first value is read, so a dry run knows it too.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::NullBuffer;
use hdf5::H5Type;
use hdf5::plist::DatasetCreate;
use hdf5::plist::dataset_create::ExternalFile;

use super::chunk::{Asked, ChunkedDataset, Found, Untabled, find};
use super::columns::SourceDataset;
use super::elsewhere::Lead;
use super::file::{GranuleFile, Located};
use super::rows::Wanted;
use super::virtual_dataset::Depth;
use crate::config::{Dtype, memory_for_chunks};
use crate::error::{Error, Result, Setting, phrase};
use crate::photon::Values;
use crate::source::{Bytes, FileBytes, Part};

/// Buffers of a decoded chunk's length that a dataset keeps: one, and one to come.
const KEPT: u64 = 2;
/// Those that a thread needs: stored bytes, decoded ones, and two between filters.
const WORKING: u64 = 4;

/// How the values of a dataset are read.
#[derive(Debug)]
pub(super) struct Stored {
    found: Found,
    /// Storage chunks that may be decoded at a time.
    at_once: usize,
}

impl Stored {
    /// The values, where they are read without libhdf5.
    pub fn direct(&self) -> Option<&ChunkedDataset> {
        match &self.found {
            Found::Direct(chunked) => Some(chunked),
            Found::Through { .. } => None,
        }
    }

    /// Bytes of a decoded storage chunk.
    pub fn chunk_bytes(&self) -> u64 {
        match &self.found {
            Found::Direct(chunked) => chunked.chunk_bytes() as u64,
            Found::Through { chunk_bytes } => *chunk_bytes as u64,
        }
    }
}

impl SourceDataset {
    /// Looks up where the values are, which must be done before they are read.
    ///
    /// # Errors
    /// A chunk that is where it cannot be or not there, a filter that is not known, files that are not
    /// there.
    pub fn index(&mut self, granule: &GranuleFile) -> Result<()> {
        self.found = Some(granule.stored(self)?);
        Ok(())
    }

    /// Whether values are read without libhdf5.
    pub fn is_indexed(&self) -> bool {
        self.chunked().is_some()
    }

    pub fn chunked(&self) -> Option<&ChunkedDataset> {
        self.found.as_ref().and_then(Stored::direct)
    }

    /// Those of `rows` that are not stored.
    pub fn not_stored(&self, rows: &Range<u64>) -> Vec<Range<u64>> {
        let chunked = self.chunked();
        chunked.map_or(Vec::new(), |chunked| chunked.not_stored(rows))
    }

    /// How many rows are not stored although others are; they are null.
    pub fn rows_not_stored(&self) -> u64 {
        let written = self.chunked().filter(|chunked| !chunked.is_unwritten());
        let holes = written.and_then(ChunkedDataset::holes);
        holes.map_or(0, |holes| holes.rows)
    }

    /// Bytes of a decoded storage chunk.
    pub fn chunk_bytes(&self) -> u64 {
        self.found.as_ref().map_or(0, Stored::chunk_bytes)
    }

    /// Decodes no more than so many storage chunks at a time.
    pub fn limit(&mut self, at_once: usize) {
        if let Some(stored) = &mut self.found {
            stored.at_once = at_once;
        }
    }

    /// Whether rows that were never written hold a value that means null.
    pub fn fills_with_null(&self) -> hdf5::Result<bool> {
        let plist = self.located.dataset.dcpl()?;
        let value = match self.stored {
            Dtype::F32 => Values::F32(vec![fill_of(&plist, 0.0)?].into()),
            Dtype::F64 => Values::F64(vec![fill_of(&plist, 0.0)?].into()),
            Dtype::U64 => Values::I64(vec![fill_of::<u64>(&plist, 0)?.cast_signed()].into()),
            _ => Values::I64(vec![fill_of(&plist, 0)?].into()),
        };
        Ok(self.meaning.mark(&value, None).nulls.is_some())
    }

    /// Which of these rows are stored; `None` where all are.
    pub fn nulls_not_stored(&self, rows: Range<u64>) -> Option<NullBuffer> {
        let missing = self.not_stored(&rows);
        if missing.is_empty() {
            return None;
        }
        let mut valid = vec![true; (rows.end - rows.start) as usize];
        for hole in missing {
            valid[(hole.start - rows.start) as usize..(hole.end - rows.start) as usize].fill(false);
        }
        Some(NullBuffer::from(valid))
    }
}

impl GranuleFile {
    /// Looks up where the values of a dataset are.
    ///
    /// # Errors
    /// A chunk that is where it cannot be, or none where one must be; a filter that is not known; files
    /// that are not there.
    pub(super) fn stored(&self, source: &SourceDataset) -> Result<Stored> {
        let path = &source.path;
        let Located { dataset, file } = &source.located;
        let asked = Asked {
            dataset,
            dtype: source.stored,
            column: source.column,
            bytes: &file.data,
            parts: self.external_parts(&source.located, path)?,
        };
        let found = find(asked).map_err(|why| match why {
            Untabled::Hdf5(e) => self.damaged(format!("find the values of {path}"), &e),
            Untabled::Bad(why) => self.error(format!("{path} {why}")),
        })?;
        if let Found::Direct(chunked) = &found {
            self.check_holes(source, chunked)?;
        }
        Ok(Stored {
            found,
            at_once: usize::MAX,
        })
    }

    /// Refuses values that were never written, or that the file has lost, unless they are null: a
    /// dataset that was made and left as it was may say so of itself.
    fn check_holes(&self, source: &SourceDataset, chunked: &ChunkedDataset) -> Result<()> {
        let path = &source.path;
        let Some(holes) = chunked.holes() else {
            return Ok(());
        };
        if chunked.is_unwritten() {
            let null = source.fills_with_null();
            if null.map_err(|e| self.damaged(format!("read the fill value of {path}"), &e))? {
                return Ok(());
            }
            return Err(self.error(format!(
                "{path} has {} rows and none of them is stored: they were never written, or their \
                 index is lost; fetch the granule again",
                source.rows
            )));
        }
        if self.access.tolerant {
            return Ok(());
        }
        Err(self.error(format!("{path} {}", holes.describe())))
    }

    /// The files that hold the raw data of a dataset; `None` where its own does.
    fn external_parts(&self, located: &Located, path: &str) -> Result<Option<Vec<Part>>> {
        let listed = located
            .dataset
            .dcpl()
            .and_then(|plist| plist.get_external());
        let listed = listed.map_err(|e| self.damaged(format!("read {path}"), &e))?;
        if listed.is_empty() {
            return Ok(None);
        }
        let part = |external: ExternalFile| {
            let what = format!("{path} has its values in");
            let lead = Lead {
                what: &what,
                name: &external.name,
                from: &located.file,
            };
            let found = self.find_elsewhere(&lead)?;
            let bytes = FileBytes::open(&found).map_err(|e| Error::io("open", &found, e))?;
            let offset = external.offset as u64;
            let behind = bytes.length().saturating_sub(offset);
            let length = match external.size as u64 {
                // It says no end.
                0 => behind,
                size => size,
            };
            if length > behind {
                return Err(self.error(format!(
                    "{what} {}, bytes {offset} to {} of it, and it has {}; fetch it again",
                    external.name,
                    offset.saturating_add(length),
                    bytes.length()
                )));
            }
            Ok(Part {
                bytes: Arc::new(bytes),
                offset,
                length,
            })
        };
        listed
            .into_iter()
            .map(part)
            .collect::<Result<_>>()
            .map(Some)
    }

    /// Looks at the files and datasets that a virtual dataset takes its values from; others have none.
    pub(super) fn check_sources(&self, located: &Located, path: &str) -> Result<()> {
        self.check_virtual(located, path, Depth::default())
    }

    /// Memory that the chunks of these datasets take while they are decoded, and how many may be at a
    /// time.
    ///
    /// # Errors
    /// Not one at a time fits.
    pub(super) fn chunk_budget(&self, sources: &[&SourceDataset]) -> Result<(u64, usize)> {
        let kept: u64 = sources.iter().map(|s| KEPT * s.chunk_bytes()).sum();
        let Some(largest) = sources.iter().max_by_key(|source| source.chunk_bytes()) else {
            return Ok((0, usize::MAX));
        };
        let each = WORKING * largest.chunk_bytes();
        let threads = self.access.threads.max(1) as u64;
        let sharing = self.access.granules.max(1) as u64;
        let Some(room) = self.access.chunk_memory.map(|all| all / sharing) else {
            return Ok((kept + threads * each, usize::MAX));
        };
        if kept + each > room {
            return Err(self.too_large(format!(
                "{} has storage chunks of {} bytes, and decoding those of its ground track takes {} \
                 bytes, of which the memory has {room} for that",
                largest.path,
                largest.chunk_bytes(),
                kept + each
            ))
            .with_remedy(phrase![
                "give at least ",
                Setting::Memory.to(format!("{}MiB", memory_for_chunks(kept + each) >> 20))
            ]));
        }
        let at_once = ((room - kept) / each.max(1)).max(1);
        let bytes = kept + at_once.min(threads) * each;
        Ok((bytes, usize::try_from(at_once).unwrap_or(usize::MAX)))
    }
}

/// Storage chunks that may be decoded at a time.
pub(super) fn at_once(wanted: &[Wanted]) -> usize {
    let most = wanted.iter().map(|wanted| &wanted.source.found);
    most.flatten()
        .map(|stored| stored.at_once)
        .min()
        .unwrap_or(usize::MAX)
}

/// The value that rows of a dataset have until they are written.
fn fill_of<T: H5Type>(plist: &DatasetCreate, default: T) -> hdf5::Result<T> {
    Ok(plist.get_fill_value_as::<T>()?.unwrap_or(default))
}
