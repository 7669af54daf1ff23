//! One batch as runs on one device: pieces are found where photons stand, every column is read once and added
//! up in the rows of their cells, and the rows come back. No keys, no sort, one wait.
//!
//! ```text
//!   positions -> pieces, cells --> rows <-- columns, as they arrive     --one wait--> partials
//! ```
//!
//! Where the pieces or the cells are too many the rows are not read, and `fold.rs` folds the batch.

use crate::backend::cpu::Cpu;
use crate::backend::share::Share;
use crate::backend::{KeyTable, StageTimes};
use crate::grid::Order;
use crate::photon::PhotonBatch;
use crate::stat::{ColumnPartials, JobColumn, Partials};

use super::fold::{Work, upload};
use super::machine::{Fault, Machine, Result};
use super::memory::Gpu;
use super::runs::{self, Places, Rows, Runs};
use super::sides::{assemble, fold_host};
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

/// Runs that were folded, on the device.
#[derive(Debug)]
pub struct FoldedRuns {
    runs: Runs,
    cells: u32,
}

/// Finds the runs of photons, for the columns that the device folds. Does not wait.
pub fn begin<M: Machine>(
    gpu: &Gpu<M>,
    (places, n): (Places, u32),
    device: &Share,
) -> Result<Begun> {
    let (passes, count) = passes(&device.job.columns);
    let runs = runs::find(gpu, places, n, count)?;
    Ok(Begun { runs, passes })
}

impl Begun {
    /// Adds up a column, the `i`-th of those that the device folds. Does not wait.
    pub fn add<M: Machine>(
        &self,
        gpu: &Gpu<M>,
        i: usize,
        column: &DeviceColumn,
        described: &JobColumn,
    ) -> Result<()> {
        let Passes { moments, terms } = self.passes[i];
        for (pass, sums) in [(moments, Sums::Moments), (terms, Sums::Terms)] {
            if let Some(pass) = pass {
                runs::fold(gpu, (&self.runs, pass), column, described, sums)?;
            }
        }
        Ok(())
    }

    /// Waits; `None` where there was no room.
    pub fn end<M: Machine>(self, gpu: &Gpu<M>) -> Result<Option<FoldedRuns>> {
        let cells = self.runs.count(gpu)?;
        let runs = self.runs;
        Ok(cells.map(|cells| FoldedRuns { runs, cells }))
    }
}

/// The cells that rows may be of.
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    Cells(Order),
    Keys(&'a KeyTable),
}

impl Known<'_> {
    fn holds(self, cell: u64) -> bool {
        match self {
            Self::Cells(order) => cell < order.cells(),
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
        let (all, count) = passes(&device.job.columns);
        let Rows { cells, passes } = self.runs.read(gpu, (self.cells, count))?;
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

/// A batch whose photons lie in runs; `None` where they do not.
pub fn fold_batch<M: Machine>(
    (gpu, cpu): (&Gpu<M>, &Cpu),
    work: Work,
    batch: &PhotonBatch,
    (device, host): (&Share, &Share),
    times: &mut StageTimes,
) -> Result<Option<Partials>> {
    let (n, grid) = (batch.len() as u32, work.grid);
    let positions = times
        .upload
        .time(|| -> Result<_> { Ok((gpu.upload(&batch.lon)?, gpu.upload(&batch.lat)?)) })?;
    let (lon, lat) = (&positions.0, &positions.1);
    let places = Places::Positions { lon, lat, grid };
    let begun = times.fused.time(|| begin(gpu, (places, n), device))?;
    for (i, (&place, described)) in device.places.iter().zip(&device.job.columns).enumerate() {
        let column = upload(gpu, batch, place, times)?;
        times.fused.time(|| begun.add(gpu, i, &column, described))?;
    }
    // The host's columns are folded while the device works.
    let host_partials = times.fused.time(|| fold_host(cpu, batch, grid, host))?;
    let folded = times.fused.time(|| begun.end(gpu))?;
    let Some(folded) = folded else {
        return Ok(None);
    };
    times.batches.runs += 1;
    let known = Known::Cells(grid.cell_order);
    let partials = times
        .fused
        .time(|| folded.read(gpu, (device, host), (known, n), host_partials))?;
    Ok(Some(partials))
}
