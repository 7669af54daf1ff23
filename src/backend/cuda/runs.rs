//! Runs as launches: pieces of runs, the rows of their cells, and what columns add up to in them. Twins:
//! `kernels/runs.cu` and `kernels/fold.cu`; `fold_runs.rs` says in which order.
//!
//! ```text
//!   positions, or keys --> pieces, cells --> a row a cell --column by column--> rows
//! ```
//!
//! The host knows how many pieces and cells there are only when it reads the rows: room is made for as many
//! as there may be, kernels look at the counts themselves, and where the room was too small nothing is read.

use crate::backend::tile::{FLAG_NULLS, FLAG_VALUES};
use crate::config::GridConfig;
use crate::grid::Latitude;
use crate::photon::{ColumnType, PhotonBatch};
use crate::stat::JobColumn;

use super::kernels::Argument::{Address, Word};
use super::kernels::Kernel;
use super::machine::{Fault, Machine, Result};
use super::memory::{Gpu, Lease};
use super::stages::{DeviceColumn, Sums, flag};
use super::sums::Row;
use super::tile::{FLAG_SUMS, FOLD_WORDS, WORKGROUP, tiles};

/// Photons of a run, on average, for which there is room.
const ROOM: u32 = 16;
/// Pieces for which there is room however few photons there are.
const FEW_PIECES: u32 = 64;
/// Slots of the table of cells.
const SLOTS: [u32; 2] = [1 << 10, 1 << 20];
/// Threads of a warp.
const WARP: u32 = 32;
/// Blocks that fold pieces, at most: several for each multiprocessor of any device.
const BLOCKS: u32 = 1024;
/// Windows of a batch that are looked at, photons of one, and how long their runs have to be on average.
/// A window cuts the runs at its ends, so that runs of twice the length and more pass.
const WINDOWS: usize = 32;
const WINDOW: usize = 32;
const LONG: usize = 10;

/// What there is room for.
#[derive(Debug, Clone, Copy)]
struct Room {
    pieces: u32,
    slots: u32,
    rows: u32,
}

impl Room {
    fn of(photons: u32) -> Self {
        // Runs are cut at tiles.
        let pieces = photons / ROOM + tiles(photons) + FEW_PIECES;
        let [fewest, most] = SLOTS;
        let slots = (2 * pieces).next_power_of_two().clamp(fewest, most);
        Self {
            pieces,
            slots,
            rows: pieces.min(slots),
        }
    }

    fn row_words(self) -> u64 {
        u64::from(self.rows) * u64::from(FOLD_WORDS)
    }
}

/// Where photons are.
#[derive(Debug, Clone, Copy)]
pub enum Places<'a> {
    Positions {
        lon: &'a Lease,
        lat: &'a Lease,
        grid: &'a GridConfig,
    },
    /// Dense keys.
    Keys(&'a Lease),
}

/// Pieces and the rows of their cells, on the device.
#[derive(Debug)]
pub struct Runs {
    room: Room,
    pieces: Lease,
    ranks: Lease,
    counts: Lease,
    cells: Lease,
    rows: Lease,
}

/// What comes back: a row for every cell, in no order, of each pass.
#[derive(Debug)]
pub struct Rows {
    /// Ids, or the dense keys that stand for them.
    pub cells: Vec<u64>,
    pub passes: Vec<Vec<Row>>,
}

/// Whether photons of a batch lie in runs that are worth it to be folded where they stand.
pub fn lie(batch: &PhotonBatch, grid: &GridConfig) -> bool {
    let locator = grid.locator();
    let stride = (batch.len() / WINDOWS).max(WINDOW);
    let (mut photons, mut runs) = (0, 0);
    let mut cells = [0; WINDOW];
    for start in (0..batch.len()).step_by(stride) {
        let window = start..(start + WINDOW).min(batch.len());
        let cells = &mut cells[..window.len()];
        locator.cells(&batch.lon[window.clone()], &batch.lat[window], cells);
        photons += cells.len();
        runs += 1 + cells.windows(2).filter(|pair| pair[0] != pair[1]).count();
    }
    photons >= LONG * runs
}

