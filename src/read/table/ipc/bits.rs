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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::buffer::Found;
    use super::super::layout::Codec;
    use super::*;
    use crate::read::in_memory::MemoryBytes;
    use crate::read::table::metered::Metered;

    fn bits(bytes: &[u8]) -> Bits {
        let source = Arc::new(MemoryBytes::of(bytes.to_vec()));
        let file = Arc::new(Metered::new(source));
        let found = Found::at(&file, (0, bytes.len() as u64), Codec::None).unwrap();
        Bits::new(found.open(&file).unwrap())
    }

    #[test]
    fn any_bits_are_passed_over_and_the_next_are_those_behind() {
        let bytes = [0b1011_0010, 0b0110_1101, 0b1110_0001, 0b0101_1010];
        let all: Vec<bool> = (0..32).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect();
        for first in 0..=32 {
            for passed in 0..=32 - first {
                let mut bits = bits(&bytes);
                let taken: Vec<bool> = bits.take(first).unwrap().iter().collect();
                bits.skip(passed as u64).unwrap();
                let behind = bits.take(32 - first - passed).unwrap();
                assert_eq!(taken, all[..first]);
                let behind: Vec<bool> = behind.iter().collect();
                assert_eq!(behind, all[first + passed..], "{first} {passed}");
                bits.finish().unwrap();
            }
        }
    }
}
