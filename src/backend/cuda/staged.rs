//! The stages one by one, on the first of the devices; for tests, and to find where a difference
//! starts.

use std::sync::Arc;

use crate::backend::cpu::{self, Cpu};
use crate::backend::gpu::Share;
use crate::backend::{Backend, KeyTable, StageTimes};
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::photon::{ColumnMemory, PhotonBatch};
use crate::stat::{Job, Partials};

use super::Cuda;
use super::fold::{self, View};
use super::machine::{self, Machine};
use super::memory::Lease;
use super::shares::shares;
use super::sides;
use super::stages::{self, DeviceColumn, Pieces, SortedKeys};
use super::tile::BATCH;
use super::way::Uploads;

/// A batch whose positions and columns are on the device.
#[derive(Debug)]
pub struct Photons<'a> {
    batch: &'a PhotonBatch,
    lon: Lease,
    lat: Lease,
    columns: Vec<DeviceColumn>,
}

/// One key per photon, in batch order.
#[derive(Debug)]
pub struct Keys {
    words: Lease,
    photons: u32,
    table: KeyTable,
}

/// Keys in ascending order, and the photon that each belongs to.
#[derive(Debug)]
pub struct Sorted {
    keys: Lease,
    order: Option<Lease>,
    photons: u32,
    table: KeyTable,
}

/// Runs of equal keys in sorted order, cut at the tiles of the device; `None` of no photons.
#[derive(Debug)]
pub struct Segments(Option<Pieces>);

impl Photons<'_> {
    pub(super) fn count(&self) -> u32 {
        self.batch.len() as u32
    }

    pub(super) fn positions(&self) -> (&Lease, &Lease) {
        (&self.lon, &self.lat)
    }

    pub(super) fn column(&self, place: usize) -> &DeviceColumn {
        &self.columns[place]
    }
}

impl Keys {
    pub(super) fn words(&self) -> &Lease {
        &self.words
    }

    pub(super) fn photons(&self) -> u32 {
        self.photons
    }

    pub(super) fn table(&self) -> &KeyTable {
        &self.table
    }

    /// As what they become when they are sorted.
    pub(super) fn in_order(&self, SortedKeys { keys, items }: SortedKeys) -> Sorted {
        Sorted {
            keys,
            order: Some(items),
            photons: self.photons,
            table: self.table.clone(),
        }
    }
}

impl<M: Machine> Cuda<M> {
    /// Puts keys in any order on the device.
    pub fn upload_keys(&self, keys: &[u32], table: KeyTable) -> Result<Keys> {
        few_enough(keys.len())?;
        let (keys_there, photons) = (self.first().upload(keys), keys.len() as u32);
        Ok(Keys {
            words: self.settled(keys_there)?,
            photons,
            table,
        })
    }

    /// The cell of every photon.
    pub fn cells(&self, keys: &Keys) -> Result<Vec<u64>> {
        let found = self.first().download(&keys.words, 0, keys.photons.into());
        let found: Vec<u32> = self.settled(found)?;
        Ok(found.iter().map(|&key| keys.table.cell(key)).collect())
    }

    /// Keys in order, and the photon of each.
    pub fn pairs(&self, sorted: &Sorted) -> Result<(Vec<u32>, Vec<u32>)> {
        self.settled(self.try_pairs(sorted))
    }

    /// The first sorted photon of each segment.
    pub fn starts(&self, segments: &Segments) -> Result<Vec<u32>> {
        self.settled(self.try_starts(segments))
    }

    fn try_pairs(&self, sorted: &Sorted) -> machine::Result<(Vec<u32>, Vec<u32>)> {
        let (gpu, n) = (self.first(), u64::from(sorted.photons));
        let photons = match &sorted.order {
            Some(order) => gpu.download(order, 0, n)?,
            None => (0..sorted.photons).collect(),
        };
        Ok((gpu.download(&sorted.keys, 0, n)?, photons))
    }

    fn try_starts(&self, segments: &Segments) -> machine::Result<Vec<u32>> {
        let Segments(Some(pieces)) = segments else {
            return Ok(Vec::new());
        };
        let (gpu, n) = (self.first(), u64::from(pieces.count));
        let starts: Vec<u32> = gpu.download(&pieces.starts, 0, n)?;
        let heads: Vec<u32> = gpu.download(&pieces.heads, 0, n)?;
        // Pieces of one key are one segment.
        let firsts = (0..starts.len()).filter(|&i| i == 0 || heads[i] != heads[i - 1]);
        Ok(firsts.map(|i| starts[i]).collect())
    }

