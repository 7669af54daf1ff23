//! `icefold verify`: two stores, or several devices on the same granules, bit by bit.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use arrow::array::Array;
use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::{Value, json};

use crate::backend::{Device, DeviceChoice};
use crate::config::{self, Access, Config};
use crate::error::{Error, Result};
use crate::finalize::{CellTable, finalize};
use crate::pipeline::{self, Memory, Options, Survey};
use crate::plan::plan;
use crate::report::{Progress, ProgressMode};
use crate::store::{self, VerifyReport};

use super::args::VerifyArgs;
use super::out::{note, print, print_json};
use super::plan::say_left_out;
use super::run::threads;

/// Two stores.
pub fn stores(args: &VerifyArgs, matches: Option<&ArgMatches>) -> Result<u8> {
    let [b] = args.b.as_slice() else {
        return Err(Error::argument(format!(
            "verify compares two stores, and {} are given; to compare devices, name them with \
             --devices cpu,wgpu",
            args.b.len() + 1
        )));
    };
    if !args.access.allow_external.is_empty() {
        return Err(Error::argument(
            "--allow-external is about granules, and two stores are compared; leave it out, or name \
             devices with --devices",
        ));
    }
    // The environment may say them for all verbs.
    let given = |id| matches.and_then(|m| m.value_source(id)) == Some(ValueSource::CommandLine);
    if let Some(flag) = ["memory", "threads"].into_iter().find(|flag| given(flag)) {
        return Err(Error::argument(format!(
            "--{flag} is about folding granules, and two stores are compared; leave it out, or name \
             devices with --devices"
        )));
    }
    let a = Path::new(&args.a);
    let report: VerifyReport = store::verify(a, b)?;
    let identical = report.identical();
    if args.json {
        let differences = report.differences.iter().map(ToString::to_string);
        print_json(&json!({
            "a": a.display().to_string(),
            "b": b.display().to_string(),
            "identical": identical,
            "differences": differences.collect::<Vec<_>>(),
            "notes": report.notes,
            "report": report.to_string(),
        }))?;
    } else {
        print(&report.to_string())?;
    }
    if identical {
        return Ok(0);
    }
    Err(Error::mismatch(format!(
        "stores {} and {} differ",
        a.display(),
        b.display()
    )))
}

/// What one device made of the granules.
struct Answer {
    device: String,
    /// By shard.
    tables: Vec<(u64, CellTable)>,
    seconds: f64,
    details: Value,
}

/// Several devices on the same granules: nothing is written.
pub fn devices(args: &VerifyArgs, interrupted: &AtomicBool) -> Result<u8> {
    let choices = choices(&args.devices)?;
    let mut config = config::load(&args.a)?;
    config.access = Access {
        chunk_memory: Some(args.memory.for_chunks()),
        threads: threads(args.threads),
        ..args.access.rules(false)?
    };
    let plan = plan(&args.b, &config, false)?;
    say_left_out(&plan);
    let survey = pipeline::survey(&config, &plan, false)?;
    let workers = threads(args.threads);
    let mut answers = Vec::with_capacity(choices.len());
    for (name, choice) in &choices {
        let device = Device::open(choice, workers)?;
        let answer = answer(
            (name, &device),
            (&config, &survey),
            args.memory,
            interrupted,
        )?;
        if let Some(warning) = device.warning() {
            note(format_args!("warning: {warning}"));
        }
        answers.push(answer);
    }
    let (first, others) = answers
        .split_first()
        .unwrap_or_else(|| unreachable!("there are two devices or more"));
    let differences: Vec<String> = others
        .iter()
        .flat_map(|other| differences(first, other))
        .collect();
    show(args.json, &answers, &differences)?;
    if differences.is_empty() {
        return Ok(0);
    }
    Err(Error::mismatch(format!(
        "devices {} differ; ICEFOLD_HOST_STAGES=sort,segment,reduce forces stages to the host, one \
         or several, to find where",
        args.devices.join(", ")
    )))
}

/// The devices by their names, two or more.
fn choices(names: &[String]) -> Result<Vec<(String, DeviceChoice)>> {
    let names = whole(names);
    if names.len() < 2 {
        return Err(Error::argument(
            "--devices takes two devices or more with commas between them, as in cpu,wgpu",
        ));
    }
    let choice = |name: String| {
        let choice = name
            .parse::<DeviceChoice>()
            .map_err(|message| Error::device(name.clone(), message))?;
        Ok((name, choice))
    };
    names.into_iter().map(choice).collect()
}

