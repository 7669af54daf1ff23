//! How long the lists of rows are, from the offsets at which their values begin.
//!
//! Below `column.rs`.

use std::collections::VecDeque;

use arrow::buffer::Buffer;

use super::buffer::Bytes;

/// Lengths of lists, from the offsets of their values.
#[derive(Debug)]
pub(super) struct Lengths {
    offsets: Bytes,
    width: u64,
    /// The last offset that was read, and the last that there may be.
    last: u64,
    most: u64,
    /// Rows whose offsets were not yet read, and lengths that were.
    unread: u64,
    ahead: VecDeque<u64>,
}

impl Lengths {
    pub fn new(offsets: Bytes, width: u64, rows: u64, most: u64) -> Result<Self, String> {
        let mut lengths = Self {
            offsets,
            width,
            last: 0,
            most,
            unread: rows,
            ahead: VecDeque::new(),
        };
        // Without rows there need be no offsets.
        if rows > 0 {
            lengths.read(1)?;
            lengths.ahead.clear();
        }
        Ok(lengths)
    }

    fn read(&mut self, count: u64) -> Result<(), String> {
        let bytes = self.offsets.take(count * self.width)?;
        for offset in bytes.chunks_exact(self.width as usize) {
            let offset = offset
                .iter()
                .rev()
                .fold(0_u64, |sum, &b| sum << 8 | u64::from(b));
            if offset < self.last || offset > self.most {
                return Err(format!(
                    "has offset {offset} behind {} and before {}",
                    self.last, self.most
                ));
            }
            self.ahead.push_back(offset - self.last);
            self.last = offset;
        }
        Ok(())
    }

    /// How many of the next `rows` rows have `values` values at most.
    pub fn rows_within(&mut self, rows: u64, values: u64) -> Result<u64, String> {
        let more = rows
            .saturating_sub(self.ahead.len() as u64)
            .min(self.unread);
        self.read(more)?;
        self.unread -= more;
        let mut sum = 0_u64;
        let fits = |length: &&u64| {
            sum = sum.saturating_add(**length);
            sum <= values
        };
        Ok(self
            .ahead
            .iter()
            .take(rows as usize)
            .take_while(fits)
            .count() as u64)
    }

    /// Offsets of the next rows from 0 on, and the last of them.
    pub fn take(&mut self, rows: u64) -> Result<(Buffer, u64), String> {
        self.rows_within(rows, u64::MAX)?;
        let (mut offsets, mut sum) = (Vec::new(), 0_u64);
        offsets.push(0);
        for length in self.ahead.drain(..(rows as usize).min(self.ahead.len())) {
            sum += length;
            offsets.push(sum);
        }
        let buffer = if self.width == 8 {
            Buffer::from_vec(
                offsets
                    .iter()
                    .map(|&n| n.cast_signed())
                    .collect::<Vec<i64>>(),
            )
        } else {
            let narrow = offsets
                .iter()
                .map(|&n| i32::try_from(n))
                .collect::<Result<Vec<i32>, _>>();
            Buffer::from_vec(narrow.map_err(|e| e.to_string())?)
        };
        Ok((buffer, sum))
    }

    /// Where the values of the next rows begin, before any were taken.
    pub fn first(&self) -> u64 {
        self.last
    }

    /// The length of the next row, where it was looked at.
    pub fn next(&self) -> u64 {
        self.ahead.front().copied().unwrap_or(0)
    }

    /// As [`Bytes::finish`].
    pub fn finish(self) -> Result<(), String> {
        self.offsets.finish()
    }
}
