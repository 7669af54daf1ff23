//! Points of a table as longitudes and latitudes: well-known binary, as GeoParquet holds it, or numbers, as `GeoArrow` does.
//!
//! On the line: between `batches.rs` and `explode.rs`, where a config names a column of points in place
//! of two of degrees. Formats: OGC 06-103r4, section 8.2; GeoParquet 1.1, "File metadata"; `GeoArrow` 0.2, "Point" and
//! "Extension types".

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use arrow::record_batch::RecordBatch;
use serde_json::Value;

use super::fields::{Pick, is_binary, unfolded};
use super::file::TableFile;
use crate::config::{x_of, y_of};
use crate::{Error, Result};

/// Key of GeoParquet's metadata in a schema's.
const GEO: &str = "geo";
/// Keys of a type's name and metadata in a field's.
const EXTENSION: &str = "ARROW:extension:name";
const EXTENSION_METADATA: &str = "ARROW:extension:metadata";
/// Names of reference systems of longitudes and latitudes: on WGS84, and of ITRF2014 and ITRF2020, as the products have
/// them. Points are x before y in all of them.
const DEGREES: [&str; 7] = [
    "OGC:CRS84",
    "OGC:CRS84h",
    "EPSG:4326",
    "EPSG:4979",
    "EPSG:7912",
    "EPSG:9000",
    "EPSG:9989",
];
/// Bits of a type that say that more coordinates follow, and that a reference system stands before
/// them (extended well-known binary).
const HAS_SRID: u32 = 0x2000_0000;
const FLAGS: u32 = 0xe000_0000;

/// What GeoParquet's metadata say of the table: the main column of geometries, and of each its facts.
fn metadata(table: &TableFile) -> Option<Value> {
    serde_json::from_str(table.schema.metadata().get(GEO)?).ok()
}

/// The remedy where a table has no column of degrees but points.
pub(super) fn hint(table: &TableFile) -> Option<String> {
    let geo = metadata(table)?;
    let column = geo["primary_column"].as_str()?;
    let encoding = geo["columns"][column]["encoding"].as_str().unwrap_or("?");
    let field = table.schema.field_with_name(column).ok()?;
    Some(if held(field.data_type()).is_some() {
        format!(
            "its positions are the points of column {column} ({encoding}): name that as their geometry, in a config with \
             coordinates: {{geometry: {column}}}"
        )
    } else {
        format!(
            "its positions are in the geometry column {column} ({encoding}), of which only points are read: write \
             them as points, or as two columns of degrees"
        )
    })
}

/// How points are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Binary,
    /// A struct with the fields x and y.
    Separate,
    /// A list of so many numbers: x, then y.
    Interleaved(usize),
}

/// How a type holds points, if it does.
fn held(data_type: &DataType) -> Option<Held> {
    let is_number = |field: &Field| field.data_type() == &DataType::Float64;
    match data_type {
        _ if is_binary(data_type) => Some(Held::Binary),
        DataType::Struct(fields) => {
            let has = |name: &str| fields.iter().any(|f| f.name() == name && is_number(f));
            (has("x") && has("y")).then_some(Held::Separate)
        }
        DataType::FixedSizeList(item, count @ 2..=4) if is_number(item) => {
            Some(Held::Interleaved(*count as usize))
        }
        _ => None,
    }
}

/// What is read of a column of points.
pub(super) fn picks(table: &TableFile, column: &str) -> Vec<Pick> {
    let Ok(root) = table.schema.index_of(column) else {
        return Vec::new();
    };
    let pick = |path: Vec<String>| Pick { root, path };
    match held(table.schema.field(root).data_type()) {
        Some(Held::Separate) => vec![pick(vec!["x".into()]), pick(vec!["y".into()])],
        _ => vec![pick(Vec::new())],
    }
}

