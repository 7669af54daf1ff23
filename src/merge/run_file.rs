//! Writing a sorted run block after block, and reading the blocks of one shard.
//!
//! Below `mod.rs`, beside `sorted_run.rs`, which says how a file is laid out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::ops::Range as Rows;
use std::path::PathBuf;

use super::folder::{damaged, foreign, unwritable};
use super::sorted_run::{Extent, SortedRun, ending};
use crate::error::{Error, Result};
use crate::stat::{DecodeError, Encoding, Partials};

/// Bytes that are read or written at a time.
const BUFFER: u64 = 64 << 10;

/// A sorted run that grows. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct RunWriter<'a> {
    encoding: Encoding<'a>,
    /// Bytes that the partials of one block take at most, or that its values do beside the accumulators
    /// of one cell.
    block: u64,
    level: u32,
    path: PathBuf,
    /// `None` once it is whole.
    out: Option<BufWriter<File>>,
    written: u64,
    shards: BTreeMap<u64, Extent>,
}

/// The blocks of one sorted run, a shard at a time.
#[derive(Debug)]
pub(super) struct RunReader<'a> {
    encoding: Encoding<'a>,
    /// Place of the run among those that are read together.
    pub place: usize,
    path: PathBuf,
    file: BufReader<File>,
    /// The next byte to read, and where the shard ends.
    at: u64,
    end: u64,
}

impl<'a> RunWriter<'a> {
    pub fn new(
        encoding: Encoding<'a>,
        block: u64,
        level: u32,
        (path, file): (PathBuf, File),
    ) -> Self {
        Self {
            encoding,
            block,
            level,
            path,
            out: Some(BufWriter::with_capacity(BUFFER as usize, file)),
            written: 0,
            shards: BTreeMap::new(),
        }
    }

    /// Appends cells of a shard, none of them below those before.
    pub fn append(&mut self, shard: u64, partials: &Partials) -> Result<()> {
        let start = self.written;
        let mut row = 0;
        while row < partials.len() {
            let job = self.encoding.job();
            if partials.has_parts(row, self.block, job) {
                self.append_parts(partials, row)?;
                row += 1;
                continue;
            }
            let end = partials.fitting(row..partials.len(), self.block, job);
            self.block(partials, row..end)?;
            row = end;
        }
        let extent = self.shards.entry(shard).or_insert(Extent {
            start,
            bytes: 0,
            photons: 0,
        });
        extent.bytes += self.written - start;
        extent.photons += partials.photons.iter().sum::<u64>();
        Ok(())
    }

    /// A row with more values than a block has: blocks of one cell that merge into it.
    fn append_parts(&mut self, partials: &Partials, row: usize) -> Result<()> {
        let mut from = Some(0);
        while let Some(at) = from {
            let (part, next) = partials.part(row, at, self.block, self.encoding.job());
            self.block(&part, 0..1)?;
            from = next;
        }
        Ok(())
    }

    fn block(&mut self, partials: &Partials, rows: Rows<usize>) -> Result<()> {
        if let Some(out) = &mut self.out {
            let written = self.encoding.encode(partials, rows, out);
            self.written += written.map_err(|e| unwritable(&self.path, &e))?;
        }
        Ok(())
    }

    /// Writes the index; the run is whole.
    pub fn finish(mut self) -> Result<SortedRun> {
        let fingerprint = self.encoding.fingerprint();
        let ending = ending(&self.shards, self.written, self.level, fingerprint);
        if let Some(out) = &mut self.out {
            let written = out.write_all(&ending).and_then(|()| out.flush());
            written.map_err(|e| unwritable(&self.path, &e))?;
        }
        self.out = None;
        Ok(SortedRun {
            path: std::mem::take(&mut self.path),
            level: self.level,
            bytes: self.written + ending.len() as u64,
            shards: std::mem::take(&mut self.shards),
            taken: Vec::new(),
            sha256: None,
            kept: false,
        })
    }
}

impl Drop for RunWriter<'_> {
    fn drop(&mut self) {
        if let Some(out) = self.out.take() {
            // What is buffered is of no use to anybody.
            drop(out.into_parts());
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl<'a> RunReader<'a> {
    /// Opens a run that is the one in `place` of those that are read together.
    pub fn open(run: &SortedRun, place: usize, block: u64, encoding: Encoding<'a>) -> Result<Self> {
        let file = File::open(&run.path);
        let file = file.map_err(|e| damaged(&run.path, &format!("cannot be read: {e}")))?;
        Ok(Self {
            encoding,
            place,
            path: run.path.clone(),
            file: BufReader::with_capacity(block.min(BUFFER) as usize, file),
            at: 0,
            end: 0,
        })
    }

    /// Goes to the blocks of a shard.
    pub fn seek(&mut self, extent: Extent) -> Result<()> {
        let by = extent.start as i64 - self.at as i64;
        let sought = self.file.seek_relative(by);
        sought.map_err(|e| damaged(&self.path, &format!("cannot be read: {e}")))?;
        self.at = extent.start;
        self.end = extent.start + extent.bytes;
        Ok(())
    }

    /// The next block of the shard; `None` after its last.
    pub fn next(&mut self) -> Result<Option<Partials>> {
        if self.at == self.end {
            return Ok(None);
        }
        let decoded = self.encoding.decode(&mut self.file, self.end - self.at);
        let block = decoded.map_err(|error| self.failed(&error))?;
        self.at += self.encoding.bytes_of(&block, 0..block.len());
        Ok(Some(block))
    }

    fn failed(&self, error: &DecodeError) -> Error {
        let what = format!("block at byte {}: {error}", self.at);
        match error {
            DecodeError::OtherJob { .. } => foreign(&self.path, &what),
            _ => damaged(&self.path, &what),
        }
    }
}
