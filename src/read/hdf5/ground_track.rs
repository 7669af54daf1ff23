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
    /// It is of a beam that the config does not choose.
    OtherBeam,
    /// The spacecraft turned, and the config leaves such ground tracks out.
    InTransition,
    /// A filter leaves it out, by what it or its granule says.
    Filtered,
}

/// One ground track as the reader found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroundTrackSummary {
    pub name: String,
    pub status: GroundTrackStatus,
    /// Rows of the base level; none of one that is not read.
    pub rows: u64,
    /// Where the config chooses beams, the one that made it.
    pub beam: Option<Beam>,
    /// Photons that are there and not read, and why.
    pub unread: Option<Unread>,
}

/// Photons of a ground track that is left out as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub reason: String,
    pub photons: u64,
}

/// A beam of the laser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beam {
    pub strong: bool,
    /// 1 to 6, where it is known.
    pub spot: Option<u8>,
    /// What told it: an attribute or a dataset.
    pub by: &'static str,
}

impl Beam {
    /// In one word.
    pub fn kind(self) -> &'static str {
        if self.strong { "strong" } else { "weak" }
    }
}

impl GroundTrackStatus {
    /// Whether a ground track is left out by choice.
    pub fn is_left_out(self) -> bool {
        matches!(self, Self::OtherBeam | Self::InTransition | Self::Filtered)
    }

    /// The status in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing => "missing",
            Self::NoData => "no data group",
            Self::Empty => "empty",
            Self::OtherBeam => "another beam",
            Self::InTransition => "in transition",
            Self::Filtered => "left out by a filter",
        }
    }
}
