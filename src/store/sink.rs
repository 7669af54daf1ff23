//! Where finished cells go: what the line asks of a store, of a table and of a piece.
//!
//! At the end of the line: `CellTable --Sink--> store, table or piece`. Who finishes shards knows this and no
//! store; a new one is an implementation of [`Store`] and a line in `layout.rs`.

use std::fmt;

use crate::error::Result;
use crate::finalize::CellTable;
use crate::grid::Order;
use crate::place::FolderPlace;

use super::content::ContentHash;
use super::zarr::TreeHashes;

/// Takes finished cells of each order, ascending.
pub trait Sink {
    /// Appends cells of an order; their ids continue ascending.
    ///
    /// # Errors
    /// Cells that do not belong there; a write fails.
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()>;
}

/// A store that is being written.
pub trait Store: Sink + fmt::Debug {
    /// Makes the store whole; it waits for its name, which it gets together with other files of the run.
    ///
    /// # Errors
    /// Cells are missing, or a write fails: nothing is left.
    fn whole(self: Box<Self>) -> Result<(FolderPlace, Written)>;
}

/// What a whole store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// `cell_ids`, then the outputs in the schema's order.
    pub hashes: Vec<ContentHash>,
    /// Finest first.
    pub overviews: Vec<WrittenOverview>,
    /// The content hashes of zagg's specification, of all arrays by path; `None` where not all values went through the
    /// writer as they are stored.
    pub tree: Option<TreeHashes>,
}

/// One overview of a whole store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenOverview {
    pub order: Order,
    /// The group, where its name is not the order's.
    pub group: Option<String>,
    /// Those that photons are in.
    pub cells: u64,
    pub hashes: Vec<ContentHash>,
}
