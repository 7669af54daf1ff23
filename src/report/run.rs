//! The run report: schema-versioned JSON for programs, a short table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::config::TimeAxis;
use crate::read::hdf5::GroundTrackStatus;
use crate::region::Region;
use crate::stat::Job;
use crate::store::{ContentHash, TreeHashes, Written, content_hash};
use crate::text::grouped;
use crate::usage::peak_resident_bytes;

use super::RunFacts;
use super::document::{
    BatchOrders, ConfigIdentity, DeviceReport, ErrorsReport, FusedStages, Granules, MemoryReport,
    OutputHash, OverviewReport, PhotonCounts, RejectedReport, RunReport, SCHEMA_VERSION,
    SkippedReport, Stage, Stages, StepReport, SupersededReport,
};
use super::indexed::IndexReport;
use super::mapped::PlanReport;
use super::network::NetworkReport;
use crate::pipeline::Tally;

/// Steps of time that a summary lists one by one.
const STEPS_SHOWN: usize = 24;

impl RunReport {
    /// Puts the report of a finished run together.
    ///
    /// Without a store of its own, a run wrote pieces of one.
    pub fn new(facts: &RunFacts, tally: &Tally, written: Option<&Written>, seconds: f64) -> Self {
        let hashes = written.map_or(&[][..], |written| &written.hashes);
        let resolutions = facts.job.columns.iter().filter(|c| c.needs.moments);
        let rejected: u64 = tally.counts.rejected.values().sum();
        let counts = &tally.counts;
        Self {
            schema_version: SCHEMA_VERSION,
            icefold_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: facts.command.clone(),
            config: ConfigIdentity {
                name: facts.config_name.to_owned(),
                sha256: facts.config_sha256.to_owned(),
                region: facts.region.map(Region::facts),
                without_effect: (facts.without_effect.iter().map(ToString::to_string)).collect(),
            },
            device: DeviceReport {
                name: facts.device.to_owned(),
                reason: facts.device_reason.clone(),
                details: device_details(facts, tally),
            },
            plan: facts.plan.wanted.as_ref().map(|wanted| PlanReport {
                map: wanted.map.display().to_string(),
                shards: format!("{}..{}", wanted.range.start, wanted.range.end),
                of: wanted.of as u64,
                unused: wanted.unused.clone(),
                map_sha256: facts.map_sha256.clone(),
            }),
            pieces: facts.pieces.clone(),
            threads: facts.threads as u64,
            memory: MemoryReport {
                budget_bytes: facts.memory_bytes,
                batch_rows: facts.batch_rows as u64,
                partials_bytes: facts.partials_bytes,
                spilled_bytes: tally.spilled.bytes,
                sorted_runs: tally.spilled.runs,
                locked_bytes: tally.columns,
            },
            network: NetworkReport::of(&facts.traffic.took()),
            index: facts.plan.indexed.as_ref().map(IndexReport::of),
            seconds,
            stages: stages(facts, tally),
            photons: PhotonCounts {
                read: counts.read,
                kept: counts.kept,
                rejected,
                rejected_by: counts.rejected.clone(),
                null_by: counts.nulls.clone(),
                outside_valid_range_by: counts.outside_valid_range.clone(),
                unread_by: unread(tally),
            },
            granules: granules(facts, tally),
            update: facts.update.clone(),
            rejected_rows: RejectedReport {
                count: tally.rejected_rows,
                first: tally.rows.clone(),
            },
            errors: ErrorsReport {
                table: tally.errors.table.as_ref().map(|table| shown(table)),
                count: tally.errors.count,
                by_code: tally.errors.by_code.clone(),
            },
            drift: facts.drift.to_vec(),
            conventions: facts.conventions.to_vec(),
            steps: steps(facts.axis, &tally.steps),
            shards: tally.shards,
            occupied_cells: tally.occupied_cells,
            cells_without_weight: tally.cells_without_weight,
            peak_resident_bytes: peak_resident_bytes(),
            resolutions: resolutions
                .map(|column| (column.name.clone(), column.resolution.to_string()))
                .collect(),
            remainders: remainders(facts.job, tally),
            store: shown(facts.store),
            table: facts.table.map(shown),
            geotiff: None,
            outputs: outputs(hashes),
            content_sha256: written.map(|written| content_hash(&written.hashes)),
            zagg_content_sha256: written.and_then(zagg_content),
            overviews: written.map_or(Vec::new(), overviews),
        }
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|e| unreachable!("a report has only string keys: {e}"))
    }

    /// A short table for a terminal.
    pub fn summary(&self, tally: &Tally) -> String {
        let mut text = String::new();
        let counts = &tally.counts;
        let mut line = |what: &str, value: String| {
            let _ = writeln!(text, "  {what:<16} {value}");
        };
        let granules = tally.granules.len();
        let tracks = absent_tracks(tally);
        let failed = match tally.failed.len() {
            0 => String::new(),
            n => format!(", {n} failed"),
        };
        let before = match (tally.resumed, &self.pieces, &self.update) {
            (_, _, Some(update)) => update.said_of_granules(),
            (0, ..) | (_, Some(_), _) => String::new(),
            (n, None, None) => format!(", {n} of them by an interrupted run"),
        };
        line("granules", format!("{granules} read{before}{failed}"));
        if !tracks.is_empty() {
            line("ground tracks", tracks.join("; "));
        }
        line("photons", format!("{} read", grouped(counts.read)));
        line("  kept", grouped(counts.kept));
        for (reason, count) in &counts.rejected {
            line("  rejected", format!("{} ({reason})", grouped(*count)));
        }
        for (reason, count) in unread(tally) {
            line("  not read", format!("{} ({reason})", grouped(count)));
        }
        for (column, count) in counts.nulls.iter().filter(|(_, n)| **n > 0) {
            line("  null", format!("{} ({column})", grouped(*count)));
        }
        match &*self.steps {
            [first, .., last] if self.steps.len() > STEPS_SHOWN => {
                let (of, first, last) = (self.steps.len(), &first.step, &last.step);
                line("  in steps", format!("{of}, {first} up to {last}"));
            }
            steps => {
                for step in steps {
                    line(
                        "  in step",
                        format!("{}: {}", step.step, grouped(step.photons)),
                    );
                }
            }
        }
        for (join, (matched, of)) in joined(tally) {
            let (matched, of) = (grouped(matched), grouped(of));
            line("  joined", format!("{matched} of {of} ({join})"));
        }
        line("shards", grouped(tally.shards));
        if let Some(pieces) = self.pieces.as_ref().filter(|pieces| pieces.kept > 0) {
            let kept = grouped(pieces.kept);
            line("  kept", format!("{kept} pieces were done before"));
        }
        line("occupied cells", grouped(tally.occupied_cells));
        for overview in &self.overviews {
            line(&overview.named(), grouped(overview.occupied_cells));
        }
        if tally.cells_without_weight > 0 {
            line("without weight", grouped(tally.cells_without_weight));
        }
        if let Some(table) = &tally.errors.table {
            let rows = grouped(tally.errors.count);
            line("left out", format!("{rows} rows in {}", table.display()));
        }
        if let Some(geotiff) = &self.geotiff {
            line("geotiff", geotiff.to_string());
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

/// What more there is to say of the device, and of what it decoded.
fn device_details(facts: &RunFacts, tally: &Tally) -> serde_json::Map<String, Value> {
    let mut details = facts.device_details.clone();
    if let Some(stretches) = &tally.stretches {
        details.insert("stretches".to_owned(), serde_json::json!(stretches));
    }
    details
}

/// Photons of ground tracks that were left out as a whole, by reason.
fn unread(tally: &Tally) -> BTreeMap<String, u64> {
    let tracks = tally
        .granules
        .iter()
        .flat_map(|granule| &granule.ground_tracks);
    let mut unread = BTreeMap::new();
    for left_out in tracks.filter_map(|track| track.unread.as_ref()) {
        *unread.entry(left_out.reason.clone()).or_default() += left_out.photons;
    }
    unread
}

/// Photons of each step of time.
pub(super) fn steps(axis: Option<&TimeAxis>, photons: &BTreeMap<u32, u64>) -> Vec<StepReport> {
    let steps = axis.map(|axis| {
        photons.iter().map(|(&step, &photons)| StepReport {
            step: axis.said(step),
            photons,
        })
    });
    steps.into_iter().flatten().collect()
}

/// Photons that have a row of each join, and all that were looked at.
fn joined(tally: &Tally) -> BTreeMap<&str, (u64, u64)> {
    let mut joins = BTreeMap::new();
    for join in tally.granules.iter().flat_map(|granule| &granule.joins) {
        let (matched, of) = joins.entry(&*join.join).or_insert((0, 0));
        *matched += join.matched;
        *of += join.matched + join.unmatched;
    }
    joins
}

/// How many values of each column that accumulates sums are not whole units.
fn remainders(job: &Job, tally: &Tally) -> BTreeMap<String, u64> {
    let columns = job.columns.iter().filter(|c| c.needs.moments);
    let of = |name: &str| {
        let granules = tally.granules.iter();
        granules
            .filter_map(|granule| granule.remainders.get(name))
            .sum()
    };
    columns.map(|c| (c.name.clone(), of(&c.name))).collect()
}

/// The content hash of zagg's specification, where it is known.
pub(super) fn zagg_content(written: &Written) -> Option<String> {
    written.tree.as_ref().map(TreeHashes::combined)
}

/// Coarser orders of a store, for a report.
pub(super) fn overviews(written: &Written) -> Vec<OverviewReport> {
    let overviews = written.overviews.iter();
    let reports = overviews.map(|overview| OverviewReport {
        order: overview.order.get(),
        group: overview.group.clone(),
        occupied_cells: overview.cells,
        outputs: outputs(&overview.hashes),
        content_sha256: content_hash(&overview.hashes),
    });
    reports.collect()
}

impl OverviewReport {
    /// Which it is, for people.
    pub(super) fn named(&self) -> String {
        match &self.group {
            Some(group) => format!("  in {group}"),
            None => format!("  at order {}", self.order),
        }
    }
}

/// Which ground tracks of the config granules do not have, in words.
fn absent_tracks(tally: &Tally) -> Vec<String> {
    let mut lacking: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let mut without: BTreeMap<&str, usize> = BTreeMap::new();
    for track in tally.granules.iter().flat_map(|g| &g.ground_tracks) {
        let is_there = track.status == GroundTrackStatus::Present.name();
        let absent = !is_there && !track.is_left_out();
        *without.entry(&track.name).or_default() += usize::from(absent);
    }
    for (track, granules) in without.into_iter().filter(|(_, n)| *n > 0) {
        lacking.entry(granules).or_default().push(track);
    }
    let all = tally.granules.len();
    let lines = lacking.into_iter().map(|(granules, tracks)| {
        let tracks = tracks.join(", ");
        match granules {
            n if n == all => format!("{tracks} without photons in all granules"),
            n => format!("{tracks} without photons in {n} of {all} granules"),
        }
    });
    lines.collect()
}

/// A path as text; one that is not Unicode as close as it comes.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn granules(facts: &RunFacts, tally: &Tally) -> Granules {
    let plan = facts.plan;
    let superseded = plan.superseded.iter().map(|superseded| SupersededReport {
        granule: shown(&superseded.granule),
        by: shown(&superseded.by),
        why: superseded.why.to_owned(),
    });
    let skipped = plan.skipped.iter().map(|skipped| SkippedReport {
        path: shown(&skipped.path),
        reason: skipped.reason.clone(),
    });
    let parts = plan.parts.iter();
    let parts = parts.map(|parts| parts.iter().map(|path| shown(path)).collect());
    Granules {
        done: tally.granules.clone(),
        // Over a map `pieces` says it, of a store that grew `update`.
        resumed: match (&plan.wanted, &facts.update) {
            (None, None) => tally.resumed,
            _ => 0,
        },
        failed: tally.failed.clone(),
        superseded: superseded.collect(),
        parts: parts.collect(),
        skipped: skipped.collect(),
        not_data: plan.not_data,
    }
}

pub(super) fn outputs(hashes: &[ContentHash]) -> BTreeMap<String, OutputHash> {
    let hash = |hash: &ContentHash| {
        let sha256 = hash.sha256.clone();
        (hash.array.clone(), OutputHash { sha256 })
    };
    hashes.iter().map(hash).collect()
}

fn stages(facts: &RunFacts, tally: &Tally) -> Stages {
    let stage = |seconds: f64| Stage {
        seconds,
        ..Stage::default()
    };
    let moving = |seconds: f64, bytes: u64| Stage {
        bytes: Some(bytes),
        ..stage(seconds)
    };
    let on_device = |seconds: f64, device_seconds| Stage {
        device_seconds,
        ..stage(seconds)
    };
    let (cost, times) = (&tally.cost, &tally.stages);
    Stages {
        read: moving(cost.read_seconds, cost.stored_bytes),
        decode: moving(cost.decode_seconds, cost.decoded_bytes),
        upload: Stage {
            in_place_bytes: tally.columns.map(|_| times.in_place_bytes),
            ..moving(times.upload, times.uploaded_bytes)
        },
        locate: stage(times.locate),
        sort: on_device(times.sort, times.on_device.map(|device| device.sort)),
        segment: on_device(times.segment, times.on_device.map(|device| device.segment)),
        reduce: on_device(times.reduce, times.on_device.map(|device| device.reduce)),
        fused: FusedStages {
            stages: "locate, sort, segment, reduce".to_owned(),
            seconds: times.fused,
        },
        batches: BatchOrders {
            runs: times.batches.runs,
            blocks: times.batches.blocks,
            sorted: times.batches.sorted,
            standing: times.batches.standing,
            taken_over: times.batches.taken_over,
        },
        merge: stage(tally.merge_seconds),
        finalize: stage(tally.finalize_seconds),
        write: Stage {
            // A run that writes pieces has no store yet, and pieces of other runs beside its own.
            bytes: facts.written_bytes,
            ..stage(tally.write_seconds)
        },
    }
}
