//! Projections that keep areas, on the ellipsoid: Lambert's azimuthal one around the north pole, and his cylindrical one.
//!
//! Under `mod.rs`. Source: Snyder, *Map Projections: A Working Manual* (USGS PP 1395, 1987), equations 3-12, 10-13 to 10-15,
//! 21-4, 24-23 and 24-25 (EPSG methods 9820 and 9835). His q of a sine s is
//!
//! ```text
//! q = (1 - e^2) (s / (1 - e^2 s^2) + artanh(e s) / e)        artanh(e s) / e = s (1 + w/3 + w^2/5 + ...), w = (e s)^2
//! ```
//!
//! Near a pole it is q of the pole, less a small part, in which 1 - s is a factor of every term. So the distance from the
//! pole keeps all digits.

use super::ellipsoid::{AXIS, Colatitude, E2};
use super::{Around, DEGREE, METRES, Middle, SLACK, within_half_a_turn};
use crate::grid::geodetic_from_authalic;
use crate::grid::sin_cos;

/// Terms of the series; what is left out is below 1e-20.
const TERMS: i32 = 10;

/// Lambert's azimuthal equal-area projection around the north pole of WGS84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Azimuthal {
    /// The longitude that points down from the pole.
    origin: f64,
}

/// Lambert's cylindrical equal-area projection of WGS84, from the meridian of Greenwich.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cylindrical {
    /// The scale along the equator.
    scale: f64,
}

/// artanh(e s) / (e s) for the sine s of a geodetic latitude.
#[inline]
fn series(sine: f64) -> f64 {
    let w = E2 * (sine * sine);
    let mut p = 0.0;
    for k in (0..TERMS).rev() {
        p = 1.0 / f64::from(2 * k + 1) + w * p;
    }
    p
}

/// q of a sine.
#[inline]
fn q(sine: f64) -> f64 {
    (1.0 - E2) * (sine / (1.0 - E2 * (sine * sine)) + sine * series(sine))
}

/// (q of the pole - q of s) / (1 - s): of the term with the power 2 k + 1 of s it is the sum of all lower powers.
#[inline]
fn slope(sine: f64) -> f64 {
    let square = sine * sine;
    let (mut power, mut powers, mut factor, mut sum) = (1.0, 1.0, 1.0, 1.0);
    for k in 1..TERMS {
        powers += power * sine + power * square;
        power *= square;
        factor *= E2;
        sum += factor * (powers / f64::from(2 * k + 1));
    }
    (1.0 + E2 * sine) / (1.0 - E2 * square) + (1.0 - E2) * sum
}

impl Azimuthal {
    pub fn new(origin: f64) -> Self {
        Self { origin }
    }

    #[inline]
    pub fn project(&self, lon: f64, lat: f64) -> (f64, f64) {
        // 1 - s is twice the square of the sine of half the colatitude.
        let (half, c) = sin_cos((0.5 * (90.0 - lat)) * DEGREE);
        let sine = (c - half) * (c + half);
        let radius = (AXIS * half) * (2.0 * slope(sine)).sqrt();
        let (east, down) = sin_cos(within_half_a_turn(lon - self.origin) * DEGREE);
        (radius * east, -(radius * down))
    }

    /// Metres from the pole at a latitude.
    pub fn radius(lat: f64) -> f64 {
        let (half, c) = sin_cos((0.5 * (90.0 - lat)) * DEGREE);
        (AXIS * half) * (2.0 * slope((c - half) * (c + half))).sqrt()
    }

    /// East, and up, of a metre from the pole along a meridian.
    pub fn direction(&self, lon: f64) -> [f64; 2] {
        let (east, down) = sin_cos(within_half_a_turn(lon - self.origin) * DEGREE);
        [east, -down]
    }

    pub fn unproject(&self, x: f64, y: f64) -> (f64, f64) {
        let lon = self.origin + libm::atan2(x, -y).to_degrees();
        // Of the sphere of equal area.
        let half = libm::hypot(x, y) / (AXIS * (2.0 * q(1.0)).sqrt());
        let beta = std::f64::consts::FRAC_PI_2 - 2.0 * libm::asin(half.min(1.0));
        (lon, geodetic_from_authalic(beta).to_degrees())
    }

    /// On a sphere the largest scale at a latitude is that along its parallel, the root of 2 / (1 + sine); on the ellipsoid
    /// it is at most 1 % more. Within 20 km the sine changes by less than 0.004.
    pub fn around(&self, middle: Middle) -> Option<Around> {
        let of = Colatitude::of(middle.lat);
        let reach = middle.reach(of.cosine)?;
        let least = 1.0 + of.sine - 0.004;
        if least < 0.5 {
            return None;
        }
        let (x, y) = self.project(middle.lon, middle.lat);
        Some(Around {
            x,
            y,
            reach: reach * (1.02 * (2.0 / least).sqrt()) + SLACK,
        })
    }
}

impl Cylindrical {
    /// True to scale along the parallel of this latitude.
    pub fn new(standard: f64) -> Self {
        let of = Colatitude::of(standard);
        Self {
            scale: of.cosine / (1.0 - E2 * (of.sine * of.sine)).sqrt(),
        }
    }

    /// The meridian opposite to Greenwich is the western edge, whether it is said as -180 or 180 degrees.
    #[inline]
    pub fn project(&self, lon: f64, lat: f64) -> (f64, f64) {
        let turned = within_half_a_turn(lon);
        let turned = if turned >= 180.0 { -180.0 } else { turned };
        let (sine, _) = sin_cos(lat * DEGREE);
        (
            (AXIS * self.scale) * (turned * DEGREE),
            (AXIS / (self.scale + self.scale)) * q(sine),
        )
    }

    pub fn unproject(&self, x: f64, y: f64) -> (f64, f64) {
        let lon = (x / (AXIS * self.scale)).to_degrees();
        let sine = y * (2.0 * self.scale / AXIS) / q(1.0);
        let beta = libm::asin(sine.clamp(-1.0, 1.0));
        (lon, geodetic_from_authalic(beta).to_degrees())
    }

    /// Eastings are degrees, and northings grow by no more than a radian of the equator for each of latitude.
    pub fn around(&self, middle: Middle) -> Option<Around> {
        let turned = within_half_a_turn(middle.lon);
        if turned.abs() + middle.across / METRES > 179.999 {
            return None;
        }
        let (x, y) = self.project(middle.lon, middle.lat);
        let reach = (middle.across * self.scale).max(middle.along / self.scale);
        Some(Around {
            x,
            y,
            reach: reach + SLACK,
        })
    }
}
