//! What the benches time of icefold: the one place that names the CPU backend's entry points.
//!
//! | method | from | to |
//! | --- | --- | --- |
//! | `cells` | lon, lat | cells |
//! | `fold` | lon, lat, columns | partials |
//! | `fold_cells` | cells, columns | partials |

use clap::ValueEnum;
use icefold::backend::cpu::Cpu;
use icefold::backend::{Backend, StageTimes};
use icefold::batch::{Column, PhotonBatch, Values};
use icefold::config::GridConfig;
use icefold::grid::Locator;
use icefold::stat::{Job, Partials, Value};
use icefold::{Error, Result};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Positions that one task of `cells` locates.
const TILE: usize = 65_536;

/// How the CPU backend groups photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    Auto,
    Runs,
    Sort,
}

/// The CPU backend with so many threads.
#[derive(Debug)]
pub struct Ours {
    cpu: Cpu,
    strategy: Strategy,
    /// Finishes answers, and runs what the backend does not offer.
    pool: ThreadPool,
}

impl Ours {
    pub fn open(threads: usize, strategy: Strategy) -> Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool =
            pool.map_err(|e| Error::Usage(format!("cannot start {threads} threads: {e}")))?;
        Ok(Self {
            cpu: Self::with_strategy(Cpu::open(threads)?, strategy),
            strategy,
            pool,
        })
    }

    #[allow(dead_code, reason = "the stages use it")]
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// Runs `work` on as many threads as the backend has.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    // until Cpu::with_strategy: the backend has one strategy.
    fn with_strategy(cpu: Cpu, _: Strategy) -> Cpu {
        cpu
    }

    // until the backend says which strategy it took: the one that was asked for.
    pub fn strategy(&self) -> String {
        format!("{:?}", self.strategy).to_lowercase()
    }

    /// The cell of every position; `out` is as long as they are.
    // until Cpu::cells: the reference on tiles.
    pub fn cells(&self, lon: &[f64], lat: &[f64], grid: &GridConfig, out: &mut [u64]) {
        let locator = Locator::new(grid.cell_order, grid.latitude);
        self.pool.install(|| {
            out.par_chunks_mut(TILE)
                .zip(lon.par_chunks(TILE))
                .zip(lat.par_chunks(TILE))
                .for_each(|((out, lon), lat)| locator.cells(lon, lat, out));
        });
    }

    pub fn fold(&self, batch: &PhotonBatch, grid: &GridConfig, job: &Job) -> Result<Partials> {
        let mut times = StageTimes::default();
        self.cpu.fold(batch, grid, job, &mut times)
    }

    /// Group-by alone; columns in the job's order.
    // until Cpu::fold_cells: sorts photons by cell and folds each cell by itself.
    pub fn fold_cells(
        &self,
        cells: &[u64],
        columns: &[Column],
        _: &GridConfig,
        job: &Job,
    ) -> Result<Partials> {
        if columns.len() != job.columns.len() {
            return Err(Error::Usage(format!(
                "{} columns for a job of {}",
                columns.len(),
                job.columns.len()
            )));
        }
        let mut order: Vec<u32> = (0..cells.len() as u32).collect();
        self.pool
            .install(|| order.par_sort_unstable_by_key(|&photon| cells[photon as usize]));
        let mut partials = Partials::empty(job);
        for photons in order.chunk_by(|&a, &b| cells[a as usize] == cells[b as usize]) {
            partials.cells.push(cells[photons[0] as usize]);
            partials.photons.push(photons.len() as u64);
            for ((rows, column), needs) in
                partials.columns.iter_mut().zip(columns).zip(&job.columns)
            {
                match &column.values {
                    Values::F32(v) => rows.push_cell(&gathered(v, photons), needs),
                    Values::F64(v) => rows.push_cell(&gathered(v, photons), needs),
                    Values::I64(v) => rows.push_cell(&gathered(v, photons), needs),
                }
            }
        }
        Ok(partials)
    }
}

fn gathered<T: Value>(values: &[T], photons: &[u32]) -> Vec<T> {
    photons.iter().map(|&p| values[p as usize]).collect()
}
