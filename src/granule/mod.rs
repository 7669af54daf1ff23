//! Granules: one HDF5 product file each, read into photon batches.
//!
//! On the line: `granule --read--> PhotonBatch`. `superblock.rs` takes the first look, `file.rs`
//! opens, `track.rs` finds the datasets of a ground track, `columns.rs` reads row ranges with nulls
//! into the values of `block.rs`, `filters.rs` keeps and counts, `link.rs` maps geolocation segments
//! to photons, `reader.rs` yields batches, `inspect.rs` tells what is inside; `attributes.rs` reads
//! fill values and units for all of them, `union.rs` finds types that hold several of them.

mod attributes;
mod block;
mod columns;
mod file;
mod filters;
mod inspect;
mod link;
mod reader;
mod superblock;
mod track;
mod union;

use std::collections::BTreeMap;

pub use file::GranuleFile;
pub(crate) use file::condensed;
pub(crate) use filters::RowFilter;
pub use inspect::{inspect, inspect_text};
pub use reader::Reader;
pub use track::{GroundTrackStatus, GroundTrackSummary};
pub use union::ColumnUnion;

use crate::batch::ColumnType;

/// What a granule says of one source column.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceColumn {
    pub name: String,
    /// The type in which values are held; any narrower type widens without loss.
    pub column_type: ColumnType,
    /// The dataset's own type, e.g. `float32`, `int8`.
    pub dtype: crate::config::Dtype,
    pub units: Option<String>,
    pub long_name: Option<String>,
}

/// What became of the photons of one granule: `read == kept + sum of rejected`, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub read: u64,
    pub kept: u64,
    /// By reason: `bad_coordinate`, `filter: <dataset>[:,<column>] <op> <value>`, `null`,
    /// `outside_shards`, `out_of_range:<column>`.
    pub rejected: BTreeMap<String, u64>,
    /// Kept photons whose value is null, by column.
    pub nulls: BTreeMap<String, u64>,
}
