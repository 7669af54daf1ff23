//! Runs as launches: pieces of runs, the rows of their cells, and what columns add up to in them. Twins:
//! `kernels/runs.cu` and `kernels/fold.cu`; `fold_runs.rs` says in which order.
//!
//! ```text
//!   positions, or keys --> pieces, cells --> a row a cell --column by column--> rows
//! ```
//!
//! The host knows how many pieces and cells there are only when it reads the rows: room is made for as many
//! as there may be, kernels look at the counts themselves, and where the room was too small nothing is read.
//! Counts and rows come back together in memory of the host that the last kernel writes to, so there is one wait and
//! no copy; rows for which that is too small are copied.

use crate::backend::gpu::tile::{FLAG_NULLS, FLAG_VALUES};
use crate::config::GridConfig;
use crate::photon::{ColumnType, PhotonBatch};
use crate::stat::JobColumn;

use super::grids::authalic;
use super::kernels::Argument::Word;
use super::kernels::{Argument, Kernel};
use super::machine::{Fault, Machine, Result, Step};
use super::memory::{Gpu, Lease, MappedLease, filled};
use super::stages::{DeviceColumn, Sums, flag};
use super::sums::Row;
use super::tile::{FLAG_SUMS, FOLD_WORDS, WORKGROUP, tiles};
use super::way::Results;

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
/// Blocks that write rows to the host, at most: a few of them fill the wire.
const BLOCKS_BACK: u32 = 64;
/// Bytes that the kernels move at once.
const QUAD: u64 = 16;
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
    photons: u32,
    passes: u32,
    room: Room,
    pieces: Lease,
    slots: Lease,
    ranks: Lease,
    counts: Lease,
    cells: Lease,
    rows: Lease,
    /// Where counts and rows come back; `None` where they are copied.
    back: Option<MappedLease>,
}

/// What is known once the device is done.
#[derive(Debug)]
pub struct Settled {
    pub cells: u32,
    /// Where they came back already.
    pub rows: Option<Rows>,
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

/// Pieces, those without room too; cells without a slot; rows; and one free.
const COUNTS: u64 = 4;

impl Runs {
    /// Room for the runs of so many photons, with a row for each cell in so many passes.
    pub fn new<M: Machine>(gpu: &Gpu<M>, photons: u32, passes: u32) -> Result<Self> {
        let room = Room::of(photons);
        Ok(Self {
            photons,
            passes,
            room,
            // Four words each.
            pieces: gpu.scratch::<[u32; 4]>(room.pieces.into())?,
            slots: gpu.scratch::<u64>(room.slots.into())?,
            ranks: gpu.scratch::<u32>(room.slots.into())?,
            counts: gpu.scratch::<u32>(COUNTS)?,
            cells: gpu.scratch::<u64>(room.rows.into())?,
            rows: gpu.scratch::<u64>(u64::from(passes) * room.row_words())?,
            back: match gpu.results {
                Results::Mapped => Some(gpu.mapped()?),
                Results::Copied => None,
            },
        })
    }

    /// Finds the runs of photons, and a row for each of their cells.
    pub fn find<'a>(&'a self, places: Places<'a>) -> Result<Vec<Step<'a>>> {
        let (room, n) = (self.room, self.photons);
        let found = [
            Word(room.pieces),
            self.pieces.at(),
            Word(room.slots - 1),
            self.slots.at(),
            self.counts.at(),
        ];
        let (kernel, of): (_, Vec<Argument>) = match places {
            Places::Keys(keys) => (Kernel::RunsKeys, vec![Word(n), keys.at()]),
            Places::Positions { lon, lat, grid } => {
                let authalic = authalic(grid)?;
                let order = u32::from(grid.cell_order.get());
                let of = vec![Word(n), Word(order), Word(authalic), lon.at(), lat.at()];
                (Kernel::Runs, of)
            }
        };
        let cells = vec![
            Word(room.slots),
            self.slots.at(),
            self.ranks.at(),
            Word(room.rows),
            Word(self.passes),
            self.cells.at(),
            self.rows.at(),
            self.counts.at(),
        ];
        Ok(vec![
            filled::<u64>(&self.slots, room.slots.into(), 0xff)?,
            filled::<u32>(&self.counts, COUNTS, 0)?,
            Step::Launch {
                kernel,
                // A warp for every tile of photons.
                blocks: tiles(n).div_ceil(WORKGROUP / WARP),
                arguments: [&of[..], &found].concat(),
            },
            Step::Launch {
                kernel: Kernel::RunsCells,
                blocks: room.slots.div_ceil(WORKGROUP),
                arguments: cells,
            },
        ])
    }

