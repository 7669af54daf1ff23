//! Reads a run report, and tells whether its sums balance.
//!
//! Beside the line: `icefold inspect run.json`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::belongs::{Belonging, belongs};
use super::document::{ConfigIdentity, Report, RunReport, SCHEMA_VERSION, Stage};
use crate::error::{Action, Dialect, Error, Neutral, Result, Setting, phrase};
use crate::place::{Artefact, Folder};
use crate::text::grouped;

/// Granules that the summary names one by one.
const SHOWN: usize = 20;

/// Two sums that are one number where nothing was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Balance {
    pub what: String,
    pub sums: [u64; 2],
    pub holds: bool,
}

/// What a run report says, and whether it can be believed; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspected {
    kind: &'static str,
    path: String,
    balanced: bool,
    balance: Vec<Balance>,
    belongs: Vec<Belonging>,
    report: Report,
}

impl Inspected {
    /// Whether all sums balance.
    pub fn is_balanced(&self) -> bool {
        self.balanced
    }

    /// The first of what the report names that is of another run, or was changed since.
    pub fn stranger(&self) -> Option<&Belonging> {
        self.belongs.iter().find(|one| !one.holds)
    }
}

/// The keys by which JSON is known for a run report; a shard map has a version in its metadata.
#[derive(Deserialize)]
struct Keys {
    schema_version: Option<IgnoredAny>,
    icefold_version: Option<IgnoredAny>,
    command: Option<IgnoredAny>,
}

/// Whether a file is a run report: by its first key, which half of a report has, too, or by its keys in
/// any order.
pub fn looks_like_a_report(path: &Path) -> bool {
    let mut start = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut start));
    let start = &start[..read.unwrap_or(0)];
    let Some(inside) = start.trim_ascii_start().strip_prefix(b"{") else {
        return false;
    };
    if inside.trim_ascii_start().starts_with(b"\"schema_version\"") {
        return true;
    }
    keys_of(path)
        .is_some_and(|keys| keys.schema_version.is_some() && keys.icefold_version.is_some())
}

/// The keys of a file, which is read to its first byte that is no JSON, and never held.
fn keys_of(path: &Path) -> Option<Keys> {
    let file = File::open(path).ok()?;
    serde_json::from_reader(BufReader::new(file)).ok()
}

/// Run reports as files.
pub const RUN_REPORT: Artefact = Artefact {
    noun: "run report",
    needs_flag: false,
    folder: Folder::Stores,
    wrote,
};

/// Whether a file is a run report that icefold wrote, and so may write over.
fn wrote(path: &Path) -> bool {
    keys_of(path).is_some_and(|keys| {
        keys.schema_version.is_some() && keys.icefold_version.is_some() && keys.command.is_some()
    })
}

/// Describes a run report: `kind`, `path`, whether it is `balanced`, each `balance`, what `belongs` to it,
/// and the `report` itself, with every key of its version.
///
/// # Errors
/// A file that cannot be read or is no run report of a known version.
pub fn inspect(path: &Path) -> Result<Inspected> {
    let report = read(path)?;
    let balance = match &report {
        Report::Run(report) => balances(report),
        Report::Assembled(report) => vec![of_errors(report.errors.count, &report.errors.by_code)],
    };
    Ok(Inspected {
        kind: "run report",
        path: path.display().to_string(),
        balanced: balance.iter().all(|balance| balance.holds),
        balance,
        belongs: belongs(&report, path),
        report,
    })
}

fn read(path: &Path) -> Result<Report> {
    let refuse = |message: String| Error::report(path, message);
    let text = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    let value: Value = serde_json::from_slice(&text).map_err(|e| {
        refuse(format!("is not JSON: {e}; run again to write it anew")).caused_by(e)
    })?;
    let version = &value["schema_version"];
    if *version != SCHEMA_VERSION {
        return Err(refuse(format!(
            "has schema_version {version}, and this icefold reads {SCHEMA_VERSION}; inspect it with \
             the icefold that wrote it"
        )));
    }
    // A store that was made of pieces went through no stages.
    let report = if value.get("stages").is_some() {
        serde_json::from_value(value).map(Report::Run)
    } else {
        serde_json::from_value(value).map(Report::Assembled)
    };
    report.map_err(|e| {
        refuse(format!("is no run report of version {SCHEMA_VERSION}: {e}"))
            .with_remedy(phrase![Action::ReportSchema, " prints what one is"])
            .caused_by(e)
    })
}

