//! Stores: finished cells as files.
//!
//! Last on the line: `CellTable --write--> store`. `sink.rs` is what the line asks of a store, `layout.rs` lists
//! those that there are, `target.rs` opens one; `zarr/` is the store, `table.rs` writes the same cells as a table.
//! `content.rs` has the hashes that all have in common.

mod content;
mod layout;
mod sink;
mod table;
mod target;
mod zarr;

pub use content::{ContentHash, content_hash};
pub use layout::Layout;
pub use sink::{Sink, Store, Written, WrittenOverview};
pub use table::{TableFormat, TableWriter, WholeTable};
pub use target::{StoreSink, Target, Whole};
pub use zarr::{
    ArrayInfo, Difference, DifferenceKind, Extent, StoreArray, StoreReader, StoreWriter,
    VerifiedArray, VerifyReport, check_schema, check_target, content_of, inspect, inspect_text,
    resolve, verify,
};
