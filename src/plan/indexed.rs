//! What an index spares a plan: granules that are not opened.
//!
//! Beside the plan: `build.rs` asks for the shards of granules, and a run for those granules that can have a photon that
//! counts.

use super::Plan;
use crate::config::Config;
use crate::error::Result;
use crate::index::{Index, Judged, Purpose, Verdict};
use crate::read::GranulePath;

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
    /// stays where none would, so that the types of columns are known, and so does what is wanted whatever the index says.
    /// Of a shard map, which has left out such granules, it is only said what the index knows.
    ///
    /// # Errors
    /// As [`Index::judge`].
    pub fn spare(
        &mut self,
        index: &Index,
        config: &Config,
        is_wanted: &dyn Fn(&GranulePath) -> bool,
    ) -> Result<()> {
        let (mut indexed, judged) = Indexed::judge(index, self, config, Purpose::Photons)?;
        (indexed.spared, indexed.outside_region, indexed.outside_time) = (0, 0, 0);
        if self.wanted.is_some() {
            self.indexed = Some(indexed);
            return Ok(());
        }
        let granules = self.granules.iter().zip(&judged.verdicts);
        let is_spared = |(granule, verdict): (&GranulePath, &Verdict)| {
            matches!(verdict, Verdict::OutsideRegion | Verdict::OutsideTime) && !is_wanted(granule)
        };
        let mut spared: Vec<bool> = granules.map(is_spared).collect();
        if !spared.contains(&false)
            && let Some(first) = spared.first_mut()
        {
            *first = false;
        }
        for (verdict, _) in judged.verdicts.iter().zip(&spared).filter(|(_, is)| **is) {
            indexed.spared += 1;
            match verdict {
                Verdict::OutsideTime => indexed.outside_time += 1,
                _ => indexed.outside_region += 1,
            }
        }
        let mut spared = spared.into_iter();
        self.granules.retain(|_| !spared.next().unwrap_or_default());
        self.indexed = Some(indexed);
        Ok(())
    }
}
