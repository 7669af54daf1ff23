//! The CPU backend: the stages with rayon, one file each.
//!
//! | stage | file |
//! | --- | --- |
//! | locate | `locate.rs`, `runs.rs` |
//! | sort | `sort.rs` |
//! | segment | `segment.rs` |
//! | reduce | `reduce.rs`, `records.rs` |
//!
//! Two orders of the same stages give the same bits. *Sort* sorts photons by key and folds
//! segments. *Runs* folds runs of photons in one cell where they stand, then sorts and merges the
//! records of the runs: along a track those are a hundredth of the photons. A sample decides.

mod locate;
mod records;
mod reduce;
mod runs;
mod segment;
mod sort;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::batch::{Column, PhotonBatch};
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::grid::Locator;
use crate::stat::{Job, Partials};

use super::{Backend, KeyTable, StageTimes};

use locate::TILE;
use runs::{RunFinder, Runs};

/// Tiles whose records one task collects.
const TILES: usize = 16;
/// Photons in a window of the sample, and windows.
const WINDOW: usize = 64;
const WINDOWS: usize = 32;
/// Mean photons in a run from which on folding runs first pays.
const LONG_RUN: usize = 4;

/// A pool of worker threads.
#[derive(Debug)]
pub struct Cpu {
    pool: ThreadPool,
    strategy: Strategy,
}

/// In which order the stages run; every one gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Whichever a sample of the batch calls for.
    Auto,
    /// Fold runs, sort their records.
    Runs,
    /// Sort photons, fold segments.
    Sort,
}

/// Photons stay where they are: device memory is host memory.
#[derive(Debug)]
pub struct Photons<'a>(&'a PhotonBatch);

/// One key per photon, in batch order.
#[derive(Debug)]
pub struct Keys {
    keys: Vec<u32>,
    table: KeyTable,
}

/// Keys in ascending order, and the photon that each belongs to.
#[derive(Debug)]
pub struct Sorted {
    keys: Vec<u32>,
    /// Index into the batch; photons of equal key keep their order.
    photons: Vec<u32>,
    table: KeyTable,
}

/// Segment `i` holds sorted photons `starts[i]..starts[i + 1]`.
#[derive(Debug)]
pub struct Segments {
    starts: Vec<usize>,
}

impl Cpu {
    /// A pool of `threads` threads.
    pub fn open(threads: usize) -> Result<Self> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("icefold-cpu-{i}"))
            .build()
            .map_err(|e| Error::Device {
                device: "cpu".to_owned(),
                message: format!("cannot start {threads} threads: {e}; use fewer with --threads"),
            })?;
        Ok(Self {
            pool,
            strategy: Strategy::Auto,
        })
    }

    /// The same pool, with the order of stages fixed.
    pub fn with_strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// The cell of every position: the stage locate by itself, with ids instead of keys.
    pub fn cells(&self, lon: &[f64], lat: &[f64], grid: &GridConfig, cells: &mut [u64]) {
        self.pool.install(|| locate::cells(lon, lat, grid, cells));
    }

    /// Partials of photons whose cells are known: the stages after locate.
    pub fn fold_cells(
        &self,
        cells: &[u64],
        columns: &[Column],
        grid: &GridConfig,
        job: &Job,
    ) -> Result<Partials> {
        few_enough(cells.len())?;
        let runs_first = match self.strategy {
            Strategy::Auto => long_runs(cells.len(), |range| cells[range].to_vec()),
            fixed => fixed == Strategy::Runs,
        };
        Ok(self.pool.install(|| {
            if runs_first {
                fold_runs_first(cells.len(), columns, grid, job, |_, runs, tile| {
                    runs.clear();
                    runs.push_all(&cells[tile], 0);
                })
            } else {
                let sorted = sort::sort(Keys::of_cells(cells, grid));
                reduce::reduce(columns, &sorted, &segment::segment(&sorted), job)
            }
        }))
    }

    fn runs_first(&self, batch: &PhotonBatch, locator: &Locator) -> bool {
        match self.strategy {
            Strategy::Auto => long_runs(batch.len(), |range| {
                let mut cells = vec![0; range.len()];
                locator.cells(&batch.lon[range.clone()], &batch.lat[range], &mut cells);
                cells
            }),
            fixed => fixed == Strategy::Runs,
        }
    }
}

