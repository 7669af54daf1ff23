//! Polygons of a GeoParquet file, from its main column of geometries: well-known binary, or lists of positions.
//!
//! Beside the line, below `file.rs`. Nothing but that column is read. Format: GeoParquet 1.1, "File metadata" and
//! "Encoding"; `wkb.rs` has well-known binary.

use std::fs::File;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use serde_json::Value;

use super::exact::Point;
use super::geojson::{closed, within};
use super::polygon::Polygon;
use super::wkb::Polygons;
use super::{great_circle, wkb};
use crate::guard::guarded;

/// The key of its metadata.
const GEO: &str = "geo";
/// Names of longitude and latitude on WGS84; heights of positions do not count.
const DEGREES: [&str; 4] = ["OGC:CRS84", "OGC:CRS84h", "EPSG:4326", "EPSG:4979"];
/// Bytes that geometries may take, and positions that all of them may have.
const MOST_BYTES: u64 = 256 << 20;
const MOST: usize = 1 << 22;
/// Rows read at a time.
const ROWS: usize = 1 << 10;

/// What the file says of its geometries.
struct Geometries {
    column: String,
    encoding: Encoding,
    /// Edges are great circles, and not straight in the plane.
    spherical: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Wkb,
    Polygon,
    MultiPolygon,
}

/// All polygons of a file; at least one.
///
/// # Errors
/// In words, with the row: what is no GeoParquet, in another reference system, or no polygon.
pub(super) fn polygons(file: File) -> Result<Vec<Polygon>, String> {
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(file));
    let builder = builder.map_err(|why| format!("cannot be read as Parquet: {why}"))?;
    let geometries = Geometries::of(builder.metadata())?;
    let column = &geometries.column;
    let place = builder.schema().index_of(column);
    let place = place.map_err(|_| format!("has no column {column}, which it names in {GEO}"))?;
    check_size(builder.metadata(), column)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [place]);
    let reader = guarded(|| builder.with_projection(mask).with_batch_size(ROWS).build());
    let mut reader = reader.map_err(|why| damaged(column, &why))?;
    let (mut found, mut row, mut positions) = (Vec::new(), 0, 0);
    while let Some(values) = next(&mut reader, column)? {
        for place in 0..values.len() {
            let at = format!("column {column} row {row}");
            let rings = geometries.rings(&values, place);
            let rings = rings.map_err(|why| format!("{at} {why}"))?;
            for (number, rings) in rings.into_iter().enumerate() {
                let polygon = geometries.polygon(rings, &format!("{at}, polygon {number}"))?;
                positions += polygon.rings().map(|r| r.points().len()).sum::<usize>();
                if positions > MOST {
                    return Err(format!(
                        "has more than {MOST} positions, the limit of a region; simplify it"
                    ));
                }
                found.push(polygon);
            }
            row += 1;
        }
    }
    if found.is_empty() {
        return Err(
            "has no polygon; a region is one or more of Polygon and MultiPolygon".to_owned(),
        );
    }
    Ok(found)
}

/// The next rows of the only column that is read.
fn next(reader: &mut ParquetRecordBatchReader, column: &str) -> Result<Option<ArrayRef>, String> {
    let batch = guarded(|| reader.next().transpose()).map_err(|why| damaged(column, &why))?;
    Ok(batch.and_then(|batch| batch.columns().first().cloned()))
}

fn damaged(column: &str, why: &str) -> String {
    format!("has a column {column} that cannot be read: {why}")
}

/// That a column is not larger than a region may be.
fn check_size(metadata: &ParquetMetaData, column: &str) -> Result<(), String> {
    let chunks = metadata
        .row_groups()
        .iter()
        .flat_map(RowGroupMetaData::columns);
    let of_column = chunks
        .filter(|chunk| chunk.column_path().parts().first().map(String::as_str) == Some(column));
    let sizes = of_column.map(|chunk| u64::try_from(chunk.uncompressed_size()).unwrap_or(0));
    let bytes = sizes.fold(0, u64::saturating_add);
    if bytes > MOST_BYTES {
        return Err(format!(
            "has geometries of {bytes} bytes, and a region {MOST_BYTES} at most; simplify it"
        ));
    }
    Ok(())
}

impl Geometries {
    /// As the metadata of a file have it.
    fn of(metadata: &ParquetMetaData) -> Result<Self, String> {
        let pairs = metadata.file_metadata().key_value_metadata();
        let geo = pairs.into_iter().flatten().find(|pair| pair.key == GEO);
        let geo = geo.and_then(|pair| pair.value.as_deref()).ok_or_else(|| {
            format!(
                "is Parquet without the metadata {GEO} of GeoParquet, so nothing says what its geometries are; write \
                 it with a program that writes GeoParquet"
            )
        })?;
        let geo: Value = serde_json::from_str(geo)
            .map_err(|e| format!("has metadata {GEO} that are no JSON: {e}"))?;
        let column = geo["primary_column"].as_str();
        let column = column.ok_or_else(|| format!("names no primary_column in {GEO}"))?;
        let facts = &geo["columns"][column];
        check_degrees(facts).map_err(|why| {
            format!(
                "column {column} {why}, and a region is in longitude and latitude on WGS84 ({}, {}); convert it: \
                 ogr2ogr -f GeoJSON -t_srs EPSG:4326 region.geojson FILE",
                DEGREES[0], DEGREES[2]
            )
        })?;
        Ok(Self {
            column: column.to_owned(),
            encoding: encoding(facts).map_err(|why| format!("column {column} {why}"))?,
            spherical: match facts.get("edges") {
                None => false,
                Some(edges) => match edges.as_str() {
                    Some("planar") => false,
                    Some("spherical") => true,
                    _ => {
                        return Err(format!(
                            "column {column} has edges {edges}; they are planar or spherical"
                        ));
                    }
                },
            },
        })
    }

