//! The cells of each shard that touch a region, as maps of zagg have them.
//!
//! Beside `build.rs`. zagg makes its array `aoi_mask` of them; runs of icefold have the region itself.

use serde_json::Value;

use crate::config::{CellPolicy, Config};
use crate::error::{Error, Result};
use crate::grid::Order;

use super::map::ShardMap;

/// Of each shard the cells that touch the region, where the config wants them all: the largest that hold nothing else, as
/// zagg has them.
pub(super) fn aoi_mask(config: &Config, map: &ShardMap) -> Result<Option<Vec<Value>>> {
    let grid = &config.grid;
    let is_nested = grid.kind.rectilinear().is_none();
    let Some(region) = config
        .region
        .as_ref()
        .filter(|_| config.cells == CellPolicy::Region && is_nested)
    else {
        return Ok(None);
    };
    let cells = region
        .cells(grid.kind, grid.cell_order)
        .map_err(Error::argument)?;
    let mask = map.shards.iter().map(|shard| {
        let of_shard = grid.kind.down(shard.id, grid.shard_order, grid.cell_order);
        let mut words = Vec::new();
        for part in &cells {
            let part = part.start.max(of_shard.start)..part.end.min(of_shard.end);
            let mut next = part.start;
            while next < part.end {
                // Four cells that follow one another from a fourth on are one of the order before.
                let mut order = grid.cell_order;
                while order > grid.shard_order
                    && let Some(coarser) = Order::new(order.get() - 1)
                    && let whole = grid.kind.within(coarser, grid.cell_order)
                    && next.is_multiple_of(whole)
                    && part.end - next >= whole
                {
                    order = coarser;
                }
                let width = grid.kind.within(order, grid.cell_order);
                words.push(grid.kind.key(order, next / width));
                next += width;
            }
        }
        Value::from(words)
    });
    Ok(Some(mask.collect()))
}
