//! The seam: what the rest of the program asks of a grid, in one place, and the grids that there are.
//!
//! Below everything that has cells. A grid has cells of each order by id; those of a coarser order hold those of a
//! finer one. Everything else (statistics, merging, pieces, stores) relies on two facts only: ids of an order are
//! `0..cells(order)`, and the cells in one of a coarser order have consecutive ids, in the order of the coarser
//! ones. A grid is an implementation of [`Tiling`] and a variant of [`Grid`]; the compiler names what else it needs.

use std::ops::Range;

use serde_json::{Map, Value};

#[cfg(test)]
use super::lattice::Lattice;
use super::locator::{Locate, Locator};
use super::rectilinear::Rectilinear;
use super::{Healpix, Latitude, Order};

/// What a grid is asked.
pub(super) trait Tiling: Copy {
    type Locator: Locate;

    /// The spelling in configs, stores and shard maps.
    fn name(self) -> &'static str;
    /// What ids of cells are called there.
    fn indexing(self) -> &'static str;
    /// The name for people.
    fn title(self) -> &'static str;
    /// Which latitude is hashed, by its name in stores and shard maps.
    fn latitude(self) -> &'static str;
    /// What tells cells of this grid from those of others of equal order: part of fingerprints.
    fn identity(self) -> String;

    /// Cells of an order.
    fn cells(self, order: Order) -> u64;
    /// Cells of `inner` in one of `outer`, which is no finer.
    fn within(self, outer: Order, inner: Order) -> u64;
    /// Cells of `inner` along a side of one of `outer`.
    fn across(self, outer: Order, inner: Order) -> u32;
    /// The cell of `to` that contains a cell of `from`, which is no coarser.
    fn ancestor(self, cell: u64, from: Order, to: Order) -> u64;
    /// Bits that tell cells of `inner` in one of `outer` apart; even.
    fn place_bits(self, outer: Order, inner: Order) -> u32;

    /// Finds cells of an order.
    fn locator(self, order: Order) -> Self::Locator;
    /// The centre of a cell: longitude in [-180, 180) and latitude, in geodetic degrees.
    fn center(self, order: Order, cell: u64) -> (f64, f64);
    /// The southern, eastern, northern and western vertex of a cell.
    fn vertices(self, order: Order, cell: u64) -> [(f64, f64); 4];

    /// A cell as one word in a shard map.
    fn key(self, order: Order, cell: u64) -> u64;
    /// The cell of a word of a shard map.
    fn of_key(self, key: u64) -> Option<(Order, u64)>;
    /// A cell as people write it.
    fn spelled(self, order: Order, cell: u64) -> String;
    /// The cell of such a spelling.
    fn of_spelled(self, text: &str) -> Option<(Order, u64)>;

    /// Attributes of the array of ids.
    fn of_ids(self, order: Order) -> Map<String, Value>;
    /// The grid of a group's cells, as the `dggs` convention has it.
    fn of_group(self, order: Order) -> Map<String, Value>;
    /// Attributes of the grid mapping.
    fn of_mapping(self, order: Order) -> Map<String, Value>;

    /// The group of an order in a store.
    fn group(self, order: Order) -> String {
        order.to_string()
    }

    /// The finest order that there is.
    fn finest(self) -> Order {
        Order::MAX
    }

    /// Whether there are positions outside, which have no cell.
    fn has_edges(self) -> bool {
        false
    }

    /// Whether the parallels and meridians through the vertices of a cell bound it.
    fn lies_between_vertices(self) -> bool {
        true
    }
}

/// A grid over the Earth, without a choice of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    Healpix(Healpix),
    Rectilinear(Rectilinear),
    #[cfg(test)]
    Lattice(Lattice),
}

/// The way from cells of one order to those of a coarser one that hold them.
#[derive(Debug, Clone, Copy)]
pub struct Ascent {
    grid: Grid,
    from: Order,
    to: Order,
    /// Of slots: steps of a cell.
    steps: u32,
}

