//! Selecting as launches: which photons of a stretch are kept, why the others are not, and the columns of those that
//! are. Twin: `kernels/select.cu`.
//!
//! ```text
//!   values --position, shards, filters in order, nulls--> fates --> counts by reason, list of the kept --> columns
//! ```

use crate::config::GridConfig;
use crate::photon::stored::Kind as Stored;
use crate::photon::stretch::{Stretch, StretchSource};
use crate::photon::{ColumnType, Counts};
use crate::read::{OUTSIDE_SHARDS, UNLISTED_SHARD};

use super::kernels::Argument::Word;
use super::kernels::{Argument, Kernel};
use super::machine::{Fault, Machine, Result, Step};
use super::memory::{Gpu, Lease, filled};
use super::picked::{There, a_photon, count, gather, kind_of, list};
use super::stages::DeviceColumn;
use super::tile::tiles;

/// Fates that are counted, the kept among them: what a byte holds.
const FATES: u64 = 256;
/// The fate of photons without a position; shards and filters follow.
pub const NO_POSITION: u32 = 1;

/// Photons that are kept.
#[derive(Debug)]
pub struct Selected {
    pub photons: u32,
    pub lon: Lease,
    pub lat: Lease,
    /// In the order of the stretch's.
    pub columns: Vec<DeviceColumn>,
    /// Of each column.
    nulls: Lease,
}

/// What became of the photons of a stretch.
#[derive(Debug)]
pub struct Fates {
    pub counts: Counts,
    /// Some values are of a kind that has to be told of, which the device does not.
    pub odd: bool,
    /// `None` where none is kept.
    pub selected: Option<Selected>,
}

/// The number of the type of a source's values.
fn kind<B>(source: &StretchSource<B>) -> u32 {
    let element = source.stored.form.element;
    match element.kind {
        Stored::F32 => kind_of(ColumnType::F32),
        Stored::F64 => kind_of(ColumnType::F64),
        _ => kind_of(ColumnType::I64),
    }
}

/// Numbers that sources and filters are compared with, in one memory, and where each has its own.
#[derive(Debug)]
struct Numbers {
    there: Lease,
    fills: Vec<u64>,
    valid: Vec<u64>,
    ranges: Vec<u64>,
}

impl Numbers {
    fn of<M: Machine, B>(gpu: &Gpu<M>, stretch: &Stretch<B>) -> Result<Self> {
        let mut all: Vec<u64> = Vec::new();
        let mut add = |numbers: &[u64]| {
            let at = all.len() as u64;
            all.extend(numbers);
            at
        };
        let sources = stretch.sources.iter();
        let fills = sources.clone().map(|source| add(&source.fills)).collect();
        let valid = sources.map(|source| add(&source.valid.unwrap_or_default()));
        let valid = valid.collect();
        let filters = stretch.filters.iter();
        let ranges = filters.map(|filter| add(filter.ranges.as_flattened()));
        let ranges = ranges.collect();
        // Memory has some bytes in any case, from wherever on.
        all.push(0);
        Ok(Self {
            there: gpu.upload(&all)?,
            fills,
            valid,
            ranges,
        })
    }

    fn from(&self, number: u64) -> Result<Argument<'_>> {
        self.there.from(8 * number)
    }
}

/// A stretch whose photons are selected, and what the kernels are given.
pub(super) struct Selecting<'a, M: Machine, B> {
    pub gpu: &'a Gpu<M>,
    pub stretch: &'a Stretch<B>,
    pub grid: &'a GridConfig,
    /// The values of all sources, and the word where each has its own.
    values: &'a Lease,
    words: &'a [u32],
    /// Those of geolocation segments, for each photon.
    pub spread: Vec<Option<Lease>>,
    numbers: Numbers,
    pub fates: Lease,
    /// Photons that are null in every column so far.
    nulls: Lease,
    /// Counts of fates, then whether something is odd.
    facts: Lease,
    /// Photons that are kept, by tile.
    counts: Lease,
}

