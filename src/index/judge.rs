//! What an index tells of a granule for a config, without opening it.
//!
//! Beside the line. A footprint is of cells of order 9, so it settles which shards have photons where these are no finer
//! and on the same latitude, and a region where no cell of the granule is cut by its edge, or where the shards of those
//! that are cut have photons in cells that lie in it whole. What it does not settle is left open.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use super::entry::{CellRun, Entry};
use super::file::Index;
use super::known::{Since, Ways};
use super::order;
use crate::config::{Config, GranuleKind, TimeWindow};
use crate::error::Result;
use crate::grid::{Ascent, Grid};
use crate::read::hdf5::Outline;
use crate::region::Covered;

/// Ground tracks of products, which subsets of granules may lack.
const BEAMS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

/// What is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Which shards have photons of it.
    Shards,
    /// Whether it can have a photon that counts.
    Photons,
}

/// What an index tells of a granule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it is opened.
    Open,
    /// It lies outside of the time that the config bounds.
    OutsideTime,
    /// It lies outside of the region.
    OutsideRegion,
    /// It has no photon with valid coordinates.
    WithoutPhotons,
    /// It has photons that count in these shards, ascending, and in no others.
    Shards(Vec<u64>),
}

/// Verdicts of granules, and what came of asking.
#[derive(Debug, Default)]
pub struct Judged {
    /// One for each granule, in their order.
    pub verdicts: Vec<Verdict>,
    /// Granules that are what the index knows of them.
    pub known: u64,
    /// Granules that are others now.
    pub changed: u64,
    /// Granules that the index does not know.
    pub unknown: u64,
    /// When the data of granules whose shards are known begin and end, in their own words, by their place.
    pub spans: BTreeMap<usize, [String; 2]>,
    /// What granules that are not opened have of ground tracks, each kind of it once.
    pub outlines: Vec<(String, Outline)>,
}

impl Index {
    /// What the index tells of granules, by their paths, for a config.
    ///
    /// # Errors
    /// A damaged index; a region of too many cells; a file that is not there.
    pub fn judge(&self, paths: &[PathBuf], config: &Config, purpose: Purpose) -> Result<Judged> {
        let mut ways = Ways::default();
        let mut judged = Judged {
            verdicts: vec![Verdict::Open; paths.len()],
            ..Judged::default()
        };
        // By row the places of a granule, which may have been named twice.
        let mut places: Vec<(u64, usize)> = Vec::new();
        for (place, path) in paths.iter().enumerate() {
            match self.since(path, &mut ways)? {
                Since::Same(row) => places.push((row, place)),
                Since::Changed => judged.changed += 1,
                Since::New => judged.unknown += 1,
            }
        }
        places.sort_unstable();
        judged.known = places.len() as u64;
        if places.is_empty() || config.granules != GranuleKind::Hdf5 {
            return Ok(judged);
        }
        let judge = Judge::of(config, purpose).map_err(|why| self.error(why))?;
        let mut kinds = BTreeSet::new();
        let mut left = &places[..];
        self.each(|row, entry| {
            let here = left.partition_point(|(other, _)| *other <= row);
            let (of_row, rest) = left.split_at(here);
            left = rest;
            if of_row.is_empty() {
                return Ok(());
            }
            let verdict = judge.verdict(&entry);
            if verdict != Verdict::Open {
                judged.outlines.extend(judge.outline(&entry, &mut kinds));
            }
            for (_, place) in of_row {
                judged.verdicts[*place].clone_from(&verdict);
                if let (Verdict::Shards(_), Some(utc)) = (&verdict, &entry.utc) {
                    judged.spans.insert(*place, utc.clone());
                }
            }
            Ok(())
        })?;
        Ok(judged)
    }
}

/// A config, as far as entries are asked about it.
struct Judge<'a> {
    config: &'a Config,
    purpose: Purpose,
    window: Option<TimeWindow>,
    covered: Option<Covered>,
    /// From the cells of footprints to shards, where those are made of them.
    up: Option<Ascent>,
}

/// A product, and ground tracks with whether the granule has them and whether they have rows.
type Kind = (Option<String>, Vec<(Option<bool>, String)>);

impl<'a> Judge<'a> {
    fn of(config: &'a Config, purpose: Purpose) -> Result<Self, String> {
        let grid = Grid::default();
        let covered = config.region.as_ref();
        let covered = covered.map(|region| region.covered(grid, order()));
        let shards = &config.grid;
        let is_of_cells = shards.kind == grid && shards.shard_order <= order();
        Ok(Self {
            config,
            purpose,
            window: TimeWindow::of(config),
            covered: covered.transpose()?,
            up: is_of_cells.then(|| grid.up(order(), shards.shard_order)),
        })
    }

