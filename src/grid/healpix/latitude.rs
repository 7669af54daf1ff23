//! Authalic latitude: geodetic latitude mapped to the sphere of equal area, and back.
//!
//! Before the projection in `locate.rs`, and after it in `geometry.rs`: HEALPix cells laid out on
//! the authalic latitude have equal areas on the WGS84 ellipsoid.
//!
//! Source: Snyder, *Map Projections: A Working Manual* (USGS PP 1395, 1987), equation 3-18, carried
//! to e^10; the same series as Karney, *On auxiliary latitudes* (Survey Review, 2024), there in the
//! third flattening. Truncation after e^10 leaves at most 6.2e-15 rad, 40 nanometres on the ground.

use super::trig::sin_cos;

/// Flattening of WGS84 (NIMA TR8350.2) and the even powers of its first eccentricity.
const F: f64 = 1.0 / 298.257_223_563;
const E2: f64 = F * (2.0 - F);
const E4: f64 = E2 * E2;
const E6: f64 = E4 * E2;
const E8: f64 = E4 * E4;
const E10: f64 = E6 * E4;

/// The coefficients of sin(2k phi), k = 1 to 5, each written from the lowest power of e up.
const F1: f64 = -(1.0 / 3.0) * E2
    - (31.0 / 180.0) * E4
    - (59.0 / 560.0) * E6
    - (42_811.0 / 604_800.0) * E8
    - (605_399.0 / 11_975_040.0) * E10;
const F2: f64 = (17.0 / 360.0) * E4
    + (61.0 / 1_260.0) * E6
    + (76_969.0 / 1_814_400.0) * E8
    + (215_431.0 / 5_987_520.0) * E10;
const F3: f64 =
    -(383.0 / 45_360.0) * E6 - (3_347.0 / 259_200.0) * E8 - (1_751_791.0 / 119_750_400.0) * E10;
const F4: f64 = (6_007.0 / 3_628_800.0) * E8 + (201_293.0 / 59_875_200.0) * E10;
const F5: f64 = -(5_839.0 / 17_107_200.0) * E10;

/// The coefficients by their names in CUDA.
pub(super) const NUMBERS: [(&str, f64); 5] =
    [("F1", F1), ("F2", F2), ("F3", F3), ("F4", F4), ("F5", F5)];

/// The authalic latitude of the geodetic latitude `phi` on WGS84, both in radians; |phi| <= pi/2.
#[inline]
pub fn authalic_from_geodetic(phi: f64) -> f64 {
    phi + authalic_shift(phi)
}

/// What is added to the geodetic latitude `phi` to make it authalic, in radians: at most 2.3e-3.
///
/// The sum of Fk sin(2k phi) by Clenshaw's recurrence from one sine and cosine of 2 phi.
#[inline(always)]
pub(super) fn authalic_shift(phi: f64) -> f64 {
    let (sine, cosine) = sin_cos(phi + phi);
    let u = cosine + cosine;
    let b4 = F4 + u * F5;
    let b3 = (F3 + u * b4) - F5;
    let b2 = (F2 + u * b3) - b4;
    let b1 = (F1 + u * b2) - b3;
    sine * b1
}

/// The geodetic latitude of the authalic latitude `beta` on WGS84, both in radians; to 1e-15 rad.
///
/// Fixed-point iteration on the forward series: the shift changes by less than 4.5e-3 of a change
/// in latitude, so six steps leave 2e-17 rad of the first error.
pub fn geodetic_from_authalic(beta: f64) -> f64 {
    (0..6).fold(beta, |phi, _| beta - authalic_shift(phi))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are the fact under test")]
mod tests {
    use super::*;
    use std::f64::consts::FRAC_PI_2;

    #[test]
    fn the_series_gives_the_tabulated_authalic_latitudes() {
        // The table holds the closed form; truncation of the series is 3.6e-13 degrees.
        let table = [
            (30.0, 29.888_997_034_459_564),
            (45.0, 44.871_702_873_433_94),
            (60.0, 59.888_785_569_885_165),
            (70.0, 69.917_411_740_863_97),
            (80.0, 79.956_041_143_548_43),
            (-77.5, -77.445_685_561_738_64),
        ];
        for (phi, beta) in table {
            let found = authalic_from_geodetic(f64::to_radians(phi)).to_degrees();
            assert!((found - beta).abs() < 4e-13, "{phi}: {found}, not {beta}");
        }
    }

    #[test]
    fn the_series_agrees_with_the_closed_form() {
        // Snyder equations 3-11 and 3-12.
        let e = E2.sqrt();
        let q = |s: f64| (1.0 - E2) * (s / (1.0 - E2 * s * s) + (e * s).atanh() / e);
        for i in -80..=80 {
            let phi = f64::from(i).to_radians();
            let closed = (q(phi.sin()) / q(1.0)).asin();
            assert!((authalic_from_geodetic(phi) - closed).abs() < 8e-15);
        }
    }

    #[test]
    fn the_inverse_undoes_the_series() {
        for i in -9000..=9000 {
            let phi = (f64::from(i) * 0.01).to_radians();
            let back = geodetic_from_authalic(authalic_from_geodetic(phi));
            assert!((back - phi).abs() < 1e-15, "{phi}: {back}");
        }
    }

    #[test]
    fn equator_and_poles_stay_in_place() {
        assert_eq!(authalic_from_geodetic(0.0), 0.0);
        assert_eq!(authalic_from_geodetic(FRAC_PI_2), FRAC_PI_2);
        assert_eq!(authalic_from_geodetic(-FRAC_PI_2), -FRAC_PI_2);
        assert_eq!(geodetic_from_authalic(FRAC_PI_2), FRAC_PI_2);
    }
}
