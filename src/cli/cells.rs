//! `icefold aggregate --to`: the cells of tables or arrays as a store, or as the rows of one file.
//!
//! Tables go through the line, as in `icefold run`, within `--memory`; arrays are in memory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value, json};

use crate::arrays::{Found, Question, are_arrays, read_kept};
use crate::backend::Device;
use crate::error::{Error, Result};
use crate::photon::Counts;
use crate::place::{Inputs, check_file};
use crate::run::{Granules, Outcome, Run, tidy_file};
use crate::store::{ContentHash, RowsFormat};
use crate::text::grouped;

use super::aggregate::AggregateArgs;
use super::exit::exit_code;
use super::machine::{command_line, threads};
use super::out::{note, print, print_json};
use super::progress::Progress;
use super::run::show_standing;
use super::words::CommandLine;

/// Version of the JSON's shape; a reader refuses one it does not know.
const SCHEMA_VERSION: u32 = 1;

/// What was written, for people and for programs.
struct Written {
    counts: Counts,
    cells: u64,
    outputs: Map<String, Value>,
    content: String,
    device: Value,
    seconds: f64,
}

/// Writes the cells to a path, whose extension says as what.
pub fn write(
    args: &AggregateArgs,
    question: Question,
    to: &Path,
    interrupted: impl FnOnce() -> Result<Arc<AtomicBool>>,
) -> Result<u8> {
    let store = to
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("zarr"));
    if !store {
        RowsFormat::of(to)?;
    }
    let arrays = args.inputs().iter().filter(|path| are_arrays(path)).count();
    if arrays > 0 {
        if arrays < args.inputs().len() {
            return Err(Error::argument(
                "some inputs are arrays and some are tables; aggregate them apart, or write the arrays as tables",
            ));
        }
        if store {
            return Err(Error::argument(format!(
                "arrays do not become the store {}, only tables do; write .parquet, .csv or .arrow, or the arrays as a \
                 table first",
                to.display()
            )));
        }
        return shown(args, to, &of_arrays(args, &question, to)?);
    }
    let progress = Progress::new(args.progress, interrupted()?);
    let run = Run::new(question.config, Granules::named(args.inputs()))
        .overwrite(args.overwrite)
        .device(args.machine.choice()?)
        .threads(threads(args.machine.threads))
        .memory(args.memory)
        .command(command_line())
        .watch(&progress)
        .dialect(&CommandLine);
    if !store {
        let rows = run.into_rows(to)?;
        return shown(
            args,
            to,
            &Written {
                counts: rows.tally.counts,
                cells: rows.cells,
                outputs: hashes(&rows.hashes),
                content: rows.content,
                device: device(rows.device, rows.device_details),
                seconds: rows.seconds,
            },
        );
    }
    let outcome = run.into_store(to).execute()?;
    match &outcome {
        Outcome::Standing(standing) if args.json => {
            print_json(&document(args, to, &of_report(&standing.report)))?;
        }
        Outcome::Standing(standing) => show_standing(standing, false)?,
        Outcome::Store(done) | Outcome::Pieces(done) if args.json => {
            print_json(&document(args, to, &of_report(&json!(done.report))))?;
        }
        Outcome::Store(done) | Outcome::Pieces(done) => {
            let summary = done.report.summary(&done.tally);
            print(&format!("{}\n{summary}", done.path.display()))?;
        }
    }
    Ok(exit_code(
        outcome.is_whole() && (args.allow_empty || !outcome.is_empty()),
    ))
}

