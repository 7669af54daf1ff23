//! An index as a file of Parquet: opened, read by columns and by rows.
//!
//! Beside the line. Its rows ascend by address. What is kept of structures is read for one row at a time.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use serde_json::Value;

use super::arrays::{Columns, IDENTITY, KEPT, KEPT_BYTES, KEPT_CRC, entries};
use super::entry::Entry;
use super::known::{At, Known};
use super::{FORMAT, META};
use crate::error::{Action, Error, Phrase, Result, phrase};
use crate::guard::guarded;
use crate::source::is_object;

/// Rows that are decoded at a time.
const ROWS: usize = 512;
/// Bytes that may be kept of one granule.
pub(super) const MOST_KEPT: u64 = 1 << 30;

/// An index that is open.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    /// Readers share the file's position.
    turn: Mutex<()>,
    known: Known,
}

/// A row with what is kept of the granule, as it is stored.
pub(super) type Row = (Entry, Option<Vec<u8>>);

/// Whether a file is an index, of any format.
pub fn looks_like_an_index(path: &Path) -> bool {
    let found = File::open(path).ok().and_then(|file| {
        let loaded =
            guarded(|| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())).ok()?;
        meta_of(loaded.metadata()).map(drop)
    });
    found.is_some()
}

fn meta_of(metadata: &ParquetMetaData) -> Option<&str> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let meta = pairs.into_iter().flatten().find(|pair| pair.key == META);
    meta.and_then(|pair| pair.value.as_deref())
}

impl Index {
    /// Opens an index, and reads which granules it knows.
    ///
    /// # Errors
    /// No such file, no index, one of another format, or a damaged one.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let loaded = guarded(|| ArrowReaderMetadata::load(&file, options));
        let metadata = loaded.map_err(|why| {
            refused(
                path,
                format!("cannot be read as Parquet ({why}), so it is no index, or a damaged one"),
            )
        })?;
        let meta = meta_of(metadata.metadata()).ok_or_else(|| {
            refused(
                path,
                format!("is Parquet without the metadata {META}, so it is no index"),
            )
        })?;
        let meta: Value = serde_json::from_str(meta)
            .map_err(|e| refused(path, format!("has metadata {META} that are no JSON ({e})")))?;
        let format = meta.get("format").and_then(Value::as_u64);
        if format != Some(FORMAT) {
            let found = format.map_or("none".to_owned(), |format| format.to_string());
            return Err(refused(
                path,
                format!("is of format {found}, and this icefold reads format {FORMAT}"),
            ));
        }
        let mut index = Self {
            known: Known::new(path)?,
            path: path.to_path_buf(),
            file,
            metadata,
            turn: Mutex::default(),
        };
        index.read_identities()?;
        Ok(index)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Granules that it knows.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of granules without reading more of the file.
    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// Where its granules are: paths that lead there from the working folder, and URLs.
    pub fn granules(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let addresses = self.known.addresses();
        addresses
            .map(|address| {
                let address = Path::new(address);
                if is_object(address) {
                    address.to_path_buf()
                } else {
                    folder.join(address)
                }
            })
            .collect()
    }

    /// An error about this index.
    pub(super) fn error(&self, what: impl Into<Phrase>) -> Error {
        refused(&self.path, what)
    }

    fn read_identities(&mut self) -> Result<()> {
        let mut rows = HashMap::with_capacity(self.rows() as usize);
        let mut addresses: Vec<String> = Vec::with_capacity(self.rows() as usize);
        self.scan(&IDENTITY, None, &mut |batch, first| {
            let columns = Columns(batch);
            let (address, etag) = (columns.text("address")?, columns.text("etag")?);
            let (bytes, modified) = (columns.long("bytes")?, columns.long("modified")?);
            for row in 0..batch.num_rows() {
                use arrow::array::Array;
                let place = first + row as u64;
                let called = address.value(row);
                if addresses.last().is_some_and(|last| last.as_str() >= called) {
                    return Err(format!("row {place} does not ascend by its address"));
                }
                addresses.push(called.to_owned());
                let at = At {
                    row: place,
                    bytes: bytes.value(row),
                    modified: modified.value(row),
                    etag: etag.is_valid(row).then(|| etag.value(row).to_owned()),
                };
                rows.insert(called.to_owned(), at);
            }
            Ok(())
        })?;
        self.known.fill(rows, addresses);
        Ok(())
    }

    fn rows(&self) -> u64 {
        let rows = self.metadata.metadata().file_metadata().num_rows();
        u64::try_from(rows).unwrap_or(0)
    }

    /// Every entry with its row, in the order of the file; what is kept of structures is not read.
    ///
    /// # Errors
    /// A damaged file; what `take` gives.
    pub fn each(&self, mut take: impl FnMut(u64, Entry) -> Result<()>) -> Result<()> {
        let columns = super::arrays::schema();
        let columns: Vec<&str> = columns
            .fields()
            .iter()
            .map(|field| &**field.name())
            .collect();
        let columns: Vec<&str> = columns.into_iter().filter(|name| *name != KEPT).collect();
        let mut failed = None;
        let read = self.scan(&columns, None, &mut |batch, first| {
            for (row, entry) in (first..).zip(entries(batch, first)?) {
                if let Err(error) = take(row, entry) {
                    failed = Some(error);
                    return Err(String::new());
                }
            }
            Ok(())
        });
        failed.map_or(read, Err)
    }

