//! HEALPix as the seam asks for it.
//!
//! Below `src/grid/seam.rs`: numbers of cells and ways between orders are powers of four here, and nowhere else.

use serde_json::{Map, Value};

use super::{Locator, attributes, geometry, morton};
use crate::grid::locator::Locate;
use crate::grid::seam::Tiling;
use crate::grid::{Bounds, Latitude, Order};

/// HEALPix in the NESTED order of ids, on this latitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Healpix {
    pub latitude: Latitude,
}

impl Healpix {
    /// The grid that a group's attributes describe.
    ///
    /// # Errors
    /// In words, attributes of no such grid.
    pub fn of_attributes(attributes: &Map<String, Value>, order: Order) -> Result<Self, String> {
        attributes::latitude(attributes, order).map(|latitude| Self { latitude })
    }
}

impl Tiling for Healpix {
    type Locator = Locator;

    fn name(self) -> &'static str {
        "healpix"
    }

    fn indexing(self) -> &'static str {
        "nested"
    }

    fn title(self) -> &'static str {
        "HEALPix"
    }

    fn latitude(self) -> &'static str {
        self.latitude.name()
    }

    fn identity(self) -> String {
        format!("latitude {}", self.latitude.name())
    }

    fn cells(self, order: Order) -> u64 {
        order.cells()
    }

    fn within(self, outer: Order, inner: Order) -> u64 {
        1 << self.place_bits(outer, inner)
    }

    fn across(self, outer: Order, inner: Order) -> u32 {
        1 << (inner.get() - outer.get())
    }

    #[inline]
    fn ancestor(self, cell: u64, from: Order, to: Order) -> u64 {
        cell >> self.place_bits(to, from)
    }

    #[inline]
    fn place_bits(self, outer: Order, inner: Order) -> u32 {
        2 * u32::from(inner.get() - outer.get())
    }

    fn locator(self, order: Order) -> Locator {
        Locator::new(order, self.latitude)
    }

    fn center(self, order: Order, cell: u64) -> (f64, f64) {
        geometry::center(order, cell, self.latitude)
    }

    fn vertices(self, order: Order, cell: u64) -> [(f64, f64); 4] {
        geometry::vertices(order, cell, self.latitude)
    }

    fn key(self, order: Order, cell: u64) -> u64 {
        morton::to_word(order, cell)
    }

    fn of_key(self, key: u64) -> Option<(Order, u64)> {
        morton::from_word(key)
    }

    fn spelled(self, order: Order, cell: u64) -> String {
        morton::decimal(order, cell)
    }

    fn of_spelled(self, text: &str) -> Option<(Order, u64)> {
        morton::of_decimal(text)
    }

    fn of_ids(self, order: Order) -> Map<String, Value> {
        attributes::of_ids(order, self.latitude)
    }

    fn of_group(self, order: Order) -> Map<String, Value> {
        attributes::of_group(order, self.latitude)
    }

    fn of_mapping(self, order: Order) -> Map<String, Value> {
        attributes::of_mapping(order, self.latitude)
    }
}

impl Locate for Locator {
    #[inline]
    fn cell(&self, lon: f64, lat: f64) -> u64 {
        Locator::cell(self, lon, lat)
    }

    fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        Locator::cells(self, lon, lat, cells);
    }

    fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        Locator::cell_of_bounds(self, bounds)
    }
}
