//! Scratch memory that is used again from batch to batch.
//!
//! Memory fresh from the system is paid for at its first touch, which costs more than the arithmetic
//! on it. A fold takes the buffers, grows them to its batch, and puts them back; folds at the same
//! time find none and make their own. What is kept is bounded by the largest batch.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use rayon::prelude::*;

use crate::photon::ColumnType;
use crate::stat::{Job, Needs, Partials};

use super::{Segments, Sorted};

/// Tables of results kept at most: a caller gives one back before it asks for the next.
const RESULTS: usize = 2;

/// Values that one task makes of fresh memory.
const FRESH: usize = 65_536;

/// Buffers between batches.
#[derive(Debug, Default)]
pub struct Scratch {
    kept: Mutex<Buffers>,
}

#[derive(Debug, Default)]
pub struct Buffers {
    /// Cells of records.
    pub cells: Vec<u64>,
    /// Cells of photons.
    pub located: Vec<u64>,
    /// Tables and rows of records, in the order of records and of their cells.
    pub places: [Vec<(u32, u32)>; 2],
    pub order: Order,
    tables: Tables,
}

/// What ordering by key needs.
#[derive(Debug, Default)]
pub struct Order {
    /// Where the radix sort scatters from and to.
    pub pairs: [Vec<AtomicU64>; 2],
    pub keys: Vec<u32>,
    pub photons: Vec<u32>,
    starts: Vec<usize>,
    /// The first photon of each cell, where photons are sorted part by part.
    pub firsts: Vec<u32>,
    pub picked: Picked,
}

/// Values of a column in the order of cells.
#[derive(Debug, Default)]
pub struct Picked {
    pub narrow: Vec<f32>,
    pub wide: Vec<f64>,
    pub whole: Vec<i64>,
}

/// Emptied or stale tables, all for columns of `shape`.
#[derive(Debug, Default)]
struct Tables {
    records: Mutex<Vec<Partials>>,
    results: Vec<Partials>,
    shape: Vec<(ColumnType, Needs)>,
}

impl Scratch {
    /// Runs `work` with the buffers, which are then kept for the next one.
    pub fn lend<T>(&self, job: &Job, work: impl FnOnce(&mut Buffers) -> T) -> T {
        let mut buffers = match self.kept.lock() {
            Ok(mut kept) => std::mem::take(&mut *kept),
            Err(_) => Buffers::default(),
        };
        buffers.tables.be_for(job);
        let result = work(&mut buffers);
        if let Ok(mut kept) = self.kept.lock() {
            *kept = buffers;
        }
        result
    }

    /// Bytes that wait for the next fold.
    pub fn bytes(&self) -> u64 {
        self.kept.lock().map_or(0, |kept| kept.bytes())
    }

    /// Keeps a table of results that is no longer needed.
    pub fn recycle(&self, table: Partials, job: &Job) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.tables.be_for(job);
            if kept.tables.results.len() < RESULTS {
                kept.tables.results.push(table);
            }
        }
    }
}

impl Tables {
    /// Forgets tables of another shape.
    fn be_for(&mut self, job: &Job) {
        let shape = || job.columns.iter().map(|c| (c.column_type, c.needs.clone()));
        if !shape().eq(self.shape.iter().cloned()) {
            *self = Self {
                shape: shape().collect(),
                ..Self::default()
            };
        }
    }
}

/// Bytes of a list, used or not.
fn held<T>(list: &Vec<T>) -> u64 {
    (list.capacity() * size_of::<T>()) as u64
}

impl Buffers {
    fn bytes(&self) -> u64 {
        let Order {
            pairs,
            keys,
            photons,
            starts,
            firsts,
            picked:
                Picked {
                    narrow,
                    wide,
                    whole,
                },
        } = &self.order;
        let tables = self.tables.records.lock();
        let records = tables.map_or(0, |tables| tables.iter().map(Partials::bytes_held).sum());
        let results = self.tables.results.iter().map(Partials::bytes_held);
        held(&self.cells)
            + held(&self.located)
            + self.places.iter().map(held).sum::<u64>()
            + pairs.iter().map(held).sum::<u64>()
            + held(keys)
            + held(photons)
            + held(starts)
            + held(firsts)
            + held(narrow)
            + held(wide)
            + held(whole)
            + records
            + results.sum::<u64>()
    }

    /// A table for results; what it holds is to be replaced, but for remainders and joint sums, of which a
    /// backend knows nothing: it has none.
    pub fn take_result(&mut self, job: &Job) -> Partials {
        let kept = self.tables.results.pop();
        let mut table = kept.unwrap_or_else(|| Partials::empty(job));
        table.clear_hosts();
        table
    }

    /// A table without cells.
    pub fn take_records(&self, job: &Job) -> Partials {
        let kept = self.tables.records.lock();
        let kept = kept.ok().and_then(|mut records| records.pop());
        kept.unwrap_or_else(|| Partials::empty(job))
    }

    /// Empties tables and keeps them.
    pub fn keep_records(&self, tables: Vec<Partials>) {
        if let Ok(mut records) = self.tables.records.lock() {
            records.extend(tables.into_iter().map(|mut table| {
                table.clear();
                table
            }));
        }
    }
}

impl Order {
    /// Room for so many keys; what they hold is to be replaced.
    pub fn take_keys(&mut self, len: usize) -> Vec<u32> {
        sized(&mut self.keys, len)
    }

    /// Room for the numbers of so many photons; what they hold is to be replaced.
    pub fn take_photons(&mut self, len: usize) -> Vec<u32> {
        sized(&mut self.photons, len)
    }

    /// An empty list of starts.
    pub fn take_starts(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.starts)
    }

    /// Keeps the memory of what was sorted.
    pub fn keep(&mut self, sorted: Sorted, segments: Segments) {
        self.keys = sorted.keys;
        self.photons = sorted.photons;
        self.starts = segments.starts;
    }
}

/// Gives a list so many values, which are to be replaced; all threads touch what is fresh of it.
pub fn resize<T: Default + Send>(kept: &mut Vec<T>, len: usize) {
    if kept.len() < len {
        let fresh = (0..len).into_par_iter().with_min_len(FRESH);
        fresh.map(|_| T::default()).collect_into_vec(kept);
    }
    kept.truncate(len);
}

fn sized(kept: &mut Vec<u32>, len: usize) -> Vec<u32> {
    let mut taken = std::mem::take(kept);
    taken.resize(len, 0);
    taken
}
