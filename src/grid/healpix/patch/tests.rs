//! Patches against the reference, position by position.

use super::*;
use crate::grid::{Latitude, Order, vertices};
use proptest::prelude::*;

/// Latitudes everywhere, with poles, equator and both sides of the transition.
fn latitude() -> impl Strategy<Value = f64> {
    prop_oneof![
        -90.0f64..=90.0,
        89.0f64..=90.0,
        -90.0f64..=-89.0,
        -0.5f64..0.5,
        41.0f64..42.9,
        -42.9f64..-41.0,
    ]
}

fn locator(order: u8, authalic: bool) -> Locator {
    let latitude = if authalic {
        Latitude::AuthalicWgs84
    } else {
        Latitude::GeodeticSpherical
    };
    Locator::new(Order::new(order).unwrap(), latitude)
}

/// Bounds that begin at a corner.
fn bounds(lon: f64, lat: f64, width: f64, height: f64) -> Bounds {
    Bounds {
        lon: [lon, (lon + width).min(360.0)],
        lat: [lat, (lat + height).min(90.0)],
    }
}

fn within(bounds: &Bounds, a: f64, b: f64) -> (f64, f64) {
    let Bounds { lon, lat } = bounds;
    let x = (lon[0] + a * (lon[1] - lon[0])).clamp(lon[0], lon[1]);
    let y = (lat[0] + b * (lat[1] - lat[0])).clamp(lat[0], lat[1]);
    (x, y)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn positions_of_a_patch_have_the_cells_of_the_reference(
        corner in (-360.0f64..359.0, latitude()),
        size in (-9.0f64..1.9, -9.0f64..0.0),
        inside in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 1..70),
        order in 0u8..=29,
        authalic: bool,
    ) {
        let locator = locator(order, authalic);
        let bounds = bounds(corner.0, corner.1, 10f64.powf(size.0), 10f64.powf(size.1));
        if let Some(patch) = locator.patch(&bounds) {
            let positions = inside.iter().map(|&(a, b)| within(&bounds, a, b));
            let (lon, lat): (Vec<f64>, Vec<f64>) = positions.unzip();
            let mut cells = vec![0; lon.len()];
            patch.cells(&lon, &lat, &mut cells);
            let alone: Vec<u64> = lon.iter().zip(&lat).map(|(&x, &y)| locator.cell(x, y)).collect();
            prop_assert_eq!(cells, alone);
        }
    }

    #[test]
    fn positions_beside_corners_of_cells_have_the_cells_of_the_reference(
        position in (-180.0f64..180.0, latitude()),
        order in 0u8..=29,
        steps in prop::collection::vec((-3i64..=3, -3i64..=3), 1..20),
        authalic: bool,
    ) {
        let locator = locator(order, authalic);
        let cell = locator.cell(position.0, position.1);
        let moved = |degrees: f64, ulps: i64| {
            f64::from_bits((degrees.to_bits() as i64 + ulps) as u64)
        };
        for (lon, lat) in vertices(locator.order(), cell, locator.latitude()) {
            let bounds = Bounds {
                lon: [lon - 1e-9, lon + 1e-9],
                lat: [(lat - 1e-9).max(-90.0), (lat + 1e-9).min(90.0)],
            };
            let Some(patch) = locator.patch(&bounds) else { continue };
            for &(east, north) in &steps {
                let (x, y) = (moved(lon, east), moved(lat, north).clamp(-90.0, 90.0));
                let mut found = [0];
                patch.cells(&[x], &[y], &mut found);
                prop_assert_eq!(found[0], locator.cell(x, y), "{} {}", x, y);
            }
        }
    }

    #[test]
    fn a_patchs_cell_of_bounds_is_the_cell_of_every_position_within(
        corner in (-360.0f64..359.0, latitude()),
        part in (0.0f64..1.0, 0.0f64..1.0),
        size in -9.0f64..0.0,
        inside in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 1..30),
        order in 0u8..=29,
    ) {
        let locator = locator(order, true);
        let outer = bounds(corner.0, corner.1, 1.0, 1.0);
        let size = 10f64.powf(size);
        let at = within(&outer, part.0 * (1.0 - size), part.1 * (1.0 - size));
        let inner = Bounds {
            lon: [at.0, (at.0 + size).min(outer.lon[1])],
            lat: [at.1, (at.1 + size).min(outer.lat[1])],
        };
        let cell = locator.patch(&outer).and_then(|patch| patch.cell_of_bounds(&inner));
        if let Some(cell) = cell {
            for (a, b) in inside.into_iter().chain([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]) {
                let (x, y) = within(&inner, a, b);
                prop_assert_eq!(locator.cell(x, y), cell, "{} {}", x, y);
            }
        }
    }

    #[test]
    fn the_polynomial_is_the_projection_to_a_tenth_of_the_margin(
        corner in (-80.0f64..80.0, latitude()),
        width in -9.0f64..=0.0,
        part in 0.0f64..=1.0,
        authalic: bool,
    ) {
        let locator = locator(29, authalic);
        let bounds = bounds(corner.0, corner.1, 0.1, 10f64.powf(width));
        if let Some(patch) = locator.patch(&bounds) {
            let (_, lat) = within(&bounds, 0.0, part);
            let error = patch.height(lat) - locator.parallel(lat).height;
            prop_assert!(error.abs() < 0.1 * MARGIN, "{}", error);
        }
    }
}

