//! Which steps of time the photons of a granule are in.
//!
//! On the line: `reader.rs` asks it of the rows that are kept. Times of photons are as many bytes as their latitudes,
//! and nearly every granule lies in one step, some minutes of a month: where it says so itself, and the ends of its
//! ground tracks agree, no time of a photon is read.

use std::ops::{Range, RangeInclusive};

use super::file::GranuleFile;
use super::ground_track::GroundTrackSummary;
use super::keep::Keep;
use super::kept::Kept;
use super::numbered::numbered;
use super::open_block::OpenBlock;
use super::select::TILE;
use super::settle::settle;
use super::track::Track;
use crate::Result;
use crate::config::{Config, Dtype, TimeWindow};
use crate::photon::{InSteps, Values};
use crate::read::steps::{ByTime, Times};

/// When the first and the last photon of a granule are, in seconds since 2018-01-01 (ATL03 data dictionary).
const ENDS: [&str; 2] = [
    "/ancillary_data/start_delta_time",
    "/ancillary_data/end_delta_time",
];
/// Seconds that photons may be before or after that.
const MARGIN: f64 = 60.0;

/// Why no device takes photons that are in several steps.
pub(super) const PARTED: &str = "photons are parted by their times";

/// Which steps of time photons are in.
#[derive(Debug)]
pub(super) enum InTime {
    /// All in this one: that of the granule, or the only one where there are no steps.
    One(u32),
    /// Each by its own time; or all in the one that holds these times, if there is one.
    Each(ByTime, Option<RangeInclusive<f64>>),
}

impl InTime {
    /// As the config has it.
    ///
    /// # Errors
    /// A granule that does not say its number, where steps are numbers of granules.
    pub fn of(granule: &GranuleFile, config: &Config) -> Result<Self> {
        let Some(axis) = &config.axis else {
            return Ok(Self::One(0));
        };
        match (axis.numbered(), ByTime::of(config)) {
            (None, Some(by)) => Ok(Self::Each(by, said_span(granule))),
            (Some(number), _) => numbered(granule, number).map(Self::One),
            (None, None) => Err(granule.error(
                "steps of time without filters of their edges; this is a defect in icefold, please report it",
            )),
        }
    }

    /// Looks at the ends of ground tracks, and at no other time where all photons are in one step.
    ///
    /// # Errors
    /// An end that cannot be read.
    pub fn settle(&mut self, tracks: &mut [Track], keep: &mut Keep) -> Result<()> {
        let Self::Each(by, Some(said)) = self else {
            return Ok(());
        };
        let Some(step) = by.finder.step_of_all(said) else {
            return Ok(());
        };
        for track in &*tracks {
            if !ends_within(track, by.filter, said)? {
                return Ok(());
            }
        }
        for track in tracks {
            track.forget_filters(by.filters.clone());
        }
        keep.forget_filters(by.filters.clone());
        *self = Self::One(step);
        Ok(())
    }

    /// Whether all photons are in one step, as far as the granule says so itself.
    pub fn is_likely_one(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Each(by, said) => {
                let said = said.as_ref();
                said.is_some_and(|said| by.finder.step_of_all(said).is_some())
            }
        }
    }

    /// The steps of kept rows.
    pub fn find(&self, block: &OpenBlock, kept: &Kept) -> InSteps {
        let by = match self {
            Self::One(step) => return InSteps::One(*step),
            Self::Each(by, _) => by,
        };
        let read = block.get(block.track.filters[by.filter]);
        let times = Times {
            values: &read.values,
            extremes: &read.extremes,
            together: TILE,
        };
        let range = |rows: &Range<u32>| rows.start as usize..rows.end as usize;
        match kept {
            Kept::All(rows) => by.finder.find(&times, std::iter::once(0..*rows)),
            Kept::Runs(runs) => by.finder.find(&times, runs.iter().map(range)),
            Kept::Listed(list) => {
                let rows = list.iter().map(|&row| range(&(row..row + 1)));
                by.finder.find(&times, rows)
            }
        }
    }
}

/// From when to when photons are by the granule's own word, with a margin at both ends.
pub(in crate::read) fn said_span(granule: &GranuleFile) -> Option<RangeInclusive<f64>> {
    let [start, end] = ENDS.map(|path| number(granule, path));
    let said = start.zip(end).filter(|(start, end)| start <= end);
    said.map(|(start, end)| start - MARGIN..=end + MARGIN)
}

/// Whether no photon of a granule is in a window of time: by the granule's own word, which the ends of its ground tracks
/// have to bear out. `times` is a config that compares times and nothing else.
///
/// # Errors
/// Times that cannot be read.
pub(in crate::read) fn lies_outside(
    granule: &GranuleFile,
    (window, times): (&TimeWindow, &Config),
    ground_tracks: &[GroundTrackSummary],
) -> Result<bool> {
    let Some(said) = said_span(granule).filter(|said| window.lacks(*said.start(), *said.end()))
    else {
        return Ok(false);
    };
    let mut present = ground_tracks
        .iter()
        .filter(|track| track.rows > 0)
        .peekable();
    if present.peek().is_none() {
        return Ok(false);
    }
    for summary in present {
        let mut track = Track::open(granule, times, &[], summary)?;
        settle(granule, times, &mut track)?;
        if !ends_within(&track, 0, &said)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether every photon of a ground track has a time, and the first and the last one of these.
fn ends_within(track: &Track, filter: usize, said: &RangeInclusive<f64>) -> Result<bool> {
    let data = track.data(track.filters[filter]);
    if !data.meaning.is_plain() || data.rows_not_stored() > 0 || data.dtype != Dtype::F64 {
        return Ok(false);
    }
    for row in [0, track.rows.saturating_sub(1)] {
        let end = data.read(row..row + 1)?;
        if end.nulls.is_some() || !said.contains(&end.values.get_f64(0)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The number of a dataset of one.
fn number(granule: &GranuleFile, path: &str) -> Option<f64> {
    // What is not there is no error.
    granule.has(path).ok()?.then_some(())?;
    let read = granule.read_dataset(path, None, 1).ok()?.column;
    match read.values {
        Values::F64(values) if read.nulls.is_none() => values.first().copied(),
        _ => None,
    }
}
