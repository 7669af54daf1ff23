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
        if inside.first() == Some(&(0..batch.len())) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::buffer::NullBuffer;
    use proptest::prelude::*;

    use super::*;
    use crate::batch::{Column, Origin, Values};
    use crate::grid::{Latitude, Order};

    const GRID: GridConfig = GridConfig {
        shard_order: Order::MAX,
        chunk_order: None,
        cell_order: Order::MAX,
        latitude: Latitude::AuthalicWgs84,
    };

    fn batch(lon: Vec<f64>, valid: &[bool]) -> PhotonBatch {
        PhotonBatch {
            origin: Origin {
                granule: Arc::from("a.h5"),
                ground_track: Arc::from("gt1l"),
                rows: (0..lon.len() as u64).collect(),
            },
            lat: lon.iter().map(|lon| lon / 3.0).collect(),
            columns: vec![Column {
                values: Values::F64(lon.clone()),
                nulls: Some(NullBuffer::from(valid)),
            }],
            lon,
        }
    }

    proptest! {
        #[test]
        fn photons_of_the_wanted_shards_pass_and_the_others_are_counted(
            photons in prop::collection::vec((0.0f64..90.0, any::<bool>()), 0..400),
            along: bool,
            order in 0u8..4,
            wanted in prop::collection::vec(0u64..768, 0..200),
        ) {
            let order = Order::new(order).unwrap();
            let (mut lon, valid): (Vec<f64>, Vec<bool>) = photons.into_iter().unzip();
            if along {
                lon.sort_by(f64::total_cmp);
            }
            let shards = ShardSet::new(order, wanted);
            let locator = Locator::new(order, GRID.latitude);
            let inside = |i: &usize| shards.contains(locator.cell(lon[*i], lon[*i] / 3.0));
            let expected: Vec<u64> = (0..lon.len()).filter(inside).map(|i| i as u64).collect();
            let nulls = (0..lon.len()).filter(|i| !inside(i) && !valid[*i]).count() as u64;
            let mut filter = ShardFilter::new(&shards, &GRID, vec!["h"]);
            let passed = filter.narrow(batch(lon.clone(), &valid));
            let outside = filter.outside.rejected.get(OUTSIDE_SHARDS).copied().unwrap_or(0);
            prop_assert_eq!(outside, (lon.len() - expected.len()) as u64);
            prop_assert_eq!(filter.outside.nulls.get("h").copied().unwrap_or(0), nulls);
            let rows = passed.map_or(Vec::new(), |batch| batch.origin.rows);
            prop_assert_eq!(rows, expected);
        }
    }
}
