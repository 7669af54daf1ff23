//! locate: against the reference on the host, position by position.

use icefold::backend::Backend;
use icefold::config::GridConfig;
use icefold::grid::{Latitude, Locator, Order};
use icefold::photon::{Origin, PhotonBatch, Rows};

use super::{Subject, noise, on_emulation_and_device};

fn batch(positions: &[(f64, f64)]) -> PhotonBatch {
    let (lon, lat) = positions.iter().copied().unzip();
    PhotonBatch {
        origin: Origin {
            granule: "in_memory.h5".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..positions.len() as u64),
        },
        step: 0,
        lon,
        lat,
        columns: Vec::new(),
    }
}

/// The cells of positions are those of the reference.
fn locates<S: Subject>(name: &str, positions: &[(f64, f64)]) {
    let cuda = S::open();
    let batch = batch(positions);
    let photons = cuda.upload(&batch).unwrap();
    for latitude in [Latitude::AuthalicWgs84, Latitude::GeodeticSpherical] {
        for order in [0, 1, 6, 12, 19, 29] {
            let order = Order::new(order).unwrap();
            let grid = GridConfig {
                shard_order: Order::new(order.get().min(6)).unwrap(),
                chunk_order: None,
                cell_order: order,
                steps: 1,
                kind: latitude.into(),
            };
            let locator = Locator::new(order, latitude);
            let found = cuda.cells(&cuda.locate(&photons, &grid).unwrap()).unwrap();
            for (&(lon, lat), found) in positions.iter().zip(found) {
                let expected = locator.cell(lon, lat);
                assert_eq!(found, expected, "{name}: {lon} {lat} at order {order:?}");
            }
        }
    }
}

fn positions_all_over_the_globe<S: Subject>() {
    let any = |i| (noise(i, 1) * 360.0 - 180.0, noise(i, 2) * 180.0 - 90.0);
    locates::<S>("anywhere", &(0..20_000).map(any).collect::<Vec<_>>());
}

/// Multiples of what edges lie on, and their neighbours among f64.
fn positions_on_edges_meridians_and_poles<S: Subject>() {
    let around = |x: f64| [x.next_down(), x, x.next_up()];
    let transition = (2f64 / 3.0).asin().to_degrees();
    let latitudes = [
        -90.0,
        -89.999_999,
        -60.0,
        -transition,
        -30.0,
        -0.0,
        0.0,
        1e-300,
        19.47,
        41.9375,
        42.0,
        transition,
        66.6,
        89.999_999_999,
        90.0,
    ];
    let mut positions = Vec::new();
    for lat in latitudes
        .into_iter()
        .flat_map(around)
        .filter(|lat| lat.abs() <= 90.0)
    {
        for eighth in -16..=16 {
            let lons = around(f64::from(eighth) * 22.5);
            positions.extend(lons.into_iter().map(|lon| (lon, lat)));
        }
    }
    locates::<S>("edges", &positions);
}

fn longitudes_of_any_size<S: Subject>() {
    let lons = [
        -0.0,
        359.999_999_999,
        360.0,
        360.000_000_1,
        -360.0,
        -720.0,
        1e6,
        -1e15,
        1e300,
        -1e300,
        f64::MAX,
        5e-324,
    ];
    let positions = lons
        .into_iter()
        .flat_map(|lon| [-77.5, 0.0, 33.3, 88.8].map(|lat| (lon, lat)));
    locates::<S>("large", &positions.collect::<Vec<_>>());
}

fn along_a_track<S: Subject>() {
    let along = |i: usize| {
        (
            -45.0 + i as f64 * 2e-6,
            69.0 + i as f64 * 7e-6 + noise(i, 3) * 1e-6,
        )
    };
    locates::<S>("along track", &(0..10_000).map(along).collect::<Vec<_>>());
}

/// More distinct ancestors than the first table has slots.
fn more_ancestors_than_the_small_table_holds<S: Subject>() {
    let any = |i| (noise(i, 4) * 360.0, noise(i, 5) * 178.0 - 89.0);
    let positions: Vec<_> = (0..150_000).map(any).collect();
    let cuda = S::open();
    let batch = batch(&positions);
    let photons = cuda.upload(&batch).unwrap();
    let order = Order::new(29).unwrap();
    let grid = GridConfig {
        shard_order: order,
        chunk_order: None,
        cell_order: order,
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    };
    let locator = Locator::new(order, grid.kind);
    let found = cuda.cells(&cuda.locate(&photons, &grid).unwrap()).unwrap();
    let expected: Vec<u64> = positions
        .iter()
        .map(|&(lon, lat)| locator.cell(lon, lat))
        .collect();
    assert!(found == expected);
}

on_emulation_and_device!(
    positions_all_over_the_globe,
    positions_on_edges_meridians_and_poles,
    longitudes_of_any_size,
    along_a_track,
    more_ancestors_than_the_small_table_holds,
);
