//! A map of one array of a store.
//!
//! Beside the line: from a store to what `draw.rs` draws.

use std::path::Path;

use super::{MapData, PICTURE, render};
use crate::config;
use crate::error::{Error, Result, Setting, phrase};
use crate::features::Feature;
use crate::grid::Order;
use crate::place::{Inputs, check_file};
use crate::store::{ArrayInfo, StoreReader};

/// A picture is a PNG, and its name says so; a device has no say.
///
/// # Errors
/// No name of a picture; something is there that is not to be replaced; a build without pictures.
pub fn check_picture(output: &Path) -> Result<()> {
    let extension = output.extension().and_then(|e| e.to_str());
    let is_png = extension.is_some_and(|e| e.eq_ignore_ascii_case("png"));
    let is_device = std::fs::metadata(output).is_ok_and(|m| !m.is_file() && !m.is_dir());
    if is_png || is_device {
        Feature::Picture.needed_for("draw a map")?;
        return check_file(output, PICTURE, true, &Inputs::default());
    }
    let what = match extension {
        Some(extension) => format!("a .{extension} file is not written"),
        None => "its name does not say what it is".to_owned(),
    };
    Err(Error::argument(format!(
        "cannot draw {}: {what}, pictures are PNG; name one that ends in .png",
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
///
/// # Errors
/// No such store, order, array or step; an array that has several values for a cell; the operating system's.
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
    render(
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
            Some(_) => Err(Error::argument(phrase![
                Setting::Time,
                format!(" names a step, and {what} has no steps of time; leave it out")
            ])),
        };
    };
    let which = format!("its steps of {} are {}", times.name, times.all_said());
    let Some(time) = time else {
        let message = format!(
            "{} has steps of time, and a map is of one; name it with ",
            reader.path().display()
        );
        return Err(Error::argument(phrase![
            message,
            Setting::Time,
            ": ",
            which
        ]));
    };
    let step = if times.are_numbers() {
        let number = time.trim().parse();
        number.ok().and_then(|number| times.of_number(number))
    } else {
        let seconds = config::seconds_of(time.trim());
        let seconds = seconds.map_err(|why| Error::argument(phrase![Setting::Time, " ", why]))?;
        times.at_time(seconds)
    };
    step.map(Some).ok_or_else(|| {
        Error::argument(phrase![
            Setting::Time.to(time),
            format!(" is in no step of {}; {which}", reader.path().display())
        ])
    })
}
