//! Tables: photons from Parquet and Arrow IPC files, and finished cells to them.
//!
//! On the line twice. In: `table --read--> PhotonBatch`, where a table stands for a granule.
//! `file.rs` opens (`footer.rs` looks at what Parquet says of its schema), `partitions.rs` finds columns in the names of folders, `columns.rs` finds the columns of the config, `prune.rs` and `boxes.rs` tell
//! which row groups of a Parquet file can have photons in wanted shards, `batches.rs` reads what is
//! left in bounded pieces (of Parquet by `row_groups.rs`, which asks `pages.rs`, `header.rs` and `lists.rs`; of Arrow IPC by
//! `ipc/`; within `room.rs`; pieces are in `piece.rs`), `points.rs` takes points apart, `explode.rs` unfolds lists, `block.rs` loads columns,
//! `values.rs` widens without loss, `reader.rs`
//! keeps and counts, `drift.rs` tells how tables differ; `guard.rs` catches what the libraries panic about,
//! `metered.rs` times what they read; `inspect.rs` tells what is inside, of an error
//! table with `left_out.rs`. Out: the rows and granules that a tolerant run leaves out in `errors.rs` and
//! `spool.rs`; `wrote.rs` knows icefold's tables again.

mod batches;
mod block;
mod boxes;
mod columns;
mod drift;
mod errors;
mod explode;
mod file;
mod footer;
mod guard;
mod header;
mod inspect;
mod ipc;
mod left_out;
mod lists;
mod metered;
mod pages;
mod partitions;
mod piece;
mod points;
mod prune;
mod reader;
mod room;
mod row_groups;
mod spool;
mod values;
mod wrote;

pub use columns::{columns_read, source_columns};
pub use drift::Drift;
pub use errors::{ErrorSummary, ErrorTable, WholeErrors, errors_path, read_error_table};
pub use file::{EXTENSIONS, TableFile, looks_like_a_table};
pub use inspect::{inspect, inspect_text};
pub use partitions::partitions;
pub use reader::TableReader;
pub use spool::{ErrorRow, RowSpool};
pub(crate) use wrote::{CONTENT, write_failed};
pub use wrote::{ERROR_TABLE, TABLE, content_of};

/// An error of the arrow and parquet libraries in one line.
fn one_line(error: &impl ToString) -> String {
    const LONGEST: usize = 200;
    let text = error.to_string();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|w| !w.is_empty()).collect::<Vec<_>>();
    let line = line.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
