//! The Zarr v3 store: occupied cells of each order as a group that xarray and xdggs open.
//!
//! `write.rs` writes the groups beside the target, array by array (`array.rs`), or over the full sphere
//! (`fullsphere.rs`) or over rows and columns (`raster.rs`, `raster_lists.rs`, `raster_documents.rs`, `raster_read.rs`), at steps of time (`by_step.rs`, `times.rs`), with the attributes of the conventions (`metadata.rs`, `root.rs`), and `whole.rs` makes it whole (`consolidated.rs`), to be renamed.
//! `layouts.rs` offers both layouts to whoever opens a store. `read.rs` reads either back (`open.rs`, `cells.rs`,
//! `sphere.rs`, `step_read.rs`; `stored_rows.rs` all arrays together, some cells at a time); `verify.rs` compares two stores bit by bit (`verify_values.rs`, `verify_said.rs`, `verify_rest.rs`); `inspect.rs` tells what is
//! inside. `rows_hash.rs` hashes rows that go elsewhere.

mod aligned;
mod array;
mod by_step;
mod cells;
mod check;
mod columns;
mod consolidated;
mod declared;
mod difference;
mod documents;
mod extent;
mod fill_value;
#[cfg(test)]
mod fixture;
mod fullsphere;
mod group;
mod groups;
mod hive;
mod inspect;
mod inspect_text;
mod inspect_tree;
mod layouts;
mod logical;
mod made_of;
pub(super) mod metadata;
mod open;
mod ours;
mod place;
mod ragged;
mod raster;
mod raster_documents;
mod raster_lists;
mod raster_read;
mod read;
mod root;
mod rows_hash;
mod sphere;
mod step_read;
mod stored_rows;
mod times;
mod value;
mod verify;
mod verify_rest;
mod verify_said;
mod verify_values;
mod whole;
mod write;

pub use check::check_schema;
pub use columns::column;
#[cfg(feature = "parquet")]
pub use columns::values_of;
pub use difference::{Difference, DifferenceKind, VerifiedArray, VerifyReport};
pub use group::Extent;
pub use inspect::{Inspected, content_of, inspect};
pub(super) use layouts::ZarrStore;
pub use logical::TreeHashes;
pub use made_of::made_of;
pub use open::ArrayInfo;
pub use place::{check_ours, check_target, resolve};
pub use read::{StoreArray, StoreReader};
pub use rows_hash::RowsHash;
pub use step_read::StoredSteps;
#[cfg(feature = "parquet")]
pub use stored_rows::StoredBlock;
pub use stored_rows::StoredRows;
pub use verify::verify;
pub use write::StoreWriter;
