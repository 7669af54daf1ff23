//! The CPU backend: the stages with rayon, one file each.
//!
//! | stage | file |
//! | --- | --- |
//! | locate | `locate.rs`, `runs.rs`, `patches.rs` |
//! | sort | `sort.rs`; with segment and reduce `parted.rs`, `parts.rs` |
//! | segment | `segment.rs` |
//! | reduce | `reduce.rs`, `records.rs`, `blocks.rs` |
//!
//! Three orders of the same stages give the same bits (`strategy.rs`). *Sort* sorts photons by key
//! and folds segments: by cell and part by part (`parted.rs`) where no value is null and none is retained.
//! *Runs* folds runs of photons in one cell where they stand, then sorts and merges the records of the runs:
//! along a track those are a hundredth of the photons. *Blocks* does the same with blocks of photons in no
//! order over few cells. A sample decides.

mod blocks;
mod fold;
mod locate;
mod parted;
mod parts;
mod patches;
mod records;
mod reduce;
pub(in crate::backend) mod runs;
mod scratch;
mod segment;
mod sort;
mod strategy;

use std::ops::Range;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::config::GridConfig;
use crate::error::{Error, Result, Setting, phrase};
use crate::photon::{Column, PhotonBatch};
use crate::stat::{Job, Partials, Unmade};

use super::{Backend, KeyTable, StageTimes};

use fold::{fold_blocks, fold_cells_sorted, fold_runs_first};
use records::Columns;
use runs::{RunFinder, Runs};
use scratch::{Buffers, Order, Scratch};
pub use strategy::Strategy;

/// A pool of worker threads.
#[derive(Debug)]
pub struct Cpu {
    pool: ThreadPool,
    strategy: Strategy,
    scratch: Scratch,
}

/// Photons stay where they are: device memory is host memory.
#[derive(Debug)]
pub struct Photons<'a>(pub(in crate::backend) &'a PhotonBatch);

/// One key per photon, in batch order.
#[derive(Debug)]
pub struct Keys {
    pub(in crate::backend) keys: Vec<u32>,
    pub(in crate::backend) table: KeyTable,
}

/// Keys in ascending order, and the photon that each belongs to.
#[derive(Debug)]
pub struct Sorted {
    pub(in crate::backend) keys: Vec<u32>,
    /// Index into the batch; photons of equal key keep their order.
    pub(in crate::backend) photons: Vec<u32>,
    pub(in crate::backend) table: KeyTable,
}

/// Segment `i` holds sorted photons `starts[i]..starts[i + 1]`.
#[derive(Debug)]
pub struct Segments {
    pub(in crate::backend) starts: Vec<usize>,
}

impl Cpu {
    /// A pool of `threads` threads.
    pub fn open(threads: usize) -> Result<Self> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("icefold-cpu-{i}"))
            .build()
            .map_err(|e| {
                Error::device("cpu", format!("cannot start {threads} threads: {e}"))
                    .with_remedy(phrase!["use fewer with ", Setting::Threads])
                    .caused_by(e)
            })?;
        Ok(Self {
            pool,
            strategy: Strategy::Auto,
            scratch: Scratch::default(),
        })
    }

    /// Bytes that folds left for the next one, beside the threads.
    #[doc(hidden)]
    pub fn kept_bytes(&self) -> u64 {
        self.scratch.bytes()
    }

    /// The same pool, with the order of stages fixed.
    pub fn with_strategy(self, strategy: Strategy) -> Self {
        Self { strategy, ..self }
    }

    /// Runs work on these threads, beside folds.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// The cell of every position: the stage locate by itself, with ids instead of keys.
    pub fn cells(&self, lon: &[f64], lat: &[f64], grid: &GridConfig, cells: &mut [u64]) {
        self.pool.install(|| locate::cells(lon, lat, grid, cells));
    }

    /// The keys of photons whose cells are known.
    pub(in crate::backend) fn keys(&self, cells: &[u64], grid: &GridConfig) -> Keys {
        let order = &mut Order::default();
        self.pool.install(|| Keys::of_cells(cells, grid, order))
    }

    /// Whether photons are folded run by run, as a sample of their cells suggests: values may then be made on the way.
    pub fn folds_runs_of(&self, cells: &[u64]) -> bool {
        self.strategy_of(cells, false) == Strategy::Runs
    }

    fn strategy_of(&self, cells: &[u64], parted: bool) -> Strategy {
        let sample = |range: Range<usize>| cells[range].to_vec();
        let settle = || self.strategy.settle(cells.len(), parted, sample);
        self.pool.install(settle)
    }

    /// As [`folds_runs_of`](Self::folds_runs_of), of photons that are not located yet.
    pub fn folds_runs_at(&self, batch: &PhotonBatch, grid: &GridConfig) -> bool {
        self.strategy_at(batch, grid, false) == Strategy::Runs
    }

    fn strategy_at(&self, batch: &PhotonBatch, grid: &GridConfig, parted: bool) -> Strategy {
        let locator = grid.locator();
        let sample = |range: Range<usize>| {
            let mut cells = vec![0; range.len()];
            locator.cells(&batch.lon[range.clone()], &batch.lat[range], &mut cells);
            cells
        };
        let settle = || self.strategy.settle(batch.len(), parted, sample);
        self.pool.install(settle)
    }

    /// Partials of photons whose cells are known: the stages after locate.
    pub fn fold_cells(
        &self,
        cells: &[u64],
        columns: &[Column],
        grid: &GridConfig,
        job: &Job,
    ) -> Result<Partials> {
        self.fold_cells_with(cells, (columns, &Unmade::default()), grid, job)
    }

    /// As [`fold_cells`](Self::fold_cells), with values that are not made yet, whose photons [are folded run by
    /// run](Self::folds_runs_of).
    pub fn fold_cells_with(
        &self,
        cells: &[u64],
        (columns, unmade): (&[Column], &Unmade),
        grid: &GridConfig,
        job: &Job,
    ) -> Result<Partials> {
        few_enough(cells.len())?;
        let strategy = if unmade.is_empty() {
            self.strategy_of(cells, parted::can_be_parted(columns, job))
        } else {
            Strategy::Runs
        };
        let find = |_: &mut RunFinder, runs: &mut Runs, tile| {
            runs.clear();
            runs.push_all(&cells[tile], 0);
        };
        let question = (grid, job);
        Ok(self.scratch.lend(job, |buffers| match strategy {
            Strategy::Runs | Strategy::Auto => self.pool.install(|| {
                let photons = (cells.len(), Columns { columns, unmade });
                fold_runs_first(photons, question, buffers, find)
            }),
            Strategy::Blocks => self
                .pool
                .install(|| fold_blocks(cells, columns, question, buffers)),
            Strategy::Sort => self.pool.install(|| {
                let times = &mut StageTimes::default();
                fold_cells_sorted(cells, columns, question, (buffers, times))
            }),
        }))
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
        let order = &mut Order::default();
        Ok(self.pool.install(|| Keys::of_cells(&cells, grid, order)))
    }

    fn sort(&self, keys: Keys) -> Result<Sorted> {
        let order = &mut Order::default();
        Ok(self.pool.install(|| sort::sort(keys, order)))
    }

    fn segment(&self, sorted: &Sorted) -> Result<Segments> {
        Ok(self.pool.install(|| segment::segment(sorted, Vec::new())))
    }

    fn reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> Result<Partials> {
        let (columns, buffers) = (&photons.0.columns, &mut Buffers::default());
        Ok(self
            .pool
            .install(|| reduce::reduce(columns, (sorted, segments), job, buffers)))
    }

    /// Photons in runs, or in few cells, are located and folded in one pass while they are in the
    /// cache; others go through the stages one by one.
    fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        self.fold_with((batch, &Unmade::default()), grid, job, times)
    }
}