/// Finds the runs of photons, with a row for each cell in so many passes. Does not wait.
pub fn find<M: Machine>(gpu: &Gpu<M>, places: Places, n: u32, passes: u32) -> Result<Runs> {
    let room = Room::of(n);
    let slots = gpu.scratch::<u64>(room.slots.into())?;
    let runs = Runs {
        room,
        // Four words each.
        pieces: gpu.scratch::<[u32; 4]>(room.pieces.into())?,
        ranks: gpu.scratch::<u32>(room.slots.into())?,
        counts: gpu.scratch::<u32>(COUNTS)?,
        cells: gpu.scratch::<u64>(room.rows.into())?,
        rows: gpu.scratch::<u64>(u64::from(passes) * room.row_words())?,
    };
    gpu.fill::<u64>(&slots, room.slots.into(), 0xff)?;
    gpu.fill::<u32>(&runs.counts, COUNTS, 0)?;
    let found = [
        Word(room.pieces),
        runs.pieces.at(),
        Word(room.slots - 1),
        slots.at(),
        runs.counts.at(),
    ];
    // A warp for every tile of photons.
    let blocks = tiles(n).div_ceil(WORKGROUP / WARP);
    match places {
        Places::Keys(keys) => {
            let arguments = [&[Word(n), keys.at()], &found[..]].concat();
            gpu.launch(Kernel::RunsKeys, blocks, &arguments)?;
        }
        Places::Positions { lon, lat, grid } => {
            let authalic = u32::from(grid.kind.healpix() == Some(Latitude::AuthalicWgs84));
            let order = u32::from(grid.cell_order.get());
            let of = [Word(n), Word(order), Word(authalic), lon.at(), lat.at()];
            gpu.launch(Kernel::Runs, blocks, &[&of[..], &found].concat())?;
        }
    }
    let arguments = [
        Word(room.slots),
        slots.at(),
        runs.ranks.at(),
        Word(room.rows),
        Word(passes),
        runs.cells.at(),
        runs.rows.at(),
        runs.counts.at(),
    ];
    let blocks = room.slots.div_ceil(WORKGROUP);
    gpu.launch(Kernel::RunsCells, blocks, &arguments)?;
    Ok(runs)
}

/// Pieces, those without room too; cells without a slot; rows; and one free.
const COUNTS: u64 = 4;

/// Adds a column up in the rows of a pass. Does not wait.
pub fn fold<M: Machine>(
    gpu: &Gpu<M>,
    (runs, pass): (&Runs, u32),
    column: &DeviceColumn,
    described: &JobColumn,
    sums: Sums,
) -> Result<()> {
    let needs = &described.needs;
    let (kernel, summed) = match (sums, described.column_type) {
        (Sums::Moments, ColumnType::F32) => (Kernel::Fold, needs.moments),
        (Sums::Moments, ColumnType::F64) => (Kernel::FoldF64, needs.moments),
        (Sums::Moments, ColumnType::I64) => (Kernel::FoldI64, needs.moments),
        (Sums::Terms, _) => (Kernel::FoldTerms, needs.terms),
    };
    let flags = flag(FLAG_NULLS, column.valid.is_some())
        | flag(FLAG_VALUES, needs.values())
        | flag(FLAG_SUMS, summed);
    let warps = WORKGROUP / WARP;
    let blocks = runs.room.pieces.div_ceil(warps).min(BLOCKS);
    let rows = runs.rows.address + u64::from(pass) * runs.room.row_words() * 8;
    // What stands in place of nulls is not read.
    let arguments = [
        runs.counts.at(),
        Word(runs.room.pieces),
        runs.pieces.at(),
        runs.ranks.at(),
        Word(blocks * warps),
        Word(flags),
        Word(described.resolution.exponent() as u32),
        column.values.at(),
        column.valid.as_ref().unwrap_or(&runs.counts).at(),
        Address(rows),
    ];
    gpu.launch(kernel, blocks, &arguments)
}

impl Runs {
    /// Waits, and tells how many cells there are; `None` where there was no room for all runs or cells.
    pub fn count<M: Machine>(&self, gpu: &Gpu<M>) -> Result<Option<u32>> {
        let found = gpu.download::<u32>(&self.counts, 0, COUNTS)?;
        if found[0] > self.room.pieces || found[1] > 0 {
            return Ok(None);
        }
        if found[2] > self.room.rows {
            let what = "there are more cells than runs".to_owned();
            return Err(Fault::Wrong(what));
        }
        Ok(Some(found[2]))
    }

    /// So many rows of each pass.
    pub fn read<M: Machine>(&self, gpu: &Gpu<M>, (rows, passes): (u32, u32)) -> Result<Rows> {
        let of_pass = |pass: u32| {
            let first = u64::from(pass) * self.room.row_words();
            let words =
                gpu.download::<u64>(&self.rows, first, u64::from(rows) * u64::from(FOLD_WORDS))?;
            Ok(words.as_chunks().0.to_vec())
        };
        Ok(Rows {
            cells: gpu.download(&self.cells, 0, rows.into())?,
            passes: (0..passes).map(of_pass).collect::<Result<_>>()?,
        })
    }
}
