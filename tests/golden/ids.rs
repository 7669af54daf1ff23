//! Cells of millions of positions against the papers' equations in 31 digits (`tests/support/healpix.rs`).
//!
//! Where a position is farther from the edges of its cell than `MARGIN`, the ids are the same at that order; nearer,
//! the program's is that of a cell that touches the place. Both kinds are counted, so that neither can be
//! all there is.

use icefold::grid::{Bounds, Latitude, Locator, Order, authalic_from_geodetic};
use rayon::prelude::*;

use crate::support::double::Double;
use crate::support::healpix::{Height, MARGIN, Sphere, cells_around, place, place_of, quarters};

/// Numbers that look random and are the same in every run (Steele, Lea and Flood, *Fast splittable pseudorandom
/// number generators*, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.roll() >> 11) as f64 * 2f64.powi(-53))
    }

    /// Of any size from 10^low to 10^high, of either sign.
    fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        let sign = if self.roll() & 1 == 0 { 1.0 } else { -1.0 };
        sign * 10f64.powf(self.between(low, high))
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.roll() % of.len() as u64) as usize]
    }

    /// Anywhere on a sphere, all areas alike.
    fn anywhere(&mut self) -> (f64, f64) {
        let lat = self.between(-1.0, 1.0).asin().to_degrees();
        (self.between(-180.0, 180.0), lat)
    }
}

const SPHERES: [(Sphere, Latitude); 2] = [
    (Sphere::AuthalicWgs84, Latitude::AuthalicWgs84),
    (Sphere::Geodetic, Latitude::GeodeticSpherical),
];

/// How many ids were compared, and how many of them were within the margin of an edge.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    away: u64,
    near: u64,
}

/// Positions that are made one after the other from dice, 2^12 from each of so many throws, all compared.
fn compare(throws: u64, make: impl Fn(&mut Dice) -> (f64, f64) + Sync) -> Compared {
    let each = (0..throws).into_par_iter().map(|throw| {
        let mut dice = Dice(throw);
        let positions: Vec<(f64, f64)> = (0..1 << 12).map(|_| make(&mut dice)).collect();
        let of = SPHERES.map(|sphere| compare_on(sphere, &positions));
        of.into_iter().fold(Compared::default(), Compared::join)
    });
    each.reduce(Compared::default, Compared::join)
}

/// The ids of some positions at order 29, by all ways to them, and at one other order each.
fn compare_on((sphere, latitude): (Sphere, Latitude), positions: &[(f64, f64)]) -> Compared {
    let locators = (0..=29).map(|order| Locator::new(Order::new(order).unwrap(), latitude));
    let locators: Vec<Locator> = locators.collect();
    let (lon, lat): (Vec<f64>, Vec<f64>) = positions.iter().copied().unzip();
    let mut together = vec![0; positions.len()];
    locators[29].cells(&lon, &lat, &mut together);
    let mut compared = Compared::default();
    for (i, (&position, &finest)) in positions.iter().zip(&together).enumerate() {
        let (lon, lat) = position;
        let expected = place(sphere, lon, lat);
        let order = (i % 30) as u8;
        let alone = locators[usize::from(order)].cell(lon, lat);
        for (order, found) in [(29, finest), (order, alone)] {
            if expected.edge_distance(order) > MARGIN {
                compared.away += 1;
                assert_eq!(found, expected.cell(order), "({lon}, {lat}) at {order}");
            } else {
                compared.near += 1;
                let around = cells_around(order, sphere, position, MARGIN);
                assert!(
                    around.contains(&found),
                    "({lon}, {lat}) at {order}: {found}"
                );
            }
        }
    }
    compared
}

impl Compared {
    fn join(self, other: Self) -> Self {
        Self {
            away: self.away + other.away,
            near: self.near + other.near,
        }
    }
}

#[test]
fn a_million_positions_anywhere_have_the_ids_of_the_papers_equations() {
    let compared = compare(256, Dice::anywhere);
    assert_eq!(compared.away + compared.near, 256 << 14);
    // The margin on both sides of four edges of a cell of order 29: one position in 66,000.
    assert!(compared.near < 256, "{compared:?}");
}