/// Selects photons of a stretch whose values are on the device. Waits for how many are kept.
pub fn select<M: Machine, B>(
    gpu: &Gpu<M>,
    (stretch, grid): (&Stretch<B>, &GridConfig),
    values: &Lease,
    words: &[u32],
) -> Result<Fates> {
    let n = stretch.len() as u32;
    let mut selecting = Selecting {
        gpu,
        stretch,
        grid,
        values,
        words,
        spread: Vec::new(),
        numbers: Numbers::of(gpu, stretch)?,
        fates: gpu.scratch::<u8>(n.into())?,
        nulls: gpu.scratch::<u8>(n.into())?,
        facts: gpu.scratch::<u32>(FATES + 1)?,
        counts: gpu.scratch::<u32>(tiles(n).into())?,
    };
    selecting.spread()?;
    let mut done = selecting.fates()?;
    if done.counts.kept > 0 && !done.odd {
        done.selected = Some(selecting.gathered(done.counts.kept as u32)?);
    }
    Ok(done)
}

impl<M: Machine, B> Selecting<'_, M, B> {
    pub fn photons(&self) -> u32 {
        self.stretch.len() as u32
    }

    /// Values as they were decoded.
    pub fn decoded(&self, source: usize) -> Result<There<'_>> {
        Ok(There {
            values: self.values.from(4 * u64::from(self.words[source]))?,
            kind: kind(&self.stretch.sources[source]),
        })
    }

    /// Values of photons.
    pub fn there(&self, source: usize) -> Result<There<'_>> {
        let mut there = self.decoded(source)?;
        if let Some(Some(spread)) = self.spread.get(source) {
            there.values = spread.at();
        }
        Ok(there)
    }

    /// How many numbers mean null in a source, and where they are.
    fn fills(&self, source: usize) -> Result<(u32, Argument<'_>)> {
        let fills = self.stretch.sources[source].fills.len() as u32;
        Ok((fills, self.numbers.from(self.numbers.fills[source])?))
    }

    /// What becomes of every photon.
    fn fates(&self) -> Result<Fates> {
        let (n, reasons) = (self.photons(), reasons(self.stretch));
        let mut steps = vec![filled::<u32>(&self.facts, FATES + 1, 0)?];
        steps.extend(self.positions()?);
        self.gpu.run(&steps)?;
        self.shards()?;
        let mut steps = Vec::new();
        for place in 0..self.stretch.sources.len() {
            steps.extend(self.odd(place)?);
        }
        for place in 0..self.stretch.filters.len() {
            steps.extend(self.filter(place)?);
        }
        steps.extend(self.null_everywhere(reasons.len() as u32)?);
        let written = (&self.fates, &self.counts, &self.facts);
        steps.extend(count(n, reasons.len() as u32 + 1, written));
        self.gpu.run(&steps)?;
        drop(steps);
        let facts: Vec<u32> = self.gpu.download(&self.facts, 0, FATES + 1)?;
        let (rejected, odd) = facts.split_at(FATES as usize);
        let mut counts = Counts {
            read: n.into(),
            ..Counts::default()
        };
        for (reason, &photons) in reasons.iter().zip(&rejected[1..]) {
            counts.reject(reason, photons as usize);
        }
        let all: u64 = rejected.iter().copied().map(u64::from).sum();
        let kept = u64::from(n).checked_sub(all);
        let more = || "more photons are rejected than there are".to_owned();
        counts.kept = kept.ok_or_else(|| Fault::Wrong(more()))?;
        Ok(Fates {
            counts,
            odd: odd != [0],
            selected: None,
        })
    }

    fn positions(&self) -> Result<Option<Step<'_>>> {
        let n = self.photons();
        let (lon, lat) = (self.stretch.longitude, self.stretch.latitude);
        let (lon, lat) = (self.there(lon)?.values, self.there(lat)?.values);
        let arguments = vec![Word(n), lon, lat, self.fates.at()];
        Ok(a_photon(Kernel::SelectPositions, n, arguments))
    }

    /// Looks for what has to be told of.
    fn odd(&self, place: usize) -> Result<Option<Step<'_>>> {
        let (n, source) = (self.photons(), &self.stretch.sources[place]);
        if !source.suspicious && source.valid.is_none() {
            return Ok(None);
        }
        let There { values, kind } = self.there(place)?;
        let is_position = [self.stretch.longitude, self.stretch.latitude].contains(&place);
        let arguments = vec![
            Word(n),
            Word(kind),
            Word(source.suspicious.into()),
            Word(source.valid.is_some().into()),
            Word(is_position.into()),
            values,
            self.numbers.from(self.numbers.valid[place])?,
            self.fates.at(),
            self.facts.from(4 * FATES)?,
        ];
        Ok(a_photon(Kernel::SelectOdd, n, arguments))
    }

    fn filter(&self, place: usize) -> Result<Option<Step<'_>>> {
        let (n, filter) = (self.photons(), &self.stretch.filters[place]);
        let There { values, kind } = self.there(filter.source)?;
        let (fill_count, fills) = self.fills(filter.source)?;
        let arguments = vec![
            Word(n),
            Word(kind),
            Word(fill_count),
            Word(filter.ranges.len() as u32),
            Word(filter.inside.into()),
            Word(first_filter(self.stretch) + place as u32),
            values,
            fills,
            self.numbers.from(self.numbers.ranges[place])?,
            self.fates.at(),
        ];
        Ok(a_photon(Kernel::SelectFilter, n, arguments))
    }

    /// Rejects photons that are null in every column, which are there only where every column may be.
    fn null_everywhere(&self, fate: u32) -> Result<Vec<Step<'_>>> {
        let (n, columns) = (self.photons(), &self.stretch.columns);
        let mut steps = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            let There { values, kind } = self.there(column.source)?;
            let (fill_count, fills) = self.fills(column.source)?;
            if fill_count == 0 {
                return Ok(Vec::new());
            }
            let arguments = vec![
                Word(n),
                Word(kind),
                Word(fill_count),
                Word((place == 0).into()),
                Word((place + 1 == columns.len()).into()),
                Word(fate),
                values,
                fills,
                self.nulls.at(),
                self.fates.at(),
            ];
            steps.extend(a_photon(Kernel::SelectNull, n, arguments));
        }
        Ok(steps)
    }

    /// Positions and columns of so many photons that are kept.
    fn gathered(&self, kept: u32) -> Result<Selected> {
        let (gpu, n) = (self.gpu, self.photons());
        let rows = list(gpu, (n, kept), &self.fates, &self.counts)?;
        let count = self.stretch.columns.len().max(1) as u64;
        let nulls = gpu.scratch::<u32>(count)?;
        gpu.fill::<u32>(&nulls, count, 0)?;
        let mut columns = Vec::with_capacity(self.stretch.columns.len());
        for (place, column) in self.stretch.columns.iter().enumerate() {
            let there = self.there(column.source)?;
            let compared = (self.fills(column.source)?, nulls.from(4 * place as u64)?);
            columns.push(gather(gpu, (kept, n), &rows, there, compared)?);
        }
        let degrees = |source| -> Result<Lease> {
            // None of those that are kept is null.
            let compared = ((0, self.numbers.from(0)?), nulls.at());
            let gathered = gather(gpu, (kept, n), &rows, self.there(source)?, compared)?;
            Ok(gathered.values)
        };
        Ok(Selected {
            photons: kept,
            lon: degrees(self.stretch.longitude)?,
            lat: degrees(self.stretch.latitude)?,
            columns,
            nulls,
        })
    }
}

/// Why photons are rejected, in the order of their fates.
fn reasons<B>(stretch: &Stretch<B>) -> Vec<&str> {
    let mut all = vec!["bad_coordinate"];
    if stretch.shards.is_some() {
        all.extend([OUTSIDE_SHARDS, UNLISTED_SHARD]);
    }
    all.extend(stretch.filters.iter().map(|filter| &*filter.reason));
    all.push("null");
    all
}

/// The fate of photons that the first filter rejects.
fn first_filter<B>(stretch: &Stretch<B>) -> u32 {
    NO_POSITION + if stretch.shards.is_some() { 3 } else { 1 }
}

impl Selected {
    /// Adds how many values of each column are null. Waits.
    pub fn count_nulls<M: Machine, B>(
        &self,
        gpu: &Gpu<M>,
        stretch: &Stretch<B>,
        counts: &mut Counts,
    ) -> Result<()> {
        let nulls: Vec<u32> = gpu.download(&self.nulls, 0, self.columns.len() as u64)?;
        let found = stretch.columns.iter().zip(nulls);
        for (column, nulls) in found.filter(|&(_, nulls)| nulls > 0) {
            *counts.nulls.entry(column.name.clone()).or_default() += u64::from(nulls);
        }
        Ok(())
    }
}
