//! The rows of a table in bounded pieces, of the needed columns and of the row groups that can matter.
//!
//! On the line: `reader.rs` asks for the next piece. A Parquet file is read page by page (`row_groups.rs`),
//! an Arrow IPC file or stream buffer by buffer (`ipc/`).

use std::sync::Arc;
use std::time::Duration;

use arrow::record_batch::RecordBatch;

use super::columns::Needed;
use super::csv::CsvSource;
use super::fields::unfolded;
use super::file::{Format, TableFile};
use super::ipc::IpcSource;
use super::metered::Metered;
use super::partitions::{Partition, widened};
use super::piece::{Piece, Reach, Stretch};
use super::room::{Fault, Room};
use super::row_groups::{ParquetSource, Wanted};
use crate::Result;
use crate::guard::guarded;

/// Yields a table piece by piece.
#[derive(Debug)]
pub(super) struct Batches {
    source: Source,
    /// Another handle of what is read.
    file: Metered,
    /// The next row.
    row: u64,
    /// Columns to add to those of the file.
    partitions: Vec<Partition>,
    /// Fields of structs that become columns.
    fields: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
enum Source {
    Parquet(Box<ParquetSource>),
    Ipc(Box<IpcSource>),
    Csv(Box<CsvSource>),
}

impl Batches {
    /// Opens a table's rows; a piece has at most `limits.0` rows, or values in their lists but for those of
    /// one row, and decoding takes no more than there is room for. `stretches` are those of a Parquet file.
    ///
    /// # Errors
    /// The file is damaged; what must be in memory at once does not fit.
    pub fn open(
        table: &TableFile,
        needed: &Needed,
        limits: (usize, Room),
        stretches: Vec<Stretch>,
    ) -> Result<Self> {
        let handle = Metered::new(Arc::clone(&table.data));
        let file = handle.clone();
        let source = match &table.format {
            Format::Parquet(metadata) => {
                let wanted = Wanted {
                    schema: &table.schema,
                    points: needed.points.as_deref(),
                    all: needed.all(table),
                    positions: needed.positions(table),
                    stretches,
                };
                let metadata = metadata.metadata();
                let source = guarded(|| {
                    Ok::<_, String>(ParquetSource::open(metadata, file, wanted, limits))
                });
                let source = source.map_err(|e| table.damaged(0, &e))?;
                Source::Parquet(Box::new(source.map_err(|fault| table.fault(0, fault))?))
            }
            Format::ArrowFile(messages) | Format::ArrowStream(messages) => {
                let picks = needed.all(table);
                let source =
                    guarded(|| Ok::<_, String>(IpcSource::open(messages, file, picks, limits)));
                let source = source.map_err(|e| table.damaged(0, &e))?;
                Source::Ipc(Box::new(source.map_err(|fault| table.fault(0, fault))?))
            }
            Format::Csv(csv) => {
                let source = CsvSource::open(csv, &file, &needed.all(table), limits.0);
                Source::Csv(Box::new(source.map_err(|e| table.damaged(0, &e))?))
            }
        };
        Ok(Self {
            source,
            file: handle,
            row: 0,
            partitions: needed.partitions(table),
            fields: needed.fields(table),
        })
    }

    /// Bytes that decoding takes at most.
    pub fn decoding_bytes(&self) -> u64 {
        match &self.source {
            Source::Parquet(source) => source.bytes,
            Source::Ipc(source) => source.bytes,
            // A line, and its fields.
            Source::Csv(_) => 4 << 20,
        }
    }

    /// Bytes of an Arrow IPC file or stream, or of comma-separated values, up to the next row.
    pub fn position(&self) -> u64 {
        match &self.source {
            Source::Parquet(_) => 0,
            Source::Ipc(source) => source.position(),
            Source::Csv(source) => source.position(),
        }
    }

    /// Time spent reading the file so far, and bytes that came.
    pub fn spent(&self) -> (Duration, u64) {
        self.file.spent()
    }

    /// The next row.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// A piece that cannot be decoded.
    pub fn next(&mut self, table: &TableFile) -> Result<Option<Piece>> {
        let piece = guarded(|| {
            Ok::<_, String>(match &mut self.source {
                Source::Parquet(source) => source.next(),
                Source::Ipc(source) => source.next().map(whole),
                Source::Csv(source) => source.next().map(whole).map_err(Fault::Damaged),
            })
        });
        let piece = piece.map_err(|e| table.damaged(self.row, &e))?;
        let piece = piece.map_err(|fault| table.fault(self.row, fault))?;
        let first = self.row;
        Ok(match piece {
            None => None,
            Some(Piece::Rows { reach, batch, .. }) => {
                self.row += batch.num_rows() as u64;
                let batch = unfolded(&batch, &self.fields);
                let batch = batch.and_then(|batch| widened(&batch, &self.partitions));
                Some(Piece::Rows {
                    first,
                    reach,
                    batch: batch.map_err(|e| table.damaged(first, &e))?,
                })
            }
            Some(Piece::Skipped(rows, why)) => {
                self.row += rows;
                Some(Piece::Skipped(rows, why))
            }
        })
    }
}

fn whole(batch: Option<RecordBatch>) -> Option<Piece> {
    batch.map(|batch| Piece::Rows {
        first: 0,
        reach: Reach::All,
        batch,
    })
}
