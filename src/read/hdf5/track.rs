//! One ground track of a granule: whether it exists, and the datasets of it that the config needs.
//!
//! On the line: `reader.rs` opens every ground track here before it reads the first photon, so a missing
//! dataset or a wrong length is known at once.

mod sources;

use std::ops::Range;
use std::sync::Arc;

use super::belonging::{Belonging, Reach};
use super::block::{Block, widens};
use super::chunk::ChunkedDataset;
use super::columns::SourceDataset;
use super::donor::Donor;
use super::file::GranuleFile;
use super::ground_track::GroundTrackSummary;
use super::level_hint::Levels;
use super::of_cycle::column_of;
use super::open_join::OpenJoin;
use super::open_link::OpenLink;
use super::rows::{LookedAt, Wanted, read_all};
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
    /// The source of times, where photons are told by theirs.
    times: Option<usize>,
    pub link: Option<OpenLink>,
    /// Sources that nothing looks at.
    unread: Vec<usize>,
    /// In the order of the config.
    pub joins: Vec<OpenJoin>,
    /// Bytes that its storage chunks take while they are decoded.
    pub chunk_bytes: u64,
    levels: Levels,
}

#[derive(Debug)]
struct Source {
    data: SourceDataset,
    column: Option<usize>,
    rows: RowsOf,
}

