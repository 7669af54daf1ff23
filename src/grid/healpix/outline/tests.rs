//! Outlines against `cdshealpix`, against the formulas of Gorski et al., and against one another.

use super::super::geometry::{center, vertices};
use super::*;

const LATITUDES: [Latitude; 2] = [Latitude::AuthalicWgs84, Latitude::GeodeticSpherical];

fn cells(order: Order) -> Vec<u64> {
    let count = order.cells();
    (0..500)
        .map(|i| ((u128::from(count - 1) * i) / 499) as u64)
        .collect()
}

#[test]
fn middles_and_corners_are_those_of_cdshealpix() {
    for latitude in LATITUDES {
        for k in 0..=29 {
            let order = Order::new(k).unwrap();
            for cell in cells(order) {
                let (expected, found) =
                    (center(order, cell, latitude), middle(order, cell, latitude));
                let apart = (found.0 - expected.0 + 540.0).rem_euclid(360.0) - 180.0;
                let cosine = expected.1.to_radians().cos();
                assert!(
                    apart.abs() * cosine < 3e-13,
                    "{k} {cell}: {found:?} {expected:?}"
                );
                assert!(
                    (found.1 - expected.1).abs() < 3e-13,
                    "{k} {cell}: {found:?} {expected:?}"
                );
                assert!((-180.0..180.0).contains(&found.0));
                let ring = ring(order, cell, latitude);
                for corner in vertices(order, cell, latitude) {
                    let near = ring.iter().any(|at| {
                        let apart = (at[0] - corner.0 + 540.0).rem_euclid(360.0) - 180.0;
                        let cosine = corner.1.to_radians().cos();
                        (apart * cosine).abs() < 1e-9 && (at[1] - corner.1).abs() < 1e-9
                    });
                    assert!(near, "{k} {cell}: {corner:?} {ring:?}");
                }
            }
        }
    }
}

#[test]
fn cells_that_share_a_side_share_its_positions() {
    share_sides(&[0, 1]);
}

#[test]
fn finer_cells_that_share_a_side_share_its_positions() {
    share_sides(&[2, 3, 5]);
}

fn share_sides(orders: &[u8]) {
    let latitude = Latitude::AuthalicWgs84;
    for &k in orders {
        let order = Order::new(k).unwrap();
        let mut sides = std::collections::HashMap::new();
        for cell in 0..order.cells() {
            let ring = ring(order, cell, latitude);
            let is_pole = |at: &[f64; 2]| at[1].abs() == 90.0;
            for (i, from) in ring.iter().enumerate() {
                let to = ring[(i + 1) % ring.len()];
                if is_pole(from) && is_pole(&to) {
                    continue;
                }
                let key = |at: [f64; 2]| {
                    let lon = if at[0] >= 180.0 { at[0] - 360.0 } else { at[0] };
                    let lon = if lon < -180.0 { lon + 360.0 } else { lon };
                    ((lon + 0.0).to_bits(), (at[1] + 0.0).to_bits())
                };
                let mut ends = [key(*from), key(to)];
                ends.sort_unstable();
                *sides.entry(ends).or_insert(0) += 1;
            }
        }
        assert!(sides.values().all(|&count| count == 2), "order {k}");
    }
}

#[test]
fn rings_go_around_their_cells_once_and_counterclockwise() {
    for k in [0, 1, 2, 6, 9, 14] {
        let order = Order::new(k).unwrap();
        let mut all = 0.0;
        let cells: Vec<u64> = if k <= 6 {
            (0..order.cells()).collect()
        } else {
            cells(order)
        };
        for &cell in &cells {
            let ring = ring(order, cell, Latitude::GeodeticSpherical);
            let area: f64 = (0..ring.len())
                .map(|i| {
                    let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                    let sines = (a[1].to_radians().sin(), b[1].to_radians().sin());
                    // Of equal area: longitude and sine of latitude.
                    a[0].to_radians() * sines.1 - b[0].to_radians() * sines.0
                })
                .sum::<f64>()
                / 2.0;
            let expected = 4.0 * std::f64::consts::PI / order.cells() as f64;
            assert!(
                (area / expected - 1.0).abs() < 0.01,
                "{k} {cell}: {area} {expected}"
            );
            all += area / expected;
        }
        assert!((all / cells.len() as f64 - 1.0).abs() < 0.002, "{k}");
    }
}

