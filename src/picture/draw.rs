//! The whole picture, from cells to a file.
//!
//! Beside the line: the parts say where things are and in which colour, and are put together here.

use std::collections::BTreeSet;
use std::path::Path;

use super::color::ColorScale;
use super::coverage::Coverage;
use super::earth::{self, Layer};
use super::graticule::Graticule;
use super::ink::Ink;
use super::labels::{Labels, Sides};
use super::layout::Layout;
use super::mark::{self, Format, PICTURE};
use super::outline::Outlines;
use super::palette::Palette;
use super::projection::Projection;
use super::scene::{Item, Paint, Scene};
use super::view::{View, Window, place};
use super::{Figure, MapData, MapStyle, Panel, canvas, legend, pdf, svg};
use crate::place::write_whole;
use crate::text::grouped;
use crate::{Error, Result};

/// Writes the map of `picture`: as SVG or PDF where the name of `out` ends so, else as PNG, 1400 pixels wide.
///
/// Data poleward of 50 degrees in one hemisphere are drawn in polar stereographic projection, those of a grid of rows and
/// columns in its own, all else in degrees.
///
/// # Errors
/// Where cells and values differ in number, a cell lies outside the order, or `out` cannot be written.
pub fn render(picture: &MapData, out: &Path) -> Result<()> {
    render_with(picture, &MapStyle::default(), out)
}

/// As [`render`], in a style.
///
/// # Errors
/// As [`render`]; an end of the colours that leaves no values to the other.
pub fn render_with(picture: &MapData, style: &MapStyle, out: &Path) -> Result<()> {
    let panel = Panel {
        caption: String::new(),
        cells: &picture.cells,
        values: &picture.values,
    };
    render_figure(&Figure::of(picture, vec![panel]), style, out)
}

/// Writes one map or several.
pub(super) fn render_figure(figure: &Figure, style: &MapStyle, out: &Path) -> Result<()> {
    for panel in &figure.panels {
        check(figure, panel, out)?;
    }
    let scene = scene(figure, style)?;
    let refused = |e: png::EncodingError| Error::io("draw", out, std::io::Error::other(e));
    let bytes = match Format::of(out) {
        Format::Png => mark::marked(&canvas::pixels(&scene).to_png().map_err(refused)?),
        Format::Svg => svg::written(&scene).map_err(refused)?.into_bytes(),
        Format::Pdf => pdf::written(&scene),
    };
    write_whole(out, PICTURE, &bytes)
}

fn check(figure: &Figure, panel: &Panel, out: &Path) -> Result<()> {
    let (cells, values) = (panel.cells.len(), panel.values.len());
    if cells != values {
        return Err(Error::store(
            out,
            format!("cannot draw {cells} cells with {values} values; give one value for each cell"),
        ));
    }
    let (order, limit) = (figure.order, figure.grid.cells(figure.order));
    match panel.cells.iter().find(|&&cell| cell >= limit) {
        Some(cell) => Err(Error::store(
            out,
            format!("cannot draw cell {cell}: order {order} has {limit} cells; check the order"),
        )),
        None => Ok(()),
    }
}

/// What is on the picture of cells that are known to lie in their order.
pub(super) fn scene(figure: &Figure, style: &MapStyle) -> Result<Scene> {
    let ink = Ink::of(style.theme);
    let outlines: Vec<Outlines> = (figure.panels.iter())
        .map(|panel| Outlines::new(panel.cells, figure.order, figure.grid))
        .collect();
    let window = window(&outlines, figure, style)?;
    let layout = Layout::new(&window, figure.panels.len(), style.size)?;
    let palette = style.palette.unwrap_or(if figure.is_change {
        Palette::RED_BLUE
    } else {
        Palette::VIRIDIS
    });
    let shown_values = values(figure, style.bbox);
    let none_shown = shown_values.is_empty();
    let scale = ColorScale::new(shown_values.into_iter(), style, palette)?;

    let mut scene = Scene {
        width: layout.width,
        height: layout.height,
        paper: ink.paper,
        title: figure.title.clone(),
        summary: figure.label.clone(),
        items: Vec::new(),
    };
    scene.rect(
        super::scene::Rect::new(0.0, 0.0, f64::from(layout.width), f64::from(layout.height)),
        ink.paper,
    );
    let first = View::new(&window, layout.frames[0]);
    let shown = first.shown();
    let mut labels = Labels::new(&ink, layout.unit);
    for (index, panel) in figure.panels.iter().enumerate() {
        let view = View::new(&window, layout.frames[index]);
        let coverage = Coverage::new(&outlines[index], panel.values, &view, &scale, layout.unit);
        ground(&mut scene, &view, &shown, layout.unit, &ink);
        let graticule = Graticule::new(&view, &shown);
        let lines = graticule.lines(&view);
        scene.lines(lines.clone(), Paint(ink.grid, 0.4), layout.unit);
        scene.items.push(Item::Image(
            view.frame,
            coverage.pixels(&scale, ink.no_value),
        ));
        // Faint on top of the cells too, so that positions can be read where cells fill the map.
        scene.lines(lines, Paint(ink.grid, 0.3), layout.unit);
        let coast = earth::paths(Layer::Land, &view, &shown).lines;
        scene.lines(coast, Paint(ink.coast, 0.85), 1.3 * layout.unit);
        scene.clip(None);
        scene.border(view.frame, ink.frame, layout.unit.max(1.0));
        scene.clip(Some(view.frame));
        if index == 0 {
            legend::scale_bar(&mut scene, &view, layout.unit, &ink);
        }
        if none_shown || panel.cells.is_empty() {
            legend::nothing(&mut scene, view.frame, layout.unit, &ink);
        }
        scene.clip(None);
        let sides = Sides::of(&layout.frames, index);
        labels.write(&mut scene, &graticule, (&view, &coverage), &sides);
        if figure.panels.len() > 1 {
            legend::caption(&mut scene, view.frame, &panel.caption, layout.unit, &ink);
        }
    }
    legend::color_bar(
        &mut scene,
        &layout,
        &ink,
        &scale,
        (
            style.label.as_ref().unwrap_or(&figure.label),
            has_nan(figure),
        ),
    );
    let source = format!(
        "Projection: {}. Coasts, ice and lakes: Natural Earth 1:{} million.",
        window.projection.name(),
        earth::scale(&first)
    );
    legend::title(&mut scene, &layout, &ink, &figure.title, &subtitle(figure));
    legend::foot(&mut scene, &layout, &ink, &[figure.note.clone(), source]);
    Ok(scene)
}

