//! The orders of a run on its grid: cells, the shards that they are worked on in, and chunks of them in files.
//!
//! Below everything that has cells; what follows from the orders is asked of the seam here.

use super::seam::Ascent;
use super::{Grid, Locator, Order};

/// Orders of the output on a grid; 0 <= shard <= chunk <= cell <= 29. Of rectilinear grids they are the program's own.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// let grid = icefold::config::load("atl03")?.grid;
/// assert_eq!(grid.cells(), 12 << (2 * grid.cell_order.get()));
/// assert_eq!(grid.cells(), grid.shards() * grid.shard_cells());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridConfig {
    pub shard_order: Order,
    pub chunk_order: Option<Order>,
    pub cell_order: Order,
    /// Steps of time that the photons of a cell are parted into; 1 where they are not. A cell at a step is a slot:
    /// `cell * steps + step`, so that slots of a shard follow one another, and without steps a slot is its cell.
    pub steps: u32,
    pub kind: Grid,
}

impl GridConfig {
    /// Cells at the cell order, all over the grid: ids are below.
    pub fn cells(&self) -> u64 {
        self.kind.cells(self.cell_order)
    }

    /// Shards, all over the grid.
    pub fn shards(&self) -> u64 {
        self.kind.cells(self.shard_order)
    }

    /// Cells in a shard.
    pub fn shard_cells(&self) -> u64 {
        self.kind.within(self.shard_order, self.cell_order)
    }

    /// The shard of a cell.
    pub fn shard_of(&self, cell: u64) -> u64 {
        self.up(self.shard_order).of(cell)
    }

    /// The slot of a cell at a step.
    pub fn slot(&self, cell: u64, step: u32) -> u64 {
        cell * u64::from(self.steps) + u64::from(step)
    }

    /// The cell and the step of a slot.
    pub fn of_slot(&self, slot: u64) -> (u64, u32) {
        match self.steps {
            0 | 1 => (slot, 0),
            steps => (slot / u64::from(steps), (slot % u64::from(steps)) as u32),
        }
    }

    /// Slots, all over the grid: numbers of slots are below.
    pub fn slots(&self) -> u64 {
        self.cells() * u64::from(self.steps)
    }

    /// The shard of a slot.
    pub fn shard_of_slot(&self, slot: u64) -> u64 {
        self.shard_of(self.of_slot(slot).0)
    }

    /// The Zarr chunk of a slot, with its step: all chunks of a grid have numbers of their own, whatever the layout.
    pub fn chunk_of_slot(&self, slot: u64) -> u64 {
        let (cell, step) = self.of_slot(slot);
        let chunk = match self.kind.rectilinear() {
            Some(grid) => grid.chunk_of(self.cell_order, cell),
            None => self
                .up(self.chunk_order.unwrap_or(self.shard_order))
                .of(cell),
        };
        chunk * u64::from(self.steps.max(1)) + u64::from(step)
    }

    /// Bits that tell the cells of a shard apart; even.
    pub fn place_bits(&self) -> u32 {
        self.kind.place_bits(self.shard_order, self.cell_order)
    }

    /// The way from slots to those of the same step in cells of a coarser order.
    ///
    /// # Panics
    /// If `order` is finer than the cells.
    pub fn slots_up(&self, order: Order) -> Ascent {
        self.up(order).with_steps(self.steps)
    }

    /// The way from cells to those of a coarser order.
    ///
    /// # Panics
    /// If `order` is finer than the cells.
    pub fn up(&self, order: Order) -> Ascent {
        self.kind.up(self.cell_order, order)
    }

    /// The group of the cells in a store.
    pub fn group(&self) -> String {
        self.kind.group(self.cell_order)
    }

    /// Finds cells.
    pub fn locator(&self) -> Locator {
        self.kind.locator(self.cell_order)
    }

    /// Finds shards.
    pub fn shard_locator(&self) -> Locator {
        self.kind.locator(self.shard_order)
    }

    /// The same grid with cells of a coarser order. Cells coarser than the shards are shards of their own.
    #[must_use]
    pub fn at(&self, order: Order) -> Self {
        Self {
            shard_order: self.shard_order.min(order),
            chunk_order: None,
            cell_order: order,
            steps: self.steps,
            kind: self.kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Latitude;

    #[test]
    fn slots_of_a_cell_follow_one_another_and_climb_with_their_step() {
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(2),
            chunk_order: None,
            cell_order: order(4),
            steps: 7,
            kind: Latitude::AuthalicWgs84.into(),
        };
        for (cell, step) in [(0, 0), (5, 6), (grid.cells() - 1, 3)] {
            let slot = grid.slot(cell, step);
            assert!(slot < grid.slots());
            assert_eq!(grid.of_slot(slot), (cell, step));
            assert_eq!(grid.shard_of_slot(slot), grid.shard_of(cell));
            let coarser = grid.at(order(3));
            let up = grid.slots_up(order(3)).of(slot);
            assert_eq!(coarser.of_slot(up), (grid.up(order(3)).of(cell), step));
        }
        assert_eq!(GridConfig { steps: 1, ..grid }.of_slot(9), (9, 0));
    }

    #[test]
    fn cells_shards_and_chunks_of_healpix_are_counted_in_powers_of_four() {
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(2),
            chunk_order: Some(order(4)),
            cell_order: order(7),
            steps: 3,
            kind: Latitude::AuthalicWgs84.into(),
        };
        assert_eq!((grid.shards(), grid.cells()), (192, 196_608));
        assert_eq!((grid.shard_cells(), grid.place_bits()), (1024, 10));
        // A chunk of order 4 has 64 cells, and each step chunks of its own.
        for (cell, step) in [(0, 0), (63, 2), (64, 0), (100_000, 1)] {
            let chunk = cell / 64 * 3 + u64::from(step);
            assert_eq!(grid.chunk_of_slot(grid.slot(cell, step)), chunk);
        }
        let whole = GridConfig {
            chunk_order: None,
            steps: 1,
            ..grid
        };
        assert_eq!(whole.chunk_of_slot(5000), 5000 / 1024);
        assert!(whole.slots_up(order(3)).keeps_order());
        assert!(!grid.slots_up(order(3)).keeps_order());
    }
}
