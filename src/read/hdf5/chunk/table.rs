//! Where the values of one dataset lie in the file, checked before anything is read.
//!
//! On the line: `layout.rs` makes a table of the entries that libhdf5 gives (`entries.rs`), `dataset.rs`
//! reads what stands here.

use std::ops::Range;

use super::entries::{Chunk, Entries};
use crate::photon::stored::{Element, Pipeline, Stride};

/// The longest chunk that is decoded, in bytes; products have chunks below 1 MB.
const LONGEST: usize = 1 << 30;

/// Bytes that are read together of rows that stand in no chunks.
const TOGETHER: u64 = 1 << 18;

/// How a dataset is divided into chunks. 1-D datasets have one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    pub rows: u64,
    pub columns: u64,
    /// Rows and columns of a chunk.
    pub chunk_rows: u64,
    pub chunk_columns: u64,
    pub element: Element,
}

/// Where the values of one column of a dataset stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub grid: Grid,
    pub pipeline: Pipeline,
    pub places: Places,
    /// Bytes of a decoded chunk.
    pub length: usize,
    /// Where the column stands in a decoded chunk.
    pub stride: Stride,
}

/// Where rows are; chunk `i` begins at row `i * grid.chunk_rows`.
#[derive(Debug, Clone, PartialEq)]
pub enum Places {
    /// The chunks that are stored, by their number, ascending.
    Chunks(Vec<(u64, Chunk)>),
    /// One behind the other from this byte on, in no chunks and without filters.
    Rows(u64),
}

/// Rows of which no value is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holes {
    /// The first of them.
    pub first: Range<u64>,
    pub rows: u64,
}

impl Table {
    /// The chunks that hold `column`; those outside the dataset, which a dataset that has shrunk may
    /// leave behind, are none of it.
    ///
    /// The error says which chunk is wrong and how.
    pub fn new(
        grid: Grid,
        column: u64,
        pipeline: Pipeline,
        entries: Entries,
    ) -> Result<Self, String> {
        let Some(length) = grid.chunk_bytes() else {
            return Err(format!(
                "has storage chunks of {} x {} values, and at most {LONGEST} bytes are decoded at \
                 once; rewrite the file with smaller ones (h5repack)",
                grid.chunk_rows, grid.chunk_columns
            ));
        };
        let chunks = entries.chunks(grid, column, &pipeline, length)?;
        let size = grid.element.size();
        Ok(Self {
            grid,
            pipeline,
            places: Places::Chunks(chunks),
            length,
            stride: Stride {
                first: (column % grid.chunk_columns) as usize * size,
                step: grid.chunk_columns as usize * size,
            },
        })
    }

    /// Rows of so many columns one behind the other from byte `address` on, of `bytes` in all.
    ///
    /// The error says how they cannot be there.
    pub fn of_rows(
        grid: Grid,
        column: u64,
        pipeline: Pipeline,
        (address, bytes): (u64, u64),
    ) -> Result<Self, String> {
        let row = grid.columns.saturating_mul(grid.element.size() as u64);
        let taken = grid.rows.checked_mul(row);
        let end = taken.and_then(|taken| address.checked_add(taken));
        if end.is_none_or(|end| end > bytes) {
            return Err(format!(
                "has {} rows of {row} bytes from byte {address} on, which end beyond the {bytes} that \
                 there are; fetch the granule again",
                grid.rows
            ));
        }
        let grid = Grid {
            chunk_rows: (TOGETHER / row.max(1)).max(1),
            chunk_columns: grid.columns,
            ..grid
        };
        let table = Self::new(grid, column, pipeline, Entries::new(0))?;
        Ok(Self {
            places: Places::Rows(address),
            ..table
        })
    }

    /// Where a chunk is; `None` where it is not stored.
    pub fn chunk(&self, number: u64) -> Option<Chunk> {
        match &self.places {
            Places::Chunks(chunks) => {
                let place = chunks.binary_search_by_key(&number, |(at, _)| *at);
                place.ok().map(|place| chunks[place].1)
            }
            Places::Rows(start) => {
                let rows = self.rows_of(number);
                let row = self.stride.step as u64;
                Some(Chunk {
                    address: start + rows.start * row,
                    size: ((rows.end - rows.start) * row) as usize,
                    mask: 0,
                })
            }
        }
    }

    /// The rows of a chunk that are in the dataset.
    pub fn rows_of(&self, number: u64) -> Range<u64> {
        let first = number.saturating_mul(self.grid.chunk_rows);
        let end = first.saturating_add(self.grid.chunk_rows);
        first..end.min(self.grid.rows)
    }

