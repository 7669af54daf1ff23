//! Cells of a store as rows of a file: GeoParquet, Arrow IPC, `FlatGeobuf` or CSV.
//!
//! Beside the line. Rows are streamed: what is in memory is a Zarr shard of each array, and some thousand rows.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use serde_json::{Map, Value, json};

use super::asked::{Chosen, Export, check_memory, needs_tables};
use super::columns::{data_type, lists, moments, slot_bytes};
use super::flatgeobuf::{FLATGEOBUF, Features};
use crate::error::{Error, Result};
use crate::place::{Artefact, FilePlace, Inputs, check_file};
use crate::read::table::TABLE;
use crate::store::{
    ArrayInfo, CSV, GEO, Geometry, Lines, Located, Places, Shape, StoredBlock, StoredRows,
    StoredSteps, TableFile, TableFormat, WKT, column, field, geo, joined, metadata, texts,
};

/// Rows that are worked on at a time.
const ROWS: usize = 1 << 16;
/// Cells of a Zarr shard of the layout of cells, at most.
const SHARD: u64 = 1 << 22;
/// What a feature takes of memory until a `FlatGeobuf` file is whole, whose index is made of all.
const FEATURE: u64 = 160;

/// A file of rows that grows.
enum Rows {
    Table(Box<TableFile>, Option<[f64; 4]>),
    Features(Box<Features>),
    Lines(Lines),
}

/// What rows have, and where from.
struct Maker<'a> {
    located: Located,
    places: Option<Places>,
    times: Option<&'a StoredSteps>,
    steps: &'a [usize],
    asked: &'a Export,
    infos: Vec<ArrayInfo>,
}

/// Columns of some rows, and the shapes of their cells, where there are any.
struct Made {
    columns: Vec<ArrayRef>,
    shapes: Vec<Shape>,
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|e| e.eq_ignore_ascii_case(extension))
}

/// That rows can be written here.
///
/// # Errors
/// Something is there that is not to be replaced; a geometry that the format cannot do without.
pub fn check(asked: &Export) -> Result<()> {
    needs_tables(asked)?;
    if is(&asked.output, "fgb") && asked.geometry == Some(Geometry::None) {
        return Err(Error::argument(
            "FlatGeobuf is made of geometries, and none are asked for; name polygons or points, or write a .parquet",
        ));
    }
    check_file(
        &asked.output,
        artefact(&asked.output),
        asked.overwrite,
        &Inputs::default(),
    )
}

fn artefact(output: &Path) -> Artefact {
    if is(output, "fgb") {
        FLATGEOBUF
    } else if is(output, "csv") {
        CSV
    } else {
        TABLE
    }
}

/// Writes the rows; tells what they are.
///
/// # Errors
/// More memory than there is; a part of the store is damaged; an array that is called as a column of where cells are; the
/// operating system's.
pub fn write(chosen: &Chosen, asked: &Export) -> Result<String> {
    let reader = &chosen.reader;
    let geometry = asked.geometry.unwrap_or(if is(&asked.output, "csv") {
        Geometry::Point
    } else {
        Geometry::Polygon
    });
    let located = Located {
        grid: reader.grid(),
        geometry,
    };
    let mut taken = located.names();
    taken.extend(["cell_ids", WKT]);
    if let Some(name) = chosen
        .names
        .iter()
        .find(|name| taken.contains(&name.as_str()))
    {
        return Err(Error::argument(format!(
            "array {name} is called as a column that says where cells are; export the others by name"
        )));
    }
    let mut rows = StoredRows::of(reader, &chosen.names)?;
    let infos: Vec<ArrayInfo> = rows.infos().cloned().collect();
    let maker = Maker {
        located,
        places: Places::of(&reader.grid()),
        // Of arrays without steps, rows are cells.
        times: (reader.times()).filter(|_| infos.iter().any(|info| info.at_steps)),
        steps: chosen.steps.as_deref().unwrap_or_default(),
        asked,
        infos,
    };
    check_memory(
        asked,
        maker.bytes(reader.cells()),
        "what is read of the arrays at once",
    )?;
    let mut out = maker.begin(reader.attributes())?;
    let at_once = (ROWS / maker.steps.len().max(1)).max(1);
    let mut count = 0;
    while let Some(block) = rows.next(at_once)? {
        let made = maker.rows(&block)?;
        count += made.columns[0].len();
        out.append(made, &maker.located)?;
    }
    out.finish(&maker)?.publish()?;
    let of = match geometry {
        Geometry::None => "",
        Geometry::Point => ", with the middles of their cells",
        Geometry::Polygon => ", with the outlines of their cells",
    };
    Ok(format!("{count} rows{of}"))
}

