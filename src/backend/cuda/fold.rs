//! One batch through all stages on one device, without leaving it in between.
//!
//! Where a sample of the batch lies in runs, `fold_runs.rs` folds it; else, and where that found too little
//! room:
//!
//! ```text
//!   long runs:   locate -> segment -> reduce -> records -> sort -> segment -> reduce -> rows
//!   otherwise:   locate -> sort -> segment -> reduce -> rows
//! ```
//!
//! Rows of one cell that come from different tiles are joined on the host: at most one per tile.
//! While a column crosses the wire, the device works on the one before it.

use std::borrow::Cow;
use std::ops::Range;

use crate::backend::cpu::Cpu;
use crate::backend::gpu::{Limits, Share, ValueKeys, halved, part_of_batch};
use crate::backend::{Backend, StageTimes};
use crate::config::GridConfig;
use crate::photon::{ColumnType, PhotonBatch};
use crate::stat::{Job, JobColumn, Partials};

use super::fold_runs::{self, Outcome, There};
use super::grids::authalic;
use super::machine::{Fault, Machine, Result};
use super::memory::{Gpu, Lease};
use super::rows::ColumnRows;
use super::runs;
use super::shares::shares;
use super::sides::{fold_host, join};
use super::stages::{self, DeviceColumn, Pieces, SortedKeys, Sums};
use super::tile::{BATCH, ROW_WORDS};
use super::way::Way;

/// Photons below which a batch is not halved again when memory runs out.
const SMALLEST: usize = 1 << 12;
/// Photons of a run, on average, from which records are sorted instead of photons.
const LONG_RUN: u32 = 8;

/// What is folded.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    pub batch: &'a PhotonBatch,
    pub grid: &'a GridConfig,
    pub job: &'a Job,
    pub way: Way,
}

/// Partials of some photons; batches that are too large for the device's memory are halved.
pub fn fold<M: Machine>(
    (gpu, cpu): (&Gpu<M>, &Cpu),
    work: Work,
    photons: Range<usize>,
    times: &mut StageTimes,
) -> Result<Partials> {
    let limits = Limits {
        most: most_photons(gpu.machine.memory(), work.job).0,
        smallest: SMALLEST,
    };
    let release = || gpu.release();
    halved(photons, limits, work.job, &release, &mut |photons| {
        fold_at_once((gpu, cpu), work, photons, times)
    })
}

/// Photons that fit some bytes of memory where every photon is a run of its own, and the bytes that each takes.
pub fn most_photons(memory: u64, job: &Job) -> (usize, u64) {
    // Positions, cells, keys and their sorted copies, pieces, ranks.
    const ALWAYS: u64 = 16 + 8 + 4 + 16 + 12 + 4;
    let of_column = |column: &JobColumn| {
        let value = if column.column_type == ColumnType::F32 {
            4
        } else {
            8
        };
        let passes = if column.needs.moments && column.needs.terms {
            2
        } else {
            1
        };
        let keys = if column.needs.ordered { value } else { 0 };
        value + keys + 2 * passes * 4 * u64::from(ROW_WORDS)
    };
    let bytes = ALWAYS + job.columns.iter().map(of_column).sum::<u64>();
    let photons = ((memory / bytes) as usize).clamp(SMALLEST, BATCH);
    (photons, bytes)
}

fn fold_at_once<M: Machine>(
    (gpu, cpu): (&Gpu<M>, &Cpu),
    work: Work,
    photons: Range<usize>,
    times: &mut StageTimes,
) -> Result<Partials> {
    let batch = if photons.len() == work.batch.len() {
        Cow::Borrowed(work.batch)
    } else {
        Cow::Owned(part_of_batch(work.batch, photons))
    };
    let (device, host) = shares(work.job);
    if device.places.is_empty() {
        return Ok(cpu.fold(&batch, work.grid, work.job, times)?);
    }
    // Before anything crosses the wire.
    authalic(work.grid)?;
    let in_runs = match work.way {
        Way::Stages => false,
        Way::Runs => !device.ordered(),
        Way::Sampled => !device.ordered() && times.locate.time(|| runs::lie(&batch, work.grid)),
    };
    let (sides, mut there) = ((&device, &host), None);
    if in_runs {
        match fold_runs::fold_batch((gpu, cpu), work, &batch, sides, times)? {
            Outcome::Folded(partials) => return Ok(partials),
            Outcome::NoRoom(already) => there = Some(already),
        }
    }
    fold_stages((gpu, cpu), (&batch, work.grid), sides, there, times)
}

