//! Piles: the values of a cell that memory has no room for, on disk in no order.
//!
//! Beside `mod.rs`. All piles of a run grow in the same few files, stretch after stretch, each with a
//! checksum that is kept in memory. Cells that are joined into a coarser cell share their stretches, so
//! nothing is written twice on the way up to coarser orders. A file is removed once no pile has a stretch in
//! it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::folder::{RunFolder, pile_changed, pile_unwritable};
use crate::error::Result;
use crate::photon::ColumnType;
use crate::stat::{Chooser, Chosen, Deviations, Digesting, Job, KeySlice, Partials, TDigest};

/// Bytes after which another file is begun, so that room comes back while piles come and go.
const FILE: u64 = 256 << 20;
/// Bytes that are read or written at a time.
const BUFFER: usize = 128 << 10;

/// Where piles are written: a folder that this run alone uses.
#[derive(Debug, Clone)]
pub struct Piles(Arc<Mutex<Growing>>);

/// The file that grows.
#[derive(Debug)]
struct Growing {
    file: Option<(Arc<PileFile>, File)>,
    /// Bytes in it.
    at: u64,
    /// Bytes in all files so far.
    written: u64,
    // Dropped last, when no file is left in it.
    folder: RunFolder,
}

/// A file of stretches. Dropping it removes it.
#[derive(Debug)]
struct PileFile(PathBuf);

/// Values of one cell, by column of the job.
#[derive(Debug, Clone)]
pub struct Pile {
    columns: Vec<Column>,
    // Dropped last, when it has no stretch in the folder.
    piles: Piles,
}

/// Values of one column.
#[derive(Debug, Clone)]
struct Column {
    /// Bytes of a key.
    width: u64,
    stretches: Vec<Stretch>,
}

/// Keys that follow one another in a file.
#[derive(Debug, Clone)]
struct Stretch {
    file: Arc<PileFile>,
    start: u64,
    bytes: u64,
    checksum: u32,
}

impl Piles {
    /// None yet. The folder is made when something is written, and removed with the last file.
    pub fn new(folder: PathBuf) -> Self {
        Self::within(RunFolder::of_piles(folder))
    }

    /// The same beside sorted runs.
    pub(super) fn within(folder: RunFolder) -> Self {
        Self(Arc::new(Mutex::new(Growing {
            file: None,
            at: 0,
            written: 0,
            folder,
        })))
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.growing().written
    }

    /// Removes the file that grows where no pile needs it.
    pub fn sweep(&self) {
        let mut growing = self.growing();
        if let Some((file, _)) = &growing.file
            && Arc::strong_count(file) == 1
        {
            growing.file = None;
        }
    }

    fn growing(&self) -> MutexGuard<'_, Growing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Growing {
    fn append(&mut self, values: KeySlice) -> Result<Stretch> {
        if self.file.is_none() || self.at >= FILE {
            let (path, file) = self.folder.create()?;
            self.file = Some((Arc::new(PileFile(path)), file));
            self.at = 0;
        }
        let Some((file, out)) = &mut self.file else {
            unreachable!("a file was begun")
        };
        let mut checksum = 0;
        let written = each_part(values, |bytes| {
            checksum = crc32c::crc32c_append(checksum, bytes);
            out.write_all(bytes)
        });
        if let Err(error) = written {
            let error = pile_unwritable(&file.0, &error);
            // What is in it beyond the last stretch nobody knows.
            self.file = None;
            return Err(error);
        }
        let stretch = Stretch {
            file: Arc::clone(file),
            start: self.at,
            bytes: values.len() as u64 * values.width(),
            checksum,
        };
        self.at += stretch.bytes;
        self.written += stretch.bytes;
        Ok(stretch)
    }
}

impl Drop for PileFile {
    fn drop(&mut self) {
        // What led here matters more than an error about cleaning up.
        let _ = fs::remove_file(&self.0);
    }
}

impl Pile {
    /// Without values.
    pub fn new(piles: &Piles, job: &Job) -> Self {
        let column = |column_type| Column {
            width: match column_type {
                ColumnType::F32 => 4,
                ColumnType::F64 | ColumnType::I64 => 8,
            },
            stretches: Vec::new(),
        };
        let columns = job.columns.iter().map(|c| column(c.column_type));
        Self {
            piles: piles.clone(),
            columns: columns.collect(),
        }
    }

    /// Takes the values of a table of one row out of it.
    ///
    /// # Errors
    /// A write fails.
    pub fn take(&mut self, table: &mut Partials) -> Result<()> {
        self.add(table, 0)?;
        table.clear_values();
        Ok(())
    }

    /// Adds the values of a row.
    ///
    /// # Errors
    /// A write fails.
    pub fn add(&mut self, table: &Partials, row: usize) -> Result<()> {
        for (column, values) in self.columns.iter_mut().zip(table.values(row)) {
            if let Some(values) = values.filter(|values| !values.is_empty()) {
                column.push(self.piles.growing().append(values)?);
            }
        }
        Ok(())
    }

