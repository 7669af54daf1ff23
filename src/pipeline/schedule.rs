//! In which order granules are read, and which shards are whole after each.
//!
//! First on the line. Of a run over a shard map, the shard that misses the fewest granules comes next,
//! so shards are finished early and few are open at a time; which order it is changes no bit. Other
//! runs read granules as they are given, and no shard is whole before the last of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::Survey;
use crate::granule::WantedShards;
use crate::grid::Latitude;
use crate::plan::{ListedShard, ShardSet};

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
}

/// One granule that is read.
#[derive(Debug)]
pub struct Scheduled {
    pub path: PathBuf,
    /// Where its photons count; everywhere where there is none.
    pub wanted: Option<WantedShards>,
}

impl Schedule {
    /// Of a survey's granules.
    pub fn new(survey: &Survey) -> Self {
        let Some(listed) = &survey.listed else {
            let granules = survey.granules.iter().map(|path| Scheduled {
                path: path.clone(),
                wanted: None,
            });
            return Self {
                granules: granules.collect(),
                shards: vec![Vec::new(); survey.granules.len()],
                missing: BTreeMap::new(),
                open: BTreeSet::new(),
            };
        };
        let grid = &survey.schema.grid;
        let ids = listed.iter().map(|shard| shard.id).collect();
        let all = Arc::new(ShardSet::new(grid.shard_order, ids));
        let mut of_granule = vec![Vec::new(); survey.granules.len()];
        for shard in listed {
            for &granule in &shard.granules {
                of_granule[granule].push(shard.id);
            }
        }
        let order = reading_order(listed, &of_granule);
        let scheduled = |&granule: &usize| Scheduled {
            path: survey.granules[granule].clone(),
            wanted: Some(wanted(&all, of_granule[granule].clone(), grid.latitude)),
        };
        Self {
            granules: order.iter().map(scheduled).collect(),
            shards: order
                .iter()
                .map(|&g| std::mem::take(&mut of_granule[g]))
                .collect(),
            missing: listed.iter().map(|s| (s.id, s.granules.len())).collect(),
            open: BTreeSet::new(),
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
        for &shard in &self.shards[place] {
            let missing = self.missing.entry(shard).or_default();
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                self.open.remove(&shard);
                whole.push(shard);
            } else {
                self.open.insert(shard);
            }
        }
        whole
    }

    /// Shards of which granules were read, but not all; of a run without a shard map none is known.
    pub fn open(&self) -> usize {
        self.open.len()
    }
}

fn wanted(all: &Arc<ShardSet>, listed: Vec<u64>, latitude: Latitude) -> WantedShards {
    WantedShards::new(Arc::clone(all), latitude).listed(listed)
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
    use proptest::prelude::*;

    fn shards(of_granule: &[Vec<u64>]) -> Vec<ListedShard> {
        let ids: BTreeSet<u64> = of_granule.iter().flatten().copied().collect();
        let granules = |id: u64| {
            let places = 0..of_granule.len();
            places.filter(|&g| of_granule[g].contains(&id)).collect()
        };
        ids.into_iter()
            .map(|id| ListedShard {
                id,
                granules: granules(id),
                absent: Vec::new(),
            })
            .collect()
    }

    fn most_open(order: &[usize], listed: &[ListedShard]) -> usize {
        let at = |g: &usize| order.iter().position(|o| o == g).unwrap();
        let spans: Vec<(usize, usize)> = listed
            .iter()
            .map(|s| {
                let places = s.granules.iter().map(at);
                (places.clone().min().unwrap(), places.max().unwrap())
            })
            .collect();
        (0..order.len())
            .map(|i| spans.iter().filter(|(a, b)| *a <= i && i < *b).count())
            .max()
            .unwrap_or(0)
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
