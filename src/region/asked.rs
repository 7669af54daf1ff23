//! How a region is asked for: a bounding box, a file, or GeoJSON.
//!
//! Beside the line: configs, the command line and the library's callers say it in one of these ways.

use std::path::Path;
use std::str::FromStr;

use serde_json::Value;

use super::polygon::Polygon;
use super::{HALF, Region, file, geojson};
use crate::error::{Error, Result};

impl Region {
    /// The box from a western to an eastern longitude, and from a southern to a northern latitude, in degrees:
    /// across the antimeridian where the western one is the larger.
    ///
    /// # Errors
    /// Numbers that are no longitude or latitude, and a box without an area.
    pub fn of_box(west: f64, south: f64, east: f64, north: f64) -> Result<Self> {
        let numbers = [west, south, east, north];
        Self::of_numbers(&numbers).map_err(|why| Error::argument(format!("region {why}")))
    }

    /// The polygons of a GeoJSON text (RFC 7946).
    ///
    /// # Errors
    /// A text that is none, and what in it is no polygon.
    pub fn of_geojson(text: &str) -> Result<Self> {
        let refused = |why: String| Error::argument(format!("region: {why}"));
        let value: Value = serde_json::from_str(text)
            .map_err(|e| refused(format!("is not GeoJSON: {e}")).caused_by(e))?;
        Self::of_value(&value).map_err(refused)
    }

    /// The polygons of a file: GeoJSON, or GeoParquet.
    ///
    /// # Errors
    /// A file that cannot be read or is of another format, and what in it is no polygon.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        file::read(path.as_ref())
    }

    /// The box of four numbers, in the order of GeoJSON: west, south, east, north.
    ///
    /// # Errors
    /// In words, as [`Region::of_box`].
    pub(crate) fn of_numbers(numbers: &[f64]) -> Result<Self, String> {
        let &[west, south, east, north] = numbers else {
            return Err(format!(
                "{numbers:?} has {} numbers; a box has four: west, south, east, north",
                numbers.len()
            ));
        };
        let shown = format!("[{west}, {south}, {east}, {north}]");
        for (what, value, most) in [
            ("west", west, HALF),
            ("east", east, HALF),
            ("south", south, 90.0),
            ("north", north, 90.0),
        ] {
            // A NaN is beyond, too.
            if value.abs() <= most {
                continue;
            }
            return Err(format!(
                "{shown} has {what} {value}, which is beyond {most} degrees; a box is west, south, east, north"
            ));
        }
        if south >= north {
            return Err(format!(
                "{shown} has south {south} and north {north}; south is below north"
            ));
        }
        if west == east || (west - east).abs() == 2.0 * HALF && west > east {
            return Err(format!(
                "{shown} has west {west} and east {east}, which is no width; for all longitudes give -180 and 180"
            ));
        }
        let parts = if west < east {
            vec![[west, east]]
        } else {
            vec![[west, HALF], [-HALF, east]]
        };
        // Half a turn east of everything is where everything begins again.
        let parts = parts.into_iter().filter(|[west, east]| west < east);
        let polygons: Result<Vec<Polygon>, _> = parts
            .map(|[west, east]| Polygon::of_box([west, south, east, north]))
            .collect();
        polygons
            .map(Self::of)
            .map_err(|(_, why)| format!("{shown} {why}"))
    }

    /// The polygons of a GeoJSON value.
    ///
    /// # Errors
    /// In words, what in it is no polygon.
    pub(crate) fn of_value(value: &Value) -> Result<Self, String> {
        geojson::polygons(value).map(Self::of)
    }
}

/// `W,S,E,N`, or the path of a file.
impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers: Option<Vec<f64>> = text
            .split(',')
            .map(|part| part.trim().parse().ok())
            .collect();
        match numbers {
            Some(numbers) => {
                Self::of_numbers(&numbers).map_err(|why| Error::argument(format!("region {why}")))
            }
            None => Self::read(text),
        }
    }
}
