//! The memory budget: how many rows a batch may have.
//!
//! Beside the line: `source.rs` keeps a few batches in flight, each device needs scratch memory for
//! the one that it folds. Partials of occupied cells come on top: they are the answer.

use std::fmt;
use std::str::FromStr;

use crate::batch::ColumnType;
use crate::stat::Job;

use super::BATCH_ROWS;
use super::source::IN_FLIGHT;

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory(pub u64);

/// Fewest rows in a batch: below it every stage is all overhead.
const FEWEST_ROWS: u64 = 4096;
/// What the program takes before the first batch.
const PROGRAM: u64 = 64 << 20;
/// Bytes of scratch for a photon: its cell, key, number, and two places of the radix sort.
const SORTED: u64 = 8 + 4 + 4 + 16 + 8;
/// Bytes of the accumulators of one column, where every photon has a cell of its own.
const ROW: u64 = 8 + 24 + 16 + 48 + 32;

impl Memory {
    /// Small enough for a laptop.
    pub const DEFAULT: Self = Self(1 << 30);
    /// Below this no batch of useful size fits.
    pub const LEAST: Self = Self(96 << 20);

    /// Rows of a batch that keep batches in flight and the device's scratch within the budget, in
    /// the worst case of one photon a cell.
    pub fn rows(self, types: &[ColumnType], filters: usize, job: &Job) -> usize {
        let width = |t: &ColumnType| match t {
            ColumnType::F32 => 4,
            ColumnType::F64 | ColumnType::I64 => 8,
        };
        // Coordinates, values and the bit of a null; filters are decoded and dropped.
        let columns: u64 = types.iter().map(|t| width(t) + 1).sum();
        let batch = 2 * 8 + columns;
        let decoding = 8 * filters as u64;
        let derived = 8 * job.columns.len() as u64;
        let rows = ROW * job.columns.len() as u64 + 2 * 8;
        let row = IN_FLIGHT as u64 * batch + decoding + derived + SORTED + 2 * rows;
        let room = self.0.saturating_sub(PROGRAM) / row;
        room.clamp(FEWEST_ROWS, BATCH_ROWS as u64) as usize
    }
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
    {
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
        let number: u64 = digits.trim().parse().map_err(|_| {
            "memory is a whole number and a unit, such as 4GiB or 512MiB".to_owned()
        })?;
        let bytes = number
            .checked_mul(unit)
            .ok_or_else(|| format!("{text} is more memory than can be counted"))?;
        Ok(Memory(bytes))
    }
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
}
