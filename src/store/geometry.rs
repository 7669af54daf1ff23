//! Cells as points and polygons in the formats of files: well-known binary and text, and what GeoParquet says of them.
//!
//! Below `located.rs` and whoever writes rows. Sources: OGC 06-103r4, sections 7 and 8; GeoParquet 1.1; GeoArrow 0.2,
//! "Extension types".

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::grid::{Grid, GridConfig};

/// What rows say of where their cells are, beside longitude and latitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Geometry {
    /// Nothing.
    #[default]
    None,
    /// The middle of the cell.
    Point,
    /// Its outline.
    Polygon,
}

/// The column of geometries, and that of their boxes.
pub const GEOMETRY: &str = "geometry";
pub const BBOX: &str = "bbox";
/// The key of GeoParquet's metadata.
pub const GEO: &str = "geo";
/// Of well-known binary, little-endian.
const LITTLE: u8 = 1;
const POINT: u32 = 1;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// The geometry of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Point([f64; 2]),
    /// Positions of each polygon counterclockwise, every one once.
    Polygons(Vec<Vec<[f64; 2]>>),
}

impl Shape {
    /// That of a cell; `None` where none is wanted.
    pub fn of(grid: &GridConfig, cell: u64, geometry: Geometry) -> Option<Self> {
        let (kind, order): (Grid, _) = (grid.kind, grid.cell_order);
        match geometry {
            Geometry::None => None,
            Geometry::Point => Some(Self::Point(kind.point(order, cell))),
            Geometry::Polygon => Some(Self::Polygons(kind.polygons(order, cell))),
        }
    }

    fn positions(&self) -> impl Iterator<Item = &[f64; 2]> {
        let (point, rings) = match self {
            Self::Point(at) => (Some(at), &[][..]),
            Self::Polygons(rings) => (None, &rings[..]),
        };
        point.into_iter().chain(rings.iter().flatten())
    }

    /// Least x and y, greatest x and y.
    pub fn bounds(&self) -> [f64; 4] {
        let start = [
            f64::INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ];
        self.positions().fold(start, |all, at| {
            [
                all[0].min(at[0]),
                all[1].min(at[1]),
                all[2].max(at[0]),
                all[3].max(at[1]),
            ]
        })
    }

    /// Well-known binary.
    pub fn wkb(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        match self {
            Self::Point(at) => {
                begin(&mut out, POINT);
                position(&mut out, *at);
            }
            Self::Polygons(rings) => {
                if rings.len() != 1 {
                    begin(&mut out, MULTI_POLYGON);
                    out.extend((rings.len() as u32).to_le_bytes());
                }
                for ring in rings {
                    begin(&mut out, POLYGON);
                    out.extend(1u32.to_le_bytes());
                    out.extend((ring.len() as u32 + 1).to_le_bytes());
                    ring.iter()
                        .chain(ring.first())
                        .for_each(|at| position(&mut out, *at));
                }
            }
        }
        out
    }

    /// Well-known text, of the fewest digits that read back as the same numbers.
    pub fn wkt(&self) -> String {
        let mut out = String::new();
        // Writing to a text does not fail.
        match self {
            Self::Point([x, y]) => {
                let _ = write!(out, "POINT ({x} {y})");
            }
            Self::Polygons(rings) => {
                let ring = |out: &mut String, ring: &[[f64; 2]]| {
                    out.push_str("((");
                    for (i, [x, y]) in ring.iter().chain(ring.first()).enumerate() {
                        let comma = if i > 0 { ", " } else { "" };
                        let _ = write!(out, "{comma}{x} {y}");
                    }
                    out.push_str("))");
                };
                if let [one] = &rings[..] {
                    out.push_str("POLYGON ");
                    ring(&mut out, one);
                } else {
                    out.push_str("MULTIPOLYGON (");
                    for (i, one) in rings.iter().enumerate() {
                        out.push_str(if i > 0 { ", " } else { "" });
                        ring(&mut out, one);
                    }
                    out.push(')');
                }
            }
        }
        out
    }
}

fn begin(out: &mut Vec<u8>, kind: u32) {
    out.push(LITTLE);
    out.extend(kind.to_le_bytes());
}

fn position(out: &mut Vec<u8>, at: [f64; 2]) {
    for number in at {
        out.extend(number.to_le_bytes());
    }
}

/// The system of geometries: `None` of degrees on WGS84, longitude first, which is that of GeoParquet where none is said.
fn crs(grid: &GridConfig) -> Option<Value> {
    let crs = grid.kind.rectilinear()?.crs();
    (!crs.is_geographic()).then(|| crs.projjson())
}

/// What GeoParquet says of the geometries of a grid; `bounds` of all of them, where they are known.
pub fn geo(grid: &GridConfig, geometry: Geometry, bounds: Option<[f64; 4]>) -> Value {
    let types = match geometry {
        Geometry::Polygon => json!(["Polygon", "MultiPolygon"]),
        Geometry::None | Geometry::Point => json!(["Point"]),
    };
    let side = |name: &str| json!([BBOX, name]);
    let mut column = json!({
        "encoding": "WKB",
        "geometry_types": types,
        "edges": "planar",
        "covering": {"bbox": {
            "xmin": side("xmin"), "ymin": side("ymin"), "xmax": side("xmax"), "ymax": side("ymax"),
        }},
    });
    if geometry == Geometry::Polygon {
        column["orientation"] = json!("counterclockwise");
    }
    if let Some(crs) = crs(grid) {
        column["crs"] = crs;
    }
    if let Some(bounds) = bounds.filter(|bounds| bounds.iter().all(|side| side.is_finite())) {
        column["bbox"] = json!(bounds);
    }
    json!({"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}})
}

/// What the column of geometries says of itself, as `GeoArrow` has it.
pub fn extension(grid: &GridConfig) -> Map<String, Value> {
    let crs = crs(grid).unwrap_or_else(|| json!("OGC:CRS84"));
    let kind = if crs.is_string() {
        "authority_code"
    } else {
        "projjson"
    };
    let metadata = json!({"crs": crs, "crs_type": kind});
    [
        ("ARROW:extension:name", json!("geoarrow.wkb")),
        ("ARROW:extension:metadata", json!(metadata.to_string())),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_well_known_binary_and_text() {
        let point = Shape::Point([-45.5, 70.0]);
        assert_eq!(point.wkt(), "POINT (-45.5 70)");
        let mut expected = vec![1, 1, 0, 0, 0];
        expected.extend((-45.5f64).to_le_bytes());
        expected.extend(70f64.to_le_bytes());
        assert_eq!(point.wkb(), expected);
        let ring = |x: f64| vec![[x, 0.0], [x + 1.0, 0.0], [x, 1.0]];
        let one = Shape::Polygons(vec![ring(0.0)]);
        assert_eq!(one.wkt(), "POLYGON ((0 0, 1 0, 0 1, 0 0))");
        assert_eq!((one.wkb().len(), one.wkb()[1]), (1 + 4 + 4 + 4 + 4 * 16, 3));
        let two = Shape::Polygons(vec![ring(0.0), ring(5.0)]);
        assert_eq!(
            two.wkt(),
            "MULTIPOLYGON (((0 0, 1 0, 0 1, 0 0)), ((5 0, 6 0, 5 1, 5 0)))"
        );
        assert_eq!(two.bounds(), [0.0, 0.0, 6.0, 1.0]);
        assert_eq!((two.wkb().len(), two.wkb()[1]), (9 + 2 * (13 + 4 * 16), 6));
    }
}
