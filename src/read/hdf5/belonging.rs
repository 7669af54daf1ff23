//! Which rows of linked levels and of joined granules belong to the photons of a ground track.
//!
//! On the line: `reader.rs` has it found when it comes to a ground track, and asks for each block of photons.

use super::file::GranuleFile;
use crate::config::{Config, Join};
use crate::read::JoinReport;
use std::ops::Range;

use super::join::{Matched, Places};
use super::link::{Runs, Segments};
use super::track::Track;
use crate::Result;
use crate::read::buffers::Buffers;
use crate::read::spent::Spent;

/// The photons of each geolocation segment, and the rows that joined granules have of it.
#[derive(Debug)]
pub(super) struct Belonging {
    pub runs: Runs,
    /// One per join; `None` where it has no rows in this ground track.
    pub joins: Vec<Option<Places>>,
}

/// The rows of a block: of photons, and of what belongs to them.
#[derive(Debug)]
pub(super) struct Reach {
    pub photons: Range<u64>,
    pub segments: Option<Segments>,
    /// One per join.
    pub joins: Vec<Matched>,
}

impl Reach {
    /// Of photons alone.
    pub fn of(photons: Range<u64>) -> Self {
        Self {
            photons,
            segments: None,
            joins: Vec::new(),
        }
    }
}

impl Belonging {
    /// What belongs to a block of photons, and what finding it took.
    ///
    /// # Errors
    /// Values that cannot be read, or that the photons do not fit.
    pub fn reach(
        &self,
        track: &Track,
        photons: Range<u64>,
        buffers: &mut Buffers,
    ) -> Result<(Reach, Spent)> {
        let mut spent = Spent::default();
        let mut joins = Vec::with_capacity(self.joins.len());
        let runs = if self.joins.is_empty() {
            Vec::new()
        } else {
            self.runs.overlapping(&photons)
        };
        for (join, places) in track.joins.iter().zip(&self.joins) {
            let Some(places) = places else {
                joins.push(Matched::none(&photons));
                continue;
            };
            let (matched, more) = join.matched(places, (&runs, &photons), buffers)?;
            spent += more;
            joins.push(matched);
        }
        let reach = Reach {
            segments: Some(self.runs.segments_of(photons.clone())),
            photons,
            joins,
        };
        Ok((reach, spent))
    }
}

/// The joins of a config, of which nothing is counted yet.
pub(super) fn joins(granule: &GranuleFile, config: &Config) -> Result<Vec<JoinReport>> {
    let joins = config.joins.iter();
    let join = |join: &Join| {
        Ok(JoinReport {
            join: join.name.clone(),
            granule: granule.sibling(join)?.name().to_owned(),
            matched: 0,
            unmatched: 0,
        })
    };
    joins.map(join).collect()
}

/// The joins that had a row for no photon of a granule, in words.
pub(super) fn unmatched(granule: &str, joins: &[JoinReport]) -> Vec<String> {
    let none = joins
        .iter()
        .filter(|join| join.matched == 0 && join.unmatched > 0);
    let words = none.map(|join| {
        format!(
            "granule {granule}: {} has a row for none of its {} photons",
            join.granule, join.unmatched
        )
    });
    words.collect()
}
