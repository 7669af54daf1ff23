//! `inspect`, `render`, `schema`, `completions`: the verbs that only look.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use serde_json::json;

use crate::error::{Error, Result};
use crate::grid::Order;
use crate::inspect::{Inspection, Look};
use crate::picture::{Drawn, check_picture, draw};
use crate::run::tidy_file;
use crate::{config, inspect, plan, report};

use super::args::{Cli, CompletionsArgs, Format, InspectArgs, SchemaArgs};
use super::out::{print, print_json};
use super::progress::Progress;
use super::words::CommandLine;

#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The store
    pub store: PathBuf,
    /// The array to draw
    pub variable: String,
    /// The picture to write, a PNG
    #[arg(short, long, value_name = "MAP.png")]
    pub output: PathBuf,
    /// Draw the cells of this order [default: the finest]
    #[arg(long, value_name = "ORDER")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=29))]
    pub order: Option<u8>,
    /// Draw the cells at this step, of a store that has steps of time: a moment in it (2019-06, 2019-06-15T12:00Z), or
    /// the number of its cycle, reference ground track or region
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Title of the picture [default: the store and the variable]
    #[arg(long)]
    pub title: Option<String>,
}

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
    let found = inspect::inspect(&args.path, look)?;
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
        print_json(&json!(found))?;
    } else {
        print(&found.render(&CommandLine))?;
    }
    match &found {
        Inspection::Report(report) => believe(&args.path, report).map(|()| 0),
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

pub fn render(args: &RenderArgs) -> Result<u8> {
    check_picture(&args.output)?;
    tidy_file(&args.output, &Progress::of_notes())?;
    let drawn = Drawn {
        variable: &args.variable,
        order: args.order.and_then(Order::new),
        time: args.time.as_deref(),
        title: args.title.as_deref(),
    };
    draw(&args.store, drawn, &args.output)?;
    print(&args.output.display().to_string())?;
    Ok(0)
}

pub fn schema(args: &SchemaArgs) -> Result<u8> {
    match args.format {
        Format::Config => print_json(&config::json_schema())?,
        Format::Plan => print_json(&plan::json_schema())?,
        Format::Report => print_json(&report::json_schema())?,
    }
    Ok(0)
}

pub fn completions(args: &CompletionsArgs) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "icefold", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(0)
}
