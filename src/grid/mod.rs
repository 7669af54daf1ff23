//! Grids: orders, cells and shards, and where on the Earth they are.
//!
//! `seam.rs` is what a grid is asked, and `locator.rs` what finds cells on it; behind them are HEALPix (`healpix/`) and
//! rows and columns in the plane of a map projection (`rectilinear/`, `projection/`). `spec.rs` has the orders of a run, `shards.rs` the shards that are wanted, `shard_runs.rs` finds those
//! of positions, `boxes.rs` those that a box of positions may touch; `bounds.rs` has positions that lie together, `polynomial.rs`
//! what places them fast, `shape.rs` cells as points and polygons.

mod bounds;
mod boxes;
mod healpix;
#[cfg(test)]
mod lattice;
mod locator;
mod polynomial;
mod projection;
mod rectilinear;
mod seam;
mod shape;
mod shard_runs;
mod shards;
mod spec;

use std::fmt;

pub use bounds::{Bounds, bounds_of, bounds_of_boxes};
pub(crate) use boxes::{GeoBox, WantedBoxes};
pub(crate) use healpix::morton::{common_word, point_to_word};
pub use healpix::{
    Healpix, authalic_from_geodetic, center, geodetic_from_authalic, morton, numbers, sin_cos,
    vertices,
};
#[cfg(test)]
pub(crate) use lattice::Lattice;
pub use locator::{Locator, Patch};
pub use projection::Crs;
pub(crate) use projection::Projection as Plane;
pub use rectilinear::{Asked as AskedRectilinear, Level, Rectilinear};
pub use seam::{Ascent, Grid};
pub(crate) use shape::Polygons;
pub use shard_runs::shard_runs;
pub use shards::{ShardRange, ShardSet};
pub use spec::GridConfig;

/// How fine cells are, 0 to 29: those of an order are parts of those of the order before.
///
/// ```
/// use icefold::config::Order;
///
/// assert!(Order::new(12).is_some_and(|order| order < Order::MAX));
/// assert!(Order::new(30).is_none());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(u8);

/// Which latitude is hashed. The two never mix: stores and shard maps record which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latitude {
    /// Authalic latitude of the WGS84 ellipsoid: cells of equal area on the ellipsoid.
    AuthalicWgs84,
    /// The geodetic latitude as if on a sphere.
    GeodeticSpherical,
}

impl Order {
    pub const MAX: Self = Self(29);

    /// `None` above 29.
    pub fn new(order: u8) -> Option<Self> {
        (order <= 29).then_some(Self(order))
    }

    pub fn get(self) -> u8 {
        self.0
    }

    /// HEALPix cells: 12 * 4^order.
    pub(in crate::grid) fn cells(self) -> u64 {
        12 << (2 * u32::from(self.0))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Latitude {
    /// The latitude of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::AuthalicWgs84, Self::GeodeticSpherical];
        all.into_iter().find(|latitude| latitude.name() == name)
    }

    /// The spelling in configs, stores and shard maps.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthalicWgs84 => "authalic-wgs84",
            Self::GeodeticSpherical => "geodetic-spherical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latitude_is_found_by_its_name_alone() {
        for latitude in [Latitude::AuthalicWgs84, Latitude::GeodeticSpherical] {
            assert_eq!(Latitude::named(latitude.name()), Some(latitude));
        }
        assert_eq!(Latitude::named("geodetic"), None);
    }
}
