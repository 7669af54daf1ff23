//! Runs: consecutive photons in one cell, found without locating every photon.
//!
//! Photons lie 0.7 m apart along a track and cells are 12 m to 100 km wide, so most photons share
//! the cell of their neighbours. Bounds of a few consecutive photons that lie in one cell
//! (`Locator::cell_of_bounds`) settle all of them; others are halved, and photons of the smallest
//! boxes that still do not are located one by one. Photons near an edge are never settled by bounds,
//! so cells do not depend on where tiles and boxes were cut.

use std::ops::Range;

use multiversion::multiversion;

use crate::grid::{Bounds, Locator, Patch, bounds_of, bounds_of_boxes};

use super::patches::Patches;

/// Photons in the largest and the smallest boxes.
const LARGEST: usize = 512;
const SMALLEST: usize = 16;
/// Photons in a box where photons do not share cells.
const APART: usize = 256;
/// Photons in a run from which on the next tile is taken to lie together too.
const LONG: usize = 8 * SMALLEST;
/// Boxes looked at to tell whether photons of a tile lie together.
const SAMPLED_BOXES: usize = 4;

/// Cells that one mask tells of, and masks that are made together.
const MASK: usize = 64;
const MASKS: usize = 16;

/// Runs of one tile of photons, in order: run `i` holds photons `ends[i - 1]..ends[i]`.
#[derive(Debug, Default)]
pub struct Runs {
    pub cells: Vec<u64>,
    pub ends: Vec<usize>,
}

/// Buffers that are used again from tile to tile.
#[derive(Debug, Default)]
pub struct RunFinder {
    boxes: Vec<Bounds>,
    located: Vec<u64>,
    patches: Patches,
    /// Mean photons in a run of the tile before: what the boxes to begin with are sized by.
    usual_run: usize,
}

impl Runs {
    pub fn clear(&mut self) {
        self.cells.clear();
        self.ends.clear();
    }

    /// Adds photons up to `end` in one cell; they join the last run if it is of that cell.
    fn push(&mut self, cell: u64, end: usize) {
        if self.cells.last() == Some(&cell) {
            if let Some(last) = self.ends.last_mut() {
                *last = end;
            }
        } else {
            self.cells.push(cell);
            self.ends.push(end);
        }
    }

    /// Adds photons from `start` on, one cell each.
    pub fn push_all(&mut self, cells: &[u64], start: usize) {
        let mut ends = [0; MASKS];
        let mut first = 0;
        while cells.len() - first > MASK {
            let found = ends_of(&cells[first..], &mut ends);
            for &(mut ends) in &ends[..found] {
                while ends != 0 {
                    let last = first + ends.trailing_zeros() as usize;
                    self.push(cells[last], start + last + 1);
                    ends &= ends - 1;
                }
                first += MASK;
            }
        }
        while first < cells.len() {
            let end = first + same(&cells[first..]);
            self.push(cells[first], start + end);
            first = end;
        }
    }

    /// Each run's cell and photons.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Range<usize>)> + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ranges = starts.zip(&self.ends).map(|(start, &end)| start..end);
        self.cells.iter().copied().zip(ranges)
    }
}

/// Finds the cells that another one follows: bit i of mask k tells of cell `k * MASK + i`. Gives back how many masks there
/// are; the cells behind those of them are fewer than a mask's and the one that follows, or masks are full.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn ends_of(cells: &[u64], masks: &mut [u64; MASKS]) -> usize {
    let (all, _) = cells.as_chunks::<MASK>();
    let (all_next, _) = cells[1..].as_chunks::<MASK>();
    let found = all.len().min(all_next.len()).min(MASKS);
    for (k, mask) in masks[..found].iter_mut().enumerate() {
        let (cells, next) = (&all[k], &all_next[k]);
        let mut ends = 0;
        for i in 0..MASK {
            ends |= u64::from(cells[i] != next[i]) << i;
        }
        *mask = ends;
    }
    found
}

/// How many of some cells, at least one, are the first one, up to another.
fn same(cells: &[u64]) -> usize {
    const FEW: usize = 8;
    const AT_ONCE: usize = 16;
    let cell = cells[0];
    let few = cells.len().min(FEW);
    if let Some(end) = cells[..few].iter().position(|&other| other != cell) {
        return end;
    }
    // Many that are compared together, without a branch for each.
    let (tiles, _) = cells[few..].as_chunks::<AT_ONCE>();
    let differs = |tile: &[u64; AT_ONCE]| tile.iter().fold(0, |bits, other| bits | (other ^ cell));
    let whole = tiles.iter().take_while(|tile| differs(tile) == 0).count();
    let start = few + whole * AT_ONCE;
    let rest = cells[start..].iter().take_while(|&&other| other == cell);
    start + rest.count()
}