/// The position in radians of a place in a facet, by the rings of Gorski et al., section 5: the number of the southern corner's
/// ring in sides of a facet, and the longitude of the facet's middle in eighths of a turn.
fn by_rings(facet: usize, x: f64, y: f64) -> (f64, f64) {
    const RING: [f64; 3] = [2.0, 3.0, 4.0];
    const EIGHTH: [f64; 12] = [1.0, 3.0, 5.0, 7.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0];
    let ring = RING[facet / 4] - x - y;
    let (z, wide) = if ring < 1.0 {
        (1.0 - ring * ring / 3.0, ring)
    } else if ring > 3.0 {
        ((4.0 - ring).powi(2) / 3.0 - 1.0, 4.0 - ring)
    } else {
        ((2.0 - ring) * 2.0 / 3.0, 1.0)
    };
    let lon = (EIGHTH[facet] + (x - y) / wide) * std::f64::consts::FRAC_PI_4;
    (lon, z.asin())
}

/// Facet, and the cells to the north-east and to the north-west, one bit after the other.
fn in_facet(order: u8, cell: u64) -> (usize, u32, u32) {
    let bits = |from: u32| {
        (0..u32::from(order)).fold(0, |all, bit| {
            all | (((cell >> (2 * bit + from)) & 1) as u32) << bit
        })
    };
    ((cell >> (2 * order)) as usize, bits(0), bits(1))
}

/// Some cells of an order, those at poles and at the corners of facets too.
fn few(order: Order) -> Vec<u64> {
    let facet = order.cells() / 12;
    let corners = (0..12).flat_map(|i| [i * facet, (i + 1) * facet - 1, i * facet + facet / 3]);
    let spread = (0..30).map(|i| ((u128::from(order.cells() - 1) * i) / 29) as u64);
    corners.chain(spread).collect()
}

/// Degrees from one longitude to another, the short way.
fn east_of(lon: f64, from: f64) -> f64 {
    (lon - from + 540.0).rem_euclid(360.0) - 180.0
}

#[test]
fn middles_and_corners_are_where_the_formulas_of_the_rings_have_them() {
    for k in [0, 1, 2, 4, 7, 8, 13, 20, 29] {
        let order = Order::new(k).unwrap();
        let side = 2f64.powi(-i32::from(k));
        for cell in few(order) {
            let (facet, x, y) = in_facet(k, cell);
            let at = |right: f64, left: f64| {
                let (x, y) = (f64::from(x) + right, f64::from(y) + left);
                let (lon, lat) = by_rings(facet, x * side, y * side);
                (lon.to_degrees(), lat.to_degrees())
            };
            let (lon, lat) = middle(order, cell, Latitude::GeodeticSpherical);
            let expected = at(0.5, 0.5);
            let apart = east_of(lon, expected.0) * lat.to_radians().cos();
            // Near poles the sine of the latitude has few digits.
            assert!(apart.abs() < 1e-6 && (lat - expected.1).abs() < 1e-6);
            assert!((-180.0..180.0).contains(&lon));
            let ring = ring(order, cell, Latitude::GeodeticSpherical);
            let corners = [at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0)];
            let mut places = corners.iter().map(|corner| {
                let near = |at: &[f64; 2]| {
                    let apart = east_of(at[0], corner.0) * corner.1.to_radians().cos();
                    (apart.abs() < 1e-6 || corner.1.abs() == 90.0)
                        && (at[1] - corner.1).abs() < 1e-6
                };
                ring.iter()
                    .position(near)
                    .unwrap_or_else(|| panic!("{k} {cell}: {ring:?}"))
            });
            // From the southern corner on.
            if k < 24 && corners.iter().all(|corner| corner.1.abs() < 89.0) {
                assert_eq!(places.next(), Some(0));
                assert!(places.is_sorted());
            } else {
                assert_eq!(places.count(), 4);
            }
            // Together, around the middle.
            assert!(
                ring.iter()
                    .all(|at| (at[0] - lon).abs() <= 180.0 && at[1].abs() <= 90.0)
            );
        }
    }
}

