//! Regions: areas of bounding boxes and polygons, and whether a position lies in one.
//!
//! Beside the line: a config has one (`asked.rs` is how it is said, `file.rs`, `geojson.rs` and `geoparquet.rs` read it), and whoever
//! reads photons asks it of each (`narrow.rs`). Edges are straight in the plane of geodetic longitude and latitude in
//! degrees, as RFC 7946 has them (section 3.1.1). Rings (`ring.rs`) make polygons (`polygon.rs`) make the region;
//! `exact.rs` decides on which side of an edge a position is, without rounding, so every machine gives one answer.
//! `cover.rs` finds the cells that touch a region.

mod asked;
mod boxes;
mod cover;
mod exact;
mod file;
mod geojson;
#[cfg(feature = "parquet")]
mod geoparquet;
#[cfg(not(feature = "parquet"))]
#[path = "no_geoparquet.rs"]
mod geoparquet;
#[cfg(feature = "parquet")]
mod great_circle;
mod narrow;
mod polygon;
mod ring;
#[cfg(feature = "parquet")]
mod wkb;

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::grid::Bounds;

use boxes::{Boxes, meet};
use polygon::Polygon;

pub(crate) use cover::Covered;
pub(crate) use narrow::turned;

/// Half a turn: longitudes of regions are from its negative to it.
const HALF: f64 = 180.0;
/// A whole turn.
const TURN: f64 = 360.0;

/// An area of the Earth: one or several polygons. However it was written, it is the same value.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::Region;
///
/// // Across the antimeridian: from 177 degrees east to 178 degrees west.
/// let fiji = Region::of_box(177.0, -19.5, -178.0, -16.0)?;
/// assert!(fiji.contains(179.9, -17.0) && fiji.contains(-179.9, -17.0));
/// assert!(!fiji.contains(0.0, -17.0));
///
/// let triangle = r#"{"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [0, 4], [0, 0]]]}"#;
/// let triangle = Region::of_geojson(triangle)?;
/// assert!(triangle.contains(1.0, 1.0) && !triangle.contains(3.0, 3.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Region(Arc<Area>);

struct Area {
    /// From west to east, each once.
    polygons: Vec<Polygon>,
    boxes: Boxes,
    sha256: String,
}

/// Where all positions of a box lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Inside,
    Outside,
    /// An edge touches the box.
    Crossed,
}

/// What reports, stores and shard maps say of a region.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::Region;
///
/// let facts = Region::of_box(-50.0, 66.0, -45.0, 70.0)?.facts();
/// assert_eq!(facts.bbox, [-50.0, 66.0, -45.0, 70.0]);
/// assert_eq!((facts.polygons, facts.positions), (1, 4));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegionFacts {
    /// SHA-256 of every position: equal for regions of the same rings, however they were written.
    pub sha256: String,
    /// Smallest longitude and latitude, largest longitude and latitude.
    pub bbox: [f64; 4],
    pub polygons: u64,
    /// Positions of all rings, each once.
    pub positions: u64,
}

impl Region {
    /// Of at least one polygon.
    fn of(mut polygons: Vec<Polygon>) -> Self {
        polygons.sort_by(Polygon::compare);
        polygons.dedup_by(|a, b| a.compare(b).is_eq() && a.identity() == b.identity());
        let identity: String = polygons.iter().map(Polygon::identity).collect();
        let boxes = Boxes::around(polygons.iter().map(Polygon::bounds));
        Self(Arc::new(Area {
            sha256: hex(&Sha256::digest(identity)),
            polygons,
            boxes,
        }))
    }

    /// Whether a position lies inside: a longitude from -540 to 540 and a geodetic latitude, in degrees.
    ///
    /// One on an edge belongs to the polygon east of it, and on an edge along a parallel to that north of it, at the
    /// north pole south of it: so of polygons that share edges and overlap nowhere, one has it.
    pub fn contains(&self, lon: f64, lat: f64) -> bool {
        let p = [wrapped(lon), lat];
        let around = |bounds: &Bounds| {
            (bounds.lon[0]..=bounds.lon[1]).contains(&p[0])
                && (bounds.lat[0]..=bounds.lat[1]).contains(&p[1])
        };
        let Area {
            polygons, boxes, ..
        } = &*self.0;
        boxes.any(&around, &|polygon| polygons[polygon].contains(p))
    }

    /// Where the positions of a box lie, whose longitudes are those of [`turned`].
    pub(crate) fn side(&self, bounds: &Bounds) -> Side {
        let Area {
            polygons, boxes, ..
        } = &*self.0;
        let touched = |polygon: usize| {
            let polygon = &polygons[polygon];
            meet(&polygon.bounds(), bounds) && polygon.touches(bounds)
        };
        if boxes.any(&|node| meet(node, bounds), &touched) {
            return Side::Crossed;
        }
        if self.contains(bounds.lon[0], bounds.lat[0]) {
            Side::Inside
        } else {
            Side::Outside
        }
    }

    /// SHA-256 in hex of every position: equal for regions of the same rings, however they were written.
    pub fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// What reports, stores and shard maps say of it.
    pub fn facts(&self) -> RegionFacts {
        let Bounds { lon, lat } = self.0.boxes.all();
        let rings = self.0.polygons.iter().flat_map(Polygon::rings);
        RegionFacts {
            sha256: self.0.sha256.clone(),
            bbox: [lon[0], lat[0], lon[1], lat[1]],
            polygons: self.0.polygons.len() as u64,
            positions: rings.map(|ring| ring.points().len() as u64).sum(),
        }
    }

    /// The region as a GeoJSON geometry, to the last bit of each position.
    pub fn to_geojson(&self) -> Value {
        let ring = |ring: &ring::Ring| {
            let points = ring.points();
            let closed = points.iter().chain(points.first());
            closed.map(|position| json!(position)).collect::<Value>()
        };
        let polygon = |polygon: &Polygon| polygon.rings().map(ring).collect::<Value>();
        let coordinates: Value = self.0.polygons.iter().map(polygon).collect();
        json!({"type": "MultiPolygon", "coordinates": coordinates})
    }
}

/// A longitude from -540 to 540 in the turn of regions, from -180 to below 180; nothing is rounded.
fn wrapped(lon: f64) -> f64 {
    let lon = match lon {
        lon if lon >= HALF => lon - TURN,
        lon if lon < -HALF => lon + TURN,
        lon => lon,
    };
    if lon == HALF { -HALF } else { lon }
}

/// Of the same rings.
impl PartialEq for Region {
    fn eq(&self, other: &Self) -> bool {
        self.0.sha256 == other.0.sha256
    }
}

impl Eq for Region {}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts().fmt(f)
    }
}

/// In one line, for people.
impl fmt::Display for RegionFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [west, south, east, north] = self.bbox;
        let one =
            |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        write!(
            f,
            "{} of {} within {west},{south},{east},{north} (sha256 {})",
            one(self.polygons, "polygon"),
            one(self.positions, "position"),
            self.sha256.get(..12).unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests;
