//! Stores: finished cells as files.
//!
//! Last on the line: `CellTable --write--> store`. `sink.rs` is what the line asks of a store, `layout.rs` lists
//! those that there are, `target.rs` opens one, `fill.rs` adds cells of a region; `zarr/` is the store, `table.rs` writes the same cells as a table (`places.rs`: those of rasters),
//! `csv.rs` as lines, and `rows.rs` either of them without a store.
//! `cite.rs` tells what to cite, `content.rs` has the hashes that all have in common, `origin.rs` what names of granules say, `provenance.rs` what a store says
//! it was made of, `command.rs` makes it again, `products.rs` how products are cited, `footprint.rs` where cells are.

mod cite;
mod command;
mod content;
mod csv;
mod fill;
mod footprint;
mod layout;
mod origin;
mod places;
mod products;
mod provenance;
mod rows;
mod sink;
#[cfg(feature = "parquet")]
mod table;
#[cfg(not(feature = "parquet"))]
#[path = "no_table.rs"]
mod table;
mod table_format;
mod target;
mod zarr;

pub use cite::{Citation, CitedProduct, cite};
pub use content::{ContentHash, content_hash};
pub use layout::Layout;
pub use origin::Origin;
pub use places::PLACES;
pub use provenance::SourceFile;
pub use rows::{RowsFormat, RowsSink, WholeRows};
pub use sink::{Sink, Store, Written, WrittenOverview};
pub use table::{TableWriter, WholeTable};
pub use table_format::TableFormat;
pub use target::{StoreSink, Target, Whole};
pub use zarr::{
    ArrayInfo, Difference, DifferenceKind, Extent, Inspected, RowsHash, StoreArray, StoreReader,
    StoreWriter, StoredSteps, TreeHashes, VerifiedArray, VerifyReport, check_schema, check_target,
    content_of, inspect, made_of, resolve, verify,
};
