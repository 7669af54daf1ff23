//! Rectilinear grids: ids, orders, and cells of positions.

use proptest::prelude::*;

use super::*;
use crate::grid::locator::Locate;
use crate::grid::seam::Tiling;
use crate::grid::{Bounds, Grid};

mod boxes;
mod stated;

fn asked(crs: &str, resolution: f64, bounds: [f64; 4], chunk_shape: [u32; 2]) -> Asked {
    Asked {
        crs: Crs::named(crs).unwrap(),
        resolution: [resolution; 2],
        bounds,
        chunk_shape,
        chunk_inner: None,
    }
}

fn grid(crs: &str, resolution: f64, bounds: [f64; 4], chunk_shape: [u32; 2]) -> Rectilinear {
    Rectilinear::new(&asked(crs, resolution, bounds, chunk_shape)).unwrap()
}

/// Of Antarctica, of Greenland, of a zone of UTM, of degrees, and of equal areas.
fn grids() -> [Rectilinear; 7] {
    [
        grid(
            "EPSG:3031",
            5000.0,
            [-3.2e6, -3.2e6, 3.2e6, 3.2e6],
            [256, 256],
        ),
        grid("EPSG:3413", 1000.0, [-7e5, -3.4e6, 9e5, -6e5], [120, 72]),
        grid(
            "EPSG:32618",
            10.0,
            [358_300.0, 4_299_600.0, 370_300.0, 4_311_600.0],
            [300, 300],
        ),
        grid("EPSG:4326", 0.1, [-180.0, -90.0, 180.0, 90.0], [100, 150]),
        grid("EPSG:4326", 0.25, [100.0, 30.0, 300.0, 80.0], [7, 5]),
        grid("EPSG:3574", 2500.0, [-3e6, -4e6, 3e6, 3e6], [80, 100]),
        grid("EPSG:6933", 900.0, [-1.7e7, -7.2e6, 1.6e7, 7.1e6], [64, 48]),
    ]
}

#[test]
fn ids_of_every_order_are_those_of_places_and_lie_in_their_ancestors() {
    for grid in [
        grid("EPSG:3031", 1.0, [0.0, 0.0, 30.0, 20.0], [12, 8]),
        grid("EPSG:3031", 1.0, [0.0, 0.0, 30.0, 20.0], [8, 8]),
        grid("EPSG:3031", 1.0, [0.0, 0.0, 30.0, 20.0], [7, 5]),
        grid("EPSG:3031", 1.0, [0.0, 0.0, 3.0, 2.0], [1, 1]),
    ] {
        let finest = grid.finest_order();
        for order in (0..=finest.get()).map(Order) {
            let level = grid.level(order);
            let [rows, columns] = grid.shape(order);
            assert_eq!(level.cells(), u64::from(rows) * u64::from(columns));
            let mut seen = vec![false; level.cells() as usize];
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |c| (row, c))) {
                let id = level.id(row, column);
                assert_eq!(level.row_column(id), [row, column]);
                assert!(!std::mem::replace(&mut seen[id as usize], true));
                for coarser in (0..order.get()).map(Order) {
                    let side = |side: usize| grid.level(coarser).side[side] / level.side[side];
                    let above = grid.level(coarser).id(row / side(0), column / side(1));
                    assert_eq!(grid.ancestor(id, order, coarser), above);
                    let below = grid.within(coarser, order);
                    assert!((above * below..(above + 1) * below).contains(&id));
                }
            }
        }
        assert_eq!(grid.order_of_factor(1), Some(finest));
        assert_eq!(grid.order_of_factor(3), None);
    }
}

#[test]
fn a_grid_goes_on_to_the_east_and_south_until_its_shards_are_whole() {
    let grid = grid("EPSG:3031", 5000.0, [-2e6, -1e6, 2e6, 1e6], [256, 256]);
    assert_eq!(grid.shape(grid.finest_order()), [512, 1024]);
    assert_eq!(
        grid.bounds(),
        [-2e6, 1e6 - 512.0 * 5000.0, -2e6 + 1024.0 * 5000.0, 1e6]
    );
    assert_eq!(grid.finest_order(), Order(8));
    assert_eq!(
        (grid.group(Order(8)), grid.group(Order(5))),
        ("rectilinear".into(), "rectilinear_8".into())
    );
}

#[test]
fn a_grid_is_read_back_from_what_its_groups_state() {
    for grid in grids() {
        for order in [0, 1, grid.finest_order().get()].map(Order) {
            let stated = serde_json::json!({"icefold": {"grid": grid.stated(order)}});
            let found = Rectilinear::of_attributes(stated.as_object().unwrap());
            assert_eq!(found.unwrap().unwrap(), (grid, order));
        }
    }
}

#[test]
fn shards_that_go_on_beyond_where_utm_is_exact_are_refused() {
    let utm = |columns| Asked {
        crs: Crs::named("EPSG:32618").unwrap(),
        resolution: [50_000.0; 2],
        bounds: [-3_400_000.0, -5_000_000.0, 4_400_000.0, 5_000_000.0],
        chunk_shape: [300, columns],
        chunk_inner: None,
    };
    let (key, why) = Rectilinear::new(&utm(300)).unwrap_err();
    assert_eq!(key, "chunk_shape");
    assert!(
        why.contains("as far as x = 11600000.0; a grid of UTM lies within 3900 km"),
        "{why}"
    );
    assert_eq!(
        Rectilinear::new(&utm(156)).unwrap().bounds()[2],
        4_400_000.0
    );
}

