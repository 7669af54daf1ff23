//! Which cells a pixel shows: a scan-line rasteriser at twice the picture's resolution.
//!
//! A sample (a quarter of a pixel) shows the mean colour position of the cells that cover it,
//! summed in integers, so the picture does not depend on the order of cells. Cells smaller than a
//! few pixels also colour a square around them where no cell is, so sparse tracks stay visible.

use super::color::ColorScale;
use super::outline::{Outline, Outlines};
use super::projection::{Point, Projection};
use super::scene::{Color, Pixels, Rect};
use super::view::View;

/// Samples in a pixel, each way.
const SAMPLES: i32 = 2;
/// Least width and height of a cell in samples, of a picture 1400 pixels wide.
const LEAST: f64 = 5.0;

/// What each sample of the frame shows.
pub struct Coverage {
    width: i32,
    height: i32,
    /// Least width and height of a cell in samples.
    least: f64,
    /// Columns that lie on the globe.
    columns: (f64, f64),
    /// What cells cover by their outlines.
    inside: Plane,
    /// What squares around small cells cover.
    around: Plane,
}

/// What a sample shows.
enum Seen {
    Level(u32),
    NoValue,
}

/// Sums over the cells that cover each sample.
struct Plane {
    sums: Vec<u64>,
    counts: Vec<u32>,
    nans: Vec<bool>,
}

impl Coverage {
    pub fn new(
        outlines: &Outlines,
        values: &[f64],
        view: &View,
        scale: &ColorScale,
        unit: f64,
    ) -> Self {
        let frame = view.frame;
        let (width, height) = (
            frame.width() as i32 * SAMPLES,
            frame.height() as i32 * SAMPLES,
        );
        let samples = width as usize * height as usize;
        let mut coverage = Self {
            width,
            height,
            least: (LEAST * unit).max(2.0).round(),
            columns: columns(view),
            inside: Plane::new(samples),
            around: Plane::new(samples),
        };
        outlines.for_each(view.projection, |index, outline| {
            let level = values.get(index).and_then(|&value| scale.level(value));
            for shift in shifts(outline, view.projection).into_iter().flatten() {
                coverage.add(
                    &outline.map(|(x, y)| to_samples(view, (x + shift, y))),
                    level,
                );
            }
        });
        coverage
    }

    /// Adds an outline in sample coordinates.
    fn add(&mut self, outline: &Outline, level: Option<u32>) {
        let ((x0, y0), (x1, y1)) = outline.bounds();
        let is_outside =
            x1 < 0.0 || y1 < 0.0 || x0 > f64::from(self.width) || y0 > f64::from(self.height);
        if is_outside || !(x1 - x0).is_finite() || !(y1 - y0).is_finite() {
            return;
        }
        let mut is_seen = false;
        for y in row_range(y0, y1, self.height) {
            let Some((left, right)) = span(outline, f64::from(y) + 0.5) else {
                continue;
            };
            for x in self.column_range(left, right) {
                self.inside.add((y * self.width + x) as usize, level);
                is_seen = true;
            }
        }
        let (x, y) = (f64::midpoint(x0, x1), f64::midpoint(y0, y1));
        if !is_seen {
            self.add_square((x, y), 1.0, level, false);
        }
        if x1 - x0 < self.least || y1 - y0 < self.least {
            self.add_square((x, y), self.least, level, true);
        }
    }

    /// Adds a square of `side` samples around a point.
    fn add_square(&mut self, (x, y): Point, side: f64, level: Option<u32>, is_around: bool) {
        let (left, top) = ((x - side / 2.0).round(), (y - side / 2.0).round());
        for row in row_range(top, top + side, self.height) {
            for column in self.column_range(left, left + side) {
                let sample = (row * self.width + column) as usize;
                let plane = if is_around {
                    &mut self.around
                } else {
                    &mut self.inside
                };
                plane.add(sample, level);
            }
        }
    }

    /// Samples of a row whose middle lies in [`left`, `right`) and on the globe.
    fn column_range(&self, left: f64, right: f64) -> std::ops::Range<i32> {
        row_range(
            left.max(self.columns.0),
            right.min(self.columns.1),
            self.width,
        )
    }

    /// The cells as pixels with opacity, four to a pixel of the picture.
    pub fn pixels(&self, scale: &ColorScale, no_value: Color) -> Pixels {
        let mut bytes = vec![0; self.inside.counts.len() * 4];
        for (sample, pixel) in bytes.chunks_exact_mut(4).enumerate() {
            let level = self
                .inside
                .level(sample)
                .or_else(|| self.around.level(sample));
            if let Some(seen) = level {
                let [red, green, blue] = match seen {
                    Seen::Level(level) => scale.color(level),
                    Seen::NoValue => no_value,
                };
                pixel.copy_from_slice(&[red, green, blue, 255]);
            }
        }
        Pixels {
            width: self.width as u32,
            height: self.height as u32,
            bytes,
        }
    }