#[test]
fn positions_near_the_poles_have_the_ids_of_the_papers_equations() {
    let compared = compare(24, |dice| {
        let from_pole = dice.magnitude(-14.0, 1.0);
        let lat = (90.0 - from_pole.abs()).copysign(from_pole);
        let quarter = dice.pick(&[-180.0, -90.0, 0.0, 90.0, 180.0, 270.0, 360.0]);
        let lon = match dice.roll() % 8 {
            0 => quarter,
            1 => quarter + dice.magnitude(-14.0, -6.0),
            _ => dice.between(-180.0, 360.0),
        };
        (lon, lat)
    });
    assert!(
        compared.away > 200_000 && compared.near > 1_000,
        "{compared:?}"
    );
}

#[test]
fn positions_along_meridians_where_facets_meet_have_the_ids_of_the_papers_equations() {
    let compared = compare(64, |dice| {
        let meridian = dice.pick(&[
            -540.0, -180.0, -135.0, -90.0, 0.0, 45.0, 180.0, 360.0, 540.0,
        ]);
        let beside: f64 = meridian + dice.magnitude(-14.0, 0.0);
        (beside.clamp(-540.0, 540.0), dice.anywhere().1)
    });
    assert!(
        compared.away > 500_000 && compared.near > 1_000,
        "{compared:?}"
    );
}

#[test]
fn positions_along_the_equator_and_the_ends_of_the_belt_have_the_ids_of_the_papers_equations() {
    let compared = compare(64, |dice| {
        // Where |z| is 2/3, on the ellipsoid and on the sphere.
        let parallel = dice.pick(&[0.0, 41.937_853_910_160_14, 41.810_314_895_778_596]);
        let lat = parallel + dice.magnitude(-16.0, 0.0);
        let turns = dice.pick(&[0.0, 0.0, 45.0, 22.5]);
        let lon = if turns > 0.0 {
            turns * f64::from((dice.roll() % 16) as u32) + dice.magnitude(-16.0, -9.0)
        } else {
            dice.between(-180.0, 360.0)
        };
        (lon, if dice.roll() & 1 == 0 { lat } else { -lat })
    });
    assert!(
        compared.away > 500_000 && compared.near > 1_000,
        "{compared:?}"
    );
}

#[test]
fn positions_beside_edges_of_cells_have_the_ids_of_the_papers_equations() {
    let compared = compare(64, |dice| {
        let (lon, lat) = dice.anywhere();
        let sphere = dice.pick(&SPHERES).0;
        let cells = 2f64.powi((dice.roll() % 30) as i32);
        let place = place(sphere, lon, lat);
        // To the nearest edge along the parallel, on which y falls as x rises, and a little farther.
        let (coordinate, sign) = dice.pick(&[(place.x.0, 1.0), (place.y.0, -1.0)]);
        let edge = (coordinate * cells).round() / cells;
        let east = sign * (edge - coordinate) * 90.0 / place.shrunk;
        let moved = lon + east + 90.0 * dice.magnitude(-17.0, -10.0);
        (moved.clamp(-540.0, 540.0), lat)
    });
    assert!(
        compared.away > 500_000 && compared.near > 10_000,
        "{compared:?}"
    );
}

#[test]
fn positions_of_a_patch_and_of_a_box_have_the_ids_of_the_papers_equations() {
    let mut compared = 0;
    for throw in 0..400 {
        let mut dice = Dice(throw);
        let ((sphere, latitude), order) = (dice.pick(&SPHERES), (throw % 30) as u8);
        let locator = Locator::new(Order::new(order).unwrap(), latitude);
        let ((lon, lat), size) = (dice.anywhere(), dice.magnitude(-9.0, -0.1).abs());
        let inside = |dice: &mut Dice| {
            let north = (lat + dice.between(0.0, size)).min(90.0);
            (lon + dice.between(0.0, size), north)
        };
        let positions: Vec<(f64, f64)> = (0..400).map(|_| inside(&mut dice)).collect();
        let (lon, lat): (Vec<f64>, Vec<f64>) = positions.iter().copied().unzip();
        let bounds = Bounds::of(&lon, &lat);
        let mut cells = vec![u64::MAX; positions.len()];
        let patch = locator.patch(&bounds);
        if let Some(patch) = &patch {
            patch.cells(&lon, &lat, &mut cells);
        }
        let boxed = [
            locator.cell_of_bounds(&bounds),
            patch.and_then(|patch| patch.cell_of_bounds(&bounds)),
        ];
        for (&(lon, lat), cell) in positions.iter().zip(cells) {
            let expected = place(sphere, lon, lat);
            let away = expected.edge_distance(order) > MARGIN;
            let placed = [patch.is_some().then_some(cell), boxed[0], boxed[1]];
            for found in placed.into_iter().flatten().filter(|_| away) {
                compared += 1;
                assert_eq!(found, expected.cell(order), "({lon}, {lat}) at {order}");
            }
        }
    }
    assert!(compared > 200_000, "{compared}");
}

