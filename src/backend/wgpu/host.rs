//! What stays on the host: stages that a user forces there, and columns that the device cannot fold.

use crate::backend::gpu::Share;
use crate::error::{Error, Result};
use crate::photon::ColumnType;
use crate::stat::{Job, JobColumn, Needs};

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
        (*terms, *edges) = (false, None);
        (place, column)
    });
    let host = columns().filter(|(_, column)| why_host(column).is_some());
    let host = host.map(|(place, mut column)| {
        if column.column_type == ColumnType::F32 {
            let Needs {
                range,
                moments,
                variance: _,
                terms: _,
                ordered,
                edges: _,
                joints: _,
                products: _,
                clock: _,
            } = &mut column.needs;
            (*range, *moments, *ordered) = (false, false, false);
        }
        (place, column)
    });
    (Share::of(device), Share::of(host))
}
