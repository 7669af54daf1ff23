//! What a run leaves behind.

use std::path::{Path, PathBuf};

use crate::pipeline::Tally;
use crate::report::RunReport;

use super::Standing;

/// What came of a run.
#[derive(Debug)]
pub enum Outcome {
    /// The store, and the tables beside it.
    Store(Box<Done>),
    /// Pieces of the store, which waits for the others and for [`Finalize`](super::Finalize).
    Pieces(Box<Done>),
    /// The store was the one that is asked for already, and nothing was done.
    Standing(Standing),
}

/// What a run wrote.
#[derive(Debug)]
pub struct Done {
    /// The store, or the folder of pieces.
    pub path: PathBuf,
    pub report: RunReport,
    pub tally: Tally,
    /// Nothing was left out.
    pub whole: bool,
}

impl Done {
    /// No photon was kept, by this run or in pieces that were there.
    pub fn is_empty(&self) -> bool {
        let before = self.report.pieces.as_ref().map_or(0, |p| p.photons_kept);
        self.tally.counts.kept + before == 0
    }
}

impl Outcome {
    /// The store, or the folder of pieces.
    pub fn path(&self) -> &Path {
        match self {
            Self::Store(done) | Self::Pieces(done) => &done.path,
            Self::Standing(standing) => &standing.store,
        }
    }

    /// What the run did; nothing where the store stood already.
    pub fn done(&self) -> Option<&Done> {
        match self {
            Self::Store(done) | Self::Pieces(done) => Some(done),
            Self::Standing(_) => None,
        }
    }

    /// Nothing was left out: no granule, no row, no value.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Store(done) | Self::Pieces(done) => done.whole,
            Self::Standing(standing) => standing.is_whole(),
        }
    }

    /// No photon was kept.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Store(done) | Self::Pieces(done) => done.is_empty(),
            Self::Standing(standing) => standing.is_empty(),
        }
    }
}