impl Balance {
    fn new(what: &str, one: u64, other: u64) -> Self {
        Self {
            what: what.to_owned(),
            sums: [one, other],
            holds: one == other,
        }
    }
}

fn of_errors(count: u64, by_code: &BTreeMap<String, u64>) -> Balance {
    let what = "rows of the error table are those of all codes";
    Balance::new(what, count, by_code.values().sum())
}

/// Every pair of sums in a report that must be equal.
fn balances(report: &RunReport) -> Vec<Balance> {
    let total = |by: &BTreeMap<String, u64>| by.values().sum::<u64>();
    let mut found = Vec::new();
    let mut balance = |what: &str, one: u64, other: u64| {
        found.push(Balance::new(what, one, other));
    };
    let (photons, done) = (&report.photons, &report.granules.done);
    balance(
        "photons read are those kept and rejected",
        photons.read,
        photons.kept + photons.rejected,
    );
    balance(
        "photons rejected are those of all reasons",
        photons.rejected,
        total(&photons.rejected_by),
    );
    balance(
        "photons read are those of the granules",
        photons.read,
        done.iter().map(|granule| granule.counts.read).sum(),
    );
    balance(
        "photons kept are those of the granules",
        photons.kept,
        done.iter().map(|granule| granule.counts.kept).sum(),
    );
    for granule in done {
        let (name, counts) = (&granule.name, &granule.counts);
        balance(
            &format!("granule {name}: photons read are those kept and rejected"),
            counts.read,
            counts.kept + total(&counts.rejected),
        );
        // A table has no ground tracks.
        if !granule.ground_tracks.is_empty() {
            balance(
                &format!("granule {name}: photons read are those of the ground tracks"),
                counts.read,
                granule.ground_tracks.iter().map(|track| track.rows).sum(),
            );
        }
    }
    let by_code = |code: &str| report.errors.by_code.get(code).copied().unwrap_or(0);
    let out_of_range = photons.rejected_by.iter();
    let out_of_range = out_of_range.filter(|(reason, _)| reason.starts_with("out_of_range:"));
    balance(
        "rows rejected for their value are those of the reasons",
        report.rejected_rows.count,
        out_of_range.map(|(_, count)| count).sum(),
    );
    balance(
        "rows out of range are in the error table",
        report.rejected_rows.count,
        by_code("out_of_range"),
    );
    balance(
        "granules that failed are in the error table",
        report.granules.failed.len() as u64,
        by_code("granule_failed"),
    );
    found.push(of_errors(report.errors.count, &report.errors.by_code));
    found
}

impl Inspected {
    /// The text, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        let mut text;
        match &self.report {
            Report::Assembled(report) => {
                let version = &report.icefold_version;
                text = begin("report of finalize", &self.path, version, &report.config);
                text.push_str(&report.summary());
            }
            Report::Run(report) => {
                let version = &report.icefold_version;
                text = begin("run report", &self.path, version, &report.config);
                summary(&mut text, report);
                granules(&mut text, report, dialect);
                stages(&mut text, report);
            }
        }
        balance_text(&mut text, self);
        text
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}

fn begin(kind: &str, path: &str, version: &str, config: &ConfigIdentity) -> String {
    let (name, hash) = (&config.name, config.sha256.get(..12).unwrap_or("?"));
    format!("{kind} {path}, written by icefold {version}, config {name} ({hash})\n")
}

fn balance_text(text: &mut String, found: &Inspected) {
    for Belonging { what, path, holds } in &found.belongs {
        let _ = if *holds {
            writeln!(text, "  {what:<16} {path} is of this run")
        } else {
            writeln!(text, "\nIS OF ANOTHER RUN: {what} {path}")
        };
    }
    if found.balanced {
        let _ = writeln!(text, "\nbalance: all {} sums agree", found.balance.len());
    }
    for broken in found.balance.iter().filter(|balance| !balance.holds) {
        let [one, other] = broken.sums.map(grouped);
        let what = &broken.what;
        let _ = writeln!(text, "\nDOES NOT BALANCE: {what}: {one} and {other}");
    }
}

