//! How a job is shared between a device and the host, and how their partials are put together.
//!
//! Under `wgpu/` and `cuda/`, each of which says what its device can fold.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::stat::{ColumnPartials, Job, JobColumn, Partials};

use super::fault::{Fault, Result};

/// The columns of a job that one side folds, and where they stand in it. A column of which each side
/// folds some accumulators stands in both shares.
#[derive(Debug)]
pub struct Share {
    pub places: Vec<usize>,
    pub job: Job,
}

impl Share {
    /// Of columns and their places.
    pub fn of(columns: impl Iterator<Item = (usize, JobColumn)>) -> Self {
        let (places, columns) = columns.unzip();
        Self {
            places,
            job: Job {
                columns,
                outputs: Vec::new(),
            },
        }
    }

    /// Whether values are wanted in the order of cells.
    pub fn ordered(&self) -> bool {
        self.job.columns.iter().any(|column| column.needs.ordered)
    }
}

/// One table of the device's columns and the host's, if those are of the same cells; `cells` are ids and the photons
/// of each.
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
    Ok(join(cells, on_device, on_host))
}

/// Columns folded by the device and by the host, of the same cells, in the order of the job. Of a
/// column of both, the host has what the device did not fold.
fn join(
    (cells, photons): (Vec<u64>, Vec<u64>),
    device: Vec<(usize, ColumnPartials)>,
    host: Vec<(usize, ColumnPartials)>,
) -> Partials {
    let mut columns: BTreeMap<usize, ColumnPartials> = device.into_iter().collect();
    for (place, more) in host {
        match columns.entry(place) {
            Entry::Vacant(free) => {
                free.insert(more);
            }
            Entry::Occupied(mut column) => {
                let column = column.get_mut();
                // Without a rest: of each accumulator it is decided whose it is.
                let ColumnPartials {
                    count: _,
                    specials,
                    range: _,
                    moments: _,
                    remainders: _,
                    joints: _,
                    terms,
                    ordered: _,
                    bins,
                    out_of_range,
                } = more;
                column.out_of_range += out_of_range;
                // The device counts them only where it is asked for more of the values.
                column.specials = specials;
                column.terms = terms.or(column.terms.take());
                column.bins = bins;
            }
        }
    }
    Partials {
        cells,
        photons,
        columns: columns.into_values().collect(),
    }
}