/// A tile of photons, and what places them.
struct Tile<'a> {
    locator: &'a Locator,
    lon: &'a [f64],
    lat: &'a [f64],
    /// Where all of them lie close together.
    patch: Option<Patch>,
}

impl Tile<'_> {
    fn bounds(&self, photons: Range<usize>) -> Bounds {
        bounds_of(&self.lon[photons.clone()], &self.lat[photons])
    }

    fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        match &self.patch {
            Some(patch) => patch.cell_of_bounds(bounds),
            None => self.locator.cell_of_bounds(bounds),
        }
    }

    fn cells(&self, photons: Range<usize>, cells: &mut [u64]) {
        let (lon, lat) = (&self.lon[photons.clone()], &self.lat[photons]);
        match &self.patch {
            Some(patch) => patch.cells(lon, lat, cells),
            None => self.locator.cells(lon, lat, cells),
        }
    }
}

impl RunFinder {
    /// The runs of a tile of photons.
    pub fn find(&mut self, locator: &Locator, lon: &[f64], lat: &[f64], runs: &mut Runs) {
        runs.clear();
        let mut tile = Tile {
            locator,
            lon,
            lat,
            patch: None,
        };
        let together = self.usual_run >= LONG || lie_together(&tile);
        // A box a quarter as long as runs are lies in one cell three times in four.
        let size = if together {
            (self.usual_run / 4)
                .clamp(SMALLEST, LARGEST)
                .next_power_of_two()
        } else {
            APART
        };
        let [_, widest] = locator.widest_patch();
        let toward = [lon, lat].map(|degrees| match degrees {
            [first, .., last] => last - first,
            _ => 0.0,
        });
        if !together && !is_narrow(&lat[..size.min(lat.len())], widest) {
            self.locate_each(&tile, 0..lon.len(), runs);
        } else {
            let mut boxes = std::mem::take(&mut self.boxes);
            bounds_of_boxes(lon, lat, size, &mut boxes);
            let mut first = 0;
            while first < boxes.len() {
                let (end, bounds) = narrow_part(&boxes, first, widest);
                tile.patch = self.patches.of(locator, &bounds, toward);
                for (i, bounds) in boxes.iter().enumerate().take(end).skip(first) {
                    let photons = i * size..((i + 1) * size).min(lon.len());
                    if together {
                        self.settle(&tile, (photons, *bounds), runs);
                    } else {
                        self.locate_each(&tile, photons, runs);
                    }
                }
                first = end;
            }
            self.boxes = boxes;
        }
        self.usual_run = lon.len() / runs.ends.len().max(1);
    }

    /// Photons of a box that lies in one cell are a run; else each half of them is looked at.
    fn settle(&mut self, tile: &Tile, (photons, bounds): (Range<usize>, Bounds), runs: &mut Runs) {
        if let Some(cell) = tile.cell_of_bounds(&bounds) {
            runs.push(cell, photons.end);
        } else if photons.len() <= SMALLEST {
            self.locate_each(tile, photons, runs);
        } else {
            let half = photons.start + photons.len() / 2;
            for part in [photons.start..half, half..photons.end] {
                let bounds = tile.bounds(part.clone());
                self.settle(tile, (part, bounds), runs);
            }
        }
    }

    fn locate_each(&mut self, tile: &Tile, photons: Range<usize>, runs: &mut Runs) {
        self.located.clear();
        self.located.resize(photons.len(), 0);
        tile.cells(photons.clone(), &mut self.located);
        runs.push_all(&self.located, photons.start);
    }
}

/// Whether the first, middle and last of some photons lie as close as those of a patch: else bounds
/// would be taken in vain.
fn is_narrow(lat: &[f64], widest: f64) -> bool {
    let Some(last) = lat.len().checked_sub(1) else {
        return false;
    };
    let [a, b, c] = [lat[0], lat[last / 2], lat[last]];
    (a - b).abs() <= widest && (c - b).abs() <= widest
}

/// The end of the longest row of boxes from `first` on that may be a patch, at least one box, and
/// its bounds.
fn narrow_part(boxes: &[Bounds], first: usize, widest: f64) -> (usize, Bounds) {
    let mut bounds = boxes[first];
    for (i, more) in boxes.iter().enumerate().skip(first + 1) {
        let joined = bounds.join(*more);
        if joined.lat[1] - joined.lat[0] > widest {
            return (i, bounds);
        }
        bounds = joined;
    }
    (boxes.len(), bounds)
}

