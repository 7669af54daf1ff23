//! The datasets of a joined granule that tell which photons its rows belong to, of one ground track.
//!
//! On the line: `track.rs` opens them with the others, `belonging.rs` has them read. `join.rs` decides what the values
//! mean.

use std::ops::Range;

use super::block::Block;
use super::columns::SourceDataset;
use super::donor::{Donor, first_of, group_of};
use super::file::GranuleFile;
use super::join::{BadJoin, Matched, Matching, Places, Run};
use super::join_times::Times;
use super::link::Runs;
use super::profiles::Profiles;
use super::rows::{LookedAt, Wanted, read_all};
use super::track::path_in;
use crate::config::{Config, Dtype, Join, JoinBy};
use crate::photon::Values;
use crate::read::buffers::Buffers;
use crate::read::spent::Spent;
use crate::{Error, Result};

/// Rows that are read at a time.
const STEP: u64 = 1 << 20;
/// Rows of one ground track at most.
const MOST_ROWS: u64 = 1 << 31;

/// The open datasets of a join.
#[derive(Debug)]
pub(super) struct OpenJoin {
    /// Names of the granule that is joined, and of that with the photons.
    sibling: String,
    granule: String,
    base: SourceDataset,
    /// The group in place of `{group}` in the granule that is joined.
    pub group: String,
    /// `None`: it has no rows in this ground track.
    rows: Option<Rows>,
    /// What is odd about it, in words.
    pub odd: Option<String>,
}

/// Rows, and what tells their photons.
#[derive(Debug)]
struct Rows {
    count: u64,
    first: SourceDataset,
    last: Option<SourceDataset>,
    index: Option<SourceDataset>,
    times: Option<Times>,
    /// Of profiles: geolocation segments at most.
    span: Option<u32>,
}

impl OpenJoin {
    /// Of a ground track with so many photons and geolocation segments.
    ///
    /// # Errors
    /// A dataset that is missing, holds no integers, has another number of rows, or is not all stored.
    pub fn open(
        granule: &GranuleFile,
        (config, join): (&Config, &Join),
        (donor, name): (&Donor, &str),
        (photons, segments): (u64, u64),
    ) -> Result<Self> {
        let base = integers(granule, &path_in(&join.base, name))?;
        if base.rows != segments {
            return Err(granule.error(format!(
                "{} has {} rows, and there are {segments} geolocation segments; fetch the granule again",
                base.path, base.rows
            )));
        }
        let mut odd = None;
        let rows = if donor.is_own {
            let mut rows = Rows::open(donor.sibling, join, &donor.group)?;
            match Times::open(granule, donor.sibling, (config, join, name))? {
                Ok(times) => {
                    let names = [granule.name(), donor.sibling.name()];
                    times.check_rows(photons, rows.count, names)?;
                    rows.times = Some(times);
                }
                Err(why) => odd = why,
            }
            Some(rows)
        } else {
            odd = Some(format!(
                "granule {}: {} has no rows at {}: no photon of this ground track is matched",
                granule.name(),
                donor.sibling.name(),
                path_in(first_of(join), &group_of(granule, join, name)?)
            ));
            None
        };
        Ok(Self {
            sibling: donor.sibling.name().to_owned(),
            granule: granule.name().to_owned(),
            base,
            group: donor.group.to_string(),
            rows,
            odd,
        })
    }

    /// How many rows it has in this ground track, where it has any.
    pub fn rows(&self) -> Option<(u64, &str)> {
        self.rows
            .as_ref()
            .map(|rows| (rows.count, &*rows.first.path))
    }

    pub fn datasets(&self) -> Vec<&SourceDataset> {
        let mut all = vec![&self.base];
        if let Some(rows) = &self.rows {
            all.push(&rows.first);
            all.extend(rows.last.iter().chain(&rows.index));
            all.extend(rows.times.iter().flat_map(Times::datasets));
        }
        all
    }

