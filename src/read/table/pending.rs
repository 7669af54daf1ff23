//! Rows of a table that were read, on their way into batches.
//!
//! On the line: between the pieces of `batches.rs` and the photons that `reader.rs` keeps.

use std::sync::Arc;

use super::explode::Rows;
use super::file::TableFile;
use super::piece::Reach;
use crate::{Error, Result};

/// Rows that were read, whose photons from `next` on are not yet in a batch.
#[derive(Debug)]
pub(super) struct Pending {
    pub rows: Rows,
    /// Row of the table that the first is.
    pub first: u64,
    pub reach: Reach,
    pub next: u64,
    /// Names of the columns.
    pub names: Arc<[String]>,
}

impl Pending {
    /// Of a piece whose first row is at `first`.
    ///
    /// # Errors
    /// Lists of different lengths in a row.
    pub fn new(
        table: &TableFile,
        batch: arrow::record_batch::RecordBatch,
        first: u64,
        reach: Reach,
    ) -> Result<Self> {
        let schema = batch.schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        let rows = Rows::new(batch).map_err(|(row, message)| -> Error {
            table.error(format!("row {} {message}", first + row as u64))
        })?;
        Ok(Self {
            rows,
            first,
            reach,
            next: 0,
            names: names.collect(),
        })
    }
}
