//! Folds of data that is already on a device, up to rows that stay on it, and the stages one by one.
//!
//! For `icefold bench-device`, which times them without a copy of the photons.

use crate::backend::Backend;
use crate::config::GridConfig;
use crate::error::Result;
use crate::grid::{Grid, Order};
use crate::stat::{Job, Partials};

use super::fold::{self, Arranged, Part};
use super::fold_runs::{self, FoldedRuns, Known};
use super::machine::{self, Machine};
use super::runs::Places;
use super::shares::shares;
use super::sides;
use super::staged::{Keys, Photons, Sorted};
use super::stages;
use super::way::Way;
use super::{Cuda, why_host};

/// Rows of every column of a fold, on the device.
#[derive(Debug)]
pub struct Folded(Rows);

#[derive(Debug)]
enum Rows {
    /// By the stages.
    Stages {
        arranged: Arranged,
        parts: Vec<Part>,
    },
    /// By runs of cells, or of keys.
    Runs {
        folded: FoldedRuns,
        photons: u32,
        of_keys: bool,
    },
}

impl Folded {
    /// Whether photons were folded in runs where they stood, without the stages.
    pub fn in_runs(&self) -> bool {
        matches!(self.0, Rows::Runs { .. })
    }
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

    /// All after locate, from keys. Waits for what it needs to know, and not for the rows.
    pub fn fold_keys(&self, photons: &Photons, keys: &Keys, job: &Job) -> Result<Folded> {
        self.settled(self.try_fold_keys(photons, keys, job))
    }

    /// All from positions on; by the stages, or where photons do not lie in runs, there are keys in between.
    pub fn fold_photons(
        &self,
        photons: &Photons,
        grid: &GridConfig,
        job: &Job,
    ) -> Result<(Folded, Option<Keys>)> {
        let (lon, lat) = photons.positions();
        let places = Places::Positions { lon, lat, grid };
        if let Some(folded) = self.settled(self.try_fold_runs(photons, places, job))? {
            let folded = Rows::Runs {
                folded,
                photons: photons.count(),
                of_keys: false,
            };
            return Ok((Folded(folded), None));
        }
        let keys = self.locate(photons, grid)?;
        let folded = self.settled(self.try_fold_stages(photons, &keys, job))?;
        Ok((folded, Some(keys)))
    }

    /// The rows of a fold as partials; `keys` are those that it was given or gave, if any.
    ///
    /// # Errors
    /// The device failed, the host would have to fold part of the job, or there are no keys where there were some.
    pub fn read_back<'a>(
        &self,
        folded: Folded,
        keys: impl Into<Option<&'a Keys>>,
        job: &Job,
    ) -> Result<Partials> {
        self.settled(self.try_read_back(folded, keys.into(), job))
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
        let places = Places::Keys(keys.words());
        match self.try_fold_runs(photons, places, job)? {
            Some(folded) => Ok(Folded(Rows::Runs {
                folded,
                photons: photons.count(),
                of_keys: true,
            })),
            None => self.try_fold_stages(photons, keys, job),
        }
    }

    fn try_fold_runs(
        &self,
        photons: &Photons,
        places: Places,
        job: &Job,
    ) -> machine::Result<Option<FoldedRuns>> {
        let (gpu, (device, _)) = (self.first(), shares(job));
        if self.way == Way::Stages || device.ordered() || photons.count() == 0 {
            return Ok(None);
        }
        let columns: Vec<_> = device.places.iter().map(|&i| photons.column(i)).collect();
        fold_runs::fold_there(gpu, (places, photons.count()), &device, &columns)
    }

    fn try_fold_stages(
        &self,
        photons: &Photons,
        keys: &Keys,
        job: &Job,
    ) -> machine::Result<Folded> {
        let gpu = self.first();
        let (device, _) = shares(job);
        let ordered = device.ordered();
        let arranged = fold::arrange(gpu, keys.words(), keys.photons(), ordered)?;
        let mut parts = Vec::with_capacity(device.places.len());
        for (&place, described) in device.places.iter().zip(&device.job.columns) {
            let column = photons.column(place);
            parts.push(fold::reduce(gpu, arranged.view(), column, described)?);
        }
        Ok(Folded(Rows::Stages { arranged, parts }))
    }

    fn try_read_back(
        &self,
        folded: Folded,
        keys: Option<&Keys>,
        job: &Job,
    ) -> machine::Result<Partials> {
        let keys = || {
            let missing = || "rows by keys are read without the keys".to_owned();
            keys.ok_or_else(|| machine::Fault::Wrong(missing()))
        };
        if let Some(why) = job.columns.iter().find_map(why_host) {
            let what = format!("a fold on the device alone leaves out what the host does, {why}");
            return Err(machine::Fault::Wrong(what));
        }
        let (device, host) = shares(job);
        let (arranged, parts) = match folded.0 {
            Rows::Stages { arranged, parts } => (arranged, parts),
            Rows::Runs {
                folded,
                photons,
                of_keys,
            } => {
                let known = if of_keys {
                    Known::Keys(keys()?.table())
                } else {
                    Known::Cells(Grid::default().cells(Order::MAX))
                };
                return folded.read(self.first(), (&device, &host), (known, photons), None);
            }
        };
        let found = parts
            .into_iter()
            .map(|part| part.download(self.first(), arranged.view()));
        let found = found.collect::<machine::Result<Vec<_>>>()?;
        let of = (keys()?.table(), keys()?.photons());
        sides::join((&device, &host), &found, of, None)
    }
}
