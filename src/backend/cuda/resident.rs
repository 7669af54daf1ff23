//! Folds of what is already on a device, up to rows that stay there, and the stages with what they leave
//! to the next: for `icefold bench-device`, which times them without a copy of the photons.

use crate::config::GridConfig;
use crate::error::Result;
use crate::stat::{Job, Partials};

use super::fold::{self, Arranged, Part};
use super::machine::{self, Machine};
use super::shares::shares;
use super::staged::{Keys, Photons, Sorted};
use super::stages;
use super::{Cuda, why_host};

/// Rows of every column of a fold, on the device.
#[derive(Debug)]
pub struct Folded {
    arranged: Arranged,
    parts: Vec<Part>,
}

impl<M: Machine> Cuda<M> {
    /// The cell of every photon, without keys in between.
    pub fn located(&self, photons: &Photons, grid: &GridConfig) -> Result<Vec<u64>> {
        let (gpu, n) = (self.first(), photons.count());
        let located = stages::locate(gpu, photons.positions(), n, grid);
        self.settled(located.and_then(|cells| gpu.download(&cells, 0, n.into())))
    }

    /// Sorts keys that stay as they are.
    pub fn sorted(&self, keys: &Keys) -> Result<Sorted> {
        self.settled(self.try_sorted(keys))
    }

    /// All after locate: sort, segment and reduce, in whichever order a batch takes. Waits for what it
    /// needs to know, and not for the rows.
    pub fn fold_keys(&self, photons: &Photons, keys: &Keys, job: &Job) -> Result<Folded> {
        self.settled(self.try_fold_keys(photons, keys, job))
    }

    /// The rows of a fold as partials; `keys` are those that it was given.
    ///
    /// # Errors
    /// The device failed, or the host would have to fold part of the job.
    pub fn read_back(&self, folded: Folded, keys: &Keys, job: &Job) -> Result<Partials> {
        self.settled(self.try_read_back(folded, keys, job))
    }

    fn try_sorted(&self, keys: &Keys) -> machine::Result<Sorted> {
        let gpu = self.first();
        let survey = stages::survey(gpu, keys.words(), keys.photons())?;
        let sorted = stages::sort(gpu, keys.words(), keys.photons(), &survey)?;
        let sorted = sorted.ok_or_else(|| {
            machine::Fault::Wrong("keys that are to be sorted do not descend".to_owned())
        })?;
        Ok(keys.in_order(sorted))
    }

    fn try_fold_keys(&self, photons: &Photons, keys: &Keys, job: &Job) -> machine::Result<Folded> {
        let gpu = self.first();
        let (device, _) = shares(job);
        let ordered = device.job.columns.iter().any(|column| column.needs.ordered);
        let arranged = fold::arrange(gpu, keys.words(), keys.photons(), ordered)?;
        let mut parts = Vec::with_capacity(device.places.len());
        for (&place, described) in device.places.iter().zip(&device.job.columns) {
            let column = photons.column(place);
            parts.push(fold::reduce(gpu, arranged.view(), column, described)?);
        }
        Ok(Folded { arranged, parts })
    }

    fn try_read_back(&self, folded: Folded, keys: &Keys, job: &Job) -> machine::Result<Partials> {
        if let Some(why) = job.columns.iter().find_map(why_host) {
            let what = format!("a fold on the device alone leaves out what the host does, {why}");
            return Err(machine::Fault::Wrong(what));
        }
        let (device, host) = shares(job);
        let Folded { arranged, parts } = folded;
        let found = parts
            .into_iter()
            .map(|part| part.download(self.first(), arranged.view()));
        let found = found.collect::<machine::Result<Vec<_>>>()?;
        let of = (keys.table(), keys.photons());
        fold::join((&device, &host), &found, of, None)
    }
}
