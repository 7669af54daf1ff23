//! Positions to cells: what backends, planning and reading ask of a grid.
//!
//! The seam's side of the stage after upload. One choice of grid a call of many positions, none a photon.

use super::healpix;
#[cfg(test)]
use super::lattice::LatticeLocator;
use super::rectilinear;
use super::seam::Tiling;
use super::{Bounds, Grid, Order};

/// Finds cells of one order. Ids depend on nothing but the position, whichever of these found them.
pub(super) trait Locate: Copy {
    fn cell(&self, lon: f64, lat: f64) -> u64;
    fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]);
    fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64>;
}

/// Finds cells of one order of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Locator(Kind);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Healpix(healpix::Locator),
    Rectilinear(rectilinear::Locator),
    #[cfg(test)]
    Lattice(LatticeLocator),
}

/// Positions that lie close together, as those of a tile along a track do: located faster, in the same cells.
#[derive(Debug, Clone, Copy)]
pub struct Patch(OnGrid);

#[derive(Debug, Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "one for each tile, on the stack")]
enum OnGrid {
    Healpix(healpix::Patch),
    Rectilinear(rectilinear::Patch),
}

/// Answers of the locator that is there.
macro_rules! on {
    ($locator:expr, $each:ident => $answer:expr) => {
        match &$locator.0 {
            Kind::Healpix($each) => $answer,
            Kind::Rectilinear($each) => $answer,
            #[cfg(test)]
            Kind::Lattice($each) => $answer,
        }
    };
}

impl Locator {
    /// The largest magnitude of a longitude, in degrees: one and a half turns. What is beyond is no
    /// position but a number in its place.
    pub const MOST_LONGITUDE: f64 = 540.0;
    /// What positions outside a grid with edges have in place of a cell: readers keep them from all else.
    pub const OUTSIDE: u64 = rectilinear::OUTSIDE;

    pub fn new(order: Order, grid: impl Into<Grid>) -> Self {
        Self(match grid.into() {
            Grid::Healpix(grid) => Kind::Healpix(grid.locator(order)),
            Grid::Rectilinear(grid) => Kind::Rectilinear(grid.locator(order)),
            #[cfg(test)]
            Grid::Lattice(grid) => Kind::Lattice(grid.locator(order)),
        })
    }

    /// Finds the finest cells, of a grid where a position has a word of its own.
    pub fn of_points(grid: &Grid) -> Option<Self> {
        match grid {
            Grid::Healpix(_) => Some(Self::new(Order::MAX, *grid)),
            Grid::Rectilinear(_) => None,
            #[cfg(test)]
            Grid::Lattice(_) => None,
        }
    }

    /// Whether this is a position: a longitude from -540 to 540 and a latitude from -90 to 90, both in
    /// degrees.
    #[inline]
    pub fn accepts(lon: f64, lat: f64) -> bool {
        (lon.abs() <= Self::MOST_LONGITUDE) & (lat.abs() <= 90.0)
    }

    /// The id of the cell that contains a position, in degrees; the latitude is geodetic. Any finite longitude is
    /// wrapped exactly. Where [`Locator::accepts`] is false it has no meaning, but is a cell's.
    #[inline]
    pub fn cell(&self, lon: f64, lat: f64) -> u64 {
        on!(self, locator => Locate::cell(locator, lon, lat))
    }

    /// The cell of every position, as [`cell`](Self::cell) finds it; slices of one length.
    pub fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        on!(self, locator => Locate::cells(locator, lon, lat, cells));
    }

    /// The cell that holds every position within the bounds, where that is proven.
    pub fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        on!(self, locator => Locate::cell_of_bounds(locator, bounds))
    }

    /// The widest ranges of a patch, of longitudes and of latitudes, in degrees.
    pub fn widest_patch(&self) -> [f64; 2] {
        match &self.0 {
            Kind::Healpix(_) => healpix::Patch::ROOM,
            Kind::Rectilinear(locator) => locator.widest_patch(),
            #[cfg(test)]
            Kind::Lattice(_) => [0.0; 2],
        }
    }

    /// The patch that holds these bounds, where the grid has one.
    pub fn patch(&self, bounds: &Bounds) -> Option<Patch> {
        match &self.0 {
            Kind::Healpix(locator) => locator.patch(bounds).map(OnGrid::Healpix),
            Kind::Rectilinear(locator) => locator.patch(bounds).map(OnGrid::Rectilinear),
            #[cfg(test)]
            Kind::Lattice(_) => None,
        }
        .map(Patch)
    }
}

impl Patch {
    /// The cell of every position, as [`Locator::cell`] finds it; slices of one length, positions
    /// within the patch.
    pub fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        match &self.0 {
            OnGrid::Healpix(patch) => patch.cells(lon, lat, cells),
            OnGrid::Rectilinear(patch) => patch.cells(lon, lat, cells),
        }
    }

    /// As [`Locator::cell_of_bounds`], for bounds within the patch.
    pub fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        match &self.0 {
            OnGrid::Healpix(patch) => patch.cell_of_bounds(bounds),
            OnGrid::Rectilinear(patch) => patch.cell_of_bounds(bounds),
        }
    }
}
