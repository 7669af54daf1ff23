//! The stages one by one, each on the device or, where the user wants it, on the host.

use crate::backend::cpu;
use crate::backend::gpu::{join, tile};
use crate::backend::{Backend, KeyTable};
use crate::config::GridConfig;
use crate::photon::{Column, PhotonBatch, Values};
use crate::stat::{Job, Partials};

use super::Wgpu;
use super::commands::Commands;
use super::fold::upload_column;
use super::gpu::{self, Lease};
use super::host::shares;
use super::rows::ColumnRows;
use super::stages::{self, DeviceColumn, Pieces};

/// A batch; its float32 columns are on the device.
#[derive(Debug)]
pub struct Photons<'a> {
    pub(super) batch: &'a PhotonBatch,
    /// One per column of the batch.
    columns: Vec<Option<DeviceColumn>>,
}

/// One key per photon, in batch order.
#[derive(Debug)]
pub struct Keys {
    by_photon: Lease,
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

impl Wgpu {
    /// Puts keys on the device.
    pub(in crate::backend) fn try_upload_keys(
        &self,
        keys: &[u32],
        table: KeyTable,
    ) -> gpu::Result<Keys> {
        Ok(Keys {
            by_photon: self.try_upload(keys)?,
            photons: keys.len() as u32,
            table,
        })
    }

    fn try_upload(&self, words: &[u32]) -> gpu::Result<Lease> {
        let lease = self.gpu.words(words.len() as u64);
        let mut commands = Commands::new(&self.gpu);
        commands.upload(words, &lease)?;
        commands.submit();
        self.gpu.wait()?;
        Ok(lease)
    }

