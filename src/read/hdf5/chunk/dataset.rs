//! A dataset in storage chunks: which chunks hold a range of rows, and the values of one of them.
//!
//! On the line: `many.rs` runs the pieces of several datasets in parallel. A chunk of which only a part is
//! wanted is kept decoded, because the next range of rows begins in it.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::bytes::Bytes;
use super::table::{Holes, Places, Table};
use crate::decode::convert::{Stride, Target};
use crate::decode::filter::Damage;
use crate::decode::inflate::{Tools, sized};

/// A dataset, or one column of it, whose chunks are read without libhdf5.
#[derive(Debug)]
pub struct ChunkedDataset {
    bytes: Bytes,
    table: Table,
    holes: Option<Holes>,
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
    /// It is not stored.
    Absent,
    Unread(std::io::Error),
    Damaged(Damage),
}

impl ChunkedDataset {
    /// The values that a table finds in `bytes`.
    pub fn new(table: Table, bytes: Bytes) -> Self {
        Self {
            bytes,
            holes: table.holes(),
            table,
            kept: Mutex::default(),
        }
    }

    /// The rows that are not stored.
    pub fn holes(&self) -> Option<&Holes> {
        self.holes.as_ref()
    }

    /// Whether no value is stored of rows that there are.
    pub fn is_unwritten(&self) -> bool {
        self.table.is_unwritten()
    }

    /// Bytes of a decoded storage chunk; none of rows in no chunks, unless one of them is long.
    pub fn chunk_bytes(&self) -> usize {
        match self.table.places {
            Places::Rows(_) if self.table.grid.chunk_rows > 1 => 0,
            _ => self.table.length,
        }
    }

    /// Those of `rows` that are not stored.
    pub fn not_stored(&self, rows: &Range<u64>) -> Vec<Range<u64>> {
        if self.holes.is_none() || rows.is_empty() {
            return Vec::new();
        }
        if self.is_unwritten() {
            return vec![rows.clone()];
        }
        let height = self.table.grid.chunk_rows;
        let numbers = rows.start / height..=(rows.end - 1) / height;
        let missing = numbers.filter(|&number| self.table.chunk(number).is_none());
        missing
            .map(|number| self.table.rows_of(number))
            .map(|hole| hole.start.max(rows.start)..hole.end.min(rows.end))
            .collect()
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
    /// and the chunk that becomes the one to keep. Rows that are not stored are 0.
    pub fn pieces<'a>(
        &self,
        rows: Range<u64>,
        mut target: Target<'a>,
        kept: &'a mut Kept,
    ) -> (Vec<Piece<'a>>, Option<usize>) {
        let height = self.table.grid.chunk_rows;
        let mut pieces = Vec::new();
        let mut next = None;
        if self.is_unwritten() {
            target.clear();
            return (pieces, next);
        }
        let mut spare = Some(&mut kept.spare);
        let mut row = rows.start;
        while row < rows.end {
            let chunk = (row / height) as usize;
            let first = chunk as u64 * height;
            let end = rows.end.min(first.saturating_add(height));
            let (front, rest) = target.split((end - row) as usize);
            target = rest;
            let first_row = std::mem::replace(&mut row, end);
            let rows = (first_row - first) as usize..(end - first) as usize;
            if self.table.chunk(chunk as u64).is_none() {
                front.clear();
                continue;
            }
            // More of this chunk follows behind the range; rows in no chunks are read as wanted.
            let straddles = matches!(self.table.places, Places::Chunks(_))
                && end < self.table.grid.rows.min(first.saturating_add(height));
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
                rows,
                target: front,
                source,
            });
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
        let Table { grid, stride, .. } = self.table;
        let Tools {
            work,
            stored,
            decoded,
        } = tools;
        let chunk = self.table.chunk(chunk as u64).ok_or(Defect::Absent)?;
        let mut read = |out: &mut [u8], at: u64| {
            let started = Instant::now();
            let read = self.bytes.read_exact_at(out, at).map_err(Defect::Unread);
            spent.reading = started.elapsed();
            spent.stored = out.len() as u64;
            read
        };
        let as_it_is = stride.step == grid.element.size() && grid.element.is_native();
        if let Places::Rows(_) = self.table.places {
            let at = chunk.address + (rows.start * stride.step) as u64;
            if as_it_is {
                return read(target.bytes(), at);
            }
            let stored = sized(stored, rows.len() * stride.step);
            read(stored, at)?;
            grid.element.convert(stored, stride, &mut target);
            return Ok(());
        }
        let length = self.table.length;
        let mut inflate = |out: &mut [u8]| {
            let stored = sized(stored, chunk.size);
            read(stored, chunk.address)?;
            let pipeline = &self.table.pipeline;
            let done = pipeline.decode(chunk.mask, stored, work, out);
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
                if whole && as_it_is {
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
        self.table.rows_of(chunk as u64)
    }
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("it is not stored"),
            Self::Unread(error) => write!(f, "it cannot be read: {error}"),
            Self::Damaged(damage) => f.write_str(damage.words()),
        }
    }
}
