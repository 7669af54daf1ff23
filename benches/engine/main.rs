//! The engine `icefold` of the head-to-head benches: times tasks on workloads that are read from
//! disk beforehand, and writes answers for `benches/peers/` to check.
//!
//! ```text
//!   engine ids   --workload DIR                 writes DIR/ids.npy and DIR/ids_sphere.npy
//!   engine time  --workload DIR --task T ...    repeats, then one JSON object
//!   engine serve --workload DIR --task T ...    one repeat per line of input: TASK [ANSWER FOLDER]
//! ```
//!
//! `serve` is what the runner talks to, so that repeats of several engines take turns.

mod arena;
mod npy;
mod ours;
mod task;
mod workload;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use icefold::grid::Latitude;
use icefold::{Error, Result};
use serde_json::json;

use arena::{Arena, Repeat};
use ours::{Ours, Strategy};
use task::Task;
use workload::Workload;

/// Times icefold on workloads on disk.
#[derive(Debug, Parser)]
enum Arguments {
    /// Writes the cell of every photon, on the authalic latitude and as if on a sphere.
    Ids {
        #[arg(long)]
        workload: PathBuf,
    },
    /// Repeats one task and prints the times.
    Time {
        #[command(flatten)]
        setting: Setting,
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        /// Folder for the answer as .npy.
        #[arg(long)]
        answer: Option<PathBuf>,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Runs one repeat per line of input and answers each with one line of JSON.
    Serve {
        #[command(flatten)]
        setting: Setting,
    },
}

#[derive(Debug, clap::Args)]
struct Setting {
    #[arg(long)]
    workload: PathBuf,
    /// May be given several times for `serve`.
    #[arg(long, value_enum, required = true)]
    task: Vec<Task>,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[arg(long, value_enum, default_value_t = Strategy::Auto)]
    strategy: Strategy,
}

fn main() {
    // Cargo gives every bench program this flag.
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    if arguments.len() == 1 {
        println!("run scripts/bench, or this with --help");
        return;
    }
    if let Err(error) = run(Arguments::parse_from(arguments)) {
        eprintln!("engine: {error}");
        std::process::exit(i32::from(error.exit_code()));
    }
}

fn run(arguments: Arguments) -> Result<()> {
    match arguments {
        Arguments::Ids { workload } => ids(&workload),
        Arguments::Time {
            setting,
            repeat,
            answer,
            json,
        } => time(&setting, repeat, answer.as_deref(), json),
        Arguments::Serve { setting } => serve(&setting),
    }
}

fn ids(folder: &Path) -> Result<()> {
    let workload = Workload::open(folder)?;
    let photons = workload.batch()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let ours = Ours::open(threads, Strategy::Auto)?;
    let mut cells = vec![0; photons.len()];
    for (latitude, name) in [
        (Latitude::AuthalicWgs84, "ids.npy"),
        (Latitude::GeodeticSpherical, "ids_sphere.npy"),
    ] {
        let grid = workload.grid(latitude)?;
        ours.cells(&photons.lon, &photons.lat, &grid, &mut cells);
        npy::write(&folder.join(name), &cells)?;
    }
    Ok(())
}

fn time(setting: &Setting, repeat: usize, answer: Option<&Path>, as_json: bool) -> Result<()> {
    let [task] = setting.task[..] else {
        return Err(Error::Usage("time takes one --task".to_owned()));
    };
    let workload = Workload::open(&setting.workload)?;
    let mut arena = Arena::load(&workload, &[task])?;
    let ours = Ours::open(setting.threads, setting.strategy)?;
    let warm_up = arena.repeat(&ours, task, answer)?;
    let mut repeats: Vec<Repeat> = Vec::new();
    for _ in 0..repeat {
        repeats.push(arena.repeat(&ours, task, None)?);
    }
    let last = repeats.last().unwrap_or(&warm_up);
    let median = median(repeats.iter().map(|r| r.seconds).collect());
    let photons = workload.description.photons;
    if !as_json {
        println!(
            "{}/{}/{photons}/icefold: {median:.6} s, {:.1} million photons/s, {} cells",
            task.name(),
            workload.description.name,
            photons as f64 / median / 1e6,
            last.cells
        );
        return Ok(());
    }
    let seconds: Vec<f64> = repeats.iter().map(|r| r.seconds).collect();
    let finished: Vec<f64> = repeats.iter().map(|r| r.finished_seconds).collect();
    let report = json!({
        "engine": "icefold",
        "workload": workload.description.name,
        "task": task.name(),
        "threads": setting.threads,
        "strategy": last.strategy,
        "photons": photons,
        "cells": last.cells,
        "seconds": seconds,
        "finished_seconds": finished,
        "photons_per_second": photons as f64 / median,
        "peak_rss_bytes": last.peak_rss_bytes,
    });
    println!("{report}");
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

fn serve(setting: &Setting) -> Result<()> {
    let workload = Workload::open(&setting.workload)?;
    let mut arena = Arena::load(&workload, &setting.task)?;
    let ours = Ours::open(setting.threads, setting.strategy)?;
    say(&json!({"ready": true, "versions": {"icefold": env!("CARGO_PKG_VERSION")}}));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| Error::io("read", "standard input", e))?;
        let mut words = line.splitn(2, ' ');
        let name = words.next().unwrap_or_default();
        let task = Task::from_str(name, false)
            .map_err(|e| Error::Usage(format!("no task '{name}': {e}")))?;
        let repeat = arena.repeat(&ours, task, words.next().map(Path::new))?;
        say(&json!(repeat));
    }
    Ok(())
}

/// One line, at once: the other end waits for it.
fn say(message: &serde_json::Value) {
    println!("{message}");
    // A reader that is gone is noticed by the end of its input.
    let _ = std::io::stdout().flush();
}
