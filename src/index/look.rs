//! One granule is looked at: what a plan and a run would open it for becomes an entry.
//!
//! Beside the line. Positions are read as a plan reads them. Of an object it is noted meanwhile what the library of HDF5
//! asks for, with every dataset open that a built-in config of the product reads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::entry::{Entry, IndexedTrack, runs};
use super::order;
use crate::config::{
    Access, Change, Config, DuplicatePolicy, TimeWindow, built_in, load, load_with,
};
use crate::error::{Error, Result, Setting, phrase};
use crate::grid::{Grid, GridConfig, shard_runs};
use crate::read::hdf5::GroundTrackStatus;
use crate::read::{GranulePath, Input, ProductName, product_of, scout_alone};
use crate::source::{is_object, open, see};
use crate::watch::Watch;

/// Rows of positions read at a time.
const ROWS: usize = 1 << 18;
/// Of an object its first bytes are always kept: they say that it is HDF5.
const HEAD: u64 = 4 << 10;
/// Bytes that are kept of one granule at most: what is beyond is no structure.
const MOST: u64 = 64 << 20;
/// Ground tracks at most: cells have a bit for each.
const TRACKS: usize = 32;

/// How granules are looked at.
#[derive(Debug)]
pub struct Looks {
    /// By product; under no name the one that was asked for.
    readings: BTreeMap<String, Reading>,
    asked: Option<Reading>,
}

/// What is read of granules of a product.
#[derive(Debug)]
pub struct Reading {
    positions: Config,
    /// The config that compares times and nothing else, and a window before all of them.
    times: Option<(TimeWindow, Config)>,
    /// Configs whose datasets are opened, so that it is known what that asks for.
    opened: Vec<Config>,
}

/// A granule that was looked at.
#[derive(Debug)]
pub struct Looked {
    pub entry: Entry,
    /// Of its bytes those that are kept, by place.
    pub kept: Vec<(u64, Vec<u8>)>,
}

impl Looks {
    /// With a config that says where positions are, or with those of the products.
    ///
    /// # Errors
    /// A config that reads tables.
    pub fn new(asked: Option<&Config>, access: &Access) -> Result<Self> {
        let mut all: Vec<Config> = Vec::new();
        for config in built_in() {
            all.push(load(config.name)?);
        }
        let mut readings = BTreeMap::new();
        for config in &all {
            let Some(product) = &config.product else {
                continue;
            };
            if config.name.eq_ignore_ascii_case(product) {
                let of_product = all.iter().filter(|other| other.product == config.product);
                let of_product = of_product.cloned().collect();
                let reading = Reading::of(config, of_product, access);
                readings.insert(product.clone(), reading);
            }
        }
        let asked = asked.map(|config| Reading::of(config, vec![config.clone()], access));
        Ok(Self { readings, asked })
    }

    /// Where positions of any granule are read, if that was said.
    pub fn asked_positions(&self) -> Option<(&str, &str, &[String])> {
        let positions = &self.asked.as_ref()?.positions;
        Some((
            &positions.latitude,
            &positions.longitude,
            &positions.ground_tracks,
        ))
    }

    /// Opens a granule and reads its positions.
    ///
    /// # Errors
    /// A granule that cannot be read, or of a product that no built-in config reads; an interrupt.
    pub fn at(&self, granule: &GranulePath, address: String, watch: &dyn Watch) -> Result<Looked> {
        let reading = self.reading(granule)?;
        let path = &granule.path;
        let seen = see(path).map_err(|e| Error::io("look at", path, e))?;
        let mut entry = Entry {
            name: file_name(path),
            address,
            bytes: seen.bytes,
            modified: seen.modified,
            latitude: reading.positions.latitude.clone(),
            longitude: reading.positions.longitude.clone(),
            ..Entry::default()
        };
        if let Some(rank) = ProductName::of(path).map(|name| name.rank)
            && let Some((release, version)) = rank.release.first()
        {
            entry.release = Some(format!("{release:03}"));
            entry.version = Some(format!("{version:02}"));
        }
        reading.fill(&mut entry, granule, watch)?;
        let mut kept = Vec::new();
        if is_object(path) {
            let object = open(path).map_err(|e| Error::granule(&*granule.name, e.to_string()))?;
            entry.etag = object.etag();
            reading.open_all(granule);
            let failed = |e: std::io::Error| Error::granule(&*granule.name, e.to_string());
            for range in worth_keeping(object.noted(), object.length()) {
                let mut bytes = vec![0; (range.end - range.start) as usize];
                object.read_at(range.start, &mut bytes).map_err(failed)?;
                kept.push((range.start, bytes));
            }
        } else {
            // Not of what it became meanwhile.
            let now = see(path).map_err(|e| Error::io("look at", path, e))?;
            if now != seen {
                return Err(Error::granule(
                    &*granule.name,
                    "was written to while it was read; index it once nobody writes to it",
                ));
            }
        }
        Ok(Looked { entry, kept })
    }

