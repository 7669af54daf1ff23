//! Polygons of GeoJSON (RFC 7946): geometries, features, and collections of both.
//!
//! Beside the line, below `asked.rs`. What has no inside, or another reference system, is refused by its place in the
//! document: nothing of what a file says is left out in silence.

use serde_json::{Map, Value};

use super::HALF;
use super::exact::Point;
use super::polygon::Polygon;

/// Names of longitude and latitude on WGS84 in degrees, in that order, in the `crs` of GeoJSON of 2008.
const DEGREES: [&str; 5] = [
    "urn:ogc:def:crs:OGC:1.3:CRS84",
    "urn:ogc:def:crs:OGC::CRS84",
    "urn:ogc:def:crs:EPSG::4326",
    "OGC:CRS84",
    "EPSG:4326",
];

/// All polygons of a document, in its order; at least one.
///
/// # Errors
/// In words, with the place in the document.
pub(super) fn polygons(document: &Value) -> Result<Vec<Polygon>, String> {
    let mut found = Vec::new();
    add(document, "", &mut found)?;
    if found.is_empty() {
        return Err(
            "has no polygon; a region is one or more of Polygon and MultiPolygon".to_owned(),
        );
    }
    Ok(found)
}

/// Adds the polygons of an object and of those within.
fn add(value: &Value, at: &str, found: &mut Vec<Polygon>) -> Result<(), String> {
    let Value::Object(object) = value else {
        return Err(format!(
            "{}is {}, not an object of GeoJSON",
            lead(at),
            kind(value)
        ));
    };
    let member = |key: &str| {
        if at.is_empty() {
            key.to_owned()
        } else {
            format!("{at}.{key}")
        }
    };
    check_crs(object.get("crs"), &member("crs"))?;
    let list = |key: &str| match object.get(key) {
        Some(Value::Array(all)) => Ok(all),
        other => Err(format!(
            "{}has {key} {}, not a list",
            lead(at),
            other.map_or("nothing", kind)
        )),
    };
    match object.get("type").and_then(Value::as_str) {
        Some("FeatureCollection") => each(list("features")?, &member("features"), found),
        Some("GeometryCollection") => each(list("geometries")?, &member("geometries"), found),
        Some("Feature") => match object.get("geometry") {
            None | Some(Value::Null) => Err(format!(
                "{}is a Feature without a geometry; take it out, or give it its polygon",
                lead(&named(at, object))
            )),
            Some(geometry) => add(geometry, &format!("{}.geometry", named(at, object)), found)
                .map_err(|why| why.strip_prefix('.').map_or(why.clone(), str::to_owned)),
        },
        Some("Polygon") => {
            found.push(polygon(list("coordinates")?, &member("coordinates"))?);
            Ok(())
        }
        Some("MultiPolygon") => {
            let at = member("coordinates");
            for (place, one) in list("coordinates")?.iter().enumerate() {
                let at = format!("{at}[{place}]");
                let Value::Array(rings) = one else {
                    return Err(format!("{at} is {}, not a list of rings", kind(one)));
                };
                found.push(polygon(rings, &at)?);
            }
            Ok(())
        }
        Some(name @ ("Point" | "MultiPoint" | "LineString" | "MultiLineString")) => Err(format!(
            "{}is a {name}, which has no inside; a region is one or more of Polygon and MultiPolygon",
            lead(at)
        )),
        Some(other) => Err(format!(
            "{}has the type {other:?}, which GeoJSON does not know",
            lead(at)
        )),
        None => Err(format!("{}has no type, and so is no GeoJSON", lead(at))),
    }
}

fn each(all: &[Value], at: &str, found: &mut Vec<Polygon>) -> Result<(), String> {
    let mut all = all.iter().enumerate();
    all.try_for_each(|(place, one)| add(one, &format!("{at}[{place}]"), found))
}

