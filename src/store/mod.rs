//! Stores: finished cells as files.
//!
//! Last on the line: `CellTable --write--> store`. `zarr/` is the store; `table.rs` writes the same cells as a table.

#[cfg(feature = "parquet")]
mod table;
#[cfg(not(feature = "parquet"))]
#[path = "no_table.rs"]
mod table;
mod table_format;
mod zarr;

pub use table::{TableWriter, WholeTable};
pub use table_format::TableFormat;
pub use zarr::{
    ArrayInfo, ContentHash, Difference, DifferenceKind, Inspected, Layout, StoreArray, StoreReader,
    StoreWriter, VerifiedArray, VerifyReport, Written, WrittenOverview, check_full_sphere,
    check_schema, check_target, content_hash, content_of, inspect, resolve, verify,
};
