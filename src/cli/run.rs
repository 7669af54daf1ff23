//! `icefold run`: granules to a store.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::backend::{Device, DeviceChoice};
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::grid::Order;
use crate::pipeline::{self, Memory, Options, Survey, Target};
use crate::plan::Plan;
use crate::report::{Progress, ProgressMode, RunFacts, RunReport, Tally, check_writable};
use crate::store::{Layout, check_full_sphere};
use crate::table::{TableFormat, check_file_target, errors_path};

use super::PARTIAL;
use super::args::{LayoutArg, ProgressArg, RunArgs};
use super::out::{note, print, print_json};
use super::overviews::overviews;
use super::plan::{planned, strict_or_tolerant};

pub fn run(args: &RunArgs, matches: Option<&ArgMatches>, interrupted: &AtomicBool) -> Result<u8> {
    let config = config::load(&args.config)?;
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
        return Err(Error::Usage(message));
    }
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
    let plan = planned(args, &config)?;
    if args.dry_run {
        let survey = pipeline::survey(&config, &plan, tolerant(args))?;
        describe(&config, &plan, &survey, &overviews, args.json)?;
        return Ok(if survey.failed.is_empty() { 0 } else { PARTIAL });
    }
    let store = args
        .store
        .clone()
        .or_else(|| config.store.clone())
        .ok_or_else(|| {
            Error::Usage("no store given; say where to write with --store OUT.zarr".to_owned())
        })?;
    let path = args
        .report
        .clone()
        .unwrap_or_else(|| store.with_extension("run.json"));
    check_writable(&path)?;
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
        tolerant: tolerant(args),
        device,
        threads: threads(args.machine.threads),
        memory: args.memory,
        batch_rows: args.batch_rows.map(|n| n as usize),
        progress: match args.progress {
            ProgressArg::Auto => ProgressMode::Auto,
            ProgressArg::Plain => ProgressMode::Plain,
            ProgressArg::None => ProgressMode::None,
        },
        interrupted,
    };
    let (report, tally) = run.execute()?;
    report.write(&path)?;
    warn(&tally);
    if args.json {
        print(&report.to_json())?;
    } else {
        let text = format!("{}\n{}", store.display(), report.summary(&tally));
        print(&text)?;
    }
    let whole = tally.failed.is_empty() && tally.rejected_rows == 0;
    Ok(if whole { 0 } else { PARTIAL })
}

/// One run from config and plan to store and report.
pub struct Run<'a> {
    pub config: &'a Config,
    pub plan: &'a Plan,
    pub target: Target<'a>,
    pub table: Option<&'a Path>,
    pub tolerant: bool,
    pub device: DeviceChoice,
    pub threads: usize,
    pub memory: Memory,
    /// As many as the memory holds where there is none.
    pub batch_rows: Option<usize>,
    pub progress: ProgressMode,
    pub interrupted: &'a AtomicBool,
}

impl Run<'_> {
    pub fn execute(&self) -> Result<(RunReport, Tally)> {
        let started = Instant::now();
        let threads = self.threads;
        crate::store::check_target(self.target.store, self.target.overwrite)?;
        if let Some(table) = self.table {
            TableFormat::of(table)?;
            check_file_target(table, self.target.overwrite)?;
        }
        let errors = errors_path(self.target.store);
        check_file_target(&errors, self.target.overwrite)?;
        let device = Device::open(&self.device, threads)?;
        let survey = pipeline::survey(self.config, self.plan, self.tolerant)?;
        for drift in &survey.drift {
            note(format_args!("note: {drift}"));
        }
        if self.target.layout == Layout::FullSphere {
            check_full_sphere(&survey.schema)
                .map_err(|message| Error::config(&self.config.name, message))?;
        }
        let filters = self.config.filters.len();
        let batch_rows = self
            .batch_rows
            .unwrap_or_else(|| self.memory.rows(&survey.types, filters, &survey.job));
        let options = Options {
            batch_rows,
            tolerant: self.tolerant,
            table: self.table,
            errors: &errors,
            interrupted: self.interrupted,
        };
        let progress = Progress::new(self.progress, &survey.granules);
        let folded = pipeline::fold(self.config, &survey, &device, &options, &progress);
        progress.finish();
        if let Some(warning) = device.warning() {
            note(format_args!("warning: {warning}"));
        }
        let folded = folded?;
        let (written, tally) =
            device.install(|| pipeline::write(folded, &survey, self.target, &options))?;
        let facts = RunFacts {
            command: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            config_name: &self.config.name,
            config_sha256: &self.config.sha256,
            device: device.name(),
            device_reason: device.reason(&self.device),
            device_details: device.details(&survey.job),
            threads,
            memory_bytes: self.memory.0,
            batch_rows,
            plan: self.plan,
            job: &survey.job,
            store: self.target.store,
            table: self.table,
            drift: &survey.drift,
        };
        let seconds = started.elapsed().as_secs_f64();
        Ok((RunReport::new(&facts, &tally, &written, seconds), tally))
    }
}

/// Worker threads: as many as asked for, or one for each core.
pub fn threads(asked_for: Option<u16>) -> usize {
    asked_for.map_or_else(
        || std::thread::available_parallelism().map_or(1, Into::into),
        Into::into,
    )
}

