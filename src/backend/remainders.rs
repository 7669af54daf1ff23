//! Remainders: what the values of a batch are beyond whole units, added to its partials on the host.
//!
//! This follows any backend's fold, which sums whole units only. A batch of heights is looked through once
//! and nearly never needs more: the few photons with a remainder are located one by one. Where most values
//! have one, as times do, photons are located again in runs of one cell.
//!
//! ```text
//!   tiles of photons --look through--> runs of those with a remainder --by cell--> sums of each column
//! ```

use std::ops::Range;

use rayon::prelude::*;

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::grid::{Grid, Locator};
use crate::photon::{Column, PhotonBatch, Values};
use crate::stat::{
    Job, Part, Partials, Positions, Remainder, RemainderRule, RemainderSums, Value, mostly_remain,
};

use super::cpu::runs::{RunFinder, Runs};
use super::joints::add_joints;

/// Photons that are looked through at a time.
pub(super) const TILE: usize = 4096;
/// Values of such a tile that are looked at closely or not at all.
const BLOCK: usize = 64;
/// Runs whose sums one task makes, at most.
pub(super) const MOST_RUNS: usize = 4096;

/// Where the photons of a batch are.
#[derive(Debug, Clone, Copy)]
pub enum Places<'a> {
    Positions {
        locator: Locator,
        /// Which words places have.
        grid: &'a Grid,
        lon: &'a [f64],
        lat: &'a [f64],
    },
    /// The cell of each.
    Cells(&'a [u64]),
}

/// Consecutive photons in one cell.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub cell: u64,
    pub photons: Range<usize>,
}

/// A column that keeps remainders.
#[derive(Debug)]
struct Kept<'a> {
    /// Its place in the job.
    place: usize,
    rule: RemainderRule,
    column: &'a Column,
}

/// Buffers that are used again from tile to tile.
#[derive(Debug, Default)]
pub(super) struct Finder {
    runs: RunFinder,
    found: Runs,
    remain: Vec<bool>,
    positions: [Vec<f64>; 2],
    cells: Vec<u64>,
}

impl<'a> Places<'a> {
    pub fn of(batch: &'a PhotonBatch, grid: &'a GridConfig) -> Self {
        Self::Positions {
            locator: grid.locator(),
            grid: &grid.kind,
            lon: &batch.lon,
            lat: &batch.lat,
        }
    }

    /// Where photons are, for their words.
    pub(super) fn positions(self) -> Option<Positions<'a>> {
        match self {
            Self::Positions { grid, lon, lat, .. } => {
                Locator::of_points(grid).map(|locator| Positions { locator, lon, lat })
            }
            Self::Cells(_) => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Positions { lon, .. } => lon.len(),
            Self::Cells(cells) => cells.len(),
        }
    }
}

/// Adds what backends leave to the host to the partials of a batch, which have none of it yet: remainders and joint sums.
///
/// # Errors
/// Sums of a cell that the partials do not have: a defect of the backend.
pub fn add_hosts(
    places: Places,
    columns: &[Column],
    job: &Job,
    partials: &mut Partials,
) -> Result<()> {
    add_joints(places, columns, job, partials)?;
    add_remainders(places, columns, job, partials)
}

/// Adds the remainders of a batch to its partials, which have none yet.
fn add_remainders(
    places: Places,
    columns: &[Column],
    job: &Job,
    partials: &mut Partials,
) -> Result<()> {
    let described = job.columns.iter().enumerate().zip(columns);
    let kept: Vec<Kept> = described
        .filter_map(|((place, described), column)| {
            let rule = described.remainder_rule()?;
            Some(Kept {
                place,
                rule,
                column,
            })
        })
        .collect();
    let photons = if kept.is_empty() { 0 } else { places.len() };
    let runs: Vec<Vec<Run>> = (0..photons.div_ceil(TILE))
        .into_par_iter()
        .map_init(Finder::default, |finder, tile| {
            let tile = tile * TILE..((tile + 1) * TILE).min(photons);
            finder.find(places, &kept, tile)
        })
        .collect();
    let mut runs: Vec<Run> = runs.into_iter().flatten().collect();
    if runs.is_empty() {
        return Ok(());
    }
    if !runs.is_sorted_by_key(|run| run.cell) {
        runs.par_sort_unstable_by_key(|run| (run.cell, run.photons.start));
    }
    let tasks = 8 * rayon::current_num_threads();
    let part = runs.len().div_ceil(tasks).clamp(1, MOST_RUNS);
    for kept in &kept {
        let rows: Vec<Vec<Remainder>> = runs.par_chunks(part).map(|runs| kept.sums(runs)).collect();
        let remainders = &mut partials.columns[kept.place].remainders;
        remainders.append(rows.into_iter().flatten());
        remainders.check(&partials.cells).map_err(|what| {
            let name = &job.columns[kept.place].name;
            Error::gate(format!("column {name}: {what}"))
        })?;
    }
    Ok(())
}

