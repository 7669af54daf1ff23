//! One dataset as a column: its type, its rows, its nulls.
//!
//! On the line: `track.rs` opens the datasets of a ground track and reads blocks of rows from them (`rows.rs`),
//! through `chunk/` where it understands how they are stored, else through libhdf5.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::NullBuffer;
use hdf5::{H5Type, Hyperslab};

use super::attributes;
use super::block::Block;
use super::chunk::Failure;
use super::file::{GranuleFile, Located};
use super::rows::{LookedAt, Wanted, read_all};
use super::storage::Stored;
use super::texts::{Texts, is_text};
use super::types::{count_rows, dtype_of, members};
use crate::config::Dtype;
use crate::photon::Values;
use crate::read::buffers::Buffers;
use crate::read::meaning::Meaning;
use crate::text::condensed;
use crate::{Error, Result};

/// A dataset, or one column of a 2-D dataset, with one value per row.
#[derive(Debug)]
pub(super) struct SourceDataset {
    pub located: Located,
    granule: Arc<str>,
    pub path: String,
    pub column: Option<usize>,
    /// The type of the values that are meant.
    pub dtype: Dtype,
    /// The type of what is stored.
    pub stored: Dtype,
    /// Names of values, of an enum or booleans.
    pub members: Vec<(String, i64)>,
    /// Of text: how it is told apart.
    pub texts: Option<Texts>,
    pub meaning: Meaning,
    pub rows: u64,
    /// Present once indexed.
    pub found: Option<Stored>,
}

/// Bytes of all values, and of what is in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    pub raw: u64,
    pub stored: u64,
    pub shuffled: bool,
}

impl SourceDataset {
    /// Opens a dataset; `column` selects one of a 2-D dataset and must be given there only.
    pub fn open(granule: &GranuleFile, path: &str, column: Option<usize>) -> Result<Self> {
        Self::open_compared(granule, path, column, None)
    }

    /// The same for a filter, which may compare text with these words.
    pub fn open_compared(
        granule: &GranuleFile,
        path: &str,
        column: Option<usize>,
        words: Option<&[String]>,
    ) -> Result<Self> {
        let located = granule.dataset(path)?;
        granule.check_sources(&located, path)?;
        let dataset = &located.dataset;
        let read = |e: hdf5::Error| granule.damaged(format!("read {path}"), &e);
        let space = dataset.space().map_err(read)?;
        let rows = if space.is_null() {
            0
        } else {
            count_rows(&space.shape(), column)
                .map_err(|why| granule.error(format!("{path} {why}")))?
        };
        let mut attributes =
            attributes::of(dataset).map_err(|why| granule.error(format!("{path}: {why}")))?;
        let (stored, members, texts) = if let Some(words) = words.filter(|_| is_text(dataset)) {
            let texts = Texts::of(dataset, &attributes, words)
                .map_err(|why| granule.error(format!("{path} {why}")))?;
            // What they mean, texts have seen to.
            attributes.found.clear();
            (Dtype::I64, texts.members(words), Some(texts))
        } else {
            let stored = dtype_of(dataset).map_err(|found| {
                granule.error(if is_text(dataset) {
                    format!(
                        "{path} is text, and a number is needed; text is compared by filters of the dataset, with eq, \
                         ne, in or not_in"
                    )
                } else {
                    format!(
                        "{path} is {found}, which is not supported; integers of up to 64 bits, float32 and float64 are"
                    )
                })
            })?;
            (stored, members(dataset), None)
        };
        let meaning = Meaning::new(&attributes, stored)
            .map_err(|why| granule.error(format!("{path}: {why}")))?;
        Ok(Self {
            granule: granule.name_shared(),
            path: path.to_owned(),
            column,
            dtype: meaning.dtype(),
            stored,
            members,
            texts,
            meaning,
            rows,
            found: None,
            located,
        })
    }

    /// How the whole dataset is stored.
    ///
    /// The error says why libhdf5 does not tell.
    pub fn storage(&self) -> Result<Storage, String> {
        let failed = |e: hdf5::Error| format!("cannot describe {}: {}", self.path, condensed(&e));
        let dataset = &self.located.dataset;
        let size = dataset.dtype().map_err(failed)?.size();
        Ok(Storage {
            raw: (dataset.size() as u64).saturating_mul(size as u64),
            stored: dataset.storage_size(),
            shuffled: dataset.filters().contains(&hdf5::filters::Filter::Shuffle),
        })
    }

