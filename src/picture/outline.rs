//! Outlines of cells in the plane, and where on the globe they lie.

use rayon::prelude::*;

use super::projection::{Point, Projection};
use crate::grid::{Grid, Order};

/// Coarse cells are cut until this order, so that their curved edges show.
const SMOOTH_ORDER: u8 = 7;
/// Cells are not cut into more pieces than this.
const MOST_PIECES: usize = 400_000;
/// Where the cells lie is found to cells of this order.
const SURVEY_ORDER: u8 = 8;
/// Cells of a block that one thread draws or measures.
const BLOCK: usize = 8192;
/// Longitudes are noted to half a degree.
const BINS: usize = 720;
/// The globe is cut at gaps of more than so many half degrees.
const LEAST_GAP: usize = 40;

/// Cells, possibly cut into pieces: the cells of a finer order in them.
pub struct Outlines<'a> {
    cells: &'a [u64],
    order: Order,
    grid: Grid,
    /// The order of the pieces, and how many a cell has.
    cut: (Order, usize),
}

/// A convex polygon of at most six corners.
#[derive(Debug, Clone, Copy)]
pub struct Outline {
    corners: [Point; 6],
    len: usize,
}

/// Where on the globe cells lie, as it is found.
#[derive(Debug, Clone)]
pub struct Survey {
    latitudes: (f64, f64),
    /// Half degrees of longitude, from 0 east, that have cells.
    occupied: Vec<bool>,
}

/// Where on the globe is what a map shows, in degrees.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Southernmost and northernmost latitude.
    pub latitudes: (f64, f64),
    /// Westernmost longitude, and how far it is from there to the easternmost.
    pub longitudes: (f64, f64),
    /// Where to cut the globe open.
    pub cut: f64,
}

/// Least and greatest x and y.
pub type Bounds = (Point, Point);

impl<'a> Outlines<'a> {
    pub fn new(cells: &'a [u64], order: Order, grid: Grid) -> Self {
        let pieces = |cut: Order| grid.within(order, cut) as usize;
        let mut cut = order;
        while let Some(finer) = Order::new(cut.get() + 1)
            && cut.get() < SMOOTH_ORDER
            && cells.len() * pieces(finer) <= MOST_PIECES
        {
            cut = finer;
        }
        Self {
            cells,
            order,
            grid,
            cut: (cut, pieces(cut)),
        }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Corners of pieces of the `index`th cell: south, east, north and west, in degrees.
    fn quads(&self, index: usize) -> impl Iterator<Item = [Point; 4]> {
        let (cut, _) = self.cut;
        let pieces = self.grid.down(self.cells[index], self.order, cut);
        pieces.map(move |piece| self.grid.vertices(cut, piece))
    }

    /// Finds where the cells lie, to their ancestors.
    pub fn survey(&self, survey: &mut Survey) {
        let order = Order::new(SURVEY_ORDER.min(self.order.get())).unwrap_or(self.order);
        let up = self.grid.up(self.order, order);
        let mut last = None;
        for &cell in self.cells {
            let ancestor = up.of(cell);
            if last.replace(ancestor) != Some(ancestor) {
                survey.add(self.grid.vertices(order, ancestor));
            }
        }
    }

    /// Bounds of all outlines in the plane; `None` without cells.
    pub fn bounds(&self, projection: Projection) -> Option<Bounds> {
        let blocks: Vec<usize> = (0..self.cells.len()).step_by(BLOCK).collect();
        blocks
            .into_par_iter()
            .map(|begin| {
                let end = (begin + BLOCK).min(self.cells.len());
                (begin..end)
                    .flat_map(|index| self.quads(index))
                    .map(|quad| Outline::new(quad, projection).bounds())
                    .fold(EMPTY, union)
            })
            .reduce_with(union)
    }

    /// Calls `draw` with the index of each cell and each of its outlines. Outlines are made in
    /// parallel; `draw` is called on one thread, in the order of the cells.
    pub fn for_each(&self, projection: Projection, mut draw: impl FnMut(usize, &Outline)) {
        let blocks: Vec<usize> = (0..self.cells.len()).step_by(BLOCK).collect();
        for round in blocks.chunks(16) {
            let made: Vec<Vec<(usize, Outline)>> = round
                .par_iter()
                .map(|&begin| {
                    let end = (begin + BLOCK).min(self.cells.len());
                    let mut made = Vec::with_capacity((end - begin) * self.cut.1);
                    for index in begin..end {
                        let quads = self.quads(index);
                        made.extend(quads.map(|quad| (index, Outline::new(quad, projection))));
                    }
                    made
                })
                .collect();
            for (index, outline) in made.iter().flatten() {
                draw(*index, outline);
            }
        }
    }
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            latitudes: (90.0, -90.0),
            occupied: vec![false; BINS],
        }
    }
}

