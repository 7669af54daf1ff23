//! The answer to a question about photons in memory, as rows: of a cell, or of a cell at a step of time.
//!
//! Beside the line: without steps it is that of `timed.rs`; with steps each step is folded by itself, and partials are
//! merged and finished as in a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::keep::Kept;
use super::photons::Photons;
use super::question::Question;
use super::timed::{Start, Timed};
use crate::backend::Device;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema, finalize};
use crate::merge::ShardPartials;
use crate::photon::{Column, Counts, Origin, PhotonBatch, Rows, SourceColumn, Values};
use crate::store::{ContentHash, RowsHash, RowsSink, Sink};

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// `cell_ids`, the step where there are steps, as its number in [`schema`](Self::schema), and the outputs.
    pub rows: RecordBatch,
    pub schema: StoreSchema,
    /// As the store of a run with the same question would have them, and of all together; `None` where nobody wants them.
    pub hashes: Option<(Vec<ContentHash>, String)>,
    pub counts: Counts,
    pub cells: u64,
    /// From arrays in memory to arrays of the answer.
    pub seconds: f64,
}

impl Found {
    /// Puts a question about photons to a device. Hashes take as long as some of the work, so they are wanted or not.
    ///
    /// # Errors
    /// The device's, and values beyond their column's resolution.
    pub fn of(question: &Question, kept: Kept, device: &Device, hashed: bool) -> Result<Self> {
        let Kept {
            sources,
            batches,
            counts,
        } = kept;
        let (mut batches, none) = (batches, empty(&sources));
        let batch = match question.config.axis {
            Some(_) => none,
            None => batches.pop().unwrap_or(none),
        };
        let photons = Photons {
            batch,
            sources,
            counts: Counts::default(),
        };
        let mut timed = Timed::new(question, photons)?;
        if question.config.axis.is_none() {
            let (answer, times) = timed.repeat(Start::Positions(device))?;
            let hashes = hashed.then(|| device.install(|| answer.hashes(&timed.schema)));
            return Ok(Self {
                cells: answer.cells.len() as u64,
                rows: answer.into_rows(&timed.schema)?,
                schema: timed.schema,
                hashes,
                counts,
                seconds: times.total_seconds,
            });
        }
        let clock = Instant::now();
        let (rows, schema) = in_steps(&mut timed, batches, device)?;
        let seconds = clock.elapsed().as_secs_f64();
        let mut hash = RowsHash::new(&schema).map_err(Error::argument)?;
        let table = CellTable { rows };
        hash.add(&table)?;
        let cells = hash.cells();
        Ok(Self {
            rows: table.rows,
            schema,
            hashes: hashed.then(|| hash.finish()),
            counts,
            cells,
            seconds,
        })
    }

    /// When each step begins, and when the last one ends: seconds since 2018-01-01; `None` without steps.
    pub fn edges(&self) -> Option<&[f64]> {
        self.schema.steps.as_ref()?.edges()
    }

    /// The place of each row's step among those that [`edges`](Self::edges) are of.
    pub fn places(&self) -> Option<Vec<u32>> {
        let steps = self.schema.steps.as_ref()?;
        let table = CellTable {
            rows: self.rows.clone(),
        };
        let places = table.steps()?.iter();
        Some(
            places
                .map(|&step| steps.place(step).unwrap_or_default() as u32)
                .collect(),
        )
    }

    /// Writes the rows where the path's extension says how: Parquet, Arrow IPC or CSV.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut sink = RowsSink::create(path, &self.schema)?;
        let rows = self.rows.clone();
        sink.append(self.schema.grid.cell_order, &CellTable { rows })?;
        sink.finish()?.publish()
    }
}

/// The rows of all steps, by cell, then by step, and the schema with the steps that there are.
fn in_steps(
    timed: &mut Timed,
    batches: Vec<PhotonBatch>,
    device: &Device,
) -> Result<(RecordBatch, StoreSchema)> {
    let grid = timed.schema.grid;
    let (mut shards, mut seen) = (ShardPartials::default(), BTreeMap::new());
    for batch in batches {
        let (step, photons) = (batch.step, batch.len() as u64);
        timed.swap(batch);
        let mut partials = timed.checked(Start::Positions(device))?;
        partials.renumber(|cell| grid.slot(cell, step));
        *seen.entry(step).or_default() += photons;
        device.install(|| shards.add(&partials, &grid, &timed.job));
    }
    let schema = timed.schema.with_steps_of(&seen);
    let tables = device.install(|| {
        let finished = shards.into_tables(&timed.job).map(|(shard, partials)| {
            let finished = finalize(shard, partials, &timed.job, &schema)?;
            Ok(finished.table.rows)
        });
        finished.collect::<Result<Vec<_>>>()
    })?;
    let columns = Arc::new(Schema::new(schema.columns()));
    let rows = concat_batches(&columns, &tables)
        .map_err(|e| Error::gate(format!("rows of the answer do not align: {e}")))?;
    Ok((rows, schema))
}

/// No photons, with columns of these types.
fn empty(sources: &[SourceColumn]) -> PhotonBatch {
    let columns = sources.iter().map(|source| Column {
        values: Values::empty(source.column_type),
        nulls: None,
    });
    PhotonBatch {
        origin: Origin {
            granule: "input".into(),
            ground_track: "".into(),
            rows: Rows::Range(0..0),
        },
        step: 0,
        lon: Vec::new().into(),
        lat: Vec::new().into(),
        columns: columns.collect(),
    }
}