    /// Some rows, ascending, as they are stored.
    ///
    /// # Errors
    /// A damaged file.
    pub(super) fn rows_at(&self, rows: &[u64]) -> Result<Vec<Row>> {
        let columns = super::arrays::schema();
        let columns: Vec<&str> = columns
            .fields()
            .iter()
            .map(|field| &**field.name())
            .collect();
        let mut found = Vec::with_capacity(rows.len());
        self.scan(&columns, Some(rows), &mut |batch, _| {
            use arrow::array::Array;
            let kept = Columns(batch).bytes(KEPT)?;
            for (row, entry) in entries(batch, 0)?.into_iter().enumerate() {
                let bytes = kept.is_valid(row).then(|| kept.value(row).to_vec());
                found.push((entry, bytes));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// What is kept of a granule, inflated.
    ///
    /// # Errors
    /// In words: a damaged file, or bytes that are not those that were written.
    pub(super) fn inflated(&self, row: u64) -> Result<Vec<u8>> {
        let mut found = None;
        self.scan(
            &[KEPT, KEPT_BYTES, KEPT_CRC],
            Some(&[row]),
            &mut |batch, _| {
                use arrow::array::Array;
                let columns = Columns(batch);
                let (kept, bytes) = (columns.bytes(KEPT)?, columns.long(KEPT_BYTES)?);
                let crc = columns.int(KEPT_CRC)?;
                for place in 0..batch.num_rows() {
                    let stored = if kept.is_valid(place) {
                        kept.value(place)
                    } else {
                        &[]
                    };
                    let most = bytes.value(place);
                    if most > MOST_KEPT || crc32c::crc32c(stored) != crc.value(place) {
                        return Err(format!(
                            "row {row} keeps bytes that do not have their checksum"
                        ));
                    }
                    let inflated = if stored.is_empty() {
                        Vec::new()
                    } else {
                        zstd::bulk::decompress(stored, most as usize).map_err(|e| {
                            format!("row {row} keeps bytes that do not inflate ({e})")
                        })?
                    };
                    if inflated.len() as u64 != most {
                        return Err(format!(
                            "row {row} keeps {} bytes of {most}",
                            inflated.len()
                        ));
                    }
                    found = Some(inflated);
                }
                Ok(())
            },
        )?;
        found.ok_or_else(|| self.error(format!("has no row {row}")))
    }

    /// Reads columns, of all rows or of some, batch by batch with the place of the first row among those that are read.
    fn scan(
        &self,
        columns: &[&str],
        rows: Option<&[u64]>,
        take: &mut dyn FnMut(&arrow::array::RecordBatch, u64) -> Result<(), String>,
    ) -> Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |why: String| self.error(format!("is damaged: {why}"));
        let mut reader = self.reader(columns, rows).map_err(failed)?;
        let mut first = 0;
        loop {
            let next = guarded(|| reader.next().transpose()).map_err(failed)?;
            let Some(batch) = next else {
                return Ok(());
            };
            guarded(|| take(&batch, first)).map_err(failed)?;
            first += batch.num_rows() as u64;
        }
    }

    fn reader(
        &self,
        columns: &[&str],
        rows: Option<&[u64]>,
    ) -> Result<ParquetRecordBatchReader, String> {
        let file = self.file.try_clone().map_err(|e| e.to_string())?;
        let schema = self.metadata.schema();
        let places = columns.iter().map(|name| {
            let place = schema.index_of(name);
            place.map_err(|_| format!("it has no column {name}"))
        });
        let places: Vec<usize> = places.collect::<Result<_, String>>()?;
        let total = self.rows() as usize;
        guarded(|| {
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let mask = ProjectionMask::roots(builder.parquet_schema(), places);
            let builder = builder.with_projection(mask).with_batch_size(ROWS);
            let Some(rows) = rows else {
                return builder.build();
            };
            // Only row groups that have some of them are looked into.
            let mut groups = Vec::new();
            let mut ranges = Vec::new();
            let (mut start, mut before) = (0_u64, 0_u64);
            for group in 0..self.metadata.metadata().num_row_groups() {
                let length = self.metadata.metadata().row_group(group).num_rows().max(0) as u64;
                let from = rows.partition_point(|row| *row < start);
                let to = rows.partition_point(|row| *row < start + length);
                if from < to {
                    groups.push(group);
                    let of_group = rows[from..to].iter().map(|row| {
                        let place = (row - start + before) as usize;
                        place..place + 1
                    });
                    ranges.extend(of_group);
                    before += length;
                }
                start += length;
            }
            debug_assert!(before as usize <= total);
            let selection =
                RowSelection::from_consecutive_ranges(ranges.into_iter(), before as usize);
            builder
                .with_row_groups(groups)
                .with_row_selection(selection)
                .build()
        })
    }
}

pub(super) fn refused(path: &Path, what: impl Into<Phrase>) -> Error {
    let text = phrase![format!("index {} ", path.display()), what.into()];
    Error::argument(text).with_remedy(phrase!["make it again with ", Action::MakeIndex])
}
