//! How a job is shared between a device and the host, and how their partials are put together.
//!
//! Under `wgpu/` and `cuda/`, each of which says what its device can fold.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::stat::{ColumnPartials, Job, JobColumn, Partials};

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
}

/// Columns folded by the device and by the host, of the same cells, in the order of the job. Of a
/// column of both, the host has what the device did not fold.
pub fn join(
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
                column.out_of_range += more.out_of_range;
                // The device counts them only where it is asked for more of the values.
                column.specials = more.specials;
                column.terms = more.terms.or(column.terms.take());
                column.bins = more.bins;
            }
        }
    }
    Partials {
        cells,
        photons,
        columns: columns.into_values().collect(),
    }
}
