//! Land, ice and lakes of Natural Earth, as what a view shows of them.
//!
//! Below `draw.rs`. The file is `assets/earth.bin`; `scripts/map-assets` makes it, and says what is in it.

use std::sync::LazyLock;

use super::projection::Point;
use super::view::{Shown, View};

/// Layers of the file: of 1:110 million three, of 1:50 million four, with the parts that their degrees have.
const PARTS: [f64; 7] = [100.0, 100.0, 100.0, 200.0, 200.0, 200.0, 200.0];
/// Above so many kilometres a pixel the coarser layers are drawn.
const COARSE: f64 = 15.0;
/// No more degrees than this from a point to the next, so that what is straight on the Earth bends on the map.
const STRAIGHT: f64 = 1.0;
/// Points nearer than this to the one before, in pixels, are left out.
const NEAR: f64 = 0.4;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Land,
    Ice,
    Shelves,
    Lakes,
}

/// A layer in pixels: rings to fill, and lines where its edges are.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    pub rings: Vec<Vec<Point>>,
    pub lines: Vec<Vec<Point>>,
}

type Ring = Vec<Point>;
/// A side of a box: the coordinate that it limits, 1 where that is no less, -1 where it is no more, and the limit.
type Side = (fn(Point) -> f64, f64, f64);

/// All layers, as they are packed.
pub const FILE: &[u8] = include_bytes!("assets/earth.bin");

static EARTH: LazyLock<Vec<Vec<Ring>>> = LazyLock::new(|| decoded(FILE).unwrap_or_default());

/// The layers; `None` where the bytes are none.
fn decoded(file: &[u8]) -> Option<Vec<Vec<Ring>>> {
    let (length, packed) = file.split_first_chunk()?;
    let mut raw = vec![0; u32::from_le_bytes(*length) as usize];
    let size = libdeflater::Decompressor::new()
        .zlib_decompress(packed, &mut raw)
        .ok()?;
    let mut bytes = raw.get(..size)?.iter();
    let mut layers = Vec::new();
    for parts in PARTS {
        let mut rings = Vec::new();
        for _ in 0..varint(&mut bytes)? {
            let (mut x, mut y) = (0i64, 0i64);
            let mut ring = Vec::new();
            for _ in 0..varint(&mut bytes)? {
                x += zigzag(&mut bytes)?;
                y += zigzag(&mut bytes)?;
                ring.push((x as f64 / parts, y as f64 / parts));
            }
            rings.push(ring);
        }
        layers.push(rings);
    }
    Some(layers)
}

fn varint(bytes: &mut std::slice::Iter<u8>) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let byte = *bytes.next()?;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

