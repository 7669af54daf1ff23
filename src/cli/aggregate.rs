//! `icefold aggregate`: statistics of photons in tables or arrays, repeated and timed. The stable way
//! for others to run icefold beside their own systems; `docs/BENCHMARKING.md` says what each time
//! means.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::arrays::{ARRAY, AnswerFormat, Columns, Question, Start, Statistic, Timed, Times, read};
use crate::backend::Device;
use crate::error::{Error, Result};
use crate::grid::{Latitude, Order};
use crate::pipeline::Memory;
use crate::place::{Inputs, check_file};
use crate::read::table::TABLE;
use crate::run::tidy_file;
use crate::stat::Resolution;
use crate::text::grouped;
use crate::usage;

use super::machine::{MachineArgs, threads};
use super::out::{note, print, print_json};
use super::progress::Progress;
use super::words::CommandLine;

/// Version of the JSON's shape; a reader refuses one it does not know.
const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Args)]
pub struct AggregateArgs {
    /// Photons: Parquet, Arrow IPC or CSV tables, a .npy file of one structured array, or a folder with a
    /// .npy file for each column
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub input: Vec<PathBuf>,
    /// Column of longitudes, degrees
    #[arg(long, value_name = "COLUMN", default_value = "lon")]
    pub lon: String,
    /// Column of geodetic latitudes, degrees
    #[arg(long, value_name = "COLUMN", default_value = "lat")]
    pub lat: String,
    /// Columns to aggregate
    #[arg(
        long,
        value_name = "COLUMN,..",
        value_delimiter = ',',
        default_value = "h"
    )]
    pub values: Vec<String>,
    /// Column of weights, for wmean
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
    /// HEALPix order of the cells
    #[arg(long, value_name = "ORDER")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=29))]
    pub cell_order: u8,
    /// count, min, max, sum, mean, var, std, median, q0 to q100, wmean
    #[arg(long, value_name = "STATISTIC,..", value_delimiter = ',')]
    #[arg(default_value = "count,min,max,mean,var", value_parser = statistic)]
    pub stats: Vec<Statistic>,
    /// Which latitude is hashed
    #[arg(long, value_enum, default_value_t = LatitudeArg::AuthalicWgs84)]
    pub latitude: LatitudeArg,
    /// Unit of exact sums, as 2^-34 [default: by the column's name, 2^-34 for heights]
    #[arg(long, value_name = "2^-E", allow_hyphen_values = true, value_parser = resolution)]
    pub resolution: Option<Resolution>,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Memory, of which half of what the program leaves is for parts of tables, such as 512MiB or 4GiB;
    /// photons and cells take what they need beside it
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Timed repeats, after one that warms up
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub repeat: u16,
    /// Write the answer: .parquet, .arrow, or .npy for one structured array
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the output if it exists
    #[arg(long)]
    pub overwrite: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LatitudeArg {
    AuthalicWgs84,
    GeodeticSpherical,
}

fn statistic(text: &str) -> Result<Statistic, String> {
    let parsed = text.parse();
    parsed.map_err(|error: Error| error.render(&CommandLine))
}

/// `2^-34`, or `-34` for short.
fn resolution(text: &str) -> Result<Resolution, String> {
    let exponent = text.strip_prefix("2^").unwrap_or(text).parse::<i32>();
    let negated = exponent.ok().and_then(i32::checked_neg);
    negated
        .and_then(Resolution::new)
        .ok_or_else(|| format!("'{text}' is no resolution; give a power of two, as 2^-34"))
}

