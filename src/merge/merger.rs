//! Merges many tables of one shard, a bounded part at a time.
//!
//! Below `mod.rs`. Tables are in memory, or come block by block from sorted runs. Stretches of cells move at
//! once, from the table with the lowest cell up to the next lowest of all the others; a cell that several
//! tables have is merged where they meet.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::run_file::RunReader;
use crate::error::Result;
use crate::stat::{Encoding, Job, Partials};

/// Tables of one shard on their way into one.
#[derive(Debug)]
pub(super) struct Merger<'a> {
    job: &'a Job,
    streams: Vec<Stream<'a>>,
    /// The next cell of each stream that still has one.
    next: BinaryHeap<Reverse<(u64, usize)>>,
    /// A cell that more of may follow.
    begun: Option<Partials>,
    /// Whether order statistics may stand in place of values.
    chosen: bool,
}

/// Cells in ascending order.
#[derive(Debug)]
struct Stream<'a> {
    table: Partials,
    /// Row of the next cell.
    at: usize,
    /// Values of it that were handed on.
    given: usize,
    /// Where the tables after this one are.
    run: Option<RunReader<'a>>,
}

impl<'a> Merger<'a> {
    /// Of tables, and of the blocks that readers are at.
    pub fn new(
        encoding: Encoding<'a>,
        tables: Vec<Partials>,
        readers: Vec<RunReader<'a>>,
    ) -> Result<Self> {
        let job = encoding.job();
        let stream = |table, run| Stream {
            table,
            at: 0,
            given: 0,
            run,
        };
        let in_memory = tables.into_iter().map(|table| stream(table, None));
        let on_disk = readers
            .into_iter()
            .map(|reader| stream(Partials::empty(job), Some(reader)));
        let mut merger = Self {
            job,
            streams: in_memory.chain(on_disk).collect(),
            next: BinaryHeap::new(),
            begun: None,
            chosen: false,
        };
        (0..merger.streams.len()).try_for_each(|i| merger.offer(i))?;
        Ok(merger)
    }

    /// The next cells, merged, of at most so many bytes or of one cell that is larger; `None` after
    /// the last. The last cell may join others of its id that take it beyond that.
    ///
    /// A cell with more than `most` bytes of values comes by itself and in parts that follow one another,
    /// each with at most so many, or as many as its accumulators take. `most` is not below `bytes`.
    pub fn next(&mut self, bytes: u64, most: u64) -> Result<Option<Partials>> {
        if self.fits(bytes, most) {
            return Ok(self.join());
        }
        // Every part has the accumulators, so its values are to take as much at least.
        let most = most.max(self.job.cell_bytes());
        let begun = self.begun.take();
        let mut out = begun.unwrap_or_else(|| Partials::empty(self.job));
        while let Some(Reverse((cell, i))) = self.next.pop() {
            let stream = &mut self.streams[i];
            let (table, at) = (&stream.table, stream.at);
            let joins = out.cells.last() == Some(&cell);
            let room = bytes.saturating_sub(out.bytes_of(0..out.len(), self.job));
            let beyond = !joins && !out.is_empty() && table.bytes_of(at..at + 1, self.job) > room;
            let values = table.value_bytes(at..at + 1);
            let there = match out.len().checked_sub(1) {
                Some(last) if joins => out.value_bytes(last..last + 1),
                _ => 0,
            };
            let large = values > 0 && (stream.given > 0 || there + values > most);
            if beyond || (large && !out.is_empty()) {
                self.next.push(Reverse((cell, i)));
                if !beyond && joins && out.len() > 1 {
                    self.begun = Some(out.split_last(self.job));
                }
                break;
            }
            if large {
                return self.part(i, most);
            }
            let run = self.next.peek().map_or(table.len(), |Reverse((next, _))| {
                at + table.cells[at..].partition_point(|cell| cell <= next)
            });
            let end = table.fitting(at..run, room, self.job);
            if out.is_empty() && at == 0 && end == table.len() {
                out = std::mem::replace(&mut stream.table, Partials::empty(self.job));
            } else {
                out.append(table, at..end);
                stream.at = end;
            }
            self.offer(i)?;
        }
        Ok((!out.is_empty()).then_some(out))
    }

