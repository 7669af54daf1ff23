//! How a job is shared: what the device folds, and what is left to the host.

use crate::backend::gpu::Share;
use crate::photon::ColumnType;
use crate::stat::{Job, JobColumn, Needs};

/// What of a column the host folds, and why; `None` if the device folds all of it.
pub fn why_host(column: &JobColumn) -> Option<&'static str> {
    if column.needs.edges.is_some() {
        Some("histograms: their rows have any length")
    } else if column.needs.terms && column.column_type != ColumnType::F64 {
        Some("sums of terms: the kernel takes float64")
    } else {
        None
    }
}

/// What the device folds, and what the host does.
pub fn shares(job: &Job) -> (Share, Share) {
    let columns = || job.columns.iter().cloned().enumerate();
    let device = columns().map(|(place, mut column)| {
        // Without a rest, here and below: of each accumulator it is decided who folds it.
        let Needs {
            range: _,
            moments: _,
            variance: _,
            terms,
            ordered: _,
            edges,
            joints: _,
            products: _,
            clock: _,
        } = &mut column.needs;
        *edges = None;
        *terms &= column.column_type == ColumnType::F64;
        (place, column)
    });
    let host = columns().filter(|(_, column)| why_host(column).is_some());
    let host = host.map(|(place, mut column)| {
        let Needs {
            range,
            moments,
            variance: _,
            terms,
            ordered,
            edges: _,
            joints: _,
            products: _,
            clock: _,
        } = &mut column.needs;
        (*range, *moments, *ordered) = (false, false, false);
        *terms &= column.column_type != ColumnType::F64;
        (place, column)
    });
    (Share::of(device), Share::of(host))
}
