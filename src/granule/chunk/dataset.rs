//! A dataset in storage chunks: which chunks hold a range of rows, and one of them as values.
//!
//! On the line: `many.rs` runs the pieces of several datasets in parallel. A chunk of which only
//! part is wanted is kept decoded, because the next range of rows begins in it.

use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdf5::Dataset;

use super::convert::{Stride, Target};
use super::filter::Damage;
use super::inflate::{Tools, sized};
use super::layout::{Untabled, table};
use super::table::Table;
use crate::config::Dtype;

/// A dataset, or one column of it, whose chunks are read without libhdf5.
#[derive(Debug)]
pub struct ChunkedDataset {
    file: Arc<File>,
    table: Table,
    kept: Mutex<Kept>,
}

/// A decoded chunk, and room for the next one to keep.
#[derive(Debug, Default)]
pub struct Kept {
    chunk: Option<usize>,
    bytes: Vec<u8>,
    spare: Vec<u8>,
}

/// The rows that are wanted of one chunk, and where their values go.
#[derive(Debug)]
pub struct Piece<'a> {
    pub chunk: usize,
    /// Counted from the first row of the chunk.
    pub rows: Range<usize>,
    pub target: Target<'a>,
    pub source: Origin<'a>,
}

/// Where the bytes of a piece come from.
#[derive(Debug)]
pub enum Origin<'a> {
    /// The file.
    File,
    /// The file; decoded bytes are kept here.
    FileKept(&'a mut Vec<u8>),
    /// Decoded before.
    Decoded(&'a [u8]),
}

/// What one piece took of a thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct PieceSpent {
    /// Waiting for bytes of the file, and how many came.
    pub reading: Duration,
    pub stored: u64,
    pub decoding: Duration,
}

/// Why a chunk has no values.
#[derive(Debug)]
pub enum Defect {
    Unread(std::io::Error),
    Damaged(Damage),
}

impl ChunkedDataset {
    /// Looks up the chunks of `dataset`; `None` where it must be read through libhdf5.
    pub fn open(
        dataset: &Dataset,
        dtype: Dtype,
        column: Option<usize>,
        file: &Arc<File>,
        file_bytes: u64,
    ) -> Result<Option<Self>, Untabled> {
        let table = table(dataset, dtype, column, file_bytes)?;
        Ok(table.map(|table| Self {
            file: Arc::clone(file),
            table,
            kept: Mutex::default(),
        }))
    }

    /// Takes what is kept, to be given back after the pieces are decoded.
    pub fn take_kept(&self) -> Kept {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept)
    }

    /// Gives back what is kept; nothing is where `done`, the last row, has been decoded.
    pub fn give_back(&self, mut kept: Kept, next: Option<usize>, done: u64) {
        if done >= self.table.grid.rows {
            return;
        }
        if let Some(next) = next {
            std::mem::swap(&mut kept.bytes, &mut kept.spare);
            kept.chunk = Some(next);
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// The pieces that fill `target` with the values of `rows`, which must lie within the dataset,
    /// and the chunk that becomes the one to keep.
    pub fn pieces<'a>(
        &self,
        rows: Range<u64>,
        mut target: Target<'a>,
        kept: &'a mut Kept,
    ) -> (Vec<Piece<'a>>, Option<usize>) {
        let height = self.table.grid.chunk_rows;
        let mut pieces = Vec::new();
        let mut next = None;
        let mut spare = Some(&mut kept.spare);
        let mut row = rows.start;
        while row < rows.end {
            let chunk = (row / height) as usize;
            let first = chunk as u64 * height;
            let end = rows.end.min(first.saturating_add(height));
            let (front, rest) = target.split((end - row) as usize);
            // More of this chunk follows behind the range.
            let straddles = end < self.table.grid.rows.min(first.saturating_add(height));
            let source = match (kept.chunk == Some(chunk), straddles, &mut spare) {
                (true, _, _) => Origin::Decoded(&kept.bytes),
                (false, true, spare) => match spare.take() {
                    Some(spare) => {
                        next = Some(chunk);
                        Origin::FileKept(spare)
                    }
                    None => Origin::File,
                },
                (false, false, _) => Origin::File,
            };
            pieces.push(Piece {
                chunk,
                rows: (row - first) as usize..(end - first) as usize,
                target: front,
                source,
            });
            target = rest;
            row = end;
        }
        (pieces, next)
    }

    /// Fills the target of a piece.
    pub fn decode(&self, piece: Piece, tools: &mut Tools) -> Result<PieceSpent, Defect> {
        let started = Instant::now();
        let mut spent = PieceSpent::default();
        self.fill(piece, tools, &mut spent)?;
        spent.decoding = started.elapsed().saturating_sub(spent.reading);
        Ok(spent)
    }

    fn fill(&self, piece: Piece, tools: &mut Tools, spent: &mut PieceSpent) -> Result<(), Defect> {
        let Piece {
            chunk,
            rows,
            mut target,
            source,
        } = piece;
        let Table {
            grid,
            length,
            stride,
            ..
        } = self.table;
        let Tools {
            work,
            stored,
            decoded,
        } = tools;
        let mut inflate = |out: &mut [u8]| {
            let entry = self.table.chunks[chunk];
            let stored = sized(stored, entry.size);
            let started = Instant::now();
            read_at(&self.file, stored, entry.address).map_err(Defect::Unread)?;
            spent.reading = started.elapsed();
            spent.stored = entry.size as u64;
            let pipeline = &self.table.pipeline;
            let done = pipeline.decode(entry.mask, stored, work, out);
            done.map_err(Defect::Damaged)
        };
        let bytes = match source {
            Origin::Decoded(bytes) => bytes,
            Origin::FileKept(kept) => {
                let kept = sized(kept, length);
                inflate(kept)?;
                &*kept
            }
            Origin::File => {
                let whole = target.len() as u64 == grid.chunk_rows;
                if whole && stride.step == grid.element.size() && grid.element.is_native() {
                    return inflate(target.bytes());
                }
                let decoded = sized(decoded, length);
                inflate(decoded)?;
                &*decoded
            }
        };
        let stride = Stride {
            first: stride.first + rows.start * stride.step,
            ..stride
        };
        grid.element.convert(bytes, stride, &mut target);
        Ok(())
    }

    /// The rows of a chunk, for an error.
    pub fn rows_of(&self, chunk: usize) -> Range<u64> {
        let first = chunk as u64 * self.table.grid.chunk_rows;
        let end = first.saturating_add(self.table.grid.chunk_rows);
        first..end.min(self.table.grid.rows)
    }
}

#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut out: &mut [u8], mut at: u64) -> std::io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, at)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            n => {
                out = &mut out[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Unread(error) => write!(f, "it cannot be read: {error}"),
            Self::Damaged(damage) => f.write_str(damage.words()),
        }
    }
}
