//! locate: the cell of every photon, as a dense key. Entry point: `locate`.
//!
//! Each photon is hashed by itself by the reference `grid::Locator`, so its key depends on nothing
//! but its position and the table.

use rayon::prelude::*;

use crate::batch::PhotonBatch;
use crate::config::GridConfig;
use crate::grid::Locator;

use super::super::KeyTable;
use super::Keys;

/// Photons that one task hashes; large enough to hide the task, small enough to balance.
const TILE: usize = 16_384;

pub fn locate(batch: &PhotonBatch, grid: &GridConfig) -> Keys {
    let locator = Locator::new(grid.cell_order, grid.latitude);
    let cells: Vec<u64> = batch
        .lon
        .par_iter()
        .zip(&batch.lat)
        .with_min_len(TILE)
        .map(|(&lon, &lat)| locator.cell(lon, lat))
        .collect();
    let table = KeyTable::new(grid, |shift| distinct_ancestors(&cells, shift));
    let mut keys = vec![0u32; cells.len()];
    keys.par_chunks_mut(TILE)
        .zip(cells.par_chunks(TILE))
        .for_each(|(keys, cells)| {
            let mut near = 0;
            for (key, &cell) in keys.iter_mut().zip(cells) {
                near = table
                    .slot(cell, near)
                    .unwrap_or_else(|| unreachable!("the table lists every ancestor"));
                *key = table.key(cell, near);
            }
        });
    Keys { keys, table }
}

/// Ids shifted right, ascending, without repeats. Along a track ancestors repeat in long runs, so
/// collapsing runs first leaves little to sort.
fn distinct_ancestors(cells: &[u64], shift: u32) -> Vec<u64> {
    let mut groups: Vec<u64> = cells
        .par_chunks(TILE)
        .flat_map_iter(|cells| {
            let mut groups: Vec<u64> = cells.iter().map(|cell| cell >> shift).collect();
            groups.dedup();
            groups.sort_unstable();
            groups.dedup();
            groups
        })
        .collect();
    groups.par_sort_unstable();
    groups.dedup();
    groups
}