    /// Adds a column up in the rows of a pass.
    pub fn fold<'a>(
        &'a self,
        pass: u32,
        column: &'a DeviceColumn,
        described: &JobColumn,
        sums: Sums,
    ) -> Result<Step<'a>> {
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
        let blocks = self.room.pieces.div_ceil(warps).min(BLOCKS);
        // What stands in place of nulls is not read.
        let arguments = vec![
            self.counts.at(),
            Word(self.room.pieces),
            self.pieces.at(),
            self.ranks.at(),
            Word(blocks * warps),
            Word(flags),
            Word(described.resolution.exponent() as u32),
            column.values.at(),
            column.valid.as_ref().unwrap_or(&self.counts).at(),
            self.rows
                .from(u64::from(pass) * self.room.row_words() * 8)?,
        ];
        Ok(Step::Launch {
            kernel,
            blocks,
            arguments,
        })
    }

    /// Writes to the host what it has to know: the counts, and the rows where they are wanted there and have room.
    pub fn write_back(&self, rows: bool) -> Option<Step<'_>> {
        let back = self.back.as_ref()?;
        let (blocks, quads) = if rows {
            (BLOCKS_BACK, back.bytes() / QUAD)
        } else {
            (1, 1)
        };
        Some(Step::Launch {
            kernel: Kernel::RunsRows,
            blocks,
            arguments: vec![
                Word(self.room.pieces),
                Word(self.room.rows),
                Word(self.passes),
                Word(blocks * WORKGROUP),
                Word(quads as u32),
                self.counts.at(),
                self.cells.at(),
                self.rows.at(),
                back.at(),
            ],
        })
    }

    /// Waits, and tells how many cells there are; `None` where there was no room for all runs or cells. `rows`: as
    /// `write_back` was told.
    pub fn settle<M: Machine>(&self, gpu: &Gpu<M>, rows: bool) -> Result<Option<Settled>> {
        let counts = match &self.back {
            None => gpu.download::<u32>(&self.counts, 0, COUNTS)?,
            Some(back) => {
                gpu.wait()?;
                gpu.look::<u32>(back, 0, COUNTS)?
            }
        };
        if counts[0] > self.room.pieces || counts[1] > 0 {
            return Ok(None);
        }
        let cells = counts[2];
        if cells > self.room.rows {
            let what = "there are more cells than runs".to_owned();
            return Err(Fault::Wrong(what));
        }
        let rows = match &self.back {
            Some(back) if rows => self.look(gpu, back, cells)?,
            _ => None,
        };
        Ok(Some(Settled { cells, rows }))
    }

    /// So many rows of each pass, where `runs_rows` has written them: behind the counts the cells, in whole quads,
    /// then the passes.
    fn look<M: Machine>(
        &self,
        gpu: &Gpu<M>,
        back: &MappedLease,
        cells: u32,
    ) -> Result<Option<Rows>> {
        let (rows, words) = (u64::from(cells), u64::from(FOLD_WORDS));
        let first = QUAD + rows.div_ceil(2) * QUAD;
        if first + u64::from(self.passes) * rows * words * 8 > back.bytes() {
            return Ok(None);
        }
        let of_pass = |pass: u32| {
            let first = first + u64::from(pass) * rows * words * 8;
            let words = gpu.look::<u64>(back, first, rows * words)?;
            Ok(words.as_chunks().0.to_vec())
        };
        Ok(Some(Rows {
            cells: gpu.look(back, QUAD, rows)?,
            passes: (0..self.passes).map(of_pass).collect::<Result<_>>()?,
        }))
    }

    /// So many rows of each pass, copied.
    pub fn read<M: Machine>(&self, gpu: &Gpu<M>, rows: u32) -> Result<Rows> {
        let of_pass = |pass: u32| {
            let first = u64::from(pass) * self.room.row_words();
            let words =
                gpu.download::<u64>(&self.rows, first, u64::from(rows) * u64::from(FOLD_WORDS))?;
            Ok(words.as_chunks().0.to_vec())
        };
        Ok(Rows {
            cells: gpu.download(&self.cells, 0, rows.into())?,
            passes: (0..self.passes).map(of_pass).collect::<Result<_>>()?,
        })
    }
}
