//! Stores: finished cells as files.
//!
//! Last on the line: `CellTable --write--> store`. `sink.rs` is what the line asks of a store, `layout.rs` lists
//! those that there are, `target.rs` opens one, `fill.rs` adds cells of a region; `zarr/` is the store, `table.rs` writes the same cells as a table (`places.rs`: those of rasters, `located.rs` and `geometry.rs`: where they are),
//! `csv.rs` as lines, and `rows.rs` either of them without a store.
//! `cite.rs` tells what to cite, `content.rs` has the hashes that all have in common, `origin.rs` what names of granules say, `provenance.rs` what a store says
//! it was made of, `command.rs` makes it again, `products.rs` how products are cited, `footprint.rs` where cells are.

mod cite;
mod command;
mod content;
mod csv;
mod fill;
mod footprint;
#[cfg_attr(
    not(feature = "parquet"),
    allow(dead_code, reason = "tables have geometries")
)]
mod geometry;
mod layout;
#[cfg_attr(
    not(feature = "parquet"),
    allow(dead_code, reason = "tables have geometries")
)]
mod located;
mod moments;
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
#[cfg(feature = "parquet")]
mod table_file;
mod table_format;
mod target;
mod zarr;

pub use cite::{Citation, CitedProduct, cite};
pub use content::{ContentHash, content_hash};
#[cfg(feature = "parquet")]
pub(crate) use csv::{CSV, Lines};
pub use geometry::Geometry;
#[cfg(feature = "parquet")]
pub(crate) use geometry::Shape;
#[cfg(feature = "parquet")]
pub(crate) use geometry::{GEO, geo};
pub use layout::Layout;
pub(crate) use located::Located;
#[cfg(feature = "parquet")]
pub(crate) use located::{WKT, joined, texts};
#[cfg(feature = "parquet")]
pub(crate) use moments::micros;
pub use origin::Origin;
#[cfg(feature = "parquet")]
pub(crate) use places::Places;
pub use provenance::SourceFile;
pub use rows::{RowsFormat, RowsSink, WholeRows};
pub use sink::{Sink, Store, Written, WrittenOverview};
pub use table::{TableWriter, WholeTable};
#[cfg(feature = "parquet")]
pub(crate) use table::{field, metadata};
#[cfg(feature = "parquet")]
pub(crate) use table_file::TableFile;
pub use table_format::TableFormat;
pub use target::{StoreSink, Target, Whole};
pub use zarr::{
    ArrayInfo, Difference, DifferenceKind, Extent, Inspected, RowsHash, StoreArray, StoreReader,
    StoreWriter, StoredSteps, TreeHashes, VerifiedArray, VerifyReport, check_schema, check_target,
    content_of, inspect, made_of, resolve, verify,
};
#[cfg(feature = "parquet")]
pub(crate) use zarr::{StoredBlock, values_of};
pub(crate) use zarr::{StoredRows, column};