    /// Adds the values of another one, which stay where they are.
    pub fn adopt(&mut self, other: &Self) {
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            for stretch in &more.stretches {
                column.push(stretch.clone());
            }
        }
    }

    /// Values of a column.
    pub fn len(&self, column: usize) -> usize {
        let Column { width, stretches } = &self.columns[column];
        let bytes: u64 = stretches.iter().map(|stretch| stretch.bytes).sum();
        (bytes / width) as usize
    }

    /// The order statistics of a column at these ranks; `rest` are values of the cell that are in memory.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else than what was written.
    pub fn choose(&self, column: usize, ranks: Vec<usize>, rest: KeySlice) -> Result<Chosen> {
        let values = self.len(column) + rest.len();
        let bits = 8 * self.columns[column].width as u32;
        let mut chooser = Chooser::of_ranks(values, ranks, bits);
        while !chooser.is_done() {
            let mut take = |values: KeySlice| match values {
                KeySlice::Narrow(keys) => chooser.take(keys),
                KeySlice::Wide(keys) => chooser.take(keys),
            };
            take(rest);
            self.read(column, |values| {
                take(values);
                Ok(())
            })?;
            chooser.end_pass();
        }
        Ok(chooser.chosen())
    }

    /// The median of deviations of a column's values and of those in memory; NaN where there are none.
    ///
    /// # Errors
    /// As those of `choose`.
    pub fn mad(
        &self,
        column: usize,
        deviations: Option<Deviations>,
        rest: KeySlice,
    ) -> Result<f64> {
        let Some(mut deviations) = deviations else {
            return Ok(f64::NAN);
        };
        while !deviations.is_done() {
            deviations.take(rest);
            self.read(column, |values| {
                deviations.take(values);
                Ok(())
            })?;
            deviations.end_pass();
        }
        Ok(deviations.finish())
    }

    /// A digest of a column's values and of those in memory.
    ///
    /// # Errors
    /// As those of `choose`.
    pub fn digest(
        &self,
        column: usize,
        mut digesting: Digesting,
        rest: KeySlice,
    ) -> Result<(u32, TDigest)> {
        digesting.take(rest);
        self.read(column, |values| {
            digesting.take(values);
            Ok(())
        })?;
        Ok(digesting.finish())
    }

    /// Hands all values of a column on, part after part.
    ///
    /// # Errors
    /// As those of `choose`, and of `take`.
    pub fn read(&self, column: usize, mut take: impl FnMut(KeySlice) -> Result<()>) -> Result<()> {
        let Column { width, stretches } = &self.columns[column];
        let mut buffer = vec![0; BUFFER];
        let mut open: Option<(&PileFile, File)> = None;
        for stretch in stretches {
            let path = &stretch.file.0;
            let changed = |e: std::io::Error| pile_changed(path, &format!("cannot be read: {e}"));
            let file = match &mut open {
                Some((of, file)) if std::ptr::eq(*of, &raw const *stretch.file) => file,
                _ => {
                    let file = File::open(path).map_err(changed)?;
                    &mut open.insert((&*stretch.file, file)).1
                }
            };
            file.seek(SeekFrom::Start(stretch.start)).map_err(changed)?;
            let (mut left, mut checksum) = (stretch.bytes, 0);
            while left > 0 {
                let part = &mut buffer[..left.min(BUFFER as u64) as usize];
                file.read_exact(part).map_err(changed)?;
                checksum = crc32c::crc32c_append(checksum, part);
                left -= part.len() as u64;
                if *width == 4 {
                    take(KeySlice::Narrow(&keys(part, u32::from_le_bytes)))?;
                } else {
                    take(KeySlice::Wide(&keys(part, u64::from_le_bytes)))?;
                }
            }
            if checksum != stretch.checksum {
                let (at, written) = (stretch.start, stretch.checksum);
                return Err(pile_changed(
                    path,
                    &format!(
                        "damaged: the values from byte {at} on have checksum {checksum:08x}, and \
                         {written:08x} was written"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Columns of the job that have values.
    pub fn columns(&self) -> impl Iterator<Item = usize> {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(i, column)| (!column.stretches.is_empty()).then_some(i))
    }
}

impl Column {
    /// One stretch with the last where it continues it.
    fn push(&mut self, more: Stretch) {
        match self.stretches.last_mut() {
            Some(last)
                if Arc::ptr_eq(&last.file, &more.file) && last.start + last.bytes == more.start =>
            {
                let bytes = more.bytes as usize;
                last.checksum = crc32c::crc32c_combine(last.checksum, more.checksum, bytes);
                last.bytes += more.bytes;
            }
            _ => self.stretches.push(more),
        }
    }
}

/// Keys as little-endian bytes, some at a time.
fn each_part<E>(
    values: KeySlice,
    mut take: impl FnMut(&[u8]) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let mut buffer = Vec::with_capacity(BUFFER);
    match values {
        KeySlice::Narrow(keys) => keys.chunks(BUFFER / 4).try_for_each(|keys| {
            buffer.clear();
            buffer.extend(keys.iter().flat_map(|key| key.to_le_bytes()));
            take(&buffer)
        }),
        KeySlice::Wide(keys) => keys.chunks(BUFFER / 8).try_for_each(|keys| {
            buffer.clear();
            buffer.extend(keys.iter().flat_map(|key| key.to_le_bytes()));
            take(&buffer)
        }),
    }
}

fn keys<const N: usize, T>(bytes: &[u8], key: fn([u8; N]) -> T) -> Vec<T> {
    let (keys, _) = bytes.as_chunks::<N>();
    keys.iter().map(|bytes| key(*bytes)).collect()
}
