//! The Zarr v3 store: occupied cells of each order as a group that xarray and xdggs open.
//!
//! `write.rs` writes the groups beside the target, array by array (`array.rs`), or over the full sphere
//! (`fullsphere.rs`), with the attributes of the conventions (`metadata.rs`, `root.rs`), and renames when all
//! is whole. `read.rs` reads either layout back; `verify.rs` compares two stores bit by bit; `inspect.rs`
//! tells what is inside.

mod aligned;
mod array;
mod difference;
mod documents;
#[cfg(test)]
mod fixture;
mod fullsphere;
mod group;
mod groups;
mod inspect;
pub(super) mod metadata;
mod ours;
mod place;
mod read;
mod root;
mod sphere;
mod value;
mod verify;
mod write;

pub use difference::{Difference, DifferenceKind, VerifiedArray, VerifyReport};
pub use fullsphere::check as check_full_sphere;
pub use group::Layout;
pub use inspect::{content_of, inspect, inspect_text};
pub use metadata::check as check_schema;
pub use place::{check_target, resolve};
pub use read::{ArrayInfo, StoreArray, StoreReader};
pub use verify::verify;
pub use write::{ContentHash, StoreWriter, Written, WrittenOverview, content_hash};