/// Checks that a column can hold points in degrees.
///
/// # Errors
/// Another type, an encoding of other geometries, a reference system that is not of longitudes and latitudes.
pub(super) fn check(table: &TableFile, field: &Field) -> Result<()> {
    let column = field.name();
    let facts = metadata(table).map_or(Value::Null, |geo| geo["columns"][column].clone());
    let held = held(field.data_type());
    let extension = field.metadata().get(EXTENSION).map(String::as_str);
    let encoding = facts["encoding"].as_str().or(extension);
    let fits = |encoding: &str| match encoding.trim_start_matches("geoarrow.") {
        "WKB" | "wkb" | "ogc.wkb" => held == Some(Held::Binary),
        "point" => matches!(held, Some(Held::Separate | Held::Interleaved(_))),
        _ => false,
    };
    if let Some(encoding) = encoding.filter(|encoding| !fits(encoding)) {
        return Err(table.error(format!(
            "column {column} is encoded as {encoding} in {}, of which points are not read; write it as WKB or as points \
             of GeoArrow",
            field.data_type()
        )));
    }
    if held.is_none() {
        return Err(table.error(format!(
            "column {column} is {}, and coordinates.geometry is a column of points: WKB, a struct of x and y, or a \
             list of two numbers in float64; write it as such, or name columns of degrees as latitude and longitude",
            field.data_type()
        )));
    }
    let of_field = field.metadata().get(EXTENSION_METADATA);
    let of_field: Value = of_field
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    // One that is left out is known; one that is null is not.
    if facts.get("crs").is_some_and(Value::is_null) {
        return Err(table.error(format!(
            "column {column} says that its reference system is not known (crs: null), and points are read in degrees; write \
             it with its reference system, or without one if it has longitudes and latitudes on WGS84"
        )));
    }
    for crs in [&facts["crs"], &of_field["crs"]] {
        check_degrees(crs).map_err(|name| {
            table.error(format!(
                "column {column} is in the reference system {name}, not in degrees; convert it to longitudes and \
                 latitudes on WGS84"
            ))
        })?;
    }
    Ok(())
}

/// Whether a reference system is one of longitudes and latitudes; its name, where it is not.
///
/// One that is left out is that of longitudes and latitudes on WGS84; before version 1 of GeoParquet it was a text that
/// starts with its kind, in `GeoArrow` it may be the name of an authority's.
fn check_degrees(crs: &Value) -> Result<(), String> {
    let text = crs.as_str().unwrap_or_default();
    let kind = crs["type"].as_str().unwrap_or(text);
    let is_degrees = ["Geographic", "Geodetic", "GEOG", "GEOD"];
    let is_known =
        DEGREES.contains(&text) || is_degrees.iter().any(|start| kind.starts_with(start));
    if crs.is_null() || is_known {
        return Ok(());
    }
    Err(crs["name"].as_str().unwrap_or(kind).to_owned())
}

/// The batch with longitudes and latitudes in place of a column of points.
///
/// # Errors
/// The row whose value is no point, and what it is.
pub(super) fn unfold(
    table: &TableFile,
    batch: &RecordBatch,
    column: &str,
    first: u64,
) -> Result<RecordBatch> {
    let schema = batch.schema();
    let damaged = |e: &arrow::error::ArrowError| table.damaged(first, e);
    let place = schema.index_of(column).map_err(|e| damaged(&e))?;
    let points = batch.column(place);
    let (lon, lat) = match held(points.data_type()) {
        Some(Held::Separate) => {
            let read = (separate(points, "x"), separate(points, "y"));
            (
                read.0.map_err(|e| damaged(&e))?,
                read.1.map_err(|e| damaged(&e))?,
            )
        }
        Some(Held::Interleaved(count)) => (
            interleaved(points, (0, count)),
            interleaved(points, (1, count)),
        ),
        _ => binary(points).map_err(|(row, what)| -> Error {
            table.error(format!(
                "column {column} row {}: {what}; only points are read: leave such rows out",
                first + row as u64
            ))
        })?,
    };
    let mut fields = vec![
        Field::new(x_of(column), DataType::Float64, true),
        Field::new(y_of(column), DataType::Float64, true),
    ];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(lon), Arc::new(lat)];
    for (i, (field, array)) in schema.fields().iter().zip(batch.columns()).enumerate() {
        if i != place {
            fields.push(field.as_ref().clone());
            arrays.push(Arc::clone(array));
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(|e| damaged(&e))
}

/// One coordinate of points that are structs.
fn separate(points: &ArrayRef, name: &str) -> Result<Float64Array, arrow::error::ArrowError> {
    let path = vec![String::new(), name.to_owned()];
    let batch = RecordBatch::try_from_iter([("", Arc::clone(points))])?;
    let batch = unfolded(&batch, &[(name.to_owned(), path)])?;
    let column = batch.column(1);
    Ok(column.as_primitive::<Float64Type>().clone())
}

/// One coordinate of points that are lists of so many numbers; null where the point or the number is.
fn interleaved(points: &ArrayRef, (which, count): (usize, usize)) -> Float64Array {
    let lists = points.as_fixed_size_list();
    let numbers = lists.values().as_primitive::<Float64Type>();
    let row = |row: usize| {
        let at = lists.value_offset_at(row) + which;
        (which < count && lists.is_valid(row) && numbers.is_valid(at)).then(|| numbers.value(at))
    };
    (0..lists.len()).map(row).collect()
}

/// Longitudes and latitudes of points in well-known binary.
///
/// # Errors
/// The first row that is no point, and what it is.
fn binary(points: &ArrayRef) -> Result<(Float64Array, Float64Array), (usize, String)> {
    let mut lon = Vec::with_capacity(points.len());
    let mut lat = Vec::with_capacity(points.len());
    for row in 0..points.len() {
        let point = bytes_of(points, row).map(point).transpose();
        let point = point.map_err(|what| (row, what))?;
        lon.push(point.map(|(x, _)| x));
        lat.push(point.map(|(_, y)| y));
    }
    Ok((Float64Array::from(lon), Float64Array::from(lat)))
}

fn bytes_of(array: &ArrayRef, row: usize) -> Option<&[u8]> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(array.as_binary_view().value(row)),
        _ => None,
    }
}

