//! One batch through all stages, without leaving the device in between.
//!
//! ```text
//!   long runs:   keys -> segment -> reduce -> records -> sort -> segment -> reduce -> rows
//!   otherwise:   keys -> sort -> segment -> reduce -> rows
//! ```
//!
//! Rows of one cell that come from different tiles are joined on the host: at most one per tile.

use std::ops::Range;

use crate::backend::StageTimes;
use crate::backend::cpu::{self, Cpu, Strategy};
use crate::backend::gpu::{Limits, Share, halved, join, part, tile, valid_words};
use crate::config::GridConfig;
use crate::photon::{Column, Values};
use crate::stat::{Job, JobColumn, Partials};

use super::Wgpu;
use super::commands::Commands;
use super::gpu::{Fault, Gpu, Lease, Result};
use super::rows::ColumnRows;
use super::stages::{self, DeviceColumn, Pieces, SortedKeys};

/// Photons below which a batch is not halved again when memory runs out.
const SMALLEST: usize = 1 << 16;

/// What is folded: located photons, on the host.
pub struct Work<'a> {
    pub cells: &'a [u64],
    pub columns: &'a [Column],
    pub grid: &'a GridConfig,
    pub job: &'a Job,
}

/// The two sides that fold.
pub struct Folder<'a> {
    pub wgpu: &'a Wgpu,
    pub gpu: &'a Gpu,
    pub cpu: &'a Cpu,
    pub device: Share,
    pub host: Share,
}

impl Folder<'_> {
    /// Partials of some photons; batches that are too large for the device are halved.
    pub fn fold(
        &self,
        work: &Work,
        photons: Range<usize>,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let limits = Limits {
            most: tile::BATCH as usize,
            smallest: SMALLEST,
        };
        let release = || self.gpu.release();
        halved(photons, limits, work.job, &release, &mut |photons| {
            self.fold_at_once(work, photons, times)
        })
    }

    fn fold_at_once(
        &self,
        work: &Work,
        photons: Range<usize>,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let cells = &work.cells[photons.clone()];
        let cpu::Keys { keys, table } = times.locate.time(|| self.cpu.keys(cells, work.grid));
        let strategy = self.strategy(&keys);
        let (n, ascending) = (keys.len() as u32, keys.is_sorted());
        let bits = table.significant_bits();
        let (mut batch, arranged, parts) = self.wgpu.in_turn(times, |times| -> Result<_> {
            let commands = Commands::new(self.gpu);
            let mut batch = Batch {
                commands,
                n,
                ascending,
                bits,
            };
            let device_keys = self.gpu.words(keys.len() as u64);
            times
                .upload
                .time(|| batch.commands.upload(&keys, &device_keys))?;
            let arranged = times
                .fused
                .time(|| batch.arrange(&device_keys, strategy == Strategy::Sort))?;
            let parts = self.reduce((&mut batch, &arranged), work, &photons, times)?;
            Ok((batch, arranged, parts))
        })?;
        // The host's columns are folded while the device works, for this batch or another.
        let host = times.fused.time(|| self.fold_host(work, photons))?;
        let found = self.wgpu.in_turn(times, |times| {
            times.fused.time(|| batch.finish(&arranged, parts))
        })?;
        let sides = (&self.device, &self.host);
        let found: Vec<_> = found.iter().map(ColumnRows::found).collect();
        let partials = times
            .fused
            .time(|| join(sides, &found, (&table, n), host))?;
        if strategy == Strategy::Runs {
            times.batches.runs += 1;
        } else {
            times.batches.sorted += 1;
        }
        Ok(partials)
    }

    /// Has the device reduce every column of its share; all of it is submitted.
    fn reduce(
        &self,
        (batch, arranged): (&mut Batch<'_>, &Arranged),
        work: &Work,
        photons: &Range<usize>,
        times: &mut StageTimes,
    ) -> Result<Vec<Part>> {
        let mut parts = Vec::with_capacity(self.device.places.len());
        for (&place, described) in self.device.places.iter().zip(&self.device.job.columns) {
            let column = times.upload.time(|| {
                upload_column(&mut batch.commands, &work.columns[place], photons.clone())
            })?;
            parts.push(
                times
                    .fused
                    .time(|| batch.reduce(arranged, &column, described)),
            );
        }
        Ok(parts)
    }

    /// Order statistics need photons in the order of cells. Blocks of photons in few cells, which
    /// the CPU folds first, are sorted here: few cells have keys of few bits.
    fn strategy(&self, keys: &[u32]) -> Strategy {
        if self.device.ordered() {
            return Strategy::Sort;
        }
        let sample = |range: Range<usize>| keys[range].iter().map(|&key| key.into()).collect();
        let settle = || Strategy::Auto.settle(keys.len(), false, sample);
        match self.cpu.install(settle) {
            Strategy::Auto | Strategy::Runs => Strategy::Runs,
            Strategy::Blocks | Strategy::Sort => Strategy::Sort,
        }
    }

    /// Partials of the columns that the device does not fold.
    fn fold_host(&self, work: &Work, photons: Range<usize>) -> Result<Option<Partials>> {
        if self.host.places.is_empty() {
            return Ok(None);
        }
        let columns = self.host.places.iter();
        let columns: Vec<Column> = columns
            .map(|&place| part(&work.columns[place], photons.clone()))
            .collect();
        let cells = &work.cells[photons];
        Ok(Some(self.cpu.fold_cells(
            cells,
            &columns,
            work.grid,
            &self.host.job,
        )?))
    }
}

