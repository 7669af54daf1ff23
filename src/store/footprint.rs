//! Where the cells of a store are: a box of longitude and latitude around them, for its attributes.
//!
//! Beside the line: a store's writer asks. Tenths of a degree, outward, of the ancestors that cells have at order 8: these
//! are a quarter of a degree wide, so a sphere of them is looked at in no time, and whole tenths are the same on every
//! machine, whatever the last bit of a vertex is there.

use crate::grid::{Ascent, GeoBox, Grid, GridConfig, Order};

/// Steps of a degree.
const STEPS: f64 = 10.0;
/// Steps around the Earth.
const TURN: usize = 3600;
/// More than boxes are widened by, and than the last bits of a vertex are.
const INWARD: f64 = 2e-6;
/// The order whose cells are looked at, or that of the cells where it is coarser.
const LOOKED_AT: u8 = 8;

/// Of cells that come one after another; nothing of grids whose cells are not bounded by their vertices.
#[derive(Debug)]
pub struct Footprint {
    looked_at: Option<(Grid, Order, Ascent)>,
    last: Option<u64>,
    /// South and north, in steps.
    latitudes: Option<[i32; 2]>,
    /// Which steps of longitude from -180 have a cell.
    longitudes: Vec<bool>,
}

/// A box in degrees; where it goes across the antimeridian, west is the larger longitude.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Around {
    pub south: f64,
    pub north: f64,
    pub west: f64,
    pub east: f64,
}

impl Footprint {
    /// Of cells of a grid, none of which was seen.
    pub fn of(grid: &GridConfig) -> Self {
        let order = Order::new(LOOKED_AT).map_or(grid.cell_order, |o| o.min(grid.cell_order));
        let is_bounded = grid.kind.rectilinear().is_none() && grid.kind.lies_between_vertices();
        Self {
            looked_at: is_bounded.then(|| (grid.kind, order, grid.up(order))),
            last: None,
            latitudes: None,
            longitudes: vec![false; TURN],
        }
    }

    /// Adds cells.
    pub fn add(&mut self, cells: &[u64]) {
        let Some((grid, order, up)) = self.looked_at else {
            return;
        };
        for &cell in cells {
            let ancestor = up.of(cell);
            if self.last.replace(ancestor) != Some(ancestor) {
                self.add_box(&GeoBox::around(order, ancestor, grid));
            }
        }
    }

    fn add_box(&mut self, found: &GeoBox) {
        let low = |degrees: f64| ((degrees + INWARD) * STEPS).floor() as i32;
        let high = |degrees: f64| ((degrees - INWARD) * STEPS).ceil() as i32;
        let (south, north) = (low(found.south).max(-900), high(found.north).min(900));
        let [least, most] = self.latitudes.unwrap_or([south, north]);
        self.latitudes = Some([least.min(south), most.max(north)]);
        let (west, east) = (low(found.west), high(found.east));
        for step in west..east.min(west + TURN as i32) {
            let place = (step + TURN as i32 / 2).rem_euclid(TURN as i32);
            self.longitudes[place as usize] = true;
        }
    }

    /// The box around all cells; `None` where there are none.
    pub fn around(&self) -> Option<Around> {
        let [south, north] = self.latitudes?;
        let degrees = |step: i32| f64::from(step) / STEPS;
        let of_place = |place: usize| degrees(place as i32 - TURN as i32 / 2);
        let (west, east) = match self.widest_gap() {
            None => (0, TURN),
            // What ends at the antimeridian ends at 180.
            Some((0, to)) => (to, TURN),
            Some((from, to)) => (to, from),
        };
        Some(Around {
            south: degrees(south),
            north: degrees(north),
            west: of_place(west),
            east: of_place(east),
        })
    }

    /// Where the most longitudes without a cell begin and end, of equal ones the first.
    fn widest_gap(&self) -> Option<(usize, usize)> {
        let mut widest: Option<(usize, usize)> = None;
        for from in (0..TURN).filter(|&place| !self.longitudes[place]) {
            let before = (from + TURN - 1) % TURN;
            if !self.longitudes[before] {
                continue;
            }
            let length = (0..TURN).find(|length| self.longitudes[(from + length) % TURN]);
            let length = length.unwrap_or(TURN);
            if widest.is_none_or(|(_, most)| length > most) {
                widest = Some((from, length));
            }
        }
        widest.map(|(from, length)| (from, (from + length) % TURN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Latitude;

    fn footprint(positions: &[(f64, f64)]) -> Option<Around> {
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(6),
            chunk_order: None,
            cell_order: order(12),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        };
        let locator = grid.kind.locator(grid.cell_order);
        let (lon, lat): (Vec<f64>, Vec<f64>) = positions.iter().copied().unzip();
        let mut cells = vec![0; lon.len()];
        locator.cells(&lon, &lat, &mut cells);
        cells.sort_unstable();
        let mut footprint = Footprint::of(&grid);
        footprint.add(&cells);
        footprint.around()
    }

    #[test]
    fn positions_are_within_the_box_and_no_side_is_far_from_them() {
        assert_eq!(footprint(&[]), None);
        let found = footprint(&[(-50.0, 70.0), (-40.0, 60.0), (-45.5, 65.0)]).unwrap();
        assert!(found.west <= -50.0 && found.west > -51.5, "{found:?}");
        assert!(found.east >= -40.0 && found.east < -38.5, "{found:?}");
        assert!(found.south <= 60.0 && found.south > 59.4, "{found:?}");
        assert!(found.north >= 70.0 && found.north < 70.6, "{found:?}");
    }

    #[test]
    fn a_box_across_the_antimeridian_has_its_west_in_the_east() {
        let found = footprint(&[(179.0, 10.0), (-178.0, 12.0)]).unwrap();
        assert!(found.west > 178.0 && found.west <= 179.0, "{found:?}");
        assert!(found.east >= -178.0 && found.east < -177.0, "{found:?}");
    }

    #[test]
    fn cells_at_a_pole_have_all_longitudes() {
        let found = footprint(&[(17.0, 89.99)]).unwrap();
        assert_eq!((found.west, found.east, found.north), (-180.0, 180.0, 90.0));
    }
}
