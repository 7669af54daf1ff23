//! Where a joined granule has the datasets of a ground track, and so tells their types.
//!
//! On the line: `track.rs` opens source columns of joins through it, and the survey asks it for their types. Subsets may
//! lack rows in some ground tracks: types are those of another one, and nothing is read.

use std::borrow::Cow;

use super::attributes;
use super::columns::SourceDataset;
use super::file::GranuleFile;
use super::of_cycle::column_of;
use super::open_join::OpenJoin;
use super::presence::listed;
use super::track::path_in;
use crate::Result;
use crate::config::{Config, Join, JoinBy, Variable};

/// A ground track of a joined granule that tells the types of its datasets: the photons' own where it has rows there.
#[derive(Debug)]
pub(super) struct Donor<'a> {
    pub sibling: &'a GranuleFile,
    /// The group in place of `{group}`.
    pub group: Cow<'a, str>,
    pub is_own: bool,
}

impl<'a> Donor<'a> {
    /// For the photons of a ground track.
    ///
    /// # Errors
    /// No granule is joined, or it has no rows in any ground track of the config; a damaged group.
    pub fn of(
        granule: &'a GranuleFile,
        config: &'a Config,
        join: usize,
        name: &'a str,
    ) -> Result<Self> {
        let join = &config.joins[join];
        let sibling = granule.sibling(join)?;
        let others = config.ground_tracks.iter().map(String::as_str);
        for ground_track in std::iter::once(name).chain(others) {
            let group = group_of(granule, join, ground_track)?;
            if has_rows(sibling, join, &group)? {
                return Ok(Self {
                    sibling,
                    group,
                    is_own: ground_track == name,
                });
            }
        }
        Err(sibling.error(format!(
            "has no rows at {} in any of the ground tracks {}; leave it and granule {} out",
            first_of(join),
            listed(&config.ground_tracks),
            granule.name()
        )))
    }

    /// The dataset of a source column.
    ///
    /// # Errors
    /// As [`SourceDataset::open`].
    pub fn open(&self, variable: &Variable) -> Result<SourceDataset> {
        let path = path_in(&variable.path, &self.group);
        let column = column_of(self.sibling, variable, &path)?;
        SourceDataset::open(self.sibling, &path, column)
    }

    /// The same, with its values found and as many rows as the join has.
    ///
    /// # Errors
    /// As there; another number of rows.
    pub fn open_rows(&self, variable: &Variable, join: &OpenJoin) -> Result<SourceDataset> {
        let mut data = self.open(variable)?;
        if let Some((rows, like)) = join.rows().filter(|(rows, _)| *rows != data.rows) {
            return Err(self.sibling.error(format!(
                "{} has {} rows, {like} has {rows}; what is joined needs one row for each of these: correct the path, \
                 or fetch the granule again",
                data.path, data.rows
            )));
        }
        data.index(self.sibling)?;
        Ok(data)
    }
}

/// The path template of what every join has.
pub(super) fn first_of(join: &Join) -> &str {
    match &join.by {
        JoinBy::Photons { segment: first, .. }
        | JoinBy::Segments { first, .. }
        | JoinBy::Profiles { first, .. } => first,
    }
}

/// The group of a joined granule that is of a ground track: the one of its name, or its profile of the atmosphere.
///
/// # Errors
/// Nothing tells the profile.
pub(super) fn group_of<'a>(
    granule: &GranuleFile,
    join: &Join,
    ground_track: &'a str,
) -> Result<Cow<'a, str>> {
    if !matches!(join.by, JoinBy::Profiles { .. }) {
        return Ok(ground_track.into());
    }
    let group = granule.find_group(&path_in("{group}", ground_track))?;
    let said = group.and_then(|group| attributes::text(&group, "atmosphere_profile"));
    // The pairs of ground tracks have one profile each, that of their strong beam.
    let pair = ground_track
        .strip_prefix("gt")
        .and_then(|name| name.chars().next());
    let named = pair.filter(|pair| matches!(pair, '1'..='3'));
    match said.or_else(|| named.map(|pair| format!("profile_{pair}"))) {
        Some(profile) => Ok(profile.into()),
        None => Err(granule.error(format!(
            "nothing tells which profile of {} is of ground track {ground_track}: it has no attribute \
             atmosphere_profile, and is none of gt1l to gt3r; leave it out of `groups`",
            join.product
        ))),
    }
}

/// Whether a granule has rows to join in a ground track; subsets may lack them.
fn has_rows(sibling: &GranuleFile, join: &Join, ground_track: &str) -> Result<bool> {
    let path = path_in(first_of(join), ground_track);
    let group = path.rsplit_once('/').map_or("", |(group, _)| group);
    let Some(found) = sibling.find_group(group)? else {
        return Ok(false);
    };
    if sibling.names(&found, group)?.is_empty() {
        return Ok(false);
    }
    Ok(SourceDataset::open(sibling, &path, None)?.rows > 0)
}
