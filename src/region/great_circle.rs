//! Edges along great circles, as lines that follow them within centimetres: what other edges of regions are.
//!
//! Beside the line, below `geoparquet.rs`, whose files may say that edges are such. The sphere is the one that has the
//! latitudes as they are. Sines are those of `libm`, and an edge is followed from the same end whichever ring has it, so
//! every machine gives the same positions, and areas that share an edge still do.

use super::exact::Point;
use super::{HALF, TURN};

/// Degrees that a line is from its great circle at most: 1e-8 of the Earth's radius, 6 cm.
const NEAR: f64 = 1e-8 * HALF / std::f64::consts::PI;
/// Degrees between two positions at most: beyond, three places between them say too little.
const FAR: f64 = 5.0;
/// Times that an edge is halved at most.
const DEEPEST: u32 = 32;

/// A closed ring with positions along the great circles of its edges.
///
/// # Errors
/// In words: an edge that is more than one great circle, or none that lies in the plane.
pub(super) fn along(ring: &[Point]) -> Result<Vec<Point>, String> {
    let mut found = Vec::with_capacity(ring.len());
    for edge in ring.windows(2) {
        found.push(edge[0]);
        between(edge[0], edge[1], &mut found)?;
    }
    found.extend(ring.last());
    Ok(found)
}

/// Adds the positions between two.
fn between(a: Point, b: Point, found: &mut Vec<Point>) -> Result<(), String> {
    let is_pole = |p: Point| p[1].abs() == HALF / 2.0;
    // A meridian is one, and so is the equator.
    if a[0] == b[0] || (a[1] == 0.0 && b[1] == 0.0 && (a[0] - b[0]).abs() < HALF) {
        return Ok(());
    }
    match (is_pole(a), is_pole(b)) {
        (true, true) if a[1] == b[1] => return Ok(()),
        // A pole has every longitude: the way there is the other end's meridian.
        (true, false) => {
            found.push([b[0], a[1]]);
            return Ok(());
        }
        (false, true) => {
            found.push([a[0], b[1]]);
            return Ok(());
        }
        _ => {}
    }
    if is_pole(a) || (a[0] - b[0]).abs() >= HALF {
        return Err(format!(
            "has an edge from {a:?} to {b:?}, which is a great circle across the antimeridian or a pole; cut the \
             polygon there (ogr2ogr -wrapdateline), or write it with edges: planar"
        ));
    }
    let ahead = a <= b;
    let [from, to] = if ahead { [a, b] } else { [b, a] };
    let start = found.len();
    halve([from, to], [unit(from), unit(to)], DEEPEST, found);
    if !ahead {
        found[start..].reverse();
    }
    Ok(())
}

/// Adds positions between two, if the line between these is not near their great circle.
fn halve([a, b]: [Point; 2], [u, v]: [[f64; 3]; 2], depth: u32, found: &mut Vec<Point>) {
    let middle = mid(u, v);
    let on_line = |t: f64| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
    let at = [
        (mid(u, middle), 0.25),
        (middle, 0.5),
        (mid(middle, v), 0.75),
    ];
    let is_near = at
        .iter()
        .all(|&(on_circle, t)| apart(position(on_circle), on_line(t)) <= NEAR);
    let is_short = (b[0] - a[0]).abs().max((b[1] - a[1]).abs()) <= FAR;
    if depth == 0 || (is_near && is_short) {
        return;
    }
    let half = position(middle);
    halve([a, half], [u, middle], depth - 1, found);
    found.push(half);
    halve([half, b], [middle, v], depth - 1, found);
}

/// Degrees between two positions that are near each other.
fn apart(a: Point, b: Point) -> f64 {
    let east = (a[0] - b[0]) * libm::cos((a[1]).to_radians());
    libm::sqrt(east * east + (a[1] - b[1]) * (a[1] - b[1]))
}

fn unit([lon, lat]: Point) -> [f64; 3] {
    let (lon, lat) = (lon * RADIANS, lat * RADIANS);
    let across = libm::cos(lat);
    [
        across * libm::cos(lon),
        across * libm::sin(lon),
        libm::sin(lat),
    ]
}

