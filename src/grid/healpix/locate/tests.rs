//! Locate against `cdshealpix`, on positions of every kind.

use super::*;
use crate::grid::authalic_from_geodetic;
use cdshealpix::nested;

const AUTHALIC: Latitude = Latitude::AuthalicWgs84;
const SPHERICAL: Latitude = Latitude::GeodeticSpherical;
/// The geodetic latitude whose authalic latitude has sine 2/3, in degrees.
const TRANSITION_DEGREES: f64 = 41.937_856_8;

fn locator(order: u8, latitude: Latitude) -> Locator {
    Locator::new(Order::new(order).unwrap(), latitude)
}

/// A uniform value in [0, 1) from a counter (the finaliser of splitmix64).
fn uniform(counter: u64) -> f64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
}

/// Positions uniform on the sphere, in degrees.
fn random(count: u64) -> impl Iterator<Item = (f64, f64)> {
    (0..count).map(|i| {
        let lon = 360.0 * uniform(2 * i) - 180.0;
        let lat = (2.0 * uniform(2 * i + 1) - 1.0).asin().to_degrees();
        (lon, lat)
    })
}

/// Positions beside poles, the transition, the equator, facet edges and the date line.
fn adversarial() -> impl Iterator<Item = (f64, f64)> {
    let offsets = [0.0, 1e-13, 1e-10, 1e-7, 1e-4, 0.1, 3.0];
    let signed = move || offsets.into_iter().flat_map(|d| [d, -d]);
    let lats = [0.0, 1.0, -1.0].into_iter().flat_map(move |sign| {
        signed().flat_map(move |d| {
            [90.0, TRANSITION_DEGREES, 41.810_314_895_778_6, 22.5, 0.0]
                .map(|lat: f64| (sign * lat + d).clamp(-90.0, 90.0))
        })
    });
    let lons = move || (-24..=24).flat_map(move |i| signed().map(move |d| 15.0 * f64::from(i) + d));
    lats.flat_map(move |lat| lons().map(move |lon| (lon, lat)))
}

/// The cell by `cdshealpix` and the distance to its nearest edge, in cell widths.
fn oracle(order: u8, latitude: Latitude, (lon, lat): (f64, f64)) -> (u64, f64) {
    let phi = lat.to_radians();
    let beta = match latitude {
        Latitude::AuthalicWgs84 => authalic_from_geodetic(phi),
        Latitude::GeodeticSpherical => phi,
    };
    let lon = lon.rem_euclid(360.0).to_radians();
    let (cell, dx, dy) = nested::hash_with_dxdy(order, lon, beta);
    (cell, dx.min(1.0 - dx).min(dy).min(1.0 - dy))
}

/// How many positions differ from the oracle although they are 1e-12 rad or more from an edge.
fn differing(latitude: Latitude, positions: impl Iterator<Item = (f64, f64)>) -> usize {
    let locator = locator(19, latitude);
    let margin = 1e-12 * 524_288.0;
    positions
        .filter(|&(lon, lat)| {
            let (cell, edge) = oracle(19, latitude, (lon, lat));
            locator.cell(lon, lat) != cell && edge > margin
        })
        .count()
}

#[test]
fn random_positions_agree_with_cdshealpix() {
    assert_eq!(differing(AUTHALIC, random(10_000_000)), 0);
    assert_eq!(differing(SPHERICAL, random(300_000)), 0);
}

#[test]
fn positions_beside_every_seam_agree_with_cdshealpix() {
    assert!(adversarial().count() > 100_000);
    assert_eq!(differing(AUTHALIC, adversarial()), 0);
    assert_eq!(differing(SPHERICAL, adversarial()), 0);
}

#[test]
fn at_the_finest_order_cells_are_equal_or_neighbours() {
    let finest = locator(29, AUTHALIC);
    for (lon, lat) in random(200_000).chain(adversarial()) {
        let (cell, found) = (oracle(29, AUTHALIC, (lon, lat)).0, finest.cell(lon, lat));
        assert!(
            found == cell
                || nested::neighbours(29, cell, false)
                    .values_vec()
                    .contains(&found),
            "({lon}, {lat}): {found} is not beside {cell}"
        );
    }
}

#[test]
fn the_cell_at_each_order_is_the_ancestor_of_the_finest() {
    for (lon, lat) in random(2_000) {
        let finest = locator(29, AUTHALIC).cell(lon, lat);
        for order in 0..=29 {
            let cell = locator(order, AUTHALIC).cell(lon, lat);
            assert_eq!(cell, finest >> (2 * (29 - order)));
        }
    }
}

#[test]
fn known_positions_have_their_known_cells() {
    assert_eq!(locator(13, AUTHALIC).cell(-45.0, 70.0), 264_441_036);
    assert_eq!(
        locator(29, AUTHALIC).cell(-45.0, 70.0),
        1_135_765_604_766_317_583
    );
    assert_eq!(locator(13, AUTHALIC).cell(106.8, -77.5), 606_727_105);
    assert_eq!(locator(13, SPHERICAL).cell(-45.0, 70.0), 264_441_603);
}

