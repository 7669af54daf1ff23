//! `icefold run`: granules to a store, or to pieces of one.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::ArgMatches;

use crate::backend::{Device, DeviceChoice};
use crate::config::{self, Access, Config};
use crate::error::{Error, Result};
use crate::grid::Order;
use crate::left_out::errors_path;
use crate::merge::{available_space, spill_estimate};
use crate::pipeline::Tally;
use crate::pipeline::{self, Memory, Options, Survey, Target, Whole};
use crate::place::{Inputs, begin as begin_work, hidden};
use crate::plan::Plan;
use crate::read::UNLISTED_SHARD;
use crate::report::{Progress, ProgressMode, RunFacts, RunReport};
use crate::store::{Layout, check_full_sphere};

use super::PARTIAL;
use super::args::{LayoutArg, ProgressArg, RunArgs};
use super::empty::nothing_kept;
use super::out::{note, print, print_json};
use super::outputs::{begin, inputs};
use super::overviews::overviews;
use super::part::{Outcome, PartRun};
use super::plan::{planned, strict_or_tolerant};
use super::session::Session;
use super::settings::{describe, overrides, store};
use super::words::CommandLine;

pub fn run(args: &RunArgs, matches: Option<&ArgMatches>, interrupted: &AtomicBool) -> Result<u8> {
    let mut config = config::load(&args.config)?;
    config.access = Access {
        external: args.access.folders()?,
        tolerant: tolerant(args),
        chunk_memory: Some(args.memory.for_chunks()),
        threads: threads(args.machine.threads),
        granules: 1,
        dialect: &CommandLine,
    };
    let (layout, overviews) = orders(args, &config)?;
    let device = args.machine.choice()?;
    strict_or_tolerant(matches)?;
    if args.explain {
        let overrides = overrides(args, &config, matches);
        if args.json {
            print_json(&config::explain_json(&config, &overrides))?;
        } else {
            print(&config::explain(&config, &overrides))?;
        }
        return Ok(0);
    }
    let (plan, map) = planned(args, &config)?;
    if args.dry_run {
        let survey = pipeline::survey(&config, &plan, tolerant(args))?;
        describe(&config, &plan, &survey, &overviews, args.json)?;
        return Ok(if survey.failed.is_empty() { 0 } else { PARTIAL });
    }
    let store = store(args, &config)?;
    let inputs = inputs(&args.config, &plan, map.as_ref());
    let (report_path, session) = begin(args, &store, &plan, &inputs)?;
    let run = Run {
        config: &config,
        plan: &plan,
        target: Target {
            store: &store,
            overwrite: args.overwrite,
            overviews: &overviews,
            layout,
        },
        table: args.table.as_deref(),
        inputs: &inputs,
        session: &session,
        tolerant: tolerant(args),
        device,
        threads: threads(args.machine.threads),
        memory: args.memory,
        partials_memory: args.partials_memory,
        batch_rows: args.batch_rows.map(|n| n as usize),
        progress: progress(args.progress),
        interrupted,
    };
    if let Some(code) = run.is_finished(args, &report_path, map.as_ref())? {
        return Ok(code);
    }
    let outcome = if let Some(map) = &map {
        let part = PartRun {
            run: &run,
            map,
            granule_root: args.granule_root.as_deref(),
            part: args.shards.is_some(),
            resume: args.resume,
            checkpoint_seconds: args.checkpoint,
        };
        part.execute(&report_path)?
    } else {
        run.outcome(args.resume, &report_path)?
    };
    warn(&outcome.tally);
    let report = &outcome.report;
    if args.json {
        print(&report.to_json())?;
    } else {
        let summary = report.summary(&outcome.tally);
        print(&format!("{}\n{summary}", outcome.what.display()))?;
    }
    let before = report.pieces.as_ref().map_or(0, |p| p.photons_kept);
    let counts = &outcome.tally.counts;
    // What a part keeps says nothing of the whole: icefold finalize knows.
    let expected = args.allow_empty || args.shards.is_some();
    let empty = counts.kept + before == 0 && nothing_kept(counts, expected);
    Ok(if outcome.whole && !empty { 0 } else { PARTIAL })
}

/// The layout of the store, and its overviews.
fn orders(args: &RunArgs, config: &Config) -> Result<(Layout, Vec<Order>)> {
    let overviews = match &args.overviews {
        Some(text) => overviews(text, config.grid.cell_order)?,
        None => Vec::new(),
    };
    let layout = match args.layout {
        LayoutArg::Cells => Layout::Cells,
        LayoutArg::Fullsphere => Layout::FullSphere,
    };
    if let (Layout::FullSphere, Some(orders)) = (layout, &args.overviews) {
        let message = format!(
            "--layout fullsphere has one order, --overviews {orders} asks for more; use the cells \
             layout"
        );
        return Err(Error::argument(message));
    }
    Ok((layout, overviews))
}

