//! One batch as runs on one device: pieces are found where photons stand, every column is read once and added
//! up in the rows of their cells, and the rows come back. No keys, no sort, one wait.
//!
//! ```text
//!   positions -> pieces, cells --> rows <-- columns, as they arrive     --one wait--> partials
//! ```
//!
//! Where the pieces or the cells are too many the rows are not read, and `fold.rs` folds the batch, from what is on
//! the device already.

use crate::backend::cpu::Cpu;
use crate::backend::gpu::{Share, assemble};
use crate::backend::{KeyTable, StageTimes};
use crate::photon::PhotonBatch;
use crate::stat::{ColumnPartials, JobColumn, Partials};

use super::fold::{Work, upload, upload_positions};
use super::machine::{Fault, Machine, Result, Step};
use super::memory::{Gpu, Lease};
use super::runs::{Places, Rows, Runs, Settled};
use super::sides::fold_host;
use super::stages::{DeviceColumn, Sums};
use super::sums;

/// Which passes over a column there are, by number: for moments, for terms, or both.
#[derive(Debug, Clone, Copy)]
struct Passes {
    moments: Option<u32>,
    terms: Option<u32>,
}

/// The passes of every column that the device folds, and how many there are.
fn passes(columns: &[JobColumn]) -> (Vec<Passes>, u32) {
    let mut count = 0;
    let mut next = |wanted: bool| {
        wanted.then(|| {
            count += 1;
            count - 1
        })
    };
    let of_column = |column: &JobColumn| Passes {
        // Counts and the range come with either.
        moments: next(column.needs.moments || !column.needs.terms),
        terms: next(column.needs.terms),
    };
    let all = columns.iter().map(of_column).collect();
    (all, count)
}

/// Runs whose columns are being added up.
#[derive(Debug)]
pub struct Begun {
    runs: Runs,
    passes: Vec<Passes>,
}

/// Runs that were folded.
#[derive(Debug)]
pub struct FoldedRuns {
    runs: Runs,
    settled: Settled,
}

/// Finds the runs of photons, for the columns that the device folds. Does not wait.
fn begin<M: Machine>(gpu: &Gpu<M>, (places, n): (Places, u32), device: &Share) -> Result<Begun> {
    let (passes, count) = passes(&device.job.columns);
    let runs = Runs::new(gpu, n, count)?;
    gpu.run(&runs.find(places)?)?;
    Ok(Begun { runs, passes })
}

/// The steps that add a column up.
fn add<'a>(
    runs: &'a Runs,
    Passes { moments, terms }: Passes,
    column: &'a DeviceColumn,
    described: &JobColumn,
) -> Result<Vec<Step<'a>>> {
    let both = [(moments, Sums::Moments), (terms, Sums::Terms)];
    let asked_for = both
        .into_iter()
        .filter_map(|(pass, sums)| Some((pass?, sums)));
    asked_for
        .map(|(pass, sums)| runs.fold(pass, column, described, sums))
        .collect()
}

/// Folds columns that are on the device, as many as it folds; everything is handed over together. Waits for how many
/// cells there are; `None` where there was no room.
pub fn fold_there<M: Machine>(
    gpu: &Gpu<M>,
    (places, n): (Places, u32),
    device: &Share,
    columns: &[&DeviceColumn],
) -> Result<Option<FoldedRuns>> {
    let (passes, count) = passes(&device.job.columns);
    let runs = Runs::new(gpu, n, count)?;
    let mut steps = runs.find(places)?;
    for ((&passes, &column), described) in passes.iter().zip(columns).zip(&device.job.columns) {
        steps.extend(add(&runs, passes, column, described)?);
    }
    steps.extend(runs.write_back(false));
    gpu.run(&steps)?;
    drop(steps);
    let settled = runs.settle(gpu, false)?;
    Ok(settled.map(|settled| FoldedRuns { runs, settled }))
}

impl Begun {
    /// Adds up a column, the `i`-th of those that the device folds. Does not wait.
    fn add<M: Machine>(
        &self,
        gpu: &Gpu<M>,
        i: usize,
        column: &DeviceColumn,
        described: &JobColumn,
    ) -> Result<()> {
        gpu.run(&add(&self.runs, self.passes[i], column, described)?)
    }

