//! Longitude and latitude to the cell of a rectilinear grid.
//!
//! The stage after upload. A projected position (`src/grid/projection/`) has its column and row by one subtraction and one
//! division each, as zagg has them: floor((x - west) / width), floor((north - y) / height). So a cell has its western and
//! northern edges, and the eastern and southern edges of the grid are outside. Devices have no kernel for this: the host
//! locates.

use super::{FUZZ, Level, Rectilinear};
use crate::grid::locator::Locate;
use crate::grid::projection::{Around, Projection};
use crate::grid::{Bounds, Order};

/// What positions outside the grid have in place of a cell.
pub(in crate::grid) const OUTSIDE: u64 = u64::MAX;

/// Degrees of longitude beyond which nothing is a position.
const FARTHEST: f64 = 1000.0;

/// Finds cells of one order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::grid) struct Locator {
    grid: Rectilinear,
    pub(super) projection: Projection,
    level: Level,
    /// Rows and columns of the finest cells.
    shape: [f64; 2],
    /// The last column of a whole turn: rounding may carry what is just west of its edge to the end.
    last: f64,
}

impl Locator {
    pub fn new(grid: Rectilinear, order: Order) -> Self {
        let [west, _, east, _] = grid.bounds();
        let whole_turn = grid.crs.is_geographic() && east - west > 360.0 - FUZZ;
        let last = (360.0 / grid.cell[0] - FUZZ).ceil() - 1.0;
        Self {
            last: if whole_turn { last } else { f64::INFINITY },
            projection: grid.crs.projection(),
            level: grid.level(order),
            shape: grid.shape(grid.finest_order()).map(f64::from),
            grid,
        }
    }

    /// The north-western corner.
    pub(super) fn corner(&self) -> [f64; 2] {
        [self.grid.west, self.grid.north]
    }

    /// Width and height of the finest cells.
    pub(super) fn cell_size(&self) -> [f64; 2] {
        self.grid.cell
    }

    /// A longitude within the turn that begins at the western edge.
    #[inline]
    fn turned(&self, lon: f64) -> f64 {
        let west = self.grid.west;
        let mut x = lon;
        // Positions are within one and a half turns of 0, and edges within one: so these end. What is just west of the edge
        // may be rounded to a whole turn from it, and stays there.
        if x < west {
            while x < west {
                x += 360.0;
            }
        } else {
            while x - 360.0 >= west {
                x -= 360.0;
            }
        }
        x
    }

    /// The column and the row of a place, which may be of no cell.
    #[inline]
    fn indices(&self, x: f64, y: f64) -> [f64; 2] {
        let [width, height] = self.grid.cell;
        [
            ((self.grid.north - y) / height).floor(),
            ((x - self.grid.west) / width).floor().min(self.last),
        ]
    }

    /// The row and the column of this order of finest ones; `None` outside the grid.
    #[inline]
    fn cell_at(&self, [row, column]: [f64; 2]) -> Option<[u32; 2]> {
        let inside = |index: f64, side: usize| index >= 0.0 && index < self.shape[side];
        // NaN is not inside.
        (inside(row, 0) && inside(column, 1)).then(|| {
            [
                row as u32 / self.level.side[0],
                column as u32 / self.level.side[1],
            ]
        })
    }

    /// The cell of this order at a row and a column of finest ones.
    #[inline]
    pub(super) fn id_at(&self, indices: [f64; 2]) -> u64 {
        let cell = self.cell_at(indices);
        cell.map_or(OUTSIDE, |[row, column]| self.level.id(row, column))
    }

    #[inline]
    fn of(&self, lon: f64, lat: f64) -> u64 {
        let (x, y) = match &self.projection {
            // No position: turning it would not end.
            Projection::Geographic if lon.is_nan() || lon.abs() > FARTHEST => return OUTSIDE,
            Projection::Geographic => (self.turned(lon), lat),
            projection => projection.project(lon, lat),
        };
        self.id_at(self.indices(x, y))
    }

    /// The one cell of places from these rows and columns to those, or the outside if all of them lie there. They may have
    /// fractions: inside of the grid, those of a cell are cut off.
    #[inline]
    pub(super) fn between(&self, low: [f64; 2], high: [f64; 2]) -> Option<u64> {
        let [rows, columns] = self.shape;
        if high[0] < 0.0 || high[1] < 0.0 || low[0] >= rows || low[1] >= columns {
            return Some(OUTSIDE);
        }
        // NaN is not inside.
        let inside = low[0] >= 0.0 && low[1] >= 0.0 && high[0] < rows && high[1] < columns;
        if !inside {
            return None;
        }
        let [mut row, mut column] = [low[0] as u32, low[1] as u32];
        let [mut last_row, mut last_column] = [high[0] as u32, high[1] as u32];
        let [height, width] = self.level.side;
        if height > 1 || width > 1 {
            (row, last_row) = (row / height, last_row / height);
            (column, last_column) = (column / width, last_column / width);
        }
        (row == last_row && column == last_column).then(|| self.level.id(row, column))
    }
}

impl Locate for Locator {
    #[inline]
    fn cell(&self, lon: f64, lat: f64) -> u64 {
        self.of(lon, lat)
    }

    fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
            *cell = self.of(lon, lat);
        }
    }

    /// Every operation from a place to its indices is monotone, rounding included: indices of all places of a box are
    /// between those of its corners. Of degrees, corners are those of the bounds where no turn ends between them; else
    /// they are what [`Projection::around`] bounds.
    fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        let Bounds { lon, lat } = *bounds;
        let known = lon[0] <= lon[1] && lat[0] <= lat[1];
        if !known || lon[0] < -540.0 || lon[1] > 540.0 {
            return None;
        }
        if matches!(self.projection, Projection::Geographic) {
            let [west, east] = lon.map(|lon| self.turned(lon));
            // Within one turn, turning takes the same number from both.
            if lon[1] - lon[0] >= 180.0 || west > east {
                return None;
            }
            return self.between(self.indices(west, lat[1]), self.indices(east, lat[0]));
        }
        let Around { x, y, reach } = self.projection.around(lon, lat)?;
        self.between(
            self.indices(x - reach, y + reach),
            self.indices(x + reach, y - reach),
        )
    }
}
