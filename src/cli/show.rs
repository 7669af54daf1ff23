//! `inspect`, `render`, `schema`, `completions`: the verbs that only look.

use std::path::Path;

use clap::CommandFactory;

use crate::error::{Error, Result};
use crate::grid::Order;
use crate::picture::{MapData, PICTURE, render as draw_map};
use crate::place::{Inputs, check_file};
use crate::read::{hdf5, table};
use crate::store::StoreReader;
use crate::{config, left_out, piece, plan, report, store};

use super::args::{Cli, CompletionsArgs, Format, InspectArgs, RenderArgs, SchemaArgs};
use super::out::{print, print_json};
use super::session::tidy_file;

pub fn inspect(args: &InspectArgs) -> Result<u8> {
    let look = if args.all {
        hdf5::inspect_all
    } else {
        hdf5::inspect
    };
    let (found, text): (serde_json::Value, fn(&serde_json::Value) -> String) =
        if piece::looks_like_pieces(&args.path) {
            (piece::inspect(&args.path)?, piece::inspect_text)
        } else if args.path.is_dir() {
            (store::inspect(&args.path)?, store::inspect_text)
        } else if !args.path.is_file() {
            // What a pipe or a device holds shows only in waiting for it.
            let access = args.access.rules(false)?;
            (hdf5::inspect(&args.path, &access)?, hdf5::inspect_text)
        } else if report::looks_like_a_report(&args.path) {
            (report::inspect(&args.path)?, report::inspect_text)
        } else if plan::looks_like_a_map(&args.path) {
            (plan::inspect(&args.path)?, plan::inspect_text)
        } else if table::looks_like_a_table(&args.path) {
            (left_out::inspect(&args.path)?, left_out::inspect_text)
        } else if let Some(config) = &args.config {
            let mut config = config::load(config)?;
            config.access = args.access.rules(false)?;
            let mut found = look(&args.path, &config.access)?;
            found["cost"] = hdf5::cost(&args.path, &config)?;
            (found, |found| {
                hdf5::inspect_text(found) + &hdf5::cost_text(&found["cost"])
            })
        } else {
            let access = args.access.rules(false)?;
            (look(&args.path, &access)?, hdf5::inspect_text)
        };
    if args.all && found.get("ground_tracks").is_none() {
        return Err(Error::Usage(format!(
            "--all lists the datasets of a granule, and {} is none; leave it out",
            args.path.display()
        )));
    }
    if args.config.is_some() && found.get("cost").is_none() {
        return Err(Error::Usage(format!(
            "--config says what would be read of a granule, and {} is none; leave it out",
            args.path.display()
        )));
    }
    let balanced = found["balanced"] != false;
    if args.json {
        print_json(&found)?;
    } else {
        print(&text(&found))?;
    }
    let strange = found["belongs"].as_array().into_iter().flatten();
    let strange = strange
        .filter(|one| one["holds"] == false)
        .collect::<Vec<_>>();
    if let (true, Some(first)) = (balanced, strange.first()) {
        let of = |key: &str| first[key].as_str().unwrap_or_default();
        return Err(Error::report(
            &args.path,
            format!(
                "{} {} is of another run, or was changed since: run again with --overwrite to have all of \
                 one run",
                of("what"),
                of("path")
            ),
        ));
    }
    if balanced {
        return Ok(0);
    }
    let message = "its sums do not balance: it was changed, or the run that wrote it was wrong";
    Err(Error::report(&args.path, message))
}

pub fn render(args: &RenderArgs) -> Result<u8> {
    check_picture(&args.output)?;
    check_file(&args.output, PICTURE, true, &Inputs::default())?;
    tidy_file(&args.output)?;
    draw(
        &args.store,
        args.order.and_then(Order::new),
        &args.variable,
        &args.output,
        args.title.as_deref(),
    )?;
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
    Err(Error::Usage(format!(
        "cannot draw {}: {what}, pictures are PNG; name one that ends in .png with -o",
        output.display()
    )))
}

/// Draws one array of an order of a store, the finest where none is given.
pub fn draw(
    store: &Path,
    order: Option<Order>,
    variable: &str,
    output: &Path,
    title: Option<&str>,
) -> Result<()> {
    let reader = match order {
        Some(order) => StoreReader::open_order(store, order)?,
        None => StoreReader::open(store)?,
    };
    let array = reader.read(variable)?;
    if array.info.shape.len() != 1 {
        return Err(Error::Usage(format!(
            "array {variable} has {} values per cell; draw one that has one, such as {}",
            array.info.shape[1..].iter().product::<u64>(),
            reader.arrays().join(", ")
        )));
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
            latitude: grid.latitude,
            cells: reader.cell_ids()?,
            values: array.as_f64(),
            title: title.map_or_else(|| format!("{name}: {variable}"), str::to_owned),
            label,
            note: attribute("long_name").unwrap_or_default().to_owned(),
        },
        output,
    )
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
