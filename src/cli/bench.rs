//! `icefold bench`: how fast this machine's devices fold photons in memory.
//!
//! Each answer is compared with the oracle's bits before its time is shown. It takes under two minutes and
//! needs no data.

use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use crate::arrays::{
    Columns, Photons, Question, Start, Statistic, Timed, WORKLOADS, Workload, oracle,
};
use crate::backend::{Device, DeviceChoice, cuda};
use crate::error::{Error, Result};
use crate::grid::Latitude;
use crate::stat::{Ordered, Partials};
use crate::text::grouped;

use super::machine::threads;
use super::out::{note, print, print_json};
use super::words::CommandLine;

/// Version of the JSON's shape; a reader refuses one it does not know.
const SCHEMA_VERSION: u32 = 1;
/// Timed repeats of everything, at least and, while they are quick, at most.
const REPEATS: [usize; 2] = [5, 25];
/// Seconds that one row's repeats may take beyond the least.
const ROW_SECONDS: f64 = 1.0;
/// Seconds after which no more is begun.
const SECONDS: u64 = 90;
/// Bytes that the yardstick copies: far more than caches hold.
const COPIED: usize = 1 << 27;

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// A workload, may be given several times [default: all]
    #[arg(long, value_name = "NAME", value_parser = workload)]
    pub workload: Vec<Workload>,
    /// A device, as for run; may be given several times [default: all that are available]
    #[arg(long, value_name = "DEVICE")]
    pub device: Vec<String>,
    /// Worker threads [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Photons of each workload
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1 << 27))]
    pub photons: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn workload(name: &str) -> Result<Workload, String> {
    Workload::named(name).ok_or_else(|| {
        let names: Vec<&str> = WORKLOADS.iter().map(|workload| workload.name).collect();
        format!("there is no workload '{name}'; use {}", names.join(", "))
    })
}

/// What is asked of every workload.
const QUESTIONS: [(&str, &[Statistic]); 2] = [
    (
        "locate_groupby",
        &[
            Statistic::Count,
            Statistic::Min,
            Statistic::Max,
            Statistic::Mean,
            Statistic::Var,
        ],
    ),
    (
        "locate_quartiles",
        &[
            Statistic::Percentile(25),
            Statistic::Median,
            Statistic::Percentile(75),
        ],
    ),
];

/// One row of the table.
#[derive(Debug, Serialize)]
struct Row {
    device: String,
    workload: &'static str,
    task: &'static str,
    cells: usize,
    /// Wall seconds of every repeat, to partials in memory.
    fold_seconds: Vec<f64>,
    /// The same, and every statistic rounded.
    total_seconds: Vec<f64>,
    cpu_seconds: Vec<Option<f64>>,
    /// Of the order in which the stages of the last repeat ran.
    strategy: &'static str,
    /// Median photons per second, to partials.
    photons_per_second: f64,
}

pub fn bench(args: &BenchArgs) -> Result<u8> {
    let started = Instant::now();
    let end = started + Duration::from_secs(SECONDS);
    let devices = devices(&args.device, threads(args.threads))?;
    let workloads = if args.workload.is_empty() {
        WORKLOADS.to_vec()
    } else {
        args.workload.clone()
    };
    let mut bench = Bench {
        photons: args.photons as usize,
        devices,
        end,
        rows: Vec::new(),
        wrong: Vec::new(),
        left_out: Vec::new(),
        oracle_rate: Vec::new(),
    };
    let mut copies = vec![copy_rate()];
    for workload in workloads {
        note(format_args!("{}: {}", workload.name, workload.about));
        for (task, statistics) in QUESTIONS {
            bench.measure(workload, task, statistics)?;
        }
        copies.push(copy_rate());
    }
    let copy = median(&copies);
    if args.json {
        print_json(&bench.to_json(&copies, threads(args.threads)))?;
    } else {
        print(&bench.table(copy, started.elapsed()))?;
    }
    if bench.wrong.is_empty() {
        return Ok(0);
    }
    Err(Error::mismatch(bench.wrong.join("; ")))
}

