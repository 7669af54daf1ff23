//! Memory of a device as values that know its length: what safe code may hand to copies, fills and kernels.

#![allow(
    unsafe_code,
    reason = "who makes such a value vouches for the memory behind the address"
)]

use std::marker::PhantomData;

use crate::backend::gpu::{Fault, Result};

/// Memory that was taken from a machine. Whoever has it may give it back, and nobody else.
#[derive(Debug)]
pub struct Block {
    address: u64,
    bytes: u64,
}

/// Some bytes of a block, which stays where it is meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    address: u64,
    bytes: u64,
    of: PhantomData<&'a Block>,
}

impl Block {
    /// The memory at an address.
    ///
    /// # Safety
    /// The machine has so many bytes there that it gives to nobody else before it gets this block back.
    pub unsafe fn at(address: u64, bytes: u64) -> Self {
        Self { address, bytes }
    }

    /// Memory without a byte, which no machine gave and none gets back.
    pub const fn none() -> Self {
        Self {
            address: 0,
            bytes: 0,
        }
    }

    pub fn address(&self) -> u64 {
        self.address
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All of it.
    pub fn span(&self) -> Span<'_> {
        Span {
            address: self.address,
            bytes: self.bytes,
            of: PhantomData,
        }
    }
}

impl Span<'_> {
    pub fn address(self) -> u64 {
        self.address
    }

    pub fn bytes(self) -> u64 {
        self.bytes
    }

    /// So many bytes from the byte `first` on.
    ///
    /// # Errors
    /// There are fewer: a defect of icefold.
    pub fn part(self, first: u64, bytes: u64) -> Result<Self> {
        let end = first.checked_add(bytes);
        if end.is_none_or(|end| end > self.bytes) {
            return Err(Fault::Wrong(format!(
                "{bytes} bytes from byte {first} on are not in memory of {} bytes",
                self.bytes
            )));
        }
        Ok(Self {
            address: self.address + first,
            bytes,
            of: PhantomData,
        })
    }

    /// From the byte `first` on.
    ///
    /// # Errors
    /// It ends before that: a defect of icefold.
    pub fn from(self, first: u64) -> Result<Self> {
        self.part(first, self.bytes.saturating_sub(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_ends_where_its_block_does() {
        // SAFETY: nothing is done with it.
        let block = unsafe { Block::at(4096, 100) };
        let all = block.span();
        let inner = all.part(40, 60).unwrap();
        assert_eq!((inner.address(), inner.bytes()), (4136, 60));
        assert_eq!(inner.part(60, 0).unwrap().bytes(), 0);
        assert_eq!(all.from(99).unwrap().bytes(), 1);
        for (first, bytes) in [(0, 101), (41, 60), (101, 0), (1, u64::MAX)] {
            assert!(all.part(first, bytes).is_err(), "{first}, {bytes}");
        }
        assert!(inner.part(0, 61).is_err() && all.from(101).is_err());
    }
}
