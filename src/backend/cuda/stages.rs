//! The stages as launches: what each kernel is given. Twins: `kernels/*.cu`.

use crate::backend::KeyTable;
use crate::backend::gpu::tile::{BINS, DIGIT_BITS, FLAG_NULLS, FLAG_ORDERED, FLAG_VALUES};
use crate::backend::gpu::valid_words;
use crate::config::GridConfig;
use crate::grid::Order;
use crate::photon::{Column, ColumnType, Values};
use crate::stat::JobColumn;

use super::grids::authalic;
use super::kernels::Argument::Word;
use super::kernels::Kernel;
use super::machine::{Fault, Machine, Result};
use super::memory::{Gpu, Lease};
use super::sweep;
use super::tile::{FLAG_SUMS, ROW_WORDS, WORKGROUP, tiles};
use super::way::Sorting;

/// Keys in ascending order, and the item that each belongs to.
#[derive(Debug)]
pub struct SortedKeys {
    pub keys: Lease,
    pub items: Lease,
}

/// What one look at keys tells.
#[derive(Debug)]
pub struct Survey {
    /// Pieces before each tile.
    tiles: Lease,
    pub pieces: u32,
    /// Some key is below the one before it.
    pub descends: bool,
    /// Bits in which keys differ.
    differing: u32,
}

/// Runs of equal keys inside tiles; `segment.cu` says what is in the buffers.
#[derive(Debug)]
pub struct Pieces {
    /// Keys that the pieces cover.
    pub items: u32,
    pub count: u32,
    pub starts: Lease,
    pub heads: Lease,
    pub ranks: Lease,
}

/// A column on the device: the bits of its values, and which are not null.
#[derive(Debug)]
pub struct DeviceColumn {
    pub values: Lease,
    pub valid: Option<Lease>,
}

/// Slots of the first table of distinct ancestors, and how far an ancestor may stand from its own.
const GROUP_SLOTS: u32 = 1 << 16;
const GROUP_PROBES: u32 = 128;
const NO_CELL: u64 = u64::MAX;

/// The cells of positions in degrees.
pub fn locate<M: Machine>(
    gpu: &Gpu<M>,
    (lon, lat): (&Lease, &Lease),
    n: u32,
    grid: &GridConfig,
) -> Result<Lease> {
    let authalic = authalic(grid)?;
    let cells = gpu.scratch::<u64>(n.into())?;
    let shift = 2 * u32::from(Order::MAX.get() - grid.cell_order.get());
    let arguments = [
        Word(n),
        Word(shift),
        Word(authalic),
        lon.at(),
        lat.at(),
        cells.at(),
    ];
    gpu.launch(Kernel::Locate, n.div_ceil(WORKGROUP), &arguments)?;
    Ok(cells)
}

/// The dense keys of cells, and their table.
pub fn keys<M: Machine>(
    gpu: &Gpu<M>,
    cells: &Lease,
    n: u32,
    grid: &GridConfig,
) -> Result<(Lease, KeyTable)> {
    let mut fault = None;
    let table = KeyTable::new(grid, |shift| {
        distinct_ancestors(gpu, cells, n, shift).unwrap_or_else(|why| {
            fault = Some(why);
            Vec::new()
        })
    });
    if let Some(why) = fault {
        return Err(why);
    }
    let groups = gpu.upload(table.groups())?;
    let keys = gpu.scratch::<u32>(n.into())?;
    let count = table.groups().len() as u32;
    let arguments = [
        Word(n),
        Word(table.shift()),
        cells.at(),
        groups.at(),
        Word(count),
        keys.at(),
    ];
    gpu.launch(Kernel::LocateKeys, n.div_ceil(WORKGROUP), &arguments)?;
    Ok((keys, table))
}

/// Ids shifted right, ascending, without repeats. Most batches lie in few ancestors; only where the
/// small table overflows is there one for any number of them.
fn distinct_ancestors<M: Machine>(
    gpu: &Gpu<M>,
    cells: &Lease,
    n: u32,
    shift: u32,
) -> Result<Vec<u64>> {
    let any_number = (2 * n).next_power_of_two().max(2);
    for (slots, probes) in [(GROUP_SLOTS, GROUP_PROBES), (any_number, any_number)] {
        let slots = slots.min(any_number);
        let table = gpu.scratch::<u64>(u64::from(slots) + 1)?;
        let lost = gpu.scratch::<u32>(1)?;
        gpu.fill::<u64>(&table, slots.into(), 0xff)?;
        gpu.fill::<u32>(&lost, 1, 0)?;
        let arguments = [
            Word(n),
            Word(shift),
            cells.at(),
            table.at(),
            Word(slots - 1),
            Word(probes.min(slots)),
            lost.at(),
        ];
        gpu.launch(Kernel::LocateGroups, n.div_ceil(WORKGROUP), &arguments)?;
        if gpu.download::<u32>(&lost, 0, 1)? == [0] {
            let mut groups = gpu.download::<u64>(&table, 0, slots.into())?;
            groups.retain(|&group| group != NO_CELL);
            groups.sort_unstable();
            return Ok(groups);
        }
    }
    Err(Fault::Wrong(
        "a table of twice the photons overflowed".to_owned(),
    ))
}

