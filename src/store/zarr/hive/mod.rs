//! The hive layout of zagg: one Zarr for each shard below the digits of its morton id, and a manifest.
//!
//! Beside `cells.rs` and `sphere.rs`, the layouts within one Zarr. `tree.rs` finds what stands in a hive, `parts.rs`
//! and `parted.rs` read its cells, `vlen.rs` has arrays of lists. `write.rs` writes one: leaves (`leaf.rs`), columns of
//! coarser cells (`column.rs`), where they are (`coverage.rs`), and what they say of themselves (`documents.rs`).

mod column;
mod coverage;
mod documents;
mod leaf;
mod parted;
mod parts;
mod tree;
pub(super) mod vlen;
mod write;

pub use coverage::FILE as COVERAGE;
pub use parted::Parted;
pub use parts::Parts;
pub use tree::{Tree, is_hive, is_ours, manifest as manifest_of};
pub use vlen::{VlenArray, is_vlen};
pub use write::{HiveWriter, check, check_overviews};
