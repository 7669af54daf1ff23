//! Overviews: the partials of a run folded up to coarser orders, window after window.
//!
//! Beside `table.rs`, on the way from merged partials to the store. Each order is folded from the
//! next finer one, as soon as cells of it are complete:
//!
//! ```text
//!   window of cells -> order 11 -> order 10 -> ... -> order 6: one open cell each
//! ```
//!
//! Windows come in ascending order, so each order has at most one cell that later ones may still
//! join, at all of its steps of time. A retained value waits in the open cell of one order, never of several; values that all open cells
//! together have no room for wait in piles on disk. Merging is exact, so each order is what a run at that
//! cell order gives, to the bit.

use crate::error::{Error, Kind, Result};
use crate::grid::{GridConfig, Order};
use crate::merge::{Piles, Window};
use crate::stat::Job;

use super::{FinishedShard, StoreSchema, finalize};

/// Overviews of one run, or of one shard of it, on their way.
#[derive(Debug)]
pub struct Overviews<'a> {
    job: &'a Job,
    grid: GridConfig,
    /// Finest first.
    levels: Vec<Level>,
    /// Photons so far.
    photons: u64,
    piles: Piles,
    /// Bytes of values that open cells may have in memory.
    room: u64,
}

/// One coarser order.
#[derive(Debug)]
struct Level {
    schema: StoreSchema,
    /// The cell that later windows may join, at most one; its slots, where there are steps of time.
    open: Window,
    /// Photons of all complete cells.
    photons: u64,
}

/// Finished cells of one order.
#[derive(Debug, Clone)]
pub struct FinishedOverview {
    pub order: Order,
    pub shard: FinishedShard,
}

impl<'a> Overviews<'a> {
    /// Overviews of these orders, each coarser than the schema's and than the one before it; values that
    /// memory has no room for go to `piles`.
    pub fn new(orders: &[Order], schema: &StoreSchema, job: &'a Job, piles: &Piles) -> Self {
        let level = |&order: &Order| Level {
            schema: schema.at(order),
            open: Window::empty(job),
            photons: 0,
        };
        Self {
            job,
            grid: schema.grid,
            levels: orders.iter().map(level).collect(),
            photons: 0,
            piles: piles.clone(),
            room: u64::MAX,
        }
    }

    /// Whether there are no orders to fold up to.
    pub fn is_none(&self) -> bool {
        self.levels.is_empty()
    }

    /// Values of open cells are to take so many bytes of memory at most, from the next window on.
    pub fn hold(&mut self, room: u64) {
        self.room = room;
    }

    /// Folds the next cells up, none of them below those before; gives back the cells that no later
    /// ones can join.
    ///
    /// # Errors
    /// As [`finalize`]; values that cannot be written or read.
    pub fn add(&mut self, window: &Window) -> Result<Vec<FinishedOverview>> {
        self.photons += window.table.photons.iter().sum::<u64>();
        let finished = self.fold_up(window, false)?;
        self.make_room()?;
        Ok(finished)
    }

    /// Gives back the cells that were still open.
    ///
    /// # Errors
    /// As [`add`](Self::add), and an order that does not hold every photon.
    pub fn finish(mut self) -> Result<Vec<FinishedOverview>> {
        let rest = self.fold_up(&Window::empty(self.job), true)?;
        for level in &self.levels {
            if level.photons != self.photons {
                return Err(Error::gate(format!(
                    "overview of order {} has {} photons, its shards have {}",
                    level.order(),
                    level.photons,
                    self.photons
                )));
            }
        }
        Ok(rest)
    }

    /// Moves values of open cells to piles, those of the cell with the most first, until all have room.
    fn make_room(&mut self) -> Result<()> {
        loop {
            let bytes = self.levels.iter().map(|level| level.open.value_bytes());
            if bytes.sum::<u64>() <= self.room {
                return Ok(());
            }
            let levels = self.levels.iter_mut();
            if let Some(most) = levels.max_by_key(|level| level.open.value_bytes()) {
                most.open.pile_up(&self.piles, self.job)?;
            }
        }
    }

    fn fold_up(&mut self, window: &Window, last: bool) -> Result<Vec<FinishedOverview>> {
        let mut finished = Vec::new();
        let mut from = self.grid;
        let mut finer: Option<(usize, Window)> = None;
        for i in 0..self.levels.len() {
            let source = finer.as_ref().map_or(window, |(_, cells)| cells);
            let to = self.levels[i].schema.grid;
            let coarse = source.coarsen(from.slots_up(to.cell_order), self.job);
            let complete = self.levels[i].complete(&coarse, last, self.job);
            // A finished order is given up only once the next one has been folded from it.
            if let Some((finer, cells)) = finer.replace((i, complete)) {
                finished.extend(self.levels[finer].finish(cells, self.job)?);
            }
            from = to;
        }
        if let Some((coarsest, cells)) = finer {
            finished.extend(self.levels[coarsest].finish(cells, self.job)?);
        }
        Ok(finished)
    }
}