/// Some photons of a float32 column, on the device.
pub fn upload_column(
    commands: &mut Commands,
    column: &Column,
    photons: Range<usize>,
) -> Result<DeviceColumn> {
    let Values::F32(values) = &column.values else {
        unreachable!("the device's share has float32 columns only")
    };
    let gpu = commands.gpu();
    let on_device = DeviceColumn {
        values: gpu.words(photons.len() as u64),
        valid: column
            .nulls
            .as_ref()
            .map(|_| gpu.words(photons.len().div_ceil(32) as u64)),
    };
    let bits = bytemuck::cast_slice(&values[photons.clone()]);
    commands.upload(bits, &on_device.values)?;
    if let (Some(nulls), Some(to)) = (&column.nulls, &on_device.valid) {
        commands.upload(&valid_words(nulls, photons), to)?;
    }
    Ok(on_device)
}

/// A batch on its way through the stages.
struct Batch<'g> {
    commands: Commands<'g>,
    n: u32,
    ascending: bool,
    bits: u32,
}

/// Photons, or the records of their runs, in the order of cells.
struct Arranged {
    /// Photons in the order of keys, where they are not already.
    order: Option<Lease>,
    pieces: Pieces,
    /// The records of `pieces` in the order of keys, and the pieces of those.
    records: Option<(SortedKeys, Pieces)>,
}

/// What the device has of one column before it is read back.
struct Part {
    rows: Lease,
    values: Option<Lease>,
}

impl Batch<'_> {
    fn arrange(&mut self, keys: &Lease, sort_photons: bool) -> Result<Arranged> {
        let Self {
            commands, n, bits, ..
        } = self;
        let sorts = !self.ascending;
        let photons = (sorts && sort_photons).then(|| stages::sort(commands, keys, *n, *bits));
        let pieces = match &photons {
            Some(sorted) => stages::segment(commands, &sorted.keys, *n)?,
            None => stages::segment(commands, keys, *n)?,
        };
        let most = commands.gpu().most_words();
        if stages::row_words(&pieces) > most {
            return Err(Fault::Memory(format!(
                "{} rows of a batch exceed one binding of {most} words",
                pieces.count
            )));
        }
        let records = if sorts && !sort_photons {
            let sorted = stages::sort(commands, &pieces.heads, pieces.count, *bits);
            let pieces = stages::segment(commands, &sorted.keys, pieces.count)?;
            Some((sorted, pieces))
        } else {
            None
        };
        Ok(Arranged {
            order: photons.map(|sorted| sorted.items),
            pieces,
            records,
        })
    }

    fn reduce(
        &mut self,
        arranged: &Arranged,
        column: &DeviceColumn,
        described: &JobColumn,
    ) -> Part {
        let commands = &mut self.commands;
        let order = arranged.order.as_ref();
        let rows = stages::reduce(commands, &arranged.pieces, order, column, described);
        let part = Part {
            rows: match &arranged.records {
                None => rows,
                Some((sorted, pieces)) => {
                    stages::reduce_records(commands, pieces, &sorted.items, &rows)
                }
            },
            values: described
                .needs
                .ordered
                .then(|| stages::values(commands, self.n, order, column)),
        };
        commands.submit();
        part
    }

    /// Reads back what the device found, column by column.
    fn finish(&mut self, arranged: &Arranged, parts: Vec<Part>) -> Result<Vec<ColumnRows>> {
        let pieces = arranged.records.as_ref().map_or(&arranged.pieces, |r| &r.1);
        let words = stages::row_words(pieces);
        let mut found = Vec::with_capacity(parts.len());
        for part in parts {
            let mut sources: Vec<(&wgpu::Buffer, u64)> = vec![(&part.rows, words)];
            if let Some(values) = &part.values {
                sources.push((values, self.n.into()));
            }
            found.push(ColumnRows::of(self.commands.read(&sources)?));
        }
        Ok(found)
    }
}
