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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{AskedRectilinear, Crs, Rectilinear};

    /// HEALPix at order 8, and rows and columns of five projections, with a position of each.
    fn grids() -> Vec<(Grid, Order, [f64; 2])> {
        let asked = |crs: &str, size: f64, [west, south]: [f64; 2]| AskedRectilinear {
            crs: Crs::named(crs).unwrap(),
            resolution: [size; 2],
            bounds: [west, south, west + 600.0 * size, south + 600.0 * size],
            chunk_shape: [100, 60],
            chunk_inner: None,
        };
        let rectilinear = [
            (asked("EPSG:3413", 10_000.0, [-3e6, -3e6]), [-37.0, 72.0]),
            (asked("EPSG:3031", 10_000.0, [-3e6, -3e6]), [106.0, -77.0]),
            (asked("EPSG:3574", 10_000.0, [-3e6, -3e6]), [-37.0, 72.0]),
            (asked("EPSG:6933", 10_000.0, [0.0, 0.0]), [31.0, 20.0]),
            (asked("EPSG:32618", 1000.0, [2e5, 4e6]), [-76.0, 38.0]),
        ];
        let rectilinear = rectilinear.iter().map(|(asked, at)| {
            let grid = Rectilinear::new(asked).unwrap();
            (Grid::Rectilinear(grid), grid.finest_order(), *at)
        });
        let healpix = (Grid::default(), Order(8), [-45.1, 70.1]);
        std::iter::once(healpix).chain(rectilinear).collect()
    }

    #[test]
    fn positions_are_found_alone_together_by_boxes_and_by_patches_in_the_same_cells() {
        for (grid, order, [west, south]) in grids() {
            let locator = grid.locator(order);
            let (mut settled, mut by_patch) = (0, 0);
            for i in 0..100 {
                // Boxes of 100 m.
                let lon: Vec<f64> = (0..10)
                    .map(|j| west + f64::from(10 * i + j) * 1e-4)
                    .collect();
                let lat: Vec<f64> = (0..10)
                    .map(|j| south + f64::from(10 * i + j) * 1e-4)
                    .collect();
                let alone: Vec<u64> = lon
                    .iter()
                    .zip(&lat)
                    .map(|(x, y)| locator.cell(*x, *y))
                    .collect();
                assert!(alone.iter().all(|&cell| cell < grid.cells(order)));
                let bounds = Bounds::of(&lon, &lat);
                if let Some(cell) = locator.cell_of_bounds(&bounds) {
                    assert!(alone.iter().all(|&found| found == cell));
                    settled += 1;
                }
                let mut cells = vec![0; 10];
                locator.cells(&lon, &lat, &mut cells);
                assert_eq!(cells, alone);
                let patch = locator.patch(&bounds).unwrap();
                patch.cells(&lon, &lat, &mut cells);
                assert_eq!(cells, alone);
                if let Some(cell) = patch.cell_of_bounds(&bounds) {
                    assert!(alone.iter().all(|&found| found == cell));
                    by_patch += 1;
                }
            }
            assert!(
                settled > 50 && by_patch > 50,
                "{grid:?}: {settled}, {by_patch}"
            );
        }
    }

    #[test]
    fn patches_are_as_wide_as_they_are_said_to_be() {
        for (grid, order, [west, south]) in grids() {
            let locator = grid.locator(order);
            let [wide, high] = locator.widest_patch();
            let of = |wide: f64, high: f64| {
                let (lon, lat) = ([west, west + wide], [south, south + high]);
                locator.patch(&Bounds { lon, lat }).is_some()
            };
            assert!(
                of(0.99 * wide, 0.99 * high) && !of(0.99 * wide, 1.01 * high),
                "{grid:?}"
            );
            // Patches of HEALPix reach farther, but tracks do not.
            let is_healpix = grid.healpix().is_some();
            assert!(is_healpix && wide > 5.0 || !of(1.01 * wide, 0.99 * high));
        }
    }

    #[test]
    fn points_are_found_where_positions_have_words() {
        for (grid, ..) in grids() {
            let found = Locator::of_points(&grid);
            let finest = grid.healpix().map(|_| grid.locator(Order::MAX));
            assert_eq!(found, finest);
        }
    }
}
