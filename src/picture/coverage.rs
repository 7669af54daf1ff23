//! Which cells a pixel shows: a scan-line rasteriser at twice the picture's resolution.
//!
//! A sample (a quarter of a pixel) shows the mean colour position of the cells that cover it,
//! summed in integers, so the picture does not depend on the order of cells. Cells smaller than a
//! few pixels also colour a square around them where no cell is, so sparse tracks stay visible.

use super::canvas::{Canvas, Color, Rect};
use super::color::{ColorScale, NOT_A_NUMBER};
use super::outline::{Outline, Outlines};
use super::projection::{Point, Projection};
use super::view::View;

/// Samples in a pixel, each way.
const SAMPLES: i32 = 2;
/// Least width and height of a cell in samples.
const LEAST: f64 = 5.0;

/// What each sample of the frame shows.
pub struct Coverage {
    width: i32,
    height: i32,
    /// Columns that lie on the globe.
    columns: (f64, f64),
    /// What cells cover by their outlines.
    inside: Plane,
    /// What squares around small cells cover.
    around: Plane,
}

/// Sums over the cells that cover each sample.
struct Plane {
    sums: Vec<u64>,
    counts: Vec<u32>,
    nans: Vec<bool>,
}

impl Coverage {
    pub fn new(outlines: &Outlines, values: &[f64], view: &View, scale: &ColorScale) -> Self {
        let frame = view.frame();
        let (width, height) = (frame.width() * SAMPLES, frame.height() * SAMPLES);
        let samples = width as usize * height as usize;
        let mut coverage = Self {
            width,
            height,
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
        if x1 - x0 < LEAST || y1 - y0 < LEAST {
            self.add_square((x, y), LEAST, level, true);
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

    /// Colour of a sample; `None` where nothing is.
    fn color(&self, sample: usize, scale: &ColorScale) -> Option<Color> {
        self.inside
            .color(sample, scale)
            .or_else(|| self.around.color(sample, scale))
    }

    /// Draws the cells over what is on the canvas.
    pub fn paint(&self, canvas: &mut Canvas, view: &View, scale: &ColorScale) {
        let frame = view.frame();
        for y in 0..frame.height() {
            for x in 0..frame.width() {
                let colors = self.samples(x, y).map(|sample| self.color(sample, scale));
                if colors.iter().all(Option::is_none) {
                    continue;
                }
                let below = canvas.get(frame.x0 + x, frame.y0 + y);
                let mut mean = [0u32; 3];
                for color in colors {
                    for (sum, part) in mean.iter_mut().zip(color.unwrap_or(below)) {
                        *sum += u32::from(part);
                    }
                }
                let mean = mean.map(|sum| ((sum + 2) / 4) as u8);
                canvas.blend(frame.x0 + x, frame.y0 + y, mean, 1.0);
            }
        }
    }

    /// True where a cell shows in `rect`, in pixels of the picture.
    pub fn is_occupied(&self, rect: Rect, view: &View) -> bool {
        let frame = view.frame();
        let columns = (rect.x0 - frame.x0).max(0)..(rect.x1 - frame.x0).min(frame.width());
        let mut rows = (rect.y0 - frame.y0).max(0)..(rect.y1 - frame.y0).min(frame.height());
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

    /// Colour of the mean; NaN shows where there is nothing else.
    fn color(&self, sample: usize, scale: &ColorScale) -> Option<Color> {
        let count = u64::from(self.counts[sample]);
        match self.sums[sample].checked_div(count) {
            Some(level) => Some(scale.color(level as u32)),
            None => self.nans[sample].then_some(NOT_A_NUMBER),
        }
    }
}

/// Sample coordinates of a point of the plane.
fn to_samples(view: &View, point: Point) -> Point {
    let (x, y) = view.pixel(point);
    let (left, top) = (f64::from(view.frame().x0), f64::from(view.frame().y0));
    (
        (x - left) * f64::from(SAMPLES),
        (y - top) * f64::from(SAMPLES),
    )
}

/// First and last column of samples on the globe: plate carree ends at its cut.
fn columns(view: &View) -> (f64, f64) {
    match view.projection {
        Projection::Polar { .. } => (f64::MIN, f64::MAX),
        Projection::PlateCarree { cut, shrink } => (
            to_samples(view, (cut * shrink, 0.0)).0,
            to_samples(view, ((cut + 360.0) * shrink, 0.0)).0,
        ),
    }
}

/// Where to draw an outline: plate carree repeats what crosses its edges.
fn shifts(outline: &Outline, projection: Projection) -> [Option<f64>; 2] {
    let Projection::PlateCarree { cut, shrink } = projection else {
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
