//! `icefold plan`: granules to a shard map; and the plan that a run follows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::config::{self, Access, Config};
use crate::error::{Error, Result};
use crate::place::check_file;
use crate::plan::{Build, Built, Plan, SHARD_MAP, Selection, ShardMap, ShardRange};
use crate::report::{Progress, ProgressMode};

use super::PARTIAL;
use super::args::{PlanArgs, RunArgs};
use super::out::{note, print, print_json};
use super::outputs::inputs;
use super::run::{threads, tolerant};
use super::session::tidy_file;
use super::urls::refuse_catalog;
use super::words::CommandLine;

pub fn plan(args: &PlanArgs, matches: Option<&ArgMatches>, interrupted: &AtomicBool) -> Result<u8> {
    let started = Instant::now();
    let mut config = config::load(&args.config)?;
    strict_or_tolerant(matches)?;
    let tolerant = args.tolerant && !args.strict;
    config.access = Access {
        chunk_memory: Some(args.memory.for_chunks()),
        ..args.access.rules(tolerant)?
    };
    let plan = crate::plan::plan(&args.granules, &config, tolerant)?;
    say_left_out(&plan);
    // Each granule is read by one of the threads.
    config.access.granules = threads(args.threads).min(plan.granules.len());
    let inputs = inputs(&args.config, &plan, None);
    check_file(&args.output, SHARD_MAP, true, &inputs)?;
    tidy_file(&args.output)?;
    let progress = Progress::new(ProgressMode::Auto, &plan.granules);
    let build = Build {
        config: &config,
        plan: &plan,
        target: &args.output,
        threads: threads(args.threads),
        tolerant,
        interrupted,
    };
    let built = crate::plan::build(&build, &progress);
    progress.finish();
    let built = built?;
    built.map.write()?;
    for failed in &built.failed {
        let why = failed.reason.render(&CommandLine);
        note(format_args!("warning: left out: {why}"));
    }
    for name in &built.without_photons {
        note(format_args!(
            "warning: granule {name} has no photon with valid coordinates in any ground track and \
             is in no shard"
        ));
    }
    say(args, &built, started.elapsed().as_secs_f64())?;
    let whole = built.failed.is_empty();
    Ok(if whole { 0 } else { PARTIAL })
}

fn say(args: &PlanArgs, built: &Built, seconds: f64) -> Result<()> {
    let map = &built.map;
    let order = map.order.map(crate::grid::Order::get);
    if args.json {
        return print_json(&json!({
            "map": map.path.display().to_string(),
            "shard_order": order,
            "shards": map.shards.len(),
            "granules": map.granules.len(),
            "pairs": map.pairs(),
            "failed": built.failed.len(),
            "without_photons": built.without_photons.len(),
            "photons": built.photons,
            "bad_coordinates": built.bad_coordinates,
            "seconds": seconds,
        }));
    }
    print(&format!(
        "{}\n  {} shards of order {}, {} granules, {} pairs; {} positions read in {seconds:.2} s",
        map.path.display(),
        map.shards.len(),
        order.unwrap_or_default(),
        map.granules.len(),
        map.pairs(),
        built.photons,
    ))
}

/// `--strict` and `--tolerant` exclude each other on the command line; either wins over the
/// environment.
pub fn strict_or_tolerant(matches: Option<&ArgMatches>) -> Result<()> {
    let given = |id| matches.and_then(|m| m.value_source(id)) == Some(ValueSource::CommandLine);
    if given("strict") && given("tolerant") {
        return Err(Error::argument(
            "--strict and --tolerant exclude each other; give one of them",
        ));
    }
    Ok(())
}

/// The plan of a run, and the shard map that it follows: `--plan`, else the granules of the command
/// line, else the config's catalog.
pub fn planned(args: &RunArgs, config: &Config) -> Result<(Plan, Option<ShardMap>)> {
    let catalog = config.catalog.as_ref().filter(|_| args.granules.is_empty());
    if let Some(catalog) = catalog.filter(|_| args.plan.is_none()) {
        refuse_catalog(config, catalog)?;
    }
    let planned = if let Some(map) = args.plan.as_ref().or(catalog) {
        let map = ShardMap::read(map)?;
        let odd = map.check_grid(config)?;
        for odd in odd.into_iter().chain(map.unused_in_words()) {
            note(format_args!("warning: {odd}"));
        }
        let range = args.shards.as_deref().map(str::parse::<ShardRange>);
        let plan = map.plan(&Selection {
            range: range.transpose()?,
            granule_root: args.granule_root.as_deref(),
            config: Some(config),
            duplicates: None,
        })?;
        (plan, Some(map))
    } else {
        (of_granules(args, config)?, None)
    };
    say_left_out(&planned.0);
    Ok(planned)
}

fn of_granules(args: &RunArgs, config: &Config) -> Result<Plan> {
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
    if args.granules.is_empty() {
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
    crate::plan::plan(&args.granules, config, tolerant(args))
}

/// What becomes of files that are not read, or read beside others of their granule, on standard error.
pub fn say_left_out(plan: &Plan) {
    for left_out in &plan.superseded {
        note(format_args!(
            "warning: granule {} is left out: {} takes its place ({})",
            left_out.granule.display(),
            left_out.by.display(),
            left_out.why
        ));
    }
    for parts in &plan.parts {
        let parts: Vec<String> = parts.iter().map(|p| p.display().to_string()).collect();
        note(format_args!(
            "note: {} are parts of one granule: all are read, as none has photons of another",
            parts.join(", ")
        ));
    }
    let mut by_reason: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for skipped in &plan.skipped {
        let paths = by_reason.entry(&skipped.reason).or_default();
        paths.push(&skipped.path);
    }
    for (reason, paths) in by_reason {
        let more = match paths.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let first = paths[0].display();
        note(format_args!("note: not read: {first}{more} {reason}"));
    }
    let not_data = match plan.not_data {
        0 => return,
        1 => "1 file that is no data".to_owned(),
        n => format!("{n} files that are no data"),
    };
    note(format_args!("note: not read: {not_data}"));
}