#[test]
fn poles_belong_to_the_facet_of_their_longitude() {
    for latitude in [AUTHALIC, SPHERICAL] {
        for order in 0..=29 {
            let locator = locator(order, latitude);
            let facet = Order::new(order).unwrap().cells() / 12;
            for (quarter, lon) in [(0, 0.0), (1, 123.4), (2, 180.0), (3, -77.0), (3, 359.0)] {
                assert_eq!(locator.cell(lon, 90.0), (quarter + 1) * facet - 1);
                assert_eq!(locator.cell(lon, -90.0), (quarter + 8) * facet);
            }
        }
    }
}

#[test]
fn whole_turns_do_not_change_the_cell() {
    let finest = locator(29, AUTHALIC);
    for i in 0..2_000_i32 {
        // Multiples of 2^-10 stay exact when turns are added.
        let lon = f64::from(i * 184) / 1024.0 - 180.0;
        let lat = f64::from(i % 181 - 90) * 0.99;
        let cell = finest.cell(lon, lat);
        for turns in [-1e6, -3.0, -1.0, 1.0, 2.0, 1e9] {
            assert_eq!(finest.cell(lon + 360.0 * turns, lat), cell, "{lon} {turns}");
        }
    }
}

#[test]
fn ids_stay_in_range_for_any_bits() {
    let finest = locator(29, AUTHALIC);
    let odd = [
        f64::NAN,
        f64::INFINITY,
        -f64::INFINITY,
        f64::MAX,
        -f64::MAX,
        5e-324,
        -0.0,
        1e300,
    ];
    for lon in odd {
        for lat in odd
            .into_iter()
            .chain([90.0, -90.0, 119.0, -90.000_001, 41.8])
        {
            assert!(finest.cell(lon, lat) < Order::MAX.cells());
        }
    }
}

#[test]
fn longitudes_of_three_half_turns_and_latitudes_to_the_poles_are_accepted() {
    for (lon, lat) in [(0.0, 90.0), (-540.0, -90.0), (540.0, 0.0), (0.0, -0.0)] {
        assert!(crate::grid::Locator::accepts(lon, lat), "{lon} {lat}");
    }
    for bad in [
        f64::NAN,
        f64::INFINITY,
        -f64::INFINITY,
        540.1,
        -9999.0,
        3.4e38,
    ] {
        assert!(
            !crate::grid::Locator::accepts(bad, 0.0) && !crate::grid::Locator::accepts(0.0, bad)
        );
    }
    assert!(!crate::grid::Locator::accepts(0.0, 90.000_000_000_000_02));
    assert!(!crate::grid::Locator::accepts(0.0, -119.0));
}

#[test]
fn interleaved_bits_come_from_x_and_y_in_turn() {
    assert_eq!(interleave(0b101, 0b011), 0b01_10_11);
    assert_eq!(interleave(LAST as u64, 0), 0x0155_5555_5555_5555);
    assert_eq!(interleave(LAST as u64, LAST as u64), (1 << 58) - 1);
}

/// The id of a place in a facet, one bit after the other.
fn nested(order: u8, facet: u64, x: u64, y: u64) -> u64 {
    (0..u32::from(order)).fold(facet << (2 * order), |id, bit| {
        id | ((x >> bit) & 1) << (2 * bit) | ((y >> bit) & 1) << (2 * bit + 1)
    })
}

#[test]
fn positions_on_edges_along_the_equator_are_in_the_cells_north_of_them() {
    // Every multiple of 45/64 degrees is a corner or lies on edges from order 7 on; zero has two signs.
    for k in 0..512_u64 {
        let (quarter, from_middle) = (k / 128, (k % 128) as i64 - 64);
        let lon = k as f64 * (45.0 / 64.0);
        for order in [7, 12, 29] {
            let side = 1_u64 << order;
            let across = from_middle.unsigned_abs() << (order - 7);
            let expected = match from_middle {
                0 => nested(order, quarter, 0, 0),
                1.. => nested(order, 4 + (quarter + 1) % 4, across, side - across),
                _ => nested(order, 4 + quarter, side - across, across),
            };
            for latitude in [AUTHALIC, SPHERICAL] {
                let locator = locator(order, latitude);
                for (lon, lat) in [(lon, 0.0), (lon, -0.0), (lon - 360.0, 0.0)] {
                    assert_eq!(locator.cell(lon, lat), expected, "{order}: {lon}");
                }
            }
        }
    }
}

#[test]
fn longitudes_of_any_size_are_wrapped_exactly() {
    let finest = locator(29, AUTHALIC);
    for power in 9..=120 {
        // Whole numbers, whose remainders whole numbers have, too.
        let lon = 3.0 * 2f64.powi(power);
        let rest = (3_u128 << power) % 360;
        for lat in [-71.3, -20.0, 0.1, 55.5] {
            let cell = finest.cell(rest as f64, lat);
            assert_eq!(finest.cell(lon, lat), cell, "{lon}");
            assert_eq!(finest.cell(-lon, lat), finest.cell(-(rest as f64), lat));
            let mut cells = [0; 3];
            finest.cells(&[lon, 12.5, -lon], &[lat; 3], &mut cells);
            assert_eq!(cells[0], cell, "{lon}");
        }
    }
}
