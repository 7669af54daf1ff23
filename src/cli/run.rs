//! `icefold run`: granules to a store, or to pieces of one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ArgMatches;

use crate::config::{self, Config, StoreLayout};
use crate::error::{Error, Result};
use crate::run::{Granules, Mapped, Outcome, Run, Source, Standing};
use crate::source::Remote;
use crate::store::Layout;

use super::args::{LayoutArg, RunArgs};
use super::exit::exit_code;
use super::machine::{command_line, threads};
use super::out::{note, print, print_json, print_summary};
use super::overviews::overviews;
use super::plan::strict_or_tolerant;
use super::progress::Progress;
use super::settings::{describe, overrides};
use super::words::CommandLine;

pub fn run(
    args: &RunArgs,
    matches: Option<&ArgMatches>,
    interrupted: Arc<AtomicBool>,
) -> Result<u8> {
    let mut config = within(args.changes.load(&args.config)?, args.region.as_deref())?;
    if args.cells_of_region {
        config = config.with_cells_of_region();
    }
    let external = args.access.folders()?;
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
    let remote = args.access.remote(Arc::clone(&interrupted));
    let progress = Progress::new(args.progress, interrupted);
    let source = source(args, &config, &remote)?;
    let run = Run::new(config, source)
        .layout(layout)
        .overviews(overviews)
        .external(external)
        .remote(remote)
        .hash_granules(args.hash_granules)
        .device(device)
        .guide(args.machine.guide())
        .watch(&progress);
    let mut run = with_settings(run, args);
    if let Some(store) = args.grow.store(args.store.as_deref(), matches)? {
        run = run.into_store(store);
    }
    let planned = run.planned()?;
    if args.dry_run {
        let survey = planned.survey()?;
        describe(&planned, &survey, args.json)?;
        return Ok(exit_code(survey.failed.is_empty()));
    }
    let outcome = planned.execute()?;
    show(&outcome, args.json)?;
    // What a part keeps says nothing of the whole: icefold finalize knows.
    let expected = args.allow_empty || matches!(outcome, Outcome::Pieces(_));
    let empty = outcome.is_empty() && !expected;
    Ok(exit_code(outcome.is_whole() && !empty))
}

/// A config about the area that the command line names, if it does.
pub fn within(config: Config, region: Option<&str>) -> Result<Config> {
    Ok(match region {
        Some(region) => config.within(region.parse()?),
        None => config,
    })
}

/// Settings that are taken as they are.
fn with_settings<'a>(run: Run<'a>, args: &RunArgs) -> Run<'a> {
    let mut run = args
        .grow
        .settle(run)
        .overwrite(args.overwrite)
        .tolerant(args.tolerant && !args.strict)
        .threads(threads(args.machine.threads))
        .memory(args.memory)
        .command(command_line())
        .dialect(&CommandLine);
    if let Some(table) = &args.table {
        run = run.table(table);
    }
    if let Some(folder) = &args.geotiff {
        run = run.geotiff(folder);
    }
    if let Some(geometry) = args.table_geometry {
        run = run.table_geometry(geometry.into());
    }
    if let Some(report) = &args.report {
        run = run.report(report);
    }
    if let Some(memory) = args.partials_memory {
        run = run.partials_memory(memory);
    }
    if let Some(rows) = args.batch_rows {
        run = run.batch_rows(rows as usize);
    }
    run
}

/// The layout of the store, and its overviews.
fn orders(args: &RunArgs, config: &Config) -> Result<(Layout, Vec<u8>)> {
    let overviews = match &args.overviews {
        Some(text) => overviews(text, &config.grid)?,
        None => Vec::new(),
    };
    let layout = match (args.layout, config.store_layout) {
        (Some(LayoutArg::Hive), _) | (None, Some(StoreLayout::Hive)) => Layout::HIVE,
        (Some(LayoutArg::Fullsphere), _) => Layout::FULL_SPHERE,
        (Some(LayoutArg::Raster), _) => Layout::RASTER,
        (Some(LayoutArg::Cells), _) => Layout::CELLS,
        (None, Some(StoreLayout::Flat) | None) => Layout::of_grid(&config.grid),
    };
    if let Some(orders) = args.overviews.as_ref().filter(|_| !layout.has_overviews()) {
        let message = format!(
            "--layout {layout} has one order, --overviews {orders} asks for more; use the cells \
             layout"
        );
        return Err(Error::argument(message));
    }
    Ok((layout, overviews))
}

/// What is read: the map of `--plan`, else the granules of the command line, else the config's catalog.
fn source(args: &RunArgs, config: &Config, remote: &Remote) -> Result<Source> {
    let mapped = match &args.plan {
        Some(map) => Some(Mapped::by(map)),
        None if args.granules.is_empty() && args.lists.granules_from.is_empty() => {
            Mapped::by_catalog(config)?
        }
        None => None,
    };
    let Some(mut mapped) = mapped else {
        return Ok(granules(args, config, remote)?.into());
    };
    if let Some(root) = &args.granule_root {
        mapped = mapped.in_folder(root);
    }
    if let Some(range) = &args.shards {
        mapped = mapped.shards(range.parse()?);
    }
    Ok(mapped.into())
}

fn granules(args: &RunArgs, config: &Config, remote: &Remote) -> Result<Granules> {
    let flags = [
        ("--shards", args.shards.is_some()),
        ("--granule-root", args.granule_root.is_some()),
    ];
    if let Some((flag, _)) = flags.iter().find(|(_, given)| *given) {
        return Err(Error::argument(format!(
            "{flag} is about a shard map and the run has none; name it with --plan MAP.json, which \
             icefold plan makes, in place of granules"
        )));
    }
    let granules = args.lists.with(&args.granules, remote)?;
    if granules.is_empty() {
        return Err(Error::argument(
            "no granules given; name granules or folders of granules after the config, or a shard \
             map with --plan",
        ));
    }
    if let Some(catalog) = &config.catalog {
        note(format_args!(
            "warning: catalog {} is not used: this run reads the granules that the command line \
             names",
            catalog.display()
        ));
    }
    Ok(Granules::named(granules))
}

fn show(outcome: &Outcome, json: bool) -> Result<()> {
    match outcome {
        Outcome::Standing(standing) => show_standing(standing, json),
        Outcome::Store(done) | Outcome::Pieces(done) if json => print(&done.report.to_json()),
        Outcome::Store(done) | Outcome::Pieces(done) => {
            let summary = done.report.summary(&done.tally);
            print_summary(&format!("{}\n{summary}", done.path.display()))
        }
    }
}

/// A store that was whole already.
pub fn show_standing(standing: &Standing, json: bool) -> Result<()> {
    if json {
        print(&format!("{:#}", standing.report))
    } else {
        print(&standing.store.display().to_string())
    }
}
