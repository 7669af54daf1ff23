//! Rectilinear grids: rows and columns of equal cells in the plane of a coordinate reference system.
//!
//! Behind the seam (`tiling.rs`). Row 0 is the northernmost and column 0 the westernmost. Shards are blocks of
//! `chunk_shape` cells, by rows; where the bounds hold no whole number of them, the grid goes on to the east and south until
//! it does, as zagg's grids do. `locate.rs` finds cells, `patch.rs` those of positions
//! that lie together, `attributes.rs` describes the grid in stores.
//!
//! Orders are numbers of this program only: order 0 has the shards, and the finest the cells. Between them sides of cells
//! are twice as long with each order, as often as both sides of a shard can be halved:
//!
//! ```text
//!   chunk_shape [12, 8]    order 3: cells   2: 2 x 2 cells   1: 4 x 4 cells   0: shards of 12 x 8
//! ```
//!
//! Ids of the cells of a shard follow one another. In a shard, the largest squares that are a power of two wide follow one
//! another by rows, and inside of them cells are in Morton order, so those in a cell of a coarser order do so, too.

mod attributes;
mod locate;
mod patch;
mod smooth;
mod tiling;

use super::Order;
use super::projection::Crs;

pub(super) use locate::{Locator, OUTSIDE};
pub(super) use patch::Patch;

/// Cells along a side of the grid at most.
const MOST: f64 = 2_147_483_648.0;
/// Cells of a shard at most.
const MOST_OF_SHARD: u64 = 1 << 28;
/// By how much of a cell bounds may miss a whole number of cells and still have it.
const FUZZ: f64 = 1e-9;

/// A grid of equal cells, with north up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectilinear {
    crs: Crs,
    /// The north-western corner.
    west: f64,
    north: f64,
    /// Width and height of a cell.
    cell: [f64; 2],
    /// Shards: rows and columns of them.
    shards: [u32; 2],
    /// Cells of a shard: rows and columns.
    block: [u32; 2],
    /// Cells of a Zarr chunk in it, where files have several.
    inner: Option<[u32; 2]>,
    /// How often both sides of a shard can be halved.
    halvings: u8,
}

/// No number of it is NaN.
impl Eq for Rectilinear {}

/// What a config says of such a grid.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub crs: Crs,
    /// Width and height of cells.
    pub resolution: [f64; 2],
    /// West, south, east and north.
    pub bounds: [f64; 4],
    /// Rows and columns of cells in a shard.
    pub chunk_shape: [u32; 2],
    /// The same of a Zarr chunk in it.
    pub chunk_inner: Option<[u32; 2]>,
}

/// The cells of one order: how many there are and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Rows and columns of shards, and of this order's cells in one of them.
    shards: [u32; 2],
    block: [u32; 2],
    /// How often both sides of a block can be halved from here on.
    halvings: u32,
    /// Cells of the finest order along the sides of one: rows and columns.
    pub side: [u32; 2],
}

impl Rectilinear {
    /// The grid that is asked for.
    ///
    /// # Errors
    /// The key that is wrong, and why.
    pub fn new(asked: &Asked) -> Result<Self, (&'static str, String)> {
        let [west, south, east, north] = asked.bounds;
        let [width, height] = asked.resolution;
        if let Some(wrong) = asked.wrong() {
            return Err(wrong);
        }
        if let Some(why) = asked.crs.refuses(asked.bounds) {
            return Err(("bounds", format!("is {:?}; {why}", asked.bounds)));
        }
        let count = |span: f64, size: f64, block: u32| -> Result<u32, (&'static str, String)> {
            let cells = (span / size - FUZZ).ceil().max(1.0);
            if cells >= MOST {
                let message =
                    format!("makes {cells} cells along a side; at most {MOST} are allowed");
                return Err(("resolution", message));
            }
            Ok((cells as u32).div_ceil(block))
        };
        let shards = [
            count(north - south, height, asked.chunk_shape[0])?,
            count(east - west, width, asked.chunk_shape[1])?,
        ];
        let grid = Self::of_shards(asked, shards);
        let [west, _, east, _] = grid.bounds();
        if let Some(why) = asked.crs.too_far(west, east) {
            let message = format!(
                "makes shards as far as x = {east:?}; {why}, so fewer columns of cells, or bounds that hold whole shards"
            );
            return Err(("chunk_shape", message));
        }
        Ok(grid)
    }

