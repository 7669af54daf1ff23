//! Stores: finished cells as files.
//!
//! Last on the line: `CellTable --write--> store`. `zarr/` is the store; `table.rs` writes the same cells as
//! a table.

mod table;
mod zarr;

pub use table::{TableFormat, TableWriter, WholeTable};
pub use zarr::{
    ArrayInfo, ContentHash, Difference, DifferenceKind, Layout, StoreArray, StoreReader,
    StoreWriter, VerifiedArray, VerifyReport, Written, WrittenOverview, check_full_sphere,
    check_schema, check_target, content_hash, content_of, inspect, inspect_text, resolve, verify,
};