#[test]
fn sides_of_outlines_are_within_a_400th_of_a_cell_of_the_sides_of_cells() {
    let vector = |lon: f64, lat: f64| [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()];
    let apart = |a: [f64; 3], b: [f64; 3]| {
        let squares = (0..3).map(|i| (a[i] - b[i]).powi(2));
        squares.sum::<f64>().sqrt()
    };
    for k in [0, 1, 3, 6, 8, 11, 14] {
        let order = Order::new(k).unwrap();
        let side = 2f64.powi(-i32::from(k));
        let width = (std::f64::consts::PI / 3.0).sqrt() * side;
        for cell in few(order).into_iter().step_by(3) {
            let (facet, x, y) = in_facet(k, cell);
            let ring = ring(order, cell, Latitude::GeodeticSpherical);
            let outline: Vec<[f64; 3]> = (0..ring.len())
                .flat_map(|i| {
                    let (from, to) = (ring[i], ring[(i + 1) % ring.len()]);
                    // As a line of a map of degrees.
                    (0..8).map(move |part| {
                        let part = f64::from(part) / 8.0;
                        let at = [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * part);
                        vector(at[0].to_radians(), at[1].to_radians())
                    })
                })
                .collect();
            for part in [0.03, 0.27, 0.5, 0.9] {
                for (right, left) in [(part, 0.0), (1.0, part), (part, 1.0), (0.0, part)] {
                    let (x, y) = ((f64::from(x) + right) * side, (f64::from(y) + left) * side);
                    let (lon, lat) = by_rings(facet, x, y);
                    let true_side = vector(lon, lat);
                    let near = (0..outline.len()).map(|i| {
                        let (a, b) = (outline[i], outline[(i + 1) % outline.len()]);
                        let ab: [f64; 3] = [0, 1, 2].map(|j| b[j] - a[j]);
                        let ap: [f64; 3] = [0, 1, 2].map(|j| true_side[j] - a[j]);
                        let dot =
                            |a: [f64; 3], b: [f64; 3]| (0..3).map(|j| a[j] * b[j]).sum::<f64>();
                        let along = (dot(ab, ap) / dot(ab, ab).max(1e-300)).clamp(0.0, 1.0);
                        apart(true_side, [0, 1, 2].map(|j| a[j] + along * ab[j]))
                    });
                    let off = near.fold(f64::INFINITY, f64::min);
                    assert!(off < width / 380.0, "{k} {cell}: {}", width / off);
                }
            }
        }
    }
}

#[test]
fn outlines_have_no_more_positions_than_they_need() {
    for k in [0, 2, 5, 6, 9, 12, 29] {
        let order = Order::new(k).unwrap();
        for cell in few(order).into_iter().step_by(4) {
            let ring = ring(order, cell, Latitude::AuthalicWgs84);
            let poles = ring.iter().filter(|at| at[1].abs() == 90.0).count();
            assert!(poles == 0 || poles == 2, "{ring:?}");
            let most = ring.iter().map(|at| at[1].abs()).fold(0.0, f64::max);
            if k >= 10 && most < 80.0 {
                assert_eq!(ring.len(), 4, "{k} {cell}");
            }
            if k < 6 {
                // Maps bend long lines, but not meridians to a pole.
                assert!(ring.len() >= if poles > 0 { 18 } else { 32 }, "{k} {cell}");
            }
            assert!(
                ring.len() <= if k < 6 { 4 * 64 } else { 4 * 16 },
                "{k} {cell}: {}",
                ring.len()
            );
        }
    }
}

#[test]
fn poles_are_two_positions_on_the_meridians_of_their_sides() {
    for k in [0, 3, 8, 17, 29] {
        let order = Order::new(k).unwrap();
        let facet = order.cells() / 12;
        for (cell, lat, west) in [
            (facet - 1, 90.0, 0.0),
            (3 * facet - 1, 90.0, 180.0),
            (8 * facet, -90.0, 0.0),
            (11 * facet, -90.0, 270.0),
        ] {
            let ring = ring(order, cell, Latitude::AuthalicWgs84);
            let mut lons: Vec<f64> = ring
                .iter()
                .filter(|at| at[1] == lat)
                .map(|at| at[0])
                .collect();
            lons.sort_by(f64::total_cmp);
            let turned: Vec<f64> = lons.iter().map(|lon| lon.rem_euclid(360.0)).collect();
            assert_eq!(turned, [west, (west + 90.0) % 360.0], "{k} {cell}");
            assert_eq!(lons[1] - lons[0], 90.0);
            // Sides along meridians are not cut.
            for lon in lons {
                assert_eq!(ring.iter().filter(|at| at[0] == lon).count(), 2);
            }
        }
    }
}

