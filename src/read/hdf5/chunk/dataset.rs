//! A dataset in storage chunks: which chunks hold a range of rows, and where their bytes lie.
//!
//! On the line: `many.rs` asks for rows of several datasets, each a column still in chunks, and has them decoded.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::table::{Holes, Places, Table};
use crate::decode::host::Kept;
use crate::photon::stored::{Element, Form, StoredChunk, StoredColumn};
use crate::source::Bytes;

/// A dataset, or one column of it, whose chunks are read without libhdf5.
#[derive(Debug)]
pub struct ChunkedDataset {
    bytes: Arc<dyn Bytes>,
    table: Table,
    form: Arc<Form>,
    holes: Option<Holes>,
    kept: Mutex<Kept>,
}

impl ChunkedDataset {
    /// The values that a table finds in `bytes`.
    pub fn new(table: Table, bytes: Arc<dyn Bytes>) -> Self {
        Self {
            bytes,
            holes: table.holes(),
            form: Arc::new(Form {
                element: table.grid.element,
                pipeline: table.pipeline.clone(),
                rows: table.grid.rows,
                chunk_rows: table.grid.chunk_rows,
                stride: table.stride,
                is_plain: matches!(table.places, Places::Rows(_)),
            }),
            table,
            kept: Mutex::default(),
        }
    }

    /// The rows that are not stored.
    pub fn holes(&self) -> Option<&Holes> {
        self.holes.as_ref()
    }

    /// How elements are stored, and rows of a chunk.
    pub fn element(&self) -> Element {
        self.form.element
    }

    pub fn chunk_rows(&self) -> u64 {
        self.form.chunk_rows.max(1)
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

    /// Bytes of all chunks as they lie.
    pub fn stored_bytes(&self) -> u64 {
        match &self.table.places {
            Places::Chunks(chunks) => chunks.iter().map(|(_, chunk)| chunk.size as u64).sum(),
            Places::Rows(_) => self.table.grid.rows * self.table.stride.step as u64,
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
        let missing = self.numbers(rows);
        let missing = missing.filter(|&number| self.table.chunk(number).is_none());
        missing
            .map(|number| self.table.rows_of(number))
            .map(|hole| hole.start.max(rows.start)..hole.end.min(rows.end))
            .collect()
    }

    /// The chunks of rows, of which there are some.
    fn numbers(&self, rows: &Range<u64>) -> std::ops::RangeInclusive<u64> {
        let height = self.table.grid.chunk_rows;
        rows.start / height..=(rows.end - 1) / height
    }

    /// Rows, which must lie within the dataset, still in their chunks.
    pub fn stored(&self, rows: Range<u64>) -> StoredColumn<Arc<dyn Bytes>> {
        let chunks = if rows.is_empty() || self.is_unwritten() {
            Vec::new()
        } else {
            let numbers = self.numbers(&rows);
            numbers
                .filter_map(|number| self.chunk(number, &rows))
                .collect()
        };
        StoredColumn {
            form: Arc::clone(&self.form),
            bytes: Arc::clone(&self.bytes),
            rows,
            chunks,
        }
    }

    /// Those of `wanted` that a chunk has; `None` where it is not stored.
    fn chunk(&self, number: u64, wanted: &Range<u64>) -> Option<StoredChunk> {
        let found = self.table.chunk(number)?;
        let all = self.table.rows_of(number);
        let rows = wanted.start.max(all.start) - all.start..wanted.end.min(all.end) - all.start;
        let rows = rows.start as usize..rows.end as usize;
        let chunk = StoredChunk {
            number,
            place: found.address..found.address + found.size as u64,
            begins: 0,
            length: self.table.length,
            mask: found.mask,
            rows,
        };
        if !self.form.is_plain {
            return Some(chunk);
        }
        // Of rows in no chunks only those that are wanted are read.
        let step = self.form.stride.step;
        let start = found.address + (chunk.rows.start * step) as u64;
        let length = chunk.rows.len() * step;
        Some(StoredChunk {
            place: start..start + length as u64,
            begins: chunk.rows.start,
            length,
            ..chunk
        })
    }

    /// Takes what is kept, to be given back after the rows are decoded.
    pub fn take_kept(&self) -> Kept {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut kept)
    }

    /// Gives back what is kept; nothing is where `done`, the last row, has been decoded.
    pub fn give_back(&self, kept: Kept, done: u64) {
        if done < self.table.grid.rows {
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        }
    }
}