#[test]
fn what_makes_no_grid_is_refused_by_its_key() {
    let fine = asked(
        "EPSG:32618",
        10.0,
        [358_300.0, 4_299_600.0, 370_300.0, 4_311_600.0],
        [300, 300],
    );
    let wrong = [
        (
            Asked {
                resolution: [0.0, 1.0],
                ..fine
            },
            "resolution",
            "wider and higher than 0",
        ),
        (
            Asked {
                resolution: [1.0, f64::NAN],
                ..fine
            },
            "resolution",
            "wider",
        ),
        (
            Asked {
                resolution: [1e-9, 1.0],
                ..fine
            },
            "resolution",
            "cells along a side",
        ),
        (
            Asked {
                bounds: [5.0, 0.0, 4.0, 1.0],
                ..fine
            },
            "bounds",
            "west < east",
        ),
        (
            Asked {
                bounds: [0.0, 0.0, 9e6, 1.0],
                ..fine
            },
            "bounds",
            "within 3900 km",
        ),
        (
            Asked {
                chunk_shape: [0, 5],
                ..fine
            },
            "chunk_shape",
            "1 or more",
        ),
        (
            Asked {
                chunk_shape: [1 << 20, 1 << 20],
                ..fine
            },
            "chunk_shape",
            "at most together",
        ),
        (
            Asked {
                chunk_inner: Some([70, 75]),
                ..fine
            },
            "chunk_inner",
            "does not divide",
        ),
    ];
    for (asked, key, says) in wrong {
        let (found, message) = Rectilinear::new(&asked).unwrap_err();
        assert!(found == key && message.contains(says), "{found}: {message}");
    }
}

#[test]
fn bounds_in_degrees_are_within_the_poles_and_a_turn() {
    for (bounds, says) in [
        ([-180.0, -91.0, 180.0, 90.0], "latitudes"),
        ([-180.0, -90.0, 181.0, 90.0], "360 degrees at most"),
    ] {
        let asked = asked("EPSG:4326", 1.0, bounds, [10, 10]);
        assert!(Rectilinear::new(&asked).unwrap_err().1.contains(says));
    }
}

#[test]
fn a_position_is_in_the_cell_of_its_row_and_column_and_edges_are_of_the_cells_east_and_south() {
    let degrees = grids()[4];
    let finest = degrees.finest_order();
    let locator = degrees.locator(finest);
    let at = |row: u32, column: u32| degrees.level(finest).id(row, column);
    for (lon, lat, cell) in [
        (100.0, 80.0, at(0, 0)),
        (100.25, 79.75, at(1, 1)),
        (100.24, 79.76, at(0, 0)),
        (-90.0, 50.0, at(120, 680)),
        (270.0, 50.0, at(120, 680)),
        (-450.0, 50.0, at(120, 680)),
        (99.99, 50.0, OUTSIDE),
        (459.99, 50.0, OUTSIDE),
        (-59.99, 50.0, OUTSIDE),
        (150.0, 80.01, OUTSIDE),
        (f64::NAN, 50.0, OUTSIDE),
        (f64::INFINITY, 50.0, OUTSIDE),
        (150.0, f64::NAN, OUTSIDE),
    ] {
        assert_eq!(locator.cell(lon, lat), cell, "{lon} {lat}");
    }
    let around = grids()[3];
    let locator = around.locator(around.finest_order());
    assert_eq!(locator.cell(180.0, 10.05), locator.cell(-180.0, 10.05));
    assert_ne!(locator.cell((-180f64).next_down(), 10.05), OUTSIDE);
}

#[test]
fn a_cell_holds_its_centre() {
    for grid in grids() {
        let finest = grid.finest_order();
        for order in (0..=finest.get()).map(Order) {
            let locator = grid.locator(order);
            let cells = grid.cells(order);
            for i in 0..500 {
                let cell = ((u128::from(cells - 1) * i) / 499) as u64;
                let (lon, lat) = grid.center(order, cell);
                // What was added for whole shards may be beyond the poles.
                if grid.crs().is_geographic() && lat <= -90.0 {
                    continue;
                }
                assert_eq!(
                    locator.cell(lon, lat),
                    cell,
                    "{grid:?} {order}: {lon}, {lat}"
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn positions_of_a_box_that_is_settled_are_in_its_cell(
        which in 0usize..7,
        coarser in 0u8..4,
        place in (0.0f64..1.0, 0.0f64..1.0),
        size in -9.0f64..0.3,
        flat in 0.0f64..1.0,
        turn in -1i8..=1,
        inside in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 1..40),
    ) {
        let grid = grids()[which];
        let order = Order(grid.finest_order().get().saturating_sub(coarser));
        let [west, south, east, north] = grid.bounds();
        let x = west + (east - west) * (1.2 * place.0 - 0.1);
        let y = south + (north - south) * (1.2 * place.1 - 0.1);
        let (lon, lat) = grid.crs().projection().unproject(x, y);
        let lon = (lon + 360.0 * f64::from(turn)).clamp(-540.0, 540.0);
        let size = 10f64.powf(size);
        let bounds = Bounds {
            lon: [lon, (lon + size / lat.to_radians().cos().max(1e-3)).min(540.0)],
            lat: [lat, (lat + size * flat).min(90.0)],
        };
        let locator = Grid::Rectilinear(grid).locator(order);
        if let Some(cell) = locator.cell_of_bounds(&bounds) {
            let between = |ends: [f64; 2], at: f64| (ends[0] + (ends[1] - ends[0]) * at).clamp(ends[0], ends[1]);
            for (a, b) in inside {
                let found = locator.cell(between(bounds.lon, a), between(bounds.lat, b));
                prop_assert_eq!(found, cell);
            }
        }
    }
}
