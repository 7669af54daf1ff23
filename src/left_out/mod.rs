//! What a tolerant run leaves out: granules and rows, one by one, and the table that lists them.
//!
//! `rejected.rs` has photons that were rejected for a value; `spool.rs` keeps rows while a run goes on,
//! `errors.rs` writes them as a table (`rows_file.rs`), `inspect.rs` counts what such a table says.

mod errors;
mod inspect;
mod rejected;
#[cfg(feature = "parquet")]
mod rows_file;
#[cfg(not(feature = "parquet"))]
#[path = "no_rows_file.rs"]
mod rows_file;
mod spool;

pub use errors::{
    ERROR_TABLE, ErrorSummary, ErrorTable, WholeErrors, errors_path, read_error_table,
};
pub use inspect::{Inspected, inspect, looks_like_an_error_table};
pub use rejected::{LISTED_ROWS, RejectedRow, RejectedRows, RejectedValue};
pub use spool::{ErrorRow, RowSpool};
