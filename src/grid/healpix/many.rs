//! Many positions at once: the cells of positions that have nothing in common, and the one cell of
//! a box of positions that lie close together.
//!
//! Beside `locate.rs`, whose operations it repeats: ids do not depend on which way they were found.

use multiversion::multiversion;

use super::locate::{FacetPoint, Locator, interleave, meridian, place};
use crate::grid::Latitude;
use crate::grid::bounds::{Bounds, larger, smaller};

/// How far inside a cell the corners of a box must lie, in units of a facet's side. Rounding moves
/// a projected position by less than 2e-15, so every position of a box that passes is located in
/// the cell of the corners; a position nearer to an edge is always located by itself.
const MARGIN: f64 = 2e-14;

/// The numbers of boxes by their names in CUDA.
pub(super) const NUMBERS: [(&str, f64); 1] = [("BOX_MARGIN", MARGIN)];

impl Locator {
    /// The cell of every position, as [`Locator::cell`] finds it; slices of one length.
    pub fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        let wide = lon.iter().fold(0.0, |wide, lon| larger(wide, lon.abs()));
        if wide > 360.0 {
            for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
                *cell = self.cell(lon, lat);
            }
        } else if self.latitude() == Latitude::AuthalicWgs84 {
            cells_authalic(*self, lon, lat, cells);
        } else {
            cells_spherical(*self, lon, lat, cells);
        }
    }

    /// The cell that holds every position within the bounds, where the four corners prove it.
    ///
    /// Within a quarter of the belt or of a cap a rectangle of longitude and latitude is projected
    /// into the convex hull of its projected corners: in the belt each coordinate depends on one of
    /// the two and is monotone in it; in a cap position is bilinear in the offset of the meridian
    /// and the shrinking of the parallel. Cells are convex there, so corners in one cell mean that
    /// all is in that cell.
    pub fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        let Bounds { lon, lat } = bounds;
        if lon[0] < -360.0 || lon[1] > 360.0 || lon[1] - lon[0] >= 90.0 {
            return None;
        }
        let [west, east] = [meridian(lon[0]), meridian(lon[1])];
        let [low, high] = [self.parallel(lat[0]), self.parallel(lat[1])];
        let one_region = west.quarter == east.quarter
            && low.belt == high.belt
            && (low.belt || low.south == high.south);
        if !one_region {
            return None;
        }
        let corners = [
            place(west, low),
            place(west, high),
            place(east, low),
            place(east, high),
        ];
        self.cell_of_corners(corners, MARGIN)
    }

    /// The cell that all four corners lie in, if they do so by a margin in units of a facet's side.
    pub(super) fn cell_of_corners(&self, corners: [FacetPoint; 4], margin: f64) -> Option<u64> {
        let facet = corners[0].facet;
        if corners.iter().any(|corner| corner.facet != facet) {
            return None;
        }
        let x = self.row_of(corners.map(|corner| corner.x), margin)?;
        let y = self.row_of(corners.map(|corner| corner.y), margin)?;
        Some((facet << (2 * u32::from(self.order().get()))) | interleave(x, y))
    }

    /// The row of cells that all four coordinates lie in, if they do so by the margin.
    fn row_of(&self, coordinates: [f64; 4], margin: f64) -> Option<u64> {
        let [a, b, c, d] = coordinates;
        let side = (1u64 << self.order().get()) as f64;
        let low = (smaller(smaller(a, b), smaller(c, d)) - margin) * side;
        let high = (larger(larger(a, b), larger(c, d)) + margin) * side;
        // Both are tested to lie inside the facet, so truncation is the floor.
        let inside = low >= 0.0 && high < side;
        (inside && low as u32 == high as u32).then_some(low as u64)
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn cells_authalic(locator: Locator, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
    for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
        *cell = locator.cell_on::<true>(lon, lat);
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn cells_spherical(locator: Locator, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
    for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
        *cell = locator.cell_on::<false>(lon, lat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Order;
    use proptest::prelude::*;

    /// Latitudes everywhere, with poles, equator and the transition.
    fn latitude() -> impl Strategy<Value = f64> {
        prop_oneof![
            -90.0f64..=90.0,
            Just(90.0),
            Just(-90.0),
            Just(0.0),
            41.9f64..42.1,
            -42.1f64..-41.9,
            89.999f64..90.0,
        ]
    }

    fn longitude() -> impl Strategy<Value = f64> {
        prop_oneof![
            -180.0f64..360.0,
            (-4i32..=4).prop_map(|k| f64::from(k) * 45.0),
            89.9999f64..90.0001,
            359.9999f64..=360.0,
            -500.0f64..500.0,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn positions_located_together_have_the_cells_of_positions_located_alone(
            positions in prop::collection::vec((longitude(), latitude()), 0..70),
            order in 0u8..=29,
            authalic: bool,
        ) {
            let latitude = if authalic { Latitude::AuthalicWgs84 } else { Latitude::GeodeticSpherical };
            let locator = Locator::new(Order::new(order).unwrap(), latitude);
            let (lon, lat): (Vec<f64>, Vec<f64>) = positions.iter().copied().unzip();
            let mut cells = vec![0; lon.len()];
            locator.cells(&lon, &lat, &mut cells);
            let alone: Vec<u64> = positions.iter().map(|p| locator.cell(p.0, p.1)).collect();
            prop_assert_eq!(cells, alone);
        }

        #[test]
        fn a_cell_of_bounds_is_the_cell_of_every_position_within(
            lon in longitude(),
            lat in latitude(),
            size in -12.0f64..1.0,
            inside in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 1..40),
            order in 0u8..=29,
        ) {
            let locator = Locator::new(Order::new(order).unwrap(), Latitude::AuthalicWgs84);
            let size = 10f64.powf(size);
            let (east, north) = (lon + size, (lat + size).min(90.0));
            let bounds = Bounds { lon: [lon, east], lat: [lat, north] };
            if let Some(cell) = locator.cell_of_bounds(&bounds) {
                for (a, b) in inside.into_iter().chain([(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]) {
                    let x = (lon + a * (east - lon)).clamp(lon, east);
                    let y = (lat + b * (north - lat)).clamp(lat, north);
                    prop_assert_eq!(locator.cell(x, y), cell, "{} {}", x, y);
                }
            }
        }
    }

    #[test]
    fn small_boxes_away_from_edges_are_decided_by_their_corners() {
        let locator = Locator::new(Order::new(12).unwrap(), Latitude::AuthalicWgs84);
        let mut decided = 0;
        for i in 0..1000 {
            let lon = f64::from(i) * 0.36 - 180.0;
            let lat = f64::from(i) * 0.17 - 85.0;
            let bounds = Bounds {
                lon: [lon, lon + 1e-4],
                lat: [lat, lat + 1e-4],
            };
            decided += usize::from(locator.cell_of_bounds(&bounds).is_some());
        }
        assert!(decided > 900, "{decided}");
    }

    #[test]
    fn order_of_a_locator_is_the_one_asked_for() {
        let order = Order::new(7).unwrap();
        assert_eq!(Locator::new(order, Latitude::AuthalicWgs84).order(), order);
    }

    #[test]
    fn boxes_around_the_earth_have_no_cell() {
        for (lat, order) in [(10.0, 0), (60.0, 0), (10.0, 7), (-80.0, 3)] {
            let locator = Locator::new(Order::new(order).unwrap(), Latitude::AuthalicWgs84);
            for lon in [
                [-350.0, 10.0],
                [-350.0, 10.000_01],
                [-180.0, 180.0],
                [0.0, 90.0],
            ] {
                let lat = [lat, lat + 1e-5];
                assert_eq!(locator.cell_of_bounds(&Bounds { lon, lat }), None);
            }
        }
    }

    #[test]
    fn boxes_nearer_to_an_edge_than_rounding_are_not_decided() {
        let locator = Locator::new(Order::new(10).unwrap(), Latitude::GeodeticSpherical);
        let decided =
            |lon: [f64; 2], lat: [f64; 2]| locator.cell_of_bounds(&Bounds { lon, lat }).is_some();
        // The eastern corner of a cell of the equator.
        let lat = [0.0, 1e-9];
        assert!(decided([67.49, 67.5 - 1e-6], lat));
        assert!(!decided([67.49, 67.5 - 6e-13], lat));
        // The edge between the facets of the middle and of the north, at 20 degrees.
        let edge = 45.0 - 45.0 * (1.5 * 20f64.to_radians().sin());
        let lat = [20.0, 20.000_001];
        assert!(decided([edge + 1e-6, edge + 1e-3], lat));
        assert!(!decided([edge + 6e-13, edge + 1e-3], lat));
        // An edge inside of the facet, from the south-west.
        let locator = Locator::new(Order::new(3).unwrap(), Latitude::GeodeticSpherical);
        let decided = |east: f64| {
            let (lon, lat) = ([edge + 22.49, east], [20.0 - 1e-9, 20.0]);
            locator.cell_of_bounds(&Bounds { lon, lat }).is_some()
        };
        assert!(decided(edge + 22.5 - 1e-6) && !decided(edge + 22.5 - 6e-13));
    }

    #[test]
    fn a_box_that_is_decided_has_the_cell_of_its_corners() {
        for (order, decided) in [(0, 1000), (6, 900), (12, 800)] {
            let locator = Locator::new(Order::new(order).unwrap(), Latitude::AuthalicWgs84);
            let mut found = 0;
            for i in 0..1200 {
                // One and a half turns, as far as positions go.
                let lon = f64::from(i) * 0.9 - 540.0;
                let lat = f64::from(i) * 0.14 - 84.0;
                let bounds = Bounds {
                    lon: [lon, lon + 1e-4],
                    lat: [lat, lat + 1e-4],
                };
                if let Some(cell) = locator.cell_of_bounds(&bounds) {
                    found += 1;
                    for (lon, lat) in [(lon, lat), (lon + 1e-4, lat + 1e-4)] {
                        assert_eq!(locator.cell(lon, lat), cell, "{lon} {lat}");
                    }
                }
            }
            // Those beyond a turn are located one by one.
            assert!(3 * found > decided, "order {order}: {found}");
        }
    }
}
