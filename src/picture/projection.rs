//! From degrees to the plane and back: polar stereographic or plate carree.
//!
//! Formulas of the sphere (Snyder, "Map Projections: A Working Manual", USGS 1987, equations 21-4
//! and 12-1) with the geodetic latitude: a picture needs no more.

use super::outline::Survey;

/// Mean radius of the Earth in kilometres.
const EARTH_RADIUS: f64 = 6371.0;
/// Data poleward of this latitude, in degrees, are drawn around their pole.
const POLAR_LATITUDE: f64 = 50.0;

/// A point of the plane, y upwards.
pub type Point = (f64, f64);

/// How degrees become points of the plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Projection {
    /// Around a pole (+1 north, -1 south) in Earth radii; Greenwich points down from the north pole
    /// and up from the south pole.
    Polar { pole: f64 },
    /// In degrees of latitude; longitudes from `cut` to `cut + 360`, shortened by `shrink`.
    PlateCarree { cut: f64, shrink: f64 },
}

impl Projection {
    /// The projection that suits where the cells are.
    pub fn choose(survey: &Survey) -> Self {
        let (south, north) = survey.latitudes;
        if south >= POLAR_LATITUDE {
            return Self::Polar { pole: 1.0 };
        }
        if north <= -POLAR_LATITUDE {
            return Self::Polar { pole: -1.0 };
        }
        let is_region = north - south < 60.0;
        let middle = f64::midpoint(south, north).to_radians();
        Self::PlateCarree {
            cut: survey.cut(),
            shrink: if is_region {
                middle.cos().max(0.2)
            } else {
                1.0
            },
        }
    }

    /// The point of a position in degrees. In plate carree the longitude is taken as it is.
    pub fn project(self, lon: f64, lat: f64) -> Point {
        match self {
            Self::Polar { pole } => {
                let half_colatitude = (90.0 - pole * lat).to_radians() / 2.0;
                let radius = 2.0 * half_colatitude.tan();
                let (sin, cos) = lon.to_radians().sin_cos();
                (radius * sin, -pole * radius * cos)
            }
            Self::PlateCarree { shrink, .. } => (lon * shrink, lat),
        }
    }

    /// Longitude and latitude in degrees of a point; `None` beyond the poles of plate carree.
    pub fn invert(self, (x, y): Point) -> Option<(f64, f64)> {
        match self {
            Self::Polar { pole } => {
                let colatitude = 2.0 * (x.hypot(y) / 2.0).atan().to_degrees();
                Some((x.atan2(-pole * y).to_degrees(), pole * (90.0 - colatitude)))
            }
            Self::PlateCarree { shrink, .. } => (y.abs() <= 90.0).then_some((x / shrink, y)),
        }
    }

    /// Kilometres along the ground of one unit to the right at a point; `None` where that changes
    /// too much over a picture to be worth a scale bar.
    pub fn kilometres(self, point: Point) -> Option<f64> {
        match self {
            Self::Polar { .. } => {
                let radius = point.0.hypot(point.1);
                Some(EARTH_RADIUS / (1.0 + radius * radius / 4.0))
            }
            Self::PlateCarree { shrink, .. } if shrink < 1.0 => {
                let latitude = point.1.clamp(-89.0, 89.0).to_radians();
                Some(EARTH_RADIUS.to_radians() * latitude.cos() / shrink)
            }
            Self::PlateCarree { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projections_invert() {
        for projection in [
            Projection::Polar { pole: 1.0 },
            Projection::Polar { pole: -1.0 },
            Projection::PlateCarree {
                cut: -180.0,
                shrink: 0.5,
            },
        ] {
            for (lon, lat) in [(0.0, 60.0), (90.0, 60.0), (-120.0, -70.0)] {
                let (x, y) = projection.invert(projection.project(lon, lat)).unwrap();
                assert!(
                    (x - lon).abs() < 1e-9 && (y - lat).abs() < 1e-9,
                    "{projection:?}"
                );
            }
        }
    }

    #[test]
    fn greenwich_points_down_from_the_north_pole_and_up_from_the_south_pole() {
        assert!(Projection::Polar { pole: 1.0 }.project(0.0, 80.0).1 < 0.0);
        assert!(Projection::Polar { pole: -1.0 }.project(0.0, -80.0).1 > 0.0);
    }
}