/// `--strict` on the command line wins over the environment.
fn tolerant(args: &RunArgs) -> bool {
    args.tolerant && !args.strict
}

/// What was odd, or left out, on standard error.
fn warn(tally: &Tally) {
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

/// Settings of the command line and the environment, for `--explain`.
fn overrides(
    args: &RunArgs,
    config: &Config,
    matches: Option<&ArgMatches>,
) -> Vec<(String, String, String)> {
    let origin = |id: &str| {
        let source = matches.and_then(|m| m.value_source(id));
        match source {
            Some(ValueSource::CommandLine) => "command line",
            Some(ValueSource::EnvVariable) => "environment",
            _ => "default",
        }
    };
    let store = args
        .store
        .as_ref()
        .map(|s| (s.display().to_string(), origin("store")));
    let from_config = || {
        config
            .store
            .as_ref()
            .map(|s| (s.display().to_string(), "config"))
    };
    let (store, store_origin) = store
        .or_else(from_config)
        .unwrap_or(("none".to_owned(), "default"));
    let (mode, mode_origin) = match (args.strict, args.tolerant) {
        (true, _) => ("strict", origin("strict")),
        (false, true) => ("tolerant", origin("tolerant")),
        (false, false) => ("strict", origin("tolerant")),
    };
    let rows = [
        ("store", store, store_origin),
        ("device", args.machine.device.clone(), origin("device")),
        (
            "threads",
            threads(args.machine.threads).to_string(),
            origin("threads"),
        ),
        ("mode", mode.to_owned(), mode_origin),
        ("memory", args.memory.to_string(), origin("memory")),
        (
            "batch_rows",
            args.batch_rows
                .map_or("as many as the memory holds".to_owned(), |n| n.to_string()),
            origin("batch_rows"),
        ),
        ("overwrite", args.overwrite.to_string(), origin("overwrite")),
        (
            "layout",
            format!("{:?}", args.layout).to_lowercase(),
            origin("layout"),
        ),
    ];
    let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let given = [
        ("table", path(&args.table), origin("table")),
        ("catalog", path(&args.plan), origin("plan")),
        (
            "granule_root",
            path(&args.granule_root),
            origin("granule_root"),
        ),
        ("shards", args.shards.clone(), origin("shards")),
        ("overviews", args.overviews.clone(), origin("overviews")),
    ];
    let given = given.into_iter().filter_map(|(k, v, o)| Some((k, v?, o)));
    rows.into_iter()
        .chain(given)
        .map(|(key, value, origin)| (key.to_owned(), value, origin.to_owned()))
        .collect()
}

fn describe(
    config: &Config,
    plan: &Plan,
    survey: &Survey,
    overviews: &[Order],
    as_json: bool,
) -> Result<()> {
    let paths = |paths: &[PathBuf]| -> Vec<String> {
        paths.iter().map(|p| p.display().to_string()).collect()
    };
    let columns = survey.columns.iter().zip(&config.variables);
    let arrays = &survey.schema.arrays;
    if as_json {
        return print_json(&json!({
            "config": {"name": config.name, "sha256": config.sha256},
            "granules": paths(&survey.granules),
            "failed": survey.failed,
            "superseded": plan.superseded.len(),
            "plan": plan.wanted.as_ref().map(|wanted| json!({
                "map": wanted.map.display().to_string(),
                "shards": format!("{}..{}", wanted.range.start, wanted.range.end),
                "of": wanted.of,
            })),
            "shard_order": config.grid.shard_order.get(),
            "cell_order": config.grid.cell_order.get(),
            "overviews": overviews.iter().map(|order| order.get()).collect::<Vec<_>>(),
            "latitude": config.grid.latitude.name(),
            "columns": columns.map(|(column, variable)| json!({
                "name": column.name, "dataset": variable.path, "dtype": column.dtype.name(),
                "units": column.units,
            })).collect::<Vec<_>>(),
            "arrays": arrays.iter().map(|array| json!({
                "name": array.name, "dtype": array.dtype.name(), "statistic": array.statistic,
                "source": array.source, "resolution": array.resolution,
            })).collect::<Vec<_>>(),
        }));
    }
    let mut text = format!(
        "config {}: shard order {}, cell order {}, latitude {}\n{}\n",
        config.name,
        config.grid.shard_order,
        config.grid.cell_order,
        config.grid.latitude.name(),
        pipeline::describe(plan)
    );
    if !overviews.is_empty() {
        let orders: Vec<String> = overviews.iter().map(ToString::to_string).collect();
        text.push_str(&format!("overviews of orders {}\n", orders.join(", ")));
    }
    for failed in &survey.failed {
        text.push_str(&format!("  cannot be read: {}\n", failed.reason));
    }
    text.push_str("columns\n");
    for (column, variable) in columns {
        let (name, path, dtype) = (&column.name, &variable.path, column.dtype.name());
        text.push_str(&format!("  {name:<16} {dtype:<8} {path}\n"));
    }
    text.push_str("arrays\n");
    for array in arrays {
        let (name, dtype, statistic) = (&array.name, array.dtype.name(), &array.statistic);
        text.push_str(&format!(
            "  {name:<16} {dtype:<8} {statistic} of {}\n",
            array.source
        ));
    }
    text.push_str("nothing was written (--dry-run)\n");
    print(&text)
}
