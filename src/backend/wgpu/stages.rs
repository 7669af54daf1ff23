//! The stages as commands: what each dispatch is given. Twins: `shaders/*.wgsl`.

use crate::backend::gpu::tile::{
    BINS, DIGIT_BITS, FLAG_MOMENTS, FLAG_NULLS, FLAG_ORDERED, FLAG_VALUES, ROW_WORDS, WORKGROUP,
    tiles,
};
use crate::stat::JobColumn;

use super::commands::Commands;
use super::gpu::{Lease, Result};
use super::kernels::Kernel;

/// Keys in ascending order, and the item that each belongs to.
#[derive(Debug)]
pub struct SortedKeys {
    pub keys: Lease,
    pub items: Lease,
}

/// Runs of equal keys inside tiles; `segment.wgsl` says what is in the buffers.
#[derive(Debug)]
pub struct Pieces {
    /// Keys that the pieces cover.
    pub items: u32,
    pub count: u32,
    pub starts: Lease,
    pub heads: Lease,
    pub ranks: Lease,
}

/// A float32 column on the device: the bits of its values, and which are not null.
#[derive(Debug)]
pub struct DeviceColumn {
    pub values: Lease,
    pub valid: Option<Lease>,
}

/// Replaces `n` counts by the sums of the counts before them; gives back the buffer that holds the
/// sum of all at `total_at(n)`.
fn scan(commands: &mut Commands, counts: &Lease, n: u32) -> Lease {
    let sums = commands.gpu().words(u64::from(tiles(n)) + 1);
    let params = [n, 0, 0, 0];
    commands.run(Kernel::ScanReduce, params, &[counts, &sums]);
    commands.run_groups(Kernel::ScanSums, params, &[&sums], 1);
    commands.run(Kernel::ScanApply, params, &[counts, &sums]);
    sums
}

/// Sorts `n` keys by their lowest `bits` bits, of which there is at least one.
pub fn sort(commands: &mut Commands, keys: &Lease, n: u32, bits: u32) -> SortedKeys {
    let gpu = commands.gpu();
    let words = u64::from(n);
    let counts = gpu.words(u64::from(tiles(n) * BINS));
    let pair = || SortedKeys {
        keys: gpu.words(words),
        items: gpu.words(words),
    };
    let (mut from, mut to) = (None, pair());
    for pass in 0..bits.div_ceil(DIGIT_BITS) {
        let params = [n, pass * DIGIT_BITS, u32::from(pass == 0), 0];
        // In the first pass item i is i, and what is bound in place of items is not read.
        let (keys, items) = match &from {
            None => (keys, keys),
            Some(SortedKeys { keys, items }) => (keys, items),
        };
        commands.run(Kernel::SortCount, params, &[keys, &counts]);
        scan(commands, &counts, tiles(n) * BINS);
        let buffers: [&wgpu::Buffer; 5] = [keys, items, &counts, &to.keys, &to.items];
        commands.run(Kernel::Sort, params, &buffers);
        let next = from.take().unwrap_or_else(pair);
        from = Some(std::mem::replace(&mut to, next));
    }
    from.unwrap_or(to)
}

/// The runs of `n` equal keys inside tiles. Waits for their number.
pub fn segment(commands: &mut Commands, keys: &Lease, n: u32) -> Result<Pieces> {
    let gpu = commands.gpu();
    let counts = gpu.words(u64::from(tiles(n)));
    let params = [n, 0, 0, 0];
    commands.run(Kernel::SegmentCount, params, &[keys, &counts]);
    let sums = scan(commands, &counts, tiles(n));
    let total_at = tiles(tiles(n)) as usize;
    let read = commands.read(&[(&sums, total_at as u64 + 1)])?;
    let count = read[0][total_at];
    let pieces = Pieces {
        items: n,
        count,
        starts: gpu.words(count.into()),
        heads: gpu.words(count.into()),
        ranks: gpu.words(u64::from(tiles(n) * WORKGROUP)),
    };
    let buffers: [&wgpu::Buffer; 5] = [keys, &counts, &pieces.starts, &pieces.heads, &pieces.ranks];
    commands.run(Kernel::Segment, params, &buffers);
    Ok(pieces)
}

/// The rows of a column's pieces; `order` is which photon an item is, or `None` for itself.
pub fn reduce(
    commands: &mut Commands,
    pieces: &Pieces,
    order: Option<&Lease>,
    column: &DeviceColumn,
    described: &JobColumn,
) -> Lease {
    let rows = commands.gpu().words(row_words(pieces));
    let flags = flag(FLAG_ORDERED, order.is_some())
        | flag(FLAG_NULLS, column.valid.is_some())
        | flag(FLAG_VALUES, described.needs.values())
        | flag(FLAG_MOMENTS, described.needs.moments);
    let exponent = described.resolution.exponent() as u32;
    // What is bound in place of an order or of nulls is not read.
    let buffers: [&wgpu::Buffer; 7] = [
        &pieces.starts,
        &pieces.heads,
        &pieces.ranks,
        order.unwrap_or(&pieces.starts),
        &column.values,
        column.valid.as_ref().unwrap_or(&pieces.starts),
        &rows,
    ];
    let params = [pieces.items, pieces.count, flags, exponent];
    commands.run(Kernel::Reduce, params, &buffers);
    rows
}

/// The rows of pieces of records; `order` is which record an item is.
pub fn reduce_records(
    commands: &mut Commands,
    pieces: &Pieces,
    order: &Lease,
    records: &Lease,
) -> Lease {
    let rows = commands.gpu().words(row_words(pieces));
    let buffers: [&wgpu::Buffer; 6] = [
        &pieces.starts,
        &pieces.heads,
        &pieces.ranks,
        order,
        records,
        &rows,
    ];
    let params = [pieces.items, pieces.count, FLAG_ORDERED, 0];
    commands.run(Kernel::ReduceRecords, params, &buffers);
    rows
}

/// The value keys of a column, in the order of cells.
pub fn values(
    commands: &mut Commands,
    n: u32,
    order: Option<&Lease>,
    column: &DeviceColumn,
) -> Lease {
    let keys = commands.gpu().words(n.into());
    let flags = flag(FLAG_ORDERED, order.is_some()) | flag(FLAG_NULLS, column.valid.is_some());
    let buffers: [&wgpu::Buffer; 4] = [
        order.unwrap_or(&column.values),
        &column.values,
        column.valid.as_ref().unwrap_or(&column.values),
        &keys,
    ];
    commands.run(Kernel::ReduceValues, [n, 0, flags, 0], &buffers);
    keys
}

/// Words of the rows of some pieces.
pub fn row_words(pieces: &Pieces) -> u64 {
    u64::from(pieces.count) * u64::from(ROW_WORDS)
}

fn flag(flag: u32, set: bool) -> u32 {
    if set { flag } else { 0 }
}
