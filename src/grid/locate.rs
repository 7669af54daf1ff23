//! Longitude and latitude to HEALPix cell: the reference that every backend reproduces bit by bit.
//!
//! The stage after upload: geodetic degrees in, NESTED ids out. One fixed sequence of IEEE 754
//! operations in f64, rounded one by one (no fused multiply-add, no mathematics library), so equal
//! positions have equal cells on every platform and device.
//!
//! Projection: Calabretta & Roukema, *Mapping on the HEALPix grid* (MNRAS 381, 2007), the HPX
//! equations for H = 4 and K = 3. Facet numbers and NESTED order: Gorski et al., *HEALPix* (The
//! Astrophysical Journal 622, 2005). Lengths are in units of 45 degrees of longitude on the
//! equator, so that a facet is a square with a diagonal of 2:
//!
//! ```text
//!        t = -1    0     1
//!    Y = 1   |\  q  /|        Y = 3/2 sin(latitude); (t, Y) is quarter q of the equatorial belt.
//!            |  \ /  |        Cutting it along u = Y + t and v = Y - t gives the facets:
//!        0   | W X E |          u >= 0, v >= 0: north, q         u >= 0, v < 0: east, 4 + (q + 1)
//!            |  / \  |          u <  0, v <  0: south, 8 + q     u <  0, v >= 0: west, 4 + q
//!       -1   |/ 8+q \|        Inside a facet x runs from south to east, y from south to west.
//! ```

use super::latitude::authalic_shift;
use super::trig::sin_reduced;
use super::{Latitude, Order};

/// Radians in a degree, rounded; 90 times it is `FRAC_PI_2`.
const DEGREE: f64 = std::f64::consts::PI / 180.0;
/// asin(2/3), where the equatorial belt meets the polar caps, in radians.
const TRANSITION: f64 = 0.729_727_656_226_966_3;
/// sqrt(6), rounded.
const SQRT_6: f64 = 2.449_489_742_783_178;
/// Cells along the side of a facet at the finest order, 29.
const SIDE: f64 = 536_870_912.0;
const LAST: u64 = 536_870_911;

/// Finds cells of one order on one latitude.
#[derive(Debug, Clone, Copy)]
pub struct Locator {
    order: Order,
    latitude: Latitude,
}

/// A projected position: `x` and `y` lie in [0, 1] but for rounding.
#[derive(Debug, Clone, Copy)]
struct FacetPoint {
    /// The base cell, 0 to 11.
    facet: u64,
    /// From the south vertex towards the east vertex.
    x: f64,
    /// From the south vertex towards the west vertex.
    y: f64,
}

impl Locator {
    pub fn new(order: Order, latitude: Latitude) -> Self {
        Self { order, latitude }
    }

    /// Whether [`Locator::cell`] is defined for this position: a finite longitude, and a latitude
    /// from -90 to 90 (both in degrees).
    #[inline]
    pub fn accepts(lon: f64, lat: f64) -> bool {
        lon.is_finite() && lat.abs() <= 90.0
    }

    /// The NESTED id of the cell at this locator's order that contains a position, in degrees; the
    /// latitude is geodetic. Any finite longitude is wrapped exactly.
    ///
    /// The id is always below `order.cells()`; where [`Locator::accepts`] is false it has no
    /// meaning. A position on an edge belongs to the cell north of it, and on a meridian between
    /// polar facets to the eastern one. The cell at order k is the ancestor of that at order 29.
    #[inline]
    pub fn cell(&self, lon: f64, lat: f64) -> u64 {
        let point = self.project(wrapped(lon), lat);
        let finest = (point.facet << 58) | interleave(index(point.x), index(point.y));
        Order::MAX.ancestor(finest, self.order)
    }

