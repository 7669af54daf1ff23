//! HEALPix ids from the equations of the papers, in 31 digits: the oracle of cells.
//!
//! It has nothing of `src/grid/`: no sine of it, no series, no projection of latitude and longitude into a
//! plane. A position has the height z of Górski et al. (2005), which on WGS84 is `q / q_p`, closed, of Snyder
//! (1987), equations 3-11 and 3-12, and two families of curves cut the sphere into cells: those of the paper's
//! section 5.3, counted from the western and the eastern end of a quarter.

use super::double::Double;

/// How near to a cell's edge the program and this may differ, in sides of a facet.
///
/// The series that docs/FORMAT.md names is off by at most 6.2e-15 rad, of which a facet's coordinate takes 3/4
/// at most; rounding in f64 moves a coordinate by less than 2e-15. At order 29 a cell is 1.9e-9 wide.
pub const MARGIN: f64 = 7e-15;

/// Which sphere a latitude is put on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sphere {
    AuthalicWgs84,
    Geodetic,
}

/// A position in the facet that it lies in.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub facet: u64,
    /// From the south-western edge, in sides of the facet, 0 to 1.
    pub x: Double,
    /// From the south-eastern edge.
    pub y: Double,
    /// By how much parallels are shorter than at the equator on the map: below 1 in a polar cap only.
    pub shrunk: f64,
}

/// The id of a position of degrees; on an edge that of the cell north of it, and on a meridian between polar
/// facets of the eastern one, as docs/FORMAT.md has it.
pub fn cell(order: u8, sphere: Sphere, lon: f64, lat: f64) -> u64 {
    place(sphere, lon, lat).cell(order)
}

/// The place of a position of degrees.
pub fn place(sphere: Sphere, lon: f64, lat: f64) -> Place {
    place_of(quarters(lon.into()), &Height::of(sphere, lat.into()))
}

/// The ids of all cells that a position may be in if it is off by this much, in sides of a facet.
pub fn cells_around(order: u8, sphere: Sphere, position: (f64, f64), off: f64) -> Vec<u64> {
    let (lon, lat) = (Double::from(position.0), Double::from(position.1));
    let shrunk = place(sphere, position.0, position.1).shrunk;
    let mut cells = Vec::new();
    for north in [-1.0, 0.0, 1.0] {
        // 60 degrees of latitude are less than a side near the equator, 90 of longitude are one.
        let lat = lat + (north * off * 120.0).into();
        let beyond = lat.abs().0 > 90.0;
        let height = Height::of(sphere, if beyond { position.1.into() } else { lat });
        for east in [-1.0, 0.0, 1.0] {
            let east = (east * off * 90.0 / shrunk.max(2.0 * off)).clamp(-360.0, 360.0);
            // All facets of a pole are within reach of it.
            let around = if shrunk < 4.0 * off { 4 } else { 1 };
            for turn in 0..around {
                let lon = lon + (east + 90.0 * f64::from(turn)).into();
                cells.push(place_of(quarters(lon), &height).cell(order));
            }
        }
    }
    cells.sort_unstable();
    cells.dedup();
    cells
}

/// Quarter turns of a longitude in degrees, 0 to 4.
pub fn quarters(lon: Double) -> Double {
    let turns = lon / 360.0.into();
    (turns - turns.floor()) * 4.0.into()
}

/// How high a position is over the plane of the equator.
#[derive(Debug, Clone, Copy)]
pub struct Height {
    /// z, -1 to 1.
    pub z: Double,
    /// 1 - |z|, which near a pole has digits that z has not.
    pub below_pole: Double,
}

impl Height {
    /// Of a geodetic latitude in degrees, -90 to 90.
    pub fn of(sphere: Sphere, lat: Double) -> Self {
        let north = lat.abs();
        // sin and 1 - sin, the latter from the angle to the pole: 1 - cos c = 2 sin(c / 2)^2.
        let (sine, rest) = if north.0 <= 45.0 {
            let sine = north.sine_of_degrees();
            (sine, Double::ONE - sine)
        } else {
            let half = ((Double::from(90.0) - north) / 2.0.into()).sine_of_degrees();
            let rest = Double::from(2.0) * half * half;
            (Double::ONE - rest, rest)
        };
        let (z, below_pole) = match sphere {
            Sphere::Geodetic => (sine, rest),
            Sphere::AuthalicWgs84 => authalic(sine, rest),
        };
        let z = if lat.0 < 0.0 { -z } else { z };
        Self { z, below_pole }
    }

