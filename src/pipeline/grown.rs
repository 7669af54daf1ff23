//! A run that adds to a store: granules that were merged before are read again where shards are made anew.
//!
//! Beside the line. What such a granule is counted as, and what it is in all other shards, stays what it was; so what is
//! read of it now has to be what it added then, shard by shard.

use std::collections::BTreeMap;

use super::schedule::Schedule;
use super::{Line, Survey};
use crate::error::{Error, Result, Setting, phrase};
use crate::read::GranuleReport;

impl Line<'_, '_> {
    /// Whether shards would lack photons that they had, were this granule left out.
    pub(super) fn is_needed(&self, granule: &str) -> bool {
        let carried = self.options.carried;
        self.again.granules.contains(granule) || carried.is_some_and(|of| of.has(granule))
    }

    /// A granule that was merged before was read again: it added what it had added then.
    ///
    /// # Errors
    /// Other photons than those.
    pub(super) fn read_again_whole(
        &mut self,
        end: &GranuleReport,
        photons: &BTreeMap<u64, u64>,
    ) -> Result<()> {
        self.tally.cost.add(&end.cost);
        self.tally.read_again += 1;
        let added = self.added.get(&end.name).into_iter();
        let then = added.flat_map(|added| &added.shards);
        let then = then.filter(|(shard, _)| self.again.shards.contains(shard));
        if then.clone().eq(photons) {
            return Ok(());
        }
        let (then, now): (u64, u64) = (then.map(|(_, n)| n).sum(), photons.values().sum());
        let shards = self.again.shards.len();
        Err(Error::granule(
            &end.name,
            format!("{now} photons are in {shards} shards that are made anew, and {then} were when it was read before"),
        )
        .with_remedy(phrase![
            "make the store again of all granules, with ",
            Setting::Overwrite
        ]))
    }

    /// Reads again what has photons in the shards that granules were added to, where all others stay as they are in a
    /// store.
    ///
    /// # Errors
    /// As reading.
    pub(super) fn make_anew(&mut self, survey: &Survey) -> Result<()> {
        let Some(carried) = self.options.carried else {
            return Ok(());
        };
        let again = carried.again(self.partials.shards().collect())?;
        self.tally.read_again = again.granules.len() as u64;
        self.read_all(survey, Schedule::within(survey, &again)?)
    }
}
