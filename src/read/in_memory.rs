//! Bytes in memory: a second source, which tests read granules from, whole and spoiled.
//!
//! Beside the line. What is read from here has the bits of what is read from a file.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::source::{Bytes, Sink};

/// What becomes of a read that touches a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails.
    Fails,
    /// Its bytes end there, although there are said to be more.
    Short,
}

/// The bytes of a file, all of them in memory.
#[derive(Debug)]
pub(crate) struct MemoryBytes {
    name: String,
    bytes: Vec<u8>,
    fault: Option<(u64, Fault)>,
    /// Reads so far, those of [`Bytes::read_many`] counted as one.
    reads: AtomicU64,
}

impl MemoryBytes {
    pub fn of(bytes: Vec<u8>) -> Self {
        Self {
            name: "memory".to_owned(),
            bytes,
            fault: None,
            reads: AtomicU64::new(0),
        }
    }

    /// A copy of a file.
    pub fn of_file(path: &Path) -> Self {
        Self {
            name: format!("a copy of {}", path.display()),
            ..Self::of(std::fs::read(path).expect("a file that is there"))
        }
    }

    /// The same, with a place that cannot be read.
    pub fn spoiled(self, at: u64, fault: Fault) -> Self {
        Self {
            fault: Some((at, fault)),
            ..self
        }
    }

    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn slice(&self, range: Range<u64>) -> io::Result<&[u8]> {
        match self.fault {
            Some((at, fault)) if range.contains(&at) => Err(match fault {
                Fault::Fails => io::Error::other("the source is gone"),
                Fault::Short => io::ErrorKind::UnexpectedEof.into(),
            }),
            _ => self
                .bytes
                .get(range.start as usize..range.end as usize)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Bytes for MemoryBytes {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        out.copy_from_slice(self.slice(at..at.saturating_add(out.len() as u64))?);
        Ok(())
    }

    /// In another order than a file has them in, as a store of objects may.
    fn read_many(&self, ranges: &[Range<u64>], sink: &Sink) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let mut order: Vec<usize> = (0..ranges.len()).collect();
        order.sort_by_key(|&number| std::cmp::Reverse(ranges[number].start));
        for number in order {
            sink(number, &mut |out| {
                out.copy_from_slice(self.slice(ranges[number].clone())?);
                Ok(())
            });
        }
    }
}