/// What a row of a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowsOf {
    Photons,
    Segments,
    /// A row of a joined granule, by the place of the join.
    Join(usize),
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
            times: None,
            link: None,
            unread: Vec::new(),
            joins: Vec::new(),
            chunk_bytes: 0,
            levels: Levels::of(config),
        };
        if config.needs_link() {
            track.link = Some(OpenLink::open(granule, config, &summary.name)?);
        }
        let donors = track.open_joins(granule, config, &summary.name)?;
        let photons = RowsOf::Photons;
        track.latitude = track.add(granule, &config.latitude, None, photons)?;
        track.longitude = track.add(granule, &config.longitude, None, photons)?;
        for coordinate in [track.latitude, track.longitude] {
            track.check_coordinate(granule, coordinate)?;
        }
        for filter in &config.filters {
            let source = track.add_compared(granule, filter, config)?;
            track.filters.push(source);
            if filter.moment.is_some() {
                track.times = Some(source);
            }
        }
        for (variable, &wanted) in config.variables.iter().zip(types) {
            let source = if let Some(join) = variable.join {
                track.add_joined(&donors[join], variable, join)?
            } else {
                let path = path_in(&variable.path, &track.name);
                let column = column_of(granule, variable, &path)?;
                let of = if variable.per_segment {
                    RowsOf::Segments
                } else {
                    photons
                };
                track.add(granule, &variable.path, column, of)?
            };
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
        let joined = self.joins.iter().flat_map(OpenJoin::datasets);
        let all: Vec<&SourceDataset> = sources.chain(linked).chain(joined).collect();
        let (bytes, at_once) = granule.chunk_budget(&all)?;
        self.chunk_bytes = bytes;
        for source in &mut self.sources {
            source.data.limit(at_once);
        }
        for dataset in self.link.iter_mut().flat_map(OpenLink::datasets_mut) {
            dataset.limit(at_once);
        }
        for dataset in self.joins.iter_mut().flat_map(OpenJoin::datasets_mut) {
            dataset.limit(at_once);
        }
        Ok(())
    }

    /// Opens what tells the rows of joined granules; gives back where each has its datasets.
    fn open_joins<'a>(
        &mut self,
        granule: &'a GranuleFile,
        config: &'a Config,
        name: &'a str,
    ) -> Result<Vec<Donor<'a>>> {
        let segments = self.link.as_ref().map_or(0, |link| link.count.rows);
        let mut donors = Vec::with_capacity(config.joins.len());
        for (place, join) in config.joins.iter().enumerate() {
            let donor = Donor::of(granule, config, place, name)?;
            let rows = (self.rows, segments);
            let opened = OpenJoin::open(granule, (config, join), (&donor, name), rows)?;
            self.joins.push(opened);
            donors.push(donor);
        }
        Ok(donors)
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

    /// Whether filters compare a source with moments: steps of time are told by it, too.
    fn are_times(&self, source: usize) -> bool {
        self.times == Some(source)
    }

    /// Reads a block of photon rows of some sources into their places in `blocks`; what belongs to several photons, or
    /// to some, is brought to them through what `reach` has of it, which must then be given.
    pub fn read(
        &self,
        sources: &[usize],
        reach: &Reach,
        blocks: &mut Vec<Block>,
        buffers: &mut Buffers,
    ) -> Result<Spent> {
        blocks.resize_with(self.sources.len(), Block::default);
        let of_source = |source: &Source| match (source.rows, &reach.segments) {
            (RowsOf::Segments, Some(segments)) => segments.rows.clone(),
            (RowsOf::Join(join), _) => reach.joins[join].rows.clone(),
            _ => reach.photons.clone(),
        };
        let wanted = sources.iter().map(|&i| {
            let source = &self.sources[i];
            let rows = of_source(source);
            let looked_at = match (self.is_of_batches(i), source.rows) {
                (true, RowsOf::Photons) => LookedAt::InBatch,
                (false, RowsOf::Photons) if !self.are_times(i) => LookedAt::ByFilters,
                // Others are brought to their photons first.
                _ => LookedAt::ByAny,
            };
            Wanted {
                source: &source.data,
                rows,
                looked_at,
                are_times: self.are_times(i) && source.rows == RowsOf::Photons,
            }
        });
        let wanted: Vec<_> = wanted.collect();
        let (read, spent) = read_all(&wanted, buffers)?;
        for (&source, block) in sources.iter().zip(read) {
            blocks[source] = match (self.sources[source].rows, &reach.segments) {
                (RowsOf::Segments, Some(segments)) => {
                    let photons = block.gather(&segments.of_photon, buffers);
                    buffers.give(block.values);
                    photons
                }
                (RowsOf::Join(join), _) => {
                    let photons = block.gather_some(&reach.joins[join].of_photon, buffers);
                    buffers.give(block.values);
                    photons
                }
                _ => block,
            };
        }
        Ok(spent)
    }

    /// What belongs to its photons beside their own rows, and what is odd about it, in words; `None` where nothing does.
    pub fn begin(&self, granule: &str) -> Result<Option<(Belonging, Vec<String>)>> {
        let Some(link) = &self.link else {
            return Ok(None);
        };
        let linked = link.runs(granule, (&self.data(self.latitude).path, self.rows))?;
        let mut odd: Vec<String> = linked.warning.into_iter().collect();
        odd.extend(self.joins.iter().filter_map(|join| join.odd.clone()));
        let joins = self.joins.iter().map(|join| join.places(&linked.runs));
        let joins = joins.collect::<Result<_>>()?;
        let belonging = Belonging {
            runs: linked.runs,
            joins,
        };
        Ok(Some((belonging, odd)))
    }

    /// Where a block of rows ends that begins at `start` and has `most` rows at most: with a storage chunk of positions where
    /// it can, so that no chunk is decoded for two blocks.
    pub fn block_end(&self, start: u64, most: u64) -> u64 {
        let chunked = self.data(self.latitude).chunked();
        let chunk = chunked.map_or(1, ChunkedDataset::chunk_rows);
        let end = start.saturating_add(most);
        // Of two chunks or more, so that no block is less than half as long as the others.
        let aligned = if most / 2 >= chunk {
            end / chunk * chunk
        } else {
            end
        };
        self.rows.min(aligned)
    }

    /// Whether nothing is read of a source, as the granule that it is joined from has no rows in this ground track.
    pub fn is_without_rows(&self, source: usize) -> bool {
        match self.sources[source].rows {
            RowsOf::Join(join) => self.joins[join].rows().is_none(),
            RowsOf::Photons | RowsOf::Segments => false,
        }
    }

    /// Whether a source has a row for each photon.
    pub fn is_of_photons(&self, source: usize) -> bool {
        self.sources[source].rows == RowsOf::Photons
    }

    /// Whether rows of a source are geolocation segments.
    pub fn is_of_segments(&self, source: usize) -> bool {
        self.sources[source].rows == RowsOf::Segments
    }

    /// The path of a source with `{group}` for the ground track, behind the product where it is joined.
    pub fn template(&self, source: usize, config: &Config) -> String {
        let Source { data, rows, .. } = &self.sources[source];
        let group = match rows {
            RowsOf::Join(join) => &*self.joins[*join].group,
            RowsOf::Photons | RowsOf::Segments => &*self.name,
        };
        let path = data.path.replacen(group, "{group}", 1);
        match rows {
            RowsOf::Join(join) => format!("{} {path}", config.joins[*join].product),
            RowsOf::Photons | RowsOf::Segments => path,
        }
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