    /// Waits; `None` where there was no room.
    fn end<M: Machine>(self, gpu: &Gpu<M>) -> Result<Option<FoldedRuns>> {
        let runs = self.runs;
        gpu.run(runs.write_back(true).as_slice())?;
        let settled = runs.settle(gpu, true)?;
        Ok(settled.map(|settled| FoldedRuns { runs, settled }))
    }
}

/// The cells that rows may be of.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// Ids below this.
    Cells(u64),
    Keys(&'a KeyTable),
}

impl Known<'_> {
    fn holds(self, cell: u64) -> bool {
        match self {
            Self::Cells(cells) => cell < cells,
            Self::Keys(table) => u32::try_from(cell).is_ok_and(|key| table.holds(key)),
        }
    }

    fn cell(self, found: u64) -> u64 {
        match self {
            Self::Cells(_) => found,
            Self::Keys(table) => table.cell(found as u32),
        }
    }
}

impl FoldedRuns {
    /// The rows as partials, joined with those of the host.
    pub fn read<M: Machine>(
        self,
        gpu: &Gpu<M>,
        (device, host): (&Share, &Share),
        (known, photons): (Known, u32),
        host_partials: Option<Partials>,
    ) -> Result<Partials> {
        let (all, _) = passes(&device.job.columns);
        let Settled { cells, rows } = self.settled;
        let Rows { cells, passes } = match rows {
            Some(rows) => rows,
            None => self.runs.read(gpu, cells)?,
        };
        let mut order: Vec<usize> = (0..cells.len()).collect();
        order.sort_unstable_by_key(|&i| cells[i]);
        let holds = |cell| known.holds(cell);
        let mut each = passes.iter();
        let wrong = each.find_map(|rows| sums::wrong((&cells, &order), rows, photons, holds));
        if let Some(wrong) = wrong {
            return Err(Fault::Wrong(wrong));
        }
        let of = |pass: Option<u32>| pass.map(|pass| passes[pass as usize].as_slice());
        let described = device.job.columns.iter();
        let columns: Vec<ColumnPartials> = all
            .iter()
            .zip(described)
            .map(|(column, described)| {
                sums::column(of(column.moments), of(column.terms), &order, described)
            })
            .collect();
        let ids = order.iter().map(|&i| known.cell(cells[i])).collect();
        let photons = sums::photons(&passes[0], &order);
        assemble((device, host), (ids, photons), columns, host_partials)
    }
}

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    Folded(Partials),
    /// There was no room for its runs; what is on the device, and what the host folded.
    NoRoom(There),
}

/// A batch that is on a device, and the host's part of its fold, which is done.
#[derive(Debug)]
pub struct There {
    pub positions: (Lease, Lease),
    /// Those that the device folds.
    pub columns: Vec<DeviceColumn>,
    pub host_partials: Option<Partials>,
}

/// A batch whose photons lie in runs.
pub fn fold_batch<M: Machine>(
    (gpu, cpu): (&Gpu<M>, &Cpu),
    work: Work,
    batch: &PhotonBatch,
    (device, host): (&Share, &Share),
    times: &mut StageTimes,
) -> Result<Outcome> {
    let (n, grid) = (batch.len() as u32, work.grid);
    let positions = upload_positions(gpu, batch, times)?;
    let (lon, lat) = (&positions.0, &positions.1);
    let places = Places::Positions { lon, lat, grid };
    let begun = times.fused.time(|| begin(gpu, (places, n), device))?;
    let mut columns = Vec::with_capacity(device.places.len());
    for (i, (&place, described)) in device.places.iter().zip(&device.job.columns).enumerate() {
        let column = upload(gpu, batch, place, times)?;
        times.fused.time(|| begun.add(gpu, i, &column, described))?;
        columns.push(column);
    }
    // The host's columns are folded while the device works.
    let host_partials = times.fused.time(|| fold_host(cpu, batch, grid, host))?;
    let Some(folded) = times.fused.time(|| begun.end(gpu))? else {
        return Ok(Outcome::NoRoom(There {
            positions,
            columns,
            host_partials,
        }));
    };
    times.batches.runs += 1;
    times.batches.standing += 1;
    let known = Known::Cells(grid.cells());
    let partials = times
        .fused
        .time(|| folded.read(gpu, (device, host), (known, n), host_partials))?;
    Ok(Outcome::Folded(partials))
}
