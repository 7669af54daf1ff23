//! The index: what granules would be opened for, kept in one file: what they are, where and when, and how they are built.
//!
//! Beside the line, between reading and the plan. `look.rs` opens a granule and makes an [`Entry`] of it (`entry.rs`),
//! `make.rs` does so with those that are new or changed, and writes a table of all (`arrays.rs`, `file.rs`). `judge.rs`
//! tells of an entry what a config can need of the granule, without opening it. An entry counts as long as size, time
//! and ETag are what they were, and as its checksum is right.

mod arrays;
mod entry;
#[cfg(feature = "parquet")]
mod file;
#[cfg(not(feature = "parquet"))]
#[path = "no_file.rs"]
mod file;
mod inspect;
mod judge;
mod known;
mod look;
mod make;
#[cfg(feature = "parquet")]
mod write;
#[cfg(not(feature = "parquet"))]
#[path = "no_write.rs"]
mod write;

use std::path::Path;

pub use entry::{CellRun, Entry, IndexedTrack};
pub use file::{Index, looks_like_an_index};
pub use inspect::{Inspected, inspect};
pub use judge::{Judged, Purpose, Verdict};
pub use make::{Gone, Indexing, Made, make};
#[doc(hidden)]
pub use write::IndexWriter;

use crate::grid::Order;
use crate::place::{Artefact, Folder};

/// The order of the cells in which footprints are.
const CELLS: u8 = 9;
/// The key under which the file says what it is, and the format that is written and read.
const META: &str = "icefold:index";
const FORMAT: u64 = 1;

/// Indexes as files.
pub const INDEX: Artefact = Artefact {
    noun: "index",
    needs_flag: false,
    folder: Folder::There,
    wrote: |path: &Path| looks_like_an_index(path),
};

/// The order of the cells in which footprints are.
fn order() -> Order {
    Order::new(CELLS).unwrap_or(Order::MAX)
}
