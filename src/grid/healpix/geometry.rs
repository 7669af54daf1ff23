//! Where cells are: their centres and vertices, in geodetic degrees.
//!
//! Behind the line: the store's coordinates and the map's outlines come from here. The spherical part is
//! `cdshealpix`'s; the way back from the authalic latitude is in `latitude.rs`.

use crate::grid::{Latitude, Order, geodetic_from_authalic};

/// The centre of `cell` (NESTED) as (longitude, latitude) in geodetic degrees: longitude in
/// [-180, 180), latitude on WGS84.
///
/// # Panics
/// If `cell` is not below `order.cells()`.
pub fn center(order: Order, cell: u64, latitude: Latitude) -> (f64, f64) {
    geodetic_degrees(cdshealpix::nested::center(order.get(), cell), latitude)
}

/// The four vertices of `cell` (NESTED): south, east, north, west, each as [`center`] gives it.
///
/// A vertex at a pole has an arbitrary longitude.
///
/// # Panics
/// If `cell` is not below `order.cells()`.
pub fn vertices(order: Order, cell: u64, latitude: Latitude) -> [(f64, f64); 4] {
    cdshealpix::nested::vertices(order.get(), cell)
        .map(|position| geodetic_degrees(position, latitude))
}

/// Radians on the sphere, longitude in [0, 2 pi], as geodetic degrees.
fn geodetic_degrees((lon, lat): (f64, f64), latitude: Latitude) -> (f64, f64) {
    let phi = match latitude {
        Latitude::AuthalicWgs84 => geodetic_from_authalic(lat),
        Latitude::GeodeticSpherical => lat,
    };
    let lon = lon.to_degrees();
    let turns = ((lon + 180.0) / 360.0).floor();
    (lon - 360.0 * turns, phi.to_degrees().clamp(-90.0, 90.0))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are the fact under test")]
mod tests {
    use super::*;
    use crate::grid::Locator;

    const LATITUDES: [Latitude; 2] = [Latitude::AuthalicWgs84, Latitude::GeodeticSpherical];

    #[test]
    fn a_cell_contains_its_centre() {
        for latitude in LATITUDES {
            for k in 0..=29 {
                let order = Order::new(k).unwrap();
                let locator = Locator::new(order, latitude);
                let cells = order.cells();
                for i in 0..1000 {
                    let cell = ((u128::from(cells - 1) * i) / 999) as u64;
                    let (lon, lat) = center(order, cell, latitude);
                    assert!((-180.0..180.0).contains(&lon) && lat.abs() <= 90.0);
                    assert_eq!(locator.cell(lon, lat), cell, "order {k}: {lon}, {lat}");
                }
            }
        }
    }

    #[test]
    fn vertices_go_south_east_north_west_around_the_centre() {
        let order = Order::new(7).unwrap();
        for latitude in LATITUDES {
            // All in facet 4, on the prime meridian and the equator.
            for cell in (4 * 16_384)..(5 * 16_384) {
                let (lon, lat) = center(order, cell, latitude);
                let [south, east, north, west] = vertices(order, cell, latitude);
                assert!(south.1 < lat && lat < north.1);
                assert!(west.0 < lon && lon < east.0, "{west:?} {lon} {east:?}");
            }
        }
    }

    #[test]
    fn the_first_facet_spans_pole_and_equator() {
        let order = Order::new(0).unwrap();
        let [south, east, north, west] = vertices(order, 0, Latitude::AuthalicWgs84);
        assert!((south.0 - 45.0).abs() < 1e-12 && south.1.abs() < 1e-12);
        assert!((east.0 - 90.0).abs() < 1e-12 && (west.0 - 0.0).abs() < 1e-12);
        assert_eq!(north.1, 90.0);
        // The geodetic latitude whose authalic latitude has sine 2/3.
        assert!((west.1 - 41.937_9).abs() < 1e-3, "{west:?}");
    }
}
