//! Granules: one HDF5 product file each, read into photon batches.
//!
//! On the line: `granule --read--> PhotonBatch`. `superblock.rs` takes the first look, `open_file.rs` and
//! `file.rs` open, `walk.rs` follows paths, `elsewhere.rs` to other files, `track.rs` finds the datasets of a
//! ground track, `storage.rs` and `virtual_dataset.rs` (`mapping.rs`) where their values are, `fit.rs` tells a granule of another product,
//! `product.rs` reads names of files, `settle.rs` holds datasets against the config, `columns.rs` reads row ranges with nulls into the values
//! of `block.rs`, decoding storage chunks with `chunk/`; `meaning.rs` turns what is stored into what is
//! meant, with `missing.rs` and `packing.rs`; `filters.rs`, `wanted.rs`, `select.rs` and `keep.rs` keep and
//! count, `link.rs` maps geolocation segments to photons, `reader.rs` yields batches, `buffers.rs` keeps
//! their memory, `spent.rs` what reading took, `oddities.rs` what was odd, `inspect.rs` (with
//! `inspect_text.rs`, `identity.rs` and `extent.rs`) and `cost.rs` tell what is inside, `level_hint.rs` what a
//! wrong length means; `attributes.rs` reads attributes for all of them, `union.rs` and `units.rs` find what
//! several of them have in common.

mod attributes;
mod block;
mod buffers;
mod chunk;
mod columns;
mod cost;
mod elsewhere;
mod extent;
mod file;
mod filters;
mod fit;
mod identity;
mod inspect;
mod inspect_text;
mod keep;
mod level_hint;
mod link;
mod mapping;
mod meaning;
mod missing;
mod oddities;
mod open_block;
mod open_file;
mod open_link;
mod packing;
mod product;
mod reader;
mod select;
mod settle;
mod spent;
mod storage;
mod superblock;
mod track;
mod union;
mod units;
mod virtual_dataset;
mod walk;
mod wanted;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::photon::SourceColumn;
pub(crate) use attributes::Attributes;
pub use buffers::Buffers;
pub use cost::{cost, cost_text};
pub(crate) use file::condensed;
pub use file::{GranuleFile, WholeDataset};
pub(crate) use filters::RowFilter;
pub(crate) use fit::lacking;
pub use fit::{Outline, Tracks};
pub use inspect::{inspect, inspect_all};
pub use inspect_text::inspect_text;
pub(crate) use meaning::Meaning;
pub use meaning::{Applied, AppliedNumber};
pub(crate) use oddities::Oddities;
pub use open_file::plugin_folders;
pub(crate) use product::{ProductName, Rank};
pub use reader::Reader;
pub use spent::Spent;
pub(crate) use superblock::looks_like_hdf5;
pub use track::{GroundTrackStatus, GroundTrackSummary};
pub use union::ColumnUnion;
pub(crate) use units::{Axis, check_degrees};
pub use wanted::{OUTSIDE_SHARDS, UNLISTED_SHARD, WantedShards};

/// What became of the photons of one granule: `read == kept + sum of rejected`, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Photons.
    pub read: u64,
    pub kept: u64,
    /// By reason: `bad_coordinate`, `outside_shards`, `unlisted_shard`, `filter: <dataset>[:,<column>] <op> <value>`,
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
    }
}
