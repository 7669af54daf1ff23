//! A region from a file: GeoJSON or GeoParquet; what other formats there are is refused by name.
//!
//! Beside the line, below `asked.rs`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::{Region, geoparquet};
use crate::error::{Error, Object, Result};

/// Largest file, in bytes: as a tree, its numbers take some ten times as much memory.
const MOST: u64 = 64 << 20;

/// Formats that are known and not read, by how such files end and begin.
const OTHERS: [(&str, &[&str], &[u8]); 8] = [
    ("GeoPackage", &["gpkg"], b"SQLite format 3"),
    ("FlatGeobuf", &["fgb"], b"fgb"),
    ("a shapefile", &["shp", "shx", "dbf"], &[0, 0, 0x27, 0x0a]),
    ("an archive", &["zip", "kmz"], b"PK\x03\x04"),
    ("KML", &["kml"], b"<?xml"),
    ("GML", &["gml"], b"<gml"),
    ("well-known text", &["wkt"], b"POLYGON"),
    ("well-known text", &["csv"], b"MULTIPOLYGON"),
];

/// The polygons of a file.
pub(super) fn read(path: &Path) -> Result<Region> {
    let refused = |why: String| {
        let error = Error::argument(format!("region {}: {why}", path.display()));
        error.about(Object::File(path.into()))
    };
    let io = |e| Error::io("read", path, e);
    // Opening a pipe waits until someone writes, and a device may never end.
    if !path.metadata().map_err(io)?.is_file() {
        return Err(refused(
            "is not a regular file; write the region to one".to_owned(),
        ));
    }
    let mut file = File::open(path).map_err(io)?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start).map_err(io)?;
    if is_parquet(path, &start) {
        let polygons = geoparquet::polygons(file).map_err(refused)?;
        return Ok(Region::of(polygons));
    }
    let mut bytes = start;
    file.take(MOST + 1 - bytes.len() as u64)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if let Some(format) = other_format(path, &bytes) {
        return Err(refused(format!(
            "is {format}, which is not read; convert it: ogr2ogr -f GeoJSON -t_srs EPSG:4326 \
             region.geojson {}",
            path.display()
        )));
    }
    if bytes.len() as u64 > MOST {
        return Err(refused(format!(
            "is larger than {MOST} bytes, the limit of a region; simplify it: ogr2ogr -f GeoJSON -simplify"
        )));
    }
    // Some programs begin UTF-8 with a mark of its order, which it does not have.
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let value: Value = serde_json::from_slice(text)
        .map_err(|e| refused(format!("is not GeoJSON: {e}")).caused_by(e))?;
    Region::of_value(&value).map_err(refused)
}

/// Whether a file is Parquet, by its first bytes, else by its name.
fn is_parquet(path: &Path, start: &[u8]) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let named = ["parquet", "geoparquet"].contains(&&*extension.to_ascii_lowercase());
    start == b"PAR1" || (named && !start.trim_ascii_start().starts_with(b"{"))
}

/// What a file is that is no GeoJSON, by its first bytes, else by its name.
fn other_format(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let extension = extension.to_ascii_lowercase();
    let is_json = bytes.trim_ascii_start().starts_with(b"{");
    let by_name = |names: &[&str]| !is_json && names.contains(&&*extension);
    let known = OTHERS.iter().find(|(_, _, mark)| starts(mark));
    let known = known.or_else(|| OTHERS.iter().find(|(_, names, _)| by_name(names)));
    known.map(|(format, ..)| *format)
}
