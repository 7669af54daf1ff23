//! The CPU backend: the stages with rayon, one file each.
//!
//! | stage | file |
//! | --- | --- |
//! | locate | `locate.rs`, `runs.rs` |
//! | sort | `sort.rs` |
//! | segment | `segment.rs` |
//! | reduce | `reduce.rs`, `records.rs`, `blocks.rs` |
//!
//! Three orders of the same stages give the same bits (`strategy.rs`). *Sort* sorts photons by key
//! and folds segments. *Runs* folds runs of photons in one cell where they stand, then sorts and
//! merges the records of the runs: along a track those are a hundredth of the photons. *Blocks*
//! does the same with blocks of photons in no order over few cells. A sample decides.

mod blocks;
mod locate;
mod records;
mod reduce;
mod runs;
mod scratch;
mod segment;
mod sort;
mod strategy;

use std::ops::Range;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::batch::{Column, PhotonBatch};
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::grid::Locator;
use crate::stat::{Job, Partials};

use super::{Backend, KeyTable, StageTimes};

use blocks::{BLOCK, Block, MOST_KEYS, fold_block};
use locate::TILE;
use runs::{RunFinder, Runs};
use scratch::{Buffers, Scratch};
pub use strategy::Strategy;

/// Tiles whose records one task collects.
const TILES: usize = 16;
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
            .map_err(|e| Error::Device {
                device: "cpu".to_owned(),
                message: format!("cannot start {threads} threads: {e}; use fewer with --threads"),
            })?;
        Ok(Self {
            pool,
            strategy: Strategy::Auto,
            scratch: Scratch::default(),
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

    /// The keys of photons whose cells are known.
    pub(in crate::backend) fn keys(&self, cells: &[u64], grid: &GridConfig) -> Keys {
        self.pool.install(|| Keys::of_cells(cells, grid))
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
        let sample = |range: Range<usize>| cells[range].to_vec();
        let strategy = self.strategy.settle(cells.len(), sample);
        let find = |_: &mut RunFinder, runs: &mut Runs, tile| {
            runs.clear();
            runs.push_all(&cells[tile], 0);
        };
        let question = (grid, job);
        Ok(self.scratch.lend(job, |buffers| {
            self.pool.install(|| match strategy {
                Strategy::Runs | Strategy::Auto => {
                    fold_runs_first((cells.len(), columns), question, buffers, find)
                }
                Strategy::Blocks => fold_blocks(cells, columns, question, buffers),
                Strategy::Sort => fold_sorted(cells, columns, question, buffers),
            })
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
        Ok(self.pool.install(|| Keys::of_cells(&cells, grid)))
    }

    fn sort(&self, keys: Keys) -> Result<Sorted> {
        let mut pairs = Default::default();
        Ok(self.pool.install(|| sort::sort(keys, &mut pairs)))
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

    /// Photons in runs, or in few cells, are located and folded in one pass while they are in the
    /// cache; others go through the stages one by one.
    fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let locator = Locator::new(grid.cell_order, grid.latitude);
        let strategy = self.strategy.settle(batch.len(), |range: Range<usize>| {
            let mut cells = vec![0; range.len()];
            locator.cells(&batch.lon[range.clone()], &batch.lat[range], &mut cells);
            cells
        });
        let photons = times.upload.time(|| self.upload(batch))?;
        match strategy {
            Strategy::Runs | Strategy::Auto => {
                times.batches.runs += 1;
                let find = |finder: &mut RunFinder, runs: &mut Runs, tile: Range<usize>| {
                    let (lon, lat) = (&batch.lon[tile.clone()], &batch.lat[tile]);
                    finder.find(&locator, lon, lat, runs);
                };
                let photons = (batch.len(), batch.columns.as_slice());
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
                        let mut cells = std::mem::take(&mut buffers.located);
                        cells.resize(batch.len(), 0);
                        self.cells(&batch.lon, &batch.lat, grid, &mut cells);
                        let partials = self
                            .pool
                            .install(|| fold_blocks(&cells, &batch.columns, (grid, job), buffers));
                        buffers.located = cells;
                        partials
                    })
                }))
            }
            Strategy::Sort => {
                times.batches.sorted += 1;
                let keys = times.locate.time(|| self.locate(&photons, grid))?;
                let sorted = times.sort.time(|| {
                    self.scratch.lend(job, |b| {
                        self.pool.install(|| sort::sort(keys, &mut b.pairs))
                    })
                });
                let segments = times.segment.time(|| self.segment(&sorted))?;
                times
                    .reduce
                    .time(|| self.reduce(&photons, &sorted, &segments, job))
            }
        }
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

/// Folds runs tile by tile, then brings their records together by cell. `find` puts the runs of a
/// tile of photons, numbered from the tile's start, into its second argument.
fn fold_runs_first(
    (photons, columns): (usize, &[Column]),
    (grid, job): (&GridConfig, &Job),
    buffers: &mut Buffers,
    find: impl Fn(&mut RunFinder, &mut Runs, Range<usize>) + Sync,
) -> Partials {
    let records: Vec<Partials> = (0..photons.div_ceil(TILES * TILE))
        .into_par_iter()
        .map_init(
            || (RunFinder::default(), Runs::default()),
            |(finder, runs), task| {
                let mut records = buffers.take_records(job);
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
    let merged = records::merge_records(&records, grid, job, buffers);
    buffers.keep_records(records);
    merged
}

/// Folds photons in no order block by block, then brings their records together; with too many keys
/// for that, sorts photons.
fn fold_blocks(
    cells: &[u64],
    columns: &[Column],
    (grid, job): (&GridConfig, &Job),
    buffers: &mut Buffers,
) -> Partials {
    let table = locate::table_of(cells, grid);
    if table.keys() > MOST_KEYS {
        return fold_sorted(cells, columns, (grid, job), buffers);
    }
    let records: Vec<Partials> = cells
        .par_chunks(BLOCK)
        .enumerate()
        .map_init(Block::default, |block, (i, cells)| {
            let mut records = buffers.take_records(job);
            let start = i * BLOCK;
            fold_block(&mut records, block, (cells, &table), (columns, start), job);
            records
        })
        .collect();
    let merged = records::merge_records(&records, grid, job, buffers);
    buffers.keep_records(records);
    merged
}

fn fold_sorted(
    cells: &[u64],
    columns: &[Column],
    (grid, job): (&GridConfig, &Job),
    buffers: &mut Buffers,
) -> Partials {
    let keys = Keys::of_cells(cells, grid);
    let sorted = sort::sort(keys, &mut buffers.pairs);
    reduce::reduce(columns, &sorted, &segment::segment(&sorted), job)
}
