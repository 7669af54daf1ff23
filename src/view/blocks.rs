//! Cuts the cells of an order into blocks: neighbours, few enough to be drawn at once, and where they lie.
//!
//! Cells of a block are those of one coarser cell, or of several that follow one another, so that a block is small on the
//! ground and what is out of sight is left alone.

use std::ops::Range;

use crate::grid::{GridConfig, Order};
use crate::picture::Framed;

/// Cells of a block at most.
const MOST: usize = 1 << 14;
/// Blocks that follow one another are one as long as it has no more cells.
const FEW: usize = 1 << 11;
/// Orders between cells and those whose bounds are taken for theirs.
const COARSER: u8 = 3;

/// Cells that follow one another in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    pub cells: Range<usize>,
    /// West, south, east and north in the plane.
    pub bounds: [f64; 4],
}

/// The blocks of ascending ids.
pub fn blocks(ids: &[u64], grid: &GridConfig, framed: &Framed) -> Vec<Block> {
    let mut cut = Vec::new();
    if let Some(coarsest) = Order::new(0).filter(|_| !ids.is_empty()) {
        let up = grid.up(coarsest);
        let mut begin = 0;
        for part in ids.chunk_by(|a, b| up.of(*a) == up.of(*b)) {
            let end = begin + part.len();
            divide(ids, begin..end, (coarsest, up.of(part[0])), grid, &mut cut);
            begin = end;
        }
    }
    let mut joined: Vec<Range<usize>> = Vec::new();
    for cells in cut {
        match joined.last_mut() {
            Some(last) if cells.end - last.start <= FEW => last.end = cells.end,
            _ => joined.push(cells),
        }
    }
    let placed = joined.into_iter().map(|cells| Block {
        bounds: bounds(&ids[cells.clone()], grid, framed),
        cells,
    });
    placed.collect()
}

/// Where cells lie: as coarser cells that hold them do, which are fewer. In degrees those may lie across the edge of the map,
/// and their cells on both sides of it, so there it is the cells themselves.
fn bounds(ids: &[u64], grid: &GridConfig, framed: &Framed) -> [f64; 4] {
    let order = grid.cell_order;
    let coarser =
        Order::new(order.get().saturating_sub(COARSER)).filter(|_| !framed.is_in_degrees());
    let Some(coarser) = coarser else {
        return framed.bounds(ids, order, grid.kind);
    };
    let up = grid.up(coarser);
    let mut above: Vec<u64> = ids.iter().map(|id| up.of(*id)).collect();
    above.dedup();
    framed.bounds(&above, coarser, grid.kind)
}

/// Cuts the cells that lie in one of a coarser order.
fn divide(
    ids: &[u64],
    cells: Range<usize>,
    (order, cell): (Order, u64),
    grid: &GridConfig,
    cut: &mut Vec<Range<usize>>,
) {
    let finer = Order::new(order.get() + 1).filter(|finer| *finer <= grid.cell_order);
    let Some(finer) = finer.filter(|_| cells.len() > MOST) else {
        // Cells of one order have no others in them: where they are too many, by their number.
        cut.extend(
            (cells.start..cells.end)
                .step_by(MOST)
                .map(|begin| begin..(begin + MOST).min(cells.end)),
        );
        return;
    };
    let mut begin = cells.start;
    for child in grid.kind.down(cell, order, finer) {
        let end = grid.kind.down(child, finer, grid.cell_order).end;
        let count = ids[begin..cells.end].partition_point(|id| *id < end);
        if count > 0 {
            divide(ids, begin..begin + count, (finer, child), grid, cut);
        }
        begin += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;

    #[test]
    fn every_cell_is_in_one_block_and_blocks_are_small() {
        let order = Order::new(9).unwrap();
        let grid = GridConfig {
            shard_order: order,
            chunk_order: None,
            cell_order: order,
            steps: 1,
            kind: Grid::default(),
        };
        // All of one base cell, and every thousandth of the others.
        let ids: Vec<u64> = (0..grid.cells())
            .filter(|id| id >> 18 == 3 || id % 1000 == 0)
            .collect();
        let framed = Framed::of(&ids, order, grid.kind);
        let blocks = blocks(&ids, &grid, &framed);
        let mut end = 0;
        for block in &blocks {
            assert_eq!(block.cells.start, end);
            assert!((1..=MOST).contains(&block.cells.len()));
            end = block.cells.end;
        }
        assert_eq!(end, ids.len());
        assert!(blocks.len() < 40, "{}", blocks.len());
        assert!(super::blocks(&[], &grid, &framed).is_empty());
    }
}
