//! The orders of a grid: of its cells, of the shards in which they are worked on, and of chunks in files.
//!
//! Below everything that has cells.

use super::{Latitude, Order};

/// HEALPix orders of the output; 0 <= shard <= chunk <= cell <= 29.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridConfig {
    pub shard_order: Order,
    pub chunk_order: Option<Order>,
    pub cell_order: Order,
    pub latitude: Latitude,
}