/// Longitude and latitude of a point; both are NaN in an empty one.
fn point(bytes: &[u8]) -> Result<(f64, f64), String> {
    let short = || format!("it has {} bytes, too few for a point", bytes.len());
    let is_little = match bytes.first() {
        Some(0) => false,
        Some(1) => true,
        Some(other) => return Err(format!("it starts with {other}, and WKB with 0 or 1")),
        None => return Err(short()),
    };
    let word = |at: usize| -> Option<u32> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if is_little {
            u32::from_le_bytes(four)
        } else {
            u32::from_be_bytes(four)
        })
    };
    let number = |at: usize| -> Option<f64> {
        let eight: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
        Some(if is_little {
            f64::from_le_bytes(eight)
        } else {
            f64::from_be_bytes(eight)
        })
    };
    let kind = word(1).ok_or_else(short)?;
    let mut start = 5;
    if kind & HAS_SRID != 0 {
        let srid = word(5).ok_or_else(short)?;
        let is_degrees = DEGREES.iter().any(|name| *name == format!("EPSG:{srid}"));
        if !is_degrees {
            return Err(format!(
                "it is in the reference system EPSG:{srid}, not in degrees (extended WKB)"
            ));
        }
        start = 9;
    }
    // Thousands say which more coordinates there are, behind the two.
    match (kind & !FLAGS) % 1000 {
        1 => {}
        other => {
            let names = ["geometry", "point", "line string", "polygon", "multi-point"];
            let name = names.get(other as usize).unwrap_or(&"geometry");
            return Err(format!("it is a {name} (type {other} of WKB)"));
        }
    }
    let coordinates = number(start).zip(number(start + 8));
    coordinates.ok_or_else(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wkb(kind: u32, before: &[u8], numbers: &[f64], little: bool) -> Vec<u8> {
        let mut bytes = vec![u8::from(little)];
        if little {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(before);
            for x in numbers {
                bytes.extend(x.to_le_bytes());
            }
        } else {
            bytes.extend(kind.to_be_bytes());
            bytes.extend(before);
            for x in numbers {
                bytes.extend(x.to_be_bytes());
            }
        }
        bytes
    }

    #[test]
    fn points_of_every_kind_are_read() {
        for little in [true, false] {
            for (kind, before, more) in [
                (1, &[][..], 0),
                (1001, &[], 1),
                (2001, &[], 1),
                (3001, &[], 2),
                (0x8000_0001, &[], 1),
                (
                    0x2000_0001,
                    if little {
                        &[230, 16, 0, 0]
                    } else {
                        &[0, 0, 16, 230]
                    },
                    0,
                ),
            ] {
                let numbers = [-45.5, 70.25, 1.0, 2.0];
                let bytes = wkb(kind, before, &numbers[..2 + more], little);
                assert_eq!(point(&bytes), Ok((-45.5, 70.25)), "{kind} {little}");
            }
        }
    }

    #[test]
    fn what_is_no_point_is_told() {
        let polygon = wkb(3, &[], &[0.0, 0.0], true);
        assert!(point(&polygon).unwrap_err().contains("it is a polygon"));
        let far = wkb(700, &[], &[0.0, 0.0], true);
        assert!(
            point(&far)
                .unwrap_err()
                .contains("it is a geometry (type 700")
        );
        let metres = wkb(0x2000_0001, &3413u32.to_le_bytes(), &[0.0, 0.0], true);
        let refused = point(&metres).unwrap_err();
        assert!(refused.contains("reference system EPSG:3413"), "{refused}");
        assert!(point(&[7]).unwrap_err().contains("starts with 7"));
        let whole = wkb(1, &[], &[1.0, 2.0], true);
        for length in 0..whole.len() {
            assert!(point(&whole[..length]).is_err(), "{length}");
        }
        let empty = wkb(1, &[], &[f64::NAN, f64::NAN], true);
        assert!(point(&empty).unwrap().0.is_nan());
    }
}