fn summary(text: &mut String, report: &RunReport) {
    let mut line = |what: &str, value: &str| _ = writeln!(text, "  {what:<16} {value}");
    line("command", &report.command.join(" "));
    line("store", &report.store);
    if let Some(table) = &report.table {
        line("table", table);
    }
    if let Some(plan) = &report.plan {
        let (map, shards, of) = (&plan.map, &plan.shards, plan.of);
        line("plan", &format!("shards {shards} of {of} in {map}"));
    }
    let (device, threads) = (&report.device.name, report.threads);
    line("device", &format!("{device}, {threads} threads"));
    let photons = &report.photons;
    line("photons read", &grouped(photons.read));
    line("  kept", &grouped(photons.kept));
    for (reason, count) in &photons.rejected_by {
        line("  rejected", &format!("{} ({reason})", grouped(*count)));
    }
    for (column, count) in photons.null_by.iter().filter(|(_, count)| **count > 0) {
        line("  null", &format!("{} ({column})", grouped(*count)));
    }
    line("shards", &grouped(report.shards));
    line("occupied cells", &grouped(report.occupied_cells));
    for overview in &report.overviews {
        line(&overview.named(), &grouped(overview.occupied_cells));
    }
    if let Some(table) = &report.errors.table {
        let codes = report.errors.by_code.iter();
        let codes: Vec<String> = codes
            .map(|(code, n)| format!("{} {code}", grouped(*n)))
            .collect();
        line("left out", &format!("{} ({table})", codes.join(", ")));
    }
    for drift in &report.drift {
        line("drift", drift);
    }
    let seconds = report.seconds.max(1e-9);
    let rate = photons.read as f64 / seconds / 1e6;
    line(
        "time",
        &format!("{seconds:.2} s, {rate:.1} million photons/s"),
    );
    if let Some(bytes) = report.peak_resident_bytes {
        line("peak memory", &format!("{} bytes", grouped(bytes)));
    }
    let content = report.content_sha256.as_ref();
    let content = content.map_or("pieces only".to_owned(), |hash| format!("sha256 {hash}"));
    line("content", &content);
}

fn granules(text: &mut String, report: &RunReport, dialect: &dyn Dialect) {
    let granules = &report.granules;
    let json = dialect.setting(Setting::Json, None);
    let _ = writeln!(
        text,
        "\ngranules: {} read, {} failed, {} superseded",
        granules.done.len(),
        granules.failed.len(),
        granules.superseded.len()
    );
    for granule in granules.done.iter().take(SHOWN) {
        let (read, kept) = (grouped(granule.counts.read), grouped(granule.counts.kept));
        let _ = writeln!(text, "  {}: {read} photons, {kept} kept", granule.name);
        for warning in &granule.warnings {
            let _ = writeln!(text, "    warning: {warning}");
        }
    }
    if granules.done.len() > SHOWN {
        let more = granules.done.len() - SHOWN;
        let _ = writeln!(text, "  {more} more granules; {json} lists all");
    }
    for failed in granules.failed.iter().take(SHOWN) {
        let _ = writeln!(text, "  failed: {}", failed.reason);
    }
    if granules.failed.len() > SHOWN {
        let more = granules.failed.len() - SHOWN;
        let _ = writeln!(text, "  {more} more failed; {json} lists all");
    }
}

fn stages(text: &mut String, report: &RunReport) {
    let stages = &report.stages;
    let _ = writeln!(
        text,
        "\n  {:<9} {:>9} {:>9} {:>16}",
        "stage", "seconds", "device", "bytes"
    );
    let mut line = |name: &str, stage: Stage| {
        let device = stage
            .device_seconds
            .map_or("-".to_owned(), |s| format!("{s:.3}"));
        let bytes = stage.bytes.map_or("-".to_owned(), grouped);
        let _ = writeln!(
            text,
            "  {name:<9} {:>9.3} {device:>9} {bytes:>16}",
            stage.seconds
        );
    };
    let fused = Stage {
        seconds: stages.fused.seconds,
        ..Stage::default()
    };
    for (name, stage) in [
        ("read", stages.read),
        ("decode", stages.decode),
        ("upload", stages.upload),
        ("locate", stages.locate),
        ("sort", stages.sort),
        ("segment", stages.segment),
        ("reduce", stages.reduce),
        ("fused", fused),
        ("merge", stages.merge),
        ("finalize", stages.finalize),
        ("write", stages.write),
    ] {
        line(name, stage);
    }
}
