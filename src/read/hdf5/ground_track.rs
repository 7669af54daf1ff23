//! What is said of a ground track: whether it is there, and its rows.
//!
//! On the line: `track.rs` finds it, outlines and reports hold it.

/// Whether a ground track has photons, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroundTrackStatus {
    Present,
    /// The granule has no group of this name.
    Missing,
    /// The group lacks the group of the base level, e.g. `heights`.
    NoData,
    /// The base level has no rows, or no datasets.
    Empty,
}

/// One ground track as the reader found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroundTrackSummary {
    pub name: String,
    pub status: GroundTrackStatus,
    /// Rows of the base level.
    pub rows: u64,
}

impl GroundTrackStatus {
    /// The status in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::NoData => "no data group",
            Self::Empty => "empty",
        }
    }
}
