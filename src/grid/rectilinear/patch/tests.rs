//! Patches have the cells of positions that are located one by one, wherever these lie.

use proptest::prelude::*;

use super::super::{Asked, OUTSIDE, Rectilinear};
use super::*;
use crate::grid::Order;
use crate::grid::projection::Crs;

/// Grids around both poles, of all kinds of projections, with cells from half a metre to 25 km.
fn grids() -> Vec<Rectilinear> {
    [
        ("EPSG:3031", 5000.0, [-3.2e6, -3.2e6, 3.2e6, 3.2e6]),
        ("EPSG:3413", 0.5, [-7e5, -3.4e6, -6e5, -3.3e6]),
        ("EPSG:3413", 1000.0, [-4e6, -4e6, 4e6, 4e6]),
        ("EPSG:3976", 100.0, [-3.9e6, -3.9e6, 3.9e6, 4.3e6]),
        ("EPSG:3411", 25_000.0, [-3.8e6, -5.3e6, 3.7e6, 5.8e6]),
        ("EPSG:3412", 7.0, [-1e5, -1e5, 1e5, 1e5]),
        ("EPSG:3571", 250.0, [-4e6, -4e6, 4e6, 4e6]),
        ("EPSG:3574", 3.0, [-3e5, -4e5, 3e5, 3e5]),
        ("EPSG:6933", 900.0, [-1.7367e7, -7.3e6, 1.7367e7, 7.3e6]),
        ("EPSG:6933", 2.0, [0.0, 0.0, 1e6, 1e6]),
        ("EPSG:32618", 10.0, [3e5, 4e6, 4e5, 4.2e6]),
        ("EPSG:4326", 0.01, [-180.0, -90.0, 180.0, 90.0]),
    ]
    .map(|(crs, size, bounds)| {
        let asked = Asked {
            crs: Crs::named(crs).unwrap(),
            resolution: [size, 2.0 * size],
            bounds,
            chunk_shape: [8, 12],
            chunk_inner: None,
        };
        Rectilinear::new(&asked).unwrap()
    })
    .into()
}

/// A position of the plane in cells, at or beside an edge, or anywhere: row or column, and how far from its edge.
fn along() -> impl Strategy<Value = (f64, f64)> {
    let beside = prop_oneof![Just(0.0), -1e-9f64..1e-9, -1e-5f64..1e-5, -0.5f64..0.5,];
    (0.0f64..=1.0, beside)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn positions_of_a_patch_have_the_cells_of_positions_alone(
        which in 0usize..12,
        (column, beside_column) in along(),
        (row, beside_row) in along(),
        spread in -11.0f64..0.2,
        jitter in prop::collection::vec((-1.0f64..=1.0, -1.0f64..=1.0), 1..150),
        box_of in 1usize..40,
        coarser in 0u8..4,
        special in 0usize..8,
    ) {
        let grid = grids()[which];
        let order = Order(grid.finest_order().get().saturating_sub(coarser));
        let locator = Locator::new(grid, order);
        // On an edge of a cell, or somewhere that is special.
        let finest = grid.shape(grid.finest_order());
        let [width, height] = grid.cell;
        let x = grid.west + ((column * f64::from(finest[1])).round() + beside_column) * width;
        let y = grid.north - ((row * f64::from(finest[0])).round() + beside_row) * height;
        let (lon, lat) = locator.projection.unproject(x, y);
        let (lon, lat) = match special {
            0 => (lon, 90.0),
            1 => (lon, -90.0),
            2 => (180.0, lat),
            3 => (-180.0, lat),
            4 => (lon + 360.0, lat),
            _ => (lon, lat),
        };
        prop_assume!(lon.is_finite() && lat.is_finite());
        let spread = 10f64.powf(spread);
        let lons: Vec<f64> = jitter.iter().map(|j| lon + j.0 * spread).collect();
        let lats: Vec<f64> = jitter.iter().map(|j| (lat + j.1 * spread * 0.5).clamp(-90.0, 90.0)).collect();
        let Some(patch) = locator.patch(&Bounds::of(&lons, &lats)) else {
            return Ok(());
        };
        let alone: Vec<u64> = lons.iter().zip(&lats).map(|(&x, &y)| locator.cell(x, y)).collect();
        let mut cells = vec![0; lons.len()];
        patch.cells(&lons, &lats, &mut cells);
        prop_assert_eq!(&cells, &alone, "{:?}", grid);
        for ((lons, lats), alone) in lons.chunks(box_of).zip(lats.chunks(box_of)).zip(alone.chunks(box_of)) {
            if let Some(cell) = patch.cell_of_bounds(&Bounds::of(lons, lats)) {
                prop_assert!(alone.iter().all(|found| *found == cell), "{cell} {alone:?} {grid:?}");
            }
        }
    }
}

