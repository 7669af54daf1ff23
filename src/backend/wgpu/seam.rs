//! The wgpu backend behind the seam, where batches and stages take turns on the device.

use std::sync::atomic::Ordering;

use crate::backend::gpu::{Limits, halved, part_of_batch, tile};
use crate::backend::{Backend, StageTimes};
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::photon::PhotonBatch;
use crate::stat::{Job, Partials};

use super::Wgpu;
use super::fold::{Folder, Work};
use super::gpu::{self, Fault};
use super::host::shares;
use super::staged::{Keys, Photons, Segments, Sorted};

impl Wgpu {
    /// The whole line on the device, or with single stages on the host.
    fn try_fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> gpu::Result<Partials> {
        let (device, host) = shares(job);
        if device.places.is_empty() {
            return Ok(self.cpu.fold(batch, grid, job, times)?);
        }
        if self.host_stages.any() {
            return self.in_turn(times, |times| {
                self.fold_stage_by_stage(batch, (grid, job), times)
            });
        }
        let mut cells = vec![0; batch.len()];
        times
            .locate
            .time(|| self.cpu.cells(&batch.lon, &batch.lat, grid, &mut cells));
        let folder = Folder {
            wgpu: self,
            gpu: &self.gpu,
            cpu: &self.cpu,
            device,
            host,
        };
        let work = Work {
            cells: &cells,
            columns: &batch.columns,
            grid,
            job,
        };
        folder.fold(&work, 0..batch.len(), times)
    }

    /// Has `work` ask the device while nobody else does, and adds what that takes.
    pub(super) fn in_turn<T>(
        &self,
        times: &mut StageTimes,
        work: impl FnOnce(&mut StageTimes) -> T,
    ) -> T {
        let _turn = self.turn();
        let before = self.gpu.uploaded.load(Ordering::Relaxed);
        // Of stages that were run one by one.
        self.gpu.take_time();
        let done = work(times);
        times.uploaded_bytes += self.gpu.uploaded.load(Ordering::Relaxed) - before;
        if let Some(seconds) = self.gpu.take_time() {
            times.on_device.get_or_insert_default().add(&seconds);
        }
        done
    }

    fn fold_stage_by_stage(
        &self,
        batch: &PhotonBatch,
        (grid, job): (&GridConfig, &Job),
        times: &mut StageTimes,
    ) -> gpu::Result<Partials> {
        let most = tile::BATCH as usize;
        let limits = Limits {
            most,
            smallest: most,
        };
        halved(0..batch.len(), limits, job, &|| {}, &mut |photons| {
            self.stage_by_stage(&part_of_batch(batch, photons), (grid, job), times)
        })
    }

    fn stage_by_stage(
        &self,
        batch: &PhotonBatch,
        (grid, job): (&GridConfig, &Job),
        times: &mut StageTimes,
    ) -> gpu::Result<Partials> {
        times.batches.sorted += 1;
        let photons = times.upload.time(|| self.try_upload_columns(batch))?;
        let keys = times.locate.time(|| self.try_locate(batch, grid))?;
        let sorted = times.sort.time(|| self.try_sort(keys))?;
        let segments = times.segment.time(|| self.try_segment(&sorted))?;
        times
            .reduce
            .time(|| self.try_reduce(&photons, &sorted, &segments, job))
    }
}

impl Backend for Wgpu {
    type Photons<'a> = Photons<'a>;
    type Keys = Keys;
    type Sorted = Sorted;
    type Segments = Segments;

    fn upload<'a>(&self, batch: &'a PhotonBatch) -> Result<Photons<'a>> {
        few_enough(batch.len())?;
        let _turn = self.turn();
        self.settled(self.try_upload_columns(batch))
    }

    fn locate(&self, photons: &Photons<'_>, grid: &GridConfig) -> Result<Keys> {
        let _turn = self.turn();
        self.settled(self.try_locate(photons.batch, grid))
    }

    fn sort(&self, keys: Keys) -> Result<Sorted> {
        let _turn = self.turn();
        self.settled(self.try_sort(keys))
    }

    fn segment(&self, sorted: &Sorted) -> Result<Segments> {
        let _turn = self.turn();
        self.settled(self.try_segment(sorted))
    }

    fn reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> Result<Partials> {
        let _turn = self.turn();
        self.settled(self.try_reduce(photons, sorted, segments, job))
    }

    /// Fused; once the device is lost, the CPU folds, which gives the same bits.
    fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        if self.lost().is_none() {
            match self.try_fold(batch, grid, job, times) {
                Err(Fault::Lost(why)) => self.take_over(why),
                other => return self.settled(other),
            }
        }
        times.batches.taken_over += 1;
        self.cpu.fold(batch, grid, job, times)
    }
}

/// A stage takes a batch whole.
fn few_enough(photons: usize) -> Result<()> {
    if photons <= tile::BATCH as usize {
        return Ok(());
    }
    Err(Error::device(
        "wgpu",
        format!(
            "a batch of {photons} photons exceeds {}, which a stage takes at once; fold splits it",
            tile::BATCH
        ),
    ))
}
