//! Whether a ground track is read: by its beam, and by what it and its granule say of themselves.
//!
//! On the line: `track.rs` asks of every ground track with photons. Of one that is left out nothing is read, and how
//! many photons it has is said.

use super::beam;
use super::file::GranuleFile;
use super::ground_track::{GroundTrackStatus, GroundTrackSummary, Unread};
use super::said;
use crate::Result;
use crate::config::Config;

/// A ground track with photons, whose group is at `group`; without rows where it is left out.
///
/// # Errors
/// Nothing tells what a config chooses by, or it contradicts itself.
pub(super) fn settled(
    granule: &GranuleFile,
    config: &Config,
    mut found: GroundTrackSummary,
    group: &str,
) -> Result<GroundTrackSummary> {
    if let Some(beams) = &config.beams {
        let (beam, why_not) = beam::chosen(granule, beams, (&found.name, group))?;
        found.beam = beam;
        if let Some(status) = why_not {
            let reason = format!("beam: {}", status.name());
            return Ok(found.left_out(status, reason));
        }
    }
    for filter in &config.said {
        if !said::keeps(granule, filter, (&found.name, group))? {
            return Ok(found.left_out(GroundTrackStatus::Filtered, filter.reason()));
        }
    }
    Ok(found)
}

impl GroundTrackSummary {
    fn left_out(self, status: GroundTrackStatus, reason: String) -> Self {
        let unread = Unread {
            reason,
            photons: self.rows,
        };
        Self {
            status,
            rows: 0,
            unread: Some(unread),
            ..self
        }
    }
}
