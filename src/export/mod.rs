//! Stores as files of other programs: the arrays of a raster as Cloud Optimized GeoTIFF.
//!
//! Beside the line, on top of `src/store/`. `of_store.rs` takes arrays from a store, `pyramid.rs` makes the levels of a
//! picture of cells and cuts them into tiles, `tiff.rs` puts a file together, `tags.rs` says what is in it, and `mark.rs`
//! knows such files again. `folder.rs` writes all arrays of a store that is yet to have its name. What is written depends on cells and values, not on where they come from: any store that can
//! say the row and the column of its cells may be next.

mod folder;
mod mark;
mod of_store;
mod pyramid;
mod tags;
mod tiff;

#[doc(hidden)]
pub use folder::{Geotiff, Geotiffs, NoGeotiff};
pub(crate) use folder::{check_folder, into_folder};
pub use mark::GEOTIFF;
pub use of_store::{Exported, geotiffs};