/// The devices asked for, or all that open; the CPU always does.
fn devices(names: &[String], threads: usize) -> Result<Vec<(String, Device)>> {
    if names.is_empty() {
        let mut found = vec![("cpu".to_owned(), Device::open(&DeviceChoice::Cpu, threads)?)];
        let cuda = cuda::find().why_not.is_none();
        for name in ["cuda", "wgpu"]
            .into_iter()
            .filter(|&name| name != "cuda" || cuda)
        {
            let choice = name.parse::<DeviceChoice>();
            match choice.map(|choice| Device::open(&choice, threads)) {
                Ok(Ok(device)) => found.push((name.to_owned(), device)),
                Ok(Err(error)) => {
                    let why = error.render(&CommandLine);
                    note(format_args!("{name} is left out: {why}"));
                }
                Err(message) => note(format_args!("{name} is left out: {message}")),
            }
        }
        return Ok(found);
    }
    let open = |name: &String| {
        let choice: DeviceChoice = name
            .parse()
            .map_err(|message| Error::device(name.clone(), message))?;
        Ok((name.clone(), Device::open(&choice, threads)?))
    };
    names.iter().map(open).collect()
}

struct Bench {
    photons: usize,
    devices: Vec<(String, Device)>,
    end: Instant,
    rows: Vec<Row>,
    /// Devices whose answers differ from the oracle's: no time of theirs is shown.
    wrong: Vec<String>,
    /// What there was no time for.
    left_out: Vec<String>,
    /// Photons per second of the oracle on one thread, by workload and task.
    oracle_rate: Vec<(&'static str, &'static str, f64)>,
}

impl Bench {
    /// All devices on one workload and question, in turns.
    fn measure(
        &mut self,
        workload: Workload,
        task: &'static str,
        statistics: &[Statistic],
    ) -> Result<()> {
        let name = workload.name;
        if Instant::now() > self.end {
            self.left_out.push(format!("{name} {task}"));
            return Ok(());
        }
        let columns = Columns {
            lon: "lon".to_owned(),
            lat: "lat".to_owned(),
            values: vec!["h".to_owned()],
            weights: None,
        };
        let grid = (workload.order(), Latitude::AuthalicWgs84);
        let question = Question::new(&columns, statistics, grid, None)?;
        let photons: Photons = workload.photons(self.photons);
        let mut timed = Timed::new(&question, photons)?;
        let clock = Instant::now();
        let expected = sorted(oracle(timed.batch(), timed.grid(), &timed.job));
        let rate = self.photons as f64 / clock.elapsed().as_secs_f64();
        self.oracle_rate.push((name, task, rate));
        let mut rows = Vec::new();
        for (place, (device, opened)) in self.devices.iter().enumerate() {
            let (found, _) = timed.fold(Start::Positions(opened))?;
            if sorted(found) != expected {
                let message = format!("{device} on {name}, {task}: not the oracle's partials");
                note(format_args!("wrong: {message}"));
                self.wrong.push(message);
                continue;
            }
            rows.push((place, Row::new(device, name, task, expected.len())));
        }
        self.repeat(&mut timed, &mut rows)?;
        self.rows.extend(rows.into_iter().map(|(_, row)| row));
        Ok(())
    }

    /// A B A B, so that a slow moment of the machine hits all devices.
    fn repeat(&self, timed: &mut Timed, rows: &mut [(usize, Row)]) -> Result<()> {
        for repeat in 0..REPEATS[1] {
            for (place, row) in rows.iter_mut() {
                let took: f64 = row.total_seconds.iter().sum();
                if repeat >= REPEATS[0] && took > ROW_SECONDS {
                    continue;
                }
                let (answer, times) = timed.repeat(Start::Positions(&self.devices[*place].1))?;
                drop(answer);
                row.fold_seconds.push(times.fold_seconds);
                row.total_seconds.push(times.total_seconds);
                row.cpu_seconds.push(times.cpu_seconds);
                row.strategy = times.strategy;
            }
        }
        for (_, row) in rows.iter_mut() {
            row.photons_per_second = self.photons as f64 / median(&row.fold_seconds);
        }
        Ok(())
    }

