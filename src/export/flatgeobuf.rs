//! Rows as `FlatGeobuf`: features with an index of their places, for programs of maps and for reading through a network.
//!
//! Under `rows.rs`; the crate `flatgeobuf` has the format. Features wait in a file without a name in the folder for such
//! (`TMPDIR`) until all are there, as the index stands before them.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{self as types, DataType, Field};
use chrono::{DateTime, SecondsFormat};
use flatgeobuf::geozero::{ColumnValue, FeatureProcessor, GeomProcessor, PropertyProcessor};
use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};

use crate::error::{Error, Result};
use crate::grid::Crs;
use crate::place::{Artefact, FilePlace, Folder, write_failed};
use crate::store::{Geometry, Located, Shape};

/// How files of the format begin.
const MAGIC: &[u8] = b"fgb\x03fgb";
/// What the description of ours begins with.
const BY: &str = "Written by icefold ";
/// Where the length of the header is, and what we read of it at most.
const LENGTH: usize = 8;
const MOST: u64 = 1 << 20;

/// Features for programs of maps.
pub const FLATGEOBUF: Artefact = Artefact {
    noun: "FlatGeobuf file",
    needs_flag: true,
    folder: Folder::Made,
    wrote: wrote_flatgeobuf,
};

/// A file that grows.
pub struct Features {
    place: FilePlace,
    file: File,
    writer: FgbWriter<'static>,
    names: Vec<String>,
    count: u64,
}

impl Features {
    /// Begins a file of features with these properties.
    ///
    /// # Errors
    /// Nothing can be written beside the target, or where features wait.
    pub fn create(target: &Path, fields: &[Field], located: &Located) -> Result<Self> {
        let (place, file) = FilePlace::create(target, FLATGEOBUF)?;
        let crs = located.grid.kind.rectilinear().map(|grid| grid.crs());
        let description = format!("{BY}{}", env!("CARGO_PKG_VERSION"));
        let options = FgbWriterOptions {
            crs: FgbCrs {
                org: Some("EPSG"),
                code: crs.map_or(4326, Crs::code).cast_signed(),
                ..FgbCrs::default()
            },
            description: Some(&description),
            detect_type: false,
            ..FgbWriterOptions::default()
        };
        let kind = match located.geometry {
            Geometry::Point => GeometryType::Point,
            Geometry::None | Geometry::Polygon => GeometryType::MultiPolygon,
        };
        let stem = target
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let writer = FgbWriter::create_with_options(&stem, kind, options);
        let mut writer = writer.map_err(|e| failed(target, &e))?;
        for field in fields {
            let is_float = matches!(field.data_type(), DataType::Float32 | DataType::Float64);
            writer.add_column(
                field.name(),
                column_type(field.data_type())?,
                |_, column| {
                    column.nullable = is_float;
                },
            );
        }
        let names = fields.iter().map(|field| field.name().clone()).collect();
        Ok(Self {
            place,
            file,
            writer,
            names,
            count: 0,
        })
    }

    /// Appends a feature for each row. What is NaN is no property.
    ///
    /// # Errors
    /// A column that no property holds; a write fails.
    pub fn append(&mut self, columns: &[ArrayRef], shapes: &[Shape]) -> Result<()> {
        let target = self.place.target();
        for (row, shape) in shapes.iter().enumerate() {
            let put = geometry(&mut self.writer, shape);
            put.map_err(|e| failed(target, &e))?;
            for (i, (name, column)) in self.names.iter().zip(columns).enumerate() {
                let put = property(&mut self.writer, (i, name), column, row);
                put.map_err(|e| failed(target, &e))?;
            }
            self.writer
                .feature_end(self.count)
                .map_err(|e| failed(target, &e))?;
            self.count += 1;
        }
        Ok(())
    }

    /// Puts the index and the features together, and makes the file durable.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self) -> Result<FilePlace> {
        let target = self.place.target();
        let mut out = BufWriter::new(&self.file);
        self.writer
            .write(&mut out)
            .map_err(|e| failed(target, &e))?;
        out.flush().map_err(|e| failed(target, &e))?;
        drop(out);
        if target.is_file() || !target.exists() {
            self.file.sync_all().map_err(|e| failed(target, &e))?;
        }
        Ok(self.place)
    }
}