/// Replaces `n` counts by the sums of the counts before them. `sums` has room for an entry per tile
/// and the sum of all.
pub(super) fn scan<M: Machine>(gpu: &Gpu<M>, counts: &Lease, n: u32, sums: &Lease) -> Result<()> {
    let arguments = [Word(n), counts.at(), sums.at()];
    gpu.launch(Kernel::ScanReduce, tiles(n), &arguments)?;
    gpu.launch(Kernel::ScanSums, 1, &[Word(n), sums.at()])?;
    gpu.launch(Kernel::ScanApply, tiles(n), &arguments)
}

/// Looks at `n` keys, of which there is at least one. Waits.
pub fn survey<M: Machine>(gpu: &Gpu<M>, keys: &Lease, n: u32) -> Result<Survey> {
    let counts = gpu.scratch::<u32>(tiles(n).into())?;
    // The sum of all, then the facts.
    let total_at = u64::from(tiles(tiles(n)));
    let sums = gpu.scratch::<u32>(total_at + 3)?;
    gpu.fill::<u32>(&sums, total_at + 3, 0)?;
    let facts = sums.from(4 * (total_at + 1))?;
    let arguments = [Word(n), keys.at(), counts.at(), facts];
    gpu.launch(Kernel::SegmentCount, tiles(n), &arguments)?;
    scan(gpu, &counts, tiles(n), &sums)?;
    let found = gpu.download::<u32>(&sums, total_at, 3)?;
    Ok(Survey {
        tiles: counts,
        pieces: found[0],
        descends: found[1] != 0,
        differing: found[2],
    })
}

/// The runs of equal keys inside tiles, after a survey of the same keys.
pub fn segment<M: Machine>(gpu: &Gpu<M>, keys: &Lease, n: u32, survey: &Survey) -> Result<Pieces> {
    let pieces = Pieces {
        items: n,
        count: survey.pieces,
        starts: gpu.scratch::<u32>(survey.pieces.into())?,
        heads: gpu.scratch::<u32>(survey.pieces.into())?,
        ranks: gpu.scratch::<u32>(u64::from(tiles(n)) * u64::from(WORKGROUP))?,
    };
    let arguments = [
        Word(n),
        keys.at(),
        survey.tiles.at(),
        pieces.starts.at(),
        pieces.heads.at(),
        pieces.ranks.at(),
    ];
    gpu.launch(Kernel::Segment, tiles(n), &arguments)?;
    Ok(pieces)
}

/// Sorts `n` keys by the digits in which they differ; `None` where they do not descend.
pub fn sort<M: Machine>(
    gpu: &Gpu<M>,
    keys: &Lease,
    n: u32,
    survey: &Survey,
) -> Result<Option<SortedKeys>> {
    if !survey.descends {
        return Ok(None);
    }
    if gpu.sorting == Sorting::LookBack {
        return sweep::sort(gpu, keys, n, survey.differing);
    }
    let entries = tiles(n) * BINS;
    let counts = gpu.scratch::<u32>(entries.into())?;
    let sums = gpu.scratch::<u32>(u64::from(tiles(entries)) + 1)?;
    let pair = || -> Result<SortedKeys> {
        Ok(SortedKeys {
            keys: gpu.scratch::<u32>(n.into())?,
            items: gpu.scratch::<u32>(n.into())?,
        })
    };
    let (mut from, mut to): (Option<SortedKeys>, _) = (None, pair()?);
    for low in (0..u32::BITS).step_by(DIGIT_BITS as usize) {
        if survey.differing >> low & (BINS - 1) == 0 {
            continue;
        }
        // In the first pass item i is i, and what stands in place of items is not read.
        let (keys, items) = from.as_ref().map_or((keys, keys), |p| (&p.keys, &p.items));
        let first = u32::from(from.is_none());
        let arguments = [Word(n), Word(low), keys.at(), counts.at()];
        gpu.launch(Kernel::SortCount, tiles(n), &arguments)?;
        scan(gpu, &counts, entries, &sums)?;
        let arguments = [
            Word(n),
            Word(low),
            Word(first),
            keys.at(),
            items.at(),
            counts.at(),
            to.keys.at(),
            to.items.at(),
        ];
        gpu.launch(Kernel::Sort, tiles(n), &arguments)?;
        let next = from.take().map_or_else(pair, Ok)?;
        from = Some(std::mem::replace(&mut to, next));
    }
    Ok(from)
}

