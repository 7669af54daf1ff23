//! Merging many tables of one shard, a bounded part at a time.
//!
//! Beside `mod.rs`, which says what there is to merge. Whole runs of cells move at once, from the
//! table with the lowest cell as far as the next lowest of all; a cell of several tables joins at
//! the seam.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::Result;
use crate::stat::{Job, Partials};

/// Tables of one shard on their way into one.
#[derive(Debug)]
pub(super) struct Merger<'a> {
    job: &'a Job,
    streams: Vec<Stream>,
    /// The next cell of each stream that still has one.
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

/// Cells in ascending order, table after table.
#[derive(Debug)]
struct Stream {
    table: Partials,
    /// Row of the next cell.
    at: usize,
}

impl<'a> Merger<'a> {
    pub fn new(tables: Vec<Partials>, job: &'a Job) -> Self {
        let mut merger = Self {
            job,
            streams: Vec::with_capacity(tables.len()),
            next: BinaryHeap::new(),
        };
        for table in tables {
            merger.streams.push(Stream { table, at: 0 });
            merger.offer(merger.streams.len() - 1);
        }
        merger
    }

    /// The next cells, merged, of at most so many bytes or of one cell that is larger; `None` after
    /// the last. The last cell may join tables that take it beyond that.
    pub fn next(&mut self, bytes: u64) -> Result<Option<Partials>> {
        let mut out = Partials::empty(self.job);
        while let Some(Reverse((cell, i))) = self.next.pop() {
            let stream = &mut self.streams[i];
            let (table, at) = (&stream.table, stream.at);
            let joins = out.cells.last() == Some(&cell);
            let room = bytes.saturating_sub(out.bytes_of(0..out.len(), self.job));
            if !joins && !out.is_empty() && table.bytes_of(at..at + 1, self.job) > room {
                self.next.push(Reverse((cell, i)));
                break;
            }
            let run = self.next.peek().map_or(table.len(), |Reverse((next, _))| {
                at + table.cells[at..].partition_point(|cell| cell <= next)
            });
            let end = table.fitting(at..run, room, self.job);
            if out.is_empty() && at == 0 && end == table.len() {
                out = std::mem::replace(&mut stream.table, Partials::empty(self.job));
                stream.at = 0;
            } else {
                out.append(table, at..end);
                stream.at = end;
            }
            self.offer(i);
        }
        Ok((!out.is_empty()).then_some(out))
    }

    /// A table without cells.
    pub fn none(&self) -> Partials {
        Partials::empty(self.job)
    }

    /// Lines a stream up by its next cell; a table at its end is given up.
    fn offer(&mut self, i: usize) {
        let stream = &mut self.streams[i];
        match stream.table.cells.get(stream.at) {
            Some(&cell) => self.next.push(Reverse((cell, i))),
            None => {
                stream.table = Partials::empty(self.job);
                stream.at = 0;
            }
        }
    }
}