/// What the report of a store says.
fn of_report(report: &Value) -> Written {
    let photons = &report["photons"];
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let by_name = |value: &Value| {
        let entries = value.as_object().into_iter().flatten();
        entries
            .map(|(name, count)| (name.clone(), number(count)))
            .collect()
    };
    Written {
        counts: Counts {
            read: number(&photons["read"]),
            kept: number(&photons["kept"]),
            rejected: by_name(&photons["rejected_by"]),
            nulls: by_name(&photons["null_by"]),
            ..Counts::default()
        },
        cells: number(&report["occupied_cells"]),
        outputs: report["outputs"].as_object().cloned().unwrap_or_default(),
        content: report["content_sha256"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        device: report["device"].clone(),
        seconds: report["seconds"].as_f64().unwrap_or_default(),
    }
}

/// Cells of arrays, as rows.
fn of_arrays(args: &AggregateArgs, question: &Question, to: &Path) -> Result<Written> {
    let inputs = Inputs::of(args.inputs().iter().map(|path| &**path));
    check_file(to, RowsFormat::of(to)?.artefact(), args.overwrite, &inputs)?;
    tidy_file(to, &Progress::of_notes())?;
    let opened = Device::open(&args.machine.choice()?, threads(args.machine.threads))?;
    let kept = opened.install(|| read_kept(args.inputs(), &question.config))?;
    let found = Found::of(question, kept, &opened, true)?;
    if let Some(warning) = opened.warning() {
        note(format_args!("warning: {warning}"));
    }
    found.write(to)?;
    if found.counts.kept == 0 {
        note(format_args!(
            "warning: no photon was kept, of {} that were read",
            grouped(found.counts.read)
        ));
    }
    let (of_arrays, content) = found.hashes.unwrap_or_default();
    Ok(Written {
        counts: found.counts,
        cells: found.cells,
        outputs: hashes(&of_arrays),
        content,
        device: device(opened.name(), Map::new()),
        seconds: found.seconds,
    })
}

fn hashes(hashes: &[ContentHash]) -> Map<String, Value> {
    let of_array = |hash: &ContentHash| (hash.array.clone(), json!({"sha256": hash.sha256}));
    hashes.iter().map(of_array).collect()
}

fn device(name: &str, details: Map<String, Value>) -> Value {
    let mut facts = Map::new();
    facts.insert("name".to_owned(), name.into());
    facts.extend(details);
    Value::Object(facts)
}

fn document(args: &AggregateArgs, to: &Path, written: &Written) -> Value {
    let (order, latitude) = args.cells();
    let counts = &written.counts;
    json!({
        "schema_version": SCHEMA_VERSION,
        "icefold_version": env!("CARGO_PKG_VERSION"),
        "to": to,
        "device": written.device,
        "threads": threads(args.machine.threads),
        "latitude": latitude.name(),
        "cell_order": order.get(),
        "statistics": args.stats.iter().map(|s| s.name()).collect::<Vec<_>>(),
        "photons": {"read": counts.read, "kept": counts.kept, "rejected_by": counts.rejected, "null_by": counts.nulls},
        "cells": written.cells,
        "seconds": written.seconds,
        "outputs": written.outputs,
        "content_sha256": written.content,
    })
}

/// Says what was written, and gives back the exit code.
fn shown(args: &AggregateArgs, to: &Path, written: &Written) -> Result<u8> {
    if args.json {
        print_json(&document(args, to, written))?;
    } else {
        let counts = &written.counts;
        let mut lines = vec![
            to.display().to_string(),
            format!("  {:<16} {} read", "photons", grouped(counts.read)),
            format!("  {:<16} {}", "  kept", grouped(counts.kept)),
        ];
        for (reason, count) in &counts.rejected {
            lines.push(format!(
                "  {:<16} {} ({reason})",
                "  rejected",
                grouped(*count)
            ));
        }
        for (column, count) in counts.nulls.iter().filter(|(_, count)| **count > 0) {
            lines.push(format!("  {:<16} {} ({column})", "  null", grouped(*count)));
        }
        lines.push(format!(
            "  {:<16} {}",
            "occupied cells",
            grouped(written.cells)
        ));
        lines.push(format!("  {:<16} sha256 {}", "content", written.content));
        print(&lines.join("\n"))?;
    }
    Ok(exit_code(args.allow_empty || written.counts.kept > 0))
}
