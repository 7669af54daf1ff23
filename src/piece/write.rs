//! Writes one piece: the finished cells of a shard, at the cell order and at the orders of its overviews.
//!
//! Last on the line of a run over a shard map: `CellTable --write--> piece`. The cells are one Arrow IPC
//! stream whose record batches each hold cells of one order, ascending; a column `order` before the columns
//! of the store says which. What cells coarser than shards need goes into a second file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt8Array};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;

use super::marker::{Contribution, Marker, PieceFile, content};
use super::{CELLS, GranuleFile, PARTIALS, Pieces};
use crate::error::{Error, Result};
use crate::finalize::{CellTable, distinct};
use crate::grid::Order;
use crate::merge::Window;
use crate::place::sync_folder;
use crate::stat::Encoding;
use crate::store::Sink;

/// The column of cells' orders.
pub(super) const ORDER: &str = "order";
/// Bytes of a record batch, about.
const BATCH: usize = 8 << 20;

/// A piece that grows in hidden files; dropping it removes them.
pub struct PieceWriter<'a> {
    pieces: &'a Pieces,
    shard: u64,
    writer: Option<StreamWriter<BufWriter<File>>>,
    /// Cells by order, and the last of them.
    cells: BTreeMap<u8, (u64, Option<u64>)>,
}

/// What is known of a piece besides its cells.
#[derive(Debug)]
pub struct PieceFacts {
    pub granules: Vec<Contribution>,
    /// What the files of these granules were.
    pub sources: BTreeMap<String, GranuleFile>,
    pub left_out: Vec<String>,
    pub photons: u64,
    pub cells_without_weight: u64,
    /// Photons by step of time, where there are steps.
    pub steps: BTreeMap<u32, u64>,
}

impl fmt::Debug for PieceWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PieceWriter")
            .field("shard", &self.shard)
            .field("cells", &self.cells)
            .finish_non_exhaustive()
    }
}

impl<'a> PieceWriter<'a> {
    /// A piece without cells, of which there is nothing on disk.
    pub(super) fn new(pieces: &'a Pieces, shard: u64) -> Self {
        Self {
            pieces,
            shard,
            writer: None,
            cells: BTreeMap::new(),
        }
    }

    /// Makes the piece durable and marks it as done. `top` is what coarser cells than the shard need
    /// of it.
    ///
    /// # Errors
    /// A write fails: the piece is not done.
    pub fn finish(
        mut self,
        top: Option<(&Window, &Encoding)>,
        facts: PieceFacts,
    ) -> Result<Marker> {
        let mut files = Vec::new();
        if let Some(writer) = self.writer.take() {
            let path = self.partial(CELLS);
            let file = writer.into_inner().map_err(|e| write_failed(&path, e))?;
            let file = file
                .into_inner()
                .map_err(|e| Error::io("write", &path, e.into_error()))?;
            files.push(self.publish(CELLS, &file)?);
        }
        if let Some((top, encoding)) = top.filter(|(top, _)| !top.is_empty()) {
            let file = self.write_top(top, encoding)?;
            files.push(self.publish(PARTIALS, &file)?);
        }
        let PieceFacts {
            mut granules,
            sources,
            left_out,
            photons,
            cells_without_weight,
            steps,
        } = facts;
        granules.sort();
        let marker = Marker {
            shard: self.shard,
            config_sha256: self.pieces.manifest.config.sha256.clone(),
            map_sha256: self.pieces.manifest.map.sha256.clone(),
            manifest_sha256: self.pieces.sha256.clone(),
            granules,
            sources,
            left_out,
            photons,
            cells: self
                .cells
                .iter()
                .map(|(&order, (cells, _))| (order, *cells))
                .collect(),
            cells_without_weight,
            steps,
            content_sha256: content(&files),
            files,
        };
        // The names of the files before the name of the marker.
        let folder = &self.pieces.folder;
        sync_folder(folder).map_err(|e| Error::io("sync", folder, e))?;
        marker.write(folder)?;
        Ok(marker)
    }

    /// The shard as one cell, as blocks that merge into it.
    fn write_top(&self, top: &Window, encoding: &Encoding) -> Result<File> {
        let path = self.partial(PARTIALS);
        let file = File::create(&path).map_err(|e| Error::io("create", &path, e))?;
        let mut out = BufWriter::new(&file);
        top.each_part(encoding.job(), |part| {
            let written = encoding.encode(part, 0..1, &mut out);
            written
                .map(|_| ())
                .map_err(|e| Error::io("write", &path, e))
        })?;
        out.flush().map_err(|e| Error::io("write", &path, e))?;
        drop(out);
        Ok(file)
    }

