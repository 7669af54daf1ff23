//! Puts what the device and the host folded of one batch together as one table.

use crate::backend::cpu::Cpu;
use crate::backend::share::{self, Share};
use crate::backend::{Backend, KeyTable, StageTimes};
use crate::config::GridConfig;
use crate::photon::PhotonBatch;
use crate::stat::{ColumnPartials, Partials};

use super::machine::{Fault, Result};
use super::rows::{self, ColumnRows};

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
        columns: columns.collect(),
        ..batch.clone()
    };
    let times = &mut StageTimes::default();
    Ok(Some(cpu.fold(&batch, grid, &host.job, times)?))
}

/// One table of both sides.
pub fn join(
    (device, host): (&Share, &Share),
    found: &[ColumnRows],
    (table, photons): (&KeyTable, u32),
    host_partials: Option<Partials>,
) -> Result<Partials> {
    let wrong = |found| rows::wrong(found, (table, photons));
    if let Some(wrong) = found.iter().find_map(wrong) {
        return Err(Fault::Wrong(wrong));
    }
    let described = device.job.columns.iter();
    let columns = found
        .iter()
        .zip(described)
        .map(|(found, described)| rows::column(found, described));
    let cells = rows::cells(&found[0], table);
    assemble((device, host), cells, columns.collect(), host_partials)
}

/// One table of the device's columns and the host's, if those are of the same cells.
pub fn assemble(
    (device, host): (&Share, &Share),
    cells: (Vec<u64>, Vec<u64>),
    columns: Vec<ColumnPartials>,
    host_partials: Option<Partials>,
) -> Result<Partials> {
    let on_device = device.places.iter().copied().zip(columns).collect();
    let on_host = match host_partials {
        None => Vec::new(),
        Some(host_partials)
            if host_partials.cells == cells.0 && host_partials.photons == cells.1 =>
        {
            let places = host.places.iter().copied();
            places.zip(host_partials.columns).collect()
        }
        Some(_) => {
            return Err(Fault::Wrong(
                "the device found other cells than the host".to_owned(),
            ));
        }
    };
    Ok(share::join(cells, on_device, on_host))
}
