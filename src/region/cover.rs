//! The cells of a grid that touch a region.
//!
//! Beside the line: whoever writes all cells of a region asks. Cells have curved borders, so they are held against the
//! region by the boxes around them, and those that an edge crosses by the boxes around parts of them: no cell that
//! touches the region is missed, and the others come within a small part of a cell of it.

use std::ops::Range;

use super::{HALF, Region, Side, TURN};
use crate::grid::{Bounds, GeoBox, Grid, Order};

/// By how many orders the parts of a cell are finer by which it is settled.
const FINER: u8 = 2;
/// Cells of a region at most: what is beyond would fill a disk with fill values.
const MOST: u64 = 1 << 31;

impl Region {
    /// Ascending ranges of the cells that touch the region, none next to another.
    ///
    /// # Errors
    /// In words, more cells than are written.
    pub(crate) fn cells(&self, grid: Grid, order: Order) -> Result<Vec<Range<u64>>, String> {
        self.covered(grid, order).map(|covered| covered.touched)
    }

    /// The same, and which of them lie in it whole.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn covered(&self, grid: Grid, order: Order) -> Result<Covered, String> {
        let mut cover = Cover {
            region: self,
            grid,
            order,
            parts: Order::new(order.get() + FINER).unwrap_or(Order::MAX),
            found: Covered::default(),
            cells: 0,
        };
        let base = Order::new(0).unwrap_or(order);
        for cell in 0..grid.cells(base) {
            cover.add(base, cell)?;
        }
        Ok(cover.found)
    }
}

/// Cells by how they lie to a region, in ascending ranges of which none is next to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Covered {
    /// Those that touch it.
    pub touched: Vec<Range<u64>>,
    /// Of these, those of which every position is in it.
    pub inside: Vec<Range<u64>>,
}

struct Cover<'a> {
    region: &'a Region,
    grid: Grid,
    order: Order,
    /// Of the parts of cells.
    parts: Order,
    found: Covered,
    cells: u64,
}

impl Cover<'_> {
    /// Adds the cells within one of an order that is no finer than theirs.
    fn add(&mut self, at: Order, cell: u64) -> Result<(), String> {
        match self.side(at, cell) {
            Side::Inside => {
                let cells = self.grid.down(cell, at, self.order);
                join(&mut self.found.inside, &cells);
                self.push(cells)
            }
            Side::Crossed if at < self.order => {
                let finer = finer(at);
                let mut parts = self.grid.down(cell, at, finer);
                parts.try_for_each(|part| self.add(finer, part))
            }
            Side::Crossed if self.is_touched(at, cell) => self.push(cell..cell + 1),
            Side::Crossed | Side::Outside => Ok(()),
        }
    }

    /// Whether a part of a cell may touch the region.
    fn is_touched(&self, at: Order, cell: u64) -> bool {
        match self.side(at, cell) {
            Side::Outside => false,
            Side::Crossed if at < self.parts => {
                let finer = finer(at);
                let mut parts = self.grid.down(cell, at, finer);
                parts.any(|part| self.is_touched(finer, part))
            }
            Side::Inside | Side::Crossed => true,
        }
    }

    fn push(&mut self, cells: Range<u64>) -> Result<(), String> {
        self.cells += cells.end - cells.start;
        if self.cells > MOST {
            return Err(format!(
                "has more than {MOST} cells of order {}; choose a smaller region or a coarser order",
                self.order
            ));
        }
        join(&mut self.found.touched, &cells);
        Ok(())
    }

    /// Where the box around a cell lies.
    fn side(&self, at: Order, cell: u64) -> Side {
        let GeoBox {
            south,
            north,
            west,
            east,
        } = GeoBox::around(at, cell, self.grid);
        // On both sides of the antimeridian there may be a part of it.
        let parts = if east - west >= TURN {
            vec![[-HALF, HALF]]
        } else if west < -HALF {
            vec![[west + TURN, HALF], [-HALF, east]]
        } else if east > HALF {
            vec![[west, HALF], [-HALF, east - TURN]]
        } else {
            vec![[west, east]]
        };
        let lat = [south.max(-90.0), north.min(90.0)];
        let sides = parts
            .into_iter()
            .map(|lon| self.region.side(&Bounds { lon, lat }));
        let one = |a: Side, b: Side| if a == b { a } else { Side::Crossed };
        sides.reduce(one).unwrap_or(Side::Crossed)
    }
}

/// Adds a range that lies behind the others.
fn join(ranges: &mut Vec<Range<u64>>, cells: &Range<u64>) {
    match ranges.last_mut() {
        Some(last) if last.end == cells.start => last.end = cells.end,
        _ => ranges.push(cells.clone()),
    }
}

