//! fold: all stages of one batch, in one of three orders that give the same bits.
//!
//! `strategy.rs` chooses the order that suits the batch, the other files are the stages.

use std::ops::Range;

use rayon::prelude::*;

use crate::config::GridConfig;
use crate::photon::Column;
use crate::stat::{Job, Partials};

use super::super::StageTimes;
use super::Keys;
use super::blocks::{BLOCK, Block, MOST_KEYS, fold_block};
use super::locate::{TILE, table_of};
use super::parted::{can_be_parted, fold_parted};
use super::records::{Columns, Room, fold_runs, merge_records};
use super::reduce::reduce;
use super::runs::{RunFinder, Runs};
use super::scratch::Buffers;
use super::segment::segment;
use super::sort::sort;

/// Tiles whose records one task collects.
const TILES: usize = 16;

/// Folds runs tile by tile, then brings their records together by cell. `find` puts the runs of a
/// tile of photons, numbered from the tile's start, into its second argument.
pub fn fold_runs_first(
    (photons, columns): (usize, Columns),
    (grid, job): (&GridConfig, &Job),
    buffers: &mut Buffers,
    find: impl Fn(&mut RunFinder, &mut Runs, Range<usize>) + Sync,
) -> Partials {
    let records: Vec<Partials> = (0..photons.div_ceil(TILES * TILE))
        .into_par_iter()
        .map_init(
            || (RunFinder::default(), Runs::default(), Room::default()),
            |(finder, runs, room), task| {
                let mut records = buffers.take_records(job);
                let start = task * TILES * TILE;
                let end = (start + TILES * TILE).min(photons);
                for tile in (start..end).step_by(TILE) {
                    find(finder, runs, tile..(tile + TILE).min(end));
                    fold_runs(&mut records, runs, columns, (tile, room), job);
                }
                records
            },
        )
        .collect();
    let merged = merge_records((&records, Some(columns.columns)), grid, job, buffers);
    buffers.keep_records(records);
    merged
}

/// Folds photons in no order block by block, then brings their records together; with too many keys
/// for that, sorts photons.
pub fn fold_blocks(
    cells: &[u64],
    columns: &[Column],
    (grid, job): (&GridConfig, &Job),
    buffers: &mut Buffers,
) -> Partials {
    let table = table_of(cells, grid);
    if table.keys() > MOST_KEYS {
        let times = &mut StageTimes::default();
        return fold_cells_sorted(cells, columns, (grid, job), (buffers, times));
    }
    let records: Vec<Partials> = cells
        .par_chunks(BLOCK)
        .enumerate()
        .map_init(Block::default, |block, (i, cells)| {
            let mut records = buffers.take_records(job);
            let start = i * BLOCK;
            fold_block(&mut records, block, (cells, &table), (columns, start), job);
            records
        })
        .collect();
    let merged = merge_records((&records, None), grid, job, buffers);
    buffers.keep_records(records);
    merged
}

/// Sorts photons whose cells are known, part by part where it can.
pub fn fold_cells_sorted(
    cells: &[u64],
    columns: &[Column],
    (grid, job): (&GridConfig, &Job),
    (buffers, times): (&mut Buffers, &mut StageTimes),
) -> Partials {
    if can_be_parted(columns, job)
        && let Some(partials) = fold_parted(cells, columns, job, (buffers, times))
    {
        return partials;
    }
    let order = &mut buffers.order;
    let keys = times.locate.time(|| Keys::of_cells(cells, grid, order));
    fold_keys(keys, columns, job, (buffers, times))
}

/// The stages after locate, one by one.
pub fn fold_keys(
    keys: Keys,
    columns: &[Column],
    job: &Job,
    (buffers, times): (&mut Buffers, &mut StageTimes),
) -> Partials {
    let sorted = times.sort.time(|| sort(keys, &mut buffers.order));
    let starts = buffers.order.take_starts();
    let segments = times.segment.time(|| segment(&sorted, starts));
    let partials = times
        .reduce
        .time(|| reduce(columns, (&sorted, &segments), job, buffers));
    buffers.order.keep(sorted, segments);
    partials
}
