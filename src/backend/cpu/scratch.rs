//! Scratch memory that is used again from batch to batch.
//!
//! Memory fresh from the system is paid for at its first touch, which costs more than the arithmetic
//! on it. A fold takes the buffers, grows them to its batch, and puts them back; folds at the same
//! time find none and make their own. What is kept is bounded by the largest batch.

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use crate::batch::ColumnType;
use crate::stat::{Job, Needs, Partials};

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
    /// Where the radix sort scatters from and to.
    pub pairs: [Vec<AtomicU64>; 2],
    /// Emptied tables of records, all for columns of `shape`.
    records: Mutex<Vec<Partials>>,
    shape: Vec<(ColumnType, Needs)>,
}

impl Scratch {
    /// Runs `work` with the buffers, which are then kept for the next one.
    pub fn lend<T>(&self, job: &Job, work: impl FnOnce(&mut Buffers) -> T) -> T {
        let mut buffers = match self.kept.lock() {
            Ok(mut kept) => std::mem::take(&mut *kept),
            Err(_) => Buffers::default(),
        };
        let shape = || job.columns.iter().map(|c| (c.column_type, c.needs.clone()));
        if !shape().eq(buffers.shape.iter().cloned()) {
            buffers.shape = shape().collect();
            buffers.records = Mutex::default();
        }
        let result = work(&mut buffers);
        if let Ok(mut kept) = self.kept.lock() {
            *kept = buffers;
        }
        result
    }
}

impl Buffers {
    /// A table without cells.
    pub fn take_records(&self, job: &Job) -> Partials {
        let kept = self
            .records
            .lock()
            .ok()
            .and_then(|mut records| records.pop());
        kept.unwrap_or_else(|| Partials::empty(job))
    }

    /// Empties tables and keeps them.
    pub fn keep_records(&self, tables: Vec<Partials>) {
        if let Ok(mut records) = self.records.lock() {
            records.extend(tables.into_iter().map(|mut table| {
                table.clear();
                table
            }));
        }
    }
}