    /// Projects a longitude in [-360, 360] degrees and a latitude in [-90, 90] degrees.
    #[inline]
    fn project(self, lon: f64, lat: f64) -> FacetPoint {
        let (quarter, t) = quarter_and_offset(lon);
        let height = lat.abs();
        let phi = height * DEGREE;
        let shift = match self.latitude {
            Latitude::AuthalicWgs84 => authalic_shift(phi),
            Latitude::GeodeticSpherical => 0.0,
        };
        let beta = phi + shift;
        if beta <= TRANSITION {
            let y = 1.5 * sin_reduced(beta, 0.0);
            equatorial(quarter, t, if lat < 0.0 { -y } else { y })
        } else {
            // From the pole, where 90 - |lat| is exact and its sine keeps all its digits:
            // sqrt(3 (1 - sin(beta))) = sqrt(6) sin((pi/2 - beta) / 2).
            let colatitude = (90.0 - height) * DEGREE - shift;
            let sigma = SQRT_6 * sin_reduced(0.5 * colatitude, 0.0);
            polar(quarter, t, sigma, lat < 0.0)
        }
    }
}

/// A longitude of any size, moved into [-360, 360] degrees; the remainder is exact in IEEE 754.
#[inline]
fn wrapped(lon: f64) -> f64 {
    if lon.abs() <= 360.0 { lon } else { lon % 360.0 }
}

/// The quarter of the belt, 0 to 3 from longitude 0 eastwards, and the offset from its middle in
/// [-1, 1], of a longitude in [-360, 360] degrees.
///
/// The product with 1/90 rounds to the right side of every multiple of 90, and 45 * (1/45) is 1,
/// so multiples of 45 degrees divided by powers of two have exact offsets.
#[inline]
fn quarter_and_offset(lon: f64) -> (u64, f64) {
    let truncated = (lon * (1.0 / 90.0)) as i32;
    let floor = truncated - i32::from(f64::from(truncated) * 90.0 > lon);
    let offset = (lon - (f64::from(floor) * 90.0 + 45.0)) * (1.0 / 45.0);
    ((floor & 3) as u64, offset)
}

/// The facet and the place in it of (t, Y) in a quarter of the belt |Y| <= 1.
#[inline]
fn equatorial(quarter: u64, t: f64, y: f64) -> FacetPoint {
    let (u, v) = (y + t, y - t);
    let facet = match (u < 0.0, v < 0.0) {
        (false, false) => quarter,
        (true, false) => 4 + quarter,
        (false, true) => 4 + ((quarter + 1) & 3),
        (true, true) => 8 + quarter,
    };
    FacetPoint {
        facet,
        x: 0.5 * if u < 0.0 { u + 2.0 } else { u },
        y: 0.5 * if v < 0.0 { v + 2.0 } else { v },
    }
}

/// The facet and the place in it at the offset t in a quarter of a polar cap, where parallels
/// shrink by `sigma`: 1 at the transition, 0 at the pole.
#[inline]
fn polar(quarter: u64, t: f64, sigma: f64, south: bool) -> FacetPoint {
    let half = 0.5 * sigma;
    let (east, west) = (half * (1.0 + t), half * (1.0 - t));
    if south {
        FacetPoint {
            facet: 8 + quarter,
            x: east,
            y: west,
        }
    } else {
        FacetPoint {
            facet: quarter,
            x: 1.0 - west,
            y: 1.0 - east,
        }
    }
}

/// The row or column, 0 to 2^29 - 1, of a facet coordinate. Rounding may leave it just outside the
/// facet: the conversion saturates below 0 and `min` holds it at the far side.
#[inline]
fn index(coordinate: f64) -> u64 {
    ((coordinate * SIDE) as u64).min(LAST)
}

/// The bits of `x` on even places and of `y` on odd places, both below 2^32.
#[inline]
fn interleave(x: u64, y: u64) -> u64 {
    spread(x) | (spread(y) << 1)
}

/// Moves bit i of a value below 2^32 to bit 2i, by halving the distance between groups of bits.
#[inline]
fn spread(value: u64) -> u64 {
    let mut bits = value;
    bits = (bits | (bits << 16)) & 0x0000_ffff_0000_ffff;
    bits = (bits | (bits << 8)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits << 2)) & 0x3333_3333_3333_3333;
    (bits | (bits << 1)) & 0x5555_5555_5555_5555
}

#[cfg(test)]
mod tests;
