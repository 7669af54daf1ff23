//! How far boxes of positions reach in the plane: no less than they do, and not much more.

use super::*;

fn projection(name: &str) -> Projection {
    Crs::named(name).unwrap().projection()
}

/// Systems with a position each, as far from their middles as boxes are bounded well, or near them.
const PLACES: [(&str, f64, f64); 14] = [
    ("EPSG:3031", 60.0, -78.0),
    ("EPSG:3031", 160.0, -10.0),
    ("EPSG:3413", -37.0, 72.5),
    ("EPSG:3413", 100.0, 11.0),
    ("EPSG:3411", 12.0, -20.0),
    ("EPSG:3412", 12.0, -65.0),
    ("EPSG:3574", -37.0, 72.5),
    ("EPSG:3571", 100.0, 12.0),
    ("EPSG:3576", 20.0, -20.0),
    ("EPSG:6933", 31.0, 40.0),
    ("EPSG:6933", 179.8, -70.0),
    ("EPSG:32618", -76.0, 38.0),
    ("EPSG:32718", -73.0, -60.0),
    ("EPSG:32618", -45.0, 5.0),
];

#[test]
fn positions_of_boxes_of_all_shapes_are_projected_within_their_reach() {
    for (name, lon, lat) in PLACES {
        let projection = projection(name);
        for (wide, high) in [
            (0.0, 0.0),
            (0.12, 0.0),
            (0.0, 0.12),
            (0.02, 0.15),
            (1e-7, 1e-7),
        ] {
            let Around { x, y, reach } = projection
                .around([lon, lon + wide], [lat, lat + high])
                .unwrap();
            let mut farthest = 0.0_f64;
            for (a, b) in (0..=8).flat_map(|a| (0..=8).map(move |b| (a, b))) {
                let (a, b) = (f64::from(a) / 8.0, f64::from(b) / 8.0);
                let (px, py) = projection.project(lon + wide * a, lat + high * b);
                let off = (px - x).abs().max((py - y).abs());
                assert!(off <= reach, "{name} {wide} {high}: {off} {reach}");
                farthest = farthest.max(libm::hypot(px - x, py - y));
            }
            if high == 0.0 {
                // Along a parallel the largest scales are those that are known.
                let most = if lon == -45.0 { 1.5 } else { 1.1 };
                assert!(
                    reach <= most * farthest + 1e-5,
                    "{name}: {reach} {farthest}"
                );
            }
        }
    }
}

#[test]
fn boxes_too_large_or_too_far_from_the_middle_of_the_plane_are_not_bounded() {
    for (name, lon, lat) in [
        // Wider or higher than 20 km from their middles.
        ("EPSG:3031", [0.0, 1.0], [-60.0, -60.0]),
        ("EPSG:3413", [0.0, 0.0], [60.0, 60.5]),
        ("EPSG:3574", [0.0, 0.6], [60.0, 60.3]),
        ("EPSG:32618", [-76.0, -75.0], [10.0, 10.0]),
        // Where scales grow without a bound.
        ("EPSG:3031", [0.0, 0.01], [40.0, 40.01]),
        ("EPSG:3413", [0.0, 0.01], [-40.0, -39.99]),
        ("EPSG:3574", [0.0, 0.01], [-40.0, -39.99]),
        // So far from the meridian that some of it may have no place.
        ("EPSG:32618", [-25.09, -25.08], [0.0, 0.0]),
        ("EPSG:32618", [15.0, 15.01], [0.0, 0.01]),
        // Across the edge of the plane.
        ("EPSG:6933", [179.9, 180.1], [0.0, 0.0]),
        ("EPSG:6933", [-180.1, -179.9], [50.0, 50.1]),
        ("EPSG:6933", [-180.1, 180.0], [0.0, 0.0]),
        ("EPSG:4326", [0.0, 0.01], [0.0, 0.01]),
    ] {
        assert!(
            projection(name).around(lon, lat).is_none(),
            "{name} {lon:?} {lat:?}"
        );
    }
    // As far as boxes are bounded, along the equator.
    assert!(
        projection("EPSG:32618")
            .around([-26.0, -25.9], [0.0, 0.0])
            .is_some()
    );
    // On a cylinder they may be wide.
    assert!(
        projection("EPSG:6933")
            .around([98.0, 104.0], [0.0, 1.0])
            .is_some()
    );
}

/// The part of the radius at which a position is from the plane of a meridian, by the conformal latitude.
fn beside(lon: f64, lat: f64) -> f64 {
    let phi = lat.to_radians();
    let e = ellipsoid::E2.sqrt();
    let chi = (phi.tan().asinh() - e * (e * phi.sin()).atanh())
        .sinh()
        .atan();
    chi.cos() * lon.to_radians().sin()
}

#[test]
fn transverse_mercator_is_smooth_near_its_meridian_and_nowhere_else() {
    let zone = projection("EPSG:32618");
    let smooth = |lon: [f64; 2], lat: [f64; 2]| zone.is_smooth(lon.map(|lon| lon - 75.0), lat);
    let (mut near, mut far) = (0, 0);
    for i in 0..170 {
        let lat = f64::from(i) - 85.0;
        for j in 0..200 {
            let lon = f64::from(j) * 0.45 - 45.0;
            // Boxes of a hundredth of a degree.
            let found = smooth([lon, lon + 0.01], [lat, lat + 0.01]);
            let most = [lon, lon + 0.01]
                .map(|lon| beside(lon, lat).abs().max(beside(lon, lat + 0.01).abs()));
            let most = most[0].max(most[1]);
            assert!(!found || most < 0.19, "{lon} {lat}: {most}");
            assert!(found || most > 0.187, "{lon} {lat}: {most}");
            near += i32::from(found);
            far += i32::from(!found);
        }
    }
    assert!(near > 5000 && far > 5000);
    // Where the part changes by a tenth of a per cent.
    for i in 0..200 {
        let lon = 15.0 + f64::from(i) * 0.005;
        let found = smooth([lon, lon], [45.0, 45.0]);
        assert!(!found || beside(lon, 45.0) < 0.19, "{lon}");
    }
    // Wide boxes, the other side of the Earth, and across the equator.
    assert!(!smooth([0.0, 14.0], [0.0, 0.1]) && !smooth([1.0, 15.0], [0.0, 0.1]));
    assert!(!smooth([180.0, 180.1], [10.0, 10.1]) && !smooth([0.0, 61.0], [89.0, 89.1]));
    assert!(smooth([15.0, 15.1], [59.0, 60.0]) && smooth([15.0, 15.1], [-60.0, -59.0]));
    assert!(!smooth([15.0, 15.1], [-60.0, 61.0]) && !smooth([12.0, 12.1], [-5.0, 10.0]));
    assert!(!projection("EPSG:3413").is_smooth([-45.0, -44.9], [70.0, 70.1]));
}

#[test]
fn a_cylinder_has_factors_wherever_it_is_not_cut() {
    let global = projection("EPSG:6933");
    for lon in [
        [1e-3, 0.5],
        [-0.5, 0.5],
        [100.0, 102.0],
        [178.0, 179.0],
        [-179.5, -179.0],
        [361.0, 362.0],
    ] {
        assert!(global.factors(lon, [0.0, 1.0]).is_some(), "{lon:?}");
    }
    for lon in [
        [179.9, 180.1],
        [-180.1, -179.9],
        [539.9, 540.0],
        [-170.0, 170.0],
    ] {
        assert!(global.factors(lon, [0.0, 1.0]).is_none(), "{lon:?}");
    }
}
