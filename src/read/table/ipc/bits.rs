//! Bits of a buffer, as nulls and booleans are stored.
//!
//! Below `column.rs`.

use arrow::buffer::{BooleanBuffer, Buffer};

use super::buffer::Bytes;

/// Bits, of which any number is taken at a time.
#[derive(Debug)]
pub(super) struct Bits {
    bytes: Bytes,
    /// The byte in which the next bit is, where others of it were taken, and how many.
    open: (u8, usize),
}

impl Bits {
    pub fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            open: (0, 0),
        }
    }

    pub fn take(&mut self, count: usize) -> Result<BooleanBuffer, String> {
        let (byte, before) = self.open;
        let bits = before + count;
        let bytes = bits.div_ceil(8) - usize::from(before > 0);
        let more = self.bytes.take(bytes as u64)?;
        let all = if before > 0 {
            let mut all = Vec::with_capacity(1 + more.len());
            all.push(byte);
            all.extend_from_slice(&more);
            Buffer::from_vec(all)
        } else {
            more
        };
        self.open = match bits % 8 {
            0 => (0, 0),
            after => (all.last().copied().unwrap_or(0), after),
        };
        Ok(BooleanBuffer::new(all, before, count))
    }

    /// Passes over bits.
    pub fn skip(&mut self, count: u64) -> Result<(), String> {
        let (byte, before) = self.open;
        let bits = before as u64 + count;
        if before > 0 && bits < 8 {
            self.open = (byte, bits as usize);
            return Ok(());
        }
        // The byte that is open was taken already.
        self.bytes.skip(bits / 8 - u64::from(before > 0))?;
        self.open = (0, 0);
        self.take((bits % 8) as usize).map(drop)
    }

    /// As [`Bytes::finish`].
    pub fn finish(self) -> Result<(), String> {
        self.bytes.finish()
    }
}