fn failed(target: &Path, error: &dyn Display) -> Error {
    write_failed(target, &error)
}

fn geometry(writer: &mut FgbWriter, shape: &Shape) -> flatgeobuf::geozero::error::Result<()> {
    match shape {
        Shape::Point([x, y]) => {
            writer.point_begin(0)?;
            writer.xy(*x, *y, 0)?;
            writer.point_end(0)
        }
        Shape::Polygons(rings) => {
            writer.multipolygon_begin(rings.len(), 0)?;
            for (number, ring) in rings.iter().enumerate() {
                writer.polygon_begin(false, 1, number)?;
                writer.linestring_begin(false, ring.len() + 1, 0)?;
                for (i, [x, y]) in ring.iter().chain(ring.first()).enumerate() {
                    writer.xy(*x, *y, i)?;
                }
                writer.linestring_end(false, 0)?;
                writer.polygon_end(false, number)?;
            }
            writer.multipolygon_end(0)
        }
    }
}

fn column_type(data_type: &DataType) -> Result<ColumnType> {
    Ok(match data_type {
        DataType::Int8 => ColumnType::Byte,
        DataType::UInt8 => ColumnType::UByte,
        DataType::Int16 => ColumnType::Short,
        DataType::UInt16 => ColumnType::UShort,
        DataType::Int32 => ColumnType::Int,
        DataType::UInt32 => ColumnType::UInt,
        DataType::Int64 => ColumnType::Long,
        DataType::UInt64 => ColumnType::ULong,
        DataType::Float32 => ColumnType::Float,
        DataType::Float64 => ColumnType::Double,
        DataType::Timestamp(..) => ColumnType::DateTime,
        other => return Err(Error::gate(format!("a column of {other} is no property"))),
    })
}

fn property(
    writer: &mut FgbWriter,
    (i, name): (usize, &str),
    column: &ArrayRef,
    row: usize,
) -> flatgeobuf::geozero::error::Result<()> {
    macro_rules! at {
        ($t:ty, $variant:ident) => {
            ColumnValue::$variant(column.as_primitive::<$t>().value(row))
        };
    }
    let moment;
    let value = match column.data_type() {
        DataType::Int8 => at!(types::Int8Type, Byte),
        DataType::UInt8 => at!(types::UInt8Type, UByte),
        DataType::Int16 => at!(types::Int16Type, Short),
        DataType::UInt16 => at!(types::UInt16Type, UShort),
        DataType::Int32 => at!(types::Int32Type, Int),
        DataType::UInt32 => at!(types::UInt32Type, UInt),
        DataType::Int64 => at!(types::Int64Type, Long),
        DataType::UInt64 => at!(types::UInt64Type, ULong),
        DataType::Float32 => at!(types::Float32Type, Float),
        DataType::Float64 => at!(types::Float64Type, Double),
        _ => {
            let micros = column
                .as_primitive::<types::TimestampMicrosecondType>()
                .value(row);
            let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
            moment = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            ColumnValue::DateTime(&moment)
        }
    };
    let is_nan = match value {
        ColumnValue::Float(value) => value.is_nan(),
        ColumnValue::Double(value) => value.is_nan(),
        _ => false,
    };
    if !is_nan {
        writer.property(i, name, &value)?;
    }
    Ok(())
}

/// Whether a file is one that icefold wrote: its header says so.
fn wrote_flatgeobuf(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut start));
    let length = start
        .get(LENGTH..LENGTH + 4)
        .and_then(|bytes| bytes.try_into().ok());
    let length = length.map_or(0, u32::from_le_bytes) as usize;
    let end = start.len().min(LENGTH + 4 + length);
    let header = &start[..end];
    read.is_ok()
        && header.starts_with(MAGIC)
        && header.windows(BY.len()).any(|text| text == BY.as_bytes())
}
