//! Ellipsoids, and the conformal latitude on them.
//!
//! Under the projections. Sources: Snyder, *Map Projections: A Working Manual* (USGS PP 1395, 1987), equations 3-1 and
//! 15-9; the EPSG dataset for the ellipsoids 7030 (WGS 84) and 7058 (Hughes 1980).

use super::DEGREE;
use crate::grid::sin_cos;

/// An ellipsoid of revolution, and the names of what refers to it.
#[derive(Debug, Clone, Copy)]
pub struct Ellipsoid {
    pub name: &'static str,
    /// Semi-major axis in metres.
    pub axis: f64,
    pub inverse_flattening: f64,
    /// The square of the first eccentricity.
    pub e2: f64,
}

impl Ellipsoid {
    const fn new(name: &'static str, axis: f64, inverse_flattening: f64) -> Self {
        let f = 1.0 / inverse_flattening;
        Self {
            name,
            axis,
            inverse_flattening,
            e2: f * (2.0 - f),
        }
    }
}

/// NIMA TR8350.2.
pub const WGS84: Ellipsoid = Ellipsoid::new("WGS 84", AXIS, 298.257_223_563);
/// Of the older sea ice grids of the NSIDC.
pub const HUGHES: Ellipsoid = Ellipsoid::new("Hughes 1980", 6_378_273.0, 298.279_411_123_064);

/// Semi-major axis of WGS84 in metres.
pub const AXIS: f64 = 6_378_137.0;
const F: f64 = 1.0 / WGS84.inverse_flattening;
/// The square of the first eccentricity.
pub const E2: f64 = F * (2.0 - F);
/// The third flattening.
pub const N: f64 = F / (2.0 - F);

/// A geodetic latitude as the projections use it, seen from the pole of its hemisphere.
#[derive(Debug, Clone, Copy)]
pub struct Colatitude {
    /// The tangent of half the conformal colatitude, from 0 at the pole: t of Snyder's equation 15-9.
    pub tangent: f64,
    /// Sine and cosine of the geodetic latitude.
    pub sine: f64,
    pub cosine: f64,
}

impl Colatitude {
    /// Of a latitude in degrees, which is negative on the other hemisphere, on WGS84.
    #[inline]
    pub fn of(latitude: f64) -> Self {
        Self::on(E2, latitude)
    }

    /// Of a latitude in degrees, which is negative on the other hemisphere, where the first eccentricity has this square.
    ///
    /// 90 degrees less the latitude is exact where that is above 45, so near the pole all digits are kept.
    #[inline]
    pub fn on(e2: f64, latitude: f64) -> Self {
        let half = (0.5 * (90.0 - latitude)) * DEGREE;
        let (s, c) = sin_cos(half);
        let sine = (c - s) * (c + s);
        Self {
            tangent: (s / c) * conformal(e2, sine),
            sine,
            cosine: 2.0 * (s * c),
        }
    }
}

/// exp(e artanh(e s)) for the sine s of a geodetic latitude: ((1 + e s) / (1 - e s))^(e/2).
///
/// e artanh(e s) is s e^2 (1 + w/3 + w^2/5 + ...) with w = (e s)^2 below 0.0067: what is left out is below 2e-22, and of
/// the series of the exponential, of at most 0.0068, below 2e-19.
#[inline]
pub fn conformal(e2: f64, sine: f64) -> f64 {
    let w = e2 * (sine * sine);
    let mut p = 1.0 / 17.0;
    p = 1.0 / 15.0 + w * p;
    p = 1.0 / 13.0 + w * p;
    p = 1.0 / 11.0 + w * p;
    p = 1.0 / 9.0 + w * p;
    p = 1.0 / 7.0 + w * p;
    p = 1.0 / 5.0 + w * p;
    p = 1.0 / 3.0 + w * p;
    p = 1.0 + w * p;
    let u = (e2 * sine) * p;
    let mut q = 1.0 / 720.0;
    q = 1.0 / 120.0 + u * q;
    q = 1.0 / 24.0 + u * q;
    q = 1.0 / 6.0 + u * q;
    q = 0.5 + u * q;
    q = 1.0 + u * q;
    1.0 + u * q
}

/// The geodetic latitude in degrees whose conformal colatitude has this tangent of its half: the way back from
/// [`Colatitude`], for people and pictures. The iteration of Snyder's equation 7-9 gains a factor of 150 a step.
pub fn latitude_of(e2: f64, tangent: f64) -> f64 {
    let mut sine = 0.0;
    let mut latitude = 0.0;
    for _ in 0..9 {
        let half = libm::atan(tangent / conformal(e2, sine));
        latitude = 90.0 - 2.0 * half.to_degrees();
        sine = libm::sin(latitude.to_radians());
    }
    latitude
}
