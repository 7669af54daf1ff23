//! The order in which granules are read, and which shards are whole after each.
//!
//! First on the line. In a run over a shard map the granules of the shard that misses the fewest come next,
//! so that shards are finished early and few are open at a time; the order changes no bit. Other runs read
//! granules in the order in which they are given, and no shard is whole before the last of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Survey;
use crate::error::{Error, Result, Setting, phrase};
use crate::grid::Grid;
use crate::piece::Again;
use crate::plan::{GranulePath, ListedShard, ShardSet};
use crate::read::WantedShards;

/// Granules in the order in which they are read.
#[derive(Debug)]
pub struct Schedule {
    granules: Vec<Scheduled>,
    /// Shards of each granule, by place in `granules`.
    shards: Vec<Vec<u64>>,
    /// Granules that each shard misses.
    missing: BTreeMap<u64, usize>,
    /// Shards of which granules were read, but not all.
    open: BTreeSet<u64>,
    most_open: usize,
}

/// One granule that is read.
#[derive(Debug)]
pub struct Scheduled {
    pub granule: GranulePath,
    /// Where its photons count; everywhere where there is none.
    pub wanted: Option<WantedShards>,
}

impl Schedule {
    /// Of a survey's granules, but for those that are merged already, by name.
    pub fn new(survey: &Survey, merged: impl Fn(&str) -> bool) -> Self {
        let Some(listed) = &survey.listed else {
            let unread = survey.granules.iter().filter(|one| !merged(&one.name));
            let granules = unread.map(|granule| Scheduled {
                granule: granule.clone(),
                wanted: None,
            });
            return Self::of(granules.collect());
        };
        let grid = &survey.schema.grid;
        let ids = listed.iter().map(|shard| shard.id).collect();
        let all = Arc::new(ShardSet::new(grid.shard_order, ids));
        let mut of_granule = vec![Vec::new(); survey.granules.len()];
        let merged: Vec<bool> = survey.granules.iter().map(|g| merged(&g.name)).collect();
        let unread = listed.iter().map(|shard| ListedShard {
            granules: shard
                .granules
                .iter()
                .copied()
                .filter(|&g| !merged[g])
                .collect(),
            ..shard.clone()
        });
        let listed: &[ListedShard] = &unread.collect::<Vec<_>>();
        for shard in listed {
            for &granule in &shard.granules {
                of_granule[granule].push(shard.id);
            }
        }
        let order = reading_order(listed, &of_granule);
        let scheduled = |&granule: &usize| Scheduled {
            granule: survey.granules[granule].clone(),
            wanted: Some(wanted(&all, of_granule[granule].clone(), grid.kind)),
        };
        Self {
            granules: order.iter().map(scheduled).collect(),
            shards: order
                .iter()
                .map(|&g| std::mem::take(&mut of_granule[g]))
                .collect(),
            missing: listed.iter().map(|s| (s.id, s.granules.len())).collect(),
            open: BTreeSet::new(),
            most_open: 0,
        }
    }

    /// Only granules that are read again, each for the shards alone that are made anew.
    ///
    /// # Errors
    /// One of them is left out: these shards would lack its photons, and all others have them.
    pub fn within(survey: &Survey, again: &Again) -> Result<Self> {
        let grid = &survey.schema.grid;
        let shards = again.shards.iter().copied().collect();
        let shards = Arc::new(ShardSet::new(grid.shard_order, shards));
        let granules = survey.granules.iter();
        let granules = granules.filter(|granule| again.granules.contains(&*granule.name));
        let granules: Vec<&GranulePath> = granules.collect();
        let read: BTreeSet<&str> = granules.iter().map(|granule| &*granule.name).collect();
        if let Some(lacking) = again.granules.iter().find(|name| !read.contains(&***name)) {
            let message = "is to be read again for shards that are made anew, and is left out";
            return Err(
                Error::granule(lacking.as_str(), message).with_remedy(phrase![
                    "make the store again of all granules, with ",
                    Setting::Overwrite
                ]),
            );
        }
        let granules = granules.into_iter().map(|granule| Scheduled {
            granule: granule.clone(),
            wanted: Some(WantedShards::new(Arc::clone(&shards), grid.kind)),
        });
        Ok(Self::of(granules.collect()))
    }

    /// Of granules with which no shard is whole.
    fn of(granules: Vec<Scheduled>) -> Self {
        Self {
            shards: vec![Vec::new(); granules.len()],
            granules,
            missing: BTreeMap::new(),
            open: BTreeSet::new(),
            most_open: 0,
        }
    }

    /// Granules in the order in which they are read; given away once.
    pub fn take_granules(&mut self) -> Vec<Scheduled> {
        std::mem::take(&mut self.granules)
    }

    /// The shards that a map lists the granule at this place for; none without a map.
    pub fn shards(&self, place: usize) -> &[u64] {
        &self.shards[place]
    }

    /// Shards that are whole before anything is read: those of which no granule can be.
    pub fn without_granules(&self) -> Vec<u64> {
        let missing = self.missing.iter();
        missing
            .filter(|(_, n)| **n == 0)
            .map(|(&shard, _)| shard)
            .collect()
    }

    /// The granule at this place was read, or could not be: gives back the shards that are whole now,
    /// ascending.
    pub fn read(&mut self, place: usize) -> Vec<u64> {
        let mut whole = Vec::new();
        self.open.extend(&self.shards[place]);
        self.most_open = self.most_open.max(self.open.len());
        for &shard in &self.shards[place] {
            let missing = self.missing.entry(shard).or_default();
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                self.open.remove(&shard);
                whole.push(shard);
            }
        }
        whole
    }

    /// Shards of which granules were read, but not all; of a run without a shard map none is known.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The most shards that were open at a time, those that became whole then included.
    pub fn most_open(&self) -> usize {
        self.most_open
    }
}

