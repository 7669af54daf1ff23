//! A table's file whose reads are timed and counted.
//!
//! Below `batches.rs`: the parquet and arrow libraries read from it.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};

/// What was read so far.
#[derive(Debug, Default)]
struct Meter {
    nanoseconds: AtomicU64,
    bytes: AtomicU64,
}

/// Something to read from, and its meter.
#[derive(Debug)]
pub(super) struct Metered<R> {
    inner: R,
    meter: Arc<Meter>,
}

impl<R> Metered<R> {
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            meter: Arc::default(),
        }
    }

    /// What is read from `inner` counts here.
    fn over<S>(&self, inner: S) -> Metered<S> {
        Metered {
            inner,
            meter: Arc::clone(&self.meter),
        }
    }

    /// Time spent reading, and bytes that came.
    pub fn spent(&self) -> (Duration, u64) {
        let nanoseconds = self.meter.nanoseconds.load(Ordering::Relaxed);
        let bytes = self.meter.bytes.load(Ordering::Relaxed);
        (Duration::from_nanos(nanoseconds), bytes)
    }

    fn timed<T>(&self, started: Instant, result: T, bytes: u64) -> T {
        let nanoseconds = started.elapsed().as_nanos() as u64;
        self.meter
            .nanoseconds
            .fetch_add(nanoseconds, Ordering::Relaxed);
        self.meter.bytes.fetch_add(bytes, Ordering::Relaxed);
        result
    }
}

impl Metered<File> {
    /// Another handle of the file, with the same meter.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(self.over(self.inner.try_clone()?))
    }

    /// The file, of which reads are not counted.
    pub fn file(&self) -> &File {
        &self.inner
    }

    /// Reads some bytes from a place on.
    pub fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<usize> {
        let started = Instant::now();
        let mut file = &self.inner;
        let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read(out));
        let bytes = *read.as_ref().unwrap_or(&0) as u64;
        self.timed(started, read, bytes)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let started = Instant::now();
        let read = self.inner.read(out);
        let bytes = *read.as_ref().unwrap_or(&0) as u64;
        self.timed(started, read, bytes)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

impl Length for Metered<File> {
    fn len(&self) -> u64 {
        self.inner.len()
    }
}

impl ChunkReader for Metered<File> {
    type T = Metered<BufReader<File>>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.over(self.inner.get_read(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let started = Instant::now();
        let read = self.inner.get_bytes(start, length);
        let bytes = read.as_ref().map_or(0, |bytes| bytes.len() as u64);
        self.timed(started, read, bytes)
    }
}
