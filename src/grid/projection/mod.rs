//! Map projections: positions on the ellipsoid to the plane of a coordinate reference system, and back.
//!
//! Under `rectilinear/`, so that a photon's cell has the same bits on every platform: every forward function is one
//! fixed sequence of IEEE 754 operations, rounded one by one, with `sin_cos` for sine and cosine and, of transverse
//! Mercator, `libm` for one arctangent and one logarithm. They are within 10 nanometres of the closed forms where
//! grids may lie. `crs.rs` has the systems by their EPSG codes, `wording.rs` and `projjson.rs` what stores and files say of them, `ellipsoid.rs`
//! what the projections share, `factors.rs` that many of them are products, `polar.rs`, `transverse.rs` and `equal_area.rs` the projections.

mod crs;
mod ellipsoid;
mod equal_area;
mod factors;
mod polar;
mod projjson;
#[cfg(test)]
mod tests;
mod transverse;
mod wording;

pub use crs::Crs;

use equal_area::{Azimuthal, Cylindrical};
use polar::Polar;
use transverse::Transverse;

/// Radians in a degree, rounded.
const DEGREE: f64 = std::f64::consts::PI / 180.0;
/// No degree along the ellipsoid of WGS84 is longer, in metres: that of its largest radius of curvature.
const METRES: f64 = 111_700.0;
/// Boxes of positions that reach farther than this from their middle, in metres, are not bounded.
const FARTHEST: f64 = 20_000.0;
/// More than all rounding of a projected position, in metres.
const SLACK: f64 = 1e-6;

/// A coordinate reference system as formulas, with what of them does not depend on positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Projection {
    /// Degrees as they are.
    Geographic,
    Polar(Polar),
    Transverse(Transverse),
    Azimuthal(Azimuthal),
    Cylindrical(Cylindrical),
}

/// The plane around a projected position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    pub x: f64,
    pub y: f64,
    /// No position of the box that it is the middle of is projected farther away, along either axis.
    pub reach: f64,
}

/// A box of positions by its middle: degrees, and how far it goes from there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Middle {
    lon: f64,
    lat: f64,
    /// Metres on the ground at most, times [`METRES`] but for the cosine of the latitude.
    along: f64,
    across: f64,
}

impl Projection {
    /// Polar stereographic around a pole, true to scale at this latitude, which is given without its sign; from the north
    /// pole `origin` points down, from the south pole up.
    #[cfg(feature = "picture")]
    pub fn polar(south: bool, standard: f64, origin: f64) -> Self {
        Self::Polar(Polar::new(&ellipsoid::WGS84, south, standard, origin))
    }

    /// The place of a position: longitude of at most one and a half turns, geodetic latitude, both in degrees. What
    /// cannot be projected is NaN.
    #[inline]
    pub fn project(&self, lon: f64, lat: f64) -> (f64, f64) {
        match self {
            Self::Geographic => (lon, lat),
            Self::Polar(polar) => polar.project(lon, lat),
            Self::Transverse(transverse) => transverse.project(lon, lat),
            Self::Azimuthal(azimuthal) => azimuthal.project(lon, lat),
            Self::Cylindrical(cylindrical) => cylindrical.project(lon, lat),
        }
    }

    /// The position of a place, for people and pictures: longitude in [-180, 180) and geodetic latitude, in degrees.
    pub fn unproject(&self, x: f64, y: f64) -> (f64, f64) {
        let (lon, lat) = match self {
            Self::Geographic => (x, y),
            Self::Polar(polar) => polar.unproject(x, y),
            Self::Transverse(transverse) => transverse.unproject(x, y),
            Self::Azimuthal(azimuthal) => azimuthal.unproject(x, y),
            Self::Cylindrical(cylindrical) => cylindrical.unproject(x, y),
        };
        let turns = ((lon + 180.0) / 360.0).floor();
        (lon - 360.0 * turns, lat.clamp(-90.0, 90.0))
    }

    /// Where the positions of a box are projected to, as far as that is bounded; not of degrees.
    ///
    /// Two positions are no farther apart than along the parallel of one and the meridian of the other. No path becomes
    /// longer than by the largest scale on it, in any direction; rounding is added.
    pub fn around(&self, lon: [f64; 2], lat: [f64; 2]) -> Option<Around> {
        let middle = [f64::midpoint(lon[0], lon[1]), f64::midpoint(lat[0], lat[1])];
        let half = |ends: [f64; 2], middle: f64| (middle - ends[0]).max(ends[1] - middle);
        let middle = Middle {
            lon: middle[0],
            lat: middle[1],
            along: half(lat, middle[1]) * METRES,
            across: half(lon, middle[0]) * METRES,
        };
        match self {
            Self::Geographic => None,
            Self::Polar(polar) => polar.around(middle),
            Self::Transverse(transverse) => transverse.around(middle),
            Self::Azimuthal(azimuthal) => azimuthal.around(middle),
            Self::Cylindrical(cylindrical) => cylindrical.around(middle),
        }
    }
}

impl Middle {
    /// Metres from the middle to any position of the box, given the cosine of the middle's latitude.
    fn reach(&self, cosine: f64) -> Option<f64> {
        let reach = self.along + self.across * cosine.abs();
        (reach <= FARTHEST).then_some(reach)
    }
}

/// A difference of longitudes in degrees, with whole turns taken off: from -180 to 180.
#[inline]
fn within_half_a_turn(degrees: f64) -> f64 {
    degrees - 360.0 * (degrees * (1.0 / 360.0)).round_ties_even()
}
