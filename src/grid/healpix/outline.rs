//! Outlines of cells as positions: middles, and sides that are cut where a straight line would not do.
//!
//! Behind the line, beside `geometry.rs`, for those who take cells elsewhere: every operation is the same on every
//! machine, and cells that share a side share its positions to the bit. Source: Gorski et al., *HEALPix* (Astrophysical
//! Journal 622, 2005), section 5, in the plane of Calabretta and Roukema (MNRAS 381, 2007): x of 45 degrees a unit, facets are its squares.

use super::latitude::geodetic_from_authalic;
use super::trig::sin_cos;
use crate::grid::{Latitude, Order};

/// How far a side may be from the straight line between two of its positions, in sides of a cell.
const NEAR: f64 = 1.0 / 400.0;
/// Pieces of a side at most.
const MOST: u32 = 64;
/// From this order on sides are straight to that, but for those of this many rings around a pole.
const STRAIGHT: u8 = 8;
const CURVED_RINGS: f64 = 100.0;
/// Below this order sides have so many pieces at least, as projections bend lines that are long.
const LONG: u8 = 6;
const LEAST: u32 = 8;

/// A position in degrees; at a pole without a longitude.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Position {
    lon: Option<f64>,
    lat: f64,
}

/// The square of a facet of an order: where it is, and how its latitudes are meant.
struct Facet {
    /// The middle in the plane.
    x: f64,
    y: f64,
    order: Order,
    latitude: Latitude,
}

/// The middle of `cell` (NESTED): longitude in [-180, 180) and geodetic latitude, in degrees.
pub fn middle(order: Order, cell: u64, latitude: Latitude) -> (f64, f64) {
    let (facet, x, y) = Facet::of(order, cell, latitude);
    let side = f64::from(1u32 << order.get()).recip();
    let middle = facet.at((f64::from(x) + 0.5) * side, (f64::from(y) + 0.5) * side);
    let lon = middle.lon.unwrap_or_default();
    (lon - 360.0 * turns(lon), middle.lat)
}

/// The outline of `cell` (NESTED), counterclockwise from its southern corner, each position once: longitudes go on beyond 180
/// degrees where the cell does, and its middle is in [-180, 180). A pole is two positions, one on the meridian of each side.
pub fn ring(order: Order, cell: u64, latitude: Latitude) -> Vec<[f64; 2]> {
    let (facet, x, y) = Facet::of(order, cell, latitude);
    let corner = |right: u32, left: u32| (x + right, y + left);
    let corners = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)];
    let side = f64::from(1u32 << order.get()).recip();
    let turn = {
        let middle = facet.at((f64::from(x) + 0.5) * side, (f64::from(y) + 0.5) * side);
        360.0 * turns(middle.lon.unwrap_or_default())
    };
    let mut ring = Vec::with_capacity(5);
    for (i, &from) in corners.iter().enumerate() {
        let to = corners[(i + 1) % 4];
        let along = |part: f64| {
            let on = |from: u32, to: u32| {
                (f64::from(from) + (f64::from(to) - f64::from(from)) * part) * side
            };
            facet.at(on(from.0, to.0), on(from.1, to.1))
        };
        let pieces = facet.pieces(&along);
        for piece in 0..pieces {
            let at = along(f64::from(piece) / f64::from(pieces));
            if let Some(lon) = at.lon {
                ring.push([lon - turn, at.lat]);
                continue;
            }
            // Sides at a pole go along meridians.
            let before = corners[(i + 3) % 4];
            let of = |(x, y): (u32, u32)| {
                let at = facet.at(f64::from(x) * side, f64::from(y) * side);
                at.lon.unwrap_or_default() - turn
            };
            ring.push([of(before), at.lat]);
            ring.push([of(to), at.lat]);
        }
    }
    ring
}

/// Whole turns that a longitude is beyond [-180, 180).
fn turns(lon: f64) -> f64 {
    ((lon + 180.0) / 360.0).floor()
}

impl Facet {
    /// The facet of a cell, and its place there: cells to the north-east and to the north-west.
    fn of(order: Order, cell: u64, latitude: Latitude) -> (Self, u32, u32) {
        let bits = 2 * u32::from(order.get());
        let (facet, place) = (cell >> bits, cell & ((1 << bits) - 1));
        let (row, column) = (facet / 4, facet % 4);
        let facet = Self {
            x: (2 * column + u64::from(row != 1)) as f64,
            y: 1.0 - row as f64,
            order,
            latitude,
        };
        (facet, gather(place), gather(place >> 1))
    }

