//! One ground track of a granule: is it there, and the datasets that the config needs of it.
//!
//! On the line: `reader.rs` opens every ground track here before it reads the first photon, so a
//! missing dataset or a wrong length is known at once.

use std::ops::Range;
use std::sync::Arc;

use super::block::{Block, widens};
use super::buffers::Buffers;
use super::columns::{SourceDataset, read_all};
use super::file::GranuleFile;
use super::level_hint::Levels;
use super::link::{BadCounts, Runs, Segments};
use super::spent::Spent;
use crate::Result;
use crate::batch::{ColumnType, Values};
use crate::config::{Config, Dtype, Link};

/// Geolocation segments of one ground track at most; an orbit has 2 million.
const MOST_SEGMENTS: u64 = 1 << 26;

/// Whether a ground track has photons, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The open datasets of one ground track with data.
#[derive(Debug)]
pub(super) struct Track {
    pub name: Arc<str>,
    pub rows: u64,
    /// Each dataset once, however often the config uses it.
    sources: Vec<Source>,
    /// Positions in `sources`.
    pub longitude: usize,
    pub latitude: usize,
    /// In the order of the config's filters and variables.
    pub filters: Vec<usize>,
    pub columns: Vec<usize>,
    link: Option<OpenLink>,
    levels: Levels,
}

#[derive(Debug)]
struct Source {
    data: SourceDataset,
    column: Option<usize>,
    per_segment: bool,
}

#[derive(Debug)]
struct OpenLink {
    index_beg: SourceDataset,
    count: SourceDataset,
    base: u64,
}

