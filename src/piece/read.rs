//! Reading a piece back, to assemble the store.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt8Type;
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;

use super::marker::Marker;
use super::write::{ORDER, file_name};
use super::{CELLS, PARTIALS, Pieces};
use crate::error::{Error, Result};
use crate::finalize::CellTable;
use crate::grid::Order;
use crate::stat::{Encoding, Partials};

/// The tables of a piece, in the order in which they were written.
#[derive(Debug)]
pub struct PieceReader {
    path: PathBuf,
    batches: Option<StreamReader<BufReader<File>>>,
}

impl PieceReader {
    /// Opens the piece of this marker.
    ///
    /// # Errors
    /// A file that is not what it was.
    pub(super) fn open(pieces: &Pieces, marker: &Marker) -> Result<Self> {
        let name = file_name(marker.shard, CELLS);
        let path = pieces.folder.join(&name);
        let mut batches = None;
        if marker.files.iter().any(|file| file.name == name) {
            let file = File::open(&path).map_err(|e| Error::io("open", &path, e))?;
            let reader = StreamReader::try_new(BufReader::new(file), None);
            batches = Some(reader.map_err(|e| pieces.damaged(&name, &e))?);
        }
        Ok(Self { path, batches })
    }
}

impl Iterator for PieceReader {
    type Item = Result<(Order, CellTable)>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.as_mut()?.next()?;
        let batch = batch.map_err(|e| e.to_string());
        let table = batch.and_then(|batch| table(&batch));
        let named = |message: String| Error::Pieces {
            path: self.path.clone(),
            message: format!("cannot be read: {message}; run again with --resume"),
        };
        Some(table.map_err(named))
    }
}

/// The cells of a batch, and their order.
fn table(batch: &RecordBatch) -> Result<(Order, CellTable), String> {
    let orders = batch
        .column_by_name(ORDER)
        .and_then(|column| column.as_primitive_opt::<UInt8Type>())
        .filter(|orders| !orders.is_empty())
        .ok_or_else(|| format!("it has no column {ORDER}"))?;
    let first = orders.value(0);
    let order = Order::new(first).filter(|_| orders.values().iter().all(|o| *o == first));
    let order = order.ok_or_else(|| format!("{ORDER} is not one order"))?;
    let columns: Vec<usize> = (1..batch.num_columns()).collect();
    let rows = batch.project(&columns).map_err(|e| e.to_string())?;
    Ok((order, CellTable { rows }))
}

/// What coarser cells than the shard need of it; no cells where the piece has none.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn top(pieces: &Pieces, marker: &Marker, encoding: &Encoding) -> Result<Partials> {
    let name = file_name(marker.shard, PARTIALS);
    if !marker.files.iter().any(|file| file.name == name) {
        return Ok(Partials::empty(encoding.job()));
    }
    let path = pieces.folder.join(&name);
    let file = File::open(&path).map_err(|e| Error::io("open", &path, e))?;
    let decoded = encoding.decode(&mut BufReader::new(file), u64::MAX);
    decoded.map_err(|error| pieces.damaged(&name, &error))
}
