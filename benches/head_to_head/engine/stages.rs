//! What the guard compares: every stage of the CPU backend on one workload, with two yardsticks that
//! no change of icefold moves by itself, all in turns so that a slow moment hits all of them.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use icefold::arrays::{Answer, Timed, oracle};
use icefold::backend::cpu::Cpu;
use icefold::backend::{Backend, StageTimes};
use icefold::grid::Latitude;
use icefold::stat::Partials;
use icefold::usage;
use icefold::{Error, Result};
use serde_json::{Map, json};

use crate::ours::{Strategy, cpu};
use crate::task::Task;
use crate::workload::Workload;

/// Bytes that the first yardstick copies.
const COPIED: usize = 1 << 26;
/// The yardsticks: a copy of memory, and a plain fold on one thread.
const YARDSTICKS: [&str; 2] = ["copy", "reference"];
const STAGES: [&str; 11] = [
    "cells",
    "locate",
    "sort",
    "segment",
    "reduce",
    "fold",
    "fold_runs",
    "fold_blocks",
    "fold_sort",
    "fold_cells",
    "finish",
];

/// Times everything and prints one JSON object; or runs one stage so many times and prints nothing.
pub fn stages(folder: &Path, threads: usize, repeats: usize, only: Option<&str>) -> Result<()> {
    if let Some(name) = only.filter(|name| !STAGES.contains(name)) {
        return Err(Error::argument(format!(
            "no stage '{name}'; there are {}",
            STAGES.join(", ")
        )));
    }
    let bench = Bench::load(folder, threads)?;
    if let Some(name) = only {
        for _ in 0..repeats {
            bench.time(name)?;
        }
        return Ok(());
    }
    let (mut seconds, mut cpu_seconds) = (Map::new(), Map::new());
    let mut times = vec![Vec::new(); YARDSTICKS.len() + STAGES.len()];
    for repeat in 0..=repeats {
        for (name, times) in YARDSTICKS.iter().chain(&STAGES).zip(&mut times) {
            let took = bench.time(name)?;
            // The first turn warms up.
            if repeat > 0 {
                times.push(took);
            }
        }
    }
    for (name, times) in YARDSTICKS.iter().chain(&STAGES).zip(times) {
        let (wall, cpu): (Vec<f64>, Vec<Option<f64>>) = times.into_iter().unzip();
        seconds.insert((*name).to_owned(), json!(wall));
        cpu_seconds.insert((*name).to_owned(), json!(cpu));
    }
    println!(
        "{}",
        json!({
            "photons": bench.ids.len(),
            "threads": threads,
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
        })
    );
    Ok(())
}

/// One workload in memory, with what each stage starts from.
#[derive(Debug)]
struct Bench {
    /// One for each strategy, so that each keeps its scratch memory as in a run.
    cpus: Vec<(Strategy, Cpu)>,
    timed: Timed,
    ids: Vec<u64>,
    partials: Partials,
}

impl Bench {
    fn load(folder: &Path, threads: usize) -> Result<Self> {
        let workload = Workload::open(folder)?;
        let grid = workload.grid(Latitude::AuthalicWgs84)?;
        let photons = workload.photons(&Task::LocateGroupby.columns(), true)?;
        let timed = Timed::new(&Task::LocateGroupby.question(&grid)?, photons)?;
        let strategies = [
            Strategy::Auto,
            Strategy::Runs,
            Strategy::Blocks,
            Strategy::Sort,
        ];
        let open = |strategy| Ok((strategy, cpu(threads, strategy)?));
        let cpus: Vec<(Strategy, Cpu)> = strategies.into_iter().map(open).collect::<Result<_>>()?;
        let mut times = StageTimes::default();
        let (_, first) = &cpus[0];
        let partials = first.fold(timed.batch(), &grid, &timed.job, &mut times)?;
        let ids = workload.ids()?;
        Ok(Self {
            cpus,
            timed,
            ids,
            partials,
        })
    }

    /// Seconds of one stage, by name; what it starts from is made outside the clock.
    fn time(&self, name: &str) -> Result<Took> {
        let (batch, grid, job) = (self.timed.batch(), self.timed.grid(), &self.timed.job);
        let strategy = match name {
            "fold_runs" => Strategy::Runs,
            "fold_blocks" => Strategy::Blocks,
            "fold_sort" => Strategy::Sort,
            _ => Strategy::Auto,
        };
        if name == "copy" {
            let (from, mut to) = (vec![1u8; COPIED], vec![2u8; COPIED]);
            return clocked(|| {
                to.copy_from_slice(black_box(&from));
                Ok(to)
            });
        }
        if name == "reference" {
            return clocked(|| Ok(oracle(batch, grid, job)));
        }
        let found = self.cpus.iter().find(|(opened, _)| *opened == strategy);
        let Some((_, cpu)) = found else {
            unreachable!("every strategy has been opened");
        };
        let photons = cpu.upload(batch)?;
        match name {
            "cells" => {
                let mut cells = vec![1; batch.len()];
                clocked(|| {
                    cpu.cells(&batch.lon, &batch.lat, grid, &mut cells);
                    Ok(cells)
                })
            }
            "locate" => clocked(|| cpu.locate(&photons, grid)),
            "sort" => {
                let keys = cpu.locate(&photons, grid)?;
                clocked(|| cpu.sort(keys))
            }
            "segment" => {
                let sorted = cpu.sort(cpu.locate(&photons, grid)?)?;
                clocked(|| cpu.segment(&sorted))
            }
            "reduce" => {
                let sorted = cpu.sort(cpu.locate(&photons, grid)?)?;
                let segments = cpu.segment(&sorted)?;
                clocked(|| cpu.reduce(&photons, &sorted, &segments, job))
            }
            "fold_cells" => clocked(|| cpu.fold_cells(&self.ids, &batch.columns, grid, job)),
            "finish" => {
                let partials = self.partials.clone();
                clocked(|| cpu.install(|| Answer::finish(partials, job, &self.timed.schema)))
            }
            _ => clocked(|| cpu.fold(batch, grid, job, &mut StageTimes::default())),
        }
    }
}

/// Wall seconds, and processor seconds where the system tells.
type Took = (f64, Option<f64>);

/// Times some work; what it gives back is dropped outside the clocks.
fn clocked<T>(work: impl FnOnce() -> Result<T>) -> Result<Took> {
    let (cpu, clock) = (usage::cpu_time(), Instant::now());
    let result = work();
    let took = (clock.elapsed().as_secs_f64(), usage::cpu_seconds_since(cpu));
    drop(black_box(result?));
    Ok(took)
}

pub fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