/// A batch by keys, sort, segment and reduce; `there`: what the device has of it, and the host has done.
fn fold_stages<M: Machine>(
    (gpu, cpu): (&Gpu<M>, &Cpu),
    (batch, grid): (&PhotonBatch, &GridConfig),
    (device, host): (&Share, &Share),
    there: Option<There>,
    times: &mut StageTimes,
) -> Result<Partials> {
    let n = batch.len() as u32;
    let (positions, columns, done_by_host) = match there {
        Some(there) => (there.positions, there.columns, Some(there.host_partials)),
        None => (upload_positions(gpu, batch, times)?, Vec::new(), None),
    };
    let places = (&positions.0, &positions.1);
    let cells = times.locate.time(|| stages::locate(gpu, places, n, grid))?;
    drop(positions);
    let mut columns = columns.into_iter();
    // The first column crosses the wire while the device locates.
    let mut first = match columns.next() {
        Some(column) => Some(column),
        None => Some(upload(gpu, batch, device.places[0], times)?),
    };
    let (keys, table) = times.locate.time(|| stages::keys(gpu, &cells, n, grid))?;
    drop(cells);
    let ordered = device.ordered();
    let arranged = times.fused.time(|| arrange(gpu, &keys, n, ordered))?;
    // The columns may have its memory.
    drop(keys);
    if arranged.in_runs() {
        times.batches.runs += 1;
    } else {
        times.batches.sorted += 1;
    }
    let mut parts = Vec::with_capacity(device.places.len());
    for (&place, described) in device.places.iter().zip(&device.job.columns) {
        let column = match first.take().or_else(|| columns.next()) {
            Some(column) => column,
            None => upload(gpu, batch, place, times)?,
        };
        parts.push(
            times
                .fused
                .time(|| reduce(gpu, arranged.view(), &column, described))?,
        );
    }
    // The host's columns are folded while the device works.
    let host_partials = match done_by_host {
        Some(partials) => partials,
        None => times.fused.time(|| fold_host(cpu, batch, grid, host))?,
    };
    times.fused.time(|| {
        let found = parts
            .into_iter()
            .map(|part| part.download(gpu, arranged.view()));
        let found = found.collect::<Result<Vec<_>>>()?;
        join((device, host), &found, (&table, n), host_partials)
    })
}

/// Longitudes and latitudes.
pub fn upload_positions<M: Machine>(
    gpu: &Gpu<M>,
    batch: &PhotonBatch,
    times: &mut StageTimes,
) -> Result<(Lease, Lease)> {
    let both = || {
        Ok((
            gpu.upload_values(&batch.lon)?,
            gpu.upload_values(&batch.lat)?,
        ))
    };
    times.upload.time(both)
}

pub fn upload<M: Machine>(
    gpu: &Gpu<M>,
    batch: &PhotonBatch,
    place: usize,
    times: &mut StageTimes,
) -> Result<DeviceColumn> {
    let column = &batch.columns[place];
    times.upload.time(|| stages::upload_column(gpu, column))
}

/// Photons, or the records of their runs, in the order of cells.
#[derive(Debug)]
pub struct Arranged {
    photons: u32,
    /// Photons in the order of keys, where they are not already.
    order: Option<Lease>,
    pieces: Pieces,
    /// The records of `pieces` in the order of keys, and the pieces of those.
    records: Option<(SortedKeys, Pieces)>,
}

