//! Stretches of a granule: which ground tracks a device may take as they are stored, and which are read here.
//!
//! On the line: beside `reader.rs`, for runs on a device that decodes by itself. It is decided of a whole ground track
//! before any of it is read. What a device does with a stretch is what `reader.rs` does with its rows, or the rows are
//! read here after all ([`Reader::only`]).

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::belonging::Belonging;
use super::chunk::ChunkedDataset;
use super::in_time::{InTime, PARTED};
use super::reader::Reader;
use super::track::Track;
use super::types::column_type;
use crate::Result;
use crate::config::{Dtype, NullPolicy};
use crate::grid::Locator;
use crate::photon::stored::Element;
use crate::photon::stretch::{
    Stretch, StretchColumn, StretchFilter, StretchRoom, StretchSegments, StretchShards,
    StretchSource,
};
use crate::read::StoredStretch;
use crate::source::Bytes;

/// Filters whose rejections a device counts at most.
const MOST_FILTERS: usize = 250;

/// What of a granule goes to a device.
#[derive(Debug, Default)]
pub(super) struct Stretches {
    /// Whether steps of time are settled.
    steps_settled: bool,
    /// Rows of a stretch of each ground track; `None` of those that are read here. Empty where nobody asked.
    rows: Vec<Option<u64>>,
    /// Photons of these, by the reason.
    read_here: BTreeMap<&'static str, u64>,
    /// The row before which reading ends, where not all rows are asked for.
    until: Option<u64>,
}

impl Stretches {
    /// The row before which a ground track is to be read here; `None` where it is not, or no more.
    pub fn end(&self, position: &Position, rows: u64) -> Option<u64> {
        if let Some(until) = self.until {
            return (position.row < until).then_some(until);
        }
        let asked = self.rows.get(position.track);
        asked.is_none_or(Option::is_none).then_some(rows)
    }
}

