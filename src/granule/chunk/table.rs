//! Where the storage chunks of one dataset lie in the file, checked before anything is read.
//!
//! On the line: `layout.rs` takes the entries from libhdf5, `dataset.rs` reads what stands here. The
//! entries come from the file, so none is believed: each must lie within it, have a length that its
//! filters can leave, and overlap no other.

use super::convert::{Element, Stride};
use super::filter::Pipeline;

/// The longest chunk that is decoded, in bytes; products have chunks below 1 MB.
const LONGEST: usize = 1 << 30;

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

/// A chunk as the file describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Row and column of its first element.
    pub row: u64,
    pub column: u64,
    /// Bytes from the start of the file.
    pub address: u64,
    pub size: u64,
    pub mask: u32,
}

/// A chunk that lies within the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    pub address: u64,
    pub size: usize,
    pub mask: u32,
}

/// The chunks of one column of a dataset; chunk `i` begins at row `i * grid.chunk_rows`.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub grid: Grid,
    pub pipeline: Pipeline,
    pub chunks: Vec<Chunk>,
    /// Bytes of a decoded chunk.
    pub length: usize,
    /// Where the column stands in a decoded chunk.
    pub stride: Stride,
}

/// Collects entries as libhdf5 visits them, no more than the file has room for.
#[derive(Debug)]
pub struct Entries {
    found: Vec<Entry>,
    bytes: u64,
    file_bytes: u64,
}

impl Entries {
    /// For a file of so many bytes.
    pub fn new(file_bytes: u64) -> Self {
        Self {
            found: Vec::new(),
            bytes: 0,
            file_bytes,
        }
    }

    /// Takes an entry; `false` where together they take more bytes than the file has, so that a
    /// damaged index that goes round in circles ends.
    pub fn push(&mut self, entry: Entry) -> bool {
        self.found.push(entry);
        self.bytes = self.bytes.saturating_add(entry.size.max(1));
        self.bytes <= self.file_bytes
    }
}

impl Table {
    /// The chunks that hold `column`. `None` where some are not stored or lie outside the dataset:
    /// legal, and left to libhdf5.
    ///
    /// The error says which chunk is wrong and how.
    pub fn new(
        grid: Grid,
        column: u64,
        pipeline: Pipeline,
        entries: Entries,
    ) -> Result<Option<Self>, String> {
        let Some(length) = grid.chunk_bytes() else {
            return Err(format!(
                "has storage chunks of {} x {} values, and at most {LONGEST} bytes are decoded at \
                 once; rewrite the file with smaller ones (h5repack)",
                grid.chunk_rows, grid.chunk_columns
            ));
        };
        if entries.bytes > entries.file_bytes {
            return Err(format!(
                "has storage chunks of more bytes than the file, which has {}; fetch the granule \
                 again",
                entries.file_bytes
            ));
        }
        let mut found = entries.found;
        for entry in &found {
            check(entry, &pipeline, length, entries.file_bytes)
                .map_err(|why| describe(entry, &why))?;
        }
        found.sort_unstable_by_key(|entry| entry.address);
        for pair in found.windows(2) {
            if pair[0].address + pair[0].size > pair[1].address {
                let why = format!("it overlaps the one at row {}", pair[0].row);
                return Err(describe(&pair[1], &why));
            }
        }
        let first_column = column / grid.chunk_columns * grid.chunk_columns;
        found.retain(|entry| entry.column == first_column);
        found.sort_unstable_by_key(|entry| entry.row);
        let mut chunks = Vec::with_capacity(found.len());
        let mut next = 0;
        for entry in &found {
            if entry.row < next {
                return Err(describe(entry, "it overlaps the one before"));
            }
            if entry.row > next || entry.row >= grid.rows {
                return Ok(None);
            }
            next = next.saturating_add(grid.chunk_rows);
            chunks.push(Chunk {
                address: entry.address,
                size: entry.size as usize,
                mask: entry.mask,
            });
        }
        let size = grid.element.size();
        Ok((next >= grid.rows).then_some(Self {
            grid,
            pipeline,
            chunks,
            length,
            stride: Stride {
                first: (column - first_column) as usize * size,
                step: grid.chunk_columns as usize * size,
            },
        }))
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

/// Whether an entry can be that of a chunk of `length` decoded bytes.
fn check(entry: &Entry, pipeline: &Pipeline, length: usize, file: u64) -> Result<(), String> {
    let end = entry.address.checked_add(entry.size);
    if end.is_none_or(|end| end > file) {
        return Err(format!(
            "its {} bytes from byte {} on end beyond the file, which has {file}",
            entry.size, entry.address
        ));
    }
    let sizes = pipeline.stored_lengths(length, entry.mask);
    if !usize::try_from(entry.size).is_ok_and(|size| sizes.contains(&size)) {
        return Err(format!(
            "it takes {} bytes, and {length} bytes of values take {} to {} with its filters",
            entry.size,
            sizes.start(),
            sizes.end()
        ));
    }
    Ok(())
}

fn describe(entry: &Entry, why: &str) -> String {
    format!(
        "has a bad storage chunk at row {}, column {}: {why}; fetch the granule again",
        entry.row, entry.column
    )
}

#[cfg(test)]
mod tests {
    use super::super::convert::{Kind, Order};
    use super::super::filter::Step;
    use super::*;

    /// 25 rows in chunks of 10, stored behind one another from byte 100 on.
    fn sound() -> Vec<Entry> {
        (0..3)
            .map(|i| Entry {
                row: 10 * i,
                column: 0,
                address: 100 + 50 * i,
                size: 50,
                mask: 0,
            })
            .collect()
    }

    fn table(entries: &[Entry]) -> Result<Option<Table>, String> {
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
        let table = table(&entries).unwrap().unwrap();
        let addresses: Vec<u64> = table.chunks.iter().map(|c| c.address).collect();
        assert_eq!(addresses, [100, 150, 200]);
        assert_eq!(table.length, 80);
    }

    #[test]
    fn chunks_that_are_not_stored_or_outside_are_left_to_libhdf5() {
        for missing in 0..3 {
            let mut entries = sound();
            entries.remove(missing);
            assert_eq!(table(&entries), Ok(None));
        }
        let mut entries = sound();
        entries[2].row = 30;
        assert_eq!(table(&entries), Ok(None));
        assert_eq!(table(&[]), Ok(None));
    }

    #[test]
    fn chunks_that_cannot_be_are_refused() {
        for (spoil, says) in [
            (
                (|e: &mut Entry| e.address = 201) as fn(&mut Entry),
                "end beyond the file",
            ),
            (|e| e.address = u64::MAX, "end beyond the file"),
            (|e| e.size = 0, "takes 0 bytes"),
            (|e| e.address = 149, "overlaps the one at row"),
            (|e| e.row = 10, "overlaps the one before"),
            (|e| e.row = 5, "overlaps the one before"),
            (|e| e.mask = 1, "takes 50 bytes, and 80 bytes"),
        ] {
            let mut entries = sound();
            spoil(&mut entries[2]);
            let message = table(&entries).unwrap_err();
            assert!(message.contains(says), "{message}");
            assert!(message.contains("row "), "{message}");
        }
    }

    #[test]
    fn an_index_that_goes_round_in_circles_ends() {
        let mut entries = Entries::new(1000);
        let pushed = (0..1000).take_while(|_| entries.push(sound()[0])).count();
        assert!(pushed <= 20, "{pushed}");
    }
}
