//! What the benches time of icefold: the one place that names the CPU backend's entry points.
//!
//! | method | from | to |
//! | --- | --- | --- |
//! | `cells` | lon, lat | cells |
//! | `fold` | lon, lat, columns | partials |
//! | `fold_cells` | cells, columns | partials |

use std::sync::Mutex;

use clap::ValueEnum;
use icefold::backend::cpu::{self, Cpu};
use icefold::backend::{Backend, Batches, StageTimes};
use icefold::batch::{Column, PhotonBatch};
use icefold::config::GridConfig;
use icefold::stat::{Job, Partials};
use icefold::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How the CPU backend groups photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    Auto,
    Runs,
    Blocks,
    Sort,
}

/// The CPU backend with so many threads.
#[derive(Debug)]
pub struct Ours {
    cpu: Cpu,
    strategy: Strategy,
    /// What the last fold took, where it was left to choose.
    took: Mutex<Batches>,
    /// Finishes answers.
    pool: ThreadPool,
}

impl Ours {
    pub fn open(threads: usize, strategy: Strategy) -> Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool =
            pool.map_err(|e| Error::Usage(format!("cannot start {threads} threads: {e}")))?;
        let order = match strategy {
            Strategy::Auto => cpu::Strategy::Auto,
            Strategy::Runs => cpu::Strategy::Runs,
            Strategy::Blocks => cpu::Strategy::Blocks,
            Strategy::Sort => cpu::Strategy::Sort,
        };
        Ok(Self {
            cpu: Cpu::open(threads)?.with_strategy(order),
            strategy,
            took: Mutex::default(),
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

    /// The strategy asked for, and what `auto` chose in the last fold from positions.
    pub fn strategy(&self) -> String {
        let asked = format!("{:?}", self.strategy).to_lowercase();
        let took = self.took.lock().map(|took| *took).unwrap_or_default();
        match (took.runs, took.blocks, took.sorted) {
            (0, 0, 0) => asked,
            (1.., _, _) => format!("{asked}: runs"),
            (_, 1.., _) => format!("{asked}: blocks"),
            _ => format!("{asked}: sort"),
        }
    }

    /// The cell of every position; `out` is as long as they are.
    pub fn cells(&self, lon: &[f64], lat: &[f64], grid: &GridConfig, out: &mut [u64]) {
        self.cpu.cells(lon, lat, grid, out);
    }

    pub fn fold(&self, batch: &PhotonBatch, grid: &GridConfig, job: &Job) -> Result<Partials> {
        let mut times = StageTimes::default();
        let partials = self.cpu.fold(batch, grid, job, &mut times);
        if let Ok(mut took) = self.took.lock() {
            *took = times.batches;
        }
        partials
    }

    /// Group-by alone; columns in the job's order.
    pub fn fold_cells(
        &self,
        cells: &[u64],
        columns: &[Column],
        grid: &GridConfig,
        job: &Job,
    ) -> Result<Partials> {
        self.cpu.fold_cells(cells, columns, grid, job)
    }
}