    /// From now on order statistics that outputs need stand in place of values, where all that there is waits in memory: then
    /// no value is copied to where only some of them are looked at.
    pub fn choose(&mut self) {
        self.chosen = true;
    }

    /// Whether all that there is waits in memory, nothing of it was handed on, and it has room in so many bytes when it is
    /// joined; values that are only looked at take those of a cell on each thread.
    fn fits(&self, bytes: u64, most: u64) -> bool {
        let untouched = |stream: &Stream| stream.run.is_none() && stream.at + stream.given == 0;
        // Where no pool of threads waits, none is started.
        let alone = rayon::current_thread_index().is_none();
        if alone || self.begun.is_some() || !self.streams.iter().all(untouched) {
            return false;
        }
        let tables = || self.streams.iter().map(|stream| &stream.table);
        let all = tables().map(|table| table.bytes_of(0..table.len(), self.job));
        let all: u64 = all.sum();
        if !self.chosen {
            return self.streams.len() > 1 && all <= bytes;
        }
        let values = tables().map(|table| table.value_bytes(0..table.len()));
        let cells: u64 = tables().map(|table| table.len() as u64).sum();
        let chosen = cells * self.job.chosen_bytes();
        let of_cell: u64 = tables().map(Partials::most_value_bytes).sum();
        let threads = rayon::current_num_threads() as u64;
        all - values.sum::<u64>() + chosen <= bytes && of_cell <= most / threads
    }

    /// All at once: every row is copied once, and values by all threads.
    fn join(&mut self) -> Option<Partials> {
        self.next.clear();
        let tables: Vec<Partials> = self.streams.drain(..).map(|stream| stream.table).collect();
        let joined = if self.chosen {
            Partials::of_tables_chosen(&tables, self.job)
        } else {
            Partials::of_tables(&tables, self.job)
        };
        // Giving memory back takes as long as the pages are many.
        tables.into_par_iter().for_each(drop);
        (!joined.is_empty()).then_some(joined)
    }

    /// Whether more of this cell follows.
    pub fn has(&self, cell: u64) -> bool {
        let next = self.next.peek();
        next.is_some_and(|Reverse((next, _))| *next == cell)
    }

    /// The next part of a stream's row.
    fn part(&mut self, i: usize, most: u64) -> Result<Option<Partials>> {
        let stream = &mut self.streams[i];
        let (part, next) = stream.table.part(stream.at, stream.given, most, self.job);
        stream.given = next.unwrap_or(0);
        stream.at += usize::from(next.is_none());
        self.offer(i)?;
        Ok(Some(part))
    }

    /// A table without cells.
    pub fn none(&self) -> Partials {
        Partials::empty(self.job)
    }

    /// The readers, for another shard.
    pub fn into_readers(self) -> impl Iterator<Item = RunReader<'a>> {
        self.streams.into_iter().filter_map(|stream| stream.run)
    }

    /// Gives up what is left, and closes the files.
    pub fn close(&mut self) {
        self.next.clear();
        self.streams.clear();
        self.begun = None;
    }

    /// Lines a stream up by its next cell; a table at its end is given up for the next one.
    fn offer(&mut self, i: usize) -> Result<()> {
        let stream = &mut self.streams[i];
        while stream.at == stream.table.len() {
            stream.table = Partials::empty(self.job);
            stream.at = 0;
            let Some(run) = &mut stream.run else {
                return Ok(());
            };
            let Some(block) = run.next()? else {
                return Ok(());
            };
            stream.table = block;
        }
        let cell = stream.table.cells[stream.at];
        self.next.push(Reverse((cell, i)));
        Ok(())
    }
}
