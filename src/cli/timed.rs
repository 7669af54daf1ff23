//! `icefold aggregate --repeat`: a question, repeated and timed. The stable way for others to run icefold beside their
//! own systems; `docs/BENCHMARKING.md` says what each time means.

use serde_json::{Value, json};

use crate::arrays::{ARRAY, AnswerFormat, Question, Start, Timed, Times, read};
use crate::backend::Device;
use crate::error::{Error, Result};
use crate::place::{Inputs, check_file};
use crate::read::table::TABLE;
use crate::run::tidy_file;
use crate::text::grouped;
use crate::usage;

use super::aggregate::AggregateArgs;
use super::machine::threads;
use super::out::{note, print, print_json};
use super::progress::Progress;

/// Version of the JSON's shape; a reader refuses one it does not know.
const SCHEMA_VERSION: u32 = 1;
/// Repeats where nobody says how many.
const REPEATS: u16 = 5;

pub fn timed(args: &AggregateArgs, mut question: Question) -> Result<u8> {
    let (order, latitude) = args.cells();
    let inputs = args.inputs();
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
            &Inputs::of(inputs.iter().map(|path| &**path)),
        )?;
        tidy_file(output, &Progress::of_notes())?;
    }
    let choice = args.machine.choice()?;
    let device = Device::open(&choice, threads(args.machine.threads))?;
    let photons = read(inputs, &question.config)?;
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
    for repeat in 0..args.repeat.unwrap_or(REPEATS) {
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
