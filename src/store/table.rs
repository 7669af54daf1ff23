//! Finished cells as a table: the rows of the store, for those who want rows.
//!
//! Last on the line, beside the store: `CellTable --write--> table`. Same columns, same
//! values; what the store has as attributes is metadata of the schema and its fields. How cells are
//! split into tables leaves no trace.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde_json::{Map, Value};

use super::geometry::{GEO, Geometry, geo};
use super::located::{Described, Located, joined};
use super::moments::times;
use super::places::Places;
use super::sink::Sink;
use super::table_file::TableFile;
use super::table_format::TableFormat;
use super::zarr::metadata::attributes;
use crate::digest::CONTENT;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, OutputArray, StoreSchema, StoreSteps};
use crate::grid::Order;
use crate::place::FilePlace;

/// Writes one table from tables in ascending order of cells.
#[derive(Debug)]
pub struct TableWriter {
    file: TableFile,
    located: Located,
    steps: Option<StoreSteps>,
    /// What stands in place of ids, where cells have none that mean something to others.
    places: Option<Places>,
    /// Around all geometries so far.
    bounds: Option<[f64; 4]>,
}

/// A table that is whole, but not yet at its target.
#[derive(Debug)]
pub struct WholeTable(FilePlace);

impl TableWriter {
    /// Begins a table that [`finish`](Self::finish) and [`WholeTable::publish`] put at `target`.
    ///
    /// # Errors
    /// An extension of no format; an output that is called as a column of where cells are; nothing can be written beside
    /// the target.
    pub fn create(target: &Path, schema: &StoreSchema, geometry: Geometry) -> Result<Self> {
        TableFormat::of(target)?;
        let steps = schema.steps.clone();
        let places = Places::of(&schema.grid);
        let located = Located {
            grid: schema.grid,
            geometry,
        };
        let names = located.names();
        let taken = |array: &&OutputArray| names.contains(&&*array.name);
        if let Some(array) = schema.arrays.iter().find(taken) {
            return Err(Error::argument(format!(
                "table {} has a column {} of its own, as an output is called; choose another name for the output",
                target.display(),
                array.name
            )));
        }
        let is_arrow = TableFormat::named(target) == Some(TableFormat::Arrow);
        let file = TableFile::create(target, Arc::new(arrow_schema(schema, &located, is_arrow)))?;
        Ok(Self {
            file,
            located,
            steps,
            places,
            bounds: None,
        })
    }

    /// Appends cells; their ids continue ascending.
    ///
    /// # Errors
    /// The table is not the schema's; a write fails.
    pub fn append(&mut self, table: &CellTable) -> Result<()> {
        let mut columns = table.rows.columns().to_vec();
        let mut leading = 1;
        if let (Some(steps), Some(of_rows)) = (&self.steps, table.steps()) {
            columns[1] = times(steps, of_rows);
            leading = 2;
        }
        let positions = self.located.positions_of(table.ids());
        columns.splice(leading..leading, positions);
        if let Some(places) = &self.places {
            columns.splice(0..1, places.columns(table.ids()));
        }
        let shapes = self.located.shapes(table.ids());
        let (geometries, bounds) = self.located.geometries_of(&shapes);
        self.bounds = Some(self.bounds.map_or(bounds, |all| joined(all, bounds)));
        columns.extend(geometries);
        self.file.append(columns)
    }

    /// Writes what is left, with the content hash of the store that has the same cells, and makes it
    /// durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, content: &str) -> Result<WholeTable> {
        let mut metadata = vec![(CONTENT, content.to_owned())];
        let Located { grid, geometry } = self.located;
        if geometry != Geometry::None && !self.file.is_arrow() {
            metadata.push((GEO, geo(&grid, geometry, self.bounds).to_string()));
        }
        self.file.finish(&metadata).map(WholeTable)
    }
}

impl Sink for TableWriter {
    /// A table has the cells of the store's cell order, and none of its overviews.
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order == self.located.grid.cell_order {
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
fn arrow_schema(schema: &StoreSchema, located: &Located, is_arrow: bool) -> Schema {
    let (group, arrays) = attributes(schema);
    let steps = schema.steps.as_ref().map(|steps| match steps.edges() {
        Some(_) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        None => DataType::Int32,
    });
    let after_leading = 1 + usize::from(steps.is_some());
    let leading = std::iter::once(DataType::UInt64).chain(steps);
    let types = leading.chain(schema.arrays.iter().map(OutputArray::data_type));
    let mut fields: Vec<Field> = arrays
        .into_iter()
        .zip(types)
        .map(|((name, attributes), data_type)| {
            Field::new(name, data_type, false).with_metadata(metadata(attributes))
        })
        .collect();
    fields.splice(
        after_leading..after_leading,
        Located::positions().map(field),
    );
    if let Some(places) = Places::of(&schema.grid) {
        fields.splice(0..1, places.fields().map(field));
    }
    fields.extend(located.geometries().into_iter().map(field));
    let mut group = metadata(group);
    if is_arrow && located.geometry != Geometry::None {
        // Readers of Arrow look for it in the schema, which stands at the front.
        let geo = geo(&located.grid, located.geometry, None);
        group.insert(GEO.to_owned(), geo.to_string());
    }
    Schema::new_with_metadata(fields, group)
}

/// A column with its attributes.
pub(crate) fn field((name, data_type, attributes): Described) -> Field {
    Field::new(name, data_type, false).with_metadata(metadata(attributes))
}

/// Attributes as metadata of a schema: text as it is, all else as JSON.
pub(crate) fn metadata(attributes: Map<String, Value>) -> HashMap<String, String> {
    let attributes = attributes.into_iter();
    let texts = attributes.map(|(key, value)| match value {
        Value::String(text) => (key, text),
        other => (key, other.to_string()),
    });
    texts.collect()
}
