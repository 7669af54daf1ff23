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
}
