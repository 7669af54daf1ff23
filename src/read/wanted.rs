//! Which photons lie in the wanted shards: the others do not count.
//!
//! On the line: rows are marked by position before any other test, so that the other datasets are decoded
//! only where a photon is wanted. Positions themselves are always decoded: the reference photon of a
//! geolocation segment bounds nothing, so nothing is decided by it, and what is kept and counted does not
//! depend on what was not read.

use std::ops::Range;
use std::sync::Arc;

use crate::grid::{Grid, Locator, ShardSet, shard_runs};

/// Why photons outside the region of a config are rejected.
pub const OUTSIDE_REGION: &str = "outside_region";
/// Why photons outside the wanted shards are rejected.
pub const OUTSIDE_SHARDS: &str = "outside_shards";
/// Why photons in a wanted shard are rejected that the shard map does not list their granule for: a
/// shard is whole when the granules that it lists are.
pub const UNLISTED_SHARD: &str = "unlisted_shard";

/// The shards in which photons of a granule count.
#[derive(Debug, Clone)]
pub struct WantedShards {
    listed: ShardSet,
    wanted: Arc<ShardSet>,
    locator: Locator,
}

impl WantedShards {
    /// The wanted shards, all of which may have photons of the granule.
    pub fn new(wanted: Arc<ShardSet>, grid: impl Into<Grid>) -> Self {
        Self {
            listed: ShardSet::clone(&wanted),
            locator: Locator::new(wanted.order(), grid),
            wanted,
        }
    }

    /// The wanted shards, of which a map lists the granule for some only.
    #[must_use]
    pub fn listed(mut self, shards: Vec<u64>) -> Self {
        self.listed = ShardSet::new(self.wanted.order(), shards);
        self
    }

    /// All wanted shards, whether the granule is listed for them or not.
    pub fn wanted(&self) -> &ShardSet {
        &self.wanted
    }

    /// The shards in which photons count, ascending.
    pub fn ids(&self) -> &[u64] {
        self.listed.ids()
    }

    /// Clears the marks of positions where photons do not count, and gives back how many of these lie
    /// in a wanted shard; positions whose mark is clear already may be anywhere.
    pub(super) fn narrow(&self, lon: &[f64], lat: &[f64], marks: &mut [u8]) -> usize {
        narrow((lon, lat), marks, |lon, lat, outside| {
            self.each_outside(lon, lat, outside)
        })
    }

    /// Drops the positions where photons do not count from some of them, given by their places, and
    /// gives back how many of those dropped lie in a wanted shard.
    pub fn retain(&self, lon: &[f64], lat: &[f64], places: &mut Vec<u32>) -> usize {
        retain(lon.len(), places, |marks| self.narrow(lon, lat, marks))
    }

    fn each_outside(
        &self,
        lon: &[f64],
        lat: &[f64],
        mut outside: impl FnMut(Range<usize>),
    ) -> usize {
        let mut last = None;
        let mut unlisted = 0;
        shard_runs(&self.locator, lon, lat, |shard, photons| {
            let counts = match last {
                Some((known, counts)) if known == shard => counts,
                _ => self.listed.contains(shard),
            };
            last = Some((shard, counts));
            if !counts {
                if self.wanted.contains(shard) {
                    unlisted += photons.len();
                }
                outside(photons);
            }
        });
        unlisted
    }
}

/// Clears the marks of positions that `each_outside` says are outside, of those that are marked; what it gives back.
pub(super) fn narrow<T>(
    (lon, lat): (&[f64], &[f64]),
    marks: &mut [u8],
    each_outside: impl FnOnce(&[f64], &[f64], &mut dyn FnMut(Range<usize>)) -> T,
) -> T {
    if marks.iter().all(|&mark| mark == 1) {
        return each_outside(lon, lat, &mut |photons| marks[photons].fill(0));
    }
    let marked: Vec<usize> = (0..marks.len()).filter(|&i| marks[i] == 1).collect();
    let of = |degrees: &[f64]| -> Vec<f64> { marked.iter().map(|&i| degrees[i]).collect() };
    each_outside(&of(lon), &of(lat), &mut |photons| {
        for &i in &marked[photons] {
            marks[i] = 0;
        }
    })
}

/// Keeps the places, of so many, whose marks `narrow` leaves; what it gives back.
pub(super) fn retain<T>(
    rows: usize,
    places: &mut Vec<u32>,
    narrow: impl FnOnce(&mut [u8]) -> T,
) -> T {
    let mut marks = vec![0; rows];
    for &place in &*places {
        marks[place as usize] = 1;
    }
    let told = narrow(&mut marks);
    places.retain(|&place| marks[place as usize] == 1);
    told
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
            let latitude = Latitude::AuthalicWgs84;
            let locator = Locator::new(order, latitude);
            let cell = |i: usize| locator.cell(lon[i], lat[i]);
            let even: Vec<u64> = shards.ids().iter().copied().filter(|id| id % 2 == 0).collect();
            let of_all = WantedShards::new(Arc::new(shards.clone()), latitude);
            for (listed, wanted) in [(shards.ids(), of_all.clone()), (&even, of_all.listed(even.clone()))] {
                let inside = |i: usize| listed.contains(&cell(i));
                let expected: Vec<u8> =
                    (0..lon.len()).map(|i| marks[i] & u8::from(inside(i))).collect();
                let unlisted = (0..lon.len())
                    .filter(|&i| marks[i] == 1 && shards.contains(cell(i)) && !inside(i))
                    .count();
                let mut found = marks.clone();
                prop_assert_eq!(wanted.narrow(&lon, &lat, &mut found), unlisted);
                prop_assert_eq!(found, expected);
            }
        }
    }
}
