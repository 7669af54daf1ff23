//! A whole shard on its way out: merged windows of cells are finished and written where they belong.
//!
//! Last on the line: `Windows --finalize--> CellTable --> store or piece`.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Tally;
use crate::error::{Error, Result};
use crate::finalize::{Chunks, Conserved, Overviews, StoreSchema, distinct, finalize_window};
use crate::merge::{Piles, RunPartials, Window};
use crate::stat::Job;
use crate::store::Sink;

/// Windows of a shard, one after another.
type EachWindow<'a> = Box<dyn Iterator<Item = Result<Window>> + 'a>;

/// How shards are finished.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish<'a> {
    pub job: &'a Job,
    pub schema: &'a StoreSchema,
}

/// Coarser cells than those of the store's cell order.
pub(super) struct Coarser<'a> {
    pub overviews: Overviews<'a>,
    /// The whole shard as one cell, where something is to be made of it later.
    pub top: Option<Window>,
    pub piles: Piles,
}

/// What was in a shard.
#[derive(Debug, Default)]
pub(super) struct ShardFacts {
    pub photons: u64,
    pub cells: u64,
    pub cells_without_weight: u64,
    /// Photons by step of time, where there are steps.
    pub steps: BTreeMap<u32, u64>,
}

impl Coarser<'_> {
    fn is_none(&self) -> bool {
        self.top.is_none() && self.overviews.is_none()
    }
}

impl Finish<'_> {
    /// Finishes a shard that no granule can add to any more.
    ///
    /// # Errors
    /// A violated invariant; a sorted run that cannot be read, a write that fails.
    pub fn shard(
        &self,
        shard: u64,
        partials: &mut RunPartials,
        (coarser, conserved, sink): (&mut Coarser, &mut Conserved, &mut impl Sink),
        tally: &mut Tally,
    ) -> Result<ShardFacts> {
        let windows = partials.take_shard(shard)?;
        let room = windows.room() / 2;
        coarser.overviews.hold(room);
        let kept = self.job.columns.iter().any(|column| column.needs.ordered);
        let windows = if kept && self.job.only_selects() && coarser.is_none() {
            windows.chosen()
        } else {
            windows
        };
        let (windows, chunks) = self.with_chunks(windows, &coarser.piles)?;
        each_window(windows, self.schema, tally, |window, tally| {
            let finishing = Instant::now();
            conserved.add(&window.table);
            self.add_to_top(coarser, &window, room)?;
            let overviews = coarser.overviews.add(&window)?;
            let finished = finalize_window(shard, window, &chunks, (self.job, self.schema))?;
            tally.finalize_seconds += finishing.elapsed().as_secs_f64();
            let writing = Instant::now();
            sink.append(self.schema.grid.cell_order, &finished.table)?;
            for overview in &overviews {
                sink.append(overview.order, &overview.shard.table)?;
            }
            tally.write_seconds += writing.elapsed().as_secs_f64();
            Ok(finished.cells_without_weight)
        })
    }

    /// All windows of a shard, and the sums of its Zarr chunks. Where outputs follow from these, all windows are looked
    /// at before the first is finished, and wait, but for the first, without their values, which wait on disk.
    fn with_chunks<'a>(
        &self,
        windows: impl Iterator<Item = Result<Window>> + 'a,
        piles: &Piles,
    ) -> Result<(EachWindow<'a>, Chunks)> {
        let mut chunks = Chunks::empty(self.job);
        if !self.job.has_chunk_values() {
            return Ok((Box::new(windows), chunks));
        }
        let mut waiting = Vec::new();
        for window in windows {
            let mut window = window?;
            chunks.add(&window.table, &self.schema.grid, self.job);
            if !waiting.is_empty() {
                window.pile_up(piles, self.job)?;
            }
            waiting.push(Ok(window));
        }
        Ok((Box::new(waiting.into_iter()), chunks))
    }

    /// Adds a window to the shard as one cell, whose values take at most so many bytes of memory.
    fn add_to_top(&self, coarser: &mut Coarser, window: &Window, room: u64) -> Result<()> {
        let Some(top) = &mut coarser.top else {
            return Ok(());
        };
        let grid = &self.schema.grid;
        let more = window.coarsen(grid.slots_up(grid.shard_order), self.job);
        top.join(&more, 0..more.len(), self.job);
        if top.value_bytes() > room {
            top.pile_up(&coarser.piles, self.job)?;
        }
        Ok(())
    }
}

/// Hands the merged windows of a shard on, and adds up what is in them.
fn each_window(
    windows: impl Iterator<Item = Result<Window>>,
    schema: &StoreSchema,
    tally: &mut Tally,
    mut take: impl FnMut(Window, &mut Tally) -> Result<u64>,
) -> Result<ShardFacts> {
    let mut facts = ShardFacts::default();
    let mut merging = Instant::now();
    let (grid, mut last) = (schema.grid, None);
    for window in windows {
        let window = window?;
        tally.merge_seconds += merging.elapsed().as_secs_f64();
        facts.photons += window.table.photons.iter().sum::<u64>();
        let slots = window.table.cells.iter().map(|&slot| grid.of_slot(slot));
        facts.cells += distinct(slots.clone().map(|(cell, _)| cell), &mut last);
        if schema.steps.is_some() {
            for ((_, step), photons) in slots.zip(&window.table.photons) {
                *facts.steps.entry(step).or_default() += photons;
            }
        }
        facts.cells_without_weight += take(window, tally)?;
        merging = Instant::now();
    }
    tally.merge_seconds += merging.elapsed().as_secs_f64();
    tally.cells_without_weight += facts.cells_without_weight;
    tally.occupied_cells += facts.cells;
    tally.shards += u64::from(facts.photons > 0);
    Ok(facts)
}

/// No photon was lost or counted twice between the granules and the finished cells.
///
/// # Errors
/// Sums that do not balance: a defect of icefold, never of the data.
pub(super) fn conserved(shard: u64, merged: u64, finished: u64) -> Result<()> {
    if merged == finished {
        return Ok(());
    }
    Err(Error::gate(format!(
        "shard {shard}: granules added {merged} photons to it and {finished} were finished: the sums \
         do not balance"
    )))
}