    fn try_upload<'a>(&self, batch: &'a PhotonBatch) -> machine::Result<Photons<'a>> {
        let gpu = self.first();
        let columns = batch.columns.iter();
        Ok(Photons {
            batch,
            lon: gpu.upload_values(&batch.lon)?,
            lat: gpu.upload_values(&batch.lat)?,
            columns: columns
                .map(|column| stages::upload_column(gpu, column))
                .collect::<machine::Result<_>>()?,
        })
    }

    fn try_locate(&self, photons: &Photons, grid: &GridConfig) -> machine::Result<Keys> {
        let (gpu, n) = (self.first(), photons.batch.len() as u32);
        let cells = stages::locate(gpu, (&photons.lon, &photons.lat), n, grid)?;
        let (keys, table) = stages::keys(gpu, &cells, n, grid)?;
        Ok(Keys {
            words: keys,
            photons: n,
            table,
        })
    }

    fn try_sort(&self, keys: Keys) -> machine::Result<Sorted> {
        let Keys {
            words: keys,
            photons,
            table,
        } = keys;
        let gpu = self.first();
        let sorted = if photons == 0 {
            None
        } else {
            let survey = stages::survey(gpu, &keys, photons)?;
            stages::sort(gpu, &keys, photons, &survey)?
        };
        let (keys, order) = match sorted {
            None => (keys, None),
            Some(sorted) => (sorted.keys, Some(sorted.items)),
        };
        Ok(Sorted {
            keys,
            order,
            photons,
            table,
        })
    }

    fn try_segment(&self, sorted: &Sorted) -> machine::Result<Segments> {
        let (gpu, n) = (self.first(), sorted.photons);
        if n == 0 {
            return Ok(Segments(None));
        }
        let survey = stages::survey(gpu, &sorted.keys, n)?;
        let pieces = stages::segment(gpu, &sorted.keys, n, &survey)?;
        Ok(Segments(Some(pieces)))
    }

    fn try_reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> machine::Result<Partials> {
        let Segments(Some(pieces)) = segments else {
            return Ok(Partials::empty(job));
        };
        let gpu = self.first();
        let (device, host) = shares(job);
        let view = View {
            photons: sorted.photons,
            order: sorted.order.as_ref(),
            pieces,
            records: None,
        };
        let mut found = Vec::with_capacity(device.places.len());
        for (&place, described) in device.places.iter().zip(&device.job.columns) {
            let part = fold::reduce(gpu, view, &photons.columns[place], described)?;
            found.push(part.download(gpu, view)?);
        }
        let on_host = if host.places.is_empty() {
            None
        } else {
            Some(self.reduce_on_host(photons.batch, sorted, segments, &host)?)
        };
        sides::join(
            (&device, &host),
            &found,
            (&sorted.table, sorted.photons),
            on_host,
        )
    }

    /// The device's order and segments, reduced by the CPU backend.
    fn reduce_on_host(
        &self,
        batch: &PhotonBatch,
        sorted: &Sorted,
        segments: &Segments,
        host: &Share,
    ) -> machine::Result<Partials> {
        let (keys, photons) = self.try_pairs(sorted)?;
        let starts = self.try_starts(segments)?;
        let mut starts: Vec<usize> = starts.into_iter().map(|start| start as usize).collect();
        starts.push(keys.len());
        let sorted = cpu::Sorted {
            keys,
            photons,
            table: sorted.table.clone(),
        };
        let columns = host
            .places
            .iter()
            .map(|&place| batch.columns[place].clone());
        let batch = PhotonBatch {
            columns: columns.collect(),
            ..batch.clone()
        };
        let (photons, segments) = (cpu::Photons(&batch), cpu::Segments { starts });
        Ok(Cpu::reduce(
            &self.cpu, &photons, &sorted, &segments, &host.job,
        )?)
    }
}

impl<M: Machine> Backend for Cuda<M> {
    type Photons<'a> = Photons<'a>;
    type Keys = Keys;
    type Sorted = Sorted;
    type Segments = Segments;

    fn columns(&self, bytes: u64) -> Option<Arc<dyn ColumnMemory>> {
        match self.first().uploads {
            Uploads::Pinned => self.first().machine.columns(bytes),
            Uploads::Staged => None,
        }
    }

    fn upload<'a>(&self, batch: &'a PhotonBatch) -> Result<Photons<'a>> {
        few_enough(batch.len())?;
        self.settled(self.try_upload(batch))
    }

    fn locate(&self, photons: &Photons<'_>, grid: &GridConfig) -> Result<Keys> {
        self.settled(self.try_locate(photons, grid))
    }

    fn sort(&self, keys: Keys) -> Result<Sorted> {
        self.settled(self.try_sort(keys))
    }

    fn segment(&self, sorted: &Sorted) -> Result<Segments> {
        self.settled(self.try_segment(sorted))
    }

    fn reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> Result<Partials> {
        self.settled(self.try_reduce(photons, sorted, segments, job))
    }

    /// Fused, over all devices; once one has failed and may, the CPU folds, which gives the same bits.
    fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let way = self.way;
        let work = fold::Work {
            batch,
            grid,
            job,
            way,
        };
        if self.lost().is_none() {
            match self.fold_on_all(work, times) {
                Ok(partials) => return Ok(partials),
                Err(error) => self.forgiven(error)?,
            };
        }
        times.batches.taken_over += 1;
        self.cpu.fold(batch, grid, job, times)
    }
}

/// A stage takes a batch whole.
fn few_enough(photons: usize) -> Result<()> {
    if photons <= BATCH {
        return Ok(());
    }
    Err(Error::device(
        "cuda",
        format!(
            "a batch of {photons} photons exceeds {BATCH}, which a stage takes at once; fold \
             splits it"
        ),
    ))
}
