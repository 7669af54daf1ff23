//! What a table is read from, its reads timed and counted.
//!
//! Below `batches.rs`: the parquet and arrow libraries read from it.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes as Buffer;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::source::Bytes;

/// What was read so far.
#[derive(Debug, Default)]
struct Meter {
    nanoseconds: AtomicU64,
    bytes: AtomicU64,
}

impl Meter {
    fn timed<T>(&self, started: Instant, result: T, bytes: usize) -> T {
        let nanoseconds = started.elapsed().as_nanos() as u64;
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        result
    }
}

/// Something to read from, and its meter, which copies share.
#[derive(Debug, Clone)]
pub(super) struct Metered {
    source: Arc<dyn Bytes>,
    meter: Arc<Meter>,
}

/// What is read from some place on.
#[derive(Debug)]
pub(super) struct Rest {
    source: Arc<dyn Bytes>,
    at: u64,
}

/// The same ahead of who reads it, counted as it is taken.
#[derive(Debug)]
pub(super) struct Ahead {
    inner: BufReader<Rest>,
    meter: Arc<Meter>,
}

impl Metered {
    pub fn new(source: Arc<dyn Bytes>) -> Self {
        Self {
            source,
            meter: Arc::default(),
        }
    }

    /// What is read, of which reads are not counted.
    pub fn source(&self) -> &dyn Bytes {
        &*self.source
    }

    /// Time spent reading, and bytes that came.
    pub fn spent(&self) -> (Duration, u64) {
        let nanoseconds = self.meter.nanoseconds.load(Ordering::Relaxed);
        let bytes = self.meter.bytes.load(Ordering::Relaxed);
        (Duration::from_nanos(nanoseconds), bytes)
    }

    /// Fills `out` from a place on.
    pub fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        let started = Instant::now();
        let read = self.source.read_at(at, out);
        let bytes = if read.is_ok() { out.len() } else { 0 };
        self.meter.timed(started, read, bytes)
    }
}

impl Read for Rest {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.source.length().saturating_sub(self.at);
        let count = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.source.read_at(self.at, &mut out[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Read for Ahead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let started = Instant::now();
        let read = self.inner.read(out);
        let bytes = *read.as_ref().unwrap_or(&0);
        self.meter.timed(started, read, bytes)
    }
}

impl Length for Metered {
    fn len(&self) -> u64 {
        self.source.length()
    }
}

impl ChunkReader for Metered {
    type T = Ahead;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(Ahead {
            inner: BufReader::new(Rest {
                source: Arc::clone(&self.source),
                at: start,
            }),
            meter: Arc::clone(&self.meter),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Buffer> {
        // Before memory is set aside for what a damaged file says.
        let left = self.source.length().saturating_sub(start);
        if length as u64 > left {
            return Err(ParquetError::EOF(format!(
                "Expected to read {length} bytes, read only {left}"
            )));
        }
        let mut out = vec![0; length];
        self.read_at(start, &mut out)?;
        Ok(out.into())
    }
}
