//! Reads the photons of a granule, block by block, and hands on those that are kept.
//!
//! On the line: `granule --read--> PhotonBatch`. Each photon is either kept or counted under the
//! first reason that rejects it: its coordinate, the filters in order, null in every column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use arrow::buffer::NullBuffer;

use super::Counts;
use super::block::Block;
use super::file::GranuleFile;
use super::filters::RowFilter;
use super::link::{Runs, Segments};
use super::track::{GroundTrackStatus, GroundTrackSummary, Track, survey};
use crate::batch::{Column, ColumnType, Origin, PhotonBatch};
use crate::config::{Config, NullPolicy};
use crate::grid::Locator;
use crate::{Error, Result};

/// Yields the kept photons of one granule as batches, one ground track after the other.
#[derive(Debug)]
pub struct Reader {
    granule: Arc<str>,
    variables: Vec<WantedColumn>,
    filters: Vec<RowFilter>,
    nulls: NullPolicy,
    batch_rows: u64,
    ground_tracks: Vec<GroundTrackSummary>,
    tracks: Vec<Track>,
    position: Position,
    counts: Counts,
    warnings: Vec<String>,
    bytes_read: u64,
}

#[derive(Debug)]
struct WantedColumn {
    name: String,
    column_type: ColumnType,
}

/// The next row to read; `runs` are those of the ground track, read when it begins.
#[derive(Debug, Default)]
struct Position {
    track: usize,
    row: u64,
    runs: Option<Runs>,
}

/// The fate of one block of rows, before it is added to the reader's totals.
#[derive(Debug, Default)]
struct Fold {
    counts: Counts,
    bytes: u64,
    batch: Option<PhotonBatch>,
}

/// One block of rows of a ground track; each dataset is read at most once.
struct OpenBlock<'a> {
    track: &'a Track,
    rows: Range<u64>,
    /// Of the block's photons, where datasets are broadcast.
    segments: Option<Segments>,
    read: BTreeMap<usize, Rc<Block>>,
    bytes: u64,
}

impl Reader {
    /// Opens every dataset that the config needs; `types[i]` is the type wanted of variable `i`,
    /// and a batch comes from at most `batch_rows` rows.
    ///
    /// A ground track that is missing, has no data group or is empty is recorded in
    /// [`Reader::ground_tracks`].
    ///
    /// # Errors
    /// No ground track exists; a dataset is missing, has a wrong length, shape or type.
    pub fn open(
        granule: &GranuleFile,
        config: &Config,
        types: &[ColumnType],
        batch_rows: usize,
    ) -> Result<Self> {
        if types.len() != config.variables.len() {
            return Err(granule.error(format!(
                "{} column types are given for {} variables",
                types.len(),
                config.variables.len()
            )));
        }
        let ground_tracks = config.ground_tracks.iter();
        let ground_tracks: Vec<_> = ground_tracks
            .map(|name| survey(granule, config, name))
            .collect::<Result<_>>()?;
        if ground_tracks
            .iter()
            .all(|t| t.status == GroundTrackStatus::Missing)
        {
            return Err(granule.error(format!(
                "has none of the ground tracks {}; it holds {}: correct `groups` in the config, or \
                 leave the granule out",
                config.ground_tracks.join(", "),
                listed(&granule.members()?)
            )));
        }
        let present = ground_tracks.iter().filter(|t| t.rows > 0);
        let tracks = present
            .map(|summary| Track::open(granule, config, types, summary))
            .collect::<Result<_>>()?;
        let variables = config.variables.iter().zip(types);
        Ok(Self {
            granule: granule.name_shared(),
            variables: variables
                .map(|(variable, &column_type)| WantedColumn {
                    name: variable.name.clone(),
                    column_type,
                })
                .collect(),
            filters: config.filters.iter().map(RowFilter::new).collect(),
            nulls: config.nulls,
            // Rows within a block are held as u32.
            batch_rows: batch_rows.clamp(1, 1 << 30) as u64,
            ground_tracks,
            tracks,
            position: Position::default(),
            counts: Counts::default(),
            warnings: Vec::new(),
            bytes_read: 0,
        })
    }

    /// The next batch of kept photons, never empty; `None` at the end.
    ///
    /// # Errors
    /// A block that cannot be read, a value that the wanted type cannot hold, a null under
    /// [`NullPolicy::Reject`], a link that does not add up. Counts stay as they were before.
    pub fn next_batch(&mut self) -> Result<Option<PhotonBatch>> {
        while let Some(track) = self.tracks.get(self.position.track) {
            if self.position.row == track.rows {
                self.position = Position {
                    track: self.position.track + 1,
                    ..Position::default()
                };
                continue;
            }
            if self.position.row == 0
                && let Some(linked) = track.runs(&self.granule)?
            {
                self.warnings.extend(linked.warning);
                self.position.runs = Some(linked.runs);
            }
            let start = self.position.row;
            let rows = start..track.rows.min(start + self.batch_rows);
            let fold = self.fold_block(track, rows.clone())?;
            self.position.row = rows.end;
            self.counts.add(&fold.counts);
            self.bytes_read += fold.bytes;
            if fold.batch.is_some() {
                return Ok(fold.batch);
            }
        }
        Ok(None)
    }

    /// What became of the photons read so far; balanced.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Every ground track of the config, in its order.
    pub fn ground_tracks(&self) -> &[GroundTrackSummary] {
        &self.ground_tracks
    }

