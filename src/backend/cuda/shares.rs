//! How a job is shared: what the device folds, and what is left to the host.

use crate::backend::gpu::Share;
use crate::photon::ColumnType;
use crate::stat::{Job, JobColumn};

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
        column.needs.edges = None;
        column.needs.terms &= column.column_type == ColumnType::F64;
        (place, column)
    });
    let host = columns().filter(|(_, column)| why_host(column).is_some());
    let host = host.map(|(place, mut column)| {
        column.needs.range = false;
        column.needs.moments = false;
        column.needs.ordered = false;
        column.needs.terms &= column.column_type != ColumnType::F64;
        (place, column)
    });
    (Share::of(device), Share::of(host))
}
