//! The memory budget: how many rows a batch may have, and what is left to partials.
//!
//! Beside the line: `source.rs` keeps a few batches in flight, each device needs scratch memory for
//! the one that it folds, and `src/merge/mod.rs` holds partials to a budget of their own:
//!
//! ```text
//!   memory = program + chunks and parts of tables that are decoded (at most half of the rest)
//!          + batches and their partials (at most half of what is left) + partials of the run
//! ```

use std::fmt;
use std::str::FromStr;

use crate::config::PROGRAM_BYTES;
use crate::photon::ColumnType;
use crate::stat::Job;

use super::BATCH_ROWS;
use super::source::IN_FLIGHT;

/// An amount of memory in bytes.
///
/// ```
/// use icefold::Memory;
///
/// assert_eq!(Memory::gib(1), Memory::DEFAULT);
/// assert_eq!(Memory::mib(512), Memory(512 << 20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory(pub u64);

/// Fewest rows in a batch: below it every stage is all overhead.
const FEWEST_ROWS: u64 = 4096;
/// Bytes of scratch for a photon: its cell, key, number, and two places of the radix sort.
const SORTED: u64 = 8 + 4 + 4 + 16 + 8;

impl Memory {
    /// Small enough for a laptop.
    pub const DEFAULT: Self = Self(1 << 30);
    /// So many GiB.
    pub const fn gib(gib: u64) -> Self {
        Self(gib.saturating_mul(1 << 30))
    }

    /// So many MiB.
    pub const fn mib(mib: u64) -> Self {
        Self(mib.saturating_mul(1 << 20))
    }

    /// Below this no batch of useful size fits beside partials.
    pub const LEAST: Self = Self(96 << 20);

    /// Rows of a batch that keep batches in flight and the device's scratch within half of the
    /// budget, in the worst case of one photon a cell.
    pub fn rows(self, types: &[ColumnType], filters: usize, job: &Job) -> usize {
        let rows = self.room() / 2 / row_bytes(types, filters, job);
        rows.clamp(FEWEST_ROWS, BATCH_ROWS as u64) as usize
    }

    /// Bytes for the partials of the run beside batches of so many rows; a quarter of what there is
    /// however large those are, since batches may be given by hand.
    pub fn partials(self, rows: usize, types: &[ColumnType], filters: usize, job: &Job) -> u64 {
        let batches = (rows as u64).saturating_mul(row_bytes(types, filters, job));
        self.room().saturating_sub(batches).max(self.room() / 4)
    }

    /// Bytes of column memory that a device may lend: for the batches that exist at a time and the columns derived
    /// of one, which have their place in the budget wherever they are. At most half of what there is, as batches may
    /// be given by hand.
    pub fn columns(self, rows: usize, types: &[ColumnType], job: &Job) -> u64 {
        let row = IN_FLIGHT as u64 * batch_bytes(types) + derived_bytes(job);
        (rows as u64).saturating_mul(row).min(self.room() / 2)
    }

    /// Bytes for values where nothing is read and folded: where a store is made of pieces.
    pub fn values(self) -> u64 {
        self.room()
    }

    /// Bytes that storage chunks may take while they are decoded, at most.
    pub fn for_chunks(self) -> u64 {
        self.room() / 2
    }

    /// What storage chunks that take so many bytes leave to batches and partials.
    #[must_use]
    pub fn beside_chunks(self, bytes: u64) -> Self {
        Self(self.0 - bytes.min(self.for_chunks()))
    }

    fn room(self) -> u64 {
        self.0.saturating_sub(PROGRAM_BYTES)
    }
}

/// Bytes that a row takes on its way: read, waiting, derived, sorted, and as a cell of its own in the
/// partials that a device makes and in those that it puts them together from.
fn row_bytes(types: &[ColumnType], filters: usize, job: &Job) -> u64 {
    // The bits of nulls, too; filters are decoded and dropped.
    let batch = batch_bytes(types) + types.len() as u64;
    let decoding = 8 * filters as u64;
    let derived = derived_bytes(job);
    let partials = job.cell_bytes() + job.remainder_bytes() + job.photon_bytes();
    IN_FLIGHT as u64 * batch + decoding + derived + SORTED + 2 * partials
}

/// Bytes of a row's coordinates and values.
fn batch_bytes(types: &[ColumnType]) -> u64 {
    let width = |t: &ColumnType| match t {
        ColumnType::F32 => 4,
        ColumnType::F64 | ColumnType::I64 => 8,
    };
    2 * 8 + types.iter().map(width).sum::<u64>()
}

fn derived_bytes(job: &Job) -> u64 {
    8 * job.columns.len() as u64
}

