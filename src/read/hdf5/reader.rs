//! Reads the photons of a granule, block by block, and hands on those that are kept.
//!
//! On the line: `granule --read--> PhotonBatch`. Each photon is either kept or counted under the
//! first reason that rejects it: its coordinate, the region, the wanted shards, the filters in order, null
//! in every column.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::ahead::{expect, in_range};
use super::belonging::{Reach, joins, unmatched};
use super::file::GranuleFile;
use super::ground_track::GroundTrackSummary;
use super::in_time::InTime;
use super::keep::Keep;
use super::open_block::OpenBlock;
use super::presence::survey_all;
use super::select::Positions;
use super::settle::{applied, same_names, settle, unit_gaps};
use super::stretch::{Position, Stretches};
use super::track::{Track, rows_of};
use crate::config::Config;
use crate::photon::Counts;
use crate::photon::{ColumnType, Origin, PhotonBatch};
use crate::read::JoinReport;
use crate::read::buffers::Buffers;
use crate::read::edges::{Edges, OUTSIDE_GRID};
use crate::read::meaning::Applied;
use crate::read::oddities::Oddities;
use crate::read::spent::Spent;
use crate::read::wanted::{OUTSIDE_REGION, OUTSIDE_SHARDS, UNLISTED_SHARD, WantedShards};
use crate::region::Region;
use crate::watch::{Unwatched, Watch};
use crate::{Error, Result};

/// Yields the kept photons of one granule as batches, one ground track after the other.
#[derive(Debug)]
pub struct Reader {
    pub(super) granule: Arc<str>,
    pub(super) keep: Keep,
    pub(super) region: Option<Region>,
    pub(super) edges: Option<Edges>,
    pub(super) wanted: Option<WantedShards>,
    pub(super) steps: InTime,
    /// What a device takes.
    pub(super) stretches: Stretches,
    /// Batches of a block that has several steps of time.
    waiting: VecDeque<PhotonBatch>,
    pub(super) batch_rows: u64,
    ground_tracks: Vec<GroundTrackSummary>,
    pub(super) tracks: Vec<Track>,
    pub(super) position: Position,
    counts: Counts,
    joins: Vec<JoinReport>,
    pub(super) warnings: Vec<String>,
    pub(super) oddities: Oddities,
    pub(super) spent: Spent,
    buffers: Buffers,
}

/// The fate of one block of rows, before it is added to the reader's totals.
#[derive(Debug, Default)]
struct Fold {
    counts: Counts,
    oddities: Oddities,
    spent: Spent,
    /// Photons that each join has a row for, and those that it has none for.
    joined: Vec<(u64, u64)>,
    batches: Vec<PhotonBatch>,
}

