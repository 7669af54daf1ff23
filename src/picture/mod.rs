//! Maps of a store's cells as PNG, SVG or PDF: coasts and ice, colour bar, graticule, scale bar, title.
//!
//! Beside the line: reads what the line wrote. `of_store.rs` draws an array of a store, in a style (`style.rs`) whose colours
//! `palette.rs` has. `draw.rs` puts a scene together: `outline.rs` and `projection.rs` go from cells to the plane, `view.rs`
//! and `layout.rs` from the plane to pixels, `coverage.rs` fills cells, `color.rs` says which value has which colour,
//! `earth.rs` has coasts and ice, `graticule.rs`, `labels.rs` and `legend.rs` the rest, in the ink of `ink.rs` and letters of `font.rs`.
//! `framed.rs` lends of it what pages need. `canvas.rs` and `png.rs`, `svg.rs` and `pdf.rs` write the scene. A picture depends on its cells and values, not on their order.

#[cfg(feature = "picture")]
mod canvas;
#[cfg(feature = "picture")]
mod color;
#[cfg(feature = "picture")]
mod coverage;
#[cfg(feature = "picture")]
mod draw;
#[cfg(not(feature = "picture"))]
#[path = "no_draw.rs"]
mod draw;
#[cfg(feature = "picture")]
mod earth;
#[cfg(feature = "picture")]
mod font;
#[cfg(feature = "picture")]
mod framed;
#[cfg(feature = "picture")]
mod graticule;
#[cfg(feature = "picture")]
mod ink;
#[cfg(feature = "picture")]
mod labels;
#[cfg(feature = "picture")]
mod layout;
#[cfg(feature = "picture")]
mod legend;
mod mark;
mod of_store;
#[cfg(feature = "picture")]
mod outline;
mod palette;
#[cfg(feature = "picture")]
mod pdf;
#[cfg(feature = "picture")]
mod png;
#[cfg(feature = "picture")]
mod projection;
#[cfg(feature = "picture")]
mod scene;
mod style;
#[cfg(feature = "picture")]
mod svg;
#[cfg(feature = "picture")]
mod view;

use crate::grid::{Grid, Order};

pub use draw::{render, render_with};
#[cfg(feature = "picture")]
pub(crate) use framed::{Framed, earth_file, looks, range};
pub use mark::PICTURE;
pub use of_store::{Drawn, check_picture, draw, draw_with};
pub use style::{MapStyle, Theme};

/// Cells with one value each, and what to write around them.
#[derive(Debug, Clone)]
pub struct MapData {
    pub order: Order,
    pub grid: Grid,
    /// Ids at `order`, in any order.
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

/// Maps of one picture, beside each other.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "picture"),
    allow(dead_code, reason = "nothing draws it")
)]
struct Figure<'a> {
    order: Order,
    grid: Grid,
    panels: Vec<Panel<'a>>,
    title: String,
    label: String,
    note: String,
    /// Whether values are change, which has colours on both sides of zero.
    is_change: bool,
}

/// One of them.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "picture"),
    allow(dead_code, reason = "nothing draws it")
)]
struct Panel<'a> {
    caption: String,
    cells: &'a [u64],
    values: &'a [f64],
}

#[cfg(feature = "picture")]
impl<'a> Figure<'a> {
    /// With what is written around a map.
    fn of(map: &MapData, panels: Vec<Panel<'a>>) -> Self {
        Self {
            order: map.order,
            grid: map.grid,
            panels,
            title: map.title.clone(),
            label: map.label.clone(),
            note: map.note.clone(),
            is_change: is_change(&map.label),
        }
    }
}

/// Whether values under this heading are change: their unit is one by a time, such as `m/year` or `m s-1`.
pub(crate) fn is_change(label: &str) -> bool {
    const TIMES: [&str; 11] = [
        "s", "sec", "second", "seconds", "d", "day", "days", "a", "yr", "year", "years",
    ];
    let unit = label
        .rsplit_once('[')
        .map_or("", |(_, unit)| unit.trim_end_matches(']').trim());
    let below = match unit.rsplit_once('/') {
        Some((_, below)) => Some(below.trim()),
        None => unit
            .rsplit_once(' ')
            .and_then(|(_, last)| last.strip_suffix("-1"))
            .map(|last| last.trim_end_matches('^')),
    };
    below.is_some_and(|below| TIMES.contains(&below))
}

#[cfg(all(test, feature = "picture"))]
mod tests;