impl Cpu {
    /// A fold of a batch and of values that are not made yet, whose photons [are folded run by
    /// run](Self::folds_runs_at).
    pub fn fold_with(
        &self,
        (batch, unmade): (&PhotonBatch, &Unmade),
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let strategy = if unmade.is_empty() {
            self.strategy_at(batch, grid, parted::can_be_parted(&batch.columns, job))
        } else {
            Strategy::Runs
        };
        let photons = times.upload.time(|| self.upload(batch))?;
        match strategy {
            Strategy::Runs | Strategy::Auto => {
                times.batches.runs += 1;
                let locator = grid.locator();
                let find = |finder: &mut RunFinder, runs: &mut Runs, tile: Range<usize>| {
                    let (lon, lat) = (&batch.lon[tile.clone()], &batch.lat[tile]);
                    finder.find(&locator, lon, lat, runs);
                };
                let columns = &batch.columns;
                let photons = (batch.len(), Columns { columns, unmade });
                Ok(times.fused.time(|| {
                    self.scratch.lend(job, |buffers| {
                        self.pool
                            .install(|| fold_runs_first(photons, (grid, job), buffers, find))
                    })
                }))
            }
            Strategy::Blocks => {
                times.batches.blocks += 1;
                Ok(times.fused.time(|| {
                    self.scratch.lend(job, |buffers| {
                        self.with_cells(photons, grid, buffers, |cells, buffers| {
                            fold_blocks(cells, &batch.columns, (grid, job), buffers)
                        })
                    })
                }))
            }
            Strategy::Sort => {
                times.batches.sorted += 1;
                Ok(self.scratch.lend(job, |buffers| {
                    let mut cells = std::mem::take(&mut buffers.located);
                    cells.resize(batch.len(), 0);
                    let (lon, lat) = (&batch.lon, &batch.lat);
                    times.locate.time(|| self.cells(lon, lat, grid, &mut cells));
                    let (question, rest) = ((grid, job), (&mut *buffers, times));
                    let fold = || fold_cells_sorted(&cells, &batch.columns, question, rest);
                    let partials = self.pool.install(fold);
                    buffers.located = cells;
                    partials
                }))
            }
        }
    }

    /// Runs `work` in the pool with the cells of the photons, whose memory is kept.
    fn with_cells<T: Send>(
        &self,
        Photons(batch): Photons<'_>,
        grid: &GridConfig,
        buffers: &mut Buffers,
        work: impl FnOnce(&[u64], &mut Buffers) -> T + Send,
    ) -> T {
        let mut cells = std::mem::take(&mut buffers.located);
        cells.resize(batch.len(), 0);
        let result = self.pool.install(|| {
            locate::cells(&batch.lon, &batch.lat, grid, &mut cells);
            work(&cells, buffers)
        });
        buffers.located = cells;
        result
    }

    /// Takes back partials that are no longer needed: the next batch's are written in their memory.
    pub fn recycle(&self, partials: Partials, job: &Job) {
        self.scratch.recycle(partials, job);
    }
}

/// Photons of a batch are numbered in 32 bits.
fn few_enough(photons: usize) -> Result<()> {
    if u32::try_from(photons).is_ok() {
        return Ok(());
    }
    Err(Error::device(
        "cpu",
        format!("a batch of {photons} photons exceeds 2^32 - 1; use a smaller batch"),
    ))
}
