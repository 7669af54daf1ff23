//! The Zarr v3 store: occupied cells of one order as a group that xarray and xdggs open.
//!
//! Last on the line: `CellTable --write--> store`. `metadata.rs` writes the conventions' attributes,
//! `write.rs` the arrays (beside the target, renamed when whole), `read.rs` reads them back,
//! `verify.rs` compares two stores bit by bit, `inspect.rs` tells what is inside.

mod inspect;
mod metadata;
mod read;
mod verify;
mod write;

pub use inspect::inspect;
pub use read::{StoreArray, StoreReader};
pub use verify::{Difference, verify};
pub use write::{ContentHash, StoreWriter};
