//! Which photons lie on the grid, where it has edges: the others have no cell.
//!
//! On the line: rows are marked by position before any other test, as in `wanted.rs`. Whoever locates photons later meets
//! none that lies outside.

use std::ops::Range;

use super::wanted;
use crate::grid::{GridConfig, Locator, shard_runs};

/// Why photons outside the grid of a config are rejected.
pub const OUTSIDE_GRID: &str = "outside_grid";

/// The edges of a grid.
#[derive(Debug, Clone)]
pub struct Edges(Locator);

impl Edges {
    /// Of a grid that has any.
    pub fn of(grid: &GridConfig) -> Option<Self> {
        grid.kind.has_edges().then(|| Self(grid.shard_locator()))
    }

    /// Clears the marks of positions outside; those whose mark is clear already may be anything.
    pub(super) fn narrow(&self, lon: &[f64], lat: &[f64], marks: &mut [u8]) {
        wanted::narrow((lon, lat), marks, |lon, lat, outside| {
            self.each_outside(lon, lat, outside);
        });
    }

    /// Drops the positions outside from some of them, given by their places.
    pub fn retain(&self, lon: &[f64], lat: &[f64], places: &mut Vec<u32>) {
        wanted::retain(lon.len(), places, |marks| self.narrow(lon, lat, marks));
    }

    fn each_outside(&self, lon: &[f64], lat: &[f64], mut outside: impl FnMut(Range<usize>)) {
        shard_runs(&self.0, lon, lat, |shard, photons| {
            if shard == Locator::OUTSIDE {
                outside(photons);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{AskedRectilinear, Crs, Grid, Latitude, Order, Rectilinear};

    #[test]
    fn marks_and_places_stay_where_the_grid_is() {
        let asked = AskedRectilinear {
            crs: Crs::named("EPSG:3031").unwrap(),
            resolution: [500.0; 2],
            bounds: [-100_000.0, -50_000.0, 100_000.0, 50_000.0],
            chunk_shape: [20, 20],
            chunk_inner: None,
        };
        let kind = Grid::Rectilinear(Rectilinear::new(&asked).unwrap());
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(0),
            chunk_order: None,
            cell_order: kind.finest(),
            steps: 1,
            kind,
        };
        let edges = Edges::of(&grid).unwrap();
        let lon: Vec<f64> = (0..20_000).map(|i| f64::from(i) * 0.018 - 180.0).collect();
        let lat: Vec<f64> = (0..20_000)
            .map(|i| f64::from(i % 5000) * 4e-4 - 90.0)
            .collect();
        let marks: Vec<u8> = (0..lon.len()).map(|i| u8::from(i % 3 > 0)).collect();
        let locator = grid.locator();
        let expected: Vec<u8> = (0..lon.len())
            .map(|i| marks[i] & u8::from(locator.cell(lon[i], lat[i]) < grid.cells()))
            .collect();
        let kept = expected
            .iter()
            .map(|&mark| usize::from(mark))
            .sum::<usize>();
        assert!(kept > 1000 && kept < 13_000);
        let mut found = marks.clone();
        edges.narrow(&lon, &lat, &mut found);
        assert_eq!(found, expected);
        let mut places: Vec<u32> = (0..lon.len() as u32)
            .filter(|&i| marks[i as usize] == 1)
            .collect();
        edges.retain(&lon, &lat, &mut places);
        assert_eq!(places.len(), kept);
        let kind = Latitude::AuthalicWgs84.into();
        assert!(Edges::of(&GridConfig { kind, ..grid }).is_none());
    }
}