    pub fn datasets_mut(&mut self) -> Vec<&mut SourceDataset> {
        let mut all = vec![&mut self.base];
        if let Some(rows) = &mut self.rows {
            all.push(&mut rows.first);
            all.extend(rows.last.iter_mut().chain(&mut rows.index));
            all.extend(rows.times.iter_mut().flat_map(Times::datasets_mut));
        }
        all
    }

    /// The rows of every geolocation segment; `None` where it has none in this ground track.
    ///
    /// # Errors
    /// Values that cannot be read, or contradict each other.
    pub fn places(&self, runs: &Runs) -> Result<Option<Places>> {
        let Some(rows) = &self.rows else {
            return Ok(None);
        };
        let base = self.base.read(0..self.base.rows)?;
        let nulls = base.nulls.clone();
        let bad = |bad| self.bad(bad);
        let numbers = values(base);
        let mut matching = Matching::to(&numbers, nulls.as_ref()).map_err(bad)?;
        let mut start = 0;
        let mut profiles = rows.span.map(Profiles::of);
        while start < rows.count {
            let block = start..rows.count.min(start + STEP);
            if let Some(profiles) = &mut profiles {
                let read = rows.first.read(block.clone())?;
                let nulls = read.nulls.clone();
                profiles
                    .add(&values(read), nulls.as_ref(), &mut matching)
                    .map_err(bad)?;
                start = block.end;
                continue;
            }
            let first = self.known(&rows.first, block.clone())?;
            match &rows.last {
                _ if rows.index.is_some() => first.iter().try_for_each(|&id| matching.photon(id)),
                None => first.iter().try_for_each(|&id| matching.segments(id, id)),
                Some(last) => {
                    let last = self.known(last, block.clone())?;
                    let mut both = first.iter().zip(&last);
                    both.try_for_each(|(&first, &last)| matching.segments(first, last))
                }
            }
            .map_err(bad)?;
            start = block.end;
        }
        if let Some(profiles) = profiles {
            profiles.end(&mut matching).map_err(bad)?;
        }
        let places = matching.places();
        if let (Some(times), Some(index)) = (&rows.times, &rows.index) {
            let same = times.compare((&places, runs), &numbers, index)?;
            same.map_err(|why| Error::granule(&*self.sibling, why))?;
        }
        Ok(Some(places))
    }

    /// Numbers of rows, none of which is null.
    fn known(&self, data: &SourceDataset, rows: Range<u64>) -> Result<Vec<i64>> {
        let block = data.read(rows.clone())?;
        let null = (0..(rows.end - rows.start) as usize).find(|&i| block.is_null(i));
        if let Some(null) = null {
            let row = rows.start + null as u64;
            let message = format!(
                "{} row {row} is null, so its photons are not known; fetch the granule again",
                data.path
            );
            return Err(Error::granule(&*self.sibling, message));
        }
        Ok(values(block))
    }

    /// The rows of a block of photons, which are in these runs.
    ///
    /// # Errors
    /// Values that cannot be read, or that the photons do not fit.
    pub fn matched(
        &self,
        places: &Places,
        (runs, photons): (&[Run], &Range<u64>),
        buffers: &mut Buffers,
    ) -> Result<(Matched, Spent)> {
        let index = self.rows.as_ref().and_then(|rows| rows.index.as_ref());
        let Some(index) = index else {
            return Ok((places.shared(runs, photons), Spent::default()));
        };
        let wanted = Wanted {
            source: index,
            rows: places.cover(runs),
            looked_at: LookedAt::ByAny,
            are_times: false,
        };
        let (mut read, spent) = read_all(&[wanted], buffers)?;
        let block = read.pop().unwrap_or_default();
        let matched = match &block.values {
            Values::I64(indices) => places.own(runs, photons, indices),
            // `integers` has refused floats.
            Values::F32(_) | Values::F64(_) => Ok(Matched::none(photons)),
        };
        buffers.give(block.values);
        Ok((matched.map_err(|bad| self.bad(bad))?, spent))
    }

