//! Values of one store at the cells of another: its own, and fill values between them.
//!
//! Beside the line: `verify.rs` compares layouts with it.

use super::open::Blocks;
use super::read::StoreReader;
use super::sphere::fill_of_a_cell;
use crate::error::Result;

/// Little-endian values of an array at given cells, block after block.
pub struct Aligned<'a> {
    blocks: Blocks<'a>,
    /// Cells that the blocks hold, from the next on.
    own: std::vec::IntoIter<u64>,
    /// Cells that are wanted, from the next on; all of `own` are among them.
    wanted: std::slice::Iter<'a, u64>,
    fill: Vec<u8>,
}

impl<'a> Aligned<'a> {
    /// The values of an array of `store` at `cells`, which ascend and hold all of the store's.
    pub fn new(store: &'a StoreReader, name: &str, cells: &'a [u64]) -> Result<Self> {
        Ok(Self {
            blocks: store.blocks(name)?,
            own: store.cell_ids()?.into_iter(),
            wanted: cells.iter(),
            fill: fill_of_a_cell(&store.info(name)?),
        })
    }

    /// A block of the store's own cells, with fill values before each that it lacks.
    fn spread(&mut self, block: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(block.len());
        // The block's end comes first, so that no cell is taken without its value.
        for (value, cell) in block.chunks_exact(self.fill.len()).zip(self.own.by_ref()) {
            for _ in self.wanted.by_ref().take_while(|&&wanted| wanted != cell) {
                bytes.extend_from_slice(&self.fill);
            }
            bytes.extend_from_slice(value);
        }
        bytes
    }
}

impl Iterator for Aligned<'_> {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.blocks.next() {
            Some(Ok(block)) => Some(Ok(self.spread(&block))),
            Some(Err(error)) => Some(Err(error)),
            None => {
                let behind = self.fill.repeat(self.wanted.by_ref().count());
                (!behind.is_empty()).then_some(Ok(behind))
            }
        }
    }
}

/// The cells of either store, ascending.
pub fn union(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}
