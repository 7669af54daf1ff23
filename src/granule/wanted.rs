//! Photons outside the wanted shards do not count.
//!
//! On the line: `select.rs` marks rows by position before any other test, so that `reader.rs` decodes
//! the other datasets only where a photon is wanted. Positions themselves are always decoded: a
//! geolocation segment's reference photon bounds nothing, so nothing is decided by it, and what is
//! kept and counted does not depend on what was not read.

use crate::config::GridConfig;
use crate::grid::Locator;
use crate::plan::{ShardSet, shard_runs};

/// Why photons outside the wanted shards are rejected.
pub const OUTSIDE_SHARDS: &str = "outside_shards";

/// The shards whose photons count.
#[derive(Debug, Clone)]
pub struct WantedShards {
    shards: ShardSet,
    locator: Locator,
}

impl WantedShards {
    pub fn new(shards: &ShardSet, grid: &GridConfig) -> Self {
        Self {
            shards: shards.clone(),
            locator: Locator::new(shards.order(), grid.latitude),
        }
    }

    /// Clears the marks of positions outside; those whose mark is clear already may be anywhere.
    pub(super) fn narrow(&self, lon: &[f64], lat: &[f64], marks: &mut [u8]) {
        if marks.iter().all(|&mark| mark == 1) {
            return self.each_outside(lon, lat, |photons| marks[photons].fill(0));
        }
        let marked: Vec<usize> = (0..marks.len()).filter(|&i| marks[i] == 1).collect();
        let of = |degrees: &[f64]| -> Vec<f64> { marked.iter().map(|&i| degrees[i]).collect() };
        self.each_outside(&of(lon), &of(lat), |photons| {
            for &i in &marked[photons] {
                marks[i] = 0;
            }
        });
    }

    /// Drops the positions outside from some of them, given by their places.
    pub fn retain(&self, lon: &[f64], lat: &[f64], places: &mut Vec<u32>) {
        let mut marks = vec![0; lon.len()];
        for &place in &*places {
            marks[place as usize] = 1;
        }
        self.narrow(lon, lat, &mut marks);
        places.retain(|&place| marks[place as usize] == 1);
    }

    fn each_outside(
        &self,
        lon: &[f64],
        lat: &[f64],
        mut outside: impl FnMut(std::ops::Range<usize>),
    ) {
        let mut last = None;
        shard_runs(&self.locator, lon, lat, |shard, photons| {
            let wanted = match last {
                Some((known, wanted)) if known == shard => wanted,
                _ => self.shards.contains(shard),
            };
            last = Some((shard, wanted));
            if !wanted {
                outside(photons);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grid::{Latitude, Order};

    proptest! {
        #[test]
        fn marks_stay_where_a_wanted_shard_is(
            photons in prop::collection::vec((0.0f64..90.0, 0u8..5), 0..400),
            along: bool,
            order in 0u8..4,
            wanted in prop::collection::vec(0u64..768, 0..200),
        ) {
            let order = Order::new(order).unwrap();
            let (mut lon, marks): (Vec<f64>, Vec<u8>) = photons.into_iter().unzip();
            if along {
                lon.sort_by(f64::total_cmp);
            }
            let lat: Vec<f64> = lon.iter().map(|lon| lon / 3.0).collect();
            // Most are marked; in some cases all.
            let marks: Vec<u8> = marks.into_iter().map(|m| u8::from(along || m > 0)).collect();
            let shards = ShardSet::new(order, wanted);
            let grid = GridConfig {
                shard_order: order,
                chunk_order: None,
                cell_order: order,
                latitude: Latitude::AuthalicWgs84,
            };
            let locator = Locator::new(order, grid.latitude);
            let inside = |i: usize| shards.contains(locator.cell(lon[i], lat[i]));
            let expected: Vec<u8> =
                (0..lon.len()).map(|i| marks[i] & u8::from(inside(i))).collect();
            let mut found = marks.clone();
            WantedShards::new(&shards, &grid).narrow(&lon, &lat, &mut found);
            prop_assert_eq!(found, expected);
        }
    }
}