#[test]
fn half_as_many_positions_of_a_side_would_not_do() {
    for k in [0, 1, 2, 3, 5, 6, 7, 8, 9, 13] {
        let order = Order::new(k).unwrap();
        let width = (std::f64::consts::PI / 3.0).sqrt() * 2f64.powi(-i32::from(k));
        for cell in few(order).into_iter().step_by(2) {
            let ring = ring(order, cell, Latitude::GeodeticSpherical);
            if ring.iter().any(|at| at[1].abs() == 90.0) {
                continue;
            }
            let (facet, x, y) = in_facet(k, cell);
            let (x, y, side) = (f64::from(x), f64::from(y), 2f64.powi(-i32::from(k)));
            let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(right, left)| {
                let (lon, lat) = by_rings(facet, (x + right) * side, (y + left) * side);
                let off = |at: &[f64; 2]| {
                    let lon = east_of(at[0], lon.to_degrees()) * lat.cos();
                    lon.hypot(at[1] - lat.to_degrees())
                };
                (0..ring.len())
                    .min_by(|a, b| off(&ring[*a]).total_cmp(&off(&ring[*b])))
                    .unwrap()
            });
            for i in 0..4 {
                let (from, to) = (corners[i], if i == 3 { ring.len() } else { corners[i + 1] });
                let pieces = to - from;
                assert!(pieces.is_power_of_two() && pieces <= 64);
                if pieces > if k < 6 { 8 } else { 1 } {
                    let most = (from..to)
                        .step_by(2)
                        .map(|i| bend([0, 1, 2].map(|step| ring[(i + step) % ring.len()])));
                    let most = most.fold(0.0, f64::max);
                    assert!(
                        most > width / 400.1,
                        "{k} {cell}: {pieces}, {}",
                        width / most
                    );
                }
            }
        }
    }
}

/// How far the second of three positions is from between the others, on a map of degrees or on the ground.
fn bend([from, middle, to]: [[f64; 2]; 3]) -> f64 {
    let [from, middle, to] = [from, middle, to].map(|at| at.map(f64::to_radians));
    let cosine = middle[1].cos();
    let on_map = (middle[0] - f64::midpoint(from[0], to[0])) * cosine;
    let on_map = on_map.hypot(middle[1] - f64::midpoint(from[1], to[1]));
    let vector = |at: [f64; 2]| {
        let (sine, cosine) = at[1].sin_cos();
        [cosine * at[0].cos(), cosine * at[0].sin(), sine]
    };
    let [a, b, m] = [from, to, middle].map(vector);
    let sum = [0, 1, 2].map(|i| a[i] + b[i]);
    let length = sum[0].hypot(sum[1]).hypot(sum[2]);
    let off = [0, 1, 2].map(|i| sum[i] / length - m[i]);
    on_map.max(off[0].hypot(off[1]).hypot(off[2]))
}

#[test]
fn sides_far_from_a_pole_that_are_not_cut_are_straight_enough() {
    for k in [8, 12] {
        let order = Order::new(k).unwrap();
        let side = 2f64.powi(-i32::from(k));
        let width = (std::f64::consts::PI / 3.0).sqrt() * side;
        // A square of 128 by 128 cells in the northern corner of a facet.
        for i in (0..1 << 14).step_by(61) {
            let cell = order.cells() / 12 - 1 - i;
            let ring = ring(order, cell, Latitude::GeodeticSpherical);
            if ring.len() > 4 {
                continue;
            }
            let (facet, x, y) = in_facet(k, cell);
            let halves = [(0.5, 0.0), (1.0, 0.5), (0.5, 1.0), (0.0, 0.5)];
            for (i, (right, left)) in halves.into_iter().enumerate() {
                let (x, y) = (f64::from(x) + right, f64::from(y) + left);
                let (lon, lat) = by_rings(facet, x * side, y * side);
                let (from, to) = (ring[i], ring[(i + 1) % 4]);
                let lon = from[0] + east_of(lon.to_degrees(), from[0]);
                let off = bend([from, [lon, lat.to_degrees()], to]);
                assert!(off < width / 399.0, "{k} {cell}: {}", width / off);
            }
        }
    }
}
