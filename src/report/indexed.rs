//! What an index spared a run, in its report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::Indexed;

/// What came of an index. Granules that are not opened are among no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IndexReport {
    /// The file.
    pub index: String,
    /// Granules that are what it knows of them.
    pub known: u64,
    /// Granules that are others now, and were opened as if it did not know them.
    pub changed: u64,
    /// Granules that it does not know.
    pub unknown: u64,
    /// Granules that were not opened as they lie outside of the region, and of the time.
    pub outside_region: u64,
    pub outside_time: u64,
}

impl IndexReport {
    pub(super) fn of(indexed: &Indexed) -> Self {
        Self {
            index: indexed.index.display().to_string(),
            known: indexed.known,
            changed: indexed.changed,
            unknown: indexed.unknown,
            outside_region: indexed.outside_region,
            outside_time: indexed.outside_time,
        }
    }
}
