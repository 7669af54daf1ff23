//! The memory that a table may take while it is decoded, beside the batches that are made of it.
//!
//! On the line: `row_groups.rs` and `ipc/` ask before they decode. As for HDF5's storage chunks it is at most
//! half of what the program leaves.

use parquet::errors::ParquetError;

use crate::config::memory_for_chunks;

/// Why rows cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// They are not whole, or are not what they say; in words.
    Damaged(String),
    /// They do not fit the memory.
    TooLarge(Short),
}

/// What does not fit the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Short {
    /// In words.
    pub why: String,
    /// Bytes of memory of the whole run that would do.
    pub enough: u64,
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Bytes for what must be in memory at once; as many as it needs where there is no end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    all: Option<u64>,
    taken: u64,
}

impl Room {
    /// What each of so many tables has that are read at the same time.
    pub fn new(all: Option<u64>, tables: usize) -> Self {
        Self {
            all: all.map(|all| all / tables.max(1) as u64),
            taken: 0,
        }
    }

    /// What there is beside so many more bytes.
    ///
    /// # Errors
    /// They do not fit; `what` has them.
    pub fn beside(self, bytes: u64, what: impl FnOnce() -> String) -> Result<Self, Short> {
        let taken = self.taken.saturating_add(bytes);
        match self.all {
            Some(all) if taken > all => Err(Short {
                why: format!(
                    "{}, which takes {bytes} bytes while it is decoded, and the memory has {} for that",
                    what(),
                    all - self.taken
                ),
                enough: memory_for_chunks(taken),
            }),
            all => Ok(Self { all, taken }),
        }
    }

    /// Bytes that are left.
    pub fn left(self) -> Option<u64> {
        self.all.map(|all| all - self.taken)
    }

    /// How many things of so many bytes fit.
    pub fn fits(self, each: u64) -> u64 {
        self.left().map_or(u64::MAX, |left| left / each.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_the_memory_that_would_do() {
        let room = Room::new(Some(20 << 20), 1);
        let left = room.beside(15 << 20, String::new).unwrap();
        assert_eq!((left.left(), left.fits(1 << 20)), (Some(5 << 20), 5));
        let said = left.beside(6 << 20, || "has a page".to_owned());
        let why = "has a page, which takes 6291456 bytes while it is decoded, and the memory has 5242880 \
                   for that";
        let (why, enough) = (why.to_owned(), 106 << 20);
        assert_eq!(said, Err(Short { why, enough }));
        assert_eq!(
            Room::new(None, 1)
                .beside(u64::MAX, String::new)
                .unwrap()
                .left(),
            None
        );
    }
}
