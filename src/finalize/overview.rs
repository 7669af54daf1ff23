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
//! join. A retained value waits in the open cell of one order, never of several. Merging is exact, so
//! each order is what a run at that cell order gives, to the bit.

use crate::error::{Error, Result};
use crate::grid::Order;
use crate::stat::{Job, Partials};

use super::{FinishedShard, StoreSchema, finalize};

/// Overviews of one run, or of one shard of it, on their way.
#[derive(Debug)]
pub struct Overviews<'a> {
    job: &'a Job,
    cell_order: Order,
    /// Finest first.
    levels: Vec<Level>,
    /// Photons so far.
    photons: u64,
}

/// One coarser order.
#[derive(Debug)]
struct Level {
    schema: StoreSchema,
    /// The cell that later windows may join, at most one.
    open: Partials,
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
    /// Overviews of these orders, each coarser than the schema's and than the one before it.
    pub fn new(orders: &[Order], schema: &StoreSchema, job: &'a Job) -> Self {
        let level = |&order: &Order| Level {
            schema: schema.at(order),
            open: Partials::empty(job),
            photons: 0,
        };
        Self {
            job,
            cell_order: schema.grid.cell_order,
            levels: orders.iter().map(level).collect(),
            photons: 0,
        }
    }

    /// Folds the next cells up, none of them below those before; gives back the cells that no later
    /// ones can join.
    ///
    /// # Errors
    /// As [`finalize`].
    pub fn add(&mut self, window: &Partials) -> Result<Vec<FinishedOverview>> {
        self.photons += window.photons.iter().sum::<u64>();
        self.fold_up(window, false)
    }

    /// Gives back the cells that were still open.
    ///
    /// # Errors
    /// As [`finalize`], and an order that does not hold every photon.
    pub fn finish(mut self) -> Result<Vec<FinishedOverview>> {
        let rest = self.fold_up(&Partials::empty(self.job), true)?;
        for level in &self.levels {
            if level.photons != self.photons {
                return Err(Error::Gate(format!(
                    "overview of order {} has {} photons, its shards have {}",
                    level.order(),
                    level.photons,
                    self.photons
                )));
            }
        }
        Ok(rest)
    }

    fn fold_up(&mut self, window: &Partials, last: bool) -> Result<Vec<FinishedOverview>> {
        let mut finished = Vec::new();
        let mut from = self.cell_order;
        let mut finer: Option<(usize, Partials)> = None;
        for i in 0..self.levels.len() {
            let source = finer.as_ref().map_or(window, |(_, partials)| partials);
            let to = self.levels[i].order();
            let coarse = source.coarsen(from, to, self.job);
            let complete = self.levels[i].complete(&coarse, last, self.job);
            // A finished order is given up only once the next one has been folded from it.
            if let Some((finer, partials)) = finer.replace((i, complete)) {
                finished.extend(self.levels[finer].finish(partials, self.job)?);
            }
            from = to;
        }
        if let Some((coarsest, partials)) = finer {
            finished.extend(self.levels[coarsest].finish(partials, self.job)?);
        }
        Ok(finished)
    }
}

impl Level {
    fn order(&self) -> Order {
        self.schema.grid.cell_order
    }

    /// Takes cells of this order, not below those before; gives those that no later ones can join.
    fn complete(&mut self, coarse: &Partials, last: bool, job: &Job) -> Partials {
        let closed = match coarse.len() {
            cells if last => cells,
            // The only cell, and still the same one.
            1 if self
                .open
                .cells
                .first()
                .is_none_or(|open| *open == coarse.cells[0]) =>
            {
                self.open.append(coarse, 0..1);
                return Partials::empty(job);
            }
            cells => cells.saturating_sub(1),
        };
        let mut open = Partials::empty(job);
        open.append(coarse, closed..coarse.len());
        if !last && open.is_empty() {
            return open;
        }
        let mut complete = std::mem::replace(&mut self.open, open);
        complete.append(coarse, 0..closed);
        complete
    }

    fn finish(&mut self, partials: Partials, job: &Job) -> Result<Vec<FinishedOverview>> {
        let (order, shard_order) = (self.order(), self.schema.grid.shard_order);
        self.photons += partials.photons.iter().sum::<u64>();
        let named = |error| match error {
            Error::Gate(what) => Error::Gate(format!("overview of order {order}: {what}")),
            other => other,
        };
        by_shard(partials, |cell| order.ancestor(cell, shard_order), job)
            .into_iter()
            .map(|(shard, partials)| {
                let shard = finalize(shard, partials, job, &self.schema).map_err(named)?;
                Ok(FinishedOverview { order, shard })
            })
            .collect()
    }
}

/// Cuts partials where the shard changes; nearly always they are of one.
fn by_shard(partials: Partials, shard_of: impl Fn(u64) -> u64, job: &Job) -> Vec<(u64, Partials)> {
    let shards: Vec<u64> = partials.cells.iter().map(|&cell| shard_of(cell)).collect();
    match (shards.first(), shards.last()) {
        (Some(&first), Some(last)) if first == *last => vec![(first, partials)],
        _ => {
            let mut start = 0;
            let runs = shards.chunk_by(|a, b| a == b);
            runs.map(|run| {
                let mut part = Partials::empty(job);
                part.append(&partials, start..start + run.len());
                start += run.len();
                (run[0], part)
            })
            .collect()
        }
    }
}