/// Order statistics need photons in the order of cells; else whatever is fewer is sorted.
pub fn arrange<M: Machine>(gpu: &Gpu<M>, keys: &Lease, n: u32, ordered: bool) -> Result<Arranged> {
    let survey = stages::survey(gpu, keys, n)?;
    let photons = n;
    if !survey.descends {
        let pieces = stages::segment(gpu, keys, n, &survey)?;
        return Ok(Arranged {
            photons,
            order: None,
            pieces,
            records: None,
        });
    }
    if !ordered && n / survey.pieces >= LONG_RUN {
        let pieces = stages::segment(gpu, keys, n, &survey)?;
        let of_heads = stages::survey(gpu, &pieces.heads, pieces.count)?;
        let sorted = stages::sort(gpu, &pieces.heads, pieces.count, &of_heads)?;
        // Keys that descend have heads that do.
        let sorted = sorted.ok_or_else(|| Fault::Wrong("runs lost their order".to_owned()))?;
        let again = stages::survey(gpu, &sorted.keys, pieces.count)?;
        let joined = stages::segment(gpu, &sorted.keys, pieces.count, &again)?;
        return Ok(Arranged {
            photons,
            order: None,
            pieces,
            records: Some((sorted, joined)),
        });
    }
    let sorted = stages::sort(gpu, keys, n, &survey)?;
    let SortedKeys { keys, items } =
        sorted.ok_or_else(|| Fault::Wrong("keys lost their order".to_owned()))?;
    let survey = stages::survey(gpu, &keys, n)?;
    Ok(Arranged {
        photons,
        pieces: stages::segment(gpu, &keys, n, &survey)?,
        order: Some(items),
        records: None,
    })
}

/// As [`Arranged`], of what someone else keeps.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub photons: u32,
    pub order: Option<&'a Lease>,
    pub pieces: &'a Pieces,
    pub records: Option<&'a (SortedKeys, Pieces)>,
}

impl Arranged {
    /// Whether runs are folded where they stand.
    pub fn in_runs(&self) -> bool {
        self.records.is_some() || self.order.is_none()
    }

    pub fn view(&self) -> View<'_> {
        View {
            photons: self.photons,
            order: self.order.as_ref(),
            pieces: &self.pieces,
            records: self.records.as_ref(),
        }
    }
}

/// What the device has of one column before it is read back.
#[derive(Debug)]
pub struct Part {
    moments: Option<Lease>,
    terms: Option<Lease>,
    values: Option<(Lease, ColumnType)>,
}

pub fn reduce<M: Machine>(
    gpu: &Gpu<M>,
    arranged: View,
    column: &DeviceColumn,
    described: &JobColumn,
) -> Result<Part> {
    let order = arranged.order;
    let rows = |sums| -> Result<Lease> {
        let of_photons = (arranged.pieces, order);
        let rows = stages::reduce(gpu, of_photons, column, described, sums)?;
        match arranged.records {
            None => Ok(rows),
            Some((sorted, pieces)) => {
                stages::reduce_records(gpu, pieces, &sorted.items, &rows, sums)
            }
        }
    };
    let needs = &described.needs;
    Ok(Part {
        // Counts and the range come with either.
        moments: if needs.moments || !needs.terms {
            Some(rows(Sums::Moments)?)
        } else {
            None
        },
        terms: if needs.terms {
            Some(rows(Sums::Terms)?)
        } else {
            None
        },
        values: if needs.ordered {
            let items = (arranged.photons, order);
            let column_type = described.column_type;
            Some((
                stages::values(gpu, items, column, column_type)?,
                column_type,
            ))
        } else {
            None
        },
    })
}

impl Part {
    /// Reads back what the device found.
    pub fn download<M: Machine>(self, gpu: &Gpu<M>, arranged: View) -> Result<ColumnRows> {
        let pieces = arranged.records.map_or(arranged.pieces, |r| &r.1);
        let rows = |lease: Option<Lease>| {
            let words =
                lease.map(|lease| gpu.download::<u32>(&lease, 0, stages::row_words(pieces)));
            words.transpose()
        };
        let n = u64::from(arranged.photons);
        Ok(ColumnRows {
            moments: rows(self.moments)?,
            terms: rows(self.terms)?,
            values: match self.values {
                None => None,
                Some((keys, ColumnType::F32)) => {
                    Some(ValueKeys::Narrow(gpu.download(&keys, 0, n)?))
                }
                Some((keys, _)) => Some(ValueKeys::Wide(gpu.download(&keys, 0, n)?)),
            },
        })
    }
}
