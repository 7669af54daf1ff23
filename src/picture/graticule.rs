//! Parallels and meridians: which, and where they run. `labels.rs` writes their degrees.

use super::projection::Point;
use super::scene::Rect;
use super::view::{Shown, View};

/// Steps in degrees that people expect; finer ones are 1, 2 and 5 times a power of ten.
const LATITUDE_STEPS: [f64; 6] = [30.0, 20.0, 10.0, 5.0, 2.0, 1.0];
const LONGITUDE_STEPS: [f64; 9] = [90.0, 60.0, 45.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0];
/// At most so many steps across the frame.
const MOST: f64 = 6.0;
/// Points on a line of the graticule.
const POINTS: i32 = 180;

/// Which lines to draw, in degrees.
pub struct Graticule {
    pub parallels: Vec<f64>,
    pub meridians: Vec<f64>,
    /// Of longitudes and latitudes.
    pub steps: (f64, f64),
    pub shown: Shown,
}

impl Graticule {
    /// The lines that the view calls for.
    pub fn new(view: &View, shown: &Shown) -> Self {
        let (longitudes, latitudes) = (shown.longitudes, shown.latitudes);
        let lat_step = choose_step(latitudes.1 - latitudes.0, &LATITUDE_STEPS);
        let is_round = longitudes.1 - longitudes.0 >= 359.0 && view.projection.pole().is_some();
        let lon_step = if is_round {
            30.0
        } else {
            choose_step(longitudes.1 - longitudes.0, &LONGITUDE_STEPS)
        };
        let of = if is_round {
            (-150.0, 180.0)
        } else {
            longitudes
        };
        let mut parallels = multiples(latitudes, lat_step);
        parallels.retain(|lat| lat.abs() < 90.0);
        Self {
            parallels,
            meridians: multiples(of, lon_step),
            steps: (lon_step, lat_step),
            shown: *shown,
        }
    }

    /// Where the lines run, in pixels.
    pub fn lines(&self, view: &View) -> Vec<Vec<Point>> {
        let parallels = self.parallels.iter().map(|&lat| self.parallel(lat, view));
        let meridians = self.meridians.iter().map(|&lon| self.meridian(lon, view));
        let near = view.frame.grown(2.0);
        let seen = |path: Vec<Point>| pieces(&path, near);
        parallels.chain(meridians).flat_map(seen).collect()
    }

    /// Pixels along a parallel; of a region it begins and ends beyond the frame, so that it crosses the border.
    pub fn parallel(&self, lat: f64, view: &View) -> Vec<Point> {
        let (mut west, mut east) = self.shown.longitudes;
        if east - west < 350.0 {
            let more = 0.02 * (east - west);
            (west, east) = (west - more, east + more);
        }
        let at = |i: i32| west + (east - west) * f64::from(i) / f64::from(POINTS);
        (0..=POINTS).map(|i| view.pixel_of(at(i), lat)).collect()
    }

    /// Pixels along a meridian, from the equator's side. Near a pole only the cardinal ones go on
    /// to it.
    pub fn meridian(&self, lon: f64, view: &View) -> Vec<Point> {
        let (mut from, mut to) = self.shown.latitudes;
        let more = 0.02 * (to - from);
        (from, to) = ((from - more).max(-90.0), (to + more).min(90.0));
        if let Some(pole) = view.projection.pole() {
            if pole < 0.0 {
                (from, to) = (to, from);
            }
            let innermost = self
                .parallels
                .iter()
                .map(|lat| lat * pole)
                .fold(0.0, f64::max);
            let ends = to * pole > innermost && innermost > 0.0 && self.steps.0 >= 20.0;
            if ends && lon % 90.0 != 0.0 {
                to = innermost * pole;
            }
        }
        let at = |i: i32| from + (to - from) * f64::from(i) / f64::from(POINTS);
        (0..=POINTS).map(|i| view.pixel_of(lon, at(i))).collect()
    }
}

/// The finest step that gives few enough lines, not below a millionth of a degree.
fn choose_step(range: f64, steps: &[f64]) -> f64 {
    let fits = |step: &f64| range / step <= MOST;
    let mut best = steps.iter().copied().filter(fits).fold(f64::NAN, f64::min);
    if best.is_nan() {
        best = steps[0];
    }
    let mut power = 0.1;
    for _ in 0..6 {
        for factor in [5.0, 2.0, 1.0] {
            let step = factor * power;
            if best <= 1.0 && fits(&step) {
                best = step;
            }
        }
        power /= 10.0;
    }
    best
}

fn multiples((low, high): (f64, f64), step: f64) -> Vec<f64> {
    let (first, last) = (
        (low / step - 1e-9).ceil() as i64,
        (high / step + 1e-9).floor() as i64,
    );
    (first..=last).take(64).map(|i| i as f64 * step).collect()
}

/// Parts of a path that may show in a rectangle.
fn pieces(path: &[Point], near: Rect) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = Vec::new();
    for pair in path.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let bounds = Rect::new(
            a.0.min(b.0),
            a.1.min(b.1),
            a.0.max(b.0) + 1e-9,
            a.1.max(b.1) + 1e-9,
        );
        if bounds.intersects(near) {
            if piece.is_empty() {
                piece.push(a);
            }
            piece.push(b);
        } else if !piece.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}
