//! From degrees to the plane and back: polar stereographic, the plane of a grid's own system, or degrees as they are.
//!
//! The formulas are those of the grids, on the ellipsoid and with the same bits on every system.

use super::outline::Place;
use crate::grid::{Crs, Grid, Plane, sin_cos};

/// WGS84: equatorial radius in kilometres, and the square of the eccentricity.
const AXIS: f64 = 6378.137;
const E2: f64 = 0.006_694_379_990_141_316;
/// Data poleward of this latitude, in degrees, are drawn around their pole.
const POLAR_LATITUDE: f64 = 50.0;
/// Around the north pole 45 W points down, as in EPSG:3413, for data that reach so far in longitude or lie so near.
const WIDE: f64 = 150.0;
const NEAR: f64 = 35.0;

/// A point of the plane, y upwards.
pub type Point = (f64, f64);

/// How degrees become points of the plane.
#[derive(Debug, Clone, Copy)]
pub enum Projection {
    /// Metres around a pole (+1 north, -1 south).
    Polar {
        plane: Plane,
        pole: f64,
        named: Named,
    },
    /// Metres in the plane of a grid.
    Plane { plane: Plane, crs: Crs },
    /// Degrees of latitude; longitudes from `cut` to `cut + 360`, shortened by `shrink`: the cosine of the latitude `level`.
    Degrees { cut: f64, shrink: f64, level: f64 },
}

/// What a polar projection is called.
#[derive(Debug, Clone, Copy)]
pub enum Named {
    Crs(Crs),
    /// The longitude that points down.
    Down(f64),
}

impl Projection {
    /// The globe in degrees.
    pub const GLOBE: Self = Self::Degrees {
        cut: -180.0,
        shrink: 1.0,
        level: 0.0,
    };

    /// The projection that suits a grid, and where its cells are.
    pub fn choose(place: &Place, grid: Grid) -> Self {
        if let Some(crs) = grid
            .rectilinear()
            .map(|grid| grid.crs())
            .filter(|crs| !crs.is_geographic())
        {
            let plane = crs.projection();
            return match crs.pole() {
                Some(pole) => Self::Polar {
                    plane,
                    pole,
                    named: Named::Crs(crs),
                },
                None => Self::Plane { plane, crs },
            };
        }
        let (south, north) = place.latitudes;
        let of_degrees = grid.rectilinear().is_some();
        if !of_degrees && south >= POLAR_LATITUDE {
            let (west, width) = place.longitudes;
            let middle = (west + width / 2.0 + 180.0).rem_euclid(360.0) - 180.0;
            if width > WIDE || (middle + 45.0).abs() <= NEAR {
                return Self::system("EPSG:3413");
            }
            let down = (middle / 5.0).round() * 5.0;
            let plane = Plane::polar(false, 70.0, down);
            return Self::Polar {
                plane,
                pole: 1.0,
                named: Named::Down(down),
            };
        }
        if !of_degrees && north <= -POLAR_LATITUDE {
            return Self::system("EPSG:3031");
        }
        let is_region = north - south < 60.0;
        let level = if is_region {
            f64::midpoint(south, north).round().clamp(-78.0, 78.0)
        } else {
            0.0
        };
        Self::Degrees {
            cut: place.cut,
            shrink: cosine(level),
            level,
        }
    }

    /// Around a pole, by the code of the system.
    fn system(code: &str) -> Self {
        match Crs::named(code).and_then(|crs| crs.pole().map(|pole| (crs, pole))) {
            Some((crs, pole)) => Self::Polar {
                plane: crs.projection(),
                pole,
                named: Named::Crs(crs),
            },
            None => Self::GLOBE,
        }
    }

    /// Its name, for the foot of the map.
    pub fn name(self) -> String {
        let parallel = |latitude: f64| match latitude {
            l if l > 0.0 => format!("{l}\u{b0}N"),
            l if l < 0.0 => format!("{}\u{b0}S", -l),
            _ => "the equator".to_owned(),
        };
        match self {
            Self::Polar {
                named: Named::Crs(crs),
                ..
            }
            | Self::Plane { crs, .. } => {
                format!("{}, {crs}", crs.title())
            }
            Self::Polar {
                named: Named::Down(lon),
                ..
            } => {
                let side = if lon < 0.0 { "W" } else { "E" };
                format!(
                    "polar stereographic, true at 70\u{b0}N, {}\u{b0}{side} down",
                    lon.abs()
                )
            }
            Self::Degrees { level: 0.0, .. } => "plate carr\u{e9}e".to_owned(),
            Self::Degrees { level, .. } => format!("equirectangular, true at {}", parallel(level)),
        }
    }

    /// The point of a position in degrees. In degrees the longitude is taken as it is.
    pub fn project(self, lon: f64, lat: f64) -> Point {
        match self {
            Self::Polar { plane, .. } | Self::Plane { plane, .. } => plane.project(lon, lat),
            Self::Degrees { shrink, .. } => (lon * shrink, lat),
        }
    }