/// A number behind a comma belongs to the name before it: `cuda:0,1` is one choice.
fn whole(names: &[String]) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for name in names {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty();
        match whole.last_mut() {
            Some(last) if is_number && last.starts_with("cuda:") => {
                last.push(',');
                last.push_str(name);
            }
            _ => whole.push(name.clone()),
        }
    }
    whole
}

fn answer(
    (name, device): (&str, &Device),
    (config, survey): (&Config, &Survey),
    memory: Memory,
    interrupted: &AtomicBool,
) -> Result<Answer> {
    let started = Instant::now();
    let memory = memory.beside_chunks(survey.chunk_bytes);
    let options = Options {
        batch_rows: memory.rows(&survey.types, config.filters.len(), &survey.job),
        tolerant: false,
        table: None,
        // A strict run lists nothing.
        errors: Path::new("errors.parquet"),
        // Nothing is written: partials stay in memory.
        partials: u64::MAX,
        spill: Path::new(""),
        pieces: None,
        interrupted,
    };
    let progress = Progress::new(ProgressMode::Auto, &survey.granules);
    let folded = pipeline::fold(config, survey, device, &options, &progress);
    progress.finish();
    let mut partials = folded?.partials;
    let shards: Vec<u64> = partials.shards().collect();
    let tables = shards.into_iter().map(|shard| {
        let whole = partials.take_shard(shard)?.whole()?;
        finalize(shard, whole, &survey.job, &survey.schema).map(|done| (shard, done.table))
    });
    Ok(Answer {
        device: name.to_owned(),
        tables: tables.collect::<Result<_>>()?,
        seconds: started.elapsed().as_secs_f64(),
        details: Value::Object(device.details(&survey.job)),
    })
}

/// The first difference of each array, NaN and signs of zero included.
fn differences(a: &Answer, b: &Answer) -> Vec<String> {
    let pair = format!("{} and {}", a.device, b.device);
    let shards =
        |answer: &Answer| -> Vec<u64> { answer.tables.iter().map(|(shard, _)| *shard).collect() };
    if shards(a) != shards(b) {
        return vec![format!("{pair}: different shards")];
    }
    let mut found = Vec::new();
    for ((shard, a), (_, b)) in a.tables.iter().zip(&b.tables) {
        let columns = a.rows.columns().iter().zip(b.rows.columns());
        for (field, (a_array, b_array)) in a.rows.schema().fields().iter().zip(columns) {
            if a_array.to_data() == b_array.to_data() {
                continue;
            }
            let array = field.name();
            let rows = a_array.len().min(b_array.len());
            let row =
                (0..rows).find(|&i| a_array.slice(i, 1).to_data() != b_array.slice(i, 1).to_data());
            let place = row.map_or_else(
                || format!("{} and {} cells", a_array.len(), b_array.len()),
                |row| {
                    format!(
                        "row {row}: {:?} and {:?}",
                        a_array.slice(row, 1),
                        b_array.slice(row, 1)
                    )
                },
            );
            found.push(format!("{pair}: shard {shard}, {array}, {place}"));
        }
    }
    found
}

fn show(as_json: bool, answers: &[Answer], differences: &[String]) -> Result<()> {
    let cells = |answer: &Answer| -> usize {
        answer
            .tables
            .iter()
            .map(|(_, table)| table.rows.num_rows())
            .sum()
    };
    if as_json {
        let devices = answers.iter().map(|answer| {
            json!({
                "device": answer.device,
                "details": answer.details,
                "seconds": answer.seconds,
                "cells": cells(answer),
            })
        });
        return print_json(&json!({
            "identical": differences.is_empty(),
            "devices": devices.collect::<Vec<_>>(),
            "differences": differences,
        }));
    }
    let mut text = String::new();
    for answer in answers {
        let (device, seconds) = (&answer.device, answer.seconds);
        let cells = cells(answer);
        text.push_str(&format!("{device:<12} {cells} cells in {seconds:.2} s\n"));
    }
    if differences.is_empty() {
        text.push_str("identical: every bit of every array");
    } else {
        text.push_str(&differences.join("\n"));
    }
    print(&text)
}