fn zigzag(bytes: &mut std::slice::Iter<u8>) -> Option<i64> {
    let value = varint(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

/// Which of Natural Earth's scales a view calls for, as in its name: 110 or 50.
pub fn scale(view: &View) -> u32 {
    let middle = view.frame.middle();
    let ends = [-8.0, 8.0].map(|x| view.plane((middle.0 + x, middle.1)));
    let ground = view.projection.ground(ends[0], ends[1]);
    if ground.is_none_or(|ground| ground / 16.0 > COARSE) {
        110
    } else {
        50
    }
}

/// What a view shows of a layer.
pub fn paths(layer: Layer, view: &View, shown: &Shown) -> Paths {
    let index = match (scale(view), layer) {
        (110, Layer::Land) => 0,
        (110, Layer::Ice) => 1,
        (110, Layer::Lakes) => 2,
        (110, Layer::Shelves) => return Paths::default(),
        (_, Layer::Land) => 3,
        (_, Layer::Ice) => 4,
        (_, Layer::Shelves) => 5,
        (_, Layer::Lakes) => 6,
    };
    let rings = EARTH.get(index).map_or(&[][..], Vec::as_slice);
    let room = Room::around(shown);
    let mut paths = Paths::default();
    for ring in rings {
        for turn in room.turns(ring) {
            let ring = room.clipped(ring.iter().map(|&(lon, lat)| (lon + turn, lat)).collect());
            if ring.len() < 3 {
                continue;
            }
            let (filled, lines) = room.in_pixels(&ring, turn, view);
            paths.rings.extend(filled);
            paths.lines.extend(lines);
        }
    }
    paths
}

/// A box in degrees with what a view shows, and some more.
struct Room {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

impl Room {
    fn around(shown: &Shown) -> Self {
        let ((west, east), (south, north)) = (shown.longitudes, shown.latitudes);
        let more = |low: f64, high: f64| 0.05 * (high - low) + 0.01;
        let (across, along) = (more(west, east), more(south, north));
        let is_round = east - west >= 360.0;
        let across = if is_round { 0.0 } else { across };
        Self {
            west: west - across,
            east: east + across,
            south: (south - along).max(-90.0),
            north: (north + along).min(90.0),
        }
    }

    /// The turns in which a ring may be in the box.
    fn turns(&self, ring: &[Point]) -> Vec<f64> {
        let bounds = ring
            .iter()
            .fold((f64::MAX, f64::MIN, f64::MAX, f64::MIN), |b, p| {
                (b.0.min(p.0), b.1.max(p.0), b.2.min(p.1), b.3.max(p.1))
            });
        if bounds.2 > self.north || bounds.3 < self.south {
            return Vec::new();
        }
        let is_in = |turn: &f64| bounds.0 + turn < self.east && bounds.1 + turn > self.west;
        [-360.0, 0.0, 360.0].into_iter().filter(is_in).collect()
    }

    /// The ring within the box, by Sutherland and Hodgman: side after side.
    fn clipped(&self, ring: Ring) -> Ring {
        let sides: [Side; 4] = [
            (|p| p.0, 1.0, self.west),
            (|p| p.0, -1.0, self.east),
            (|p| p.1, 1.0, self.south),
            (|p| p.1, -1.0, self.north),
        ];
        sides.into_iter().fold(ring, |ring, side| cut(&ring, side))
    }

    /// Whether an edge is none of the Earth: along a side of the box, the antimeridian where the layer was cut, or the pole.
    fn is_seam(&self, a: Point, b: Point, turn: f64) -> bool {
        let both =
            |at: f64, of: fn(Point) -> f64| (of(a) - at).abs() < 1e-6 && (of(b) - at).abs() < 1e-6;
        let x = |p: Point| p.0;
        let y = |p: Point| p.1;
        both(self.west, x)
            || both(self.east, x)
            || both(self.south, y)
            || both(self.north, y)
            || both(turn - 180.0, x)
            || both(turn + 180.0, x)
            || both(-90.0, y)
    }

    /// The ring in pixels, with points between those that are far apart, and the lines of its edges.
    fn in_pixels(&self, ring: &[Point], turn: f64, view: &View) -> (Option<Ring>, Vec<Ring>) {
        let around = view.frame.grown(4.0);
        let mut filled: Ring = Vec::with_capacity(ring.len());
        let mut lines: Vec<Ring> = Vec::new();
        let mut line: Ring = Vec::new();
        let next = ring.iter().cycle().skip(1);
        for (&a, &b) in ring.iter().zip(next) {
            let is_seam = self.is_seam(a, b, turn);
            let far = (b.0 - a.0).abs().max((b.1 - a.1).abs());
            let pieces = (far / STRAIGHT).ceil().max(1.0) as u32;
            let mut from = view.pixel_of(a.0, a.1);
            push(&mut filled, from);
            for i in 1..=pieces {
                let t = f64::from(i) / f64::from(pieces);
                let to = view.pixel_of(a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
                let box_of = super::scene::Rect::new(
                    from.0.min(to.0),
                    from.1.min(to.1),
                    from.0.max(to.0) + 1e-9,
                    from.1.max(to.1) + 1e-9,
                );
                if is_seam || !box_of.intersects(around) {
                    if line.len() > 1 {
                        lines.push(std::mem::take(&mut line));
                    }
                    line.clear();
                } else {
                    if line.is_empty() {
                        line.push(from);
                    }
                    push(&mut line, to);
                }
                push(&mut filled, to);
                from = to;
            }
        }
        if line.len() > 1 {
            lines.push(line);
        }
        let sides: [Side; 4] = [
            (|p| p.0, 1.0, around.x0),
            (|p| p.0, -1.0, around.x1),
            (|p| p.1, 1.0, around.y0),
            (|p| p.1, -1.0, around.y1),
        ];
        let filled = sides
            .into_iter()
            .fold(filled, |ring, side| cut(&ring, side));
        ((filled.len() >= 3).then_some(filled), lines)
    }
}

/// Adds a point that is not too near the one before, and is one.
fn push(points: &mut Ring, point: Point) {
    let is_near = |last: &Point| (last.0 - point.0).abs() < NEAR && (last.1 - point.1).abs() < NEAR;
    if point.0.is_finite() && point.1.is_finite() && !points.last().is_some_and(is_near) {
        points.push(point);
    }
}

/// What of a ring is on one side of a line along an axis: `of` a point times `sign` at least `limit` times it.
fn cut(ring: &[Point], (of, sign, limit): Side) -> Ring {
    let inside = |p: Point| sign * (of(p) - limit) >= 0.0;
    let mut out = Vec::with_capacity(ring.len());
    let next = ring.iter().cycle().skip(1);
    for (&a, &b) in ring.iter().zip(next) {
        if inside(a) {
            out.push(a);
        }
        if inside(a) != inside(b) {
            let t = (limit - of(a)) / (of(b) - of(a));
            out.push((a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a point is inside rings, by how often a ray crosses them.
    fn inside(rings: &[Ring], (x, y): Point) -> bool {
        let crosses = |ring: &Ring| {
            let next = ring.iter().cycle().skip(1);
            let pairs = ring.iter().zip(next);
            pairs
                .filter(|&(&a, &b)| {
                    (a.1 > y) != (b.1 > y) && x < a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1)
                })
                .count()
        };
        rings.iter().map(crosses).sum::<usize>() % 2 == 1
    }

    #[test]
    fn land_and_ice_are_where_they_are() {
        assert_eq!(
            EARTH.iter().map(Vec::len).collect::<Vec<_>>(),
            [128, 12, 25, 1422, 394, 101, 457]
        );
        for land in [0, 3] {
            for (name, point, is_land) in [
                ("Boulder", (-105.3, 40.0), true),
                ("the South Pole", (10.0, -89.0), true),
                ("Summit", (-38.5, 72.6), true),
                ("the Gulf of Guinea", (0.1, 0.1), false),
                ("the Caspian Sea", (51.0, 42.0), false),
                ("Fiji's waters", (179.9, -25.0), false),
            ] {
                assert_eq!(inside(&EARTH[land], point), is_land, "{name}");
                let ice = inside(&EARTH[land + 1], point);
                assert_eq!(ice, ["the South Pole", "Summit"].contains(&name), "{name}");
            }
        }
        // The middle of the Ross Ice Shelf, and Lake Superior.
        assert!(inside(&EARTH[5], (-175.0, -81.0)));
        assert!(inside(&EARTH[2], (-88.0, 47.6)) && inside(&EARTH[6], (-88.0, 47.6)));
    }

    #[test]
    fn bytes_that_are_no_file_are_none() {
        assert!(decoded(&[]).is_none());
        assert!(decoded(&include_bytes!("assets/earth.bin")[..5000]).is_none());
    }

    #[test]
    fn a_ring_is_cut_along_a_line() {
        let square = vec![(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)];
        let half = cut(&square, (|p| p.0, -1.0, 1.0));
        assert_eq!(half, [(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (0.0, 2.0)]);
        assert!(cut(&square, (|p| p.1, 1.0, 5.0)).is_empty());
    }
}
