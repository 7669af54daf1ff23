//! The scale of t-digests: which values, in order, are one centroid.
//!
//! Below `tdigest.rs`. Dunning's scale k1(q) = delta (asin(2q - 1) / pi + 1/2) of the part q of all weight up to and with a
//! value; a centroid spans one unit of it. Source: Dunning and Ertl, Computing Extremely Accurate Quantiles Using t-Digests
//! (2019).

use std::f64::consts::PI;
use std::ops::Range;

/// More than rounding moves parts of all weight by: the scale's and that of a rotation are below 20 units of 2^-53.
const MARGIN: f64 = 1e-13;

/// Whether each of `n` values is a centroid of its own.
pub(super) fn are_apart(n: usize, delta: u32) -> bool {
    // The scale rises by 2 delta / pi at least, so two of fewer than 4 delta / pi values span more than a unit.
    n as f64 <= 1.25 * f64::from(delta)
}

/// The ranks of the values in each centroid of `n` values.
pub(super) fn ranks_of_centroids(n: usize, delta: u32) -> Vec<Range<usize>> {
    if are_apart(n, delta) {
        return (0..n).map(|rank| rank..rank + 1).collect();
    }
    let until = |rank: usize| (rank + 1) as f64 / n as f64;
    runs(n, delta, (until, |q: f64| (q * n as f64) as usize))
}

/// Parts `n` things in order into runs that span one unit of the scale at most, or are one thing. `until` is the part of
/// all weight up to and with a thing, and `within` how many things there are up to a part.
///
/// The scale is an angle, so the part that is one unit further is a rotation away: sin(a + b) of the sine and cosine of a.
/// Where a thing is closer to that part than rounding might move either, the scale itself decides.
pub(super) fn runs(
    n: usize,
    delta: u32,
    (until, within): (impl Fn(usize) -> f64, impl Fn(f64) -> usize),
) -> Vec<Range<usize>> {
    let of_scale = Scale(f64::from(delta));
    let (sine, cosine) = (libm::sin(PI / of_scale.0), libm::cos(PI / of_scale.0));
    let mut runs = Vec::with_capacity((2.0 * of_scale.0).min(n as f64) as usize);
    let mut start = 0;
    while start < n {
        let before = if start == 0 { 0.0 } else { until(start - 1) };
        let at = 2.0 * before - 1.0;
        let along = 2.0 * (before * (1.0 - before)).max(0.0).sqrt();
        let limit = 0.5 + 0.5 * (at * cosine + along * sine);
        // Less than a unit is left where the rotation goes beyond a right angle.
        let is_rest = at > cosine;
        let beyond = if is_rest { n } else { within(limit) };
        let beyond = beyond.clamp(start + 1, n);
        let is_clear = if is_rest {
            limit < 1.0 - MARGIN
        } else {
            (beyond == start + 1 || until(beyond - 1) < limit - MARGIN)
                && (beyond == n || until(beyond) > limit + MARGIN)
        };
        let beyond = if is_clear {
            beyond
        } else {
            of_scale.beyond(start..n, (before, beyond), &until)
        };
        runs.push(start..beyond);
        start = beyond;
    }
    runs
}

/// Dunning's k1, as far as this at most.
struct Scale(f64);

impl Scale {
    fn of(&self, q: f64) -> f64 {
        self.0 * (libm::asin(2.0 * q.clamp(0.0, 1.0) - 1.0) / PI + 0.5)
    }

    /// The first of these things that is more than a unit beyond the part before them; looked for from `about` on.
    fn beyond(
        &self,
        things: Range<usize>,
        (before, about): (f64, usize),
        until: impl Fn(usize) -> f64,
    ) -> usize {
        let limit = self.of(before) + 1.0;
        let fits = |thing: usize| self.of(until(thing)) <= limit;
        let mut beyond = about;
        while beyond > things.start + 1 && !fits(beyond - 1) {
            beyond -= 1;
        }
        while beyond < things.end && fits(beyond) {
            beyond += 1;
        }
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks as they follow from the scale alone: the next thing that is beyond, by halves.
    fn by_scale(n: usize, delta: u32) -> Vec<Range<usize>> {
        let scale = Scale(f64::from(delta));
        let after = |rank: usize| scale.of((rank + 1) as f64 / n as f64);
        let (mut runs, mut start, mut before) = (Vec::new(), 0, scale.of(0.0));
        while start < n {
            let (mut within, mut beyond) = (start, n);
            while beyond - within > 1 {
                let middle = usize::midpoint(within, beyond);
                if after(middle) <= before + 1.0 {
                    within = middle;
                } else {
                    beyond = middle;
                }
            }
            runs.push(start..beyond);
            (start, before) = (beyond, after(beyond - 1));
        }
        runs
    }

    #[test]
    fn rotations_part_ranks_as_the_scale_does() {
        let counts = (1..300).chain([1000, 1024, 4096, 9999, 10_000, 65_536, 1_000_000]);
        for n in counts {
            for delta in [1, 2, 3, 4, 6, 8, 12, 100, 128, 512, 4000] {
                assert_eq!(
                    ranks_of_centroids(n, delta),
                    by_scale(n, delta),
                    "{n} {delta}"
                );
            }
        }
        let far = 1usize << 40;
        assert_eq!(ranks_of_centroids(far, 64), by_scale(far, 64));
    }
}
