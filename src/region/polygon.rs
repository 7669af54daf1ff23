//! A ring, less the rings in it: one polygon.
//!
//! Beside the line: a region is one or several of these (`mod.rs`).

use std::fmt::Write as _;

use super::exact::Point;
use super::ring::{Ring, TooManyPairs, normal};
use crate::grid::Bounds;

/// Pairs of edges that are held against each other at most: seconds, of rings that no coast is like.
const PAIRS: u64 = 1 << 30;

/// An area within one ring and outside of others.
#[derive(Debug, Clone)]
pub(super) struct Polygon {
    outer: Ring,
    holes: Vec<Ring>,
}

impl Polygon {
    /// Of closed rings, the outer one first.
    ///
    /// # Errors
    /// Which ring is none, and why, in words.
    pub fn new(rings: Vec<Vec<Point>>) -> Result<Self, (usize, String)> {
        let mut made = Vec::with_capacity(rings.len());
        for (place, ring) in rings.into_iter().enumerate() {
            let ring = normal(&ring).map_err(|why| (place, why))?;
            let ring = Ring::new(ring);
            let crossing = ring.crossing(PAIRS).map_err(|TooManyPairs| {
                let why =
                    "has too many edges over each other to see whether they cross; simplify it";
                (place, why.to_owned())
            });
            if let Some([a, b]) = crossing? {
                let of = |at: usize| {
                    let points = ring.points();
                    format!("{:?} to {:?}", points[at], points[(at + 1) % points.len()])
                };
                let why = format!(
                    "crosses itself: its edge {} meets {}; give rings whose edges only touch",
                    of(a),
                    of(b)
                );
                return Err((place, why));
            }
            made.push(ring);
        }
        let mut rings = made.into_iter();
        let outer = rings.next().ok_or((0, "is missing".to_owned()))?;
        let mut polygon = Self {
            outer,
            holes: rings.collect(),
        };
        polygon
            .holes
            .sort_by(|a, b| compare(a.points(), b.points()));
        Ok(polygon)
    }

    /// The box between these longitudes and latitudes.
    pub fn of_box([west, south, east, north]: [f64; 4]) -> Result<Self, (usize, String)> {
        let corners = [[west, south], [east, south], [east, north], [west, north]];
        Self::new(vec![corners.to_vec()])
    }

    /// The box around it.
    pub fn bounds(&self) -> Bounds {
        self.outer.bounds()
    }

    /// Whether a position lies in the area.
    pub fn contains(&self, p: Point) -> bool {
        self.outer.contains(p) && !self.holes.iter().any(|hole| hole.contains(p))
    }

    /// Whether an edge has a point in a box, its borders included.
    pub fn touches(&self, bounds: &Bounds) -> bool {
        self.rings().any(|ring| ring.touches(bounds))
    }

    /// The outer ring, then the holes.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.outer).chain(&self.holes)
    }

    /// Text that no other polygon has: every bit of every position.
    pub fn identity(&self) -> String {
        let mut text = "polygon\n".to_owned();
        for ring in self.rings() {
            text.push_str("ring");
            for [lon, lat] in ring.points() {
                let _ = write!(text, " {:016x} {:016x}", lon.to_bits(), lat.to_bits());
            }
            text.push('\n');
        }
        text
    }

    /// Which of two comes first, whatever the order in which they were given: the western one.
    pub fn compare(&self, other: &Self) -> std::cmp::Ordering {
        let holes = |polygon: &Self| -> Vec<Point> {
            let points = polygon.holes.iter().flat_map(Ring::points);
            points.copied().collect()
        };
        let outer = compare(self.outer.points(), other.outer.points());
        outer.then_with(|| compare(&holes(self), &holes(other)))
    }
}

fn compare(a: &[Point], b: &[Point]) -> std::cmp::Ordering {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    let mut orders = pairs.map(|(a, b)| a.total_cmp(b));
    let differ = orders.find(|order| order.is_ne());
    differ.unwrap_or_else(|| a.len().cmp(&b.len()))
}