impl Finder {
    /// Runs that hold every photon of the tile with a remainder in some column.
    fn find(&mut self, places: Places, kept: &[Kept], tile: Range<usize>) -> Vec<Run> {
        let looked_at: Vec<&Kept> = kept
            .iter()
            .filter(|kept| kept.may_remain(tile.clone()))
            .collect();
        if looked_at.is_empty() {
            return Vec::new();
        }
        if looked_at
            .iter()
            .any(|kept| kept.mostly_remain(tile.clone()))
        {
            return self.all(places, tile);
        }
        self.remain.clear();
        self.remain.resize(tile.len(), false);
        for kept in looked_at {
            kept.mark(tile.clone(), &mut self.remain);
        }
        let marked = self
            .remain
            .iter()
            .enumerate()
            .filter(|(_, remain)| **remain);
        let photons: Vec<usize> = marked.map(|(i, _)| tile.start + i).collect();
        self.locate(places, &photons);
        let one_by_one = photons.into_iter().zip(&self.cells);
        one_by_one
            .map(|(photon, &cell)| Run {
                cell,
                photons: photon..photon + 1,
            })
            .collect()
    }

    /// All photons of a tile.
    pub fn all(&mut self, places: Places, tile: Range<usize>) -> Vec<Run> {
        match places {
            Places::Positions {
                locator, lon, lat, ..
            } => {
                let (lon, lat) = (&lon[tile.clone()], &lat[tile.clone()]);
                self.runs.find(&locator, lon, lat, &mut self.found);
            }
            Places::Cells(cells) => {
                self.found.clear();
                self.found.push_all(&cells[tile.clone()], 0);
            }
        }
        let runs = self.found.iter();
        runs.map(|(cell, photons)| Run {
            cell,
            photons: tile.start + photons.start..tile.start + photons.end,
        })
        .collect()
    }

    /// The cells of these photons.
    fn locate(&mut self, places: Places, photons: &[usize]) {
        self.cells.clear();
        match places {
            Places::Positions {
                locator, lon, lat, ..
            } => {
                for (picked, all) in self.positions.iter_mut().zip([lon, lat]) {
                    picked.clear();
                    picked.extend(photons.iter().map(|&photon| all[photon]));
                }
                let [lon, lat] = &self.positions;
                self.cells.resize(photons.len(), 0);
                locator.cells(lon, lat, &mut self.cells);
            }
            Places::Cells(cells) => {
                let picked = photons.iter().map(|&photon| cells[photon]);
                self.cells.extend(picked);
            }
        }
    }
}

/// Does the same with the values of a column, whatever their type.
macro_rules! with_values {
    ($column:expr, |$values:ident| $work:expr) => {
        match &$column.values {
            Values::F32($values) => $work,
            Values::F64($values) => $work,
            Values::I64($values) => $work,
        }
    };
}

impl Kept<'_> {
    fn may_remain(&self, tile: Range<usize>) -> bool {
        with_values!(self.column, |v| Value::may_remain(&v[tile], &self.rule))
    }

    fn mostly_remain(&self, tile: Range<usize>) -> bool {
        with_values!(self.column, |v| mostly_remain(&v[tile], &self.rule))
    }

    /// Marks the values that have a remainder, nulls among them.
    fn mark(&self, tile: Range<usize>, remain: &mut [bool]) {
        fn mark<T: Value>(values: &[T], rule: &RemainderRule, remain: &mut [bool]) {
            // One small value does not make a whole tile worth a closer look.
            for (remain, values) in remain.chunks_mut(BLOCK).zip(values.chunks(BLOCK)) {
                if T::may_remain(values, rule) {
                    for (remain, value) in remain.iter_mut().zip(values) {
                        *remain |= value.part(rule) != Part::None;
                    }
                }
            }
        }
        with_values!(self.column, |v| mark(&v[tile], &self.rule, remain));
    }

    /// The sums of runs that ascend by cell.
    fn sums(&self, runs: &[Run]) -> Vec<Remainder> {
        let cells = runs.chunk_by(|a, b| a.cell == b.cell);
        cells
            .filter_map(|runs| {
                let mut sums = RemainderSums::of_cell(runs[0].cell);
                for Run { photons, .. } in runs {
                    let nulls = self.column.nulls.as_ref();
                    with_values!(self.column, |v| sums.add(
                        &v[photons.clone()],
                        nulls,
                        photons.start,
                        &self.rule
                    ));
                }
                sums.finish()
            })
            .collect()
    }
}
