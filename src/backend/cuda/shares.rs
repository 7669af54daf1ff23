//! What of a job the device folds, and what the host does.

use std::ops::Range;

use crate::batch::{Column, ColumnType, PhotonBatch, Values};
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

/// The columns of a job that one side folds, and where they stand in it. A column of which each side
/// folds some accumulators stands in both shares.
#[derive(Debug)]
pub struct Share {
    pub places: Vec<usize>,
    pub job: Job,
}

impl Share {
    fn of(columns: impl Iterator<Item = (usize, JobColumn)>) -> Self {
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

/// Some photons of a batch; all of it without a copy is for callers that have a whole one.
pub fn part_of_batch(batch: &PhotonBatch, photons: Range<usize>) -> PhotonBatch {
    let mut origin = batch.origin.clone();
    origin.rows = origin.rows[photons.clone()].to_vec();
    PhotonBatch {
        origin,
        lon: batch.lon[photons.clone()].to_vec(),
        lat: batch.lat[photons.clone()].to_vec(),
        columns: batch
            .columns
            .iter()
            .map(|column| part(column, photons.clone()))
            .collect(),
    }
}

/// Some photons of a column.
fn part(column: &Column, photons: Range<usize>) -> Column {
    let (start, len) = (photons.start, photons.len());
    Column {
        values: match &column.values {
            Values::F32(v) => Values::F32(v[photons].to_vec()),
            Values::F64(v) => Values::F64(v[photons].to_vec()),
            Values::I64(v) => Values::I64(v[photons].to_vec()),
        },
        nulls: column.nulls.as_ref().map(|nulls| nulls.slice(start, len)),
    }
}