impl FromStr for Memory {
    type Err = String;

    /// As [`parse_memory`], and enough for a run.
    fn from_str(text: &str) -> Result<Self, String> {
        let memory = parse_memory(text)?;
        if memory.0 < Self::LEAST.0 {
            return Err(format!(
                "{text} is too little; give at least {}",
                Self::LEAST
            ));
        }
        Ok(memory)
    }
}

/// `4GiB`, `512MiB`, `2G`, `800MB`, or bytes.
///
/// # Errors
/// In words, what is wrong with the text.
pub fn parse_memory(text: &str) -> Result<Memory, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text[digits.len()..].trim() {
        "" | "B" => 1,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "T" | "TiB" => 1 << 40,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        other => {
            return Err(format!(
                "'{other}' is no unit of memory; write 4GiB, 512MiB or 2GB"
            ));
        }
    };
    let number: u64 = digits
        .trim()
        .parse()
        .map_err(|_| "memory is a whole number and a unit, such as 4GiB or 512MiB".to_owned())?;
    let bytes = number
        .checked_mul(unit)
        .ok_or_else(|| format!("{text} is more memory than can be counted"))?;
    Ok(Memory(bytes))
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, name) in [
            (1 << 40, "TiB"),
            (1 << 30, "GiB"),
            (1 << 20, "MiB"),
            (1 << 10, "KiB"),
        ] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return write!(f, "{}{name}", self.0 / unit);
            }
        }
        write!(f, "{}B", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::memory_for_chunks;

    fn bytes(text: &str) -> Result<u64, String> {
        text.parse().map(|memory: Memory| memory.0)
    }

    #[test]
    fn sizes_have_binary_and_decimal_units() {
        assert_eq!(bytes("4GiB"), Ok(4 << 30));
        assert_eq!(bytes("512 MiB"), Ok(512 << 20));
        assert_eq!(bytes("2G"), Ok(2 << 30));
        assert_eq!(bytes("2GB"), Ok(2_000_000_000));
        assert_eq!(bytes("268435456"), Ok(256 << 20));
        for refused in ["", "GiB", "1.5GiB", "4 gib", "-1", "99999999TiB"] {
            assert!(bytes(refused).is_err(), "{refused}");
        }
        assert_eq!(
            bytes("10MiB"),
            Err("10MiB is too little; give at least 96MiB".to_owned())
        );
    }

    #[test]
    fn less_memory_means_smaller_batches_within_bounds() {
        let job = Job {
            columns: Vec::new(),
            outputs: Vec::new(),
        };
        let rows = |memory: u64| Memory(memory).rows(&[ColumnType::F32], 1, &job);
        assert_eq!(rows(u64::MAX), BATCH_ROWS);
        assert_eq!(rows(0), 4096);
        assert!(rows(128 << 20) < rows(256 << 20));
    }

    #[test]
    fn chunks_take_half_of_what_the_program_leaves_at_most() {
        for bytes in [1, 5_000_000, 3 << 30] {
            let least = Memory(memory_for_chunks(bytes));
            assert!(least.for_chunks() >= bytes && least.0.is_multiple_of(1 << 20));
            assert!(Memory(least.0 - (1 << 20)).for_chunks() < bytes);
            assert_eq!(least.beside_chunks(bytes).0, least.0 - bytes);
        }
        assert_eq!(
            Memory::LEAST.beside_chunks(u64::MAX).room(),
            Memory::LEAST.room() / 2
        );
    }

    #[test]
    fn batches_and_partials_share_what_the_program_leaves() {
        let job = Job {
            columns: Vec::new(),
            outputs: Vec::new(),
        };
        let types = [ColumnType::F32, ColumnType::F64];
        for memory in [
            Memory::LEAST,
            Memory(256 << 20),
            Memory::DEFAULT,
            Memory(8 << 30),
        ] {
            let room = memory.0 - PROGRAM_BYTES;
            let rows = memory.rows(&types, 1, &job);
            let batches = rows as u64 * row_bytes(&types, 1, &job);
            let partials = memory.partials(rows, &types, 1, &job);
            assert_eq!(batches + partials, room, "{memory}");
            assert!(partials >= room / 2, "{memory}");
            assert_eq!(memory.partials(usize::MAX, &types, 1, &job), room / 4);
            // What a device lends to columns is part of what batches take.
            let columns = memory.columns(rows, &types, &job);
            assert_eq!(columns, rows as u64 * 4 * (2 * 8 + 4 + 8));
            assert!(columns < batches);
            assert_eq!(memory.columns(usize::MAX, &types, &job), room / 2);
        }
        assert_eq!(Memory(0).partials(0, &types, 1, &job), 0);
    }
}
