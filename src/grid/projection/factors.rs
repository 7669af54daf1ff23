//! Projections whose coordinates are products: a factor that depends on the latitude, times one that depends on the longitude.
//!
//! Beside `mod.rs`, for `src/grid/rectilinear/patch.rs`. Around a pole they are the distance from it, times sine and cosine of
//! the longitude; on a cylinder x depends on the longitude alone and y on the latitude alone. Transverse Mercator has none.

use super::equal_area::{Azimuthal, Cylindrical};
use super::polar::Polar;
use super::{Projection, within_half_a_turn};

/// The factors of a projection, over a box of positions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Factors<'a> {
    Polar(&'a Polar),
    Azimuthal(&'a Azimuthal),
    Cylindrical(&'a Cylindrical),
}

impl Projection {
    /// Whether places of a box of positions are smooth functions of both degrees, which are no products: of transverse
    /// Mercator, near its meridian.
    pub fn is_smooth(&self, lon: [f64; 2], lat: [f64; 2]) -> bool {
        match self {
            Self::Transverse(transverse) => transverse.is_smooth(lon, lat),
            _ => false,
        }
    }

    /// The factors over a box of longitudes and latitudes; `None` where there are none, or not smooth ones.
    pub fn factors(&self, lon: [f64; 2], lat: [f64; 2]) -> Option<Factors<'_>> {
        match self {
            Self::Polar(polar) => {
                let is_near = lat.into_iter().all(|lat| polar.is_near(lat));
                is_near.then_some(Factors::Polar(polar))
            }
            Self::Azimuthal(azimuthal) => (lat[0] >= 0.0).then_some(Factors::Azimuthal(azimuthal)),
            Self::Cylindrical(cylindrical) => {
                // Not across the meridian that it is cut along.
                let middle = within_half_a_turn(f64::midpoint(lon[0], lon[1]));
                let is_whole = middle.abs() + (lon[1] - lon[0]) < 179.999;
                is_whole.then_some(Factors::Cylindrical(cylindrical))
            }
            Self::Geographic | Self::Transverse(_) => None,
        }
    }
}

impl Factors<'_> {
    /// Those of x and of y that depend on the latitude.
    pub fn of_latitude(&self, lat: f64) -> [f64; 2] {
        match self {
            Self::Polar(polar) => [polar.radius(lat); 2],
            Self::Azimuthal(_) => [Azimuthal::radius(lat); 2],
            Self::Cylindrical(cylindrical) => [1.0, cylindrical.project(0.0, lat).1],
        }
    }

    /// Those of x and of y that depend on the longitude.
    pub fn of_longitude(&self, lon: f64) -> [f64; 2] {
        match self {
            Self::Polar(polar) => polar.direction(lon),
            Self::Azimuthal(azimuthal) => azimuthal.direction(lon),
            Self::Cylindrical(cylindrical) => [cylindrical.project(lon, 0.0).0, 1.0],
        }
    }
}
