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
