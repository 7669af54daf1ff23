//! The run report: schema-versioned JSON for programs, a short table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::stat::Job;
use crate::store::{ContentHash, Written, content_hash, grouped};
use crate::table::ErrorSummary;

use super::tally::Tally;
use super::whole::write_whole;

/// Version of the report's shape; a reader refuses one it does not know.
const SCHEMA_VERSION: u32 = 1;

/// What a run knew before it began.
#[derive(Debug)]
pub struct RunFacts<'a> {
    pub command: Vec<String>,
    pub config_name: &'a str,
    pub config_sha256: &'a str,
    pub device: &'static str,
    pub device_reason: &'static str,
    /// What more there is to say of the device.
    pub device_details: serde_json::Map<String, Value>,
    pub threads: usize,
    pub memory_bytes: u64,
    pub batch_rows: usize,
    pub plan: &'a Plan,
    pub job: &'a Job,
    pub store: &'a Path,
    pub table: Option<&'a Path>,
    /// Of a run over a shard map.
    pub pieces: Option<PieceReport<'a>>,
}

/// The pieces of a run over a shard map.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PieceReport<'a> {
    pub folder: &'a Path,
    /// Pieces that this run wrote, and those that were done before.
    pub written: usize,
    pub kept: usize,
    /// Photons in those that were done before; they are none of the photons that this run read.
    pub photons_kept: u64,
    /// Shards of the map.
    pub of: usize,
}

/// Everything `run.json` holds.
#[derive(Debug, Serialize)]
pub struct RunReport {
    pub schema_version: u32,
    pub icefold_version: &'static str,
    pub command: Vec<String>,
    pub config: Value,
    pub device: Value,
    /// The shard map and the part of it that the run is about; `null` without one.
    pub plan: Value,
    /// The pieces that were written, and those that were done before; `null` without a shard map.
    pub pieces: Value,
    pub threads: usize,
    /// Bytes that batches may take on their way through the line, and rows of a batch.
    pub memory: Value,
    /// Wall seconds of the whole run, monotonic clock.
    pub seconds: f64,
    /// Seconds and bytes by stage; `null` where a stage is inside another.
    pub stages: Value,
    pub photons: Value,
    pub granules: Value,
    /// The first rows that were rejected for their value, and how many there were.
    pub rejected_rows: Value,
    /// Where the error table is (`null`: nothing was left out), its rows, and their number by code.
    pub errors: ErrorSummary,
    pub shards: u64,
    pub occupied_cells: u64,
    /// Cells in which a weighted mean has no weight, summed over outputs.
    pub cells_without_weight: u64,
    /// Largest resident memory of the process in bytes, where the system tells.
    pub peak_resident_bytes: Option<u64>,
    pub resolutions: BTreeMap<String, String>,
    pub store: PathBuf,
    /// The same rows as a table, where one was asked for.
    pub table: Option<PathBuf>,
    pub outputs: BTreeMap<String, Value>,
    /// SHA-256 over the outputs' hashes: equal for stores of equal content; `null` where only pieces
    /// were written.
    pub content_sha256: Option<String>,
    /// Coarser orders of the store, finest first: occupied cells and hashes of each.
    pub overviews: Vec<Value>,
}