impl Level {
    fn order(&self) -> Order {
        self.schema.grid.cell_order
    }

    /// Takes cells of this order, not below those before; gives those that no later ones can join.
    fn complete(&mut self, coarse: &Window, last: bool, job: &Job) -> Window {
        let cell_of = |slot: &u64| self.schema.grid.of_slot(*slot).0;
        let slots = &coarse.table.cells;
        let newest = slots.last().map(cell_of);
        let closed = match newest {
            Some(newest) if !last => slots.partition_point(|slot| cell_of(slot) < newest),
            _ => slots.len(),
        };
        // The only cell, and still the same one.
        let open = self.open.table.cells.first().map(cell_of);
        if !last && closed == 0 && (open.is_none() || newest.is_none() || open == newest) {
            self.open.join(coarse, 0..coarse.len(), job);
            return Window::empty(job);
        }
        let mut open = Window::empty(job);
        open.append(coarse, closed..coarse.len());
        let mut complete = std::mem::replace(&mut self.open, open);
        complete.join(coarse, 0..closed, job);
        complete
    }

    fn finish(&mut self, cells: Window, job: &Job) -> Result<Vec<FinishedOverview>> {
        let (order, grid) = (self.order(), self.schema.grid);
        self.photons += cells.table.photons.iter().sum::<u64>();
        let named = |error: Error| match error.kind() {
            Kind::Gate => error.within(format!("overview of order {order}")),
            _ => error,
        };
        by_shard(cells, |slot| grid.shard_of_slot(slot), job)
            .into_iter()
            .map(|(shard, cells)| {
                let partials = cells.settle(job)?;
                let shard = finalize(shard, partials, job, &self.schema).map_err(named)?;
                Ok(FinishedOverview { order, shard })
            })
            .collect()
    }
}

/// Cuts cells where the shard changes; nearly always they are of one.
fn by_shard(cells: Window, shard_of: impl Fn(u64) -> u64, job: &Job) -> Vec<(u64, Window)> {
    let shards = cells.table.cells.iter().map(|&cell| shard_of(cell));
    let shards: Vec<u64> = shards.collect();
    match (shards.first(), shards.last()) {
        (Some(&first), Some(last)) if first == *last => vec![(first, cells)],
        _ => {
            let mut start = 0;
            let runs = shards.chunk_by(|a, b| a == b);
            runs.map(|run| {
                let mut part = Window::empty(job);
                part.append(&cells, start..start + run.len());
                start += run.len();
                (run[0], part)
            })
            .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::UInt64Type;

    use super::super::gate::tests::{job, partials, schema};
    use super::*;
    use crate::grid::Order;

    /// Windows of these cells, folded up, and how many photons the shards are said to have beyond those that they have:
    /// order, shard's first cell and rows of each overview.
    fn folded(cells: &[(u64, &[f32])], beyond: u64) -> Result<Vec<(u8, u64, usize)>, String> {
        let job = job();
        let schema = StoreSchema {
            arrays: Vec::new(),
            ..schema()
        };
        let folder = tempfile::tempdir().unwrap();
        let orders = [11, 9].map(|order| Order::new(order).unwrap());
        let piles = Piles::new(folder.path().join("piles"));
        let mut overviews = Overviews::new(&orders, &schema, &job, &piles);
        let window = Window::from(partials(cells, &job));
        let mut finished = overviews.add(&window).unwrap();
        overviews.photons += beyond;
        finished.extend(overviews.finish().map_err(|error| error.to_string())?);
        let rows = |overview: &FinishedOverview| {
            let rows = &overview.shard.table.rows;
            let ids = rows.column(0).as_primitive::<UInt64Type>();
            (overview.order.get(), ids.value(0), rows.num_rows())
        };
        Ok(finished.iter().map(rows).collect())
    }

    #[test]
    fn overviews_hold_every_photon_of_the_shards_or_there_are_none() {
        let cells: [(u64, &[f32]); 3] = [(8, &[1.0, 2.0]), (9, &[3.0]), (12, &[4.0])];
        let all = vec![(11, 2, 1), (11, 3, 1), (9, 0, 1)];
        assert_eq!(folded(&cells, 0), Ok(all));
        let says = "overview of order 11 has 4 photons, its shards have 5";
        let error = folded(&cells, 1).unwrap_err();
        assert!(error.contains(says), "{error}");
    }

    #[test]
    fn cells_of_one_window_go_to_the_shards_that_they_lie_in() {
        let ids = [8, 12, 4096, 4100, 8192, 8196, 8200];
        let cells: Vec<(u64, &[f32])> = ids.iter().map(|&id| (id, &[1.0f32][..])).collect();
        let all = vec![
            (11, 2, 2),
            (11, 1024, 2),
            (11, 2048, 2),
            (9, 0, 1),
            (9, 64, 1),
            (11, 2050, 1),
            (9, 128, 1),
        ];
        assert_eq!(folded(&cells, 0), Ok(all));
    }
}
