//! Rectilinear grids as the seam asks for them.
//!
//! Below `src/grid/seam.rs`.

use serde_json::{Map, Value};

use super::{Locator, Rectilinear};
use crate::grid::Order;
use crate::grid::seam::Tiling;

impl Rectilinear {
    /// Rows and columns of the cells of an order in a Zarr chunk, where files have several: chunks of all orders are cut at
    /// the same places, as long as these lie between cells.
    pub fn inner_of(&self, order: Order) -> Option<[u32; 2]> {
        let side = self.level(order).side;
        let inner = self.inner()?;
        let whole = (0..2).all(|axis| inner[axis].is_multiple_of(side[axis]));
        whole.then(|| [inner[0] / side[0], inner[1] / side[1]])
    }

    /// The number of the Zarr chunk that a cell of this order lies in: chunks of a shard follow one another by rows.
    pub fn chunk_of(&self, order: Order, cell: u64) -> u64 {
        let level = self.level(order);
        let block = self.block(order);
        let inner = self.inner_of(order).unwrap_or(block);
        let place = level.place(cell);
        let [row, column] = [0, 1].map(|side| u64::from(place[side] / inner[side]));
        let [rows, columns] = [0, 1].map(|side| u64::from(block[side] / inner[side]));
        (cell / level.of_shard() * rows + row) * columns + column
    }
}

impl Tiling for Rectilinear {
    type Locator = Locator;

    fn name(self) -> &'static str {
        "rectilinear"
    }

    fn indexing(self) -> &'static str {
        "blocks"
    }

    fn title(self) -> &'static str {
        "a rectilinear grid"
    }

    fn latitude(self) -> &'static str {
        "geodetic"
    }

    fn identity(self) -> String {
        self.in_words(self.finest_order())
    }

    fn cells(self, order: Order) -> u64 {
        self.level(order).cells()
    }

    fn within(self, outer: Order, inner: Order) -> u64 {
        self.level(inner).of_shard() / self.level(outer).of_shard()
    }

    fn across(self, outer: Order, inner: Order) -> u32 {
        self.level(outer).side[0] / self.level(inner).side[0]
    }

    #[inline]
    fn ancestor(self, cell: u64, from: Order, to: Order) -> u64 {
        if to.0 == 0 {
            cell / self.level(from).of_shard()
        } else {
            cell >> (2 * u32::from(from.0 - to.0))
        }
    }

    fn place_bits(self, outer: Order, inner: Order) -> u32 {
        let most = self.within(outer, inner) - 1;
        (u64::BITS - most.leading_zeros()).next_multiple_of(2)
    }

    fn locator(self, order: Order) -> Locator {
        Locator::new(self, order)
    }

    fn center(self, order: Order, cell: u64) -> (f64, f64) {
        let [row, column] = self.level(order).row_column(cell);
        let (x, y) = self.edges(order);
        self.crs
            .projection()
            .unproject(x(f64::from(column) + 0.5), y(f64::from(row) + 0.5))
    }

    fn vertices(self, order: Order, cell: u64) -> [(f64, f64); 4] {
        let [row, column] = self.level(order).row_column(cell).map(f64::from);
        let (x, y) = self.edges(order);
        let projection = self.crs.projection();
        let corners = [(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)];
        let mut corners =
            corners.map(|(right, down)| projection.unproject(x(column + right), y(row + down)));
        if !self.crs.is_geographic() {
            // The easternmost corner comes second; what is opposite is the westernmost, or beside it.
            let (middle, _) = self.center(order, cell);
            let east = |(lon, _): (f64, f64)| (lon - middle + 540.0).rem_euclid(360.0);
            let second = (0..4).max_by(|&a, &b| east(corners[a]).total_cmp(&east(corners[b])));
            corners.rotate_left((second.unwrap_or(1) + 3) % 4);
        }
        corners
    }

    fn key(self, _: Order, cell: u64) -> u64 {
        cell
    }

    fn of_key(self, key: u64) -> Option<(Order, u64)> {
        (key < self.cells(Order(0))).then_some((Order(0), key))
    }

    fn spelled(self, order: Order, cell: u64) -> String {
        let [row, column] = self.level(order).row_column(cell);
        format!("{row}.{column}")
    }

    fn of_spelled(self, _: &str) -> Option<(Order, u64)> {
        None
    }

    fn of_ids(self, _: Order) -> Map<String, Value> {
        Map::new()
    }

    fn of_group(self, order: Order) -> Map<String, Value> {
        self.described(order)
    }

    fn of_mapping(self, order: Order) -> Map<String, Value> {
        self.mapping(order)
    }

    fn group(self, order: Order) -> String {
        match self.factor_of_order(order) {
            Some(1) => self.name().to_owned(),
            Some(factor) => format!("{}_{factor}", self.name()),
            None => format!("{}_shards", self.name()),
        }
    }

    fn finest(self) -> Order {
        self.finest_order()
    }

    fn has_edges(self) -> bool {
        true
    }

    fn lies_between_vertices(self) -> bool {
        // Sides are curved, poles lie inside of cells, and a shard may be a whole turn wide.
        false
    }
}
