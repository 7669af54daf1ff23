//! The rows of a table in bounded pieces: only the columns that are needed, only the row groups that
//! can matter.
//!
//! On the line: `reader.rs` asks for the next piece. A Parquet file is read page by page, an Arrow
//! IPC file or stream one of its record batches at a time.

use std::fs::File;
use std::io::BufReader;
use std::time::Duration;

use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::columns::Needed;
use super::file::{Format, TableFile};
use super::guard::guarded;
use super::metered::Metered;
use super::partitions::{Partition, widened};
use super::prune::{Reach, Stretch};
use crate::{Error, Result};

/// Consecutive rows of a table.
#[derive(Debug)]
pub(super) enum Piece {
    /// Rows that were read, from this row of the table on.
    Rows {
        first: u64,
        reach: Reach,
        batch: RecordBatch,
    },
    /// Rows of which statistics told all there is to know.
    Skipped(u64),
}

/// Yields a table piece by piece.
#[derive(Debug)]
pub(super) struct Batches {
    source: Source,
    /// Another handle of the file that is read.
    file: Metered<File>,
    /// The next row.
    row: u64,
    /// Columns to add to those of the file.
    partitions: Vec<Partition>,
}

#[derive(Debug)]
enum Source {
    Parquet(Box<ParquetSource>),
    ArrowFile(Box<FileReader<BufReader<Metered<File>>>>),
    ArrowStream(Box<StreamReader<BufReader<Metered<File>>>>),
}

#[derive(Debug)]
struct ParquetSource {
    file: Metered<File>,
    metadata: ArrowReaderMetadata,
    rows: usize,
    /// Positions in the schema, for each reach.
    all: Vec<usize>,
    positions: Vec<usize>,
    /// Those not yet begun, the last first.
    stretches: Vec<Stretch>,
    current: Option<(Reach, ParquetRecordBatchReader)>,
}

impl Batches {
    /// Opens a table's rows; a piece of a Parquet file has at most `rows` rows, fewer where rows hold
    /// long lists. `stretches` are those of a Parquet file.
    ///
    /// # Errors
    /// The file is gone, or damaged.
    pub fn open(
        table: &TableFile,
        needed: &Needed,
        rows: usize,
        mut stretches: Vec<Stretch>,
    ) -> Result<Self> {
        let opened = File::open(&table.path).map(Metered::new);
        let opened = opened.and_then(|file| Ok((file.try_clone()?, file)));
        let (file, handle) = opened.map_err(|e| Error::io("open", &table.path, e))?;
        let all = needed.all(table);
        let source = match &table.format {
            Format::Parquet(metadata) => {
                stretches.reverse();
                Source::Parquet(Box::new(ParquetSource {
                    file,
                    rows: rows_within(metadata, &all, rows),
                    metadata: metadata.clone(),
                    all,
                    positions: needed.positions(table),
                    stretches,
                    current: None,
                }))
            }
            Format::ArrowFile => {
                let reader = guarded(|| FileReader::try_new(BufReader::new(file), Some(all)));
                Source::ArrowFile(Box::new(reader.map_err(|e| table.damaged(0, &e))?))
            }
            Format::ArrowStream => {
                let reader = guarded(|| StreamReader::try_new(BufReader::new(file), Some(all)));
                Source::ArrowStream(Box::new(reader.map_err(|e| table.damaged(0, &e))?))
            }
        };
        Ok(Self {
            source,
            file: handle,
            row: 0,
            partitions: needed.partitions(table),
        })
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
        let piece = match &mut self.source {
            Source::Parquet(source) => guarded(|| source.next()),
            Source::ArrowFile(reader) => guarded(|| whole(reader.next())),
            Source::ArrowStream(reader) => guarded(|| whole(reader.next())),
        };
        let piece = piece.map_err(|e| table.damaged(self.row, &e))?;
        let first = self.row;
        Ok(match piece {
            None => None,
            Some(Piece::Rows { reach, batch, .. }) => {
                self.row += batch.num_rows() as u64;
                let batch = widened(&batch, &self.partitions);
                Some(Piece::Rows {
                    first,
                    reach,
                    batch: batch.map_err(|e| table.damaged(first, &e))?,
                })
            }
            Some(Piece::Skipped(rows)) => {
                self.row += rows;
                Some(Piece::Skipped(rows))
            }
        })
    }
}

fn whole<E>(next: Option<Result<RecordBatch, E>>) -> Result<Option<Piece>, E> {
    Ok(next.transpose()?.map(|batch| Piece::Rows {
        first: 0,
        reach: Reach::All,
        batch,
    }))
}

impl ParquetSource {
    fn next(&mut self) -> parquet::errors::Result<Option<Piece>> {
        loop {
            if let Some((reach, reader)) = &mut self.current {
                if let Some(batch) = reader.next().transpose()? {
                    return Ok(Some(Piece::Rows {
                        first: 0,
                        reach: *reach,
                        batch,
                    }));
                }
                self.current = None;
            }
            let Some(stretch) = self.stretches.pop() else {
                return Ok(None);
            };
            let places = match stretch.reach {
                Reach::Nothing => return Ok(Some(Piece::Skipped(stretch.rows))),
                Reach::Positions => &self.positions,
                Reach::All => &self.all,
            };
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                self.file.try_clone()?,
                self.metadata.clone(),
            );
            let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
            let reader = builder
                .with_projection(mask)
                .with_row_groups(stretch.row_groups)
                .with_batch_size(self.rows)
                .build()?;
            self.current = Some((stretch.reach, reader));
        }
    }
}

/// Rows whose lists hold about `values` values in the columns at these places.
fn rows_within(metadata: &ArrowReaderMetadata, roots: &[usize], values: usize) -> usize {
    let metadata = metadata.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let leaves = (0..schema.num_columns())
        .filter(|&leaf| roots.contains(&schema.get_column_root_idx(leaf)))
        .collect::<Vec<_>>();
    let longest = metadata
        .row_groups()
        .iter()
        .filter_map(|group| {
            let rows = group.num_rows().max(1);
            let columns = leaves.iter().map(|&leaf| group.column(leaf).num_values());
            columns.map(move |values| values / rows).max()
        })
        .max();
    (values / longest.unwrap_or(1).max(1) as usize).max(1)
}