/// The part of the plane that is shown: the box that is asked for, or where cells are.
fn window(outlines: &[Outlines], figure: &Figure, style: &MapStyle) -> Result<Window> {
    let place = place(outlines, style.bbox);
    let projection = place.map_or(Projection::GLOBE, |place| {
        Projection::choose(&place, figure.grid)
    });
    match style.bbox {
        Some(bbox) => Window::of_box(projection, bbox),
        None => Ok(Window::fit(outlines, projection)),
    }
}

fn has_nan(figure: &Figure) -> bool {
    let mut values = figure.panels.iter().flat_map(|panel| panel.values);
    values.any(|value| value.is_nan())
}

/// How many cells there are of which grid.
fn subtitle(figure: &Figure) -> String {
    let count: usize = figure.panels.iter().map(|panel| panel.cells.len()).sum();
    let noun = if count == 1 { "cell" } else { "cells" };
    let what = legend::grid_name(figure.grid, figure.order);
    let maps = match figure.panels.len() {
        1 => String::new(),
        maps => format!(" in {maps} steps"),
    };
    format!("{} {noun}{maps} of {what}", grouped(count as u64))
}

/// Water, land, ice and lakes.
fn ground(scene: &mut Scene, view: &View, shown: &super::view::Shown, unit: f64, ink: &Ink) {
    scene.rect(view.frame, ink.paper);
    scene.clip(Some(view.frame));
    scene.rect(view.earth(), ink.sea);
    let of = |layer: Layer| earth::paths(layer, view, shown);
    scene.fill(of(Layer::Land).rings, Paint(ink.land, 1.0));
    for (layer, color) in [(Layer::Ice, ink.ice), (Layer::Shelves, ink.shelf)] {
        let paths = of(layer);
        scene.fill(paths.rings, Paint(color, 1.0));
        scene.lines(paths.lines, Paint(ink.ice_edge, 0.8), 0.9 * unit);
    }
    let lakes = of(Layer::Lakes);
    scene.fill(lakes.rings, Paint(ink.sea, 1.0));
    scene.lines(lakes.lines, Paint(ink.coast, 0.5), 0.7 * unit);
}

/// Values that the colours are found of: all of them, or those of cells with their centre in the box. Where it holds no
/// centre, as one that is smaller than a cell, they are those of the cells that it lies in.
fn values(figure: &Figure, bbox: Option<[f64; 4]>) -> Vec<f64> {
    let all = || {
        figure
            .panels
            .iter()
            .flat_map(|panel| panel.cells.iter().zip(panel.values))
    };
    let Some([west, south, east, north]) = bbox else {
        return all().map(|(_, value)| *value).collect();
    };
    let width = if east > west {
        east - west
    } else {
        east - west + 360.0
    };
    let inside = |cell: u64| {
        let (lon, lat) = figure.grid.center(figure.order, cell);
        (south..=north).contains(&lat) && (lon - west).rem_euclid(360.0) <= width
    };
    let of = |is_shown: &dyn Fn(u64) -> bool| -> Vec<f64> {
        let shown = all().filter(|(cell, _)| is_shown(**cell));
        shown.map(|(_, value)| *value).collect()
    };
    let within = of(&inside);
    if !within.is_empty() {
        return within;
    }
    let under = cells_under(figure, [west, south, west + width, north]);
    of(&|cell| under.contains(&cell))
}

/// The cells of positions all over a box.
fn cells_under(figure: &Figure, [west, south, east, north]: [f64; 4]) -> BTreeSet<u64> {
    const STEPS: u32 = 32;
    let locator = figure.grid.locator(figure.order);
    let part = |i: u32| f64::from(i) / f64::from(STEPS);
    let positions = (0..=STEPS).flat_map(|i| (0..=STEPS).map(move |j| (part(i), part(j))));
    let cell = |(x, y)| locator.cell(west + (east - west) * x, south + (north - south) * y);
    positions.map(cell).collect()
}
