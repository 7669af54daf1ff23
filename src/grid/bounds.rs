//! Bounds of positions that lie together: what locators are asked to settle at once.
//!
//! Beside the line, whatever the grid.

use multiversion::multiversion;

/// Smallest and largest longitude and latitude of some positions, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub lon: [f64; 2],
    pub lat: [f64; 2],
}

impl Bounds {
    /// Of no positions: the identity of `join`.
    pub const NONE: Self = Self {
        lon: [f64::INFINITY, f64::NEG_INFINITY],
        lat: [f64::INFINITY, f64::NEG_INFINITY],
    };

    /// Of positions none of which is NaN.
    #[inline(always)]
    pub fn of(lon: &[f64], lat: &[f64]) -> Self {
        Self {
            lon: range(lon),
            lat: range(lat),
        }
    }

    /// Whether all positions within the others are within these.
    pub fn hold(&self, others: &Self) -> bool {
        let hold = |mine: [f64; 2], others: [f64; 2]| mine[0] <= others[0] && others[1] <= mine[1];
        hold(self.lon, others.lon) && hold(self.lat, others.lat)
    }

    /// Of the positions of both.
    pub fn join(self, other: Self) -> Self {
        Self {
            lon: [
                smaller(self.lon[0], other.lon[0]),
                larger(self.lon[1], other.lon[1]),
            ],
            lat: [
                smaller(self.lat[0], other.lat[0]),
                larger(self.lat[1], other.lat[1]),
            ],
        }
    }
}

/// Smallest and largest of some values. Each lane compares with itself only, so that lanes become
/// one vector register.
#[inline(always)]
fn range(values: &[f64]) -> [f64; 2] {
    const LANES: usize = 8;
    let [mut low, mut high] = [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]];
    let chunks = values.chunks_exact(LANES);
    for (lane, &value) in chunks.remainder().iter().enumerate() {
        low[lane] = smaller(low[lane], value);
        high[lane] = larger(high[lane], value);
    }
    for chunk in chunks {
        for lane in 0..LANES {
            low[lane] = smaller(low[lane], chunk[lane]);
            high[lane] = larger(high[lane], chunk[lane]);
        }
    }
    // Half of the lanes with the other half: one after another would take most of the time where values are few.
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            low[lane] = smaller(low[lane], low[lane + half]);
            high[lane] = larger(high[lane], high[lane + half]);
        }
        half /= 2;
    }
    [low[0], high[0]]
}

#[inline(always)]
pub(super) fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

#[inline(always)]
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// [`Bounds::of`] with the widest instructions that the processor has.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub fn bounds_of(lon: &[f64], lat: &[f64]) -> Bounds {
    Bounds::of(lon, lat)
}

/// The bounds of every `size` consecutive positions; the last box may hold fewer.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub fn bounds_of_boxes(lon: &[f64], lat: &[f64], size: usize, boxes: &mut Vec<Bounds>) {
    boxes.clear();
    boxes.extend(
        lon.chunks(size)
            .zip(lat.chunks(size))
            .map(|(lon, lat)| Bounds::of(lon, lat)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounds_are_the_least_and_the_largest(
            degrees in prop::collection::vec((-540.0..540.0_f64, -90.0..90.0_f64), 1..60),
        ) {
            let (lon, lat): (Vec<f64>, Vec<f64>) = degrees.into_iter().unzip();
            let sorted = |degrees: &[f64]| {
                let mut sorted = degrees.to_vec();
                sorted.sort_by(f64::total_cmp);
                [sorted[0], sorted[sorted.len() - 1]]
            };
            let expected = Bounds { lon: sorted(&lon), lat: sorted(&lat) };
            prop_assert_eq!(bounds_of(&lon, &lat), expected);
            prop_assert_eq!(Bounds::of(&lon, &lat), expected);
        }
    }

    #[test]
    fn bounds_cover_their_positions() {
        let lon: Vec<f64> = (0..100).map(|i| f64::from(i * 37 % 100)).collect();
        let lat: Vec<f64> = (0..100).map(|i| f64::from(i * 53 % 90)).collect();
        let mut boxes = Vec::new();
        bounds_of_boxes(&lon, &lat, 16, &mut boxes);
        assert_eq!(boxes.len(), 7);
        let all = boxes.iter().copied().fold(Bounds::NONE, Bounds::join);
        assert_eq!(all, Bounds::of(&lon, &lat));
    }

    #[test]
    fn bounds_hold_those_that_reach_nowhere_beyond_them() {
        let of = |west, east, south, north| Bounds {
            lon: [west, east],
            lat: [south, north],
        };
        let outer = of(-10.0, 20.0, 5.0, 6.0);
        assert!(outer.hold(&outer) && outer.hold(&of(-9.0, 19.0, 5.5, 5.6)));
        for beyond in [
            of(-10.5, 19.0, 5.5, 5.6),
            of(-9.0, 20.5, 5.5, 5.6),
            of(-9.0, 19.0, 4.5, 5.6),
            of(-9.0, 19.0, 5.5, 6.5),
            of(-11.0, 21.0, 4.0, 7.0),
        ] {
            assert!(!outer.hold(&beyond), "{beyond:?}");
        }
    }
}