    /// Longitude and latitude in degrees of a point; `None` beyond the poles of a map in degrees.
    pub fn invert(self, (x, y): Point) -> Option<(f64, f64)> {
        match self {
            Self::Polar { plane, .. } | Self::Plane { plane, .. } => {
                let (lon, lat) = plane.unproject(x, y);
                (lon.is_finite() && lat.is_finite()).then_some((lon, lat))
            }
            Self::Degrees { shrink, .. } => (y.abs() <= 90.0).then_some((x / shrink, y)),
        }
    }

    /// Whether longitudes run round: a map in degrees ends at its cut, and repeats what crosses it.
    pub fn degrees(self) -> Option<(f64, f64)> {
        match self {
            Self::Degrees { cut, shrink, .. } => Some((cut, shrink)),
            _ => None,
        }
    }

    /// The pole that the map is around.
    pub fn pole(self) -> Option<f64> {
        match self {
            Self::Polar { pole, .. } => Some(pole),
            _ => None,
        }
    }

    /// Kilometres along the ground of the line between two points of the plane, on the ellipsoid.
    pub fn ground(self, from: Point, to: Point) -> Option<f64> {
        const PIECES: u32 = 64;
        let at = |i: u32| {
            let t = f64::from(i) / f64::from(PIECES);
            self.invert((from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t))
        };
        let mut sum = 0.0;
        for i in 0..PIECES {
            sum += short_way(at(i)?, at(i + 1)?);
        }
        Some(sum)
    }
}

/// Kilometres between two positions that are near each other: by the radii of curvature at the latitude between them.
fn short_way((lon0, lat0): Point, (lon1, lat1): Point) -> f64 {
    let middle = f64::midpoint(lat0, lat1).to_radians();
    let (sine, cosine) = sin_cos(middle);
    let w2 = 1.0 - E2 * sine * sine;
    let across = AXIS / w2.sqrt();
    let along = across * (1.0 - E2) / w2;
    let turn = (lon1 - lon0 + 180.0).rem_euclid(360.0) - 180.0;
    let east = across * cosine * turn.to_radians();
    let north = along * (lat1 - lat0).to_radians();
    (east * east + north * north).sqrt()
}

fn cosine(degrees: f64) -> f64 {
    sin_cos(degrees.to_radians()).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(latitudes: (f64, f64), longitudes: (f64, f64)) -> Place {
        Place {
            latitudes,
            longitudes,
            cut: -180.0,
        }
    }

    #[test]
    fn projections_invert_and_say_what_they_are() {
        let cases = [
            (
                place((60.0, 83.0), (-73.0, 62.0)),
                "NSIDC Sea Ice Polar Stereographic North, EPSG:3413",
            ),
            (
                place((77.0, 80.0), (10.0, 20.0)),
                "true at 70\u{b0}N, 20\u{b0}E down",
            ),
            (place((51.0, 80.0), (0.0, 360.0)), "EPSG:3413"),
            (
                place((-80.0, -70.0), (100.0, 10.0)),
                "Antarctic Polar Stereographic, EPSG:3031",
            ),
            (
                place((40.0, 52.0), (5.0, 10.0)),
                "equirectangular, true at 46\u{b0}N",
            ),
            (place((-80.0, 70.0), (-180.0, 360.0)), "plate carr\u{e9}e"),
        ];
        for (place, name) in cases {
            let projection = Projection::choose(&place, Grid::default());
            assert!(projection.name().contains(name), "{}", projection.name());
            let south = place.latitudes.1 < 0.0;
            for (lon, lat) in [(0.0, 60.0), (90.0, 60.0), (-120.0, 70.0)] {
                let lat = if south { -lat } else { lat };
                let (x, y) = projection.invert(projection.project(lon, lat)).unwrap();
                assert!(
                    (x - lon).abs() < 1e-7 && (y - lat).abs() < 1e-7,
                    "{name}: {x} {y}"
                );
            }
        }
    }

    #[test]
    fn ways_along_the_ground_are_those_on_the_ellipsoid() {
        // A degree of the equator, and the quarter of a meridian: pyproj.Geod(ellps="WGS84").
        let globe = Projection::GLOBE;
        let equator = globe.ground((0.0, 0.0), (1.0, 0.0)).unwrap();
        assert!((equator - 111.319_491).abs() < 1e-5, "{equator}");
        let meridian = globe.ground((5.0, 0.0), (5.0, 90.0)).unwrap();
        assert!((meridian - 10_001.965_7).abs() < 0.1, "{meridian}");
        // At 63 S, away from the parallel of true scale: Geod.line_length along the same line.
        let south = Projection::choose(&place((-80.0, -60.0), (0.0, 360.0)), Grid::default());
        let way = south
            .ground((-100_000.0, 3_000_000.0), (100_000.0, 3_000_000.0))
            .unwrap();
        assert!((way - 194.305_243).abs() < 1e-3, "{way}");
    }
}