impl Reader {
    /// Settles steps of time, once.
    pub(super) fn settle_steps(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.stretches.steps_settled, true) {
            self.steps.settle(&mut self.tracks, &mut self.keep)?;
        }
        Ok(())
    }

    /// The next stretch for a device with this room; `None` where the next rows are read here
    /// ([`Reader::next_batch`]), or there are none.
    ///
    /// # Errors
    /// A time that cannot be read.
    pub(crate) fn next_stretch(&mut self, room: &StretchRoom) -> Result<Option<StoredStretch>> {
        self.settle_steps()?;
        if self.stretches.rows.is_empty() {
            for track in &self.tracks {
                let rows = self.stretch_rows(track, room);
                if let Err(why) = rows {
                    *self.stretches.read_here.entry(why).or_default() += track.rows;
                }
                self.stretches.rows.push(rows.ok());
            }
        }
        while let Some(track) = self.tracks.get(self.position.track) {
            if self.position.row == track.rows {
                self.position = self.position.after();
                continue;
            }
            let rows = self.stretches.rows.get(self.position.track);
            let Some(&rows) = rows.and_then(Option::as_ref) else {
                return Ok(None);
            };
            if self.position.belonging.is_none()
                && let Some((belonging, odd)) = track.begin(&self.granule)?
            {
                self.warnings.extend(odd);
                self.position.belonging = Some(belonging);
            }
            let start = self.position.row;
            let rows = start..track.rows.min(start + rows);
            let stretch = self.stretch(track, rows.clone());
            self.position.row = rows.end;
            return Ok(Some(stretch));
        }
        Ok(None)
    }

    /// Photons that are read here, by the reason why no device takes them.
    pub fn read_here(&self) -> &BTreeMap<&'static str, u64> {
        &self.stretches.read_here
    }

    /// Whether all rows were handed on, or read.
    pub fn is_done(&self) -> bool {
        self.position.track >= self.tracks.len()
    }

    /// Reads these rows next, and no others.
    pub fn only(&mut self, track: usize, rows: &Range<u64>) {
        self.position = Position {
            track,
            row: rows.start,
            ..Position::default()
        };
        self.stretches.until = Some(rows.end);
    }

    /// What was odd about the values of the rows that were read, in words; of all that were read one after the other.
    pub fn take_oddities(&mut self) -> Vec<String> {
        let odd = std::mem::take(&mut self.oddities);
        odd.warnings(&self.granule)
    }

    /// Rows of a stretch of a ground track, or why there is none.
    fn stretch_rows(&self, track: &Track, room: &StretchRoom) -> Result<u64, &'static str> {
        if !matches!(self.steps, InTime::One(_)) {
            return Err(PARTED);
        }
        let datasets = self.why_not_stretches(track)?;
        let rows = room.rows(&datasets);
        let rows = rows.ok_or("the device's memory has room for few rows")?;
        // Chunks that two stretches need are decoded twice.
        let chunk = track.data(track.latitude).chunked();
        let chunk = chunk.map_or(1, ChunkedDataset::chunk_rows);
        Ok(if rows > chunk {
            rows / chunk * chunk
        } else {
            rows
        })
    }

    /// Why no device takes a ground track, whatever its memory and when its photons are; else how each dataset is stored,
    /// and bytes of a decoded chunk.
    pub(super) fn why_not_stretches(
        &self,
        track: &Track,
    ) -> Result<Vec<(Element, u64)>, &'static str> {
        if self.region.is_some() {
            return Err("photons count by a region");
        }
        if self.edges.is_some() {
            return Err("photons count by the edges of a grid");
        }
        if !track.joins.is_empty() {
            return Err("rows of other granules are joined");
        }
        if self.keep.filters.len() > MOST_FILTERS {
            return Err("there are more filters than a device counts");
        }
        let mut datasets = Vec::new();
        for source in track.all() {
            let data = track.data(source);
            if data.texts.is_some() {
                return Err("text is compared");
            }
            let chunked = data.chunked().ok_or("libhdf5 reads a dataset")?;
            if chunked.holes().is_some() {
                return Err("rows of a dataset are not stored");
            }
            let compared = data.meaning.compared()?;
            if track.columns.contains(&source) && !compared.fills.is_empty() && self.refuses_nulls()
            {
                return Err("nulls are an error");
            }
            datasets.push((chunked.element(), chunked.chunk_bytes() as u64));
        }
        for (source, most) in [
            (track.latitude, 90.0),
            (track.longitude, Locator::MOST_LONGITUDE),
        ] {
            check_coordinate(track, source, most)?;
        }
        for (wanted, &source) in self.keep.variables.iter().zip(&track.columns) {
            if column_type(track.data(source).dtype) != wanted.column_type {
                return Err("a column is of a wider type than here");
            }
        }
        Ok(datasets)
    }

    fn refuses_nulls(&self) -> bool {
        self.keep.nulls == NullPolicy::Reject
    }

    /// Rows of a ground track of which [`Reader::stretch_rows`] has found that a device may take them.
    fn stretch(&self, track: &Track, rows: Range<u64>) -> Stretch<Arc<dyn Bytes>> {
        let all = track.all();
        let place = |source: usize| all.iter().position(|&other| other == source).unwrap_or(0);
        let is_coordinate = |source| source == track.latitude || source == track.longitude;
        let (segment_rows, segments) = self.segments(&rows);
        let sources = all.iter().filter_map(|&source| {
            let data = track.data(source);
            let compared = data.meaning.compared().unwrap_or_default();
            let is_coordinate = is_coordinate(source);
            let of_segments = track.is_of_segments(source);
            let rows = if of_segments { &segment_rows } else { &rows };
            Some(StretchSource {
                of_segments,
                stored: data.chunked()?.stored(rows.clone()),
                // Those of coordinates are no positions.
                fills: if is_coordinate {
                    Vec::new()
                } else {
                    compared.fills
                },
                valid: compared.valid,
                suspicious: compared.suspicious && !is_coordinate,
            })
        });
        let filters = self.keep.filters.iter().zip(&track.filters);
        let filters = filters.map(|(filter, &source)| {
            let (ranges, inside) = filter.ranges(column_type(track.data(source).stored));
            StretchFilter {
                source: place(source),
                ranges,
                inside,
                reason: filter.reason.clone(),
            }
        });
        let columns = self.keep.variables.iter().zip(&track.columns);
        let columns = columns.map(|(wanted, &source)| StretchColumn {
            name: wanted.name.clone(),
            source: place(source),
        });
        Stretch {
            granule: Arc::clone(&self.granule),
            track: self.position.track,
            rows: rows.clone(),
            step: match self.steps {
                InTime::One(step) => step,
                InTime::Each(..) => 0,
            },
            sources: sources.collect(),
            longitude: place(track.longitude),
            latitude: place(track.latitude),
            filters: filters.collect(),
            columns: columns.collect(),
            segments,
            shards: self.wanted.as_ref().map(|wanted| StretchShards {
                order: wanted.wanted().order().get(),
                listed: wanted.ids().to_vec(),
                wanted: wanted.wanted().ids().to_vec(),
            }),
        }
    }

    /// The geolocation segments of photons, and which photons are of which; none where nothing belongs to them.
    fn segments(&self, photons: &Range<u64>) -> (Range<u64>, Option<StretchSegments>) {
        let Some(belonging) = &self.position.belonging else {
            return (0..0, None);
        };
        let runs = belonging.runs.overlapping(photons);
        let rows = || runs.iter().map(|(segment, _)| *segment as u64);
        let (first, last) = (rows().min().unwrap_or(0), rows().max());
        let mut segments = StretchSegments::default();
        for (segment, run) in &runs {
            let start = run.start.max(photons.start) - photons.start;
            segments.starts.push(start as u32);
            segments.rows.push((*segment as u64 - first) as u32);
        }
        (first..last.map_or(first, |last| last + 1), Some(segments))
    }
}

/// Whether degrees are taken as they are stored, and what means null is no position anyway.
fn check_coordinate(track: &Track, source: usize, most: f64) -> Result<(), &'static str> {
    let data = track.data(source);
    let compared = data.meaning.compared()?;
    if data.dtype != Dtype::F64 {
        return Err("positions are not float64");
    }
    let is_position = |&fill: &u64| f64::from_bits(fill).abs() <= most;
    if compared.fills.iter().any(is_position) {
        return Err("a position means null");
    }
    // What is a coordinate may be a column or filter as well, where its fill values count.
    let others = track.filters.iter().chain(&track.columns);
    let is_used = others.into_iter().any(|&other| other == source);
    if is_used && (!compared.fills.is_empty() || compared.suspicious) {
        return Err("a position is a column or a filter, too");
    }
    Ok(())
}

/// The next row to read; what belongs to the photons of the ground track is read when it begins.
#[derive(Debug, Default)]
pub(super) struct Position {
    pub track: usize,
    pub row: u64,
    /// Whether it was told what will be read.
    pub foretold: bool,
    pub belonging: Option<Belonging>,
}

impl Position {
    /// The first row of the next ground track.
    pub(super) fn after(&self) -> Self {
        Self {
            track: self.track + 1,
            foretold: self.foretold,
            ..Self::default()
        }
    }
}