impl Maker<'_> {
    /// What is in memory at once: of each array a Zarr shard, as it is stored and as it is taken, and rows.
    fn bytes(&self, cells: u64) -> u64 {
        let width =
            |info: &ArrayInfo| info.shape[1..].iter().product::<u64>() * info.dtype.size() as u64;
        let arrays: u64 = self
            .infos
            .iter()
            .map(|info| {
                (SHARD / info.shape[1..].iter().product::<u64>().max(1)).min(cells) * width(info)
            })
            .sum();
        let features = if is(&self.asked.output, "fgb") {
            cells * FEATURE * self.steps.len().max(1) as u64
        } else {
            0
        };
        let rows = ROWS as u64 * (1 << 10);
        arrays + 8 * SHARD.min(cells) + rows.min(cells << 10) + features
    }

    fn begin(&self, attributes: &Map<String, Value>) -> Result<Rows> {
        let output = &self.asked.output;
        let mut fields = self.leading();
        let outputs = self.infos.iter().map(|info| {
            let mut attributes = info.attributes.clone();
            for of_store in ["grid_mapping", "_CRS", "offsets", "parts"] {
                attributes.shift_remove(of_store);
            }
            Field::new(&info.name, data_type(info), false).with_metadata(metadata(attributes))
        });
        fields.extend(outputs);
        if is(output, "csv") {
            let wkt = (self.located.geometry == Geometry::Polygon).then_some(WKT);
            let names = fields.iter().map(|field| field.name().as_str()).chain(wkt);
            return Ok(Rows::Lines(Lines::create(output, names)?));
        }
        if is(output, "fgb") {
            return Ok(Rows::Features(Box::new(Features::create(
                output,
                &fields,
                &self.located,
            )?)));
        }
        fields.extend(self.located.geometries().into_iter().map(field));
        let mut of_file: HashMap<String, String> = metadata(attributes.clone());
        let by = || json!({"version": env!("CARGO_PKG_VERSION")}).to_string();
        of_file.entry("icefold".to_owned()).or_insert_with(by);
        let is_arrow = TableFormat::named(output) == Some(TableFormat::Arrow);
        if is_arrow && self.located.geometry != Geometry::None {
            let geo = geo(&self.located.grid, self.located.geometry, None);
            of_file.insert(GEO.to_owned(), geo.to_string());
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, of_file));
        Ok(Rows::Table(
            Box::new(TableFile::create(output, schema)?),
            None,
        ))
    }

    /// Columns of cells, steps and positions.
    fn leading(&self) -> Vec<Field> {
        let mut fields = match &self.places {
            Some(places) => places.fields().map(field).to_vec(),
            None => vec![Field::new("cell_ids", DataType::UInt64, false)],
        };
        if let Some(times) = self.times {
            let data_type = if times.are_numbers() {
                DataType::Int32
            } else {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            };
            fields.push(Field::new(&times.name, data_type, false));
        }
        fields.extend(Located::positions().map(field));
        fields
    }

    /// The rows of some cells: those in the region, at the steps at which one of the arrays has a value.
    fn rows(&self, block: &StoredBlock) -> Result<Made> {
        let grid = self.located.grid;
        let is_in = |&id: &u64| {
            self.asked.region.as_ref().is_none_or(|region| {
                let (lon, lat) = grid.kind.middle(grid.cell_order, id);
                region.contains(lon, lat)
            })
        };
        let mut slots: Vec<(usize, usize)> = Vec::with_capacity(block.ids.len());
        for (cell, _) in block.ids.iter().enumerate().filter(|(_, id)| is_in(id)) {
            if self.times.is_none() {
                slots.push((cell, 0));
                continue;
            }
            let has_value = |&step: &usize| {
                self.infos.iter().zip(&block.values).any(|(info, bytes)| {
                    let value = slot_bytes(info, bytes, (cell, step));
                    info.at_steps
                        && value
                            .chunks_exact(info.fill.len())
                            .any(|one| one != info.fill)
                })
            };
            slots.extend(
                self.steps
                    .iter()
                    .copied()
                    .filter(has_value)
                    .map(|step| (cell, step)),
            );
        }
        let ids: Vec<u64> = slots.iter().map(|(cell, _)| block.ids[*cell]).collect();
        let mut columns: Vec<ArrayRef> = match &self.places {
            Some(places) => places.columns(&ids).to_vec(),
            None => vec![Arc::new(UInt64Array::from(ids.clone()))],
        };
        if let Some(times) = self.times {
            columns.push(moments(times, slots.iter().map(|(_, step)| *step)));
        }
        columns.extend(self.located.positions_of(&ids));
        for (i, info) in self.infos.iter().enumerate() {
            columns.push(if info.ragged.is_some() {
                let of_rows = slots.iter().map(|(cell, _)| &block.lists[i][*cell][..]);
                lists(info, &of_rows)?
            } else {
                let bytes = slots
                    .iter()
                    .flat_map(|slot| slot_bytes(info, &block.values[i], *slot));
                column(info, &bytes.copied().collect::<Vec<u8>>())?
            });
        }
        let shapes = self.located.shapes(&ids);
        Ok(Made { columns, shapes })
    }
}

impl Rows {
    fn append(
        &mut self,
        Made {
            mut columns,
            shapes,
        }: Made,
        located: &Located,
    ) -> Result<()> {
        match self {
            Self::Table(file, bounds) => {
                let (geometries, of_rows) = located.geometries_of(&shapes);
                columns.extend(geometries);
                *bounds = Some(bounds.map_or(of_rows, |all| joined(all, of_rows)));
                file.append(columns)
            }
            Self::Features(features) => features.append(&columns, &shapes),
            Self::Lines(lines) => {
                if matches!(shapes.first(), Some(Shape::Polygons(_))) {
                    columns.push(texts(&shapes));
                }
                if columns.first().is_some_and(Array::is_empty) {
                    return Ok(());
                }
                lines.append(&columns)
            }
        }
    }

    fn finish(self, maker: &Maker) -> Result<FilePlace> {
        match self {
            Self::Table(file, bounds) => {
                let Located { grid, geometry } = maker.located;
                let mut of_file = Vec::new();
                if geometry != Geometry::None && !file.is_arrow() {
                    of_file.push((GEO, geo(&grid, geometry, bounds).to_string()));
                }
                file.finish(&of_file)
            }
            Self::Features(features) => features.finish(),
            Self::Lines(lines) => lines.finish(),
        }
    }
}
