//! Boxes of longitude and latitude around shards, and whether a box can share a point with any.
//!
//! Beside the line: `prune.rs` asks. The parallels and meridians through the vertices of a cell
//! bound it. Of HEALPix: in the plane of the projection (Calabretta and Roukema 2007) a cell is a square on
//! its corner, latitude ascends with y, and within a facet longitude with x, or near a pole with the
//! angle around it, so extremes lie at corners.

use crate::grid::{Grid, Order, ShardSet};

/// Degrees by which boxes are widened: far beyond all rounding, far below what matters.
const MARGIN: f64 = 1e-6;
/// Shards that come closer to a pole than this latitude are given all longitudes: there a rounding
/// error in the plane is many degrees of longitude.
const POLAR: f64 = 89.9;
/// Longitudes beyond are not compared: turns of 360 degrees are taken off exactly enough below.
const FARTHEST: f64 = 1e6;

/// A box in degrees; longitudes from `west` eastward to `east`, which may be beyond 180.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GeoBox {
    pub south: f64,
    pub north: f64,
    pub west: f64,
    pub east: f64,
}

impl GeoBox {
    /// The box around a shard, or any other cell.
    pub fn around(order: Order, shard: u64, grid: Grid) -> Self {
        if !grid.lies_between_vertices() {
            return Self {
                south: -90.0,
                north: 90.0,
                west: -180.0,
                east: 180.0,
            };
        }
        let [south, east, north, west] = grid.vertices(order, shard);
        let (south, north) = (south.1 - MARGIN, north.1 + MARGIN);
        let (west, east) = if north > POLAR || south < -POLAR {
            (-180.0, 180.0)
        } else if east.0 < west.0 {
            (west.0, east.0 + 360.0)
        } else {
            (west.0, east.0)
        };
        Self {
            south,
            north,
            west: west - MARGIN,
            east: east + MARGIN,
        }
    }

    /// Whether the two may share a point, whatever turn their longitudes are in.
    fn meets(&self, other: &Self) -> bool {
        if self.south > other.north || other.south > self.north {
            return false;
        }
        if [self.west, self.east]
            .iter()
            .any(|lon| lon.abs() > FARTHEST)
        {
            return true;
        }
        // The turn that brings the other's west to the first one not west of this box's west.
        let turns = ((self.west - other.west) / 360.0).floor();
        [turns, turns + 1.0].into_iter().any(|turns| {
            let (west, east) = (other.west + 360.0 * turns, other.east + 360.0 * turns);
            west <= self.east && self.west <= east
        })
    }
}

/// Boxes around the wanted shards.
#[derive(Debug)]
pub(crate) struct WantedBoxes(Vec<GeoBox>);

impl WantedBoxes {
    pub fn new(shards: &ShardSet, grid: impl Into<Grid>) -> Self {
        let (order, grid) = (shards.order(), grid.into());
        let around = |&shard| GeoBox::around(order, shard, grid);
        Self(shards.ids().iter().map(around).collect())
    }