/// Answers of the grid that is there.
macro_rules! on {
    ($grid:expr, $each:ident => $answer:expr) => {
        match $grid {
            Grid::Healpix($each) => $answer,
            Grid::Rectilinear($each) => $answer,
            #[cfg(test)]
            Grid::Lattice($each) => $answer,
        }
    };
}

impl Grid {
    /// The spelling in configs, stores and shard maps.
    pub fn name(self) -> &'static str {
        on!(self, grid => grid.name())
    }

    /// What ids of cells are called there.
    pub fn indexing(self) -> &'static str {
        on!(self, grid => grid.indexing())
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        on!(self, grid => grid.title())
    }

    /// Which latitude is hashed, by its name in stores and shard maps.
    pub fn latitude(self) -> &'static str {
        on!(self, grid => grid.latitude())
    }

    /// What tells cells of this grid from those of others of equal order: part of fingerprints.
    pub fn identity(self) -> String {
        on!(self, grid => grid.identity())
    }

    /// The latitude of HEALPix cells; `None` of another grid. Kernels of devices know HEALPix only.
    pub fn healpix(self) -> Option<Latitude> {
        match self {
            Self::Healpix(Healpix { latitude }) => Some(latitude),
            Self::Rectilinear(_) => None,
            #[cfg(test)]
            Self::Lattice(_) => None,
        }
    }

    /// The grid of rows and columns in a plane; `None` of another.
    pub fn rectilinear(self) -> Option<Rectilinear> {
        match self {
            Self::Rectilinear(grid) => Some(grid),
            Self::Healpix(_) => None,
            #[cfg(test)]
            Self::Lattice(_) => None,
        }
    }

    /// The group of an order in a store.
    pub fn group(self, order: Order) -> String {
        on!(self, grid => grid.group(order))
    }

    /// The finest order that there is.
    pub fn finest(self) -> Order {
        on!(self, grid => grid.finest())
    }

    /// Whether there are positions outside, which have no cell: [`Locator::OUTSIDE`] stands for it.
    pub fn has_edges(self) -> bool {
        on!(self, grid => grid.has_edges())
    }

    /// Whether the parallels and meridians through the vertices of a cell bound it.
    pub fn lies_between_vertices(self) -> bool {
        on!(self, grid => grid.lies_between_vertices())
    }

    /// Cells of an order: ids are below.
    pub fn cells(self, order: Order) -> u64 {
        on!(self, grid => grid.cells(order))
    }

    /// Cells of `inner` in one of `outer`; 1 where `inner` is coarser.
    pub fn within(self, outer: Order, inner: Order) -> u64 {
        on!(self, grid => grid.within(outer.min(inner), inner))
    }

    /// Cells of `inner` along a side of one of `outer`; 1 where `inner` is coarser.
    pub fn across(self, outer: Order, inner: Order) -> u32 {
        on!(self, grid => grid.across(outer.min(inner), inner))
    }

    /// Bits that tell cells of `inner` in one of `outer` apart; even.
    pub fn place_bits(self, outer: Order, inner: Order) -> u32 {
        on!(self, grid => grid.place_bits(outer.min(inner), inner))
    }

    /// The way up from cells of `from` to those of `to`.
    ///
    /// # Panics
    /// If `to` is finer than `from`.
    pub fn up(self, from: Order, to: Order) -> Ascent {
        assert!(to <= from, "order {to} is finer than order {from}");
        Ascent {
            grid: self,
            from,
            to,
            steps: 1,
        }
    }

    /// The cells of `to` in a cell of `from`, by their ids.
    pub fn down(self, cell: u64, from: Order, to: Order) -> Range<u64> {
        let count = self.within(from, to);
        cell * count..(cell + 1) * count
    }

    /// Finds cells of an order.
    pub fn locator(self, order: Order) -> Locator {
        Locator::new(order, self)
    }

    /// The centre of a cell: longitude in [-180, 180) and latitude, in geodetic degrees.
    ///
    /// # Panics
    /// If the order has no such cell.
    pub fn center(self, order: Order, cell: u64) -> (f64, f64) {
        on!(self, grid => grid.center(order, cell))
    }

    /// The southern, eastern, northern and western vertex of a cell, each as [`center`](Self::center) gives it.
    ///
    /// # Panics
    /// If the order has no such cell.
    pub fn vertices(self, order: Order, cell: u64) -> [(f64, f64); 4] {
        on!(self, grid => grid.vertices(order, cell))
    }

    /// A cell as one word in a shard map.
    pub fn key(self, order: Order, cell: u64) -> u64 {
        on!(self, grid => grid.key(order, cell))
    }

    /// The cell of a word of a shard map; `None` where it is of none.
    pub fn of_key(self, key: u64) -> Option<(Order, u64)> {
        on!(self, grid => grid.of_key(key))
    }

    /// A cell as people write it.
    pub fn spelled(self, order: Order, cell: u64) -> String {
        on!(self, grid => grid.spelled(order, cell))
    }

    /// The cell that people write so; `None` where it is none.
    pub fn of_spelled(self, text: &str) -> Option<(Order, u64)> {
        on!(self, grid => grid.of_spelled(text))
    }

    /// Attributes of the array of ids in a store.
    pub fn of_ids(self, order: Order) -> Map<String, Value> {
        on!(self, grid => grid.of_ids(order))
    }

    /// The grid of a group's cells, as the `dggs` convention has it.
    pub fn of_group(self, order: Order) -> Map<String, Value> {
        on!(self, grid => grid.of_group(order))
    }

    /// Attributes of the grid mapping in a store.
    pub fn of_mapping(self, order: Order) -> Map<String, Value> {
        on!(self, grid => grid.of_mapping(order))
    }

    /// The grid that a group's attributes describe.
    ///
    /// # Errors
    /// In words, attributes of no grid that is known.
    pub fn of_attributes(attributes: &Map<String, Value>, order: Order) -> Result<Self, String> {
        #[cfg(test)]
        if let Some(lattice) = Lattice::of_attributes(attributes) {
            return Ok(Self::Lattice(lattice));
        }
        if let Some(found) = Rectilinear::of_attributes(attributes) {
            let (grid, found) = found?;
            if found != order {
                return Err(format!(
                    "attribute icefold.grid is of order {found}, not {order}"
                ));
            }
            return Ok(Self::Rectilinear(grid));
        }
        Healpix::of_attributes(attributes, order).map(Self::Healpix)
    }
}

/// HEALPix on this latitude.
impl From<Latitude> for Grid {
    fn from(latitude: Latitude) -> Self {
        Self::Healpix(Healpix { latitude })
    }
}

/// What shard maps are on that do not say.
impl Default for Grid {
    fn default() -> Self {
        Self::from(Latitude::AuthalicWgs84)
    }
}

impl Ascent {
    /// The order of the cells that hold others.
    pub fn to(self) -> Order {
        self.to
    }

    /// The same of slots of so many steps: the step stays.
    #[must_use]
    pub(super) fn with_steps(self, steps: u32) -> Self {
        Self { steps, ..self }
    }

    /// Whether what ascends still does on the way up; slots of several cells in one do not.
    pub fn keeps_order(self) -> bool {
        self.steps <= 1
    }

    /// The cell that holds this one; of a slot the one of its step.
    #[inline]
    pub fn of(self, cell: u64) -> u64 {
        let ancestor = |cell| on!(self.grid, grid => grid.ancestor(cell, self.from, self.to));
        match u64::from(self.steps) {
            0 | 1 => ancestor(cell),
            steps => ancestor(cell / steps) * steps + cell % steps,
        }
    }
}

#[cfg(test)]
mod tests;
