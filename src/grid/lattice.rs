//! A plain raster of longitude and latitude, for tests: a second grid behind the seam.
//!
//! Nothing of HEALPix is in it: two squares of 180 degrees at order 0, nine cells in each cell of the order before,
//! ids by rows from the north-west inside the cell that holds them.

use serde_json::{Map, Value, json};

use super::locator::Locate;
use super::seam::Tiling;
use super::{Bounds, Order};

/// Cells in one of the next coarser order, and along a side of it.
const CHILDREN: u64 = 9;
const SIDE: u64 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lattice;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatticeLocator(Order);

impl Lattice {
    pub fn of_attributes(attributes: &Map<String, Value>) -> Option<Self> {
        let name = attributes.get("dggs")?.get("name")?;
        (name == Lattice.name()).then_some(Self)
    }
}

/// Columns and rows of a square of 180 degrees at an order.
fn side(order: Order) -> u64 {
    SIDE.pow(order.get().into())
}

/// Degrees along the side of a cell.
fn degrees(order: Order) -> f64 {
    180.0 / side(order) as f64
}

/// The column from 180 west and the row from the north pole of a cell.
fn place(order: Order, cell: u64) -> (u64, u64) {
    let (mut column, mut row) = (0, 0);
    let mut scale = 1;
    let mut rest = cell;
    for _ in 0..order.get() {
        let place = rest % CHILDREN;
        column += scale * (place % SIDE);
        row += scale * (place / SIDE);
        (rest, scale) = (rest / CHILDREN, scale * SIDE);
    }
    (column + scale * rest, row)
}

impl Tiling for Lattice {
    type Locator = LatticeLocator;

    fn name(self) -> &'static str {
        "lattice"
    }

    fn indexing(self) -> &'static str {
        "rows"
    }

    fn title(self) -> &'static str {
        "lattice"
    }

    fn latitude(self) -> &'static str {
        "geodetic"
    }

    fn identity(self) -> String {
        "lattice of nine".to_owned()
    }

    fn cells(self, order: Order) -> u64 {
        2 * CHILDREN.pow(order.get().into())
    }

    fn within(self, outer: Order, inner: Order) -> u64 {
        CHILDREN.pow((inner.get() - outer.get()).into())
    }

    fn across(self, outer: Order, inner: Order) -> u32 {
        3u32.pow((inner.get() - outer.get()).into())
    }

    fn ancestor(self, cell: u64, from: Order, to: Order) -> u64 {
        cell / self.within(to, from)
    }

    fn place_bits(self, outer: Order, inner: Order) -> u32 {
        // No power of two: the next that holds all places, in an even number of bits.
        4 * u32::from(inner.get() - outer.get())
    }

    fn locator(self, order: Order) -> LatticeLocator {
        LatticeLocator(order)
    }

    fn center(self, order: Order, cell: u64) -> (f64, f64) {
        let [_, _, _, (west, north)] = self.vertices(order, cell);
        (west + degrees(order) / 2.0, north - degrees(order) / 2.0)
    }

    fn vertices(self, order: Order, cell: u64) -> [(f64, f64); 4] {
        let (column, row) = place(order, cell);
        let (west, north) = (
            column as f64 * degrees(order) - 180.0,
            90.0 - row as f64 * degrees(order),
        );
        let (east, south) = (west + degrees(order), north - degrees(order));
        [(west, south), (east, south), (east, north), (west, north)]
    }

    fn key(self, order: Order, cell: u64) -> u64 {
        cell << 5 | u64::from(order.get())
    }

    fn of_key(self, key: u64) -> Option<(Order, u64)> {
        Some((Order::new((key & 31) as u8)?, key >> 5))
    }

    fn spelled(self, order: Order, cell: u64) -> String {
        format!("{order}/{cell}")
    }

    fn of_spelled(self, _: &str) -> Option<(Order, u64)> {
        None
    }

    fn of_ids(self, order: Order) -> Map<String, Value> {
        Map::from_iter([("level".to_owned(), json!(order.get()))])
    }

    fn of_group(self, order: Order) -> Map<String, Value> {
        Map::from_iter([
            ("name".to_owned(), json!(self.name())),
            ("refinement_level".to_owned(), json!(order.get())),
        ])
    }

    fn of_mapping(self, _: Order) -> Map<String, Value> {
        Map::from_iter([("grid_mapping_name".to_owned(), json!("latitude_longitude"))])
    }
}

impl Locate for LatticeLocator {
    fn cell(&self, lon: f64, lat: f64) -> u64 {
        let Self(order) = *self;
        let at = |from: f64, most: u64| ((from / degrees(order)) as u64).min(most - 1);
        let mut column = at((lon + 180.0).rem_euclid(360.0), 2 * side(order));
        let mut row = at(90.0 - lat, side(order));
        let (mut cell, mut scale) = (0, 1);
        for _ in 0..order.get() {
            cell += scale * (row % SIDE * SIDE + column % SIDE);
            (column, row, scale) = (column / SIDE, row / SIDE, scale * CHILDREN);
        }
        cell + scale * column
    }

    fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
            *cell = self.cell(lon, lat);
        }
    }

    fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        let ([west, east], [south, north]) = (bounds.lon, bounds.lat);
        let corner = self.cell(west, north);
        // No turn of the Earth between them.
        let near = east - west < degrees(self.0);
        (near && self.cell(east, south) == corner).then_some(corner)
    }
}

#[test]
fn a_cell_holds_its_centre_and_lies_in_its_ancestor() {
    let order = |k| Order::new(k).unwrap();
    for cell in 0..Lattice.cells(order(4)) {
        let (lon, lat) = Lattice.center(order(4), cell);
        assert_eq!(LatticeLocator(order(4)).cell(lon, lat), cell);
        let outer = Lattice.ancestor(cell, order(4), order(1));
        assert_eq!(LatticeLocator(order(1)).cell(lon, lat), outer);
    }
}