/// One run from config and plan to store and report.
pub struct Run<'a> {
    pub config: &'a Config,
    pub plan: &'a Plan,
    pub target: Target<'a>,
    pub table: Option<&'a Path>,
    /// What is never written over.
    pub inputs: &'a Inputs,
    /// Has the store's name.
    pub session: &'a Session,
    pub tolerant: bool,
    pub device: DeviceChoice,
    pub threads: usize,
    pub memory: Memory,
    /// What is left of the memory where there is none.
    pub partials_memory: Option<Memory>,
    /// As many as the memory holds where there is none.
    pub batch_rows: Option<usize>,
    pub progress: ProgressMode,
    pub interrupted: &'a AtomicBool,
}

impl<'a> Run<'a> {
    /// Makes all that the run writes, and gives it its names.
    ///
    /// # Errors
    /// As [`pipeline::fold`] and [`pipeline::write`]; targets that cannot or must not be written.
    pub fn execute(&self, report_path: &Path) -> Result<(RunReport, Tally)> {
        let started = Instant::now();
        crate::store::check_target(self.target.store, self.target.overwrite, self.inputs)?;
        self.check_tables(self.target.overwrite)?;
        let errors = errors_path(self.target.store);
        let device = Device::open(&self.device, self.threads)?;
        let survey = pipeline::survey(self.config, self.plan, self.tolerant)?;
        for drift in &survey.drift {
            note(format_args!("note: {drift}"));
        }
        self.check_layout(&survey)?;
        let spill = spill_folder(self.target.store);
        let options = self.options(&survey, &errors, &spill);
        self.check_disk(&survey, &options);
        let folded = self.fold(&survey, &device, &options)?;
        let (whole, tally) =
            device.install(|| pipeline::write(folded, &survey, self.target, &options))?;
        let mut facts = self.facts(&device, &survey, &options);
        facts.written_bytes = Some(whole.bytes);
        let seconds = started.elapsed().as_secs_f64();
        let Whole { written, steps, .. } = whole;
        let report = RunReport::new(&facts, &tally, Some(&written), seconds);
        self.session
            .end(steps, (report_path, report.to_json()), None)?;
        Ok((report, tally))
    }

    /// A run over the granules themselves, and its report.
    fn outcome(&self, resume: bool, report_path: &Path) -> Result<Outcome> {
        if resume {
            return Err(Error::argument(
                "--resume goes on with a run over a shard map and this run has none; make one with \
                 icefold plan and name it with --plan MAP.json, in place of granules",
            ));
        }
        let (report, tally) = self.execute(report_path)?;
        Ok(Outcome {
            what: self.target.store.to_path_buf(),
            whole: tally.is_whole(),
            report,
            tally,
        })
    }

    /// The layout holds what the config asks for.
    pub fn check_layout(&self, survey: &Survey) -> Result<()> {
        match self.target.layout {
            Layout::Cells => Ok(()),
            Layout::FullSphere => check_full_sphere(&survey.schema)
                .map_err(|message| Error::config(&self.config.name, message)),
        }
    }

    /// Says so where partials may need more disk than there is: an upper bound, so no reason to stop.
    pub fn check_disk(&self, survey: &Survey, options: &Options) {
        let orders = self.config.grid.cell_order.get() - self.config.grid.shard_order.get();
        let cells = survey.listed.as_ref().map_or(u64::MAX, |listed| {
            let pairs: usize = listed.iter().map(|shard| shard.granules.len()).sum();
            (pairs as u64).saturating_mul(1 << (2 * u32::from(orders)))
        });
        let most = spill_estimate(&survey.job, survey.rows, cells);
        // Nothing goes to disk that memory has room for.
        let room = available_space(options.spill).filter(|_| most / 2 > options.partials);
        if let Some(room) = room.filter(|room| *room < most) {
            note(format_args!(
                "warning: partials may take up to {} on the disk of {}, which has room for {}; a larger \
                 --memory or a --store on another disk helps, should it fill up",
                size(most),
                self.target.store.display(),
                size(room)
            ));
        }
    }