    /// Why the two granules do not fit, in words.
    fn bad(&self, bad: BadJoin) -> Error {
        let Some(rows) = &self.rows else {
            return Error::granule(&*self.sibling, "has no rows to join");
        };
        let (first, granule) = (&rows.first.path, &self.granule);
        let again = "fetch both granules again, of one release and version";
        let message = match bad {
            BadJoin::Twice { id } => {
                let message = format!(
                    "{} has the geolocation segment {id} twice, so {} cannot be joined by it; fetch the granule again",
                    self.base.path, self.sibling
                );
                return Error::granule(&**granule, message);
            }
            BadJoin::Order { row, id, before } => format!(
                "{first} row {row} is {id}, behind {before}; rows that are joined ascend by geolocation segments, and \
                 those that are of several do not overlap: fetch the granule again"
            ),
            BadJoin::Backward {
                row,
                first: from,
                last,
            } => format!(
                "{first} row {row} is {from}, and its geolocation segments end with {last}; fetch the granule again"
            ),
            BadJoin::Beyond {
                row,
                index,
                photons,
            } => format!(
                "{} row {row} is {index}, and its geolocation segment has {photons} photons in granule {granule}: it \
                 was made of another version of it; {again}",
                rows.index.as_ref().map_or("", |index| &index.path)
            ),
            BadJoin::Shared { row, index } => format!(
                "{} row {row} is {index}, and so is another row of its geolocation segment; {again}",
                rows.index.as_ref().map_or("", |index| &index.path)
            ),
        };
        Error::granule(&*self.sibling, message)
    }
}

impl Rows {
    fn open(sibling: &GranuleFile, join: &Join, name: &str) -> Result<Self> {
        let open = |template: &String| integers(sibling, &path_in(template, name));
        let (first, last, index) = match &join.by {
            JoinBy::Photons { segment, index } => (open(segment)?, None, Some(open(index)?)),
            JoinBy::Segments { first, last } => {
                (open(first)?, last.as_ref().map(open).transpose()?, None)
            }
            JoinBy::Profiles { first, .. } => (open(first)?, None, None),
        };
        let span = match join.by {
            JoinBy::Profiles { span, .. } => Some(span),
            JoinBy::Photons { .. } | JoinBy::Segments { .. } => None,
        };
        let count = first.rows;
        if let Some(other) = last.iter().chain(&index).find(|other| other.rows != count) {
            return Err(sibling.error(format!(
                "{} has {} rows, {} has {count}; fetch the granule again",
                other.path, other.rows, first.path
            )));
        }
        if count > MOST_ROWS {
            return Err(sibling.error(format!(
                "{} has {count} rows, and at most {MOST_ROWS} are joined; fetch the granule again",
                first.path
            )));
        }
        Ok(Self {
            count,
            first,
            last,
            index,
            times: None,
            span,
        })
    }
}

/// A dataset of integers as they are, all of them stored.
fn integers(granule: &GranuleFile, path: &str) -> Result<SourceDataset> {
    let mut data = SourceDataset::open(granule, path, None)?;
    if matches!(data.dtype, Dtype::F32 | Dtype::F64) {
        return Err(granule.error(format!(
            "{path} is {}, and a join needs integers; correct the path in the config",
            data.dtype.name()
        )));
    }
    let unpacked = data.meaning.check_unpacked();
    unpacked.map_err(|why| granule.error(format!("{path}: {why}")))?;
    data.index(granule)?;
    if data.rows_not_stored() > 0 {
        return Err(granule.error(format!(
            "{path} has no storage chunk for {} of its {} rows, and every row that is joined needs one; fetch the \
             granule again",
            data.rows_not_stored(),
            data.rows
        )));
    }
    Ok(data)
}

fn values(block: Block) -> Vec<i64> {
    match block.values {
        Values::I64(values) => values.into_vec(),
        // `integers` has refused floats.
        Values::F32(_) | Values::F64(_) => Vec::new(),
    }
}