    /// Of a height that is known.
    pub fn at(z: Double) -> Self {
        let below_pole = Double::ONE - z.abs();
        Self { z, below_pole }
    }
}

/// The sine of the authalic latitude, q / `q_p`, and 1 less it, of the sine of the geodetic latitude and 1 less that.
///
/// Snyder 3-12, q = (1 - e^2) (s / (1 - e^2 s^2) + atanh(e s) / e), the logarithm being an inverse tangent; e stands in it
/// squared only. From the pole its two terms are differences that cancel exactly:
/// 1 / (1 - e^2) - s / (1 - e^2 s^2) = (1 - s) (1 + e^2 s) / ((1 - e^2) (1 - e^2 s^2)), and
/// atanh e - atanh(e s) = atanh(e (1 - s) / (1 - e^2 s)).
fn authalic(sine: Double, rest: Double) -> (Double, Double) {
    let one = Double::ONE;
    // WGS84: 1/f = 298.257223563; e^2 = f (2 - f).
    let f = Double::from(1e9) / 298_257_223_563.0.into();
    let e2 = f * (Double::from(2.0) - f);
    let es2 = e2 * sine * sine;
    let q = |s: Double, es2: Double| s / (one - es2) + s * es2.atanh_over_root();
    let pole = q(one, e2);
    if sine.0 < 0.5 {
        let z = q(sine, es2) / pole;
        return (z, one - z);
    }
    let angle = rest / (one - e2 * sine);
    let first = rest * (one + e2 * sine) / ((one - e2) * (one - es2));
    let below = (first + angle * (e2 * angle * angle).atanh_over_root()) / pole;
    (one - below, below)
}

/// Where quarter turns and a height meet.
///
/// In the belt |z| < 2/3 edges are lines of z over longitude with the slope 8 / (3 pi), both up and down; in
/// a cap they keep a part of the quarter, from its western or eastern end, in the proportion that parallels
/// shrink: 1 - |z| = s^2 / 3. Both families number cells of side 1/n by whole values of n times these.
pub fn place_of(quarters: Double, height: &Height) -> Place {
    let (one, half) = (Double::ONE, Double::from(0.5));
    let three = Double::from(3.0);
    if height.z.abs() * three < 2.0.into() {
        let rise = height.z * three / 4.0.into();
        let (up, down) = (quarters + half + rise, quarters + half - rise);
        // A point on an edge that goes down eastwards belongs to the north of it, where `down` is smaller.
        let columns = (up.floor(), -(-down).floor() - one);
        let row = 1.0 - (columns.0 - columns.1).0;
        let column = columns.0.0.min(columns.1.0) as u64 % 4;
        return Place {
            facet: 4 * row as u64 + column,
            x: up - columns.0,
            y: columns.1 + one - down,
            shrunk: 1.0,
        };
    }
    let quarter = quarters.floor();
    let shrunk = (height.below_pole * three).sqrt();
    let east = (quarters - quarter) * shrunk;
    let west = shrunk - east;
    let column = quarter.0 as u64 % 4;
    let north = height.z.0 > 0.0;
    Place {
        facet: column + if north { 0 } else { 8 },
        x: if north { one - west } else { east },
        y: if north { one - east } else { west },
        shrunk: shrunk.0,
    }
}

impl Place {
    /// The nested id at an order: a digit of base 4 for each order, whose bits are those of y and x.
    pub fn cell(&self, order: u8) -> u64 {
        let (x, y) = (index(self.x, order), index(self.y, order));
        (0..order).rev().fold(self.facet, |id, bit| {
            4 * id + 2 * (y >> bit & 1) + (x >> bit & 1)
        })
    }

    /// How far it is from the nearest edge of its cell, in sides of the facet.
    pub fn edge_distance(&self, order: u8) -> f64 {
        let n = Double::from(f64::from(order).exp2());
        let off = [self.x, self.y].map(|coordinate| {
            let scaled = coordinate * n;
            let below = scaled - scaled.floor();
            below.0.min((Double::ONE - below).0)
        });
        off[0].min(off[1]) / n.0
    }
}

/// The row of cells of a coordinate; the far edge of a facet belongs to its last.
fn index(coordinate: Double, order: u8) -> u64 {
    let last = f64::from(order).exp2() - 1.0;
    (coordinate * (last + 1.0).into())
        .floor()
        .0
        .clamp(0.0, last) as u64
}