pub fn aggregate(args: &AggregateArgs) -> Result<u8> {
    let latitude = match args.latitude {
        LatitudeArg::AuthalicWgs84 => Latitude::AuthalicWgs84,
        LatitudeArg::GeodeticSpherical => Latitude::GeodeticSpherical,
    };
    let order = Order::new(args.cell_order).unwrap_or(Order::MAX);
    let columns = Columns {
        lon: args.lon.clone(),
        lat: args.lat.clone(),
        values: args.values.clone(),
        weights: args.weights.clone(),
    };
    let mut question = Question::new(&columns, &args.stats, (order, latitude), args.resolution)?;
    question.config.access.chunk_memory = Some(args.memory.for_chunks());
    if let Some(output) = &args.output {
        let kind = match AnswerFormat::of(output)? {
            AnswerFormat::Table => TABLE,
            AnswerFormat::Npy => ARRAY,
        };
        check_file(
            output,
            kind,
            args.overwrite,
            &Inputs::of(args.input.iter().map(|path| &**path)),
        )?;
        tidy_file(output, &Progress::of_notes())?;
    }
    let choice = args.machine.choice()?;
    let device = Device::open(&choice, threads(args.machine.threads))?;
    let photons = read(&args.input, &question.config)?;
    let counts = photons.counts.clone();
    let mut timed = Timed::new(&question, photons)?;
    usage::forget_peak();
    let (answer, warm_up) = timed.repeat(Start::Positions(&device))?;
    let (hashes, content) = answer.hashes(&timed.schema);
    if let Some(output) = &args.output {
        answer.write(&timed.schema, output)?;
    }
    let cells = answer.cells.len();
    drop(answer);
    let mut repeats = Vec::new();
    for repeat in 0..args.repeat {
        let (again, times) = timed.repeat(Start::Positions(&device))?;
        let (_, found) = again.hashes(&timed.schema);
        if found != content {
            return Err(Error::mismatch(format!(
                "repeat {repeat} on {} gave content {found}, the first answer was {content}",
                device.name()
            )));
        }
        repeats.push(times);
    }
    if let Some(warning) = device.warning() {
        note(format_args!("warning: {warning}"));
    }
    if !args.json {
        return print(&summary(&repeats, timed.photons(), cells, &content)).map(|()| 0);
    }
    let of_arrays = hashes
        .iter()
        .map(|hash| (hash.array.clone(), json!({"sha256": hash.sha256})));
    print_json(&json!({
        "schema_version": SCHEMA_VERSION,
        "icefold_version": env!("CARGO_PKG_VERSION"),
        "device": device_facts(&device, &timed),
        "threads": threads(args.machine.threads),
        "latitude": latitude.name(),
        "cell_order": order.get(),
        "statistics": question.statistics.iter().map(|s| s.name()).collect::<Vec<_>>(),
        "photons": {"read": counts.read, "kept": counts.kept, "rejected_by": counts.rejected},
        "cells": cells,
        "warm_up": warm_up,
        "repeats": repeats,
        "peak_resident_bytes": usage::peak_resident_bytes(),
        "outputs": of_arrays.collect::<serde_json::Map<String, Value>>(),
        "content_sha256": content,
        "output": args.output,
    }))?;
    Ok(0)
}

fn device_facts(device: &Device, timed: &Timed) -> Value {
    let mut facts = serde_json::Map::new();
    facts.insert("name".to_owned(), device.name().into());
    facts.extend(device.details(&timed.job));
    Value::Object(facts)
}

/// A row for each repeat, for people.
fn summary(repeats: &[Times], photons: usize, cells: usize, content: &str) -> String {
    let mut text = format!(
        "{} photons, {} cells\n{:>8} {:>12} {:>12} {:>12} {:>16}  order of stages\n",
        grouped(photons as u64),
        grouped(cells as u64),
        "repeat",
        "fold, ms",
        "total, ms",
        "cpu, ms",
        "million photons/s",
    );
    for (i, times) in repeats.iter().enumerate() {
        let cpu = times
            .cpu_seconds
            .map_or("-".to_owned(), |s| format!("{:.3}", s * 1e3));
        text.push_str(&format!(
            "{:>8} {:>12.3} {:>12.3} {cpu:>12} {:>16.1}  {}\n",
            i + 1,
            times.fold_seconds * 1e3,
            times.total_seconds * 1e3,
            photons as f64 / times.total_seconds.max(1e-12) / 1e6,
            times.strategy,
        ));
    }
    text + &format!("content sha256 {content}\n")
}
