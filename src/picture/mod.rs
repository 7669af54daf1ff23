//! Maps of a store's cells as PNG: projection, colour bar, graticule, title.
//!
//! Beside the line: reads what the line wrote. `projection.rs` goes from degrees to the plane, `view.rs` from
//! the plane to pixels, `coverage.rs` fills cells, `color.rs` says which value has which colour. A picture
//! depends on its cells and values, not on their order.

mod canvas;
mod color;
mod coverage;
mod graticule;
mod legend;
mod mark;
mod outline;
mod projection;
mod view;

use std::path::Path;

use image::RgbImage;

use crate::grid::{Latitude, Order};
use crate::place::write_whole;
use crate::{Error, Result};
use canvas::Canvas;
use color::ColorScale;
use coverage::Coverage;
pub use mark::PICTURE;
use outline::Outlines;
use view::View;

/// Cells with one value each, and what to write around them.
#[derive(Debug, Clone)]
pub struct MapData {
    pub order: Order,
    pub latitude: Latitude,
    /// Nested ids at `order`, in any order.
    pub cells: Vec<u64>,
    /// One value a cell; those not finite are grey (NaN) or at the ends of the colours.
    pub values: Vec<f64>,
    /// First line, e.g. the store's name. Characters beyond Latin-1 show as `?`.
    pub title: String,
    /// Heading of the colour bar, e.g. `h_mean [m]`.
    pub label: String,
    /// Small print below the map, e.g. what made it; may be empty.
    pub note: String,
}

/// Writes the map of `picture` as a PNG file of 1400 pixels by 710 to 1200.
///
/// Data poleward of 50 degrees in one hemisphere are drawn in polar stereographic projection, all
/// else in plate carree.
///
/// # Errors
/// Where cells and values differ in number, a cell lies outside the order, or `out` cannot be
/// written.
pub fn render(picture: &MapData, out: &Path) -> Result<()> {
    check(picture, out)?;
    let mut png = std::io::Cursor::new(Vec::new());
    draw(picture)
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(|e| Error::io("draw", out, std::io::Error::other(e)))?;
    write_whole(out, PICTURE, &mark::marked(png.get_ref()))
}

fn check(picture: &MapData, out: &Path) -> Result<()> {
    let (cells, values) = (picture.cells.len(), picture.values.len());
    if cells != values {
        return Err(Error::store(
            out,
            format!("cannot draw {cells} cells with {values} values; give one value for each cell"),
        ));
    }
    let (order, limit) = (picture.order, picture.order.cells());
    match picture.cells.iter().find(|&&cell| cell >= limit) {
        Some(cell) => Err(Error::store(
            out,
            format!("cannot draw cell {cell}: order {order} has {limit} cells; check the order"),
        )),
        None => Ok(()),
    }
}

/// Draws cells that are known to lie in their order.
fn draw(picture: &MapData) -> RgbImage {
    let outlines = Outlines::new(&picture.cells, picture.order, picture.latitude);
    let view = View::fit(&outlines);
    let scale = ColorScale::new(&picture.values);
    let coverage = Coverage::new(&outlines, &picture.values, &view, &scale);

    let mut canvas = Canvas::new(view.image_size());
    canvas.fill(view.frame(), canvas::PANEL);
    let graticule = graticule::Graticule::new(&view);
    let lines = graticule.lines(&view);
    canvas.lines(&lines, canvas::PANEL_INK, 0.22);
    coverage.paint(&mut canvas, &view, &scale);
    // Faint on top of the cells too, so that positions can be read where cells fill the map.
    canvas.lines(&lines, canvas::PANEL_INK, 0.12);
    graticule.draw_labels(&mut canvas, &view, &coverage);
    legend::draw_frame(&mut canvas, &view, picture);
    legend::draw_scale_bar(&mut canvas, &view);
    legend::draw_color_bar(&mut canvas, &view, &scale, &picture.label);
    if picture.values.iter().any(|value| value.is_nan()) {
        legend::draw_nan_swatch(&mut canvas, &view);
    }
    canvas.into_image()
}

#[cfg(test)]
mod tests;
