//! Transverse Mercator on the ellipsoid, as UTM has it: the series of Krueger to the sixth order.
//!
//! Under `mod.rs`. Source: Karney, *Transverse Mercator with an accuracy of a few nanometers* (Journal of Geodesy 85,
//! 2011), equations 7 to 12, 35 and 36. Of the conformal latitude chi and the longitude from the central meridian, only
//! s = sin(chi), q = cos(chi) cos(lambda) and v = cos(chi) sin(lambda) are needed: the Gauss-Schreiber coordinates are
//! xi = atan2(s, q) and eta = artanh(v), and sines and cosines of their doubles are fractions of the three.

use super::ellipsoid::{AXIS, Colatitude, E2, N, latitude_of};
use super::{Around, DEGREE, Middle, SLACK, within_half_a_turn};
use crate::grid::sin_cos;

/// Scale on the central meridian, and the false easting, of UTM.
const SCALE: f64 = 0.9996;
const EASTING: f64 = 500_000.0;
/// Northing of the equator in zones of the south.
const NORTHING: f64 = 10_000_000.0;
/// Where |v| is larger, 6,500 km from the central meridian, nothing is projected.
const WIDEST: f64 = 0.77;

const N2: f64 = N * N;
const N3: f64 = N2 * N;
const N4: f64 = N2 * N2;
const N5: f64 = N3 * N2;
const N6: f64 = N3 * N3;

/// Metres of a radian along the central meridian.
const RADIUS: f64 = SCALE * (AXIS / (1.0 + N) * (1.0 + N2 / 4.0 + N4 / 64.0 + N6 / 256.0));

/// The coefficients of equation 35: from the sphere to the plane.
const FORWARD: [f64; 6] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4 - 127.0 / 288.0 * N5
        + 7_891.0 / 37_800.0 * N6,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1_440.0 * N4 + 281.0 / 630.0 * N5
        - 1_983_433.0 / 1_935_360.0 * N6,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4 + 15_061.0 / 26_880.0 * N5 + 167_603.0 / 181_440.0 * N6,
    49_561.0 / 161_280.0 * N4 - 179.0 / 168.0 * N5 + 6_601_661.0 / 7_257_600.0 * N6,
    34_729.0 / 80_640.0 * N5 - 3_418_889.0 / 1_995_840.0 * N6,
    212_378_941.0 / 319_334_400.0 * N6,
];

/// The coefficients of equation 36, with their signs turned: from the plane to the sphere.
const BACKWARD: [f64; 6] = [
    -(N / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - 1.0 / 360.0 * N4 - 81.0 / 512.0 * N5
        + 96_199.0 / 604_800.0 * N6),
    -(1.0 / 48.0 * N2 + 1.0 / 15.0 * N3 - 437.0 / 1_440.0 * N4 + 46.0 / 105.0 * N5
        - 1_118_711.0 / 3_870_720.0 * N6),
    -(17.0 / 480.0 * N3 - 37.0 / 840.0 * N4 - 209.0 / 4_480.0 * N5 + 5_569.0 / 90_720.0 * N6),
    -(4_397.0 / 161_280.0 * N4 - 11.0 / 504.0 * N5 - 830_251.0 / 7_257_600.0 * N6),
    -(4_583.0 / 161_280.0 * N5 - 108_847.0 / 3_991_680.0 * N6),
    -(20_648_693.0 / 638_668_800.0 * N6),
];

/// A zone of UTM.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transverse {
    meridian: f64,
    northing: f64,
}

/// A complex number: along xi and along eta.
type Complex = (f64, f64);

impl Transverse {
    /// Farthest from the central meridian that grids may go, in metres: within, the series is exact to 5 nanometres.
    pub const FARTHEST: f64 = 3_900_000.0;

    /// Zone 1 to 60.
    pub fn utm(zone: u32, south: bool) -> Self {
        Self {
            meridian: 6.0 * f64::from(zone) - 183.0,
            northing: if south { NORTHING } else { 0.0 },
        }
    }

    /// The easting of the central meridian.
    pub fn easting() -> f64 {
        EASTING
    }

    #[inline]
    pub fn project(&self, lon: f64, lat: f64) -> (f64, f64) {
        let of = Colatitude::of(lat.abs());
        self.place(lon, lat, &of)
            .map_or((f64::NAN, f64::NAN), |(x, y, _)| (x, y))
    }

    /// Whether |v| is below 0.19 all over a box of positions, on this side of the Earth.
    pub fn is_smooth(&self, lon: [f64; 2], lat: [f64; 2]) -> bool {
        let middle = within_half_a_turn(f64::midpoint(lon[0], lon[1]) - self.meridian).abs();
        let farthest = middle + (lon[1] - lon[0]);
        let least = if lat[0] * lat[1] <= 0.0 {
            0.0
        } else {
            lat[0].abs().min(lat[1].abs())
        };
        let cosine = sin_cos(least * DEGREE).1;
        // Conformal latitudes are at most 0.2 degrees nearer to the equator.
        farthest < 60.0 && (cosine + 0.004) * sin_cos(farthest * DEGREE).0 < 0.19
    }

