//! Reads a piece back, to assemble the store.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt8Type;
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;

use super::marker::Marker;
use super::write::{ORDER, file_name};
use super::{CELLS, PARTIALS, Pieces, run_again};
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
        let named = |message: String| {
            Error::pieces(&self.path, format!("cannot be read: {message}")).with_remedy(run_again())
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

/// What coarser cells than the shard need of a piece: parts that merge into one cell.
#[derive(Debug)]
pub struct TopReader<'a> {
    pieces: &'a Pieces,
    name: String,
    encoding: Encoding<'a>,
    file: Option<BufReader<File>>,
    /// Bytes that were not read.
    left: u64,
}

impl<'a> TopReader<'a> {
    /// Of the piece of this marker; there are no parts where it has none.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub(super) fn open(
        pieces: &'a Pieces,
        marker: &Marker,
        encoding: Encoding<'a>,
    ) -> Result<Self> {
        let name = file_name(marker.shard, PARTIALS);
        let (mut file, mut left) = (None, 0);
        if marker.files.iter().any(|file| file.name == name) {
            let path = pieces.folder.join(&name);
            let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
            let (bytes, opened) = opened.map_err(|e| Error::io("open", &path, e))?;
            (file, left) = (Some(BufReader::new(opened)), bytes);
        }
        Ok(Self {
            pieces,
            name,
            encoding,
            file,
            left,
        })
    }
}

impl Iterator for TopReader<'_> {
    type Item = Result<Partials>;

    fn next(&mut self) -> Option<Self::Item> {
        let file = self.file.as_mut().filter(|_| self.left > 0)?;
        let part = self.encoding.decode(file, self.left);
        match &part {
            Ok(part) => self.left -= self.encoding.bytes_of(part, 0..part.len()),
            Err(_) => self.left = 0,
        }
        Some(part.map_err(|error| self.pieces.damaged(&self.name, &error)))
    }
}