/// Whether a quarter of some boxes spread over the tile lies in one cell each: else bounds would be
/// taken in vain.
fn lie_together(tile: &Tile) -> bool {
    let boxes = tile.lon.len() / SMALLEST;
    let step = (boxes / SAMPLED_BOXES).max(1);
    let sampled = (0..boxes).step_by(step);
    let (mut settled, mut looked_at) = (0, 0);
    for start in sampled.map(|index| index * SMALLEST) {
        let bounds = tile.bounds(start..start + SMALLEST);
        settled += usize::from(tile.cell_of_bounds(&bounds).is_some());
        looked_at += 1;
    }
    4 * settled >= looked_at && looked_at > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{AskedRectilinear, Crs, Grid, GridConfig, Latitude, Order, Rectilinear};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_that_follow_one_another_become_runs(
            runs in prop::collection::vec(
                (0u64..3, prop_oneof![1usize..4, 5usize..60, 60usize..200]),
                0..60,
            ),
            start in 0usize..3,
        ) {
            let cells: Vec<u64> = runs.iter().flat_map(|&(cell, n)| vec![cell; n]).collect();
            let mut found = Runs::default();
            found.push_all(&cells, start);
            let mut one_by_one = Runs::default();
            for (i, &cell) in cells.iter().enumerate() {
                one_by_one.push(cell, start + i + 1);
            }
            prop_assert_eq!((found.cells, found.ends), (one_by_one.cells, one_by_one.ends));
        }

        #[test]
        fn runs_have_the_cells_of_photons_located_one_by_one(
            lon in -180.0f64..180.0,
            lat in -90.0f64..90.0,
            step in -9.0f64..-3.0,
            jitter in 0.0f64..3.0,
            n in 0usize..3000,
            order in 0u8..=29,
        ) {
            let locator = Locator::new(Order::new(order).unwrap(), Latitude::AuthalicWgs84);
            let step = 10f64.powf(step);
            let place = |i: usize, salt: f64| (i as f64 * salt).sin() * jitter * step;
            let lon: Vec<f64> = (0..n).map(|i| lon + place(i, 12.9) + i as f64 * step).collect();
            let lat: Vec<f64> = (0..n)
                .map(|i| (lat + place(i, 78.2) + i as f64 * step).clamp(-90.0, 90.0))
                .collect();
            let mut runs = Runs::default();
            RunFinder::default().find(&locator, &lon, &lat, &mut runs);
            let mut found = Vec::new();
            for (cell, photons) in runs.iter() {
                prop_assert!(!photons.is_empty());
                found.extend(photons.map(|_| cell));
            }
            let expected: Vec<u64> = lon.iter().zip(&lat).map(|(&x, &y)| locator.cell(x, y)).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(runs.cells.windows(2).all(|pair| pair[0] != pair[1]));
        }

        #[test]
        fn tiles_along_a_track_have_the_cells_of_photons_located_one_by_one(
            which in 0usize..4,
            (lon, lat) in (-6.0f64..6.0, 60.0f64..83.0),
            (east, north) in (-3e-5f64..3e-5, -3e-5f64..3e-5),
            jitter in 0.0f64..3.0,
            tile in 40usize..900,
            metres in prop::sample::select(vec![30.0, 1000.0, 25_000.0]),
        ) {
            let locator = grid_of(which, metres).locator();
            let place = |i: usize, salt: f64| (i as f64 * salt).sin() * jitter * 1e-5;
            let lon: Vec<f64> = (0..4000).map(|i| lon - 51.0 + place(i, 12.9) + i as f64 * east).collect();
            let lat: Vec<f64> = (0..4000).map(|i| lat + place(i, 78.2) + i as f64 * north).collect();
            let (mut finder, mut runs) = (RunFinder::default(), Runs::default());
            for (lon, lat) in lon.chunks(tile).zip(lat.chunks(tile)) {
                finder.find(&locator, lon, lat, &mut runs);
                let cells = runs.iter().flat_map(|(cell, photons)| photons.map(move |_| cell));
                let alone = lon.iter().zip(lat).map(|(&x, &y)| locator.cell(x, y));
                prop_assert!(cells.eq(alone), "{which} {metres}");
            }
        }
    }

    /// Grids over the north of Greenland.
    fn grid_of(which: usize, metres: f64) -> GridConfig {
        let order = |order| Order::new(order).unwrap();
        let (kind, orders) = if which == 0 {
            (Grid::from(Latitude::AuthalicWgs84), [order(6), order(12)])
        } else {
            let (name, bounds) = [
                ("EPSG:32622", [-1e6, 6e6, 2e6, 1e7]),
                ("EPSG:3574", [-4e6, -4e6, 4e6, 4e6]),
                ("EPSG:6933", [-1e7, 5e6, 1e7, 7.3e6]),
            ][which - 1];
            let grid = Rectilinear::new(&AskedRectilinear {
                crs: Crs::named(name).unwrap(),
                resolution: [metres; 2],
                bounds,
                chunk_shape: [64, 64],
                chunk_inner: None,
            });
            let grid = grid.unwrap();
            let orders = [grid.shard_order(), grid.finest_order()];
            (Grid::Rectilinear(grid), orders)
        };
        GridConfig {
            shard_order: orders[0],
            chunk_order: None,
            cell_order: orders[1],
            steps: 1,
            kind,
        }
    }
}