/// A track of UTM's zone 18 in cells of 10 by 20 m is placed without the reference, but for what lies at edges.
#[test]
fn transverse_mercator_has_patches_and_they_place_nearly_all_of_a_track() {
    let locator = Locator::new(grids()[10], grids()[10].finest_order());
    let lats: Vec<f64> = (0..16_384).map(|i| 36.6 + f64::from(i) * 6e-6).collect();
    let lons: Vec<f64> = (0..16_384).map(|i| -76.7 + f64::from(i) * 2e-6).collect();
    let patch = locator.patch(&Bounds::of(&lons, &lats)).unwrap();
    let Kind::Smooth(smooth) = &patch.kind else {
        panic!("no smooth patch");
    };
    let (mut placed, mut settled, mut boxes) = (0, 0, 0);
    for (lons, lats) in lons.chunks(BLOCK).zip(lats.chunks(BLOCK)) {
        let (mut places, mut clear) = ([[0.0; BLOCK]; 2], [false; BLOCK]);
        smooth.place(lons, lats, &mut places, &mut clear);
        for i in (0..BLOCK).filter(|i| clear[*i]) {
            let cell = locator.id_at([places[1][i], places[0][i]]);
            assert_eq!(cell, locator.cell(lons[i], lats[i]));
            assert_ne!(cell, OUTSIDE);
            placed += 1;
        }
        // A quarter of a row is as long as a box.
        for (lons, lats) in lons.chunks(8).zip(lats.chunks(8)) {
            settled += usize::from(patch.cell_of_bounds(&Bounds::of(lons, lats)).is_some());
            boxes += 1;
        }
    }
    assert!(placed > 16_384 - 16, "{placed} of 16384");
    assert!(2 * settled > boxes, "{settled} of {boxes}");
    // Half as far from the meridian as patches reach, wider than they are, and beyond.
    let made = |lon: [f64; 2], lat: [f64; 2]| {
        let patch = locator.patch(&Bounds { lon, lat });
        patch.is_some_and(|patch| matches!(patch.kind, Kind::Smooth(_)))
    };
    assert!(made([-71.0, -70.9], [36.6, 36.7]));
    assert!(!made([-71.0, -70.8], [36.6, 36.7]));
    assert!(!made([-60.0, -59.9], [36.6, 36.7]));
}

#[test]
fn a_track_lies_in_patches_that_settle_nearly_all_of_it() {
    for (which, lat) in [(0, -75.0), (2, 72.0), (3, -85.0), (6, 70.0), (8, 40.0)] {
        let locator = Locator::new(grids()[which], grids()[which].finest_order());
        let lats: Vec<f64> = (0..4096).map(|i| lat + f64::from(i) * 6e-6).collect();
        let lons: Vec<f64> = (0..4096).map(|i| 31.0 + f64::from(i) * 2e-6).collect();
        let patch = locator.patch(&Bounds::of(&lons, &lats)).unwrap();
        let (mut settled, mut boxes) = (0, 0);
        for (lons, lats) in lons.chunks(16).zip(lats.chunks(16)) {
            settled += usize::from(patch.cell_of_bounds(&Bounds::of(lons, lats)).is_some());
            boxes += 1;
        }
        assert!(10 * settled > 7 * boxes, "{which}: {settled} of {boxes}");
        // Places are within the margin of the reference's, by far.
        let Kind::Product(patch) = patch.kind else {
            panic!("no product");
        };
        let mut places = [[0.0; BLOCK]; 2];
        let mut clear = [false; BLOCK];
        patch.place(&lons[..BLOCK], &lats[..BLOCK], &mut places, &mut clear);
        assert!(
            clear.iter().filter(|clear| **clear).count() >= BLOCK - 1,
            "{which}"
        );
        for (&lon, &lat) in lons.iter().zip(&lats) {
            let (x, y) = locator.projection.project(lon, lat);
            let (s, t) = (patch.lat.part(lat), patch.lon.part(lon));
            let by_patch = [0, 1].map(|side| {
                value(&patch.by_lat[side], s) * value(&patch.by_lon[side], t) + patch.from[side]
            });
            let [width, height] = locator.cell_size();
            let [west, north] = locator.corner();
            let off = [
                (by_patch[0] * width - (x - west)).abs(),
                (by_patch[1] * height - (north - y)).abs(),
            ];
            assert!(off.iter().all(|off| *off < 1e-7), "{which}: {off:?}");
        }
    }
}