/// Puts a column on the device.
pub fn upload_column<M: Machine>(gpu: &Gpu<M>, column: &Column) -> Result<DeviceColumn> {
    let n = column.values.len();
    Ok(DeviceColumn {
        values: match &column.values {
            Values::F32(values) => gpu.upload_values(values)?,
            Values::F64(values) => gpu.upload_values(values)?,
            Values::I64(values) => gpu.upload_values(values)?,
        },
        valid: match &column.nulls {
            None => None,
            Some(nulls) => Some(gpu.upload(&valid_words(nulls, 0..n))?),
        },
    })
}

/// Which sums a pass over values makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sums {
    Moments,
    Terms,
}

/// The rows of a column's pieces; `order` is which photon an item is, or `None` for itself.
pub fn reduce<M: Machine>(
    gpu: &Gpu<M>,
    (pieces, order): (&Pieces, Option<&Lease>),
    column: &DeviceColumn,
    described: &JobColumn,
    sums: Sums,
) -> Result<Lease> {
    let rows = gpu.scratch::<u32>(row_words(pieces))?;
    let needs = &described.needs;
    let (kernel, summed) = match (sums, described.column_type) {
        (Sums::Moments, ColumnType::F32) => (Kernel::Reduce, needs.moments),
        (Sums::Moments, ColumnType::F64) => (Kernel::ReduceF64, needs.moments),
        (Sums::Moments, ColumnType::I64) => (Kernel::ReduceI64, needs.moments),
        (Sums::Terms, _) => (Kernel::ReduceTerms, needs.terms),
    };
    let flags = flag(FLAG_ORDERED, order.is_some())
        | flag(FLAG_NULLS, column.valid.is_some())
        | flag(FLAG_VALUES, needs.values())
        | flag(FLAG_SUMS, summed);
    // What stands in place of an order or of nulls is not read.
    let arguments = [
        Word(pieces.items),
        Word(pieces.count),
        pieces.starts.at(),
        pieces.heads.at(),
        pieces.ranks.at(),
        Word(flags),
        Word(described.resolution.exponent() as u32),
        order.unwrap_or(&pieces.starts).at(),
        column.values.at(),
        column.valid.as_ref().unwrap_or(&pieces.starts).at(),
        rows.at(),
    ];
    gpu.launch(kernel, tiles(pieces.items), &arguments)?;
    Ok(rows)
}

/// The rows of pieces of records; `order` is which record an item is.
pub fn reduce_records<M: Machine>(
    gpu: &Gpu<M>,
    pieces: &Pieces,
    order: &Lease,
    records: &Lease,
    sums: Sums,
) -> Result<Lease> {
    let rows = gpu.scratch::<u32>(row_words(pieces))?;
    let kernel = match sums {
        Sums::Moments => Kernel::ReduceRecords,
        Sums::Terms => Kernel::ReduceTermRecords,
    };
    let arguments = [
        Word(pieces.items),
        Word(pieces.count),
        pieces.starts.at(),
        pieces.heads.at(),
        pieces.ranks.at(),
        order.at(),
        records.at(),
        rows.at(),
    ];
    gpu.launch(kernel, tiles(pieces.items), &arguments)?;
    Ok(rows)
}

/// The value keys of a column, in the order of cells.
pub fn values<M: Machine>(
    gpu: &Gpu<M>,
    (n, order): (u32, Option<&Lease>),
    column: &DeviceColumn,
    column_type: ColumnType,
) -> Result<Lease> {
    let (kernel, keys) = match column_type {
        ColumnType::F32 => (Kernel::ReduceValues, gpu.scratch::<u32>(n.into())?),
        ColumnType::F64 => (Kernel::ReduceValuesF64, gpu.scratch::<u64>(n.into())?),
        ColumnType::I64 => (Kernel::ReduceValuesI64, gpu.scratch::<u64>(n.into())?),
    };
    let flags = flag(FLAG_ORDERED, order.is_some()) | flag(FLAG_NULLS, column.valid.is_some());
    let arguments = [
        Word(n),
        Word(flags),
        order.unwrap_or(&column.values).at(),
        column.values.at(),
        column.valid.as_ref().unwrap_or(&column.values).at(),
        keys.at(),
    ];
    gpu.launch(kernel, tiles(n), &arguments)?;
    Ok(keys)
}

/// Words of the rows of some pieces.
pub fn row_words(pieces: &Pieces) -> u64 {
    u64::from(pieces.count) * u64::from(ROW_WORDS)
}

pub fn flag(flag: u32, set: bool) -> u32 {
    if set { flag } else { 0 }
}
