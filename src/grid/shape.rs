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

    #[test]
    fn slanted_sides_are_cut_where_they_cross_the_antimeridian() {
        // A kite: its sides cross at a quarter and at three fifths of their way.
        let kite = [[178.0, 0.0], [186.0, -8.0], [183.0, 5.0], [178.0, 30.0]];
        let shifted = |lon: f64| kite.map(|at| [at[0] + lon, at[1]]).to_vec();
        let cut = |found: &Polygons| {
            let [west, east] = found.as_slice() else {
                panic!("{found:?}");
            };
            for at in west.iter().chain(east) {
                assert!(at[0].abs() <= 180.0, "{found:?}");
            }
            let all = area(west) + area(east);
            assert!((all - area(&kite)).abs() < 1e-9 && area(west) > 0.0 && area(east) > 0.0);
            let mut lats: Vec<f64> = west
                .iter()
                .chain(east)
                .filter(|at| at[0].abs() == 180.0)
                .map(|at| at[1])
                .collect();
            lats.sort_by(f64::total_cmp);
            lats
        };
        // To the east of the antimeridian, and to the west of it.
        for turn in [0.0, -360.0] {
            let found = of_positions(shifted(turn));
            assert_eq!(cut(&found), [-2.0, -2.0, 20.0, 20.0]);
            assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4]);
        }
        assert_eq!(of_positions(shifted(-10.0)), [shifted(-10.0)]);
    }

    #[test]
    fn a_side_is_cut_at_the_same_position_seen_from_both_of_its_cells() {
        for i in 0..300 {
            let part = |k: i32| f64::from((i * 7919 + k * 104_729) % 1000) / 1000.0;
            let (a, b) = (
                [170.0 + 9.9 * part(1), 80.0 * part(2)],
                [180.1 + 9.0 * part(3), 80.0 * part(4)],
            );
            let below = of_positions(vec![a, [175.0, -40.0], [185.0, -40.0], b]);
            let above = of_positions(vec![b, [185.0, 89.0], [175.0, 89.0], a]);
            let crossing = |found: &Polygons| -> Vec<u64> {
                let all = found.iter().flatten();
                let on_edge =
                    all.filter(|at| at[0].abs() == 180.0 && at[1] > -39.0 && at[1] < 88.0);
                on_edge.map(|at| at[1].to_bits()).collect()
            };
            assert_eq!(crossing(&below), crossing(&above), "{a:?} {b:?}");
            assert_eq!(crossing(&below).len(), 2);
        }
    }

    #[test]
    fn a_corner_on_the_antimeridian_is_one_position_on_both_sides() {
        for i in 0..200 {
            let lat = |k: i32| f64::from((i * 31 + k * 77) % 100) * 0.1 + 0.1;
            // Corners to the south and north on it.
            let (south, north) = ([180.0, -lat(1)], [180.0, lat(2)]);
            let ring = [south, [189.3, lat(3) - 5.0], north, [171.7, lat(4) - 5.0]];
            for turn in [0.0, -360.0] {
                let ring: Vec<[f64; 2]> = ring.iter().map(|at| [at[0] + turn, at[1]]).collect();
                let found = of_positions(ring);
                assert_eq!(
                    found.iter().map(Vec::len).collect::<Vec<_>>(),
                    [3, 3],
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn what_only_touches_the_antimeridian_is_no_polygon_beyond_it() {
        // Three positions on it.
        let ring = vec![
            [180.0, -10.0],
            [190.0, -10.0],
            [190.0, 10.0],
            [180.0, 10.0],
            [180.0, 0.0],
        ];
        let moved: Vec<[f64; 2]> = ring.iter().map(|at| [at[0] - 360.0, at[1]]).collect();
        assert_eq!(of_positions(ring), [moved]);
        // Beyond it by less than rounding of where its sides are cut.
        let sliver = vec![
            [170.0, 60.0 - 1e-3],
            [180f64.next_up(), 60.0],
            [170.0, 60.0 + 1e-3],
        ];
        assert_eq!(of_positions(sliver).len(), 1);
    }

    #[test]
    fn cells_of_degrees_are_rectangles_and_those_of_planes_have_their_own_numbers() {
        use crate::grid::{AskedRectilinear, Crs, Rectilinear};
        let grid = |crs: &str, bounds: [f64; 4]| {
            let asked = AskedRectilinear {
                crs: Crs::named(crs).unwrap(),
                resolution: [20.0, 10.0],
                bounds,
                chunk_shape: [2, 3],
                chunk_inner: None,
            };
            Grid::Rectilinear(Rectilinear::new(&asked).unwrap())
        };
        // The second row and the fifth column: of the second shard, below the first row.
        let (order, cell) = (Order::new(1).unwrap(), 6 + 3 + 1);
        let plane = grid("EPSG:3413", [0.0, 0.0, 120.0, 40.0]);
        let square = vec![[80.0, 20.0], [100.0, 20.0], [100.0, 30.0], [80.0, 30.0]];
        assert_eq!(plane.polygons(order, cell), [square]);
        assert_eq!(plane.point(order, cell), [90.0, 25.0]);
        let (lon, lat) = plane.middle(order, cell);
        assert!(lat > 89.9 && lon != 90.0);
        let degrees = grid("EPSG:4326", [90.0, 0.0, 210.0, 40.0]);
        let [east, west] = [[170.0, 180.0], [-180.0, -170.0]]
            .map(|[west, east]| vec![[west, 20.0], [east, 20.0], [east, 30.0], [west, 30.0]]);
        let found = degrees.polygons(order, cell);
        assert_eq!(found.len(), 2);
        for ring in [east, west] {
            let same = |found: &&Vec<[f64; 2]>| {
                ring.iter().all(|at| found.contains(at)) && found.len() == 4
            };
            assert_eq!(found.iter().filter(same).count(), 1, "{found:?}");
        }
        assert_eq!(degrees.point(order, cell), [-180.0, 25.0]);
        assert_eq!(degrees.middle(order, cell), (-180.0, 25.0));
        // Beyond half a turn altogether, on either side.
        for west in [190.0, -350.0] {
            let far = grid("EPSG:4326", [west, 0.0, west + 120.0, 40.0]);
            let west = west + 80.0;
            let west = if west > 180.0 {
                west - 360.0
            } else {
                west + 360.0
            };
            let ring = vec![
                [west, 20.0],
                [west + 20.0, 20.0],
                [west + 20.0, 30.0],
                [west, 30.0],
            ];
            assert_eq!(far.polygons(order, cell), [ring]);
        }
    }
}
