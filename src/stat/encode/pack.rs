//! Packing: arrays of accumulators as little-endian integers behind their length, and back.
//!
//! Below `columns.rs`. Values pass through a buffer that stays in the cache, where they are also
//! checksummed: no array exists twice.

use std::io::{self, Read, Write};

use super::{DecodeError, read_whole};
use crate::stat::exact::{Signed256, Unsigned256};
use crate::stat::moments::Moments;
use crate::stat::order::Key;
use crate::stat::range::Range;
use crate::stat::remainder::Remainder;
use crate::stat::specials::Specials;
use crate::stat::terms::TermSum;
use crate::stat::wide::Wide;

/// Bytes that are converted at a time; a multiple of every width.
const BUFFER: usize = 48 * 1024;

/// A value of fixed width.
pub(super) trait Fixed {
    const BYTES: usize;

    fn put(self, place: &mut [u8]);
    fn get(bytes: &[u8]) -> Self;
}

/// Arrays on their way out.
pub(super) struct Packer<'a, W: Write> {
    out: &'a mut W,
    buffer: Vec<u8>,
    checksum: u32,
    written: u64,
}

/// Arrays on their way in.
pub(super) struct Unpacker<'a, R: Read> {
    input: &'a mut R,
    buffer: Vec<u8>,
    checksum: u32,
    /// Bytes of the body that were not read.
    left: u64,
}

impl<'a, W: Write> Packer<'a, W> {
    pub fn new(out: &'a mut W) -> Self {
        Self {
            out,
            buffer: vec![0; BUFFER],
            checksum: 0,
            written: 0,
        }
    }

    pub fn array<T: Fixed>(&mut self, values: impl ExactSizeIterator<Item = T>) -> io::Result<()> {
        let bytes = values.len() * T::BYTES;
        self.buffer[..8].copy_from_slice(&(bytes as u64).to_le_bytes());
        self.write(8)?;
        let mut values = values.fuse();
        loop {
            let places = self.buffer.chunks_exact_mut(T::BYTES);
            let mut filled = 0;
            for (place, value) in places.zip(values.by_ref()) {
                value.put(place);
                filled += T::BYTES;
            }
            if filled == 0 {
                return Ok(());
            }
            self.write(filled)?;
        }
    }

    fn write(&mut self, bytes: usize) -> io::Result<()> {
        let bytes = &self.buffer[..bytes];
        self.checksum = crc32c::crc32c_append(self.checksum, bytes);
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Bytes written, and their checksum.
    pub fn finish(self) -> (u64, u32) {
        (self.written, self.checksum)
    }
}

impl<'a, R: Read> Unpacker<'a, R> {
    pub fn new(input: &'a mut R, bytes: u64) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER],
            checksum: 0,
            left: bytes,
        }
    }

    /// An array of so many values: nothing is allocated unless it is that long and fits.
    pub fn array<T: Fixed>(&mut self, what: &str, values: u64) -> Result<Vec<T>, DecodeError> {
        let bytes = self.length()?;
        self.values(what, values, bytes)
    }

    /// An array of at most so many values.
    pub fn up_to<T: Fixed>(&mut self, what: &str, values: u64) -> Result<Vec<T>, DecodeError> {
        let bytes = self.length()?;
        self.values(what, values.min(bytes / T::BYTES as u64), bytes)
    }

    fn length(&mut self) -> Result<u64, DecodeError> {
        self.read(8)?;
        Ok(u64::from_le_bytes(std::array::from_fn(|i| self.buffer[i])))
    }

    fn values<T: Fixed>(
        &mut self,
        what: &str,
        values: u64,
        bytes: u64,
    ) -> Result<Vec<T>, DecodeError> {
        let needed = values.checked_mul(T::BYTES as u64);
        if needed != Some(bytes) || bytes > self.left {
            return Err(DecodeError::Damaged(format!(
                "{what} takes {bytes} bytes where {values} values of {} are due and {} are left",
                T::BYTES,
                self.left
            )));
        }
        let mut array = Vec::with_capacity(values as usize);
        let mut left = bytes as usize;
        while left > 0 {
            let part = left.min(BUFFER - BUFFER % T::BYTES);
            self.read(part)?;
            array.extend(self.buffer[..part].chunks_exact(T::BYTES).map(T::get));
            left -= part;
        }
        Ok(array)
    }

    fn read(&mut self, bytes: usize) -> Result<(), DecodeError> {
        if bytes as u64 > self.left {
            return Err(DecodeError::Damaged("an array is missing".to_owned()));
        }
        self.left -= bytes as u64;
        let bytes = &mut self.buffer[..bytes];
        read_whole(self.input, bytes)?;
        self.checksum = crc32c::crc32c_append(self.checksum, bytes);
        Ok(())
    }

    /// The checksum of all arrays; there must be no more.
    pub fn finish(self) -> Result<u32, DecodeError> {
        match self.left {
            0 => Ok(self.checksum),
            left => Err(DecodeError::Damaged(format!(
                "{left} bytes after the last array"
            ))),
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {
        $(impl Fixed for $integer {
            const BYTES: usize = size_of::<$integer>();

            #[inline]
            fn put(self, place: &mut [u8]) {
                place.copy_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn get(bytes: &[u8]) -> Self {
                Self::from_le_bytes(std::array::from_fn(|i| bytes[i]))
            }
        })*
    };
}

integers!(u32, u64, u128, i128);

impl<const N: usize> Fixed for Wide<N> {
    const BYTES: usize = N * size_of::<u64>();

    #[inline]
    fn put(self, place: &mut [u8]) {
        let limbs = place.chunks_exact_mut(size_of::<u64>()).zip(self.0);
        limbs.for_each(|(place, limb)| limb.put(place));
    }

    #[inline]
    fn get(bytes: &[u8]) -> Self {
        Self(std::array::from_fn(|i| u64::get(&bytes[8 * i..8 * i + 8])))
    }
}

/// Values made of others, one after the other.
macro_rules! composed {
    ($type:ty, |$value:ident| $($part:expr => $part_type:ty),+; |$($name:ident),+| $whole:expr) => {
        impl Fixed for $type {
            const BYTES: usize = 0 $(+ size_of::<$part_type>())+;

            #[inline]
            fn put(self, place: &mut [u8]) {
                let $value = self;
                let rest = place;
                $(let (part, rest) = rest.split_at_mut(size_of::<$part_type>());
                Fixed::put($part, part);)+
                debug_assert!(rest.is_empty());
            }

            #[inline]
            fn get(bytes: &[u8]) -> Self {
                let rest = bytes;
                $(let (part, rest) = rest.split_at(size_of::<$part_type>());
                let $name = <$part_type>::get(part);)+
                debug_assert!(rest.is_empty());
                $whole
            }
        }
    };
}

composed!(Specials,
    |s| s.nan => u64, s.positive_infinity => u64, s.negative_infinity => u64;
    |nan, positive_infinity, negative_infinity| Self { nan, positive_infinity, negative_infinity });
composed!(Range,
    |r| r.min.0 => u64, r.max.0 => u64;
    |min, max| Self { min: Key(min), max: Key(max) });
composed!(Moments,
    |m| m.sum => i128, m.squares.low => u128, m.squares.high => u128;
    |sum, low, high| Self { sum, squares: Unsigned256 { high, low } });
composed!(TermSum,
    |t| t.sum.low => u128, t.sum.high => i128;
    |low, high| Self { sum: Signed256 { high, low } });
composed!(Remainder,
    |r| r.cell => u64, r.values => u64, r.first => Wide<4>, r.second => Wide<6>;
    |cell, values, first, second| Self { cell, values, first, second });
