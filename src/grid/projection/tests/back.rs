//! From the plane back to positions, and the numbers of the series.

use super::*;

#[test]
fn places_go_back_to_their_positions_within_half_a_turn() {
    for name in [
        "EPSG:3031",
        "EPSG:3413",
        "EPSG:3411",
        "EPSG:3571",
        "EPSG:3574",
        "EPSG:6933",
        "EPSG:32601",
        "EPSG:32718",
        "EPSG:32660",
    ] {
        let projection = Crs::named(name).unwrap().projection();
        let middle = match name {
            "EPSG:32601" => -177.0,
            "EPSG:32718" => -75.0,
            "EPSG:32660" => 177.0,
            _ => 0.0,
        };
        for i in 0..40 {
            // Longitudes all around, of zones within 15 degrees of their meridians.
            let wide = if middle == 0.0 { 4.49 } else { 0.75 };
            let lon = middle + f64::from(i - 20) * 2.0 * wide;
            for lat in [-79.7, -60.0, -33.3, 1e-3, 45.1, 66.6, 84.2] {
                let (x, y) = projection.project(lon, lat);
                let (back, back_lat) = projection.unproject(x, y);
                assert!(
                    (-180.0..180.0).contains(&back),
                    "{name} {lon} {lat}: {back}"
                );
                let apart = (back - lon + 540.0).rem_euclid(360.0) - 180.0;
                // Far from its pole, a plane has few digits; a zone has them all.
                let few = if middle == 0.0 { 2e-11 } else { 2e-13 };
                assert!(
                    (apart * lat.to_radians().cos()).abs() < few,
                    "{name} {lon} {lat}: {apart}"
                );
                assert!(
                    (back_lat - lat).abs() < few,
                    "{name} {lon} {lat}: {back_lat}"
                );
            }
        }
    }
}

#[test]
fn latitudes_on_the_equator_are_zero_without_a_sign() {
    for name in ["EPSG:32618", "EPSG:6933"] {
        let (_, lat) = Crs::named(name)
            .unwrap()
            .projection()
            .unproject(600_000.0, 0.0);
        assert!(lat == 0.0 && lat.is_sign_positive(), "{name}: {lat}");
    }
}

#[test]
fn systems_have_their_codes_and_the_poles_in_the_middle_of_their_planes() {
    for (code, pole) in [
        (4326, None),
        (3031, Some(-1.0)),
        (3413, Some(1.0)),
        (3976, Some(-1.0)),
        (3411, Some(1.0)),
        (3412, Some(-1.0)),
        (3573, Some(1.0)),
        (6933, None),
        (32718, None),
    ] {
        let crs = Crs::named(&format!("EPSG:{code}")).unwrap();
        assert_eq!((crs.code(), crs.pole()), (code, pole));
        if let Some(pole) = pole {
            let (x, y) = crs.projection().project(12.0, 90.0 * pole);
            assert!(libm::hypot(x, y) < 1e-6, "{crs}");
        }
    }
}

#[test]
fn bounds_in_degrees_are_refused_beyond_the_poles_and_a_turn_and_a_half() {
    let degrees = Crs::named("EPSG:4326").unwrap();
    for bounds in [
        [-180.0, -90.0, 180.0, 90.0],
        [-360.0, 0.0, 0.0, 1.0],
        [180.0, 0.0, 540.0, 1.0],
        [-360.0, 0.0, -350.0, 1.0],
        [530.0, 0.0, 540.0, 1.0],
    ] {
        assert_eq!(degrees.refuses(bounds), None, "{bounds:?}");
    }
    for (bounds, says) in [
        ([-180.0, -90.5, 180.0, 90.0], "latitudes"),
        ([-180.0, -90.0, 180.0, 90.5], "latitudes"),
        ([-180.0, 0.0, 180.5, 1.0], "longitudes"),
        ([-360.5, 0.0, -350.0, 1.0], "longitudes"),
        ([530.0, 0.0, 540.5, 1.0], "longitudes"),
    ] {
        let why = degrees.refuses(bounds).unwrap();
        assert!(why.starts_with(says), "{bounds:?}: {why}");
    }
}

#[test]
fn the_bits_of_conformal_factors_are_pinned() {
    // As the bits of places: terms below a half of the last place round one of some thousands.
    let words = (0..60_000).map(|i| {
        let sine = 1.0 - f64::from(i) * 3e-6;
        ellipsoid::conformal(ellipsoid::E2, sine).to_bits()
    });
    let all = words.fold(0u64, |all, word| all.rotate_left(7).wrapping_mul(3) ^ word);
    assert_eq!(all, 13_832_534_409_006_900_512);
}

#[test]
fn conformal_factors_are_powers_of_their_closed_form() {
    // The mean of roundings is far smaller than one.
    let e = ellipsoid::E2.sqrt();
    let mut sum = 0.0;
    for i in 0..20_000 {
        let sine = 1.0 - f64::from(i) * 1e-5;
        let closed = (e * (e * sine).atanh()).exp_m1();
        let off = (ellipsoid::conformal(ellipsoid::E2, sine) - 1.0) - closed;
        assert!(off.abs() < 1.3e-16 * 2.0, "{sine}: {off}");
        sum += off;
    }
    assert!((sum / 20_000.0).abs() < 4e-18, "{}", sum / 20_000.0);
}
