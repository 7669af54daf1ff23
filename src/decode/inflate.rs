//! Inflating zlib streams with libdeflate, into buffers that each thread keeps.
//!
//! On the line: one of the filters that `filter.rs` undoes. The length of the output is known or
//! bounded before a byte is inflated, so no stream makes a buffer grow.

use std::cell::RefCell;

use libdeflater::{DecompressionError, Decompressor};

/// What a thread needs to decode a storage chunk, kept from one to the next.
pub struct Tools {
    pub work: Workspace,
    /// Bytes as the file holds them.
    pub stored: Vec<u8>,
    /// Bytes of a whole decoded chunk, where only part of them is wanted or values need conversion.
    pub decoded: Vec<u8>,
}

/// What undoing filters needs.
pub struct Workspace {
    pub inflater: Inflater,
    /// Bytes between two filters.
    pub a: Vec<u8>,
    pub b: Vec<u8>,
    /// Bytes of a block within a filter.
    pub block: Vec<u8>,
}

/// A decompressor.
pub struct Inflater(Decompressor);

/// Why a stream does not inflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// It is no zlib stream, is cut off, or its checksum does not fit.
    Damaged,
    /// It goes on beyond the room given.
    Long,
    /// It is in a frame of blosc, and packed with what is not built in.
    Snappy,
}

impl Tools {
    pub fn new() -> Self {
        Self {
            work: Workspace::new(),
            stored: Vec::new(),
            decoded: Vec::new(),
        }
    }

    /// Gives back the memory of buffers that a large chunk left.
    fn forget_large(&mut self) {
        let Workspace { a, b, block, .. } = &mut self.work;
        for buffer in [&mut self.stored, &mut self.decoded, a, b, block] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
    }
}

impl Workspace {
    pub fn new() -> Self {
        Self {
            inflater: Inflater(Decompressor::new()),
            a: Vec::new(),
            b: Vec::new(),
            block: Vec::new(),
        }
    }
}

impl Inflater {
    /// Inflates a zlib stream into the front of `out`; returns how many bytes it gave. Bytes after
    /// the end of the stream are not looked at, as in libhdf5.
    pub fn inflate(&mut self, stream: &[u8], out: &mut [u8]) -> Result<usize, Defect> {
        self.0
            .zlib_decompress(stream, out)
            .map_err(|error| match error {
                DecompressionError::BadData => Defect::Damaged,
                DecompressionError::InsufficientSpace => Defect::Long,
            })
    }
}

/// Bytes of a buffer that a thread keeps at most; chunks of products are smaller.
const KEPT: usize = 4 << 20;

/// Runs `work` with the tools of this thread.
pub fn with_tools<T>(work: impl FnOnce(&mut Tools) -> T) -> T {
    thread_local! {
        static TOOLS: RefCell<Tools> = RefCell::new(Tools::new());
    }
    TOOLS.with_borrow_mut(|tools| {
        let done = work(tools);
        tools.forget_large();
        done
    })
}

/// The first `length` bytes of a kept buffer, which grows where it is smaller.
pub fn sized(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}