    /// What was odd, but did not stop the reading; grows as ground tracks are read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Bytes of values decoded so far, before filtering.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    fn fold_block(&self, track: &Track, rows: Range<u64>) -> Result<Fold> {
        let mut fold = Fold::default();
        fold.counts.read = rows.end - rows.start;
        let mut block = OpenBlock::new(track, rows, self.position.runs.as_ref());
        let lon = block.load(track.longitude)?.degrees();
        let lat = block.load(track.latitude)?.degrees();
        let mut kept: Vec<u32> = (0..lat.len() as u32).collect();
        kept.retain(|&i| Locator::accepts(lon[i as usize], lat[i as usize]));
        fold.counts.reject("bad_coordinate", lat.len() - kept.len());
        for (filter, &source) in self.filters.iter().zip(&track.filters) {
            if kept.is_empty() {
                break;
            }
            let before = kept.len();
            filter.narrow(&block.load(source)?.values, &mut kept);
            fold.counts.reject(&filter.reason, before - kept.len());
        }
        if !kept.is_empty() {
            let columns = self.take_columns(&mut block, &mut kept, &mut fold.counts)?;
            fold.counts.kept = kept.len() as u64;
            let start = block.rows.start;
            fold.batch = (!kept.is_empty()).then(|| PhotonBatch {
                origin: Origin {
                    granule: Arc::clone(&self.granule),
                    ground_track: Arc::clone(&track.name),
                    rows: kept.iter().map(|&i| start + u64::from(i)).collect(),
                },
                lon: kept.iter().map(|&i| lon[i as usize]).collect(),
                lat: kept.iter().map(|&i| lat[i as usize]).collect(),
                columns,
            });
        }
        fold.bytes = block.bytes;
        Ok(fold)
    }

    /// Drops the photons that are null in every column, then takes the columns of the others.
    fn take_columns(
        &self,
        block: &mut OpenBlock,
        kept: &mut Vec<u32>,
        counts: &mut Counts,
    ) -> Result<Vec<Column>> {
        let mut reads = Vec::with_capacity(self.variables.len());
        for (wanted, &source) in self.variables.iter().zip(&block.track.columns) {
            let read = block.load(source)?;
            reads.push((wanted, source, read));
        }
        if self.nulls == NullPolicy::Reject {
            for (_, source, read) in &reads {
                if let Some(&null) = kept.iter().find(|&&i| read.is_null(i)) {
                    return Err(self.at_row(
                        block,
                        *source,
                        null,
                        "is null and the config says `nulls: reject`; filter such photons out, or \
                         use `nulls: exclude`",
                    ));
                }
            }
        }
        if !reads.is_empty() && reads.iter().all(|(_, _, read)| read.nulls.is_some()) {
            let before = kept.len();
            kept.retain(|&i| reads.iter().any(|(_, _, read)| !read.is_null(i)));
            counts.reject("null", before - kept.len());
        }
        let mut columns = Vec::with_capacity(reads.len());
        for (wanted, source, read) in reads {
            let column = read.take(kept, wanted.column_type).map_err(|inexact| {
                let message = format!(
                    "is an integer that {:?} does not hold exactly; run the granules in which \
                     the dataset is a float apart",
                    wanted.column_type
                );
                self.at_row(block, source, inexact.index, &message)
            })?;
            let nulls = column.nulls.as_ref().map_or(0, NullBuffer::null_count);
            if nulls > 0 {
                *counts.nulls.entry(wanted.name.clone()).or_default() += nulls as u64;
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// An error about the value of one photon; `index` counts from the start of the block.
    fn at_row(&self, block: &OpenBlock, source: usize, index: u32, message: &str) -> Error {
        let row = block.rows.start + u64::from(index);
        let path = &block.track.data(source).path;
        Error::granule(&*self.granule, format!("{path} row {row} {message}"))
    }
}

impl<'a> OpenBlock<'a> {
    fn new(track: &'a Track, rows: Range<u64>, runs: Option<&Runs>) -> Self {
        Self {
            track,
            segments: runs.map(|runs| runs.segments_of(rows.clone())),
            rows,
            read: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// The rows of a source, read when first asked for.
    fn load(&mut self, source: usize) -> Result<Rc<Block>> {
        if let Some(block) = self.read.get(&source) {
            return Ok(Rc::clone(block));
        }
        let (block, bytes) = self
            .track
            .read(source, &self.rows, self.segments.as_ref())?;
        self.bytes += bytes;
        let block = Rc::new(block);
        self.read.insert(source, Rc::clone(&block));
        Ok(block)
    }
}

impl Counts {
    /// Adds the counts of other photons.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.kept += other.kept;
        for (reason, n) in &other.rejected {
            *self.rejected.entry(reason.clone()).or_default() += n;
        }
        for (column, n) in &other.nulls {
            *self.nulls.entry(column.clone()).or_default() += n;
        }
    }

    fn reject(&mut self, reason: &str, photons: usize) {
        if photons > 0 {
            *self.rejected.entry(reason.to_owned()).or_default() += photons as u64;
        }
    }
}

/// Names in one line, the first ten of them.
fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        names if names.len() <= 10 => names.join(", "),
        names => format!("{} and {} more", names[..10].join(", "), names.len() - 10),
    }
}