    /// A grid whose bounds have whole shards already: they may go beyond what a config can ask for.
    ///
    /// # Errors
    /// As [`new`](Self::new), and if they have no whole shards.
    pub fn whole(asked: &Asked) -> Result<Self, (&'static str, String)> {
        if let Some(wrong) = asked.wrong() {
            return Err(wrong);
        }
        let [west, south, east, north] = asked.bounds;
        let count = |span: f64, size: f64, block: u32| {
            let shards = span / size / f64::from(block);
            let whole = (shards - shards.round()).abs() < 1e-6 * shards.max(1.0);
            // Of the last shard one cell may be all that was asked for.
            let before = (shards.round() - 1.0) * f64::from(block);
            (whole && shards > 0.5 && before < MOST - 1.0)
                .then(|| shards.round() as u32)
                .ok_or_else(|| {
                    let message = format!("is {:?}, which has no whole shards", asked.bounds);
                    ("bounds", message)
                })
        };
        let shards = [
            count(north - south, asked.resolution[1], asked.chunk_shape[0])?,
            count(east - west, asked.resolution[0], asked.chunk_shape[1])?,
        ];
        Ok(Self::of_shards(asked, shards))
    }

    fn of_shards(asked: &Asked, shards: [u32; 2]) -> Self {
        let block = asked.chunk_shape;
        let halvings = block[0].trailing_zeros().min(block[1].trailing_zeros());
        Self {
            crs: asked.crs,
            // Of both zeros one, so that equal grids have equal bits.
            west: asked.bounds[0] + 0.0,
            north: asked.bounds[3] + 0.0,
            cell: asked.resolution,
            shards,
            block,
            inner: asked.chunk_inner,
            halvings: halvings as u8,
        }
    }

    /// All that the bytes of a store depend on, for the hash of a config.
    pub fn canonical(&self) -> String {
        format!(
            "rectilinear {} from {:?} {:?} cell {:?} shards {:?} of {:?} chunks {:?}",
            self.crs, self.west, self.north, self.cell, self.shards, self.block, self.inner
        )
    }

    pub fn crs(&self) -> Crs {
        self.crs
    }

    /// Width and height of the cells of an order.
    pub fn resolution(&self, order: Order) -> [f64; 2] {
        let [rows, columns] = self.level(order).side;
        [
            self.cell[0] * f64::from(columns),
            self.cell[1] * f64::from(rows),
        ]
    }

    /// West, south, east and north, with what was added for whole shards.
    pub fn bounds(&self) -> [f64; 4] {
        let [rows, columns] = self.shape(self.finest_order());
        [
            self.west,
            self.north - f64::from(rows) * self.cell[1],
            self.west + f64::from(columns) * self.cell[0],
            self.north,
        ]
    }

    /// Rows and columns of the cells of an order.
    pub fn shape(&self, order: Order) -> [u32; 2] {
        let level = self.level(order);
        [0, 1].map(|side| level.shards[side] * level.block[side])
    }

    /// Rows and columns of the cells of an order in a shard.
    pub fn block(&self, order: Order) -> [u32; 2] {
        self.level(order).block
    }

    /// Rows and columns of shards.
    pub fn shards(&self) -> [u32; 2] {
        self.shards
    }

    /// Rows and columns of the finest cells in a Zarr chunk, where a file has several.
    pub fn inner(&self) -> Option<[u32; 2]> {
        self.inner
    }

    /// The order of the shards.
    pub fn shard_order(&self) -> Order {
        Order(0)
    }

    /// The order of the cells.
    pub fn finest_order(&self) -> Order {
        // Where halving leaves more than one cell, an order has them, and order 0 the shard.
        let rest = self.block.map(|side| side >> self.halvings) != [1, 1];
        Order(self.halvings + u8::from(rest))
    }

    /// The order whose cells are so many of the finest wide and high; `None` where there is none.
    pub fn order_of_factor(&self, factor: u64) -> Option<Order> {
        let halvings = factor.is_power_of_two().then(|| factor.trailing_zeros())?;
        let halvings = u8::try_from(halvings)
            .ok()
            .filter(|h| *h <= self.halvings)?;
        Some(Order(self.finest_order().0 - halvings))
    }

    /// The finest cells along the side of one of an order; `None` of shards that are no squares of a power of two.
    pub fn factor_of_order(&self, order: Order) -> Option<u64> {
        let halvings = self.finest_order().0.checked_sub(order.0)?;
        (halvings <= self.halvings).then(|| 1 << halvings)
    }

    /// The cells of an order, no finer than the finest.
    pub fn level(&self, order: Order) -> Level {
        let finest = self.finest_order();
        if order.0 == 0 {
            return Level {
                shards: self.shards,
                block: [1, 1],
                halvings: 0,
                side: self.block,
            };
        }
        let coarser = finest.0.saturating_sub(order.0);
        Level {
            shards: self.shards,
            block: self.block.map(|side| side >> coarser),
            halvings: u32::from(self.halvings - coarser),
            side: [1 << coarser; 2],
        }
    }

