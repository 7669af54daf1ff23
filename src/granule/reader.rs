//! Reads the photons of a granule, block by block, and hands on those that are kept.
//!
//! On the line: `granule --read--> PhotonBatch`. Each photon is either kept or counted under the
//! first reason that rejects it: its coordinate, the wanted shards, the filters in order, null in every
//! column.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use arrow::buffer::NullBuffer;

use super::Counts;
use super::buffers::Buffers;
use super::file::GranuleFile;
use super::filters::RowFilter;
use super::link::Runs;
use super::open_block::OpenBlock;
use super::select::{Kept, Positions, Selection};
use super::spent::Spent;
use super::track::{GroundTrackStatus, GroundTrackSummary, Track, survey};
use super::wanted::{OUTSIDE_SHARDS, UNLISTED_SHARD, WantedShards};
use crate::batch::{Column, ColumnType, Origin, PhotonBatch};
use crate::config::{Config, NullPolicy};
use crate::{Error, Result};

/// Yields the kept photons of one granule as batches, one ground track after the other.
#[derive(Debug)]
pub struct Reader {
    granule: Arc<str>,
    variables: Vec<WantedColumn>,
    filters: Vec<RowFilter>,
    nulls: NullPolicy,
    wanted: Option<WantedShards>,
    batch_rows: u64,
    ground_tracks: Vec<GroundTrackSummary>,
    pub(super) tracks: Vec<Track>,
    position: Position,
    counts: Counts,
    warnings: Vec<String>,
    spent: Spent,
    buffers: Buffers,
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
    spent: Spent,
    batch: Option<PhotonBatch>,
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
        let started = Instant::now();
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
            wanted: None,
            // Rows within a block are held as u32.
            batch_rows: batch_rows.clamp(1, 1 << 30) as u64,
            ground_tracks,
            tracks,
            position: Position::default(),
            counts: Counts::default(),
            warnings: Vec::new(),
            spent: Spent {
                reading: started.elapsed(),
                ..Spent::default()
            },
            buffers: Buffers::default(),
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
            let mut buffers = std::mem::take(&mut self.buffers);
            let fold = self.fold_block(track, rows.clone(), &mut buffers);
            self.buffers = buffers;
            let fold = fold?;
            self.position.row = rows.end;
            self.counts.add(&fold.counts);
            self.spent += fold.spent;
            if fold.batch.is_some() {
                return Ok(fold.batch);
            }
        }
        Ok(None)
    }

    /// Only photons of these shards count from now on; all where there is none.
    #[must_use]
    pub fn within(mut self, wanted: Option<WantedShards>) -> Self {
        self.wanted = wanted;
        self
    }

    /// Decodes into these buffers from now on; see [`Reader::into_buffers`].
    #[must_use]
    pub fn with_buffers(mut self, buffers: Buffers) -> Self {
        self.use_buffers(buffers);
        self
    }

    /// As [`Reader::with_buffers`].
    pub fn use_buffers(&mut self, buffers: Buffers) {
        self.buffers = buffers;
    }

    /// The buffers, for the next granule's reader.
    pub fn into_buffers(self) -> Buffers {
        self.buffers
    }

    /// Takes back the memory of a batch that is no longer needed, to decode the next ones into.
    pub fn recycle(&mut self, batch: PhotonBatch) {
        self.buffers.recycle(batch);
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
        self.spent.decoded
    }

    /// What reading took so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Rows that were read so far, and all that the granule has.
    pub fn progress(&self) -> (u64, u64) {
        let rows = |tracks: &[Track]| tracks.iter().map(|track| track.rows).sum::<u64>();
        let done = self.position.track.min(self.tracks.len());
        (
            rows(&self.tracks[..done]) + self.position.row,
            rows(&self.tracks),
        )
    }

    /// Where only some shards are wanted, coordinates are read first, and the other datasets from
    /// the first to the last photon inside.
    fn fold_block(&self, track: &Track, rows: Range<u64>, buffers: &mut Buffers) -> Result<Fold> {
        let mut fold = Fold::default();
        fold.counts.read = rows.end - rows.start;
        let segments = |rows: &Range<u64>| {
            let runs = self.position.runs.as_ref();
            runs.map(|runs| runs.segments_of(rows.clone()))
        };
        let mut blocks = Vec::new();
        let first = match self.wanted {
            Some(_) => vec![track.latitude, track.longitude],
            None => track.all(),
        };
        let of_block = match self.wanted {
            Some(_) => None,
            None => segments(&rows),
        };
        let reach = (&rows, of_block.as_ref());
        fold.spent = track.read(&first, reach, &mut blocks, buffers)?;
        let positions = Positions {
            lon: &blocks[track.longitude],
            lat: &blocks[track.latitude],
            wanted: self.wanted.as_ref(),
        };
        let (mut selection, [bad, outside, unlisted]) = positions.select(buffers);
        fold.counts.reject("bad_coordinate", bad);
        fold.counts.reject(OUTSIDE_SHARDS, outside);
        fold.counts.reject(UNLISTED_SHARD, unlisted);
        let mut rows = rows;
        if self.wanted.is_some() && selection.len() > 0 {
            let cover = selection.cover();
            selection.crop(&cover);
            for coordinate in first {
                blocks[coordinate].crop(&cover);
            }
            rows = rows.start + cover.start as u64..rows.start + cover.end as u64;
            let others = track.besides_coordinates();
            let of_block = segments(&rows);
            let reach = (&rows, of_block.as_ref());
            fold.spent += track.read(&others, reach, &mut blocks, buffers)?;
        }
        let mut block = OpenBlock::new(track, rows, blocks);
        if selection.len() > 0 {
            self.filter(&block, &mut selection, &mut fold.counts);
        }
        if selection.len() > 0 {
            self.settle_nulls(&block, &mut selection, &mut fold.counts)?;
        }
        if selection.len() > 0 {
            let kept = selection.into_kept(buffers);
            fold.counts.kept = kept.len() as u64;
            let columns = self.take_columns(&mut block, &kept, &mut fold.counts, buffers)?;
            fold.batch = Some(PhotonBatch {
                origin: Origin {
                    granule: Arc::clone(&self.granule),
                    ground_track: Arc::clone(&track.name),
                    rows: block.rows_of(&kept),
                },
                lon: block.take_degrees(track.longitude, &kept, buffers),
                lat: block.take_degrees(track.latitude, &kept, buffers),
                columns,
            });
        }
        block.recycle(buffers);
        Ok(fold)
    }

    /// Drops the rows that filters reject, and counts them.
    fn filter(&self, block: &OpenBlock, selection: &mut Selection, counts: &mut Counts) {
        let filters = self.filters.iter().zip(&block.track.filters);
        let filters: Vec<_> = filters
            .map(|(f, &source)| (f, &block.get(source).values))
            .collect();
        let rejected = selection.filter(&filters);
        for (filter, photons) in self.filters.iter().zip(rejected) {
            counts.reject(&filter.reason, photons);
        }
    }

    /// Refuses nulls where the config does, else drops the photons that are null in every column.
    fn settle_nulls(
        &self,
        block: &OpenBlock,
        selection: &mut Selection,
        counts: &mut Counts,
    ) -> Result<()> {
        let columns = &block.track.columns;
        if self.nulls == NullPolicy::Reject {
            for &source in columns {
                let read = block.get(source);
                if read.nulls.is_none() {
                    continue;
                }
                if let Some(null) = selection.find(|i| read.is_null(i)) {
                    return Err(self.at_row(
                        block,
                        source,
                        null as u32,
                        "is null and the config says `nulls: reject`; filter such photons out, or \
                         use `nulls: exclude`",
                    ));
                }
            }
        }
        let nulls = columns.iter().map(|&source| block.get(source));
        if !columns.is_empty() && nulls.clone().all(|read| read.nulls.is_some()) {
            let dropped = selection.drop_where(|i| nulls.clone().all(|read| read.is_null(i)));
            counts.reject("null", dropped);
        }
        Ok(())
    }

    fn take_columns(
        &self,
        block: &mut OpenBlock,
        kept: &Kept,
        counts: &mut Counts,
        buffers: &mut Buffers,
    ) -> Result<Vec<Column>> {
        let mut columns = Vec::with_capacity(self.variables.len());
        for (wanted, &source) in self.variables.iter().zip(&block.track.columns) {
            let read = block.take(source);
            let column = read.take(kept, wanted.column_type, buffers);
            let column = column.map_err(|inexact| {
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

/// Names in one line, the first ten of them.
fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        names if names.len() <= 10 => names.join(", "),
        names => format!("{} and {} more", names[..10].join(", "), names.len() - 10),
    }
}