    fn to_json(&self, copies: &[f64], threads: usize) -> Value {
        json!({
            "schema_version": SCHEMA_VERSION,
            "icefold_version": env!("CARGO_PKG_VERSION"),
            "threads": threads,
            "photons": self.photons,
            "copy_bytes_per_second": copies,
            "oracle_photons_per_second": self.oracle_rate.iter().map(|(workload, task, rate)| json!({
                "workload": workload, "task": task, "photons_per_second": rate,
            })).collect::<Vec<_>>(),
            "rows": self.rows,
            "wrong": self.wrong,
            "left_out": self.left_out,
        })
    }

    fn table(&self, copy: f64, took: Duration) -> String {
        let mut text = format!(
            "\n{} photons in memory, lon, lat and one float32 column; every answer has the oracle's bits\n\n\
             {:<10} {:<16} {:<17} {:>9} {:>10} {:>10} {:>7} {:>12} {:>9}\n",
            grouped(self.photons as u64),
            "device",
            "workload",
            "task",
            "cells",
            "fold, ms",
            "total, ms",
            "spread",
            "Mphotons/s",
            "x oracle",
        );
        for row in &self.rows {
            let oracle = self
                .oracle_rate
                .iter()
                .find(|o| (o.0, o.1) == (row.workload, row.task));
            text.push_str(&format!(
                "{:<10} {:<16} {:<17} {:>9} {:>10.2} {:>10.2} {:>6.0}% {:>12.1} {:>9.1}\n",
                row.device,
                row.workload,
                row.task,
                grouped(row.cells as u64),
                median(&row.fold_seconds) * 1e3,
                median(&row.total_seconds) * 1e3,
                spread(&row.fold_seconds) * 100.0,
                row.photons_per_second / 1e6,
                row.photons_per_second / oracle.map_or(f64::NAN, |o| o.2),
            ));
        }
        for left_out in &self.left_out {
            text.push_str(&format!("left out, no time: {left_out}\n"));
        }
        text + &format!(
            "\nfold: arrays to partials, transfers inside; total: to rounded statistics. Medians; spread is \
             half the\ndistance of the quartiles. The oracle folds on one thread. Memory copy: {:.1} GB/s. \
             Took {:.0} s.\n",
            copy / 1e9,
            took.as_secs_f64()
        )
    }
}

impl Row {
    fn new(device: &str, workload: &'static str, task: &'static str, cells: usize) -> Self {
        Self {
            device: device.to_owned(),
            workload,
            task,
            cells,
            fold_seconds: Vec::new(),
            total_seconds: Vec::new(),
            cpu_seconds: Vec::new(),
            strategy: "",
            photons_per_second: 0.0,
        }
    }
}

/// Order statistics are multisets: equal ones have one order.
pub(super) fn sorted(mut partials: Partials) -> Partials {
    let columns = partials.columns.iter_mut();
    columns
        .filter_map(|column| column.ordered.as_mut())
        .for_each(Ordered::sort);
    partials
}

/// Bytes per second of a copy on one thread: what is read and written counts once.
fn copy_rate() -> f64 {
    // Not zeros: their pages would be touched for the first time inside the clock.
    let from = vec![1u8; COPIED];
    let mut to = vec![2u8; COPIED];
    let clock = Instant::now();
    to.copy_from_slice(std::hint::black_box(&from));
    let seconds = clock.elapsed().as_secs_f64();
    std::hint::black_box(&to);
    COPIED as f64 / seconds
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = q * (sorted.len().saturating_sub(1)) as f64;
    let low = sorted.get(place as usize).copied().unwrap_or(f64::NAN);
    let high = sorted.get(place.ceil() as usize).copied().unwrap_or(low);
    low + (high - low) * place.fract()
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

fn spread(values: &[f64]) -> f64 {
    (quantile(values, 0.75) - quantile(values, 0.25)) / 2.0 / median(values)
}
