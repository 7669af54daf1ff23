//! Which cells the arrays of a group are over: what layouts differ in.
//!
//! Below `group.rs`.

/// The cells that the arrays of a group are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Occupied cells, with their ids beside them.
    Occupied,
    /// All cells of the order, the id of each its index.
    Sphere,
    /// All cells of a shard, in a Zarr of its own.
    Leaves,
    /// Rows and columns.
    Raster,
}

impl Extent {
    /// Those of groups in one Zarr.
    pub const ALL: [Self; 3] = [Self::Occupied, Self::Sphere, Self::Raster];

    /// Whether the arrays of the finest cells are in the root, which opens to them. Whoever reads the layouts of zagg
    /// looks for them in a group.
    pub fn is_at_root(self) -> bool {
        match self {
            Self::Occupied | Self::Raster => true,
            Self::Sphere | Self::Leaves => false,
        }
    }

    /// The name of the layout, as in a group's attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Occupied => "cells",
            Self::Sphere => "fullsphere",
            Self::Leaves => "hive",
            Self::Raster => "raster",
        }
    }
}
