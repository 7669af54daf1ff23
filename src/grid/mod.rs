//! Grids: orders, cells and shards, and where on the Earth they are.
//!
//! HEALPix (`healpix/`) is the one grid; `spec.rs` has the orders of a run, `shards.rs` the shards that are
//! wanted, `shard_runs.rs` finds those of positions, `boxes.rs` those that a box of positions may touch.

mod boxes;
mod healpix;
mod shard_runs;
mod shards;
mod spec;

use std::fmt;

pub(crate) use boxes::{GeoBox, WantedBoxes};
pub use healpix::{
    Bounds, Locator, Patch, authalic_from_geodetic, bounds_of, bounds_of_boxes, center,
    geodetic_from_authalic, morton, numbers, sin_cos, vertices,
};
pub use shard_runs::shard_runs;
pub use shards::{ShardRange, ShardSet};
pub use spec::GridConfig;

/// A HEALPix refinement order, 0 to 29: the sphere has 12 * 4^order cells.
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

    /// 12 * 4^order.
    pub fn cells(self) -> u64 {
        12 << (2 * u32::from(self.0))
    }

    /// The cell at the coarser `order` that contains `cell` of this order.
    ///
    /// # Panics
    /// If `order` is finer than this one.
    pub fn ancestor(self, cell: u64, order: Self) -> u64 {
        assert!(order <= self, "order {order} is finer than order {self}");
        cell >> (2 * u32::from(self.0 - order.0))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Latitude {
    /// The spelling in configs, stores and shard maps.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuthalicWgs84 => "authalic-wgs84",
            Self::GeodeticSpherical => "geodetic-spherical",
        }
    }
}