    /// The rows that are not stored; `None` where all are.
    pub fn holes(&self) -> Option<Holes> {
        let Places::Chunks(chunks) = &self.places else {
            return None;
        };
        let stored: u64 = chunks
            .iter()
            .map(|(number, _)| self.rows_of(*number))
            .map(|rows| rows.end - rows.start)
            .sum();
        let numbered = (0..).zip(chunks);
        let in_place = numbered.take_while(|(i, (number, _))| i == number).count() as u64;
        (stored < self.grid.rows).then(|| Holes {
            first: self.rows_of(in_place),
            rows: self.grid.rows - stored,
        })
    }

    /// Whether no value is stored of rows that there are.
    pub fn is_unwritten(&self) -> bool {
        let none = matches!(&self.places, Places::Chunks(chunks) if chunks.is_empty());
        none && self.grid.rows > 0
    }
}

impl Holes {
    /// The rows in words, and the remedy.
    pub fn describe(&self) -> String {
        let Range { start, end } = self.first;
        let all = match self.rows - (end - start) {
            0 => String::new(),
            _ => format!(" ({} rows in all)", self.rows),
        };
        format!(
            "has no storage chunk for rows {start} to {}{all}: they were never written, or the index \
             has lost them; fetch the granule again",
            end - 1
        )
    }
}

impl Grid {
    /// Bytes of a decoded chunk; `None` where it has none or is too long.
    fn chunk_bytes(&self) -> Option<usize> {
        let values = self.chunk_rows.checked_mul(self.chunk_columns)?;
        let bytes = usize::try_from(values)
            .ok()?
            .checked_mul(self.element.size())?;
        (1..=LONGEST).contains(&bytes).then_some(bytes)
    }
}

#[cfg(test)]
pub mod tests {
    use super::super::entries::{Entry, tests::sound};
    use super::*;
    use crate::photon::stored::{Kind, Order, Step};

    /// Of 25 rows in chunks of 10.
    pub fn table(entries: &[Entry]) -> Result<Table, String> {
        let grid = Grid {
            rows: 25,
            columns: 1,
            chunk_rows: 10,
            chunk_columns: 1,
            element: Element {
                kind: Kind::F64,
                order: Order::Little,
            },
        };
        let mut collected = Entries::new(250);
        for &entry in entries {
            if !collected.push(entry) {
                break;
            }
        }
        let pipeline = Pipeline::new(vec![Step::Deflate]).unwrap();
        Table::new(grid, 0, pipeline, collected)
    }

    #[test]
    fn chunks_stand_in_the_order_of_rows() {
        let mut entries = sound();
        entries.reverse();
        let table = table(&entries).unwrap();
        let address = |number| table.chunk(number).map(|chunk| chunk.address);
        let addresses = [0, 1, 2, 3].map(address);
        assert_eq!(addresses, [Some(100), Some(150), Some(200), None]);
        assert_eq!(table.length, 80);
        assert_eq!(table.holes(), None);
    }

    #[test]
    fn rows_without_a_chunk_are_known_and_chunks_outside_do_not_count() {
        for (missing, first) in [(0, 0..10), (1, 10..20), (2, 20..25)] {
            let mut entries = sound();
            entries.remove(missing);
            let rows = first.end - first.start;
            let table = table(&entries).unwrap();
            assert_eq!(table.holes(), Some(Holes { first, rows }));
            assert_eq!(table.chunk(missing as u64), None);
            assert!(!table.is_unwritten());
        }
        let mut entries = sound();
        entries[2].row = 30;
        let holes = table(&entries).unwrap().holes();
        assert_eq!(holes.map(|holes| holes.first), Some(20..25));
        assert!(table(&[]).unwrap().is_unwritten());
    }

    #[test]
    fn rows_in_no_chunks_lie_within_the_file() {
        let sound = table(&sound()).unwrap();
        let rows = |bytes| {
            let grid = Grid {
                rows: 100_000,
                ..sound.grid
            };
            Table::of_rows(grid, 0, Pipeline::new(Vec::new()).unwrap(), (40, bytes))
        };
        let table = rows(800_040).unwrap();
        assert_eq!((table.holes(), table.is_unwritten()), (None, false));
        let last = 100_000 / table.grid.chunk_rows;
        let chunk = table.chunk(last).unwrap();
        assert_eq!(chunk.address + chunk.size as u64, 800_040);
        assert!(rows(800_039).unwrap_err().contains("end beyond"));
    }
}
