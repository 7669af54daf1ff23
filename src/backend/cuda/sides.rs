//! What the host folds of a batch beside the device, and the table of both.

use crate::backend::cpu::Cpu;
use crate::backend::gpu::{self, Share};
use crate::backend::{Backend, KeyTable, StageTimes};
use crate::config::GridConfig;
use crate::photon::PhotonBatch;
use crate::stat::Partials;

use super::machine::Result;
use super::rows::ColumnRows;

/// Partials of what the device does not fold.
pub fn fold_host(
    cpu: &Cpu,
    batch: &PhotonBatch,
    grid: &GridConfig,
    host: &Share,
) -> Result<Option<Partials>> {
    if host.places.is_empty() {
        return Ok(None);
    }
    let columns = host
        .places
        .iter()
        .map(|&place| batch.columns[place].clone());
    let batch = PhotonBatch {
        origin: batch.origin.clone(),
        step: 0,
        lon: batch.lon.clone(),
        lat: batch.lat.clone(),
        columns: columns.collect(),
    };
    let times = &mut StageTimes::default();
    Ok(Some(cpu.fold(&batch, grid, &host.job, times)?))
}

/// One table of both sides.
pub fn join(
    sides: (&Share, &Share),
    found: &[ColumnRows],
    of: (&KeyTable, u32),
    host_partials: Option<Partials>,
) -> Result<Partials> {
    let found: Vec<_> = found.iter().map(ColumnRows::found).collect();
    gpu::join(sides, &found, of, host_partials)
}
