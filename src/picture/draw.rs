//! The whole picture, from cells to a file.
//!
//! Beside the line: the parts say where things are and in which colour, and are put together here.

use std::path::Path;

use super::canvas::{self, Canvas, Image};
use super::color::ColorScale;
use super::coverage::Coverage;
use super::mark::{self, PICTURE};
use super::outline::Outlines;
use super::view::View;
use super::{MapData, graticule, legend};
use crate::place::write_whole;
use crate::{Error, Result};

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
    let png = draw(picture).to_png();
    let png = png.map_err(|e| Error::io("draw", out, std::io::Error::other(e)))?;
    write_whole(out, PICTURE, &mark::marked(&png))
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
pub(super) fn draw(picture: &MapData) -> Image {
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
