//! Which granules have photons in shards that others were added to: their positions are looked at.
//!
//! Under `direct.rs`, for runs that add to a store without partials of it.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::error::Result;
use crate::grid::Order;
use crate::piece::Again;
use crate::pipeline::Listing;
use crate::plan::{GranulePath, footprints};
use crate::watch::Watch;

/// Granules that a store was made of, and are as they were.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    pub config: &'a Config,
    pub granules: Vec<&'a GranulePath>,
    /// The cells that are made anew as a whole.
    pub whole: Order,
    pub threads: usize,
    pub watch: &'a dyn Watch,
}

/// May wish it to stop, and is told nothing: to whoever watches, granules are read once.
struct Stops<'a>(&'a dyn Watch);

impl Watch for Stops<'_> {
    fn stop(&self) -> bool {
        self.0.stop()
    }
}

impl Listing for Positions<'_> {
    fn again(&self, touched: BTreeSet<u64>) -> Result<Again> {
        if touched.is_empty() {
            return Ok(Again::default());
        }
        let grid = &self.config.grid;
        let up = grid.kind.up(grid.shard_order, self.whole);
        let wholes: BTreeSet<u64> = touched.iter().map(|&shard| up.of(shard)).collect();
        let watch = Stops(self.watch);
        let found = footprints(self.config, &self.granules, self.threads, &watch)?;
        let mut again = Again {
            shards: touched,
            granules: BTreeSet::new(),
        };
        for (granule, shards) in self.granules.iter().zip(found) {
            let mut anew = shards.into_iter().filter(|&s| wholes.contains(&up.of(s)));
            let first = anew.next();
            if first.is_some() {
                again.granules.insert(granule.name.to_string());
            }
            again.shards.extend(first.into_iter().chain(anew));
        }
        Ok(again)
    }
}
