//! In which shards granules have photons, where that is not to become a map.
//!
//! Beside `build.rs`, whose rules are these: a shard is named if, and only if, a photon of the granule with valid
//! coordinates lies in it, in any ground track that the config reads.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::build::{Positions, shards_in};
use crate::config::Config;
use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::read::GranulePath;
use crate::watch::Watch;

/// The shards of each of the granules, in their order. Only positions are read.
///
/// # Errors
/// The first granule that cannot be read; an interrupt.
pub fn footprints(
    config: &Config,
    granules: &[&GranulePath],
    threads: usize,
    watch: &dyn Watch,
) -> Result<Vec<BTreeSet<u64>>> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| {
            Error::argument(format!("cannot start {threads} threads: {e}"))
                .with_remedy(phrase!["use fewer with ", Setting::Threads])
                .caused_by(e)
        })?;
    let mut shared = config.clone();
    shared.access.granules = threads.min(granules.len()).max(1);
    let wanted = Positions::of(&shared);
    let read = |granule: &&GranulePath| shards_in(granule, &wanted, watch);
    let found: Vec<_> = pool.install(|| granules.par_iter().map(read).collect());
    let mut alone = config.clone();
    alone.access.granules = 1;
    let wanted = Positions::of(&alone);
    let found = found.into_iter().zip(granules).map(|(found, granule)| {
        match found {
            // Alone it may fit.
            Err(error) if error.kind() == Kind::TooLarge => {
                pool.install(|| shards_in(granule, &wanted, watch))
            }
            found => found,
        }
    });
    found.collect()
}
