//! The Zarr v3 store: occupied cells of each order as a group that xarray and xdggs open.
//!
//! Last on the line: `CellTable --write--> store`. `metadata.rs` and `root.rs` write the conventions' attributes,
//! `write.rs` the groups (`group.rs` each order, `array.rs` each array, or `fullsphere.rs` in the
//! other layout, `place.rs` beside the target, renamed when whole),
//! `read.rs` reads them back (`groups.rs` finds them, `sphere.rs` reads the other layout), `verify.rs`
//! compares two stores bit by bit (`aligned.rs` brings two layouts together, `difference.rs` is what it
//! finds), `inspect.rs` tells what is inside. `table.rs` writes the same cells as a table. `value.rs` turns values
//! into bytes and back.

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
mod metadata;
mod ours;
mod place;
mod read;
mod root;
mod sphere;
mod table;
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
pub use table::{TableFormat, TableWriter, WholeTable};
pub use verify::verify;
pub use write::{ContentHash, StoreWriter, Written, WrittenOverview, content_hash};