    pub(super) fn try_upload_columns<'a>(
        &self,
        batch: &'a PhotonBatch,
    ) -> gpu::Result<Photons<'a>> {
        let mut commands = Commands::new(&self.gpu);
        let columns = batch.columns.iter().map(|column| match column.values {
            Values::F32(_) => upload_column(&mut commands, column, 0..batch.len()).map(Some),
            _ => Ok(None),
        });
        let columns = columns.collect::<gpu::Result<_>>()?;
        commands.submit();
        self.gpu.wait()?;
        Ok(Photons { batch, columns })
    }

    pub(super) fn try_locate(&self, batch: &PhotonBatch, grid: &GridConfig) -> gpu::Result<Keys> {
        let mut cells = vec![0; batch.len()];
        self.cpu.cells(&batch.lon, &batch.lat, grid, &mut cells);
        let cpu::Keys { keys, table } = self.cpu.keys(&cells, grid);
        self.try_upload_keys(&keys, table)
    }

    pub(super) fn try_sort(&self, keys: Keys) -> gpu::Result<Sorted> {
        let Keys {
            by_photon: keys,
            photons,
            table,
        } = keys;
        let bits = table.significant_bits();
        if self.host_stages.sort {
            let keys = self.download(&keys, photons)?;
            let sorted = self.cpu.sort(cpu::Keys { keys, table })?;
            return Ok(Sorted {
                keys: self.try_upload(&sorted.keys)?,
                order: Some(self.try_upload(&sorted.photons)?),
                photons,
                table: sorted.table,
            });
        }
        if bits == 0 || photons == 0 {
            return Ok(Sorted {
                keys,
                order: None,
                photons,
                table,
            });
        }
        let mut commands = Commands::new(&self.gpu);
        let sorted = stages::sort(&mut commands, &keys, photons, bits);
        commands.submit();
        self.gpu.wait()?;
        Ok(Sorted {
            keys: sorted.keys,
            order: Some(sorted.items),
            photons,
            table,
        })
    }

    pub(super) fn try_segment(&self, sorted: &Sorted) -> gpu::Result<Segments> {
        if sorted.photons == 0 {
            return Ok(Segments(None));
        }
        if self.host_stages.segment {
            return self.segment_on_host(sorted);
        }
        let mut commands = Commands::new(&self.gpu);
        let pieces = stages::segment(&mut commands, &sorted.keys, sorted.photons)?;
        commands.submit();
        self.gpu.wait()?;
        Ok(Segments(Some(pieces)))
    }

    /// What `segment.wgsl` does, on the host.
    fn segment_on_host(&self, sorted: &Sorted) -> gpu::Result<Segments> {
        let keys = self.download(&sorted.keys, sorted.photons)?;
        let (mut starts, mut heads, mut ranks) = (Vec::new(), Vec::new(), Vec::new());
        for (i, &key) in keys.iter().enumerate() {
            if i.is_multiple_of(tile::ITEMS as usize) {
                ranks.push(starts.len() as u32);
            }
            if i.is_multiple_of(tile::TILE as usize) || keys[i - 1] != key {
                starts.push(i as u32);
                heads.push(key);
            }
        }
        Ok(Segments(Some(Pieces {
            items: sorted.photons,
            count: starts.len() as u32,
            starts: self.try_upload(&starts)?,
            heads: self.try_upload(&heads)?,
            ranks: self.try_upload(&ranks)?,
        })))
    }

    pub(super) fn try_reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> gpu::Result<Partials> {
        let Segments(Some(pieces)) = segments else {
            return Ok(Partials::empty(job));
        };
        let (device, host) = shares(job);
        if self.host_stages.reduce || device.places.is_empty() {
            return self.reduce_on_host(photons.batch, sorted, segments, job);
        }
        let mut commands = Commands::new(&self.gpu);
        let (order, mut found) = (sorted.order.as_ref(), Vec::new());
        for (&place, described) in device.places.iter().zip(&device.job.columns) {
            let column = photons.columns[place]
                .as_ref()
                .unwrap_or_else(|| unreachable!("float32 columns were uploaded"));
            let rows = stages::reduce(&mut commands, pieces, order, column, described);
            let values = described
                .needs
                .ordered
                .then(|| stages::values(&mut commands, sorted.photons, order, column));
            let mut sources: Vec<(&wgpu::Buffer, u64)> = vec![(&rows, stages::row_words(pieces))];
            sources.extend(values.iter().map(|v| (&**v, u64::from(sorted.photons))));
            found.push(ColumnRows::of(commands.read(&sources)?));
        }
        let on_host = if host.places.is_empty() {
            None
        } else {
            let mut batch = photons.batch.clone();
            let columns: Vec<Column> = host
                .places
                .iter()
                .map(|&i| batch.columns[i].clone())
                .collect();
            batch.columns = columns;
            Some(self.reduce_on_host(&batch, sorted, segments, &host.job)?)
        };
        let found: Vec<_> = found.iter().map(ColumnRows::found).collect();
        let of = (&sorted.table, sorted.photons);
        join((&device, &host), &found, of, on_host)
    }

    /// The device's order and segments, reduced by the CPU backend.
    fn reduce_on_host(
        &self,
        batch: &PhotonBatch,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> gpu::Result<Partials> {
        let (keys, photons) = self.sorted_on_host(sorted)?;
        let starts = self.segments_on_host(segments)?;
        let ends = [keys.len()];
        let starts = starts.into_iter().map(|start| start as usize);
        let starts = starts.chain(ends).collect();
        let sorted = cpu::Sorted {
            keys,
            photons,
            table: sorted.table.clone(),
        };
        let segments = cpu::Segments { starts };
        Ok(self
            .cpu
            .reduce(&cpu::Photons(batch), &sorted, &segments, job)?)
    }

    /// Keys in order, and the photon of each.
    pub(in crate::backend) fn sorted_on_host(
        &self,
        sorted: &Sorted,
    ) -> gpu::Result<(Vec<u32>, Vec<u32>)> {
        let keys = self.download(&sorted.keys, sorted.photons)?;
        let photons = match &sorted.order {
            Some(order) => self.download(order, sorted.photons)?,
            None => (0..sorted.photons).collect(),
        };
        Ok((keys, photons))
    }

    /// First sorted photon of each segment: pieces of one key are one segment.
    pub(in crate::backend) fn segments_on_host(
        &self,
        segments: &Segments,
    ) -> gpu::Result<Vec<u32>> {
        let Segments(Some(pieces)) = segments else {
            return Ok(Vec::new());
        };
        let starts = self.download(&pieces.starts, pieces.count)?;
        let heads = self.download(&pieces.heads, pieces.count)?;
        let firsts = (0..starts.len()).filter(|&i| i == 0 || heads[i] != heads[i - 1]);
        Ok(firsts.map(|i| starts[i]).collect())
    }

    fn download(&self, words: &Lease, count: u32) -> gpu::Result<Vec<u32>> {
        let mut read = Commands::new(&self.gpu).read(&[(words, count.into())])?;
        Ok(read.pop().unwrap_or_default())
    }
}