impl Survey {
    fn add(&mut self, quad: [Point; 4]) {
        for (_, lat) in quad {
            self.latitudes = (self.latitudes.0.min(lat), self.latitudes.1.max(lat));
        }
        let [_, (east, _), _, (west, _)] = quad;
        let first = (west.rem_euclid(360.0) * 2.0) as usize;
        let width = ((east - west).rem_euclid(360.0) * 2.0) as usize;
        for bin in first..=first + width {
            self.occupied[bin % BINS] = true;
        }
    }

    /// The place; `None` without cells.
    pub fn place(&self) -> Option<Place> {
        let (south, north) = self.latitudes;
        (south <= north).then(|| {
            // The widest gap, as half degrees from its first to one beyond its last, which may be in the next turn.
            let (mut gap, mut begin) = ((0, 0), 0);
            for bin in 0..=2 * BINS {
                if bin == 2 * BINS || self.occupied[bin % BINS] {
                    if bin - begin > gap.1 - gap.0 {
                        gap = (begin, bin);
                    }
                    begin = bin + 1;
                }
            }
            let empty = (gap.1 - gap.0).min(BINS) as f64 / 2.0;
            let wrapped = |lon: f64| (lon + 180.0).rem_euclid(360.0) - 180.0;
            Place {
                latitudes: self.latitudes,
                longitudes: (wrapped(gap.1 as f64 / 2.0), 360.0 - empty),
                cut: self.cut(gap),
            }
        })
    }

    /// The longitude at which to cut the globe open: the antimeridian if nothing is there, else the middle of the widest
    /// gap, else the antimeridian all the same.
    fn cut(&self, (first, end): (usize, usize)) -> f64 {
        const HALF: usize = BINS / 2;
        let is_free = !self.occupied[HALF] && !self.occupied[HALF - 1];
        if is_free || end - first <= LEAST_GAP {
            return -180.0;
        }
        ((first + end) as f64 / 4.0 + 180.0).rem_euclid(360.0) - 180.0
    }
}

impl Place {
    /// Of a box: west, south, east, north.
    pub fn of_box([west, south, east, north]: [f64; 4]) -> Self {
        let width = if east > west {
            east - west
        } else {
            east - west + 360.0
        };
        let cut = if west < east {
            -180.0
        } else {
            f64::midpoint(east, west)
        };
        Self {
            latitudes: (south, north),
            longitudes: (west, width),
            cut,
        }
    }
}

impl Outline {
    /// The outline of a cell from its south, east, north and west corner in degrees.
    fn new(quad: [Point; 4], projection: Projection) -> Self {
        if let Some((cut, _)) = projection.degrees() {
            return Self::unrolled(quad, projection, cut);
        }
        let mut corners = [(0.0, 0.0); 6];
        for (corner, (lon, lat)) in corners.iter_mut().zip(quad) {
            *corner = projection.project(lon, lat);
        }
        Self { corners, len: 4 }
    }

    /// In degrees a cell stays in one piece across the antimeridian, and a corner at a pole
    /// becomes an edge.
    fn unrolled(quad: [Point; 4], projection: Projection, cut: f64) -> Self {
        let [_, (east, _), _, (west, _)] = quad;
        let width = (east - west).rem_euclid(360.0);
        let width = if width > 180.0 { width - 360.0 } else { width };
        let middle = (west + width / 2.0 - cut).rem_euclid(360.0) + cut;
        let (west, east) = (middle - width.abs() / 2.0, middle + width.abs() / 2.0);
        let mut outline = Self {
            corners: [(0.0, 0.0); 6],
            len: 0,
        };
        for (i, (lon, lat)) in quad.into_iter().enumerate() {
            let near = (lon - middle + 180.0).rem_euclid(360.0) - 180.0 + middle;
            match i {
                0 | 2 if lat.abs() > 90.0 - 1e-9 => {
                    let (first, second) = if i == 0 { (west, east) } else { (east, west) };
                    outline.push(projection.project(first, lat));
                    outline.push(projection.project(second, lat));
                }
                1 => outline.push(projection.project(east, lat)),
                3 => outline.push(projection.project(west, lat)),
                _ => outline.push(projection.project(near, lat)),
            }
        }
        outline
    }

    fn push(&mut self, corner: Point) {
        self.corners[self.len] = corner;
        self.len += 1;
    }

    /// Corners in order around the outline.
    pub fn corners(&self) -> &[Point] {
        &self.corners[..self.len]
    }

    /// The outline with `map` applied to its corners.
    pub fn map(mut self, map: impl Fn(Point) -> Point) -> Self {
        for corner in &mut self.corners[..self.len] {
            *corner = map(*corner);
        }
        self
    }

    pub fn bounds(&self) -> Bounds {
        let points = self.corners().iter().map(|&corner| (corner, corner));
        points.fold(EMPTY, union)
    }
}

/// Bounds of nothing.
pub const EMPTY: Bounds = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));

/// Bounds of both.
pub fn union(a: Bounds, b: Bounds) -> Bounds {
    (
        (a.0.0.min(b.0.0), a.0.1.min(b.0.1)),
        (a.1.0.max(b.1.0), a.1.1.max(b.1.1)),
    )
}