impl Reader {
    /// Opens every dataset that the config needs; `types[i]` is the type wanted of variable `i`,
    /// and a batch comes from at most `batch_rows` rows.
    ///
    /// A ground track that is missing, has no data group or is empty is recorded in
    /// [`Reader::ground_tracks`].
    ///
    /// # Errors
    /// It is a granule of another product; a dataset is missing, has a wrong length, shape or type, rows
    /// that are not stored, or attributes that cannot be honoured.
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
        let ground_tracks = survey_all(granule, config)?;
        let present = ground_tracks.iter().filter(|t| t.rows > 0);
        let mut tracks: Vec<Track> = present
            .map(|summary| Track::open(granule, config, types, summary))
            .collect::<Result<_>>()?;
        let odd = granule.odd().into_iter();
        let mut warnings: Vec<String> = odd
            .map(|odd| format!("granule {}: {odd}", granule.name()))
            .collect();
        same_names(granule, config, &tracks)?;
        for track in &mut tracks {
            warnings.extend(settle(granule, config, track)?);
            warnings.extend(track.not_stored(granule.name()));
        }
        Ok(Self {
            granule: granule.name_shared(),
            keep: Keep::new(granule.name_shared(), config, types, tracks.first()),
            region: config.region.clone(),
            edges: Edges::of(&config.grid),
            wanted: None,
            steps: InTime::of(granule, config)?,
            stretches: Stretches::default(),
            waiting: VecDeque::new(),
            batch_rows: in_range(batch_rows),
            ground_tracks,
            tracks,
            position: Position::default(),
            counts: Counts::default(),
            joins: joins(granule, config)?,
            warnings,
            oddities: Oddities::default(),
            spent: Spent {
                reading: started.elapsed(),
                ..Spent::default()
            },
            buffers: Buffers::default(),
        })
    }

    /// The next batch of kept photons, never empty; `None` at the end, and where rows follow that are not read here.
    ///
    /// # Errors
    /// A block that cannot be read, a value that the wanted type cannot hold, a null under
    /// [`NullPolicy::Reject`], a link that does not add up. Counts stay as they were before.
    pub fn next_batch(&mut self) -> Result<Option<PhotonBatch>> {
        self.next_batch_unless(&Unwatched)
    }

    /// The same, until somebody wishes it to stop: blocks of which nothing is kept may be many.
    ///
    /// # Errors
    /// As [`Reader::next_batch`], and an interrupt.
    pub fn next_batch_unless(&mut self, watch: &dyn Watch) -> Result<Option<PhotonBatch>> {
        if let Some(batch) = self.waiting.pop_front() {
            return Ok(Some(batch));
        }
        self.settle_steps()?;
        let how = (self.batch_rows, self.narrows());
        expect(&self.position, &self.tracks, how);
        while let Some(track) = self.tracks.get(self.position.track) {
            let Some(end) = self.stretches.end(&self.position, track.rows) else {
                return Ok(None);
            };
            if self.position.row == end {
                self.position = self.position.after();
                continue;
            }
            if watch.stop() {
                return Err(Error::interrupted());
            }
            if self.position.belonging.is_none()
                && let Some((belonging, odd)) = track.begin(&self.granule)?
            {
                self.warnings.extend(odd);
                self.position.belonging = Some(belonging);
            }
            let start = self.position.row;
            let rows = start..end.min(track.block_end(start, self.batch_rows));
            let mut buffers = std::mem::take(&mut self.buffers);
            let fold = self.fold_block(track, rows.clone(), &mut buffers);
            self.buffers = buffers;
            let fold = fold?;
            self.position.row = rows.end;
            self.counts.add(&fold.counts);
            self.oddities.add(fold.oddities);
            self.spent += fold.spent;
            for (join, (matched, unmatched)) in self.joins.iter_mut().zip(fold.joined) {
                join.matched += matched;
                join.unmatched += unmatched;
            }
            self.waiting.extend(fold.batches);
            if let Some(batch) = self.waiting.pop_front() {
                return Ok(Some(batch));
            }
        }
        self.warnings.extend(unmatched(&self.granule, &self.joins));
        let odd = std::mem::take(&mut self.oddities);
        self.warnings.extend(odd.warnings(&self.granule));
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

    /// Columns whose units some ground tracks say and others do not, in words.
    pub fn unit_gaps(&self, config: &Config) -> Vec<String> {
        unit_gaps(&self.granule, config, &self.tracks)
    }

    /// What the attributes of datasets say of their values, of each ground track.
    pub fn applied(&self, config: &Config) -> Vec<Applied> {
        let tracks = self.tracks.iter();
        tracks.flat_map(|track| applied(track, config)).collect()
    }

    /// What was joined to the photons read so far.
    pub fn joins(&self) -> &[JoinReport] {
        &self.joins
    }

    /// What was odd, but did not stop the reading; grows as ground tracks are read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Bytes of values decoded so far, before filtering.
    pub fn bytes_read(&self) -> u64 {
        self.spent.decoded
    }

    /// Bytes that storage chunks take at most while they are decoded.
    pub fn chunk_bytes(&self) -> u64 {
        let tracks = self.tracks.iter();
        tracks.map(|track| track.chunk_bytes).max().unwrap_or(0)
    }

    /// Rows of datasets that are not stored, and are null.
    pub fn rows_not_stored(&self) -> u64 {
        self.tracks.iter().map(Track::rows_not_stored).sum()
    }

    /// What reading took so far.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Rows that were read so far, and all that the granule has.
    pub fn progress(&self) -> (u64, u64) {
        let done = &self.tracks[..self.position.track.min(self.tracks.len())];
        let read = rows_of(done).saturating_add(self.position.row);
        (read, rows_of(&self.tracks))
    }

    /// Whether photons count by where they are.
    pub(super) fn narrows(&self) -> bool {
        self.region.is_some() || self.edges.is_some() || self.wanted.is_some()
    }

    /// What belongs to a block of photons.
    fn reach(
        &self,
        track: &Track,
        rows: &Range<u64>,
        (fold, buffers): (&mut Fold, &mut Buffers),
    ) -> Result<Reach> {
        let Some(belonging) = &self.position.belonging else {
            return Ok(Reach::of(rows.clone()));
        };
        let (reach, spent) = belonging.reach(track, rows.clone(), buffers)?;
        fold.spent += spent;
        Ok(reach)
    }

    /// Where photons count by where they are, coordinates are read first, and the other datasets from
    /// the first to the last photon inside.
    fn fold_block(&self, track: &Track, rows: Range<u64>, buffers: &mut Buffers) -> Result<Fold> {
        let mut fold = Fold::default();
        fold.counts.read = rows.end - rows.start;
        let mut blocks = Vec::new();
        let (first, mut reach) = if self.narrows() {
            let positions = vec![track.latitude, track.longitude];
            (positions, Reach::of(rows.clone()))
        } else {
            (track.all(), self.reach(track, &rows, (&mut fold, buffers))?)
        };
        fold.spent += track.read(&first, &reach, &mut blocks, buffers)?;
        let positions = Positions {
            lon: &blocks[track.longitude],
            lat: &blocks[track.latitude],
            region: self.region.as_ref(),
            edges: self.edges.as_ref(),
            wanted: self.wanted.as_ref(),
        };
        let (mut selection, [bad, elsewhere, beyond, outside, unlisted]) =
            positions.select(buffers);
        fold.counts.reject("bad_coordinate", bad);
        fold.counts.reject(OUTSIDE_REGION, elsewhere);
        fold.counts.reject(OUTSIDE_GRID, beyond);
        fold.counts.reject(OUTSIDE_SHARDS, outside);
        fold.counts.reject(UNLISTED_SHARD, unlisted);
        for coordinate in [track.latitude, track.longitude] {
            if let Some(outside) = &blocks[coordinate].outside {
                let data = track.data(coordinate);
                let (range, count) = (data.meaning.range(), outside.count_set_bits());
                fold.oddities.outside(&data.path, range, true, count);
            }
        }
        let mut rows = rows;
        if self.narrows() && selection.len() > 0 {
            let cover = selection.cover();
            selection.crop(&cover);
            for coordinate in first {
                blocks[coordinate].crop(&cover);
            }
            rows = rows.start + cover.start as u64..rows.start + cover.end as u64;
            let others = track.besides_coordinates();
            reach = self.reach(track, &rows, (&mut fold, buffers))?;
            fold.spent += track.read(&others, &reach, &mut blocks, buffers)?;
        }
        fold.joined = reach
            .joins
            .iter()
            .map(|join| selection.share(|i| join.has(i)))
            .collect();
        let mut block = OpenBlock::new(track, rows, blocks);
        let keep = &self.keep;
        if selection.len() > 0 {
            Keep::note_odd(&block, &selection, &mut fold.oddities);
            block.reject_not_stored(&mut selection, &mut fold.counts);
            keep.filter(&block, &mut selection, &mut fold.counts);
        }
        if selection.len() > 0 {
            keep.settle_nulls(&block, &mut selection, &mut fold.counts)?;
        }
        if selection.len() > 0 {
            let kept = selection.into_kept(buffers);
            fold.counts.kept = kept.len() as u64;
            let steps = self.steps.find(&block, &kept);
            let columns = keep.take_columns(&mut block, &kept, &mut fold.counts, buffers)?;
            let batch = PhotonBatch {
                origin: Origin {
                    granule: Arc::clone(&self.granule),
                    ground_track: Arc::clone(&track.name),
                    rows: block.rows_of(&kept),
                },
                step: 0,
                lon: block.take_degrees(track.longitude, &kept, buffers),
                lat: block.take_degrees(track.latitude, &kept, buffers),
                columns,
            };
            let mut room = |of, length| buffers.take_for_batch(of, length);
            fold.batches = batch.parted(&steps, &mut room);
        }
        block.recycle(buffers);
        Ok(fold)
    }
}