/// Radians of a degree.
const RADIANS: f64 = 2.0 * std::f64::consts::PI / TURN;

fn mid(u: [f64; 3], v: [f64; 3]) -> [f64; 3] {
    let [x, y, z] = [u[0] + v[0], u[1] + v[1], u[2] + v[2]];
    let length = libm::sqrt(x * x + y * y + z * z);
    [x / length, y / length, z / length]
}

fn position([x, y, z]: [f64; 3]) -> Point {
    let lat = libm::atan2(z, libm::sqrt(x * x + y * y));
    [libm::atan2(y, x) / RADIANS, lat / RADIANS]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far positions are from the great circle through two, in radians.
    fn off(a: Point, b: Point, p: Point) -> f64 {
        let ([a1, a2, a3], [b1, b2, b3]) = (unit(a), unit(b));
        let normal = [a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1];
        let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
        let p = unit(p);
        (normal.iter().zip(p).map(|(n, p)| n * p).sum::<f64>() / length).abs()
    }

    #[test]
    fn lines_follow_the_great_circle_of_an_edge_from_either_end() {
        for (a, b) in [
            ([-60.0, 60.0], [0.0, 60.0]),
            ([-60.0, -50.0], [60.0, 50.0]),
            ([0.0, -80.0], [0.9, 80.0]),
            ([10.0, 89.0], [150.0, 88.5]),
            ([179.0, -89.9], [180.0, -40.0]),
            ([-180.0, 10.0], [-30.0, 10.5]),
        ] {
            let mut ahead = Vec::new();
            between(a, b, &mut ahead).unwrap();
            assert!(ahead.len() > 3 && ahead.len() < 100_000, "{}", ahead.len());
            let mut back = Vec::new();
            between(b, a, &mut back).unwrap();
            back.reverse();
            assert_eq!(ahead, back);
            let all = [&[a][..], &ahead, &[b]].concat();
            for pair in all.windows(2) {
                // Positions lie on it, and so does every place of the line between two of them, nearly.
                assert!(off(a, b, pair[0]) < 4e-15);
                for t in [0.1, 0.3, 0.5, 0.62, 0.9] {
                    let [lon, lat] = [0, 1].map(|i| pair[0][i] + t * (pair[1][i] - pair[0][i]));
                    assert!(off(a, b, [lon, lat]) < 1.5e-8, "{a:?} {b:?} {lon} {lat}");
                }
                assert!((pair[1][0] - pair[0][0]) * (b[0] - a[0]) >= 0.0);
            }
        }
        // Its northernmost place: atan(tan 60 / cos 30).
        let mut arc = Vec::new();
        between([-60.0, 60.0], [0.0, 60.0], &mut arc).unwrap();
        let north = arc.iter().map(|p| p[1]).fold(0.0, f64::max);
        assert!((north - 63.434_948_822_922).abs() < 1e-9, "{north}");
    }

    #[test]
    fn meridians_poles_and_the_equator_are_lines_already() {
        let ring = [
            [10.0, 0.0],
            [20.0, 0.0],
            [20.0, 80.0],
            [10.0, 90.0],
            [10.0, 0.0],
        ];
        let expected = [
            [10.0, 0.0],
            [20.0, 0.0],
            [20.0, 80.0],
            [20.0, 90.0],
            [10.0, 90.0],
            [10.0, 0.0],
        ];
        assert_eq!(along(&ring).unwrap(), expected);
        for (a, b) in [
            ([179.0, 10.0], [-179.0, 10.0]),
            ([0.0, 10.0], [180.0, 20.0]),
            ([0.0, 90.0], [10.0, -90.0]),
            ([-180.0, -90.0 + 1e-9], [180.0, -89.0]),
        ] {
            let why = between(a, b, &mut Vec::new()).unwrap_err();
            assert!(why.contains("across the antimeridian or a pole"), "{why}");
        }
    }
}
