//! `inspect`, `schema`, `completions`: the verbs that only look.

use std::path::Path;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;
use serde_json::json;

use crate::error::{Error, Result};
use crate::inspect::{Inspection, Look};
use crate::publish::Near;
use crate::{config, inspect, plan, report};

use super::args::{Cli, InspectArgs};
use super::out::{print, print_json};
use super::words::CommandLine;

pub fn inspect(args: &InspectArgs) -> Result<u8> {
    let access = args.access.rules(false)?;
    let config = args.config.as_ref().map(|config| args.changes.load(config));
    let config = config.transpose()?;
    if let Some(flag) = args.changes.given().filter(|_| config.is_none()) {
        return Err(Error::argument(format!(
            "{flag} changes a config, and none is named; name one with --config, or leave it out"
        )));
    }
    let look = Look {
        config: config.as_ref(),
        all: args.all,
        access: Some(&access),
        memory: Some(args.memory.for_chunks()),
    };
    let scratch = args.access.scratch.folder();
    let near = Near::of(&args.path, (&scratch, &access.remote), false)?;
    let found = near.outcome(inspect::inspect(near.path(), look))?;
    let is_granule = matches!(found, Inspection::Granule(_));
    if args.all && !is_granule {
        return Err(Error::argument(format!(
            "--all lists the datasets of a granule, and {} is none; leave it out",
            args.path.display()
        )));
    }
    if args.config.is_some() && !is_granule {
        return Err(Error::argument(format!(
            "--config says what would be read of a granule, and {} is none; leave it out",
            args.path.display()
        )));
    }
    if args.json {
        let text = serde_json::to_string_pretty(&json!(found));
        print(&near.said(&text.unwrap_or_default()))?;
    } else {
        print(&near.said(&found.render(&CommandLine)))?;
    }
    match &found {
        // What it names is not beside a copy of it.
        Inspection::Report(report) if near.path() == args.path => {
            believe(&args.path, report).map(|()| 0)
        }
        _ => Ok(0),
    }
}

/// A report whose sums balance, and that is of what it names.
fn believe(path: &Path, report: &report::Inspected) -> Result<()> {
    if !report.is_balanced() {
        let message = "its sums do not balance: it was changed, or the run that wrote it was wrong";
        return Err(Error::report(path, message));
    }
    let Some(stranger) = report.stranger() else {
        return Ok(());
    };
    Err(Error::report(
        path,
        format!(
            "{} {} is of another run, or was changed since: run again with --overwrite to have all of \
             one run",
            stranger.what, stranger.path
        ),
    ))
}

/// The command line of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// The file format
    pub format: Format,
}

/// Formats of files.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// The pipeline YAML
    Config,
    /// The shard map
    Plan,
    /// The run report
    Report,
}

pub fn schema(args: &SchemaArgs) -> Result<u8> {
    match args.format {
        Format::Config => print_json(&config::json_schema())?,
        Format::Plan => print_json(&plan::json_schema())?,
        Format::Report => print_json(&report::json_schema())?,
    }
    Ok(0)
}

/// The command line of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

pub fn completions(args: &CompletionsArgs) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "icefold", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(0)
}