    pub fn options<'o>(&self, survey: &Survey, errors: &'o Path, spill: &'o Path) -> Options<'o>
    where
        'a: 'o,
    {
        let filters = self.config.filters.len();
        let memory = self.memory.beside_chunks(survey.chunk_bytes);
        let rows = self
            .batch_rows
            .unwrap_or_else(|| memory.rows(&survey.types, filters, &survey.job));
        let partials = self.partials_memory.map_or_else(
            || memory.partials(rows, &survey.types, filters, &survey.job),
            |memory| memory.0,
        );
        Options {
            batch_rows: rows,
            tolerant: self.tolerant,
            table: self.table,
            errors,
            partials,
            spill,
            pieces: None,
            interrupted: self.interrupted,
        }
    }

    pub fn fold<'f>(
        &self,
        survey: &'f Survey,
        device: &Device,
        options: &Options<'f>,
    ) -> Result<pipeline::Folded<'f>>
    where
        'a: 'f,
    {
        let progress = Progress::new(self.progress, &survey.granules);
        let folded = pipeline::fold(self.config, survey, device, options, &progress);
        progress.finish();
        if let Some(warning) = device.warning() {
            note(format_args!("warning: {warning}"));
        }
        folded
    }

    pub fn facts<'f>(
        &'f self,
        device: &Device,
        survey: &'f Survey,
        options: &Options,
    ) -> RunFacts<'f> {
        RunFacts {
            command: command_line(),
            config_name: &self.config.name,
            config_sha256: &self.config.sha256,
            device: device.name(),
            device_reason: device.reason(&self.device).render(&CommandLine),
            device_details: device.details(&survey.job),
            threads: self.threads,
            memory_bytes: self.memory.0,
            batch_rows: options.batch_rows,
            partials_bytes: options.partials,
            plan: self.plan,
            job: &survey.job,
            store: self.target.store,
            table: self.table,
            written_bytes: None,
            map_sha256: None,
            drift: &survey.drift,
            conventions: &survey.conventions,
            pieces: None,
        }
    }
}

/// The command line; what is not Unicode as close as it comes.
pub fn command_line() -> Vec<String> {
    let arguments = std::env::args_os();
    arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

/// Bytes in the largest unit of which there is one.
fn size(bytes: u64) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")];
    let (unit, name) = units
        .into_iter()
        .find(|(unit, _)| bytes >= *unit)
        .unwrap_or((1 << 10, "KiB"));
    format!("{:.1} {name}", bytes as f64 / unit as f64)
}

/// Where partials go that memory has no room for: hidden beside the store, of this process alone.
pub fn spill_folder(store: &Path) -> PathBuf {
    let folder = hidden(store, "spill");
    begin_work(&folder);
    folder
}

/// Worker threads: as many as asked for, or one for each core.
pub fn threads(asked_for: Option<u16>) -> usize {
    asked_for.map_or_else(
        || std::thread::available_parallelism().map_or(1, Into::into),
        Into::into,
    )
}

fn progress(asked_for: ProgressArg) -> ProgressMode {
    match asked_for {
        ProgressArg::Auto => ProgressMode::Auto,
        ProgressArg::Plain => ProgressMode::Plain,
        ProgressArg::None => ProgressMode::None,
    }
}

/// `--strict` on the command line wins over the environment.
pub fn tolerant(args: &RunArgs) -> bool {
    args.tolerant && !args.strict
}

/// What was odd, or left out, on standard error.
fn warn(tally: &Tally) {
    for what in &tally.notes {
        note(format_args!("warning: {what}"));
    }
    for failed in &tally.failed {
        note(format_args!("warning: left out: {}", failed.reason));
    }
    for empty in tally.granules.iter().filter(|g| g.counts.read == 0) {
        note(format_args!(
            "warning: granule {} has no photons in any ground track; check that the config fits \
             the product",
            empty.name
        ));
    }
    for granule in &tally.granules {
        for warning in &granule.warnings {
            note(format_args!("warning: {warning}"));
        }
        let unlisted = granule.counts.rejected.get(UNLISTED_SHARD);
        if let Some(photons) = unlisted {
            note(format_args!(
                "warning: granule {}: {photons} photons lie in shards that the shard map does not \
                 list it for, and were left out; make the map again with icefold plan",
                granule.name
            ));
        }
    }
    for row in tally.rows.iter().take(10) {
        note(format_args!(
            "warning: left out: granule {}: {row}",
            row.granule
        ));
    }
    if tally.rejected_rows > 10 {
        let more = tally.rejected_rows - 10;
        note(format_args!(
            "warning: {more} more rows left out; the error table lists them"
        ));
    }
}