    /// The position of a place in the facet, of numbers from 0 to 1. They are multiples of a power of two, so that what
    /// is in the plane is exact.
    fn at(&self, x: f64, y: f64) -> Position {
        let (across, up) = (x - y, self.y + (x + y) - 1.0);
        let sigma = 2.0 - up.abs();
        let (lon, lat) = if sigma >= 1.0 {
            (
                Some(self.x + across),
                libm::asin((up * (2.0 / 3.0)).clamp(-1.0, 1.0)),
            )
        } else {
            // From the pole: of the sine 1 - sigma^2 / 3 little is left there.
            let down = 2.0 * libm::asin(sigma * (1.0 / 6.0_f64).sqrt());
            let lat = std::f64::consts::FRAC_PI_2 - down;
            let lon = (sigma > 0.0).then(|| self.x + across / sigma);
            (lon, if up < 0.0 { -lat } else { lat })
        };
        let lat = match self.latitude {
            Latitude::AuthalicWgs84 => geodetic_from_authalic(lat),
            Latitude::GeodeticSpherical => lat,
        };
        let lat = if lon.is_none() {
            90.0_f64.copysign(lat)
        } else {
            lat.to_degrees().clamp(-90.0, 90.0)
        };
        Position {
            lon: lon.map(|lon| 45.0 * lon),
            lat,
        }
    }

    /// Into how many equal pieces a side is cut: the same seen from both of its cells.
    fn pieces(&self, along: &impl Fn(f64) -> Position) -> u32 {
        let (from, to) = (along(0.0), along(1.0));
        if from.lon.is_none() || to.lon.is_none() {
            return 1;
        }
        let order = self.order.get();
        if order >= STRAIGHT {
            let rings = f64::from(1u32 << order) * colatitude(from).min(colatitude(to));
            if rings > CURVED_RINGS {
                return 1;
            }
        }
        let least = if order < LONG { LEAST } else { 1 };
        let mut pieces = least;
        // The side of a cell on the sphere.
        let side = (std::f64::consts::PI / 3.0).sqrt() / f64::from(1u32 << order);
        while pieces < MOST {
            let part = |number: f64| along(number / f64::from(pieces));
            let is_near = (0..pieces).map(f64::from).all(|i| {
                let [from, middle, to] = [part(i), part(i + 0.5), part(i + 1.0)];
                off(from, middle, to) <= NEAR * side
            });
            if is_near {
                break;
            }
            pieces *= 2;
        }
        pieces
    }
}

/// From the nearer pole, in radians; about.
fn colatitude(of: Position) -> f64 {
    (90.0 - of.lat.abs()).to_radians()
}

/// How far a position is from between two others, on the ground in radians: in degrees as a plane, or straight through
/// space, whichever is more.
fn off(from: Position, middle: Position, to: Position) -> f64 {
    let lon = |of: Position| of.lon.unwrap_or_default();
    let east = lon(middle) - f64::midpoint(lon(from), lon(to));
    let north = middle.lat - f64::midpoint(from.lat, to.lat);
    let (_, cosine) = sin_cos(middle.lat.to_radians());
    let plane = libm::hypot(east * cosine, north).to_radians();
    let vector = |of: Position| {
        let (sine, cosine) = sin_cos(of.lat.to_radians());
        let lon = lon(of) - lon(middle);
        let lon = lon.to_radians();
        [cosine * libm::cos(lon), cosine * libm::sin(lon), sine]
    };
    let (a, b, m) = (vector(from), vector(to), vector(middle));
    let sum = [0, 1, 2].map(|i| a[i] + b[i]);
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    let apart = [0, 1, 2].map(|i| sum[i] / length - m[i]);
    plane.max(apart.iter().map(|x| x * x).sum::<f64>().sqrt())
}

/// Moves bit 2i to bit i, and forgets the others.
fn gather(value: u64) -> u32 {
    let mut bits = value & 0x5555_5555_5555_5555;
    bits = (bits | (bits >> 1)) & 0x3333_3333_3333_3333;
    bits = (bits | (bits >> 2)) & 0x0f0f_0f0f_0f0f_0f0f;
    bits = (bits | (bits >> 4)) & 0x00ff_00ff_00ff_00ff;
    bits = (bits | (bits >> 8)) & 0x0000_ffff_0000_ffff;
    (bits | (bits >> 16)) as u32
}

#[cfg(test)]
mod tests;
