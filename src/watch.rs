//! Whoever wants to know how far a run has come.
//!
//! Below everything that takes time: the line and the planner tell, the command line shows it on a terminal,
//! others do as they like.

/// What is done of a run. Every method may be called from several threads, and often: it has to cost nothing.
pub trait Watch: Sync {
    /// A batch of so many photons was read from a granule, of which this part, from 0 to 1, has now been read.
    fn batch(&self, _granule: &str, _photons: usize, _share: f64) {}

    /// A granule has been read whole.
    fn granule_done(&self, _name: &str, _photons: u64) {}

    /// A granule cannot be read to its end.
    fn granule_left_out(&self, _name: &str) {}

    /// So many shards have partials in memory.
    fn shards_open(&self, _shards: usize) {}
}

/// Nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}
