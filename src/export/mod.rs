//! Stores as files of other programs: Cloud Optimized GeoTIFF, `GeoParquet`, `FlatGeobuf` and CSV.
//!
//! Beside the line, on top of `src/store/`. `asked.rs` is what is asked for, and who answers. Rasters: `of_store.rs` takes
//! arrays of rows and columns as they are, `folder.rs` all of a store that is yet to have its name; for cells of HEALPix,
//! `frame.rs` lays pixels over them, `footprints.rs` finds which cells each pixel has, and `raster.rs` gives it a value. Of
//! all, `pyramid.rs` makes the levels of a picture of cells and cuts them into tiles, `tiff.rs` puts a file together,
//! `tags.rs` says what is in it, and `mark.rs` knows such files again. Rows: `rows.rs` streams them, `columns.rs` makes
//! columns of what a store has, `flatgeobuf.rs` and `src/store/` write them.

mod asked;
#[cfg(feature = "parquet")]
mod columns;
#[cfg(feature = "parquet")]
mod flatgeobuf;
mod folder;
mod footprints;
mod frame;
mod mark;
mod of_store;
mod pyramid;
mod raster;
#[cfg(feature = "parquet")]
mod rows;
#[cfg(not(feature = "parquet"))]
#[path = "no_rows.rs"]
mod rows;
mod tags;
mod tiff;

pub use asked::{Export, Exported, Resampling, export};
#[doc(hidden)]
pub use folder::{Geotiff, Geotiffs, NoGeotiff};
pub(crate) use folder::{check_folder, into_folder, is_geotiff};
pub use mark::GEOTIFF;
