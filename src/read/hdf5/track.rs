//! One ground track of a granule: whether it exists, and the datasets of it that the config needs.
//!
//! On the line: `reader.rs` opens every ground track here before it reads the first photon, so a missing
//! dataset or a wrong length is known at once.

use std::ops::Range;
use std::sync::Arc;

use super::block::{Block, widens};
use super::chosen;
use super::columns::{SourceDataset, Wanted, read_all};
use super::file::GranuleFile;
use super::ground_track::{GroundTrackStatus, GroundTrackSummary};
use super::level_hint::Levels;
use super::link::Segments;
use super::open_link::{LinkedRuns, OpenLink};
use crate::Result;
use crate::config::{Config, Dtype};
use crate::photon::ColumnType;
use crate::read::buffers::Buffers;
use crate::read::spent::Spent;

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
    /// Sources that nothing looks at.
    unread: Vec<usize>,
    /// Bytes that its storage chunks take while they are decoded.
    pub chunk_bytes: u64,
    levels: Levels,
}

#[derive(Debug)]
struct Source {
    data: SourceDataset,
    column: Option<usize>,
    per_segment: bool,
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

/// Rows of several ground tracks.
pub(super) fn rows_of(tracks: &[Track]) -> u64 {
    let rows = tracks.iter().map(|track| track.rows);
    rows.fold(0, u64::saturating_add)
}

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
    match SourceDataset::open(granule, &latitude, None)?.rows {
        0 => Ok(summary(GroundTrackStatus::Empty, 0)),
        rows => {
            let found = summary(GroundTrackStatus::Present, rows);
            chosen::settled(granule, config, found, &group)
        }
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
            unread: Vec::new(),
            chunk_bytes: 0,
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
        track.hold_chunks(granule)?;
        Ok(track)
    }

    /// Holds what decoding takes to the memory that there is for it.
    fn hold_chunks(&mut self, granule: &GranuleFile) -> Result<()> {
        let sources = self.sources.iter().map(|source| &source.data);
        let linked = self.link.iter().flat_map(OpenLink::datasets);
        let all: Vec<&SourceDataset> = sources.chain(linked).collect();
        let (bytes, at_once) = granule.chunk_budget(&all)?;
        self.chunk_bytes = bytes;
        for source in &mut self.sources {
            source.data.limit(at_once);
        }
        for dataset in self.link.iter_mut().flat_map(OpenLink::datasets_mut) {
            dataset.limit(at_once);
        }
        Ok(())
    }

    /// Rows of its datasets that are not stored.
    pub fn rows_not_stored(&self) -> u64 {
        let sources = self.sources.iter();
        sources.map(|source| source.data.rows_not_stored()).sum()
    }

    /// What rows are not stored, in words.
    pub fn not_stored(&self, granule: &str) -> Vec<String> {
        let with_holes = self.sources.iter().filter(|s| s.data.rows_not_stored() > 0);
        with_holes
            .map(|source| {
                format!(
                    "granule {granule}: {} has no storage chunk for {} of its {} rows, which are null",
                    source.data.path,
                    source.data.rows_not_stored(),
                    source.data.rows
                )
            })
            .collect()
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

    /// Compares nothing with these filters, and reads no source that they alone look at.
    pub fn forget_filters(&mut self, places: Range<usize>) {
        let mut gone: Vec<usize> = self.filters.drain(places).collect();
        gone.retain(|source| !self.filters.contains(source) && !self.is_of_batches(*source));
        self.unread.extend(gone);
    }

    /// The positions of all sources.
    pub fn all(&self) -> Vec<usize> {
        let sources = 0..self.sources.len();
        sources
            .filter(|source| !self.unread.contains(source))
            .collect()
    }

    /// The positions of the sources that are not coordinates.
    pub fn besides_coordinates(&self) -> Vec<usize> {
        let is_other = |s: &usize| *s != self.latitude && *s != self.longitude;
        self.all().into_iter().filter(is_other).collect()
    }

    /// Whether a batch holds values of a source: its coordinates and columns, not what only filters look at.
    fn is_of_batches(&self, source: usize) -> bool {
        let coordinates = [self.latitude, self.longitude];
        coordinates.contains(&source) || self.columns.contains(&source)
    }

    /// Reads a block of photon rows of some sources into their places in `blocks`; those with one row
    /// per geolocation segment are broadcast through `segments`, which must then be given.
    pub fn read(
        &self,
        sources: &[usize],
        (of_photons, segments): (&Range<u64>, Option<&Segments>),
        blocks: &mut Vec<Block>,
        buffers: &mut Buffers,
    ) -> Result<Spent> {
        blocks.resize_with(self.sources.len(), Block::default);
        let of_source = |source: &Source| match segments {
            Some(segments) if source.per_segment => segments.rows.clone(),
            _ => of_photons.clone(),
        };
        let wanted = sources.iter().map(|&i| {
            let source = &self.sources[i];
            let rows = of_source(source);
            // Those of geolocation segments are broadcast first.
            let for_batch = self.is_of_batches(i) && rows == *of_photons;
            Wanted {
                source: &source.data,
                rows,
                for_batch,
            }
        });
        let wanted: Vec<_> = wanted.collect();
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
            .map(|link| link.runs(granule, (&self.data(self.latitude).path, self.rows)))
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
