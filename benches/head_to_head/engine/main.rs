//! The engine `icefold` of the head-to-head benches: answers tasks on workloads that are read from
//! disk beforehand, times them, and writes answers for `benches/head_to_head/` to check.
//!
//! ```text
//!   engine ids    --workload DIR                 writes DIR/ids.npy and DIR/ids_sphere.npy
//!   engine time   --workload DIR --task T ...    repeats, then one JSON object
//!   engine serve  --workload DIR --task T ...    one repeat per line of input: TASK [ANSWER FOLDER]
//!   engine stages --workload DIR                 every stage and yardstick in turns, then one JSON object
//!   engine rasters --photons N                   HEALPix, and rows and columns, in turns, then one JSON object
//! ```
//!
//! `serve` is what the runner talks to, so that repeats of several engines take turns; `stages` is
//! what the guard compares.

mod arena;
mod granule;
mod inflate;
mod ours;
mod rasters;
mod stages;
mod task;
mod workload;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use icefold::arrays::npy;
use icefold::grid::Latitude;
use icefold::usage;
use icefold::{Error, Result};
use serde_json::json;

use arena::{Arena, Repeat};
use ours::{Strategy, open};
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
    /// Times stages and yardsticks in turns.
    Stages {
        #[arg(long)]
        workload: PathBuf,
        #[arg(long, default_value_t = 2)]
        threads: usize,
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        /// One stage alone, without yardsticks: for an instruction counter.
        #[arg(long)]
        stage: Option<String>,
    },
    /// Times the same photons on HEALPix and on rows and columns in turns.
    Rasters {
        #[arg(long, default_value_t = 1 << 22)]
        photons: usize,
        /// Width and height of cells.
        #[arg(long, default_value_t = 1000.0)]
        metres: f64,
        #[arg(long, default_value_t = 1)]
        threads: usize,
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        /// Locates on one grid alone, without a check: for an instruction counter.
        #[arg(long)]
        grid: Option<String>,
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
    /// cpu, wgpu[:NAME] or cuda[:N]
    #[arg(long, default_value = "cpu")]
    device: String,
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
        std::process::exit(1);
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
        Arguments::Stages {
            workload,
            threads,
            repeat,
            stage,
        } => stages::stages(&workload, threads, repeat, stage.as_deref()),
        Arguments::Rasters {
            photons,
            metres,
            threads,
            repeat,
            grid,
        } => rasters::rasters(photons, metres, (threads, repeat), grid.as_deref()),
    }
}

fn ids(folder: &Path) -> Result<()> {
    let workload = Workload::open(folder)?;
    let (lon, lat) = workload.positions()?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let cpu = ours::cpu(threads, Strategy::Auto)?;
    let mut cells = vec![0; lon.len()];
    for (latitude, name) in [
        (Latitude::AuthalicWgs84, "ids.npy"),
        (Latitude::GeodeticSpherical, "ids_sphere.npy"),
    ] {
        cpu.cells(&lon, &lat, &workload.grid(latitude)?, &mut cells);
        npy::write(&folder.join(name), &cells)?;
    }
    Ok(())
}

impl Setting {
    fn arena(&self) -> Result<Arena> {
        let device = open(&self.device, self.threads, self.strategy)?;
        let workload = Workload::open(&self.workload)?;
        let arena = Arena::load(&workload, &self.task, device, self.threads)?;
        usage::forget_peak();
        Ok(arena)
    }
}

fn time(setting: &Setting, repeat: usize, answer: Option<&Path>, as_json: bool) -> Result<()> {
    let [task] = setting.task[..] else {
        return Err(Error::argument("time takes one --task"));
    };
    let mut arena = setting.arena()?;
    let warm_up = arena.repeat(task, answer)?;
    let mut repeats: Vec<Repeat> = Vec::new();
    for _ in 0..repeat {
        repeats.push(arena.repeat(task, None)?);
    }
    let photons = arena.photons();
    let seconds: Vec<f64> = repeats.iter().map(|r| r.seconds).collect();
    let median = stages::median(&seconds);
    if as_json {
        let report = json!({
            "engine": "icefold",
            "workload": setting.workload,
            "task": task.name(),
            "device": setting.device,
            "threads": setting.threads,
            "photons": photons,
            "warm_up": warm_up,
            "repeats": repeats,
            "photons_per_second": photons as f64 / median,
        });
        println!("{report}");
        return Ok(());
    }
    println!(
        "{}/{}/{photons}/icefold: {median:.6} s, {:.1} million photons/s, {} cells",
        task.name(),
        setting.workload.display(),
        photons as f64 / median / 1e6,
        warm_up.cells
    );
    Ok(())
}

fn serve(setting: &Setting) -> Result<()> {
    let mut arena = setting.arena()?;
    say(&json!({
        "ready": true,
        "versions": {"icefold": env!("CARGO_PKG_VERSION")},
        "device": arena.device_details(),
        "resident_bytes": usage::resident_bytes(),
    }));
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| Error::io("read", "standard input", e))?;
        let mut words = line.splitn(2, ' ');
        let name = words.next().unwrap_or_default();
        let task = Task::from_str(name, false)
            .map_err(|e| Error::argument(format!("no task '{name}': {e}")))?;
        let repeat = arena.repeat(task, words.next().map(Path::new))?;
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