    /// The rings of each polygon of a row.
    fn rings(&self, values: &ArrayRef, row: usize) -> Result<Polygons, String> {
        if values.is_null(row) {
            return Err("has no geometry; take it out, or give it its polygon".to_owned());
        }
        match self.encoding {
            Encoding::Wkb => wkb::polygons(bytes_of(values, row)?),
            Encoding::Polygon => Ok(vec![lines(&list(values, row)?)?]),
            Encoding::MultiPolygon => {
                let polygons = list(values, row)?;
                let polygons = (0..polygons.len()).map(|i| lines(&list(&polygons, i)?));
                polygons.collect()
            }
        }
    }

    fn polygon(&self, rings: Vec<Vec<Point>>, at: &str) -> Result<Polygon, String> {
        if rings.is_empty() {
            return Err(format!(
                "{at} has no ring; a polygon has an outer one, and then its holes"
            ));
        }
        let ring = |(number, ring): (usize, Vec<Point>)| {
            let at = format!("{at}, ring {number}");
            for (place, &position) in ring.iter().enumerate() {
                within(position).map_err(|why| format!("{at}, position {place} {why}"))?;
            }
            let ring = closed(ring).map_err(|why| format!("{at} {why}"))?;
            if !self.spherical {
                return Ok(ring);
            }
            great_circle::along(&ring).map_err(|why| format!("{at} {why}"))
        };
        let rings = rings.into_iter().enumerate().map(ring);
        let rings = rings.collect::<Result<Vec<_>, String>>()?;
        Polygon::new(rings).map_err(|(ring, why)| format!("{at}, ring {ring} {why}"))
    }
}

/// How geometries are held.
fn encoding(facts: &Value) -> Result<Encoding, String> {
    match facts["encoding"].as_str() {
        Some("WKB") => Ok(Encoding::Wkb),
        Some("polygon") => Ok(Encoding::Polygon),
        Some("multipolygon") => Ok(Encoding::MultiPolygon),
        Some(name @ ("point" | "linestring" | "multipoint" | "multilinestring")) => Err(format!(
            "is encoded as {name}, which has no inside; a region is one or more of Polygon and MultiPolygon"
        )),
        Some(other) => Err(format!(
            "is encoded as {other}, which GeoParquet does not know; write it as WKB"
        )),
        None => Err("has no encoding in the metadata; write it as WKB".to_owned()),
    }
}

/// Whether a reference system is that of regions; in words which one it is, where it is not. One that is left out is;
/// one that is null is not known.
fn check_degrees(facts: &Value) -> Result<(), String> {
    let Some(crs) = facts.get("crs") else {
        return Ok(());
    };
    if crs.is_null() {
        return Err("says that its reference system is not known (crs: null)".to_owned());
    }
    let id = &crs["id"];
    let code = match &id["code"] {
        Value::String(code) => code.clone(),
        code => code.to_string(),
    };
    let name = id["authority"]
        .as_str()
        .map(|authority| format!("{authority}:{code}"));
    if name.as_deref().is_some_and(|name| DEGREES.contains(&name)) {
        return Ok(());
    }
    let said = crs["name"].as_str().unwrap_or("one without a name");
    Err(match name {
        Some(name) => format!("is in the reference system {name} ({said})"),
        None => format!("is in a reference system without an id ({said})"),
    })
}

fn bytes_of(array: &ArrayRef, row: usize) -> Result<&[u8], String> {
    match array.data_type() {
        DataType::Binary => Ok(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Ok(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Ok(array.as_binary_view().value(row)),
        other => Err(format!("is {other}, and well-known binary is bytes")),
    }
}

/// What a list of lists has at a place.
fn list(array: &ArrayRef, row: usize) -> Result<ArrayRef, String> {
    if array.is_null(row) {
        return Err("has a list that is null".to_owned());
    }
    match array.data_type() {
        DataType::List(_) => Ok(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => Ok(array.as_list::<i64>().value(row)),
        other => Err(format!(
            "has {other} where a list of rings or positions stands"
        )),
    }
}

/// The rings of a list of lists of positions, which are structs of x and y.
fn lines(rings: &ArrayRef) -> Result<Vec<Vec<Point>>, String> {
    let ring = |i: usize| {
        let positions = list(rings, i)?;
        let axis = |name: &str| {
            let column = positions
                .as_struct_opt()
                .and_then(|p| p.column_by_name(name));
            let numbers = column.and_then(|c| c.as_primitive_opt::<Float64Type>());
            let numbers = numbers.filter(|numbers| numbers.null_count() == 0);
            numbers.map(|numbers| numbers.values().to_vec()).ok_or_else(|| {
                format!(
                    "has positions in {}, of which {name} is no float64 without nulls; write it as WKB",
                    positions.data_type()
                )
            })
        };
        let (x, y) = (axis("x")?, axis("y")?);
        Ok(x.into_iter().zip(y).map(Point::from).collect())
    };
    (0..rings.len()).map(ring).collect()
}