    /// True where a cell shows in `rect`, in pixels of the picture.
    pub fn is_occupied(&self, rect: Rect, view: &View) -> bool {
        let frame = view.frame;
        let range = |low: f64, high: f64, from: f64, most: i32| {
            let clamp = |v: f64| (v - from).clamp(0.0, f64::from(most / SAMPLES)) as i32;
            clamp(low)..clamp(high)
        };
        let columns = range(rect.x0, rect.x1, frame.x0, self.width);
        let mut rows = range(rect.y0, rect.y1, frame.y0, self.height);
        rows.any(|y| {
            let seen = |x| {
                self.samples(x, y)
                    .iter()
                    .any(|&s| self.inside.shows(s) || self.around.shows(s))
            };
            columns.clone().any(seen)
        })
    }

    /// Samples of the pixel at (`x`, `y`) of the frame.
    fn samples(&self, x: i32, y: i32) -> [usize; 4] {
        let first = (y * SAMPLES * self.width + x * SAMPLES) as usize;
        let below = first + self.width as usize;
        [first, first + 1, below, below + 1]
    }
}

impl Plane {
    fn new(samples: usize) -> Self {
        Self {
            sums: vec![0; samples],
            counts: vec![0; samples],
            nans: vec![false; samples],
        }
    }

    fn add(&mut self, sample: usize, level: Option<u32>) {
        match level {
            Some(level) => {
                self.sums[sample] += u64::from(level);
                self.counts[sample] += 1;
            }
            None => self.nans[sample] = true,
        }
    }

    fn shows(&self, sample: usize) -> bool {
        self.counts[sample] > 0 || self.nans[sample]
    }

    /// Place in the colours of the mean; NaN shows where there is nothing else.
    fn level(&self, sample: usize) -> Option<Seen> {
        let count = u64::from(self.counts[sample]);
        match self.sums[sample].checked_div(count) {
            Some(level) => Some(Seen::Level(level as u32)),
            None => self.nans[sample].then_some(Seen::NoValue),
        }
    }
}

/// Sample coordinates of a point of the plane, to 1/1024 of a sample: what lies on a border by its nature does so on every
/// system.
fn to_samples(view: &View, point: Point) -> Point {
    const PARTS: f64 = 1024.0;
    let (x, y) = view.pixel(point);
    let of = |v: f64, from: f64| ((v - from) * f64::from(SAMPLES) * PARTS).round() / PARTS;
    (of(x, view.frame.x0), of(y, view.frame.y0))
}

/// First and last column of samples on the globe: a map in degrees ends at its cut.
fn columns(view: &View) -> (f64, f64) {
    match view.projection.degrees() {
        None => (f64::MIN, f64::MAX),
        Some((cut, shrink)) => (
            to_samples(view, (cut * shrink, 0.0)).0,
            to_samples(view, ((cut + 360.0) * shrink, 0.0)).0,
        ),
    }
}

/// Where to draw an outline: a map in degrees repeats what crosses its edges.
fn shifts(outline: &Outline, projection: Projection) -> [Option<f64>; 2] {
    let Some((cut, shrink)) = projection.degrees() else {
        return [Some(0.0), None];
    };
    let ((x0, _), (x1, _)) = outline.bounds();
    let turn = 360.0 * shrink;
    let again = if x0 < cut * shrink {
        Some(turn)
    } else {
        (x1 > cut * shrink + turn).then_some(-turn)
    };
    [Some(0.0), again]
}

/// Samples whose middle lies in [`low`, `high`), within 0 and `limit`.
fn row_range(low: f64, high: f64, limit: i32) -> std::ops::Range<i32> {
    let clamp = |v: f64| (v - 0.5).ceil().clamp(0.0, f64::from(limit)) as i32;
    clamp(low)..clamp(high)
}

/// Left and right end of a convex outline on the line at `y`.
fn span(outline: &Outline, y: f64) -> Option<(f64, f64)> {
    let corners = outline.corners();
    let mut ends: Option<(f64, f64)> = None;
    let next = corners.iter().cycle().skip(1);
    for (&(ax, ay), &(bx, by)) in corners.iter().zip(next) {
        if (ay <= y) == (by <= y) {
            continue;
        }
        let x = ax + (bx - ax) * ((y - ay) / (by - ay));
        ends = Some(ends.map_or((x, x), |(left, right)| (left.min(x), right.max(x))));
    }
    ends
}
