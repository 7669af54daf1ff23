//! Which ground tracks of a config a granule has, and how many rows.
//!
//! On the line: `reader.rs` surveys all ground tracks before it opens their datasets (`track.rs`).

use super::chosen;
use super::file::GranuleFile;
use super::ground_track::{GroundTrackStatus, GroundTrackSummary};
use super::track::path_in;
use crate::Result;
use crate::config::Config;

/// Roots of granules hold these beside ground tracks, also in subsets that have lost all of them.
const BESIDE: [&str; 5] = [
    "METADATA",
    "Metadata",
    "ancillary_data",
    "orbit_info",
    "quality_assessment",
];

/// Looks at every ground track of the config. That none is there is no error of a subset, which may hold
/// no part of any: it has no photons, like one whose ground tracks are empty.
///
/// # Errors
/// None is there, and something else is.
pub(super) fn survey_all(
    granule: &GranuleFile,
    config: &Config,
) -> Result<Vec<GroundTrackSummary>> {
    let ground_tracks = config.ground_tracks.iter();
    let ground_tracks: Vec<_> = ground_tracks
        .map(|name| survey(granule, config, name))
        .collect::<Result<_>>()?;
    let is_there = |t: &GroundTrackSummary| t.status != GroundTrackStatus::Missing;
    if ground_tracks.iter().any(is_there) {
        return Ok(ground_tracks);
    }
    let members = granule.members()?;
    if members.iter().all(|name| may_be_in_a_subset(name)) {
        return Ok(ground_tracks);
    }
    Err(granule.error(format!(
        "has none of the ground tracks {}; it holds {}: correct `groups` in the config, or leave the \
         granule out",
        config.ground_tracks.join(", "),
        listed(&members)
    )))
}

/// Other ground tracks, what is beside them, and the scales of dimensions.
fn may_be_in_a_subset(name: &str) -> bool {
    let is_track = matches!(name.as_bytes(), [b'g', b't', b'1'..=b'3', b'l' | b'r']);
    is_track || BESIDE.contains(&name) || name.starts_with("ds_")
}

/// Names in one line, the first ten of them.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        names if names.len() <= 10 => names.join(", "),
        names => format!("{} and {} more", names[..10].join(", "), names.len() - 10),
    }
}

/// Looks whether a ground track is there and how many rows its base level has.
pub(super) fn survey(
    granule: &GranuleFile,
    config: &Config,
    name: &str,
) -> Result<GroundTrackSummary> {
    let summary = |status, rows| GroundTrackSummary {
        name: name.to_owned(),
        status,
        rows,
        beam: None,
        unread: None,
    };
    let latitude = path_in(&config.latitude, name);
    let base = latitude.rsplit_once('/').map_or("", |(base, _)| base);
    // Where the template names the ground track, e.g. `/{group}` of `/{group}/heights/lat_ph`.
    let group = match config.latitude.find("{group}") {
        Some(at) => path_in(&config.latitude[..at + "{group}".len()], name),
        None => String::new(),
    };
    if granule.find_group(&group)?.is_none() {
        return Ok(summary(GroundTrackStatus::Missing, 0));
    }
    let Some(base_group) = granule.find_group(base)? else {
        return Ok(summary(GroundTrackStatus::NoData, 0));
    };
    if granule.names(&base_group, base)?.is_empty() {
        return Ok(summary(GroundTrackStatus::Empty, 0));
    }
    match granule.look_at(&latitude, None, |source| source.rows)? {
        0 => Ok(summary(GroundTrackStatus::Empty, 0)),
        rows => {
            let found = summary(GroundTrackStatus::Present, rows);
            chosen::settled(granule, config, found, &group)
        }
    }
}