    /// Edges of columns and rows of an order in the plane: west of a column, north of a row.
    pub fn edges(&self, order: Order) -> (impl Fn(f64) -> f64, impl Fn(f64) -> f64) {
        let [width, height] = self.resolution(order);
        let (west, north) = (self.west, self.north);
        (
            move |column| west + column * width,
            move |row| north - row * height,
        )
    }
}

impl Asked {
    /// The key that no grid can have like this.
    fn wrong(&self) -> Option<(&'static str, String)> {
        let [west, south, east, north] = self.bounds;
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if !self.resolution.into_iter().all(positive) {
            let message = format!(
                "is {:?}; cells are wider and higher than 0",
                self.resolution
            );
            return Some(("resolution", message));
        }
        if !self.bounds.into_iter().all(f64::is_finite) || west >= east || south >= north {
            let message = format!(
                "is {:?}; it is [west, south, east, north] with west < east and south < north",
                self.bounds
            );
            return Some(("bounds", message));
        }
        let [rows, columns] = self.chunk_shape;
        let cells = u64::from(rows) * u64::from(columns);
        if cells == 0 || cells > MOST_OF_SHARD {
            let message = format!(
                "is {:?}; it is [rows, columns], each 1 or more, of {MOST_OF_SHARD} cells at most together",
                self.chunk_shape
            );
            return Some(("chunk_shape", message));
        }
        let inner = self.chunk_inner?;
        let divides =
            |side: usize| inner[side] > 0 && self.chunk_shape[side].is_multiple_of(inner[side]);
        (!(divides(0) && divides(1))).then(|| {
            let message = format!(
                "is {inner:?}, which does not divide chunk_shape {:?} into equal parts",
                self.chunk_shape
            );
            ("chunk_inner", message)
        })
    }
}

impl Level {
    /// Cells of a shard.
    pub fn of_shard(&self) -> u64 {
        u64::from(self.block[0]) * u64::from(self.block[1])
    }

    /// All cells.
    pub fn cells(&self) -> u64 {
        u64::from(self.shards[0]) * u64::from(self.shards[1]) * self.of_shard()
    }

    /// The id of the cell in a row and a column.
    #[inline]
    pub fn id(&self, row: u32, column: u32) -> u64 {
        let shard = u64::from(row / self.block[0]) * u64::from(self.shards[1])
            + u64::from(column / self.block[1]);
        let (row, column) = (row % self.block[0], column % self.block[1]);
        let squares = u64::from(self.block[1] >> self.halvings);
        let square = u64::from(row >> self.halvings) * squares + u64::from(column >> self.halvings);
        let mask = (1u32 << self.halvings) - 1;
        let place = spread(column & mask) | (spread(row & mask) << 1);
        shard * self.of_shard() + ((square << (2 * self.halvings)) | place)
    }

    /// The row and the column of a cell in its shard.
    pub fn place(&self, cell: u64) -> [u32; 2] {
        let rest = cell % self.of_shard();
        let (square, place) = (
            rest >> (2 * self.halvings),
            rest & ((1 << (2 * self.halvings)) - 1),
        );
        let squares = u64::from(self.block[1] >> self.halvings);
        let at = |square: u64, bits: u64| ((square as u32) << self.halvings) | gather(bits);
        [
            at(square / squares, place >> 1),
            at(square % squares, place),
        ]
    }

    /// The row and the column of a shard.
    pub fn shard_place(&self, shard: u64) -> [u32; 2] {
        let columns = u64::from(self.shards[1]);
        [(shard / columns) as u32, (shard % columns) as u32]
    }

    /// The row and the column of a cell in the grid.
    pub fn row_column(&self, cell: u64) -> [u32; 2] {
        let shard = self.shard_place(cell / self.of_shard());
        let place = self.place(cell);
        [0, 1].map(|side| shard[side] * self.block[side] + place[side])
    }
}

/// Moves bit i to bit 2i.
#[inline]
fn spread(value: u32) -> u64 {
    let mut bits = u64::from(value);
    bits = (bits | (bits << 16)) & 0x0000_ffff_0000_ffff;
    bits = (bits | (bits << 8)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits << 2)) & 0x3333_3333_3333_3333;
    (bits | (bits << 1)) & 0x5555_5555_5555_5555
}

/// Moves bit 2i to bit i, and forgets the others.
#[inline]
fn gather(value: u64) -> u32 {
    let mut bits = value & 0x5555_5555_5555_5555;
    bits = (bits | (bits >> 1)) & 0x3333_3333_3333_3333;
    bits = (bits | (bits >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits >> 4)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits >> 8)) & 0x0000_ffff_0000_ffff;
    (bits | (bits >> 16)) as u32
}

#[cfg(test)]
mod tests;