    /// Gives a whole file its name.
    fn publish(&self, kind: &str, file: &File) -> Result<PieceFile> {
        let (from, name) = (self.partial(kind), file_name(self.shard, kind));
        let to = self.pieces.folder.join(&name);
        file.sync_all().map_err(|e| Error::io("write", &from, e))?;
        fs::rename(&from, &to).map_err(|e| Error::io("rename the finished piece to", &to, e))?;
        PieceFile::of(&self.pieces.folder, &name)
    }

    fn partial(&self, kind: &str) -> PathBuf {
        partial(&self.pieces.folder, self.shard, kind)
    }
}

impl Sink for PieceWriter<'_> {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        let count = table.rows.num_rows();
        if count == 0 {
            return Ok(());
        }
        let (cells, last) = self.cells.entry(order.get()).or_default();
        *cells += distinct(table.ids().iter().copied(), last);
        let batch = with_order(order, &table.rows);
        let path = self.partial(CELLS);
        let rows = rows_at_once(&batch);
        for start in (0..count).step_by(rows) {
            let batch = batch.slice(start, rows.min(count - start));
            let written = match &mut self.writer {
                Some(writer) => writer.write(&batch),
                None => begin(&path, &batch).map(|writer| self.writer = Some(writer)),
            };
            written.map_err(|e| write_failed(&path, e))?;
        }
        Ok(())
    }
}

impl Drop for PieceWriter<'_> {
    fn drop(&mut self) {
        for kind in [CELLS, PARTIALS] {
            // The error that led here matters more than one about cleaning up.
            let _ = fs::remove_file(self.partial(kind));
        }
    }
}

/// The name of a file of a shard's piece.
pub(super) fn file_name(shard: u64, kind: &str) -> String {
    format!("shard-{shard}.{kind}")
}

/// Where a file of a piece grows. A shard has one owner, so one name is enough, and what a killed run
/// left there is written over.
fn partial(folder: &Path, shard: u64, kind: &str) -> PathBuf {
    folder.join(format!(".{}.partial", file_name(shard, kind)))
}

fn begin(path: &Path, batch: &RecordBatch) -> Result<StreamWriter<BufWriter<File>>, ArrowError> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let file = BufWriter::new(File::create(path)?);
    let mut writer = StreamWriter::try_new_with_options(file, &batch.schema(), options)?;
    writer.write(batch)?;
    Ok(writer)
}

/// Rows of a record batch: whoever reads the piece holds one of them, and may have less memory than the
/// run that wrote it.
fn rows_at_once(batch: &RecordBatch) -> usize {
    let row = batch.get_array_memory_size() / batch.num_rows().max(1);
    (BATCH / row.max(1)).max(1)
}

fn with_order(order: Order, rows: &RecordBatch) -> RecordBatch {
    let orders: ArrayRef = Arc::new(UInt8Array::from_value(order.get(), rows.num_rows()));
    let schema = rows.schema();
    let order = Arc::new(Field::new(ORDER, DataType::UInt8, false));
    let fields = std::iter::once(order).chain(schema.fields().iter().cloned());
    let columns = std::iter::once(orders).chain(rows.columns().iter().cloned());
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, columns.collect())
        .unwrap_or_else(|e| unreachable!("a table with one more column is a table: {e}"))
}

fn write_failed(path: &Path, error: ArrowError) -> Error {
    let source = match error {
        ArrowError::IoError(_, source) => source,
        other => std::io::Error::other(other.to_string()),
    };
    Error::io("write", path, source)
}

#[cfg(test)]
mod tests {
    use arrow::array::{FixedSizeListArray, UInt64Array};

    use super::*;

    #[test]
    fn a_record_batch_has_as_many_rows_as_fit_and_one_in_any_case() {
        let ids = || Arc::new(UInt64Array::from_value(7, 3 << 20)) as ArrayRef;
        let rows = RecordBatch::try_from_iter([("cell_ids", ids()), ("n", ids())]).unwrap();
        let at_once = rows_at_once(&rows);
        assert!(at_once * 16 <= BATCH && at_once * 17 > BATCH, "{at_once}");
        let item = Arc::new(Field::new("item", DataType::UInt64, false));
        let wide = FixedSizeListArray::new(item, 3 << 19, ids(), None);
        let rows = RecordBatch::try_from_iter([("bins", Arc::new(wide) as ArrayRef)]).unwrap();
        assert_eq!(rows_at_once(&rows), 1);
        assert!(rows_at_once(&rows.slice(0, 0)) > 0);
    }
}
