//! What a run would do: `--explain`, `--dry-run`.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::json;

use crate::config::{Config, StoreLayout};
use crate::error::Result;
use crate::pipeline::{self, Survey};
use crate::run::Planned;
use crate::store::Layout;

use super::args::RunArgs;
use super::machine::threads;
use super::out::{print, print_json};

/// The layout of the store, and who says so.
fn layout(args: &RunArgs, config: &Config, origin: &'static str) -> (String, &'static str) {
    match (args.layout, config.store_layout) {
        (Some(layout), _) => (format!("{layout:?}").to_lowercase(), origin),
        (None, Some(StoreLayout::Hive)) => ("hive".to_owned(), "config"),
        (None, said) => {
            let layout = Layout::of_grid(&config.grid).name().to_owned();
            (layout, said.map_or("default", |_| "config"))
        }
    }
}

/// Settings of the command line and the environment, for `--explain`.
pub fn overrides(
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
    let (layout, layout_origin) = layout(args, config, origin("layout"));
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
        ("layout", layout, layout_origin),
    ];
    let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let given = [
        ("table", path(&args.table), origin("table")),
        ("geotiff", path(&args.geotiff), origin("geotiff")),
        ("index", path(&args.known.index), origin("index")),
        ("catalog", path(&args.plan), origin("plan")),
        (
            "granule_root",
            path(&args.granule_root),
            origin("granule_root"),
        ),
        (
            "region",
            args.region
                .as_ref()
                .and(config.region.as_ref())
                .map(|r| r.facts().to_string()),
            origin("region"),
        ),
        ("shards", args.shards.clone(), origin("shards")),
        (
            "output.cells",
            args.cells_of_region.then(|| "region".to_owned()),
            origin("cells_of_region"),
        ),
        ("overviews", args.overviews.clone(), origin("overviews")),
    ];
    let given = given.into_iter().filter_map(|(k, v, o)| Some((k, v?, o)));
    rows.into_iter()
        .chain(given)
        .map(|(key, value, origin)| (key.to_owned(), value, origin.to_owned()))
        .collect()
}

/// What a run would do, for `--dry-run`.
pub fn describe(planned: &Planned, survey: &Survey, as_json: bool) -> Result<()> {
    let (config, plan, overviews) = (planned.config(), planned.plan(), planned.overviews());
    let shown = |path: &Path| path.display().to_string();
    let columns = survey.columns.iter().zip(&config.variables);
    let arrays = &survey.schema.arrays;
    if as_json {
        return print_json(&json!({
            "config": {"name": config.name, "sha256": config.sha256},
            "granules": survey.granules.iter().map(|g| shown(&g.path)).collect::<Vec<_>>(),
            "failed": survey.failed,
            "superseded": plan.superseded.len(),
            "skipped": plan.skipped.iter().map(|s| json!({
                "path": shown(&s.path), "reason": s.reason,
            })).collect::<Vec<_>>(),
            "plan": plan.wanted.as_ref().map(|wanted| json!({
                "map": wanted.map.display().to_string(),
                "shards": format!("{}..{}", wanted.range.start, wanted.range.end),
                "of": wanted.of,
            })),
            "shard_order": config.grid.shard_order.get(),
            "cell_order": config.grid.cell_order.get(),
            "overviews": overviews.iter().map(|order| order.get()).collect::<Vec<_>>(),
            "latitude": config.grid.kind.latitude(),
            "columns": columns.map(|(column, variable)| json!({
                "name": column.name, "dataset": variable.shown(&config.joins), "dtype": column.dtype.name(),
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
        config.grid.kind.latitude(),
        pipeline::describe(plan)
    );
    if !overviews.is_empty() {
        let groups = overviews.iter().map(|order| config.grid.kind.group(*order));
        let groups = groups.collect::<Vec<_>>().join(", ");
        text.push_str(&format!("overviews of orders {groups}\n"));
    }
    for failed in &survey.failed {
        text.push_str(&format!("  cannot be read: {}\n", failed.reason));
    }
    text.push_str("columns\n");
    for (column, variable) in columns {
        let (name, path, dtype) = (
            &column.name,
            variable.shown(&config.joins),
            column.dtype.name(),
        );
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
