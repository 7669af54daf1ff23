//! Photons outside the wanted shards do not count.
//!
//! On the line: on the reading thread, between the reader and the channel, so that the device never
//! sees them. They are rejected with a reason of their own: read = kept + rejected still holds.

use std::ops::Range;

use crate::batch::PhotonBatch;
use crate::config::GridConfig;
use crate::granule::Counts;
use crate::grid::Locator;
use crate::plan::{ShardSet, shard_runs};

/// Why photons outside the wanted shards are rejected.
pub const OUTSIDE_SHARDS: &str = "outside_shards";

/// Lets photons of the wanted shards pass and counts the others.
#[derive(Debug)]
pub struct ShardFilter<'a> {
    shards: &'a ShardSet,
    locator: Locator,
    /// Names of the batches' columns.
    columns: Vec<&'a str>,
    /// Photons of this granule that did not pass, and their nulls.
    pub outside: Counts,
}

impl<'a> ShardFilter<'a> {
    pub fn new(shards: &'a ShardSet, grid: &GridConfig, columns: Vec<&'a str>) -> Self {
        Self {
            shards,
            locator: Locator::new(shards.order(), grid.latitude),
            columns,
            outside: Counts::default(),
        }
    }

    /// The photons in wanted shards; `None` where there are none.
    pub fn narrow(&mut self, batch: PhotonBatch) -> Option<PhotonBatch> {
        let mut last = None;
        let mut inside: Vec<Range<usize>> = Vec::new();
        shard_runs(&self.locator, &batch.lon, &batch.lat, |shard, photons| {
            let wanted = match last {
                Some((known, wanted)) if known == shard => wanted,
                _ => self.shards.contains(shard),
            };
            last = Some((shard, wanted));
            match inside.last_mut() {
                Some(run) if wanted && run.end == photons.start => run.end = photons.end,
                _ if wanted => inside.push(photons),
                _ => {}
            }
        });
        if inside == [0..batch.len()] {
            return Some(batch);
        }
        let mut keep = vec![false; batch.len()];
        for run in inside {
            keep[run].fill(true);
        }
        self.count(&batch, &keep);
        let narrowed = batch.retain(&keep);
        (!narrowed.is_empty()).then_some(narrowed)
    }

    /// Counts the photons that do not stay, and their nulls.
    fn count(&mut self, batch: &PhotonBatch, keep: &[bool]) {
        let outside = keep.iter().filter(|keep| !**keep).count() as u64;
        let reasons = &mut self.outside.rejected;
        *reasons.entry(OUTSIDE_SHARDS.to_owned()).or_default() += outside;
        for (name, column) in self.columns.iter().zip(&batch.columns) {
            let Some(nulls) = &column.nulls else {
                continue;
            };
            let pairs = nulls.iter().zip(keep);
            let lost = pairs.filter(|(valid, keep)| !valid && !**keep).count() as u64;
            *self.outside.nulls.entry((*name).to_owned()).or_default() += lost;
        }
    }
}