#[test]
fn a_position_on_an_edge_belongs_to_the_cell_that_the_rule_names() {
    // On the equator, where cells have their corners, and on meridians between polar facets, a position in f64 is on
    // the edge exactly.
    let mut on_edges = 0;
    for (sphere, latitude) in SPHERES {
        for order in 0..=29 {
            let locator = Locator::new(Order::new(order).unwrap(), latitude);
            let mut dice = Dice(u64::from(order));
            for _ in 0..300 {
                let part = 45.0 / 2f64.powi(i32::from(order.min(20)));
                let lon = part * (dice.roll() % (1 << (3 + order.min(20)))) as f64;
                let meridian = 90.0 * f64::from((dice.roll() % 5) as u32) - 90.0;
                let cap = dice.between(42.0, 90.0);
                for (lon, lat) in [(lon, 0.0), (-lon, -0.0), (meridian, cap), (meridian, -cap)] {
                    let expected = place(sphere, lon, lat);
                    on_edges += u32::from(expected.edge_distance(order) == 0.0);
                    let found = locator.cell(lon, lat);
                    assert_eq!(found, expected.cell(order), "({lon}, {lat}) at {order}");
                }
            }
        }
    }
    assert!(on_edges > 40_000, "{on_edges}");
}

#[test]
fn the_authalic_latitude_is_that_of_the_closed_form() {
    let mut dice = Dice(0);
    let mut most = 0.0f64;
    for _ in 0..100_000 {
        let lat = dice.between(-90.0, 90.0);
        let found = authalic_from_geodetic(lat.to_radians()).to_degrees();
        // Two latitudes that are this near differ by the difference of their sines over the cosine.
        let of = |sphere, lat: f64| Height::of(sphere, lat.into());
        let (closed, found) = (of(Sphere::AuthalicWgs84, lat), of(Sphere::Geodetic, found));
        let cosine = ((Double::ONE + closed.z.abs()) * closed.below_pole).sqrt();
        most = most.max(((closed.z - found.z) / cosine).abs().0);
    }
    // 6.2e-15 of the series that ends at e^10, and what radians and degrees round.
    assert!((4e-15..7e-15).contains(&most), "{most}");
}

/// Centres of cells by the inverse equations, 5.1 of the paper: ring and place in it of a nested id, from them z and
/// longitude, both fractions of integers.
fn centre(order: u8, cell: u64) -> (Double, Double) {
    let n = 1u64 << order;
    let (facet, within) = (cell / (n * n), cell % (n * n));
    let bits = |from: u8| (0..order).fold(0, |x, bit| x | (within >> (2 * bit + from) & 1) << bit);
    let (x, y) = (bits(0) as i64, bits(1) as i64);
    let (row, column, n) = ((facet / 4) as i64, (facet % 4) as i64, n as i64);
    let ring = (row + 2) * n - (x + y) - 1;
    // How many eighths of a turn the facet's middle is east of longitude 0.
    let middle = 2 * column - row % 2 + 1;
    let number = |i: i64| Double::from(i as f64);
    let (z, per_quarter) = if ring < n {
        (Double::ONE - number(ring * ring) / number(3 * n * n), ring)
    } else if ring <= 3 * n {
        (number(4 * n - 2 * ring) / number(3 * n), n)
    } else {
        let from_pole = 4 * n - ring;
        let z = number(from_pole * from_pole) / number(3 * n * n) - Double::ONE;
        (z, from_pole)
    };
    let east = number(middle * per_quarter + x - y) / number(2 * per_quarter);
    (east, z)
}

#[test]
fn the_oracle_finds_every_cell_at_its_centre() {
    for order in 0..=6 {
        for cell in 0..12u64 << (2 * order) {
            let (east, z) = centre(order, cell);
            let place = place_of(quarters(east * 90.0.into()), &Height::at(z));
            assert_eq!(place.cell(order), cell, "order {order}");
        }
    }
    let mut dice = Dice(7);
    for order in 7..=24 {
        for _ in 0..2_000 {
            let cell = dice.roll() % (12 << (2 * order));
            let (east, z) = centre(order, cell);
            let place = place_of(quarters(east * 90.0.into()), &Height::at(z));
            assert_eq!(place.cell(order), cell, "order {order}");
        }
    }
}