impl RunReport {
    /// Puts the report of a finished run together.
    ///
    /// Without a store of its own, a run wrote pieces of one.
    pub fn new(facts: &RunFacts, tally: &Tally, written: Option<&Written>, seconds: f64) -> Self {
        let hashes = written.map_or(&[][..], |written| &written.hashes);
        let resolutions = facts.job.columns.iter().filter(|c| c.needs.moments);
        let rejected: u64 = tally.counts.rejected.values().sum();
        Self {
            schema_version: SCHEMA_VERSION,
            icefold_version: env!("CARGO_PKG_VERSION"),
            command: facts.command.clone(),
            config: json!({"name": facts.config_name, "sha256": facts.config_sha256}),
            device: device(facts),
            plan: facts.plan.wanted.as_ref().map_or(Value::Null, |wanted| {
                json!({
                    "map": wanted.map.display().to_string(),
                    "shards": format!("{}..{}", wanted.range.start, wanted.range.end),
                    "of": wanted.of,
                })
            }),
            pieces: json!(facts.pieces),
            threads: facts.threads,
            memory: json!({"budget_bytes": facts.memory_bytes, "batch_rows": facts.batch_rows}),
            seconds,
            stages: stages(tally),
            photons: json!({
                "read": tally.counts.read,
                "kept": tally.counts.kept,
                "rejected": rejected,
                "rejected_by": tally.counts.rejected,
                "null_by": tally.counts.nulls,
            }),
            granules: json!({
                "done": tally.granules,
                "failed": tally.failed,
                "superseded": facts.plan.superseded.iter().map(|s| json!({
                    "granule": s.granule.display().to_string(),
                    "by": s.by.display().to_string(),
                })).collect::<Vec<_>>(),
            }),
            rejected_rows: json!({"count": tally.rejected_rows, "first": tally.rows}),
            errors: tally.errors.clone(),
            shards: tally.shards,
            occupied_cells: tally.occupied_cells,
            cells_without_weight: tally.cells_without_weight,
            peak_resident_bytes: peak_resident_bytes(),
            resolutions: resolutions
                .map(|column| (column.name.clone(), column.resolution.to_string()))
                .collect(),
            store: facts.store.to_path_buf(),
            table: facts.table.map(Path::to_path_buf),
            outputs: outputs(hashes),
            content_sha256: written.map(|written| content_hash(&written.hashes)),
            overviews: written.map_or(Vec::new(), overviews),
        }
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|e| unreachable!("a report has only string keys: {e}"))
    }

    /// Writes the report; a reader never sees half of one.
    ///
    /// # Errors
    /// The operating system's, with the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, (self.to_json() + "\n").as_bytes()).map_err(|error| {
            let message = format!(
                "is whole, but its run report is missing: {error}; free space there or choose \
                 another path with --report, and run again with --overwrite"
            );
            Error::store(&self.store, message)
        })
    }

    /// A short table for a terminal.
    pub fn summary(&self, tally: &Tally) -> String {
        let mut text = String::new();
        let counts = &tally.counts;
        let mut line = |what: &str, value: String| {
            let _ = writeln!(text, "  {what:<16} {value}");
        };
        let granules = tally.granules.len();
        let failed = match tally.failed.len() {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        line("granules", format!("{granules} read{failed}"));
        line("photons", format!("{} read", grouped(counts.read)));
        line("  kept", grouped(counts.kept));
        for (reason, count) in &counts.rejected {
            line("  rejected", format!("{} ({reason})", grouped(*count)));
        }
        for (column, count) in counts.nulls.iter().filter(|(_, n)| **n > 0) {
            line("  null", format!("{} ({column})", grouped(*count)));
        }
        line("shards", grouped(tally.shards));
        if let Some(kept) = self.pieces["kept"].as_u64().filter(|&kept| kept > 0) {
            line(
                "  kept",
                format!("{} pieces were done before", grouped(kept)),
            );
        }
        line("occupied cells", grouped(tally.occupied_cells));
        for overview in &self.overviews {
            let cells = overview["occupied_cells"].as_u64().unwrap_or(0);
            let what = format!("  at order {}", overview["order"]);
            line(&what, grouped(cells));
        }
        if tally.cells_without_weight > 0 {
            line("without weight", grouped(tally.cells_without_weight));
        }
        if let Some(table) = &tally.errors.table {
            let rows = grouped(tally.errors.count);
            line("left out", format!("{rows} rows in {}", table.display()));
        }
        let rate = counts.read as f64 / self.seconds.max(1e-9) / 1e6;
        line(
            "time",
            format!("{:.2} s, {rate:.1} million photons/s", self.seconds),
        );
        if let Some(content) = &self.content_sha256 {
            line("content", format!("sha256 {content}"));
        }
        text
    }
}

fn device(facts: &RunFacts) -> Value {
    let mut device = serde_json::Map::new();
    device.insert("name".to_owned(), facts.device.into());
    device.insert("reason".to_owned(), facts.device_reason.into());
    device.extend(facts.device_details.clone());
    Value::Object(device)
}

/// Coarser orders of a store, for a report.
pub(super) fn overviews(written: &Written) -> Vec<Value> {
    let overviews = written.overviews.iter();
    let json = overviews.map(|overview| {
        json!({
            "order": overview.order.get(),
            "occupied_cells": overview.cells,
            "outputs": outputs(&overview.hashes),
            "content_sha256": content_hash(&overview.hashes),
        })
    });
    json.collect()
}

/// Arrays of a store and their hashes, for a report.
pub(super) fn outputs(hashes: &[ContentHash]) -> BTreeMap<String, Value> {
    let hashes = hashes.iter();
    hashes
        .map(|hash| (hash.array.clone(), json!({"sha256": hash.sha256})))
        .collect()
}

fn stages(tally: &Tally) -> Value {
    let stage = |seconds: f64| json!({"seconds": seconds});
    json!({
        "read": {"seconds": tally.read_seconds, "bytes": tally.bytes_read},
        "decode": null,
        "upload": {"seconds": tally.stages.upload, "bytes": tally.stages.uploaded_bytes},
        "locate": stage(tally.stages.locate),
        "sort": stage(tally.stages.sort),
        "segment": stage(tally.stages.segment),
        "reduce": stage(tally.stages.reduce),
        "fused": {
            "stages": "locate, sort, segment, reduce",
            "seconds": tally.stages.fused,
        },
        "batches": {
            "runs": tally.stages.batches.runs,
            "blocks": tally.stages.batches.blocks,
            "sorted": tally.stages.batches.sorted,
            "taken_over": tally.stages.batches.taken_over,
        },
        "merge": stage(tally.merge_seconds),
        "finalize": stage(tally.finalize_seconds),
        "write": stage(tally.write_seconds),
    })
}

/// Linux tells the high-water mark of resident memory in `/proc/self/status`.
pub(super) fn peak_resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
