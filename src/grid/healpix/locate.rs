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
use crate::grid::{Latitude, Order};

/// Radians in a degree, rounded; 90 times it is `FRAC_PI_2`.
const DEGREE: f64 = std::f64::consts::PI / 180.0;
/// asin(2/3), where the equatorial belt meets the polar caps, in radians.
const TRANSITION: f64 = 0.729_727_656_226_966_3;
/// sqrt(6), rounded.
const SQRT_6: f64 = 2.449_489_742_783_178;
/// Cells along the side of a facet at the finest order, 29.
const SIDE: f64 = 536_870_912.0;
const LAST: f64 = 536_870_911.0;

/// Adding 1.5 * 2^52 rounds a value below 2^51 to the nearest integer, which is then in the low bits.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;

/// The numbers of the projection by their names in CUDA.
pub(super) const NUMBERS: [(&str, f64); 7] = [
    ("DEGREE", DEGREE),
    ("TRANSITION", TRANSITION),
    ("SQRT_6", SQRT_6),
    ("SIDE", SIDE),
    ("LAST", LAST),
    ("NINETIETH", 1.0 / 90.0),
    ("FORTY_FIFTH", 1.0 / 45.0),
];

/// Finds cells of one order on one latitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Locator {
    order: Order,
    latitude: Latitude,
}

/// A projected position: `x` and `y` lie in [0, 1] but for rounding.
#[derive(Debug, Clone, Copy)]
pub(super) struct FacetPoint {
    /// The base cell, 0 to 11.
    pub facet: u64,
    /// From the south vertex towards the east vertex.
    pub x: f64,
    /// From the south vertex towards the west vertex.
    pub y: f64,
}

/// Where a longitude lies: the quarter of the belt, 0 to 3 from longitude 0 eastwards, and the
/// offset `t` from its middle in [-1, 1].
#[derive(Debug, Clone, Copy)]
pub(super) struct Meridian {
    pub quarter: u64,
    pub t: f64,
    /// Longitude of the middle of the quarter, in degrees.
    pub middle: f64,
}

/// Where a latitude lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parallel {
    /// Of the equatorial belt, where `height` is Y in [-1, 1]; else of a polar cap, where it is the
    /// factor in [0, 1] by which parallels shrink: 1 at the transition, 0 at the pole.
    pub belt: bool,
    pub height: f64,
    pub south: bool,
}

impl Locator {
    pub fn new(order: Order, latitude: Latitude) -> Self {
        Self { order, latitude }
    }

    /// The order of the cells that this finds.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The NESTED id of the cell at this locator's order that contains a position, in degrees; the
    /// latitude is geodetic. Any finite longitude is wrapped exactly.
    ///
    /// The id is always below `order.cells()`; of what is no position it has no meaning. A position on an
    /// edge belongs to the cell north of it, and on a meridian between polar facets to the eastern one.
    /// The cell at order k is the ancestor of that at order 29.
    #[inline]
    pub fn cell(&self, lon: f64, lat: f64) -> u64 {
        match self.latitude {
            Latitude::AuthalicWgs84 => self.cell_on::<true>(wrapped(lon), lat),
            Latitude::GeodeticSpherical => self.cell_on::<false>(wrapped(lon), lat),
        }
    }

    /// The cell of a longitude in [-360, 360] degrees and a latitude in [-90, 90] degrees. Straight
    /// line code: choices are made by selecting values, so that a loop over positions becomes
    /// vector instructions, with the same operations and so the same bits.
    #[inline(always)]
    pub(super) fn cell_on<const AUTHALIC: bool>(self, lon: f64, lat: f64) -> u64 {
        let point = place(meridian(lon), parallel::<AUTHALIC>(lat));
        let finest = (point.facet << 58) | interleave(index(point.x), index(point.y));
        finest >> (2 * u32::from(Order::MAX.get() - self.order.get()))
    }

    /// The parallel of a latitude in [-90, 90] degrees.
    pub(super) fn parallel(self, lat: f64) -> Parallel {
        match self.latitude {
            Latitude::AuthalicWgs84 => parallel::<true>(lat),
            Latitude::GeodeticSpherical => parallel::<false>(lat),
        }
    }

    pub(super) fn latitude(self) -> Latitude {
        self.latitude
    }
}

