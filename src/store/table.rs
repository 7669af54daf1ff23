//! Finished cells as a table: the rows of the store, for those who want rows.
//!
//! Last on the line, beside the store: `CellTable --write--> table`. Same columns, same
//! values; what the store has as attributes is metadata of the schema and its fields. How cells are
//! split into tables leaves no trace.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, TimestampMicrosecondArray};
use arrow::compute::BatchCoalescer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value};

use super::places::{PLACES, Places};
use super::sink::Sink;
use super::table_format::TableFormat;
use super::zarr::metadata::attributes;
use crate::digest::CONTENT;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, OutputArray, StoreSchema, StoreSteps};
use crate::grid::Order;
use crate::place::FilePlace;
use crate::place::write_failed;
use crate::read::table::TABLE;

/// Rows of a row group of Parquet.
const GROUP_ROWS: usize = 1 << 18;
/// Rows of a record batch of Arrow IPC.
const BATCH_ROWS: usize = 1 << 16;

/// Writes one table from tables in ascending order of cells.
#[derive(Debug)]
pub struct TableWriter {
    place: FilePlace,
    schema: SchemaRef,
    cell_order: Order,
    steps: Option<StoreSteps>,
    /// What stands in place of ids, where cells have none that mean something to others.
    places: Option<Places>,
    rows: Rows,
}

enum Rows {
    Parquet(Box<ArrowWriter<File>>),
    Arrow(Box<FileWriter<BufWriter<File>>>, Box<BatchCoalescer>),
}

/// A table that is whole, but not yet at its target.
#[derive(Debug)]
pub struct WholeTable(FilePlace);

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet(_) => "Parquet",
            Self::Arrow(..) => "Arrow",
        })
    }
}

impl TableWriter {
    /// Begins a table that [`finish`](Self::finish) and [`WholeTable::publish`] put at `target`.
    ///
    /// # Errors
    /// An extension of no format; nothing can be written beside the target.
    pub fn create(target: &Path, schema: &StoreSchema) -> Result<Self> {
        let format = TableFormat::of(target)?;
        let cell_order = schema.grid.cell_order;
        let steps = schema.steps.clone();
        let places = Places::of(&schema.grid);
        let taken = |array: &&OutputArray| PLACES.contains(&&*array.name);
        if let (Some(_), Some(array)) = (places, schema.arrays.iter().find(taken)) {
            return Err(Error::argument(format!(
                "table {} of a rectilinear grid has a column {} of its own, as an output is called",
                target.display(),
                array.name
            )));
        }
        let schema = Arc::new(arrow_schema(schema));
        let (place, file) = FilePlace::create(target, TABLE)?;
        let failed = |e: &dyn fmt::Display| write_failed(target, &e);
        let rows = match format {
            TableFormat::Parquet => {
                let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(level))
                    .set_max_row_group_row_count(Some(GROUP_ROWS))
                    .build();
                let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
                Rows::Parquet(Box::new(writer.map_err(|e| failed(&e))?))
            }
            TableFormat::Arrow => {
                let writer = FileWriter::try_new(BufWriter::new(file), &schema);
                Rows::Arrow(
                    Box::new(writer.map_err(|e| failed(&e))?),
                    Box::new(BatchCoalescer::new(Arc::clone(&schema), BATCH_ROWS)),
                )
            }
        };
        Ok(Self {
            place,
            schema,
            cell_order,
            steps,
            places,
            rows,
        })
    }

    /// Appends cells; their ids continue ascending.
    ///
    /// # Errors
    /// The table is not the schema's; a write fails.
    pub fn append(&mut self, table: &CellTable) -> Result<()> {
        let failed = |e: &dyn fmt::Display| write_failed(self.place.target(), &e);
        let mut columns = table.rows.columns().to_vec();
        if let (Some(steps), Some(of_rows)) = (&self.steps, table.steps()) {
            columns[1] = times(steps, of_rows);
        }
        if let Some(places) = &self.places {
            columns.splice(0..1, places.columns(table.ids()));
        }
        let rows =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| failed(&e))?;
        match &mut self.rows {
            Rows::Parquet(writer) => writer.write(&rows).map_err(|e| failed(&e)),
            Rows::Arrow(writer, coalescer) => {
                coalescer.push_batch(rows).map_err(|e| failed(&e))?;
                while let Some(batch) = coalescer.next_completed_batch() {
                    writer.write(&batch).map_err(|e| failed(&e))?;
                }
                Ok(())
            }
        }
    }

    /// Writes what is left, with the content hash of the store that has the same cells, and makes it
    /// durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, content: &str) -> Result<WholeTable> {
        let place = self.place;
        let failed = |e: &dyn fmt::Display| write_failed(place.target(), &e);
        let file = match self.rows {
            Rows::Parquet(mut writer) => {
                writer.append_key_value_metadata(KeyValue::new(
                    CONTENT.to_owned(),
                    content.to_owned(),
                ));
                writer.into_inner().map_err(|e| failed(&e))?
            }
            Rows::Arrow(mut writer, mut coalescer) => {
                let rest = coalescer.finish_buffered_batch();
                rest.map_err(|e| failed(&e))?;
                while let Some(batch) = coalescer.next_completed_batch() {
                    writer.write(&batch).map_err(|e| failed(&e))?;
                }
                writer.write_metadata(CONTENT, content);
                writer.finish().map_err(|e| failed(&e))?;
                let buffer = writer.into_inner().map_err(|e| failed(&e))?;
                buffer.into_inner().map_err(|e| failed(e.error()))?
            }
        };
        if place.target().is_file() || !place.target().exists() {
            file.sync_all().map_err(|e| failed(&e))?;
        }
        Ok(WholeTable(place))
    }
}

