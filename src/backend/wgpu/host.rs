//! What stays on the host: stages that a user forces there, and columns that the device cannot fold.

use std::ops::Range;

use crate::arrow::buffer::NullBuffer;

use crate::backend::share::Share;
use crate::error::{Error, Result};
use crate::photon::{Column, ColumnType, PhotonBatch, Rows, Values};
use crate::stat::{Job, JobColumn};

/// Stages that run on the host, to find where a difference starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostStages {
    pub sort: bool,
    pub segment: bool,
    pub reduce: bool,
}

impl HostStages {
    /// From names with commas between them, as in `sort,reduce`.
    ///
    /// # Errors
    /// There is no such stage.
    pub fn parse(text: &str) -> Result<Self> {
        let mut stages = Self::default();
        for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            match name {
                "sort" => stages.sort = true,
                "segment" => stages.segment = true,
                "reduce" => stages.reduce = true,
                // It always does.
                "locate" => {}
                _ => {
                    return Err(Error::argument(format!(
                        "ICEFOLD_HOST_STAGES: there is no stage '{name}'; name some of sort, \
                         segment, reduce"
                    )));
                }
            }
        }
        Ok(stages)
    }

    /// The names of the stages, locate included.
    pub fn names(self) -> Vec<&'static str> {
        let stages = [
            ("locate", true),
            ("sort", self.sort),
            ("segment", self.segment),
            ("reduce", self.reduce),
        ];
        let forced = stages.into_iter().filter(|(_, on_host)| *on_host);
        forced.map(|(name, _)| name).collect()
    }

    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// What of a column the host folds, and why; `None` if the device folds all of it.
pub fn why_host(column: &JobColumn) -> Option<&'static str> {
    if column.column_type != ColumnType::F32 {
        Some("all of it: shaders take float32 values only")
    } else if column.needs.terms {
        Some("sums of terms: they take 256 bits")
    } else if column.needs.edges.is_some() {
        Some("histograms: their rows have any length")
    } else {
        None
    }
}

/// What the device folds, and what the host does.
pub fn shares(job: &Job) -> (Share, Share) {
    let columns = || job.columns.iter().cloned().enumerate();
    let device = columns().filter(|(_, column)| column.column_type == ColumnType::F32);
    let device = device.map(|(place, mut column)| {
        column.needs.terms = false;
        column.needs.edges = None;
        (place, column)
    });
    let host = columns().filter(|(_, column)| why_host(column).is_some());
    let host = host.map(|(place, mut column)| {
        if column.column_type == ColumnType::F32 {
            column.needs.range = false;
            column.needs.moments = false;
            column.needs.ordered = false;
        }
        (place, column)
    });
    (Share::of(device), Share::of(host))
}

/// Some photons of a column.
pub fn part(column: &Column, photons: Range<usize>) -> Column {
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

/// Some photons of a batch.
pub fn part_of_batch(batch: &PhotonBatch, photons: Range<usize>) -> PhotonBatch {
    let mut origin = batch.origin.clone();
    origin.rows = match origin.rows {
        Rows::Range(rows) => {
            let start = rows.start + photons.start as u64;
            Rows::Range(start..start + photons.len() as u64)
        }
        Rows::Listed(rows) => Rows::Listed(rows[photons.clone()].to_vec()),
    };
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

/// One bit per photon, lowest first.
pub fn valid_words(nulls: &NullBuffer, photons: Range<usize>) -> Vec<u32> {
    let bits = nulls.inner().slice(photons.start, photons.len());
    let bytes = bits.sliced();
    let words = bytes.as_slice().chunks(4).map(|bytes| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(word)
    });
    words.take(photons.len().div_ceil(32)).collect()
}
