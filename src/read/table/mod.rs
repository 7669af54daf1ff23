//! Tables: photons from Parquet and Arrow IPC files.
//!
//! A table stands for a granule, in whole or with others in folders whose names are columns. `file.rs`
//! opens, `columns.rs` finds what the config reads, `prune.rs` leaves row groups out that have no photons in
//! wanted shards, `batches.rs` reads the rest in bounded pieces, `explode.rs` unfolds lists, `reader.rs`
//! keeps and counts. The libraries are not trusted with lengths: pages and buffers are looked at before they
//! are decoded (`pages.rs`, `ipc/`), and a panic of theirs is an error of the file (`src/guard.rs`).

mod batches;
mod block;
mod columns;
mod csv;
mod drift;
mod explode;
mod fields;
mod file;
mod footer;
mod front;
mod header;
mod inspect;
mod ipc;
mod lists;
mod lookup;
mod metered;
mod named;
mod narrow;
mod outside;
mod pages;
mod partitions;
mod pending;
mod piece;
mod points;
mod prune;
mod reader;
mod room;
mod row_groups;
mod texts;
mod types;
mod values;
mod words;
mod wrote;

pub use columns::source_columns;
pub use drift::Drift;
pub use file::TableFile;
pub use inspect::{Inspected, inspect};
pub use outside::{EXTENSIONS, columns_read, is_csv, looks_like_a_table, partitions};
pub use reader::TableReader;
pub use wrote::{TABLE, content_of};