/// Places on edges of cells are as far from them as rounding takes them: patches leave them to the reference.
#[test]
fn positions_on_edges_have_the_cells_of_positions_alone() {
    for (which, grid) in grids().into_iter().enumerate().take(11) {
        let locator = Locator::new(grid, grid.finest_order());
        let [rows, columns] = grid.shape(grid.finest_order());
        let [width, height] = grid.cell;
        for i in 0..40 {
            // On edges of columns, of rows, and of both.
            let column = f64::from(columns) * (0.1 + 0.02 * f64::from(i));
            let row = f64::from(rows) * (0.15 + 0.017 * f64::from(i));
            let (column, row) = match i % 3 {
                0 => (column.round(), row),
                1 => (column, row.round()),
                _ => (column.round(), row.round()),
            };
            let (x, y) = (grid.west + column * width, grid.north - row * height);
            let (lon, lat) = locator.projection.unproject(x, y);
            let reach = 0.03;
            let around = Bounds {
                lon: [lon - reach, lon + reach],
                lat: [(lat - reach).max(-90.0), (lat + reach).min(90.0)],
            };
            let Some(patch) = locator.patch(&around) else {
                continue;
            };
            let steps = (-3..=3).flat_map(|a| (-3..=3).map(move |b| (f64::from(a), f64::from(b))));
            let (lons, lats): (Vec<f64>, Vec<f64>) = steps
                .map(|(a, b)| (lon + a * 1e-13, (lat + b * 1e-13).clamp(-90.0, 90.0)))
                .unzip();
            let mut cells = vec![0; lons.len()];
            patch.cells(&lons, &lats, &mut cells);
            for ((&lon, &lat), cell) in lons.iter().zip(&lats).zip(cells) {
                assert_eq!(cell, locator.cell(lon, lat), "{which}: {lon} {lat}");
            }
        }
    }
}

/// Around a pole a parallel bends: between the ends of a box it goes farther from the pole than at them.
#[test]
fn boxes_across_the_meridians_of_the_axes_are_in_the_cells_of_all_their_positions() {
    for (resolution, bounds, middle) in [
        ([50_000.0, 40.0], [-75_000.0, -2.4e6, 75_000.0, -2e6], -45.0),
        ([40.0, 50_000.0], [2e6, -75_000.0, 2.4e6, 75_000.0], 45.0),
        ([50_000.0, 40.0], [-75_000.0, 2e6, 75_000.0, 2.4e6], 135.0),
        (
            [40.0, 50_000.0],
            [-2.4e6, -75_000.0, -2e6, 75_000.0],
            -135.0,
        ),
    ] {
        let asked = Asked {
            crs: Crs::named("EPSG:3413").unwrap(),
            resolution,
            bounds,
            chunk_shape: [1, 1],
            chunk_inner: None,
        };
        let grid = Rectilinear::new(&asked).unwrap();
        let locator = Locator::new(grid, grid.finest_order());
        let mut settled = 0;
        for i in 0..200 {
            let lat = 70.0 + f64::from(i) * 1.7e-4;
            for (west, east) in [(-0.3, 0.3), (-0.2, 0.35), (0.01, 0.02)] {
                let (west, east) = (middle + west, middle + east);
                let patch = Bounds {
                    lon: [middle - 0.4, middle + 0.4],
                    lat: [70.0, 70.1],
                };
                let patch = locator.patch(&patch).unwrap();
                let bounds = Bounds {
                    lon: [west, east],
                    lat: [lat, lat],
                };
                let Some(cell) = patch.cell_of_bounds(&bounds) else {
                    continue;
                };
                settled += 1;
                for part in 0..=20 {
                    let lon = west + (east - west) * f64::from(part) / 20.0;
                    assert_eq!(cell, locator.cell(lon, lat), "{lon} {lat}");
                }
            }
        }
        assert!(settled > 100, "{settled}");
    }
    let locator = Locator::new(grids()[2], grids()[2].finest_order());
    for lon in [[-540.2, -540.1], [540.1, 540.2]] {
        let lat = [72.0, 72.1];
        assert!(locator.patch(&Bounds { lon, lat }).is_none());
    }
}
