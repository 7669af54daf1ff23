//! Polar stereographic on the ellipsoid, true to scale along a parallel: variant B of EPSG (method 9829).
//!
//! Under `mod.rs`. Source: Snyder, *Map Projections: A Working Manual* (USGS PP 1395, 1987), equations 14-15, 15-9, 21-30,
//! 21-31 and 21-34; of the south pole with the signs that he gives there.

use super::ellipsoid::{Colatitude, Ellipsoid, latitude_of};
use super::{Around, DEGREE, Middle, SLACK, within_half_a_turn};
use crate::grid::sin_cos;

/// Around one pole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polar {
    south: bool,
    /// The longitude that points down from the north pole, or up from the south pole.
    origin: f64,
    /// Metres from the pole by the tangent of half the conformal colatitude.
    factor: f64,
    /// The square of the first eccentricity.
    e2: f64,
}

impl Polar {
    /// Around the pole of this hemisphere; with its scale true at this latitude, which is given without its sign.
    pub fn new(ellipsoid: &Ellipsoid, south: bool, standard: f64, origin: f64) -> Self {
        let e2 = ellipsoid.e2;
        let of = Colatitude::on(e2, standard);
        let m = of.cosine / (1.0 - e2 * (of.sine * of.sine)).sqrt();
        Self {
            south,
            origin,
            factor: ellipsoid.axis * (m / of.tangent),
            e2,
        }
    }

    #[inline]
    fn height(&self, lat: f64) -> Colatitude {
        Colatitude::on(self.e2, if self.south { -lat } else { lat })
    }

    #[inline]
    pub fn project(&self, lon: f64, lat: f64) -> (f64, f64) {
        self.place(lon, &self.height(lat))
    }

    #[inline]
    fn place(&self, lon: f64, of: &Colatitude) -> (f64, f64) {
        let radius = self.factor * of.tangent;
        let (sine, cosine) = sin_cos(within_half_a_turn(lon - self.origin) * DEGREE);
        let up = radius * cosine;
        (radius * sine, if self.south { up } else { -up })
    }

    /// Metres from the pole at a latitude.
    pub fn radius(&self, lat: f64) -> f64 {
        self.factor * self.height(lat).tangent
    }

    /// East, and up, of a metre from the pole along a meridian.
    pub fn direction(&self, lon: f64) -> [f64; 2] {
        let (sine, cosine) = sin_cos(within_half_a_turn(lon - self.origin) * DEGREE);
        [sine, if self.south { cosine } else { -cosine }]
    }

    /// Whether a latitude is on the hemisphere of the pole.
    pub fn is_near(&self, lat: f64) -> bool {
        if self.south { lat <= 0.0 } else { lat >= 0.0 }
    }

    pub fn unproject(&self, x: f64, y: f64) -> (f64, f64) {
        let down = if self.south { y } else { -y };
        let lon = self.origin + libm::atan2(x, down).to_degrees();
        let lat = latitude_of(self.e2, libm::hypot(x, y) / self.factor);
        (lon, if self.south { -lat } else { lat })
    }

    /// On a sphere the scale at a latitude is that at the pole, which is no more than 1, times 2 / (1 + sine); on the
    /// ellipsoid it is at most 0.4 % more. Within 20 km the sine changes by less than 0.004.
    pub fn around(&self, middle: Middle) -> Option<Around> {
        let of = self.height(middle.lat);
        let reach = middle.reach(of.cosine)?;
        let least = 1.0 + of.sine - 0.004;
        if least < 0.5 {
            return None;
        }
        let (x, y) = self.place(middle.lon, &of);
        Some(Around {
            x,
            y,
            reach: reach * (2.02 / least) + SLACK,
        })
    }
}
