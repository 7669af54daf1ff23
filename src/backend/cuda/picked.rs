//! Photons by their fates, as launches: how many are kept, which, and their values. Twin: `kernels/select.cu`.
//!
//! For `select.rs`, which decides what is kept of a stretch, and `stretch_fold.rs`, which picks what the host looks at
//! again.

use crate::photon::ColumnType;

use super::kernels::Argument::Word;
use super::kernels::{Argument, Kernel};
use super::machine::{Machine, Result, Step};
use super::memory::{Gpu, Lease, launched};
use super::stages::{self, DeviceColumn};
use super::tile::{WORKGROUP, tiles};

/// Values on the device, and what kind of numbers they are.
#[derive(Debug, Clone, Copy)]
pub struct There<'a> {
    pub values: Argument<'a>,
    pub kind: u32,
}

/// The number of a type in `select.cu`.
pub fn kind_of(column_type: ColumnType) -> u32 {
    match column_type {
        ColumnType::F32 => 0,
        ColumnType::F64 => 1,
        ColumnType::I64 => 2,
    }
}

/// A launch of one thread per photon.
pub fn a_photon(kernel: Kernel, n: u32, arguments: Vec<Argument<'_>>) -> Option<Step<'_>> {
    launched(kernel, n.div_ceil(WORKGROUP), arguments)
}

/// Counts fates: those that are kept by tile, the others by what they are.
pub fn count<'a>(
    n: u32,
    fate_count: u32,
    (fates, counts, rejected): (&'a Lease, &'a Lease, &'a Lease),
) -> Option<Step<'a>> {
    let arguments = vec![
        Word(n),
        Word(fate_count),
        fates.at(),
        counts.at(),
        rejected.at(),
    ];
    launched(Kernel::SelectCount, tiles(n), arguments)
}

/// The rows of `kept` photons, ascending; `counts` are how many are kept of each tile.
pub fn list<M: Machine>(
    gpu: &Gpu<M>,
    (n, kept): (u32, u32),
    fates: &Lease,
    counts: &Lease,
) -> Result<Lease> {
    let sums = gpu.scratch::<u32>(u64::from(tiles(tiles(n))) + 1)?;
    stages::scan(gpu, counts, tiles(n), &sums)?;
    let rows = gpu.scratch::<u32>(kept.into())?;
    let arguments = [Word(n), Word(kept), fates.at(), counts.at(), rows.at()];
    gpu.launch(Kernel::SelectList, tiles(n), &arguments)?;
    Ok(rows)
}

/// The values of `n` rows out of so many; with how many numbers mean null and where they are, and where nulls are added
/// up.
pub fn gather<M: Machine>(
    gpu: &Gpu<M>,
    (n, of): (u32, u32),
    rows: &Lease,
    there: There,
    ((fill_count, fills), nulls): ((u32, Argument), Argument),
) -> Result<DeviceColumn> {
    let width = if there.kind == kind_of(ColumnType::F32) {
        1
    } else {
        2
    };
    let values = gpu.scratch::<u32>(u64::from(n) * width)?;
    let valid = match fill_count {
        0 => None,
        _ => Some(gpu.scratch::<u32>(n.div_ceil(u32::BITS).into())?),
    };
    let arguments = [
        Word(n),
        Word(of),
        Word(there.kind),
        Word(fill_count),
        rows.at(),
        there.values,
        fills,
        values.at(),
        // Not written where there is none.
        valid.as_ref().unwrap_or(&values).at(),
        nulls,
    ];
    gpu.launch(Kernel::SelectGather, n.div_ceil(WORKGROUP), &arguments)?;
    Ok(DeviceColumn { values, valid })
}
