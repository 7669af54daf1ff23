//! `inspect`, `render`, `schema`, `completions`: the verbs that only look.

use std::path::Path;

use clap::CommandFactory;
use serde_json::json;

use crate::error::{Error, Result};
use crate::features::Feature;
use crate::grid::Order;
use crate::inspect::{Inspection, Look};
use crate::picture::{MapData, PICTURE, render as draw_map};
use crate::place::{Inputs, check_file};
use crate::run::tidy_file;
use crate::store::{ArrayInfo, StoreReader};
use crate::{config, inspect, plan, report};

use super::args::{Cli, CompletionsArgs, Format, InspectArgs, RenderArgs, SchemaArgs};
use super::out::{print, print_json};
use super::progress::Progress;
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
    Feature::Picture.needed_for("draw a map")?;
    check_file(&args.output, PICTURE, true, &Inputs::default())?;
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

/// A picture is a PNG, and its name says so; a device has no say.
fn check_picture(output: &Path) -> Result<()> {
    let extension = output.extension().and_then(|e| e.to_str());
    let is_png = extension.is_some_and(|e| e.eq_ignore_ascii_case("png"));
    let is_device = std::fs::metadata(output).is_ok_and(|m| !m.is_file() && !m.is_dir());
    if is_png || is_device {
        return Ok(());
    }
    let what = match extension {
        Some(extension) => format!("a .{extension} file is not written"),
        None => "its name does not say what it is".to_owned(),
    };
    Err(Error::argument(format!(
        "cannot draw {}: {what}, pictures are PNG; name one that ends in .png with -o",
        output.display()
    )))
}

/// What is drawn of a store.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    pub variable: &'a str,
    /// The finest where none is given.
    pub order: Option<Order>,
    /// Of a store with steps of time: a moment, or the number of a step.
    pub time: Option<&'a str>,
    pub title: Option<&'a str>,
}

/// Draws one array of an order of a store.
pub fn draw(store: &Path, drawn: Drawn, output: &Path) -> Result<()> {
    let variable = drawn.variable;
    let reader = match drawn.order {
        Some(order) => StoreReader::open_order(store, order)?,
        None => StoreReader::open(store)?,
    };
    let array = reader.read(variable)?;
    let step = step(&reader, &array.info, drawn.time)?;
    let of_cell = &array.info.shape[1 + usize::from(step.is_some())..];
    if !of_cell.is_empty() {
        return Err(Error::argument(format!(
            "array {variable} has {} values per cell; draw one that has one, such as {}",
            of_cell.iter().product::<u64>(),
            reader.arrays().join(", ")
        )));
    }
    let (mut cells, mut values) = (reader.cell_ids()?, array.as_f64());
    let mut when = String::new();
    if let (Some(step), Some(times)) = (step, reader.times()) {
        let (steps, width) = (array.info.shape[1] as usize, array.info.dtype.size());
        // Most cells are of other steps.
        let is_there = |slot: &usize| array.bytes[slot * width..][..width] != array.info.fill;
        let slots = (step..values.len()).step_by(steps.max(1)).filter(is_there);
        let of_step: Vec<(u64, f64)> = slots.map(|s| (cells[s / steps], values[s])).collect();
        (cells, values) = of_step.into_iter().unzip();
        when = format!(", {}", times.said(step));
    }
    let attribute = |key: &str| array.info.attributes.get(key).and_then(|v| v.as_str());
    let label = match attribute("units") {
        Some(units) => format!("{variable} [{units}]"),
        None => variable.to_owned(),
    };
    let grid = reader.grid();
    let name = store
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    draw_map(
        &MapData {
            order: grid.cell_order,
            grid: grid.kind,
            cells,
            values,
            title: (drawn.title).map_or_else(|| format!("{name}: {variable}{when}"), str::to_owned),
            label,
            note: attribute("long_name").unwrap_or_default().to_owned(),
        },
        output,
    )
}

/// The step that is drawn, where the store has steps.
fn step(reader: &StoreReader, info: &ArrayInfo, time: Option<&str>) -> Result<Option<usize>> {
    let Some(times) = reader.times().filter(|_| info.at_steps) else {
        let what = match reader.times() {
            None => reader.path().display().to_string(),
            Some(_) => format!("array {}", info.name),
        };
        return match time {
            None => Ok(None),
            Some(_) => Err(Error::argument(format!(
                "--time names a step, and {what} has no steps of time; leave it out"
            ))),
        };
    };
    let which = format!("its steps of {} are {}", times.name, times.all_said());
    let Some(time) = time else {
        return Err(Error::argument(format!(
            "{} has steps of time, and a map is of one; name it with --time: {which}",
            reader.path().display()
        )));
    };
    let step = if times.are_numbers() {
        let number = time.trim().parse();
        number.ok().and_then(|number| times.of_number(number))
    } else {
        let seconds = config::seconds_of(time.trim());
        let seconds = seconds.map_err(|why| Error::argument(format!("--time {why}")))?;
        times.at_time(seconds)
    };
    step.map(Some).ok_or_else(|| {
        Error::argument(format!(
            "--time {time} is in no step of {}; {which}",
            reader.path().display()
        ))
    })
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