    fn reading(&self, granule: &GranulePath) -> Result<&Reading> {
        if let Some(asked) = &self.asked {
            return Ok(asked);
        }
        let named = ProductName::of(&granule.path).map(|name| name.product);
        let product = match named {
            Some(product) => Some(product),
            None => product_of(granule, &Access::default())?,
        };
        let known = product
            .as_ref()
            .and_then(|product| self.readings.get(product));
        known.ok_or_else(|| {
            let is = product.map_or("says of no product that it is".to_owned(), |product| {
                format!("is of {product}, which no built-in config reads")
            });
            Error::granule(&*granule.name, is).with_remedy(phrase![
                "say where its positions are with ",
                Setting::Config
            ])
        })
    }
}

impl Reading {
    fn of(config: &Config, opened: Vec<Config>, access: &Access) -> Self {
        let with_access = |config: Config| Config {
            access: access.clone(),
            ..config
        };
        let kind = Grid::default();
        let positions = Config {
            beams: None,
            region: None,
            grid: GridConfig {
                shard_order: order(),
                chunk_order: None,
                cell_order: order(),
                steps: 1,
                kind,
            },
            duplicates: DuplicatePolicy::KeepAll,
            ..config.positions()
        };
        // Any bound makes filters of times.
        let bound = [Change::new("time.to", "2100-01-01")];
        let timed = load_with(&config.name, &bound).ok();
        let times = timed.as_ref().and_then(|timed| {
            let window = TimeWindow::of(timed)?.before_all();
            let of_time = timed.filters.iter().filter(|f| f.moment.is_some());
            let times = Config {
                filters: of_time.cloned().collect(),
                ..positions.clone()
            };
            Some((window, with_access(times)))
        });
        Self {
            times,
            positions: with_access(positions),
            opened: opened
                .into_iter()
                .map(|config| with_access(config.without_joins()))
                .collect(),
        }
    }

    /// Reads positions, and from when to when they are.
    fn fill(&self, entry: &mut Entry, granule: &GranulePath, watch: &dyn Watch) -> Result<()> {
        let positions = &self.positions;
        scout_alone(&granule.path, positions);
        let mut reader = Input::open(granule, positions, &[], ROWS, None)?;
        let Some(outline) = reader.outline(positions)? else {
            return Err(Error::granule(
                &*granule.name,
                "is a table, and an index is of HDF5",
            ));
        };
        if outline.tracks().len() > TRACKS {
            return Err(Error::granule(
                &*granule.name,
                format!(
                    "has {} ground tracks, and an index holds {TRACKS}",
                    outline.tracks().len()
                ),
            ));
        }
        entry.product = outline.product().map(str::to_owned);
        entry.tracks = outline
            .tracks()
            .iter()
            .map(|track| IndexedTrack {
                name: track.name.clone(),
                rows: (track.status != GroundTrackStatus::Missing).then_some(track.rows),
            })
            .collect();
        entry.span = reader.said_span();
        entry.utc = reader.time_span()?;
        if let Some((before, times)) = &self.times
            && entry.span.is_some()
            && reader.lies_outside(before, times).unwrap_or(false)
        {
            entry.times = Some(before.dataset().to_owned());
        }
        let locator = positions.grid.shard_locator();
        let mut cells: BTreeMap<u64, u32> = BTreeMap::new();
        while let Some(batch) = reader.next_batch(watch)? {
            if watch.stop() {
                return Err(Error::interrupted());
            }
            let mut tracks = entry.tracks.iter();
            let place = tracks.position(|track| *track.name == *batch.origin.ground_track);
            let bit = 1_u32 << place.unwrap_or(TRACKS - 1);
            shard_runs(&locator, &batch.lon, &batch.lat, |cell, _| {
                *cells.entry(cell).or_default() |= bit;
            });
        }
        entry.cells = runs(cells);
        Ok(())
    }

    /// Opens all that configs of the product read; what a granule lacks of it is no error here.
    fn open_all(&self, granule: &GranulePath) {
        for config in &self.opened {
            scout_alone(&granule.path, config);
            let _ = Input::describe(granule, config);
        }
    }
}

/// Ranges that are kept: what was asked for and the head, joined where they touch.
fn worth_keeping(noted: Vec<Range<u64>>, length: u64) -> Vec<Range<u64>> {
    let mut all = noted;
    all.push(0..HEAD.min(length));
    all.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in all.into_iter().filter(|range| range.end <= length) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined.retain(|range| !range.is_empty());
    let mut bytes = 0;
    joined.retain(|range| {
        bytes += range.end - range.start;
        bytes <= MOST
    });
    joined
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_kept_and_what_touches_is_one() {
        let found = worth_keeping(vec![10..20, 5000..6000, 6000..6001, 9000..9100], 9050);
        assert_eq!(found, [0..4096, 5000..6001]);
        let only = |found: Vec<Range<u64>>| (found.len() == 1).then(|| found[0].clone());
        assert_eq!(only(worth_keeping(Vec::new(), 100)), Some(0..100));
        assert!(worth_keeping(Vec::new(), 0).is_empty());
        let long = Range {
            start: 1 << 20,
            end: (1 << 20) + MOST,
        };
        let kept = worth_keeping(std::iter::once(long).collect(), 1 << 40);
        assert_eq!(only(kept), Some(0..4096));
    }
}
