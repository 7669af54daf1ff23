//! One closed line of straight edges in the plane of longitude and latitude, and what lies within it.
//!
//! Beside the line: polygons are made of these (`polygon.rs`). A position is inside where a ray from it to the east
//! meets an odd number of edges. It counts as lying a little north of itself, and within that a little east, so a
//! position on an edge belongs to one side of it, whichever ring has the edge; at the north pole a little south.

use std::cmp::Ordering;

use super::boxes::{Boxes, Node, meet};
use super::exact::{Point, side_of};
use crate::grid::Bounds;

/// The edges of a ring lie over each other so much that it takes too long to see whether they cross.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyPairs;

/// The north pole, beyond which nothing lies.
const NORTH: f64 = 90.0;

/// A closed line of straight edges.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    /// The last is the first.
    points: Vec<Point>,
    boxes: Boxes,
}

impl Ring {
    /// Of positions in normal form ([`normal`]); the line is closed here.
    pub fn new(mut points: Vec<Point>) -> Self {
        points.extend(points.first().copied());
        let edges = points.windows(2).map(|edge| around(edge[0], edge[1]));
        let boxes = Boxes::around(edges);
        Self { points, boxes }
    }

    /// Its positions, each once.
    pub fn points(&self) -> &[Point] {
        &self.points[..self.points.len().saturating_sub(1)]
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds {
        self.boxes.all()
    }

    /// Whether a position lies within.
    pub fn contains(&self, p: Point) -> bool {
        self.boxes.top().is_some_and(|top| self.is_odd(&top, p))
    }

    /// Whether a ray to the east meets an odd number of these edges.
    fn is_odd(&self, node: &Node, p: Point) -> bool {
        let bounds = self.boxes.bounds(node);
        if p[1] < bounds.lat[0] || p[1] > bounds.lat[1] || p[0] > bounds.lon[1] {
            return false;
        }
        let edges = node.things.clone();
        if p[0] < bounds.lon[0] {
            // All of them lie to the east: each step from one side of the ray to the other meets it.
            return is_above(self.points[edges.start], p) != is_above(self.points[edges.end], p);
        }
        match self.boxes.below(node) {
            Some(below) => below.fold(false, |odd, node| odd ^ self.is_odd(&node, p)),
            None => edges.fold(false, |odd, edge| odd ^ self.is_met(edge, p)),
        }
    }

    /// Whether a ray to the east meets an edge.
    fn is_met(&self, edge: usize, p: Point) -> bool {
        let (a, b) = (self.points[edge], self.points[edge + 1]);
        let (low, high) = match (is_above(a, p), is_above(b, p)) {
            (false, true) => (a, b),
            (true, false) => (b, a),
            _ => return false,
        };
        if p[0] < low[0].min(high[0]) {
            return true;
        }
        p[0] <= low[0].max(high[0]) && side_of(low, high, p) == Ordering::Greater
    }

    /// Whether an edge has a point in a box, its borders included.
    pub fn touches(&self, bounds: &Bounds) -> bool {
        let ([west, east], [south, north]) = (bounds.lon, bounds.lat);
        let corners = [[west, south], [east, south], [east, north], [west, north]];
        let reaches = |edge: usize| {
            let (a, b) = (self.points[edge], self.points[edge + 1]);
            let apart =
                |side: Ordering| corners.iter().all(|&corner| side_of(a, b, corner) == side);
            meet(&around(a, b), bounds) && !apart(Ordering::Less) && !apart(Ordering::Greater)
        };
        self.boxes.any(&|node| meet(node, bounds), &reaches)
    }

    /// Two of its edges that cross in the inside of both, by the positions where they begin.
    ///
    /// Boxes of edges are held against each other before edges are, each pair of them once.
    ///
    /// # Errors
    /// Nothing can be said after so many pairs of edges were held against each other.
    pub fn crossing(&self, pairs: u64) -> Result<Option<[usize; 2]>, TooManyPairs> {
        let mut open: Vec<[Node; 2]> = Vec::new();
        open.extend(self.boxes.top().map(|top| [top.clone(), top]));
        let mut looks = 0;
        while let Some([a, b]) = open.pop() {
            let (Some(of_a), Some(of_b)) = (self.boxes.below(&a), self.boxes.below(&b)) else {
                if let Some(found) = self.crossing_between(&a, &b, &mut looks) {
                    return Ok(Some(found));
                }
                if looks > pairs {
                    return Err(TooManyPairs);
                }
                continue;
            };
            let of_b: Vec<Node> = of_b.collect();
            for first in of_a {
                // Within one box, each pair of parts comes once.
                let behind = of_b
                    .iter()
                    .filter(|second| second.things.start >= first.things.start);
                let near = behind
                    .filter(|second| meet(self.boxes.bounds(&first), self.boxes.bounds(second)));
                open.extend(near.map(|second| [first.clone(), second.clone()]));
            }
        }
        Ok(None)
    }

    /// Two edges that cross, one of each of two boxes of the lowest level, which may be one.
    fn crossing_between(&self, a: &Node, b: &Node, looks: &mut u64) -> Option<[usize; 2]> {
        let around_b = *self.boxes.bounds(b);
        for first in a.things.clone() {
            let edge = [self.points[first], self.points[first + 1]];
            let bounds = around(edge[0], edge[1]);
            if !meet(&bounds, &around_b) {
                continue;
            }
            for second in b.things.start.max(first + 1)..b.things.end {
                *looks += 1;
                let other = [self.points[second], self.points[second + 1]];
                if meet(&bounds, &around(other[0], other[1])) && cross(edge, other) {
                    return Some([first, second]);
                }
            }
        }
        None
    }
}

/// Whether a ray from `p` to the east, moved as positions are, has this position above it.
fn is_above(position: Point, p: Point) -> bool {
    position[1] > p[1] || (p[1] == NORTH && position[1] == NORTH)
}

/// The box around an edge.
fn around(a: Point, b: Point) -> Bounds {
    Bounds {
        lon: [a[0].min(b[0]), a[0].max(b[0])],
        lat: [a[1].min(b[1]), a[1].max(b[1])],
    }
}

/// Whether two edges cross in the inside of both.
fn cross([a, b]: [Point; 2], [c, d]: [Point; 2]) -> bool {
    let parted = |a: Point, b: Point, c: Point, d: Point| {
        let sides = [side_of(a, b, c), side_of(a, b, d)];
        !sides.contains(&Ordering::Equal) && sides[0] != sides[1]
    };
    // Edges with an end in common, as neighbours are, cross nowhere else; to see that one lies on the other takes integers.
    let apart = a != c && a != d && b != c && b != d;
    apart && parted(a, b, c, d) && parted(c, d, a, b)
}

/// The same ring however it was written: without its closing position and those that repeat the one before, from
/// the smallest position on, in the direction whose positions come first.
///
/// # Errors
/// In words: too few positions, or all on one line.
pub(super) fn normal(closed: &[Point]) -> Result<Vec<Point>, String> {
    // Adding zero makes -0 the 0 that it is.
    let mut points: Vec<Point> = closed.iter().map(|p| [p[0] + 0.0, p[1] + 0.0]).collect();
    points.dedup();
    while points.len() > 1 && points.last() == points.first() {
        points.pop();
    }
    let order = |a: &Point, b: &Point| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]));
    let flat = points.len() < 3
        || points
            .iter()
            .all(|&p| side_of(points[0], points[1], p) == Ordering::Equal);
    if flat {
        return Err(format!(
            "has {} positions that differ, and all of them lie on one line; a ring has an area",
            points.len()
        ));
    }
    let smallest = (0..points.len()).min_by(|&i, &j| order(&points[i], &points[j]));
    points.rotate_left(smallest.unwrap_or(0));
    let (ahead, back) = (points[1..].iter(), points[1..].iter().rev());
    let mut steps = ahead.zip(back).map(|(ahead, back)| order(ahead, back));
    if steps.find(|order| order.is_ne()) == Some(Ordering::Greater) {
        points[1..].reverse();
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ring(points: &[Point]) -> Ring {
        let mut closed = points.to_vec();
        closed.push(points[0]);
        Ring::new(normal(&closed).unwrap())
    }

    /// A star of so many positions around the origin: their angles ascend, so nothing crosses.
    fn star() -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec((1i32..40, 1i32..20), 3..400).prop_map(|steps| {
            let all: i32 = steps.iter().map(|(step, _)| step).sum();
            let mut angle = 0;
            let at = steps.iter().map(|&(step, radius)| {
                angle += step;
                let turn = f64::from(angle) / f64::from(all) * std::f64::consts::TAU;
                // Whole numbers, so that many positions lie on edges and in line with corners.
                [
                    (turn.cos() * f64::from(radius)).round(),
                    (turn.sin() * f64::from(radius)).round(),
                ]
            });
            at.collect()
        })
    }

    proptest! {
        #[test]
        fn boxes_of_edges_change_nothing(points in star(), x in -20i32..20, y in -20i32..20) {
            let Ok(points) = normal(&points) else { return Ok(()) };
            let ring = Ring::new(points);
            let p = [f64::from(x), f64::from(y)];
            let met = (0..ring.points().len()).filter(|&edge| ring.is_met(edge, p)).count();
            prop_assert_eq!(ring.contains(p), met % 2 == 1);
        }

        #[test]
        fn a_box_that_no_edge_touches_lies_on_one_side(
            points in star(), x in -20.0f64..20.0, y in -20.0f64..20.0, size in 0.0f64..4.0,
            inside in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 8),
        ) {
            let Ok(points) = normal(&points) else { return Ok(()) };
            let ring = Ring::new(points);
            let bounds = Bounds { lon: [x, x + size], lat: [y, y + size] };
            if !ring.touches(&bounds) {
                let side = ring.contains([x, y]);
                for (u, v) in inside {
                    let p = [(x + u * size).min(x + size), (y + v * size).min(y + size)];
                    prop_assert_eq!(ring.contains(p), side);
                }
            }
        }

        #[test]
        fn how_a_ring_is_written_changes_nothing(points in star(), turn in 0usize..400, back: bool) {
            let Ok(mut turned) = normal(&points) else { return Ok(()) };
            let written = turned.clone();
            let len = turned.len();
            turned.rotate_left(turn % len);
            if back {
                turned.reverse();
            }
            turned.push(turned[0]);
            let smallest = |p: &&Point| **p == written[0];
            // Of a ring that comes to its smallest position twice, the first is taken.
            if written.iter().filter(smallest).count() == 1 {
                prop_assert_eq!(normal(&turned).unwrap(), written);
            }
        }
    }

    proptest! {
        #[test]
        fn edges_cross_where_two_of_all_pairs_do(
            points in prop::collection::vec((-30i32..30, -30i32..30), 3..120), near: bool,
        ) {
            // Steps of a walk cross here and there; positions anywhere cross nearly always.
            let mut at = (0, 0);
            let points: Vec<Point> = points
                .into_iter()
                .map(|(x, y)| {
                    at = if near { (at.0 + x / 10 + 1, at.1 + y / 10) } else { (x, y) };
                    [f64::from(at.0), f64::from(at.1)]
                })
                .collect();
            let Ok(points) = normal(&points) else { return Ok(()) };
            let ring = Ring::new(points);
            let edge = |i: usize| [ring.points[i], ring.points[i + 1]];
            let edges = ring.points().len();
            let crossed = (0..edges).any(|a| (a + 1..edges).any(|b| cross(edge(a), edge(b))));
            let found = ring.crossing(u64::MAX).unwrap();
            prop_assert_eq!(found.is_some(), crossed);
            if let Some([a, b]) = found {
                prop_assert!(a < b && cross(edge(a), edge(b)));
            }
        }
    }

    #[test]
    fn a_long_coast_is_settled_in_few_looks() {
        let count = 20_000;
        let at = |i: usize| {
            let angle = i as f64 / count as f64 * std::f64::consts::TAU;
            let radius = 8.0 + (angle * 37.0).sin() + 0.1 * (angle * 997.0).sin();
            [angle.cos() * radius, angle.sin() * radius]
        };
        let ring = Ring::new(normal(&(0..count).map(at).collect::<Vec<_>>()).unwrap());
        assert_eq!(ring.crossing(60 * count as u64), Ok(None));
    }

    #[test]
    fn an_edge_belongs_to_what_lies_east_of_it_and_a_parallel_to_what_lies_north() {
        let square = ring(&[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]);
        for (p, inside) in [
            ([0.0, 1.0], true),
            ([2.0, 1.0], false),
            ([1.0, 0.0], true),
            ([1.0, 2.0], false),
            ([0.0, 0.0], true),
            ([2.0, 2.0], false),
            ([0.0, 2.0], false),
            ([2.0, 0.0], false),
            ([0.0, -0.0], true),
        ] {
            assert_eq!(square.contains(p), inside, "{p:?}");
        }
    }

    #[test]
    fn the_north_pole_belongs_to_what_lies_south_of_it() {
        let cap = ring(&[[-180.0, 80.0], [180.0, 80.0], [180.0, 90.0], [-180.0, 90.0]]);
        for lon in [-180.0, 0.0, 179.0] {
            assert!(
                cap.contains([lon, 90.0]) && cap.contains([lon, 80.0]),
                "{lon}"
            );
        }
        let south = ring(&[
            [-180.0, -90.0],
            [180.0, -90.0],
            [180.0, 80.0],
            [-180.0, 80.0],
        ]);
        assert!(south.contains([0.0, -90.0]) && !south.contains([0.0, 80.0]));
        assert!(!south.contains([0.0, 90.0]));
    }

    #[test]
    fn edges_that_cross_are_found_and_those_that_touch_are_none() {
        let bow = ring(&[[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]]);
        assert!(bow.crossing(100).unwrap().is_some());
        let touching = ring(&[
            [0.0, 0.0],
            [2.0, 0.0],
            [1.0, 1.0],
            [2.0, 2.0],
            [0.0, 2.0],
            [1.0, 1.0],
        ]);
        assert_eq!(touching.crossing(100), Ok(None));
        // Each of its edges has to be held against each other one.
        assert_eq!(touching.crossing(5), Err(TooManyPairs));
    }

    #[test]
    fn a_ring_without_an_area_is_refused() {
        for flat in [
            vec![[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]],
            vec![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 0.0]],
            vec![[0.0, 0.0], [-0.0, 0.0], [0.0, 0.0], [0.0, -0.0]],
        ] {
            assert!(normal(&flat).unwrap_err().contains("a ring has an area"));
        }
    }
}
