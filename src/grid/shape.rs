//! Cells as points and polygons, for programs of maps: in degrees, or in the plane of a grid that has one.
//!
//! Beside `seam.rs`. What crosses the antimeridian is cut there (RFC 7946, section 3.1.9), so that every position is from
//! -180 to 180 degrees.

use super::healpix::outline;
use super::{Grid, Healpix, Order};

/// Polygons without holes: each its positions counterclockwise, every one once.
pub(crate) type Polygons = Vec<Vec<[f64; 2]>>;

/// Half a turn and a whole one, in degrees.
const HALF: f64 = 180.0;
const TURN: f64 = 360.0;

impl Grid {
    /// The middle of a cell: longitude in [-180, 180) and geodetic latitude in degrees, with the same bits everywhere.
    pub(crate) fn middle(self, order: Order, cell: u64) -> (f64, f64) {
        match self {
            Self::Healpix(Healpix { latitude }) => outline::middle(order, cell, latitude),
            Self::Rectilinear(_) => self.center(order, cell),
            #[cfg(test)]
            Self::Lattice(_) => self.center(order, cell),
        }
    }

    /// The middle of a cell where its polygons are: in degrees, or in the plane of the grid.
    pub(crate) fn point(self, order: Order, cell: u64) -> [f64; 2] {
        let Some(grid) = self.rectilinear().filter(|g| !g.crs().is_geographic()) else {
            return self.middle(order, cell).into();
        };
        let (x, y) = grid.edges(order);
        let [row, column] = grid.level(order).row_column(cell).map(f64::from);
        [x(column + 0.5), y(row + 0.5)]
    }

    /// A cell as polygons: one, or two where it lies across the antimeridian. Of HEALPix they are in degrees, and sides are
    /// cut until lines between positions are within a 400th of a cell; of rows and columns they are in the grid's system,
    /// where sides are straight.
    pub(crate) fn polygons(self, order: Order, cell: u64) -> Polygons {
        let grid = match self {
            Self::Healpix(Healpix { latitude }) => {
                return of_positions(outline::ring(order, cell, latitude));
            }
            Self::Rectilinear(grid) => grid,
            #[cfg(test)]
            Self::Lattice(_) => {
                let corners = self.vertices(order, cell);
                return of_positions(corners.map(Into::into).to_vec());
            }
        };
        let (x, y) = grid.edges(order);
        let [row, column] = grid.level(order).row_column(cell).map(f64::from);
        let (west, east, north, south) = (x(column), x(column + 1.0), y(row), y(row + 1.0));
        let ring = vec![[west, south], [east, south], [east, north], [west, north]];
        if !grid.crs().is_geographic() {
            return vec![ring];
        }
        let turns = ((west + HALF) / TURN).floor();
        of_positions(
            ring.into_iter()
                .map(|[lon, lat]| [lon - TURN * turns, lat])
                .collect(),
        )
    }
}

/// A ring in degrees whose longitudes go on beyond half a turn as polygons within it.
fn of_positions(ring: Vec<[f64; 2]>) -> Polygons {
    let east = ring
        .iter()
        .map(|at| at[0])
        .fold(f64::NEG_INFINITY, f64::max);
    let west = ring.iter().map(|at| at[0]).fold(f64::INFINITY, f64::min);
    if west >= -HALF && east <= HALF {
        return vec![ring];
    }
    // Of a cell wider than a turn is nothing left outside of three.
    let parts = [-TURN, 0.0, TURN].into_iter().map(|shift| {
        let moved = ring.iter().map(|[lon, lat]| [lon + shift, *lat]);
        let moved: Vec<[f64; 2]> = moved.collect();
        clipped(
            &clipped(&moved, |lon| lon + HALF, -HALF),
            |lon| HALF - lon,
            HALF,
        )
    });
    parts.filter(|part| is_area(part)).collect()
}

/// What of a ring has a positive `inside`, of its longitude; what is cut is at `edge`.
fn clipped(ring: &[[f64; 2]], inside: impl Fn(f64) -> f64, edge: f64) -> Vec<[f64; 2]> {
    let mut out: Vec<[f64; 2]> = Vec::with_capacity(ring.len() + 2);
    let mut put = |at: [f64; 2]| {
        if out.last() != Some(&at) {
            out.push(at);
        }
    };
    for (i, &from) in ring.iter().enumerate() {
        let to = ring[(i + 1) % ring.len()];
        let (a, b) = (inside(from[0]), inside(to[0]));
        if a >= 0.0 {
            put(from);
        }
        if (a > 0.0 && b < 0.0) || (a < 0.0 && b > 0.0) {
            // From the same end whichever way the side goes, for both cells that have it.
            let (from, to) = if from[0] < to[0] {
                (from, to)
            } else {
                (to, from)
            };
            let part = (edge - from[0]) / (to[0] - from[0]);
            put([edge, from[1] + part * (to[1] - from[1])]);
        }
    }
    if out.len() > 1 && out.first() == out.last() {
        out.pop();
    }
    out
}

/// Whether a ring is more than a line along the antimeridian.
fn is_area(ring: &[[f64; 2]]) -> bool {
    ring.len() > 2 && ring.iter().any(|at| at[0] != ring[0][0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Latitude;

    /// Twice the area in the plane of degrees; positive where it is counterclockwise.
    fn area(ring: &[[f64; 2]]) -> f64 {
        let next = |i: usize| ring[(i + 1) % ring.len()];
        (0..ring.len())
            .map(|i| ring[i][0] * next(i)[1] - next(i)[0] * ring[i][1])
            .sum()
    }

    #[test]
    fn cells_fill_the_plane_of_degrees_once() {
        let grid = Grid::from(Latitude::AuthalicWgs84);
        for k in [0, 1, 2, 4] {
            let order = Order::new(k).unwrap();
            let mut sum = 0.0;
            let mut cut = 0;
            for cell in 0..order.cells() {
                let polygons = grid.polygons(order, cell);
                cut += usize::from(polygons.len() > 1);
                for ring in &polygons {
                    assert!(area(ring) > 0.0, "{k} {cell}: {ring:?}");
                    assert!(
                        ring.iter()
                            .all(|at| at[0].abs() <= 180.0 && at[1].abs() <= 90.0)
                    );
                    sum += area(ring) / 2.0;
                }
            }
            assert!((sum - 360.0 * 180.0).abs() < 1e-6, "order {k}: {sum}");
            // Those of the facet in the middle of which the antimeridian is: along its diagonal.
            assert_eq!(cut, 1 << k, "order {k}");
        }
    }

    #[test]
    fn what_lies_beyond_the_antimeridian_is_cut_off_and_moved() {
        let ring = vec![[170.0, -10.0], [190.0, -10.0], [190.0, 10.0], [170.0, 10.0]];
        let [east, west] = [[170.0, 180.0], [-180.0, -170.0]];
        let found = of_positions(ring);
        assert_eq!(found.len(), 2);
        for (ring, [from, to]) in found.iter().zip([west, east]) {
            assert_eq!(area(ring) / 2.0, 200.0);
            assert!(
                ring.iter().all(|at| at[0] == from || at[0] == to),
                "{ring:?}"
            );
        }
        let touching = vec![[170.0, -10.0], [180.0, -10.0], [180.0, 10.0], [170.0, 10.0]];
        assert_eq!(of_positions(touching.clone()), [touching]);
    }
}