/// The next order.
fn finer(order: Order) -> Order {
    Order::new(order.get() + 1).unwrap_or(Order::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grid::{Latitude, Locator};

    fn triangle() -> Region {
        let ring = "[[[-60,60],[-58,60.1],[-59,61.3],[-60,60]],[[-59.2,60.3],[-58.8,60.3],[-59,60.6],[-59.2,60.3]]]";
        Region::of_geojson(&format!(r#"{{"type":"Polygon","coordinates":{ring}}}"#)).unwrap()
    }

    fn has(ranges: &[Range<u64>], cell: u64) -> bool {
        ranges.iter().any(|range| range.contains(&cell))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn the_cell_of_a_position_in_a_region_is_one_of_its_cells(
            lon in -60.0f64..-58.0, lat in 60.0f64..61.3, order in 0u8..=9, spherical: bool,
        ) {
            let latitude =
                if spherical { Latitude::GeodeticSpherical } else { Latitude::AuthalicWgs84 };
            let region = triangle();
            if !region.contains(lon, lat) {
                return Ok(());
            }
            let order = Order::new(order).unwrap();
            let cells = region.cells(latitude.into(), order).unwrap();
            prop_assert!(has(&cells, Locator::new(order, latitude).cell(lon, lat)));
        }
    }

    #[test]
    fn cells_of_a_region_are_those_near_it() {
        let (latitude, order) = (Latitude::AuthalicWgs84, Order::new(9).unwrap());
        let region = triangle();
        let found = region.cells(latitude.into(), order).unwrap();
        assert!(found.windows(2).all(|pair| pair[0].end < pair[1].start));
        // A cell is some 0.11 degrees wide: on a fine raster, no position is further from one in the region.
        let near = |lon: f64, lat: f64| {
            let steps = || (-8..=8).map(|i| f64::from(i) * 0.02);
            steps().any(|x| steps().any(|y| region.contains(lon + 2.0 * x, lat + y)))
        };
        for cell in found.iter().cloned().flatten() {
            let (lon, lat) = Grid::from(latitude).center(order, cell);
            assert!(near(lon, lat), "{cell} at {lon}, {lat}");
        }
        // In the middle of the hole there are no small ones.
        let order = Order::new(11).unwrap();
        let found = region.cells(latitude.into(), order).unwrap();
        let hole = Locator::new(order, latitude).cell(-59.0, 60.42);
        assert!(!has(&found, hole));
    }

    #[test]
    fn the_whole_earth_has_all_cells_and_caps_have_their_poles() {
        let grid = Grid::default();
        for order in 0..6 {
            let order = Order::new(order).unwrap();
            let all = Region::of_box(-180.0, -90.0, 180.0, 90.0).unwrap();
            let cells = all.cells(grid, order).unwrap();
            assert_eq!((cells.len(), cells[0].clone()), (1, 0..grid.cells(order)));
        }
        let order = Order::new(5).unwrap();
        for (south, north, pole) in [(85.0, 90.0, 90.0), (-90.0, -85.0, -90.0)] {
            let cap = Region::of_box(-180.0, south, 180.0, north).unwrap();
            let cells = cap.cells(grid, order).unwrap();
            for lon in [-180.0, -90.0, 0.0, 90.0, 179.9] {
                assert!(has(&cells, Locator::new(order, grid).cell(lon, pole)));
            }
        }
        let across = Region::of_box(179.5, 10.0, -179.5, 11.0).unwrap();
        let cells = across.cells(grid, Order::new(7).unwrap()).unwrap();
        for lon in [179.6, 180.0, -179.6] {
            assert!(has(
                &cells,
                Locator::new(Order::new(7).unwrap(), grid).cell(lon, 10.5)
            ));
        }
        assert!(!has(
            &cells,
            Locator::new(Order::new(7).unwrap(), grid).cell(170.0, 10.5)
        ));
    }

    #[test]
    fn cells_inside_have_no_position_outside() {
        let (region, grid) = (triangle(), Grid::default());
        for order in [7, 9, 11] {
            let order = Order::new(order).unwrap();
            let Covered { touched, inside } = region.covered(grid, order).unwrap();
            assert_eq!(touched, region.cells(grid, order).unwrap());
            let locator = Locator::new(order, grid);
            let mut seen = [0_usize; 2];
            for i in 0..200 {
                for j in 0..200 {
                    let (lon, lat) = (-60.5 + f64::from(i) * 0.015, 59.8 + f64::from(j) * 0.01);
                    let cell = locator.cell(lon, lat);
                    if has(&inside, cell) {
                        assert!(region.contains(lon, lat), "{cell}: {lon}, {lat}");
                        seen[0] += 1;
                    } else if !has(&touched, cell) {
                        assert!(!region.contains(lon, lat), "{cell}: {lon}, {lat}");
                        seen[1] += 1;
                    }
                }
            }
            assert!(seen[1] > 0 && (order.get() < 9 || seen[0] > 0), "{seen:?}");
        }
    }

    #[test]
    fn more_cells_than_a_disk_holds_are_refused() {
        let all = Region::of_box(-180.0, -90.0, 180.0, 90.0).unwrap();
        let error = all
            .cells(Grid::default(), Order::new(20).unwrap())
            .unwrap_err();
        assert!(
            error.contains("has more than 2147483648 cells of order 20"),
            "{error}"
        );
    }
}
