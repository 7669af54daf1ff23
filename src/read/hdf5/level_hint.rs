//! What it may mean that a dataset has another length than its level.
//!
//! Beside `track.rs`, for its error: the length may be that of a level that the config has.

use super::columns::SourceDataset;
use super::file::GranuleFile;
use super::track::path_in;
use crate::config::{Config, Link};

/// What a config says of levels.
#[derive(Debug)]
pub(super) struct Levels {
    link: Option<Link>,
    /// A dataset of the base level.
    latitude: String,
}

impl Levels {
    pub fn of(config: &Config) -> Self {
        Self {
            link: config.link.clone(),
            latitude: config.latitude.clone(),
        }
    }

    /// The remedy for a dataset of so many rows in a ground track, on the linked level or not, by the
    /// level whose length that is.
    pub fn remedy(
        &self,
        granule: &GranuleFile,
        ground_track: &str,
        rows: u64,
        per_segment: bool,
    ) -> String {
        let otherwise = "correct the path, or fetch the granule again";
        let is_length_of = |template: &str| {
            let path = path_in(template, ground_track);
            SourceDataset::open(granule, &path, None).is_ok_and(|data| data.rows == rows)
        };
        match &self.link {
            Some(link) if !per_segment && is_length_of(&link.count) => format!(
                "it is as long as the level {0}: say `level: {0}` of the variable, or {otherwise}",
                link.level
            ),
            Some(link) if per_segment && is_length_of(&self.latitude) => format!(
                "it is as long as the base level: name that as its `level` in place of {}, or \
                 {otherwise}",
                link.level
            ),
            _ => otherwise.to_owned(),
        }
    }
}
