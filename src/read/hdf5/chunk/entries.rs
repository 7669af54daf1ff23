//! Storage chunks as a file describes them, held to what can be.
//!
//! On the line: `layout.rs` collects them from libhdf5, `table.rs` keeps those of a column. They come
//! from the file, so none is believed: each must lie within it, have a length that its filters can
//! leave, and overlap no other.

use super::table::Grid;
use crate::photon::stored::Pipeline;

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

/// Collects entries as libhdf5 visits them, no more than the file has room for.
#[derive(Debug)]
pub struct Entries {
    found: Vec<Entry>,
    bytes: u64,
    file_bytes: u64,
    /// Whether chunks have the lengths that their filters leave.
    lengths: bool,
}

impl Entries {
    /// For a file of so many bytes.
    pub fn new(file_bytes: u64) -> Self {
        Self {
            found: Vec::new(),
            bytes: 0,
            file_bytes,
            lengths: true,
        }
    }

    /// The same, of chunks that may have any length.
    #[must_use]
    pub fn unchecked(self) -> Self {
        Self {
            lengths: false,
            ..self
        }
    }

    /// Takes an entry; `false` where together they take more bytes than the file has, so that a
    /// damaged index that goes round in circles ends.
    pub fn push(&mut self, entry: Entry) -> bool {
        self.found.push(entry);
        self.bytes = self.bytes.saturating_add(entry.size.max(1));
        self.bytes <= self.file_bytes
    }

    /// The chunks of one column by their number, ascending.
    pub fn chunks(
        self,
        grid: Grid,
        column: u64,
        pipeline: &Pipeline,
        length: usize,
    ) -> Result<Vec<(u64, Chunk)>, String> {
        if self.bytes > self.file_bytes {
            return Err(format!(
                "has storage chunks of more bytes than the file, which has {}; fetch the granule \
                 again",
                self.file_bytes
            ));
        }
        let mut found = self.found;
        for entry in &found {
            let checked = within(entry, self.file_bytes);
            let checked = checked.and_then(|()| {
                if self.lengths {
                    check(entry, pipeline, length)
                } else {
                    Ok(())
                }
            });
            checked.map_err(|why| describe(entry, &why))?;
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
        let mut chunks: Vec<(u64, Chunk)> = Vec::with_capacity(found.len());
        for entry in &found {
            let number = entry.row / grid.chunk_rows;
            if chunks.last().is_some_and(|(last, _)| *last == number) {
                return Err(describe(entry, "it overlaps the one before"));
            }
            if entry.row % grid.chunk_rows > 0 {
                let why = format!("chunks begin every {} rows", grid.chunk_rows);
                return Err(describe(entry, &why));
            }
            if entry.row < grid.rows {
                let chunk = Chunk {
                    address: entry.address,
                    size: entry.size as usize,
                    mask: entry.mask,
                };
                chunks.push((number, chunk));
            }
        }
        Ok(chunks)
    }
}

/// Whether an entry lies within the file.
fn within(entry: &Entry, file: u64) -> Result<(), String> {
    let end = entry.address.checked_add(entry.size);
    if end.is_none_or(|end| end > file) {
        return Err(format!(
            "its {} bytes from byte {} on end beyond the file, which has {file}",
            entry.size, entry.address
        ));
    }
    Ok(())
}

/// Whether an entry can be that of a chunk of `length` decoded bytes.
fn check(entry: &Entry, pipeline: &Pipeline, length: usize) -> Result<(), String> {
    if pipeline.skips_shuffle(entry.mask) {
        return Err(format!(
            "its filter mask {:#x} leaves out the shuffle filter, which no writer does",
            entry.mask
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
pub mod tests {
    use super::super::table::tests::table;
    use super::*;

    /// 25 rows in chunks of 10, stored behind one another from byte 100 on.
    pub fn sound() -> Vec<Entry> {
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
            (|e| e.row = 25, "begin every 10 rows"),
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