    /// Whether a position in the box may lie in a wanted shard.
    pub fn meet(&self, found: &GeoBox) -> bool {
        self.0.iter().any(|wanted| found.meets(wanted))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grid::{Latitude, Locator};

    fn set(order: u8, shards: Vec<u64>) -> ShardSet {
        ShardSet::new(Order::new(order).unwrap(), shards)
    }

    fn point(lon: f64, lat: f64) -> GeoBox {
        GeoBox {
            south: lat,
            north: lat,
            west: lon,
            east: lon,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

        #[test]
        fn a_position_is_in_the_box_of_its_shard(
            order in 0u8..=29,
            lon in prop_oneof![-720.0f64..720.0, (-8i32..8).prop_map(|i| f64::from(i) * 45.0)],
            lat in prop_oneof![
                4 => -90.0f64..=90.0,
                1 => 89.0f64..=90.0,
                1 => -90.0f64..=-89.0,
                1 => Just(90.0),
                1 => 41.8f64..42.0,
                1 => Just(0.0),
            ],
            spherical: bool,
        ) {
            let latitude =
                if spherical { Latitude::GeodeticSpherical } else { Latitude::AuthalicWgs84 };
            let shard = Locator::new(Order::new(order).unwrap(), latitude).cell(lon, lat);
            let boxes = WantedBoxes::new(&set(order, vec![shard]), latitude);
            prop_assert!(boxes.meet(&point(lon, lat)), "{boxes:?}");
        }
    }

    #[test]
    fn far_boxes_do_not_meet_whatever_the_turn() {
        // Order 6, around (-45, 70).
        let latitude = Latitude::AuthalicWgs84;
        let shard = Locator::new(Order::new(6).unwrap(), latitude).cell(-45.0, 70.0);
        let boxes = WantedBoxes::new(&set(6, vec![shard]), latitude);
        for turn in [-720.0, 0.0, 360.0] {
            assert!(boxes.meet(&point(-45.0 + turn, 70.0)));
            assert!(!boxes.meet(&point(-50.0 + turn, 70.0)));
            assert!(!boxes.meet(&point(-45.0 + turn, 65.0)));
        }
        assert!(boxes.meet(&GeoBox {
            south: 0.0,
            north: 80.0,
            west: 0.0,
            east: 359.9
        }));
        assert!(!boxes.meet(&GeoBox {
            south: 0.0,
            north: 80.0,
            west: 0.0,
            east: 300.0
        }));
        assert!(boxes.meet(&point(1e18, 70.0)));
    }

    #[test]
    fn a_box_reaches_a_little_beyond_the_vertices_of_its_cell() {
        let grid = Grid::from(Latitude::AuthalicWgs84);
        for k in [0, 1, 3, 20] {
            let order = Order::new(k).unwrap();
            let cells = grid.cells(order);
            for cell in (0..cells).step_by((cells / 192).max(1) as usize) {
                let around = GeoBox::around(order, cell, grid);
                let vertices = grid.vertices(order, cell);
                let (south, north) = (vertices[0].1, vertices[2].1);
                assert!(around.south < south && around.south > south - 1e-5);
                assert!(around.north > north && around.north < north + 1e-5);
                if south < -89.9 || north > 89.9 {
                    assert!(around.west < -180.0 && around.east > 180.0, "{around:?}");
                    continue;
                }
                let ([_, east, _, west], wide) = (vertices, around.east - around.west);
                assert!(around.west < west.0 && around.west > west.0 - 1e-5);
                let reached = (around.east - east.0).rem_euclid(360.0);
                assert!(reached > 0.0 && reached < 1e-5, "{around:?}");
                // At a pole a facet's cells are a quarter wide.
                assert!(wide > 0.0 && wide < 90.1, "{around:?}");
            }
        }
        // The facet on the antimeridian: 45 degrees to both sides of it, and asin(2/3) to north and south.
        let spherical = Latitude::GeodeticSpherical.into();
        let facet = GeoBox::around(Order::new(0).unwrap(), 6, spherical);
        let known = [-41.810_314_895_778_6, 41.810_314_895_778_6, 135.0, 225.0];
        for (found, known) in [facet.south, facet.north, facet.west, facet.east]
            .iter()
            .zip(known)
        {
            assert!((found - known).abs() < 2e-6, "{facet:?}");
        }
    }

    #[test]
    fn a_box_around_what_has_curved_sides_is_the_whole_earth() {
        let asked = crate::grid::AskedRectilinear {
            crs: crate::grid::Crs::named("EPSG:3413").unwrap(),
            resolution: [1000.0; 2],
            bounds: [0.0, 0.0, 8000.0, 8000.0],
            chunk_shape: [8, 8],
            chunk_inner: None,
        };
        let grid = Grid::Rectilinear(crate::grid::Rectilinear::new(&asked).unwrap());
        let GeoBox {
            south,
            north,
            west,
            east,
        } = GeoBox::around(Order::new(0).unwrap(), 0, grid);
        assert_eq!([south, north, west, east], [-90.0, 90.0, -180.0, 180.0]);
    }

    #[test]
    fn boxes_that_touch_meet_and_boxes_to_the_north_or_south_do_not() {
        let wanted = GeoBox {
            south: 10.0,
            north: 20.0,
            west: 30.0,
            east: 40.0,
        };
        let at = |south: f64, north: f64, west: f64, east: f64| {
            wanted.meets(&GeoBox {
                south,
                north,
                west,
                east,
            })
        };
        for turn in [-720.0, -360.0, 0.0, 360.0, 999_720.0] {
            let east = |lon: f64| lon + turn;
            assert!(
                at(20.0, 30.0, east(35.0), east(36.0)) && at(0.0, 10.0, east(35.0), east(36.0))
            );
            assert!(
                at(12.0, 13.0, east(40.0), east(50.0)) && at(12.0, 13.0, east(20.0), east(30.0))
            );
            assert!(
                !at(20.5, 30.0, east(35.0), east(36.0)) && !at(0.0, 9.5, east(35.0), east(36.0))
            );
            assert!(
                !at(12.0, 13.0, east(40.5), east(50.0)) && !at(12.0, 13.0, east(20.0), east(29.5))
            );
        }
        // Of a million degrees turns are still taken off.
        let far = GeoBox {
            west: 1e6,
            east: 1e6,
            ..wanted
        };
        assert!(
            !far.meets(&wanted)
                && far.meets(&GeoBox {
                    west: 280.0,
                    east: 280.0,
                    ..wanted
                })
        );
    }
}
