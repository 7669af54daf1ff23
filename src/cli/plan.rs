//! `icefold plan`: granules to a shard map.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::error::{Error, Result};
use crate::plan::Built;
use crate::run::MakeMap;

use super::args::{PlanArgs, ProgressArg};
use super::exit::exit_code;
use super::index::of_index;
use super::machine::threads;
use super::out::{print, print_json};
use super::progress::Progress;
use super::run::within;
use super::words::CommandLine;

pub fn plan(
    args: &PlanArgs,
    matches: Option<&ArgMatches>,
    interrupted: Arc<AtomicBool>,
) -> Result<u8> {
    let started = Instant::now();
    let config = within(args.changes.load(&args.config)?, args.region.as_deref())?;
    strict_or_tolerant(matches)?;
    let remote = args
        .known
        .remote(args.access.remote(Arc::clone(&interrupted)));
    let progress = Progress::new(ProgressArg::Auto, interrupted);
    let granules = args
        .known
        .granules(args.lists.with(&args.granules, &remote)?)?;
    let mut asked = MakeMap::new(config, granules, &args.output);
    if let Some(index) = &args.known.index {
        asked = asked.index(index);
    }
    let built = asked
        .tolerant(args.tolerant && !args.strict)
        .external(args.access.folders()?)
        .remote(remote)
        .threads(threads(args.threads))
        .memory(args.memory)
        .scratch(args.access.scratch.folder())
        .dialect(&CommandLine)
        .watch(&progress)
        .execute()?;
    say(args, &built, started.elapsed().as_secs_f64())?;
    Ok(exit_code(built.failed.is_empty()))
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
            "outside_region": built.outside_region.len(),
            "outside_grid": built.outside_grid.len(),
            "outside_time": built.outside_time.len(),
            "photons": built.photons,
            "bad_coordinates": built.bad_coordinates,
            "index": built.indexed.as_ref().map(|indexed| json!({
                "known": indexed.known,
                "changed": indexed.changed,
                "unknown": indexed.unknown,
                "spared": indexed.spared,
            })),
            "seconds": seconds,
        }));
    }
    let mut text = format!(
        "{}\n  {} shards of order {}, {} granules, {} pairs; {} positions read in {seconds:.2} s",
        map.path.display(),
        map.shards.len(),
        order.unwrap_or_default(),
        map.granules.len(),
        map.pairs(),
        built.photons,
    );
    if let Some(line) = of_index(built.indexed.as_ref()) {
        let _ = write!(text, "\n  {line}");
    }
    let left_out = [
        (&built.outside_region, "region"),
        (&built.outside_grid, "grid"),
        (&built.outside_time, "time"),
    ];
    for (granules, of) in left_out.iter().filter(|(granules, _)| !granules.is_empty()) {
        let _ = write!(text, "\n  {} granules lie outside the {of}", granules.len());
    }
    print(&text)
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