/// The place of a feature, with its name where it has one.
fn named(at: &str, feature: &Map<String, Value>) -> String {
    match feature.get("id") {
        Some(Value::String(id)) => format!("{at} (id {id})"),
        Some(Value::Number(id)) => format!("{at} (id {id})"),
        _ => at.to_owned(),
    }
}

/// The place in front of what is said of it; nothing of the whole document.
fn lead(at: &str) -> String {
    match at.trim() {
        "" => String::new(),
        at => format!("{at} "),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// GeoJSON of 2008 could name another reference system; RFC 7946 has one only.
fn check_crs(crs: Option<&Value>, at: &str) -> Result<(), String> {
    let Some(crs) = crs.filter(|crs| !crs.is_null()) else {
        return Ok(());
    };
    match crs.pointer("/properties/name").and_then(Value::as_str) {
        Some(name) if DEGREES.contains(&name) => Ok(()),
        name => Err(format!(
            "{at} is {}, and a region is in longitude and latitude on WGS84 ({}); convert it: \
             ogr2ogr -f GeoJSON -t_srs EPSG:4326 NEW.geojson OLD",
            name.map_or_else(|| crs.to_string(), str::to_owned),
            DEGREES[0]
        )),
    }
}

fn polygon(rings: &[Value], at: &str) -> Result<Polygon, String> {
    if rings.is_empty() {
        return Err(format!(
            "{at} has no ring; a polygon has an outer one, and then its holes"
        ));
    }
    let rings = rings.iter().enumerate();
    let rings = rings.map(|(place, one)| ring(one, &format!("{at}[{place}]")));
    let rings: Vec<Vec<Point>> = rings.collect::<Result<_, _>>()?;
    Polygon::new(rings).map_err(|(place, why)| format!("{at}[{place}] {why}"))
}

fn ring(value: &Value, at: &str) -> Result<Vec<Point>, String> {
    let Value::Array(all) = value else {
        return Err(format!("{at} is {}, not a ring of positions", kind(value)));
    };
    let points = all.iter().enumerate();
    let points = points.map(|(place, one)| position(one, &format!("{at}[{place}]")));
    let points: Vec<Point> = points.collect::<Result<_, _>>()?;
    closed(points).map_err(|why| format!("{at} {why}"))
}

/// A ring that says itself where it ends.
pub(super) fn closed(points: Vec<Point>) -> Result<Vec<Point>, String> {
    match (points.first(), points.last()) {
        (Some(first), Some(last)) if first != last => Err(format!(
            "begins at {first:?} and ends at {last:?}; a ring is closed: its last position is the first"
        )),
        _ if points.len() < 4 => Err(format!(
            "has {} positions; a ring has at least 4, of which the last is the first",
            points.len()
        )),
        _ => Ok(points),
    }
}

fn position(value: &Value, at: &str) -> Result<Point, String> {
    let numbers = value.as_array().filter(|numbers| numbers.len() >= 2);
    let number = |place: usize| numbers.and_then(|numbers| numbers[place].as_f64());
    let (Some(lon), Some(lat)) = (number(0), number(1)) else {
        return Err(format!(
            "{at} is {value}, not a position: longitude and latitude in degrees"
        ));
    };
    within([lon, lat]).map_err(|why| format!("{at} {why}"))
}

/// A position that is one: what is above it does not count.
pub(super) fn within([lon, lat]: Point) -> Result<Point, String> {
    let shown = format!("[{lon}, {lat}]");
    if lat.is_nan() || lat.abs() > 90.0 {
        return Err(format!(
            "is {shown}, whose latitude {lat} is beyond 90 degrees; a position is longitude, then latitude"
        ));
    }
    if lon.is_nan() || lon.abs() > HALF {
        return Err(format!(
            "is {shown}, whose longitude {lon} is beyond 180 degrees; cut polygons at the antimeridian \
             (RFC 7946, section 3.1.9): ogr2ogr -f GeoJSON -wrapdateline NEW.geojson OLD"
        ));
    }
    Ok([lon, lat])
}
