//! Regions against rational numbers: whether a position is inside, and that whole runs keep those positions.

use std::cmp::Ordering;

use icefold::Region;
use num_rational::BigRational;
use proptest::prelude::*;
use serde_json::json;

type Point = [f64; 2];

fn exact(x: f64) -> BigRational {
    BigRational::from_float(x).expect("a finite number")
}

/// Whether a position lies within closed rings: where edges cut its parallel, in rational numbers. A cut at the position
/// itself is west of it, and the parallel runs a little north of it, or south of it at the north pole.
fn is_inside(ring: &[Point], p: Point) -> bool {
    let at_pole = p[1] == 90.0;
    let above = |q: &Point| if at_pole { q[1] >= p[1] } else { q[1] > p[1] };
    let east = ring.windows(2).filter(|edge| {
        let [a, b] = [edge[0], edge[1]];
        if above(&a) == above(&b) {
            return false;
        }
        let rise = exact(b[1]) - exact(a[1]);
        let part = (exact(p[1]) - exact(a[1])) / rise;
        let cut = exact(a[0]) + part * (exact(b[0]) - exact(a[0]));
        cut.cmp(&exact(p[0])) == Ordering::Greater
    });
    east.count() % 2 == 1
}

/// A star around a point: its angles ascend, so no edge crosses another. Some corners are of whole numbers.
fn star(lon: f64, lat: f64, steps: &[(u8, f64)], whole: bool) -> Vec<Point> {
    let all: f64 = steps.iter().map(|(step, _)| f64::from(*step)).sum();
    let mut angle = 0.0;
    let mut ring: Vec<Point> = steps
        .iter()
        .map(|&(step, radius)| {
            angle += f64::from(step) / all * std::f64::consts::TAU;
            let at = [lon + radius * angle.cos(), lat + radius * angle.sin() / 2.0];
            let at = if whole { at.map(f64::round) } else { at };
            [at[0].clamp(-180.0, 180.0), at[1].clamp(-90.0, 90.0)]
        })
        .collect();
    ring.push(ring[0]);
    ring
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_position_is_inside_where_rational_numbers_say_so(
        centre in (-180.0f64..180.0, -90.0f64..=90.0),
        steps in prop::collection::vec((1u8..20, 1.0f64..60.0), 3..60),
        hole in prop::collection::vec((1u8..20, 1.0f64..20.0), 3..12),
        whole: bool,
        photons in prop::collection::vec((0usize..64, 0.0f64..=1.0, 0u8..6, -180i32..180, -90i32..=90), 40),
    ) {
        let outer = star(centre.0, centre.1, &steps, whole);
        let hole = star(centre.0, centre.1, &hole, whole);
        let text = json!({"type": "Polygon", "coordinates": [outer, hole]}).to_string();
        // What is clamped or rounded may cross itself, and is refused.
        let Ok(region) = Region::of_geojson(&text) else { return Ok(()) };
        for (edge, t, kind, lon, lat) in photons {
            let ring = if edge % 3 == 0 { &hole } else { &outer };
            let edge = edge % (ring.len() - 1);
            let (a, b) = (ring[edge], ring[edge + 1]);
            let on = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
            let p = match kind {
                // On corners, next to edges, in line with corners, anywhere.
                0 => a,
                1 => on,
                2 => [f64::from(lon), a[1]],
                3 => [a[0], f64::from(lat)],
                4 => [f64::from(lon), f64::from(lat)],
                _ => [on[0] + f64::from(lon) * 1e-15, on[1]],
            };
            let p = [if p[0] >= 180.0 { -180.0 } else { p[0] }, p[1].clamp(-90.0, 90.0)];
            let expected = is_inside(&outer, p) && !is_inside(&hole, p);
            for turn in [0.0, 360.0, -360.0] {
                let lon = p[0] + turn;
                // Where the other turn has no such number, it is another position.
                if lon.abs() <= 540.0 && lon - turn == p[0] {
                    prop_assert_eq!(region.contains(lon, p[1]), expected, "{:?} {}", p, text);
                }
            }
        }
    }
}

#[test]
fn rational_numbers_have_an_edge_to_decide() {
    let ring = [[0.0, 0.0], [3.0, 1.0], [0.0, 1.0], [0.0, 0.0]];
    let third = 1.0 / 3.0;
    assert!((exact(third) * exact(3.0)).cmp(&exact(1.0)) == Ordering::Less);
    let region = Region::of_geojson(&json!({"type": "Polygon", "coordinates": [ring]}).to_string());
    assert_eq!(
        region.unwrap().contains(1.0, third),
        is_inside(&ring, [1.0, third])
    );
}
