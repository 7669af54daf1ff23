//! What an index spares a plan: granules that are not opened.
//!
//! Beside the plan: `build.rs` asks for the shards of granules, and a run for those granules that can have a photon that
//! counts.

use super::Plan;
use crate::config::Config;
use crate::error::Result;
use crate::index::{Index, Judged, Purpose, Verdict};

/// What came of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Its file.
    pub index: std::path::PathBuf,
    /// Granules that are what the index knows of them.
    pub known: u64,
    /// Granules that are others now: they are opened as if it did not know them.
    pub changed: u64,
    /// Granules that it does not know.
    pub unknown: u64,
    /// Granules that are not opened.
    pub spared: u64,
    /// Of these, those that lie outside of the region, and of the time.
    pub outside_region: u64,
    pub outside_time: u64,
}

impl Indexed {
    fn of(index: &Index, judged: &Judged) -> Self {
        let count = |wanted: &[Verdict]| {
            let mut verdicts = judged.verdicts.iter();
            verdicts
                .by_ref()
                .filter(|found| wanted.contains(found))
                .count() as u64
        };
        let open = count(&[Verdict::Open]);
        Self {
            index: index.path().to_path_buf(),
            known: judged.known,
            changed: judged.changed,
            unknown: judged.unknown,
            spared: judged.verdicts.len() as u64 - open,
            outside_region: count(&[Verdict::OutsideRegion]),
            outside_time: count(&[Verdict::OutsideTime]),
        }
    }

    /// What an index tells of the granules of a plan, and what came of it.
    ///
    /// # Errors
    /// As [`Index::judge`].
    pub fn judge(
        index: &Index,
        plan: &Plan,
        config: &Config,
        purpose: Purpose,
    ) -> Result<(Self, Judged)> {
        let paths: Vec<_> = plan
            .granules
            .iter()
            .map(|granule| granule.path.clone())
            .collect();
        let judged = index.judge(&paths, config, purpose)?;
        Ok((Self::of(index, &judged), judged))
    }
}

impl Plan {
    /// Leaves out granules that can have no photon in the region and the time of a config, and says so; the first of all
    /// stays where none would, so that the types of columns are known. Of a shard map, which has left out such granules,
    /// it is only said what the index knows.
    ///
    /// # Errors
    /// As [`Index::judge`].
    pub fn spare(&mut self, index: &Index, config: &Config) -> Result<()> {
        let (mut indexed, judged) = Indexed::judge(index, self, config, Purpose::Photons)?;
        if self.wanted.is_some() {
            (indexed.spared, indexed.outside_region, indexed.outside_time) = (0, 0, 0);
            self.indexed = Some(indexed);
            return Ok(());
        }
        let can_count: Vec<bool> = judged
            .verdicts
            .iter()
            .map(|found| !matches!(found, Verdict::OutsideRegion | Verdict::OutsideTime))
            .collect();
        let none = !can_count.contains(&true);
        if none && let Some(first) = judged.verdicts.first() {
            let counted = match first {
                Verdict::OutsideTime => &mut indexed.outside_time,
                _ => &mut indexed.outside_region,
            };
            *counted -= 1;
        }
        indexed.spared = indexed.outside_region + indexed.outside_time;
        let mut places = can_count.iter().enumerate();
        self.granules.retain(|_| {
            places
                .next()
                .is_none_or(|(place, counts)| *counts || (none && place == 0))
        });
        self.indexed = Some(indexed);
        Ok(())
    }
}