#[test]
fn most_positions_are_placed_without_the_reference() {
    let locator = locator(29, true);
    let lon: Vec<f64> = (0..4096).map(|i| -45.0 + f64::from(i) * 1.1e-6).collect();
    let lat: Vec<f64> = (0..4096).map(|i| 69.0 + f64::from(i) * 6.3e-6).collect();
    let patch = locator.patch(&Bounds::of(&lon, &lat)).unwrap();
    let mut cells = vec![0; lon.len()];
    cap_cells(&patch, &lon, &lat, &mut cells);
    let unplaced = cells.iter().filter(|&&cell| cell == UNPLACED).count();
    assert!(unplaced < 10, "{unplaced}");
}

#[test]
fn bounds_across_a_seam_or_too_high_are_no_patch() {
    let locator = locator(12, true);
    assert!(locator.patch(&bounds(89.9, 10.0, 0.2, 0.1)).is_none());
    assert!(locator.patch(&bounds(10.0, 41.8, 0.1, 0.5)).is_none());
    assert!(locator.patch(&bounds(10.0, 10.0, 0.1, 1.1)).is_none());
    assert!(locator.patch(&bounds(10.0, -0.3, 0.1, 0.6)).is_some());
}

/// Longitudes beside which positions of a latitude lie on edges of cells of the finest order, near this one.
fn on_edges(lon: f64, lat: f64, authalic: bool) -> [f64; 2] {
    let finest = locator(29, authalic);
    let at = |lon: f64| {
        let point = place(meridian(lon), finest.parallel(lat));
        [point.x, point.y]
    };
    let (here, there) = (at(lon), at(lon + 1e-3));
    [0, 1].map(|axis| {
        // In a quarter coordinates are linear in the longitude.
        let edge = (here[axis] * 536_870_912.0).round() / 536_870_912.0;
        lon + 1e-3 * (edge - here[axis]) / (there[axis] - here[axis])
    })
}

#[test]
fn positions_on_edges_have_the_cells_of_the_reference_in_belt_and_caps() {
    let mut by_reference = [0, 0];
    for i in 0..240 {
        let lat = f64::from(i) * 0.74 - 88.0;
        let lon = f64::from(i * 37 % 360) + 0.31;
        let authalic = i % 2 == 0;
        let locator = locator(29, authalic);
        // A track through the edges: 1e-7 degrees are some cells.
        let mut lons = vec![lon - 1e-7, lon + 1e-7];
        for edge in on_edges(lon, lat, authalic) {
            let word = edge.to_bits();
            lons.extend((word - 6..=word + 6).map(f64::from_bits));
        }
        let lats = vec![lat; lons.len()];
        let bounds = Bounds::of(&lons, &lats);
        let bounds = Bounds {
            lat: [lat - 0.3, lat + 0.4],
            ..bounds
        };
        let Some(patch) = locator.patch(&bounds) else {
            continue;
        };
        let mut cells = vec![0; lons.len()];
        patch.cells(&lons, &lats, &mut cells);
        for (&lon, cell) in lons.iter().zip(cells) {
            assert_eq!(cell, locator.cell(lon, lat), "{lon} {lat}");
        }
        by_reference[usize::from(patch.belt)] += 1;
    }
    assert!(
        by_reference.iter().all(|&patches| patches > 90),
        "{by_reference:?}"
    );
}

#[test]
fn tracks_of_belt_and_caps_are_placed_without_the_reference_and_settled_by_boxes() {
    for (first, authalic) in [(10.1, true), (-30.6, false), (60.2, false), (-75.3, true)] {
        let locator = locator(12, authalic);
        let lon: Vec<f64> = (0..2048).map(|i| 120.0 + f64::from(i) * 1.1e-6).collect();
        let lat: Vec<f64> = (0..2048).map(|i| first + f64::from(i) * 6.3e-6).collect();
        // As high as a patch may be.
        let bounds = Bounds {
            lon: [119.0, 121.0],
            lat: [first - 0.5, first - 0.5 + Patch::ROOM[1]],
        };
        let patch = locator.patch(&bounds).unwrap();
        let mut cells = vec![0; lon.len()];
        if patch.belt {
            belt_cells(&patch, &lon, &lat, &mut cells);
        } else {
            cap_cells(&patch, &lon, &lat, &mut cells);
        }
        let unplaced = cells.iter().filter(|&&cell| cell == UNPLACED).count();
        assert!(unplaced < 2, "{first}: {unplaced}");
        let mut settled = 0;
        for (lon, lat) in lon.chunks(32).zip(lat.chunks(32)) {
            let Some(cell) = patch.cell_of_bounds(&Bounds::of(lon, lat)) else {
                continue;
            };
            settled += 1;
            for (&lon, &lat) in lon.iter().zip(lat) {
                assert_eq!(cell, locator.cell(lon, lat));
            }
        }
        assert!(settled > 55, "{first}: {settled} of 64");
    }
}

#[test]
fn there_are_patches_all_around_the_earth() {
    let locator = locator(12, true);
    for i in -36..36 {
        let lon = 10.0 * f64::from(i);
        for lat in [-80.0, -10.0, 5.0, 60.0] {
            let bounds = bounds(lon, lat, 9.9, 1.0);
            assert!(locator.patch(&bounds).is_some(), "{lon} {lat}");
        }
    }
    let at = |lon, lat| locator.patch(&Bounds { lon, lat }).is_some();
    assert!(at([0.0, 0.1], [10.0, 11.0]) && at([0.0, 0.0], [10.0, 10.0]));
    assert!(at([0.0, 89.9], [10.0, 10.5]) && !at([0.0, 90.0], [10.0, 10.5]));
    assert!(!at([-350.0, 10.0], [10.0, 10.5]));
}
