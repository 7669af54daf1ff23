//! Estimates: how much disk partials may need, and how much there is.
//!
//! Beside `mod.rs`, before the first photon is read.

use std::path::Path;

use crate::stat::Job;

/// Bytes on disk that a run's partials take at most at a time, were none of them to stay in memory.
/// A cell counts once for every granule with photons in it, since its rows may wait in as many
/// sorted runs; there are no more rows than photons. Where partials are saved in between, files of
/// the last save stay beside those that they were merged into: half as much again.
pub fn spill_estimate(job: &Job, photons_at_most: u64, cells_at_most: u64) -> u64 {
    let rows = u128::from(cells_at_most.min(photons_at_most));
    let cells = rows * u128::from(job.cell_bytes() + job.remainder_bytes());
    let keys = u128::from(photons_at_most) * u128::from(job.photon_bytes());
    // A sixteenth for headers, lengths of arrays and indices. While runs merge, there are those that
    // are read and the one that is written; while shards are finished, runs and piles of their values.
    // Where overviews are finer and coarser than the shards of a map, piles may hold their values twice,
    // which is not in here.
    let bytes = 2 * (cells + keys).div_ceil(16) * 17;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Bytes that this user may still write in a folder, or in the one that it will be made in; `None`
/// where the system does not tell.
pub fn available_space(folder: &Path) -> Option<u64> {
    let folder = std::path::absolute(folder).ok()?;
    let existing = folder.ancestors().find(|folder| folder.is_dir())?;
    space(existing)
}

#[cfg(unix)]
fn space(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn space(_: &Path) -> Option<u64> {
    None
}