    fn verdict(&self, entry: &Entry) -> Verdict {
        let Some(mask) = self.mask(entry) else {
            return Verdict::Open;
        };
        if let (Some(window), Some([from, to])) = (&self.window, entry.span)
            && window.lacks(from, to)
        {
            if entry.times.as_deref() == Some(window.dataset()) {
                return Verdict::OutsideTime;
            }
            // Its own word is that it lies outside, which only the times that the config bounds can bear out: a plan leaves
            // it out then, whatever shards it reaches.
            if self.purpose == Purpose::Shards {
                return Verdict::Open;
            }
        }
        let cells = entry.cells.iter().filter(|run| run.tracks & mask != 0);
        // Of chosen beams it is not known which ground tracks they are.
        let is_sure = self.config.beams.is_none();
        let Some(covered) = &self.covered else {
            return self.of_shards(cells.map(range), is_sure);
        };
        let mut is_empty = true;
        let (mut inside, mut cut) = (Vec::new(), Vec::new());
        for run in cells {
            is_empty = false;
            let run = range(run);
            let inner = common(&covered.inside, &run);
            let touched = common(&covered.touched, &run);
            cut.extend(touched.iter().flat_map(|touched| without(touched, &inner)));
            inside.extend(inner);
        }
        if inside.is_empty() && cut.is_empty() {
            return match (is_empty, is_sure) {
                (false, _) => Verdict::OutsideRegion,
                (true, true) => Verdict::WithoutPhotons,
                (true, false) => Verdict::Open,
            };
        }
        let found = self.of_shards(inside.into_iter(), is_sure);
        let Verdict::Shards(shards) = &found else {
            return Verdict::Open;
        };
        let is_settled = |up: &Ascent| {
            let cells = cut.iter().cloned().flatten();
            let mut of_cut = cells.map(|cell| up.of(cell));
            of_cut.all(|shard| shards.binary_search(&shard).is_ok())
        };
        if self.up.as_ref().is_some_and(is_settled) {
            found
        } else {
            Verdict::Open
        }
    }

    /// The shards of cells that have photons which count.
    fn of_shards(&self, cells: impl Iterator<Item = Range<u64>>, is_sure: bool) -> Verdict {
        let Some(up) = self
            .up
            .filter(|_| is_sure && self.purpose == Purpose::Shards)
        else {
            return Verdict::Open;
        };
        let mut shards: Vec<u64> = Vec::new();
        for cells in cells {
            let (first, last) = (up.of(cells.start), up.of(cells.end - 1));
            let known = shards.last().is_some_and(|known| *known >= first);
            shards.extend(first + u64::from(known)..=last);
        }
        shards.dedup();
        if shards.is_empty() {
            Verdict::WithoutPhotons
        } else {
            Verdict::Shards(shards)
        }
    }

    /// The ground tracks of the config among those of an entry that fits it; `None` where it does not.
    fn mask(&self, entry: &Entry) -> Option<u32> {
        let config = self.config;
        let same_positions =
            entry.latitude == config.latitude && entry.longitude == config.longitude;
        // One that says of no product that it is, is taken at its datasets.
        let products = config.product.as_ref().zip(entry.product.as_ref());
        let same_product = products.is_none_or(|(asked, said)| asked == said);
        if !(same_positions && same_product) {
            return None;
        }
        let (mut mask, mut rows) = (0, 0);
        for name in &config.ground_tracks {
            let place = entry.tracks.iter().position(|track| track.name == *name)?;
            match entry.tracks[place].rows {
                Some(of_track) => rows += of_track,
                // A name that no granule has is an error, which opening them shows.
                None if !BEAMS.contains(&&**name) => return None,
                None => {}
            }
            mask |= 1_u32.checked_shl(place as u32)?;
        }
        // One without any row may be of another product.
        (rows > 0).then_some(mask)
    }

    /// What an entry has of ground tracks, where it is the first of its kind.
    fn outline(&self, entry: &Entry, kinds: &mut BTreeSet<Kind>) -> Option<(String, Outline)> {
        let tracks = entry.tracks.iter();
        let tracks = tracks.map(|track| (track.rows.map(|rows| rows > 0), track.name.clone()));
        if !kinds.insert((entry.product.clone(), tracks.collect())) {
            return None;
        }
        let of_config = |name: &&str| self.config.ground_tracks.iter().any(|own| own == name);
        let tracks = entry.tracks.iter().map(|track| (&*track.name, track.rows));
        let tracks: Vec<(&str, Option<u64>)> = tracks.filter(|(name, _)| of_config(name)).collect();
        let outline = Outline::remembered(entry.product.as_deref(), &tracks)?;
        Some((entry.name.clone(), outline))
    }
}

fn range(run: &CellRun) -> Range<u64> {
    run.first..run.first.saturating_add(run.count.into())
}

/// What ranges that ascend have in common with one.
fn common(ranges: &[Range<u64>], one: &Range<u64>) -> Vec<Range<u64>> {
    let first = ranges.partition_point(|range| range.end <= one.start);
    let meeting = ranges[first..]
        .iter()
        .take_while(|range| range.start < one.end);
    meeting
        .map(|range| range.start.max(one.start)..range.end.min(one.end))
        .collect()
}

/// What a range has beside those that ascend.
fn without(one: &Range<u64>, ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left = Vec::new();
    let mut at = one.start;
    for range in ranges
        .iter()
        .filter(|range| range.end > one.start && range.start < one.end)
    {
        if range.start > at {
            left.push(at..range.start);
        }
        at = range.end;
    }
    if at < one.end {
        left.push(at..one.end);
    }
    left
}

#[cfg(test)]
mod tests;