impl Backend for Cpu {
    type Photons<'a> = Photons<'a>;
    type Keys = Keys;
    type Sorted = Sorted;
    type Segments = Segments;

    fn upload<'a>(&self, batch: &'a PhotonBatch) -> Result<Photons<'a>> {
        few_enough(batch.len())?;
        Ok(Photons(batch))
    }

    fn locate(&self, photons: &Photons<'_>, grid: &GridConfig) -> Result<Keys> {
        let Photons(batch) = photons;
        let mut cells = vec![0; batch.len()];
        self.cells(&batch.lon, &batch.lat, grid, &mut cells);
        Ok(self.pool.install(|| Keys::of_cells(&cells, grid)))
    }

    fn sort(&self, keys: Keys) -> Result<Sorted> {
        Ok(self.pool.install(|| sort::sort(keys)))
    }

    fn segment(&self, sorted: &Sorted) -> Result<Segments> {
        Ok(self.pool.install(|| segment::segment(sorted)))
    }

    fn reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> Result<Partials> {
        Ok(self
            .pool
            .install(|| reduce::reduce(&photons.0.columns, sorted, segments, job)))
    }

    /// Locates, folds and collects runs tile by tile while they are in the cache, where a sample
    /// says that runs are long; else the stages one by one.
    fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let locator = Locator::new(grid.cell_order, grid.latitude);
        if self.runs_first(batch, &locator) {
            let Photons(batch) = times.upload.time(|| self.upload(batch))?;
            times.fused_batches += 1;
            return Ok(times.fused.time(|| {
                self.pool.install(|| {
                    fold_runs_first(
                        batch.len(),
                        &batch.columns,
                        grid,
                        job,
                        |finder, runs, tile| {
                            let (lon, lat) = (&batch.lon[tile.clone()], &batch.lat[tile]);
                            finder.find(&locator, lon, lat, runs);
                        },
                    )
                })
            }));
        }
        times.staged_batches += 1;
        let photons = times.upload.time(|| self.upload(batch))?;
        let keys = times.locate.time(|| self.locate(&photons, grid))?;
        let sorted = times.sort.time(|| self.sort(keys))?;
        let segments = times.segment.time(|| self.segment(&sorted))?;
        times
            .reduce
            .time(|| self.reduce(&photons, &sorted, &segments, job))
    }
}

/// Photons of a batch are numbered in 32 bits.
fn few_enough(photons: usize) -> Result<()> {
    if u32::try_from(photons).is_ok() {
        return Ok(());
    }
    Err(Error::Device {
        device: "cpu".to_owned(),
        message: format!("a batch of {photons} photons exceeds 2^32 - 1; use a smaller batch"),
    })
}

/// Whether photons in windows spread over the batch change cells seldom.
fn long_runs(photons: usize, cells: impl Fn(std::ops::Range<usize>) -> Vec<u64>) -> bool {
    if photons == 0 {
        return true;
    }
    let step = (photons / WINDOWS).max(WINDOW);
    let (mut seen, mut runs) = (0, 0);
    for start in (0..photons).step_by(step) {
        let cells = cells(start..(start + WINDOW).min(photons));
        seen += cells.len();
        runs += 1 + cells.windows(2).filter(|pair| pair[0] != pair[1]).count();
    }
    seen >= LONG_RUN * runs
}

/// Folds runs tile by tile, then brings their records together by cell. `find` puts the runs of a
/// tile of photons, numbered from the tile's start, into its second argument.
fn fold_runs_first(
    photons: usize,
    columns: &[Column],
    grid: &GridConfig,
    job: &Job,
    find: impl Fn(&mut RunFinder, &mut Runs, std::ops::Range<usize>) + Sync,
) -> Partials {
    let records: Vec<Partials> = (0..photons.div_ceil(TILES * TILE))
        .into_par_iter()
        .map_init(
            || (RunFinder::default(), Runs::default()),
            |(finder, runs), task| {
                let mut records = Partials::empty(job);
                let start = task * TILES * TILE;
                let end = (start + TILES * TILE).min(photons);
                for tile in (start..end).step_by(TILE) {
                    find(finder, runs, tile..(tile + TILE).min(end));
                    records::fold_runs(&mut records, runs, columns, tile, job);
                }
                records
            },
        )
        .collect();
    records::merge_records(&records, grid, job)
}