    /// Bytes of `rows` values as decoded from the file.
    pub fn decoded_bytes(&self, rows: u64) -> u64 {
        rows * self.stored.size() as u64
    }

    /// Reads rows, which must lie within the dataset.
    pub fn read(&self, rows: Range<u64>) -> Result<Block> {
        let wanted = Wanted {
            source: self,
            rows,
            looked_at: LookedAt::ByAny,
            are_times: false,
        };
        let (mut blocks, _) = read_all(&[wanted], &mut Buffers::default())?;
        Ok(blocks.pop().unwrap_or_default())
    }

    /// Rows through libhdf5; those of u64 beyond i64 wrap. What libhdf5 makes room for goes back to the
    /// system: only what was taken from the buffers may be given to them.
    pub fn read_hdf5(&self, rows: &Range<u64>, values: &mut Values) -> Result<()> {
        match values {
            Values::I64(v) if let Some(texts) = &self.texts => {
                let from = (&self.located.dataset, self.column);
                let read = texts.read(from, rows, v);
                read.map_err(|e| self.unreadable(rows, &e))?;
            }
            Values::F32(v) => v.copy_from_slice(&self.slice(rows)?),
            Values::F64(v) => v.copy_from_slice(&self.slice(rows)?),
            // Read as they are: libhdf5 converts to int64 by clamping.
            Values::I64(v) if self.stored == Dtype::U64 => {
                for (out, value) in v.iter_mut().zip(self.slice::<u64>(rows)?) {
                    *out = value.cast_signed();
                }
            }
            // Every narrower integer converts to int64 exactly.
            Values::I64(v) => v.copy_from_slice(&self.slice(rows)?),
        }
        Ok(())
    }

    fn slice<T: H5Type>(&self, rows: &Range<u64>) -> Result<Vec<T>> {
        let range = rows.start as usize..rows.end as usize;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let selection = match self.column {
            Some(column) => Hyperslab::from((range, column)),
            None => Hyperslab::from(range),
        };
        let read = self.located.dataset.read_slice_1d::<T, _>(selection);
        let values = read.map_err(|e| self.unreadable(rows, &e))?;
        Ok(values.into_raw_vec_and_offset().0)
    }

    fn unreadable(&self, rows: &Range<u64>, error: &hdf5::Error) -> Error {
        if let Some(trouble) = self.located.file.data.trouble() {
            return Error::granule(&*self.granule, trouble);
        }
        let (path, first, last) = (&self.path, rows.start, rows.end.saturating_sub(1));
        let cause = condensed(error);
        let message =
            format!("cannot read {path} rows {first} to {last}: {cause}; fetch the granule again");
        Error::granule(&*self.granule, message)
    }

    /// Refuses unsigned values that wrapped; a null among them becomes `i64::MAX`.
    pub fn check_signed(
        &self,
        values: &mut [i64],
        nulls: Option<&NullBuffer>,
        start: u64,
    ) -> Result<()> {
        for (i, value) in values.iter_mut().enumerate().filter(|(_, v)| **v < 0) {
            if !nulls.is_some_and(|n| n.is_null(i)) {
                return Err(Error::granule(
                    &*self.granule,
                    format!(
                        "{} row {} is {}, above the largest integer held, {}; leave the dataset \
                         out",
                        self.path,
                        start + i as u64,
                        value.cast_unsigned(),
                        i64::MAX
                    ),
                ));
            }
            *value = i64::MAX;
        }
        Ok(())
    }

    pub fn damaged(&self, failure: &Failure) -> Error {
        if let Some(trouble) = self.located.file.data.trouble() {
            return Error::granule(&*self.granule, trouble);
        }
        let Failure { rows, defect, .. } = failure;
        let message = format!(
            "cannot read {} rows {} to {}, a storage chunk: {defect}; fetch the granule again",
            self.path,
            rows.start,
            rows.end - 1
        );
        Error::granule(&*self.granule, message)
    }
}