/// Runs of photons, and what is odd about the index they come with.
pub(super) struct LinkedRuns {
    pub runs: Runs,
    pub warning: Option<String>,
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

/// The path of a template in one ground track.
pub(super) fn path_in(template: &str, ground_track: &str) -> String {
    let path = template.replace("{group}", ground_track);
    if path.starts_with('/') {
        path
    } else {
        format!("/{path}")
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
    match SourceDataset::open(granule, &latitude, None)?.rows {
        0 => Ok(summary(GroundTrackStatus::Empty, 0)),
        rows => Ok(summary(GroundTrackStatus::Present, rows)),
    }
}

impl Track {
    /// Opens the datasets of a ground track that has data; `types[i]` is wanted of variable `i`.
    ///
    /// # Errors
    /// A dataset that is missing, has another number of rows than the latitude, has an unsupported
    /// type or one that does not widen to the wanted type.
    pub fn open(
        granule: &GranuleFile,
        config: &Config,
        types: &[ColumnType],
        summary: &GroundTrackSummary,
    ) -> Result<Self> {
        let mut track = Self {
            name: summary.name.as_str().into(),
            rows: summary.rows,
            sources: Vec::new(),
            longitude: 0,
            latitude: 0,
            filters: Vec::new(),
            columns: Vec::new(),
            link: None,
            levels: Levels::of(config),
        };
        if config.variables.iter().any(|v| v.per_segment) {
            track.link = Some(OpenLink::open(granule, config, &summary.name)?);
        }
        track.latitude = track.add(granule, &config.latitude, None, false)?;
        track.longitude = track.add(granule, &config.longitude, None, false)?;
        for coordinate in [track.latitude, track.longitude] {
            track.check_coordinate(granule, coordinate)?;
        }
        for filter in &config.filters {
            let source = track.add(granule, &filter.dataset, filter.column, false)?;
            track.filters.push(source);
        }
        for (variable, &wanted) in config.variables.iter().zip(types) {
            let source = track.add(granule, &variable.path, None, variable.per_segment)?;
            let data = &track.sources[source].data;
            if !widens(data.dtype, wanted) {
                return Err(granule.error(format!(
                    "{} is {}, and other granules or ground tracks hold it as {wanted:?}, to which \
                     it does not widen; run those granules apart",
                    data.path,
                    data.dtype.name()
                )));
            }
            track.columns.push(source);
        }
        Ok(track)
    }

    /// The dataset of a source, by its position.
    pub fn data(&self, source: usize) -> &SourceDataset {
        &self.sources[source].data
    }

    /// As [`Track::data`], to settle what its values mean.
    pub fn data_mut(&mut self, source: usize) -> &mut SourceDataset {
        &mut self.sources[source].data
    }

    /// The datasets of all sources.
    pub fn sources_mut(&mut self) -> impl Iterator<Item = &mut SourceDataset> {
        self.sources.iter_mut().map(|source| &mut source.data)
    }

    /// The positions of all sources.
    pub fn all(&self) -> Vec<usize> {
        (0..self.sources.len()).collect()
    }

    /// The positions of the sources that are not coordinates.
    pub fn besides_coordinates(&self) -> Vec<usize> {
        let is_other = |s: &usize| *s != self.latitude && *s != self.longitude;
        (0..self.sources.len()).filter(is_other).collect()
    }

    /// Reads a block of photon rows of some sources into their places in `blocks`; those with one row
    /// per geolocation segment are broadcast through `segments`, which must then be given.
    pub fn read(
        &self,
        sources: &[usize],
        (rows, segments): (&Range<u64>, Option<&Segments>),
        blocks: &mut Vec<Block>,
        buffers: &mut Buffers,
    ) -> Result<Spent> {
        blocks.resize_with(self.sources.len(), Block::default);
        let of_source = |source: &Source| match segments {
            Some(segments) if source.per_segment => segments.rows.clone(),
            _ => rows.clone(),
        };
        let wanted = sources.iter().map(|&s| &self.sources[s]);
        let wanted: Vec<_> = wanted.map(|s| (&s.data, of_source(s))).collect();
        let (read, spent) = read_all(&wanted, buffers)?;
        for (&source, block) in sources.iter().zip(read) {
            blocks[source] = match segments {
                Some(segments) if self.sources[source].per_segment => {
                    let photons = block.gather(&segments.of_photon, buffers);
                    buffers.give(block.values);
                    photons
                }
                _ => block,
            };
        }
        Ok(spent)
    }

    /// The runs of photons of the geolocation segments; `None` where nothing is broadcast.
    pub fn runs(&self, granule: &str) -> Result<Option<LinkedRuns>> {
        self.link
            .as_ref()
            .map(|link| link.runs(granule, self))
            .transpose()
    }

    /// The position of a dataset in `sources`; opened, with its length checked, where it is new.
    fn add(
        &mut self,
        granule: &GranuleFile,
        template: &str,
        column: Option<usize>,
        per_segment: bool,
    ) -> Result<usize> {
        let path = path_in(template, &self.name);
        let known = self.sources.iter().position(|s| {
            s.data.path == path && s.column == column && s.per_segment == per_segment
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let mut data = SourceDataset::open(granule, &path, column)?;
        let (rows, like) = match (&self.link, per_segment, self.sources.first()) {
            (Some(link), true, _) => (link.count.rows, link.count.path.as_str()),
            (_, _, first) => (self.rows, first.map_or("", |s| s.data.path.as_str())),
        };
        if data.rows != rows {
            let like = like.rsplit('/').next().unwrap_or(like);
            let levels = &self.levels;
            let remedy = levels.remedy(granule, &self.name, data.rows, per_segment);
            return Err(granule.error(format!(
                "{path} has {} rows, {like} has {rows}; every dataset of a level needs one row per \
                 photon or geolocation segment: {remedy}",
                data.rows
            )));
        }
        data.index(granule)?;
        self.sources.push(Source {
            data,
            column,
            per_segment,
        });
        Ok(self.sources.len() - 1)
    }

    fn check_coordinate(&self, granule: &GranuleFile, source: usize) -> Result<()> {
        let data = &self.sources[source].data;
        match data.dtype {
            Dtype::F32 | Dtype::F64 => Ok(()),
            integer => Err(granule.error(format!(
                "{} is {}, and a coordinate is float32 or float64 in degrees; correct the path in \
                 the config",
                data.path,
                integer.name()
            ))),
        }
    }
}

impl OpenLink {
    fn open(granule: &GranuleFile, config: &Config, ground_track: &str) -> Result<Self> {
        let Some(Link {
            index_beg,
            count,
            index_base,
            ..
        }) = &config.link
        else {
            return Err(crate::Error::config(
                &config.name,
                "a variable has one row per geolocation segment and no level declares a link; add \
                 `link` to its level",
            ));
        };
        let open = |template: &str| {
            let path = path_in(template, ground_track);
            let mut data = SourceDataset::open(granule, &path, None)?;
            data.index(granule)?;
            let unpacked = data.meaning.check_unpacked();
            unpacked.map_err(|why| granule.error(format!("{path}: {why}")))?;
            match data.dtype {
                Dtype::F32 | Dtype::F64 => Err(granule.error(format!(
                    "{} is {}, and a link needs integers; correct the path in the config",
                    data.path,
                    data.dtype.name()
                ))),
                _ => Ok(data),
            }
        };
        let link = Self {
            index_beg: open(index_beg)?,
            count: open(count)?,
            base: *index_base,
        };
        if link.index_beg.rows != link.count.rows {
            return Err(granule.error(format!(
                "{} has {} rows, {} has {}; fetch the granule again",
                link.index_beg.path, link.index_beg.rows, link.count.path, link.count.rows
            )));
        }
        if link.count.rows > MOST_SEGMENTS {
            return Err(granule.error(format!(
                "{} has {} rows, and at most {MOST_SEGMENTS} are read; fetch the granule again",
                link.count.path, link.count.rows
            )));
        }
        Ok(link)
    }

    fn runs(&self, granule: &str, track: &Track) -> Result<LinkedRuns> {
        let counts = integers(self.count.read(0..self.count.rows)?);
        let index_beg = integers(self.index_beg.read(0..self.index_beg.rows)?);
        let latitude = &track.data(track.latitude).path;
        let count = &self.count.path;
        let runs = Runs::from_counts(&counts, track.rows).map_err(|bad| {
            let message = match bad {
                BadCounts::Negative { segment, count: n } => format!(
                    "{count} row {segment} is {n}, and {latitude} has {} rows; a count of photons \
                     is not negative: fetch the granule again",
                    track.rows
                ),
                BadCounts::Sum { sum, photons } => format!(
                    "{count} adds up to {sum} photons, {latitude} has {photons} rows; fetch the \
                     granule again, or leave out the variables of the geolocation segments"
                ),
            };
            crate::Error::granule(granule, message)
        })?;
        let warning = runs.check_index(&index_beg, self.base).map(|m| {
            format!(
                "granule {granule}: {} disagrees with the cumulative sum of {count} in {} of {} \
                 non-empty geolocation segments (row {}: {}, expected {}); the sum is used",
                self.index_beg.path, m.disagreeing, m.non_empty, m.segment, m.found, m.expected
            )
        });
        Ok(LinkedRuns { runs, warning })
    }
}

fn integers(block: Block) -> Vec<i64> {
    match block.values {
        Values::I64(values) => values,
        // `open` has refused floats.
        Values::F32(_) | Values::F64(_) => Vec::new(),
    }
}