fn wanted(all: &Arc<ShardSet>, listed: Vec<u64>, grid: Grid) -> WantedShards {
    WantedShards::new(Arc::clone(all), grid).listed(listed)
}

/// Places of granules, those first whose shard misses the fewest.
fn reading_order(listed: &[ListedShard], of_granule: &[Vec<u64>]) -> Vec<usize> {
    let places: BTreeMap<u64, usize> = listed.iter().enumerate().map(|(i, s)| (s.id, i)).collect();
    let mut missing: Vec<usize> = listed.iter().map(|shard| shard.granules.len()).collect();
    let mut queue: BTreeSet<(usize, u64)> = listed
        .iter()
        .map(|shard| (shard.granules.len(), shard.id))
        .collect();
    let mut unread = vec![true; of_granule.len()];
    let mut order = Vec::new();
    while let Some((_, next)) = queue.pop_first() {
        for &granule in &listed[places[&next]].granules {
            if !std::mem::take(&mut unread[granule]) {
                continue;
            }
            order.push(granule);
            for shard in &of_granule[granule] {
                let missing = &mut missing[places[shard]];
                // The one that was taken out stays out.
                if queue.remove(&(*missing, *shard)) {
                    queue.insert((*missing - 1, *shard));
                }
                *missing -= 1;
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Latitude, Locator, Order};
    use proptest::prelude::*;

    fn shards(of_granule: &[Vec<u64>]) -> Vec<ListedShard> {
        let mut listed: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (granule, shards) in of_granule.iter().enumerate() {
            for &shard in shards {
                listed.entry(shard).or_default().push(granule);
            }
        }
        listed
            .into_iter()
            .map(|(id, granules)| ListedShard {
                id,
                granules,
                absent: Vec::new(),
            })
            .collect()
    }

    /// The most shards of which some granule is read and some is not.
    fn most_open(order: &[usize], listed: &[ListedShard]) -> usize {
        let mut at = vec![0; order.len()];
        for (place, &granule) in order.iter().enumerate() {
            at[granule] = place;
        }
        // Shards that open at a place, less those that are whole after it.
        let mut change = vec![0_isize; order.len() + 1];
        for shard in listed {
            let places = shard.granules.iter().map(|&granule| at[granule]);
            change[places.clone().min().unwrap()] += 1;
            change[places.max().unwrap() + 1] -= 1;
        }
        let mut open = 0;
        let counts = change.iter().map(|change| {
            open += change;
            open
        });
        counts.max().unwrap_or(0) as usize
    }

    proptest! {
        #[test]
        fn every_granule_of_a_shard_is_read_once(
            of_granule in prop::collection::vec(prop::collection::btree_set(0u64..12, 0..5), 1..20),
        ) {
            let of_granule: Vec<Vec<u64>> =
                of_granule.into_iter().map(|s| s.into_iter().collect()).collect();
            let order = reading_order(&shards(&of_granule), &of_granule);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            let listed = (0..of_granule.len()).filter(|&g| !of_granule[g].is_empty());
            prop_assert_eq!(sorted, listed.collect::<Vec<_>>());
        }
    }

    /// The shards of order 6 that passes over the south of 60 S cross, in order of time: circles of
    /// 92 degrees inclination on the sphere, 1387 of them in 91 days, sampled each kilometre.
    fn passes(granules: usize) -> Vec<Vec<u64>> {
        let locator = Locator::new(Order::new(6).unwrap(), Latitude::GeodeticSpherical);
        let inclination = 92.0_f64.to_radians();
        let pass = |granule: usize| {
            let node = granule as f64 * 360.0 * (1.0 - 91.0 / 1387.0);
            let along = (0..6700).map(|km| (-120.0 + f64::from(km) * 0.009).to_radians());
            let shards = along.filter_map(|angle| {
                let lat = (angle.sin() * inclination.sin()).asin().to_degrees();
                let lon = (angle.sin() * inclination.cos()).atan2(angle.cos());
                (lat < -60.0).then(|| locator.cell((node + lon.to_degrees()) % 360.0, lat))
            });
            let shards: BTreeSet<u64> = shards.collect();
            shards.into_iter().collect()
        };
        (0..granules).map(pass).collect()
    }

    /// Prints what `docs/PLATFORM.md` says of many granules.
    #[test]
    #[ignore = "takes a minute"]
    fn passes_over_the_antarctic_leave_few_shards_open() {
        for granules in [100, 1_000, 10_000, 100_000] {
            let of_granule = passes(granules);
            let listed = shards(&of_granule);
            let pairs: usize = of_granule.iter().map(Vec::len).sum();
            let given: Vec<usize> = (0..granules).collect();
            let [given, ordered] = [given, reading_order(&listed, &of_granule)]
                .map(|order| most_open(&order, &listed));
            println!(
                "{granules} granules, {} shards, {pairs} pairs: {given} open in order of time, \
                 {ordered} as scheduled",
                listed.len()
            );
            assert!(ordered <= given);
        }
    }

    #[test]
    fn tracks_in_random_order_leave_few_shards_open() {
        // Each granule crosses ten neighbouring shards of two hundred.
        let of_granule: Vec<Vec<u64>> = (0..600u64)
            .map(|g| {
                let first = g * 7919 % 190;
                (first..first + 10).collect()
            })
            .collect();
        let listed = shards(&of_granule);
        let given: Vec<usize> = (0..of_granule.len()).collect();
        let order = reading_order(&listed, &of_granule);
        assert!(most_open(&given, &listed) > 150);
        assert!(
            most_open(&order, &listed) < 25,
            "{}",
            most_open(&order, &listed)
        );
    }
}
