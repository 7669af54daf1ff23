//! Maps of a store's cells as PNG: projection, colour bar, graticule, title.
//!
//! Beside the line: reads what the line wrote. `projection.rs` goes from degrees to the plane,
//! `view.rs` from the plane to pixels, `coverage.rs` fills cells, `color.rs` says which value has
//! which colour, `graticule.rs`, `legend.rs` and `canvas.rs` draw the rest, `draw.rs` all of it, `of_store.rs` an array of a store. A picture depends on
//! its cells and values, not on their order.

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
mod graticule;
#[cfg(feature = "picture")]
mod legend;
mod mark;
mod of_store;
#[cfg(feature = "picture")]
mod outline;
#[cfg(feature = "picture")]
mod projection;
#[cfg(feature = "picture")]
mod view;

use crate::grid::{Grid, Order};

pub use draw::render;
pub use mark::PICTURE;
pub use of_store::{Drawn, check_picture, draw};

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

#[cfg(all(test, feature = "picture"))]
mod tests;