impl Sink for TableWriter {
    /// A table has the cells of the store's cell order, and none of its overviews.
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order == self.cell_order {
            TableWriter::append(self, table)?;
        }
        Ok(())
    }
}

impl WholeTable {
    /// Puts the table at its target.
    ///
    /// # Errors
    /// The operating system's.
    pub fn publish(self) -> Result<()> {
        self.0.publish()
    }

    /// The file, that waits for its name.
    pub fn into_place(self) -> FilePlace {
        self.0
    }
}

/// Columns, and the attributes of a store as metadata: text as it is, all else as JSON.
fn arrow_schema(schema: &StoreSchema) -> Schema {
    let (group, arrays) = attributes(schema);
    let steps = schema.steps.as_ref().map(|steps| match steps.edges() {
        Some(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        None => DataType::Int32,
    });
    let leading = std::iter::once(DataType::UInt64).chain(steps);
    let types = leading.chain(schema.arrays.iter().map(OutputArray::data_type));
    let mut fields: Vec<Field> = arrays
        .into_iter()
        .zip(types)
        .map(|((name, attributes), data_type)| {
            Field::new(name, data_type, false).with_metadata(metadata(attributes))
        })
        .collect();
    if let Some(places) = Places::of(&schema.grid) {
        let places = places.fields().map(|(name, data_type, attributes)| {
            Field::new(name, data_type, false).with_metadata(metadata(attributes))
        });
        fields.splice(0..1, places);
    }
    Schema::new_with_metadata(fields, metadata(group))
}

/// The steps of rows as the moments at which they begin, or as numbers.
fn times(steps: &StoreSteps, of_rows: &[u32]) -> ArrayRef {
    /// 2018-01-01 in seconds since 1970-01-01.
    const EPOCH: f64 = 1_514_764_800.0;
    let Some(edges) = steps.edges() else {
        let numbers = of_rows.iter().map(|number| number.cast_signed());
        return Arc::new(Int32Array::from_iter_values(numbers));
    };
    let starts = of_rows.iter().map(|&step| {
        let start = steps
            .place(step)
            .and_then(|place| edges.get(place as usize));
        // Exact: below 2^53.
        (start.map_or(0.0, |start| (start + EPOCH) * 1e6)).round() as i64
    });
    Arc::new(TimestampMicrosecondArray::from_iter_values(starts).with_timezone("UTC"))
}

fn metadata(attributes: Map<String, Value>) -> HashMap<String, String> {
    let attributes = attributes.into_iter();
    let texts = attributes.map(|(key, value)| match value {
        Value::String(text) => (key, text),
        other => (key, other.to_string()),
    });
    texts.collect()
}
