//! A map of one array of a store.
//!
//! Beside the line: from a store to what `draw.rs` draws.

use std::path::Path;

use super::mark::Format;
use super::{Figure, MapStyle, PICTURE, Panel, is_change};
use crate::config;
use crate::error::{Error, Result, Setting, phrase};
use crate::features::Feature;
use crate::grid::Order;
use crate::place::{Inputs, check_file};
use crate::store::{ArrayInfo, StoreArray, StoreReader};

/// Most maps of one picture.
const MOST_MAPS: usize = 64;
/// What names all steps of time.
const ALL: &str = "all";

/// A picture is a PNG, an SVG or a PDF, and its name says so; a device has no say.
///
/// # Errors
/// No name of a picture; something is there that is not to be replaced; a build without pictures.
pub fn check_picture(output: &Path) -> Result<()> {
    let is_device = std::fs::metadata(output).is_ok_and(|m| !m.is_file() && !m.is_dir());
    if Format::named(output).is_some() || is_device {
        Feature::Picture.needed_for("draw a map")?;
        return check_file(output, PICTURE, true, &Inputs::default());
    }
    let what = match output.extension().and_then(|e| e.to_str()) {
        Some(extension) => format!("a .{extension} file is not written"),
        None => "its name does not say what it is".to_owned(),
    };
    Err(Error::argument(format!(
        "cannot draw {}: {what}, pictures are PNG, SVG or PDF; name one that ends in .png, .svg or .pdf",
        output.display()
    )))
}

/// What is drawn of a store.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    pub variable: &'a str,
    /// The finest where none is given.
    pub order: Option<Order>,
    /// Of a store with steps of time: a moment, or the number of a step; `all` for a map of each.
    pub time: Option<&'a str>,
    pub title: Option<&'a str>,
}

/// Draws one array of an order of a store.
///
/// # Errors
/// No such store, order, array or step; an array that has several values for a cell; the operating system's.
pub fn draw(store: &Path, drawn: Drawn, output: &Path) -> Result<()> {
    draw_with(store, drawn, &MapStyle::default(), output)
}

/// As [`draw`], in a style.
///
/// # Errors
/// As [`draw`]; an end of the colours that leaves no values to the other.
pub fn draw_with(store: &Path, drawn: Drawn, style: &MapStyle, output: &Path) -> Result<()> {
    let variable = drawn.variable;
    let reader = match drawn.order {
        Some(order) => StoreReader::open_order(store, order)?,
        None => StoreReader::open(store)?,
    };
    let array = reader.read(variable)?;
    let steps = steps(&reader, &array.info, drawn.time)?;
    let of_cell = &array.info.shape[1 + usize::from(steps.is_some())..];
    if !of_cell.is_empty() {
        return Err(Error::argument(format!(
            "array {variable} has {} values per cell; draw one that has one, such as {}",
            of_cell.iter().product::<u64>(),
            reader.arrays().join(", ")
        )));
    }
    let (cells, values) = (reader.cell_ids()?, array.as_f64());
    let mut when = String::new();
    let maps: Vec<(String, Vec<u64>, Vec<f64>)> = match (&steps, reader.times()) {
        (Some(steps), Some(times)) => {
            if let [step] = steps[..] {
                when = format!(", {}", times.said(step));
            }
            let of_step = |&step: &usize| {
                let (cells, values) = of_step(&array, &cells, &values, step);
                (times.said(step), cells, values)
            };
            steps.iter().map(of_step).collect()
        }
        _ => vec![(String::new(), cells, values)],
    };
    let attribute = |key: &str| array.info.attributes.get(key).and_then(|v| v.as_str());
    let label = match attribute("units") {
        Some(units) => format!("{variable} [{units}]"),
        None => variable.to_owned(),
    };
    let grid = reader.grid();
    let name = store
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let figure = Figure {
        order: grid.cell_order,
        grid: grid.kind,
        panels: (maps.iter())
            .map(|(caption, cells, values)| Panel {
                caption: caption.clone(),
                cells,
                values,
            })
            .collect(),
        title: (drawn.title).map_or_else(|| format!("{name}: {variable}{when}"), str::to_owned),
        is_change: is_change(&label),
        label,
        note: attribute("long_name").unwrap_or_default().to_owned(),
    };
    super::draw::render_figure(&figure, style, output)
}

/// Cells that have a value at a step, and their values there: most cells are of other steps.
fn of_step(array: &StoreArray, cells: &[u64], values: &[f64], step: usize) -> (Vec<u64>, Vec<f64>) {
    let (steps, width) = (array.info.shape[1] as usize, array.info.dtype.size());
    let is_there = |slot: &usize| array.bytes[slot * width..][..width] != array.info.fill;
    let slots = (step..values.len()).step_by(steps.max(1)).filter(is_there);
    slots
        .map(|slot| (cells[slot / steps], values[slot]))
        .unzip()
}

/// The steps that are drawn, where the store has steps.
fn steps(reader: &StoreReader, info: &ArrayInfo, time: Option<&str>) -> Result<Option<Vec<usize>>> {
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
            which,
            "; ",
            Setting::Time.to(ALL),
            " draws a map of each"
        ]));
    };
    if time.trim().eq_ignore_ascii_case(ALL) {
        let steps = info.shape.get(1).map_or(0, |steps| *steps as usize);
        if !(1..=MOST_MAPS).contains(&steps) {
            return Err(Error::argument(phrase![
                Setting::Time.to(ALL),
                format!(
                    " is {steps} maps, and a picture has 1 to {MOST_MAPS}; name one step: {which}"
                )
            ]));
        }
        return Ok(Some((0..steps).collect()));
    }
    let step = if times.are_numbers() {
        let number = time.trim().parse();
        number.ok().and_then(|number| times.of_number(number))
    } else {
        let seconds = config::seconds_of(time.trim());
        let seconds = seconds.map_err(|why| Error::argument(phrase![Setting::Time, " ", why]))?;
        times.at_time(seconds)
    };
    step.map(|step| Some(vec![step])).ok_or_else(|| {
        Error::argument(phrase![
            Setting::Time.to(time),
            format!(" is in no step of {}; {which}", reader.path().display())
        ])
    })
}
