//! locate: the cell of every photon, as a dense key. Entry point: `locate`.
//!
//! A photon's cell depends on nothing but its position: `grid::Locator` gives the same bits whether
//! photons are located one by one, many at once, or settled by the bounds of a run (`runs.rs`).

use rayon::prelude::*;

use crate::config::GridConfig;

use super::super::{Distinct, KeyTable};
use super::Keys;
use super::runs::{RunFinder, Runs};
use super::scratch::Order;

/// Photons that one task locates; large enough to hide the task, small enough for its cache.
pub const TILE: usize = 4096;

/// The cell of every position, in tiles that threads share.
pub fn cells(lon: &[f64], lat: &[f64], grid: &GridConfig, cells: &mut [u64]) {
    let locator = grid.locator();
    cells
        .par_chunks_mut(TILE)
        .zip(lon.par_chunks(TILE).zip(lat.par_chunks(TILE)))
        .for_each_init(
            || (RunFinder::default(), Runs::default()),
            |(finder, runs), (cells, (lon, lat))| {
                finder.find(&locator, lon, lat, runs);
                for (cell, photons) in runs.iter() {
                    cells[photons].fill(cell);
                }
            },
        );
}

impl Keys {
    /// One key per cell, in order.
    pub fn of_cells(cells: &[u64], grid: &GridConfig, order: &mut Order) -> Self {
        let table = table_of(cells, grid);
        let mut keys = order.take_keys(cells.len());
        keys.par_chunks_mut(TILE)
            .zip(cells.par_chunks(TILE))
            .for_each(|(keys, cells)| fill_keys(&table, cells, keys));
        Self { keys, table }
    }
}

/// The key table of some cells.
pub fn table_of(cells: &[u64], grid: &GridConfig) -> KeyTable {
    KeyTable::new(grid, |shift| distinct_ancestors(cells, shift))
}

/// The key of each cell; slices of one length.
pub fn fill_keys(table: &KeyTable, cells: &[u64], keys: &mut [u32]) {
    let mut near = 0;
    for (key, &cell) in keys.iter_mut().zip(cells) {
        near = table
            .slot(cell, near)
            .unwrap_or_else(|| unreachable!("the table lists every ancestor"));
        *key = table.key(cell, near);
    }
}

/// Ids shifted right, ascending, without repeats.
fn distinct_ancestors(cells: &[u64], shift: u32) -> Vec<u64> {
    let mut groups: Vec<u64> = cells
        .par_chunks(16 * TILE)
        .flat_map_iter(|cells| {
            let mut seen = Distinct::default();
            let mut last = None;
            for group in cells.iter().map(|cell| cell >> shift) {
                if last != Some(group) {
                    seen.insert(group, 0);
                    last = Some(group);
                }
            }
            seen.ids().collect::<Vec<_>>()
        })
        .collect();
    groups.par_sort_unstable();
    groups.dedup();
    groups
}
