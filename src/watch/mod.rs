//! Somebody who watches a run: is told how far it is and what is odd, and may wish it to stop.
//!
//! Below everything that takes time: the line and the planner tell and ask. The command line shows what it is
//! told on a terminal and wishes what signals say; others do as they like. `note.rs` has what is told in words.

mod note;

use std::fmt;
use std::path::Path;

pub use note::{Note, Weight};

/// A granule that is about to be read.
#[derive(Debug, Clone, Copy)]
pub struct ToRead<'a> {
    /// What it is called from now on.
    pub name: &'a str,
    pub path: &'a Path,
}

/// Whoever watches. Every method may be called from several threads, and most of them often: they have to cost
/// nothing. None of them changes a bit of a result.
pub trait Watch: Sync {
    /// Reading begins. A run reads its granules once; a comparison of devices once for each of them.
    fn begin(&self, _granules: &[ToRead]) {}

    /// A batch of so many photons was read from a granule, of which this part, from 0 to 1, has now been read.
    fn batch(&self, _granule: &str, _photons: usize, _share: f64) {}

    /// A granule has been read whole.
    fn granule_done(&self, _name: &str, _photons: u64) {}

    /// A granule cannot be read to its end, or an earlier run had read it.
    fn granule_left_out(&self, _name: &str) {}

    /// So many shards have partials in memory.
    fn shards_open(&self, _shards: usize) {}

    /// Reading has ended, well or not.
    fn end(&self) {}

    /// Something that people should know, and that is no error.
    fn note(&self, _note: Note) {}

    /// Whether the run is to stop. Asked between batches, between shards and between blocks of rows; a run that
    /// stops says so with an error and leaves only what it can go on with.
    fn stop(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn Watch + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Reading that has begun; it ends when this is dropped.
#[derive(Debug)]
pub struct Reading<'a>(&'a dyn Watch);

impl<'a> Reading<'a> {
    /// Tells that reading of these granules begins.
    pub fn begin(watch: &'a dyn Watch, granules: &[ToRead]) -> Self {
        watch.begin(granules);
        Self(watch)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
