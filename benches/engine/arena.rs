//! Arrays in memory, and one timed repeat of a task on them.

use std::path::Path;
use std::time::{Duration, Instant};

use icefold::batch::PhotonBatch;
use icefold::config::GridConfig;
use icefold::grid::Latitude;
use icefold::stat::Job;
use icefold::{Error, Result};
use serde::Serialize;

use crate::ours::Ours;
use crate::task::{Answer, Task};
use crate::workload::Workload;

/// Everything that is read before the first clock starts.
#[derive(Debug)]
pub struct Arena {
    grid: GridConfig,
    batch: PhotonBatch,
    ids: Vec<u64>,
    /// Where `locate` puts cells; its pages have been touched.
    located: Vec<u64>,
    jobs: Vec<(Task, Job)>,
}

/// One repeat. Times are wall seconds on a monotonic clock.
#[derive(Debug, Serialize)]
pub struct Repeat {
    /// From arrays in memory to partials in memory; for `locate`, to cells.
    pub seconds: f64,
    /// The same plus rounding every statistic to f64.
    pub finished_seconds: f64,
    pub cells: usize,
    pub strategy: String,
    /// The most memory that the process has had so far; unknown outside Linux.
    pub peak_rss_bytes: Option<u64>,
}

impl Arena {
    /// Reads what the tasks need of a workload.
    pub fn load(workload: &Workload, tasks: &[Task]) -> Result<Self> {
        let grid = workload.grid(Latitude::AuthalicWgs84)?;
        let mut batch = if tasks.iter().any(|task| task.reads_positions()) {
            workload.batch()?
        } else {
            workload.batch_without_positions()?
        };
        let ids = if tasks.iter().any(|task| !task.reads_positions()) {
            workload.ids()?
        } else {
            Vec::new()
        };
        if tasks.iter().all(|task| !task.folds()) {
            batch.columns.clear();
        }
        let located = if tasks.contains(&Task::Locate) {
            vec![1; batch.lon.len()]
        } else {
            Vec::new()
        };
        let mut jobs = Vec::new();
        for &task in tasks.iter().filter(|task| task.folds()) {
            jobs.push((task, task.job()?));
        }
        Ok(Self {
            grid,
            batch,
            ids,
            located,
            jobs,
        })
    }

    /// Runs one of the tasks once, and writes its answer where `answer` says so.
    pub fn repeat(&mut self, ours: &Ours, task: Task, answer: Option<&Path>) -> Result<Repeat> {
        if task == Task::Locate {
            return self.locate(ours, answer);
        }
        let job = self.job(task)?;
        let start = Instant::now();
        let partials = if task.reads_positions() {
            ours.fold(&self.batch, &self.grid, job)?
        } else {
            ours.fold_cells(&self.ids, &self.batch.columns, &self.grid, job)?
        };
        let folded = start.elapsed();
        let finished = Answer::finish(ours, partials, job);
        let total = start.elapsed();
        if let Some(folder) = answer {
            finished.write(task, folder)?;
        }
        Ok(repeat(ours, [folded, total], finished.cells.len()))
    }

    fn locate(&mut self, ours: &Ours, answer: Option<&Path>) -> Result<Repeat> {
        let start = Instant::now();
        ours.cells(
            &self.batch.lon,
            &self.batch.lat,
            &self.grid,
            &mut self.located,
        );
        let took = start.elapsed();
        if let Some(folder) = answer {
            let cells = self.located.clone();
            let columns = Vec::new();
            Answer { cells, columns }.write(Task::Locate, folder)?;
        }
        Ok(repeat(ours, [took; 2], 0))
    }

    fn job(&self, task: Task) -> Result<&Job> {
        let job = self.jobs.iter().find(|(declared, _)| *declared == task);
        job.map(|(_, job)| job)
            .ok_or_else(|| Error::Usage(format!("name task {} with --task first", task.name())))
    }
}

fn repeat(ours: &Ours, [folded, total]: [Duration; 2], cells: usize) -> Repeat {
    Repeat {
        seconds: folded.as_secs_f64(),
        finished_seconds: total.as_secs_f64(),
        cells,
        strategy: ours.strategy(),
        peak_rss_bytes: peak_rss_bytes(),
    }
}

/// `VmHWM` of this process.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