/// A longitude of any size, moved into [-360, 360] degrees; the remainder is exact in IEEE 754.
#[inline]
fn wrapped(lon: f64) -> f64 {
    if lon.abs() <= 360.0 { lon } else { lon % 360.0 }
}

/// The meridian of a longitude in [-360, 360] degrees.
///
/// The product with 1/90 is within half of the true quotient, so the nearest integer is its floor
/// or one more; which of them, an exact comparison tells. 45 * (1/45) is 1, so multiples of 45
/// degrees divided by powers of two have exact offsets.
#[inline(always)]
pub(super) fn meridian(lon: f64) -> Meridian {
    let nearest = (lon * (1.0 / 90.0) + TO_INTEGER) - TO_INTEGER;
    let floor = if nearest * 90.0 > lon {
        nearest - 1.0
    } else {
        nearest
    };
    let middle = floor * 90.0 + 45.0;
    Meridian {
        quarter: (floor + TO_INTEGER).to_bits() & 3,
        t: (lon - middle) * (1.0 / 45.0),
        middle,
    }
}

/// The parallel of a latitude in [-90, 90] degrees.
#[inline(always)]
fn parallel<const AUTHALIC: bool>(lat: f64) -> Parallel {
    let height = lat.abs();
    let phi = height * DEGREE;
    let shift = if AUTHALIC { authalic_shift(phi) } else { 0.0 };
    let beta = phi + shift;
    let belt = beta <= TRANSITION;
    let south = lat < 0.0;
    // From the pole, where 90 - |lat| is exact and its sine keeps all its digits:
    // sqrt(3 (1 - sin(beta))) = sqrt(6) sin((pi/2 - beta) / 2).
    let colatitude = (90.0 - height) * DEGREE - shift;
    let sine = sin_reduced(if belt { beta } else { 0.5 * colatitude }, 0.0);
    let y = 1.5 * sine;
    let y = if south { -y } else { y };
    Parallel {
        belt,
        height: if belt { y } else { SQRT_6 * sine },
        south,
    }
}

/// The facet and the place in it where a meridian and a parallel cross.
#[inline(always)]
pub(super) fn place(meridian: Meridian, parallel: Parallel) -> FacetPoint {
    let Meridian { quarter, t, .. } = meridian;
    let (u, v) = (parallel.height + t, parallel.height - t);
    let (west, east) = (u < 0.0, v < 0.0);
    let next = (quarter + u64::from(east)) & 3;
    let belt = FacetPoint {
        // North: q; east and west: 4 + the quarter that they are named after; south: 8 + q.
        facet: 4 * (u64::from(west) + u64::from(east)) + if west { quarter } else { next },
        x: 0.5 * if west { u + 2.0 } else { u },
        y: 0.5 * if east { v + 2.0 } else { v },
    };
    let half = 0.5 * parallel.height;
    let (right, left) = (half * (1.0 + t), half * (1.0 - t));
    let cap = FacetPoint {
        facet: quarter + if parallel.south { 8 } else { 0 },
        x: if parallel.south { right } else { 1.0 - left },
        y: if parallel.south { left } else { 1.0 - right },
    };
    FacetPoint {
        facet: if parallel.belt { belt.facet } else { cap.facet },
        x: if parallel.belt { belt.x } else { cap.x },
        y: if parallel.belt { belt.y } else { cap.y },
    }
}

/// The row or column, 0 to 2^29 - 1, of a facet coordinate. Rounding may leave it just outside the
/// facet, where it is held at the near or the far side.
#[inline(always)]
fn index(coordinate: f64) -> u64 {
    let scaled = coordinate * SIDE;
    let nearest = (scaled + TO_INTEGER) - TO_INTEGER;
    let floor = if nearest > scaled {
        nearest - 1.0
    } else {
        nearest
    };
    let low = if floor > 0.0 { floor } else { 0.0 };
    let held = if low < LAST { low } else { LAST };
    (held + TO_INTEGER).to_bits() & 0xffff_ffff
}

/// The bits of `x` on even places and of `y` on odd places, both below 2^32.
#[inline(always)]
pub(super) fn interleave(x: u64, y: u64) -> u64 {
    spread(x) | (spread(y) << 1)
}

/// Moves bit i of a value below 2^32 to bit 2i, by halving the distance between groups of bits.
#[inline(always)]
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
