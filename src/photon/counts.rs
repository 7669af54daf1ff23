//! What became of photons: kept, or rejected for a reason.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the photons of one granule: `read == kept + sum of rejected`, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Photons.
    pub read: u64,
    pub kept: u64,
    /// By reason: `bad_coordinate`, `outside_region`, `outside_grid`, `outside_shards`, `unlisted_shard`, `filter: <dataset>[:,<column>] <op> <value>`,
    /// `null`, `out_of_range:<column>`.
    pub rejected: BTreeMap<String, u64>,
    /// Kept photons whose value is null, by column.
    pub nulls: BTreeMap<String, u64>,
    /// Those of them whose value lies outside the valid range that the dataset declares, before rows are
    /// rejected for their value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outside_valid_range: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds the counts of other photons.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.kept += other.kept;
        for (reason, n) in &other.rejected {
            *self.rejected.entry(reason.clone()).or_default() += n;
        }
        for (column, n) in &other.nulls {
            *self.nulls.entry(column.clone()).or_default() += n;
        }
        for (column, &n) in &other.outside_valid_range {
            self.outside(column, n as usize);
        }
    }

    /// Counts values of a column outside its valid range.
    pub(crate) fn outside(&mut self, column: &str, values: usize) {
        if values > 0 {
            let outside = self.outside_valid_range.entry(column.to_owned());
            *outside.or_default() += values as u64;
        }
    }

    /// Counts photons that are rejected for this reason.
    pub(crate) fn reject(&mut self, reason: &str, photons: usize) {
        if photons > 0 {
            *self.rejected.entry(reason.to_owned()).or_default() += photons as u64;
        }
    }

    /// Takes photons that were kept at first over to the rejected.
    pub fn move_to_rejected(&mut self, rejected: &Self) {
        for (reason, count) in &rejected.rejected {
            *self.rejected.entry(reason.clone()).or_default() += count;
            self.kept -= count;
        }
        for (column, count) in &rejected.nulls {
            if let Some(nulls) = self.nulls.get_mut(column) {
                *nulls -= count;
            }
        }
        self.nulls.retain(|_, nulls| *nulls > 0);
    }
}
