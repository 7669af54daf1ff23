//! The orders of a run on its grid: cells, the shards that they are worked on in, and chunks of them in files.
//!
//! Below everything that has cells; what follows from the orders is asked of the seam here.

use super::seam::Ascent;
use super::{Grid, Locator, Order};

/// Orders of the output on a grid; 0 <= shard <= chunk <= cell <= 29.
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

    /// Bits that tell the cells of a shard apart; even.
    pub fn place_bits(&self) -> u32 {
        self.kind.place_bits(self.shard_order, self.cell_order)
    }

    /// The way from cells to those of a coarser order.
    ///
    /// # Panics
    /// If `order` is finer than the cells.
    pub fn up(&self, order: Order) -> Ascent {
        self.kind.up(self.cell_order, order)
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
            kind: self.kind,
        }
    }
}