    /// The place of a position whose latitude has this colatitude, and |v|.
    #[inline]
    fn place(&self, lon: f64, lat: f64, of: &Colatitude) -> Option<(f64, f64, f64)> {
        let (sine, cosine) = sin_cos(within_half_a_turn(lon - self.meridian) * DEGREE);
        let t2 = of.tangent * of.tangent;
        let whole = 1.0 + t2;
        let s = (1.0 - t2) / whole;
        let s = if lat < 0.0 { -s } else { s };
        let chi = (of.tangent + of.tangent) / whole;
        let (q, v) = (chi * cosine, chi * sine);
        if v.abs() > WIDEST {
            return None;
        }
        let xi = libm::atan2(s, q);
        let eta = 0.5 * libm::log1p((v + v) / (1.0 - v));
        let (dx, dy) = sum(&FORWARD, s, q, v);
        Some((
            EASTING + RADIUS * (eta + dy),
            self.northing + RADIUS * (xi + dx),
            v.abs(),
        ))
    }

    pub fn unproject(&self, x: f64, y: f64) -> (f64, f64) {
        let (eta, xi) = ((x - EASTING) / RADIUS, (y - self.northing) / RADIUS);
        let (sine, cosine) = (libm::sin(xi), libm::cos(xi));
        // s, q and v of the place as if it were on the sphere.
        let v = libm::tanh(eta);
        let shrunk = 1.0 / libm::cosh(eta);
        let (dx, dy) = sum(&BACKWARD, sine * shrunk, cosine * shrunk, v);
        let (xi, eta) = (xi + dx, eta + dy);
        let (s, c) = (libm::sin(xi), libm::cos(xi));
        let lambda = libm::atan2(libm::sinh(eta), c);
        let s = s / libm::cosh(eta);
        // tan(pi/4 - chi/2) of |chi|.
        let tangent = ((1.0 - s.abs()).max(0.0) / (1.0 + s.abs())).sqrt();
        let lat = latitude_of(E2, tangent);
        let lat = if s < 0.0 { -lat } else { lat };
        (self.meridian + lambda.to_degrees(), lat)
    }

    /// The scale is 0.9996 cosh(eta), with 1 % for the ellipsoid: 1.05 where |v| is below 0.2, and 1.7 at the widest.
    /// Within 20 km |v| changes by less than 0.01.
    pub fn around(&self, middle: Middle) -> Option<Around> {
        let of = Colatitude::of(middle.lat.abs());
        let reach = middle.reach(of.cosine)?;
        let (x, y, v) = self.place(middle.lon, middle.lat, &of)?;
        let scale = if v < 0.19 { 1.05 } else { 1.7 };
        (v < WIDEST - 0.01).then_some(Around {
            x,
            y,
            reach: reach * scale + SLACK,
        })
    }
}

/// The sum of c sin(2 j zeta) over j from 1, of a complex zeta, by Clenshaw's recurrence.
#[inline]
fn sum(coefficients: &[f64; 6], s: f64, q: f64, v: f64) -> Complex {
    let rest = 1.0 - v * v;
    let (sine, cosine) = ((s + s) * q / rest, (q - s) * (q + s) / rest);
    let (sinh, cosh) = ((v + v) / rest, (1.0 + v * v) / rest);
    let twice = (2.0 * (cosine * cosh), -2.0 * (sine * sinh));
    let (mut b, mut before) = ((0.0, 0.0), (0.0, 0.0));
    for &c in coefficients.iter().rev() {
        let next = times(twice, b);
        (b, before) = ((c + (next.0 - before.0), next.1 - before.1), b);
    }
    times((sine * cosh, cosine * sinh), b)
}

#[inline]
fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `GeographicLib` (`TransverseMercator.cpp`, sixth order): of each power the polynomial in n from the highest
    /// power down, over the last number.
    const FORWARD_TABLE: [&[f64]; 6] = [
        &[
            31564.0, -66675.0, 34440.0, 47250.0, -100_800.0, 75600.0, 151_200.0,
        ],
        &[
            -1_983_433.0,
            863_232.0,
            748_608.0,
            -1_161_216.0,
            524_160.0,
            1_935_360.0,
        ],
        &[670_412.0, 406_647.0, -533_952.0, 184_464.0, 725_760.0],
        &[6_601_661.0, -7_732_800.0, 2_230_245.0, 7_257_600.0],
        &[-13_675_556.0, 3_438_171.0, 7_983_360.0],
        &[212_378_941.0, 319_334_400.0],
    ];
    const BACKWARD_TABLE: [&[f64]; 6] = [
        &[
            384_796.0,
            -382_725.0,
            -6720.0,
            932_400.0,
            -1_612_800.0,
            1_209_600.0,
            2_419_200.0,
        ],
        &[
            -1_118_711.0,
            1_695_744.0,
            -1_174_656.0,
            258_048.0,
            80640.0,
            3_870_720.0,
        ],
        &[22276.0, -16929.0, -15984.0, 12852.0, 362_880.0],
        &[-830_251.0, -158_400.0, 197_865.0, 7_257_600.0],
        &[-435_388.0, 453_717.0, 15_966_720.0],
        &[20_648_693.0, 638_668_800.0],
    ];

    #[test]
    fn the_series_are_those_of_the_table() {
        let n = 1.0 / (2.0 * 298.257_223_563 - 1.0);
        let series = [
            (FORWARD, FORWARD_TABLE, 1.0),
            (BACKWARD, BACKWARD_TABLE, -1.0),
        ];
        for (found, table, sign) in series {
            for (power, (found, row)) in (1..).zip(found.into_iter().zip(table)) {
                let (below, above) = row.split_last().unwrap();
                let sum = above.iter().fold(0.0, |sum, number| sum * n + number);
                let expected = sign * sum / below * f64::powi(n, power);
                assert!(
                    (found / expected - 1.0).abs() < 2e-15,
                    "{power}: {found} {expected}"
                );
            }
        }
    }
}
