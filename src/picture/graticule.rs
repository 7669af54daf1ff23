//! Parallels and meridians with their labels.

use super::canvas::{Canvas, FAINT_INK, Font, LineMask, Rect};
use super::coverage::Coverage;
use super::projection::{Point, Projection};
use super::view::View;

/// Steps in degrees that people expect; finer ones are 1, 2 and 5 times a power of ten.
const LATITUDE_STEPS: [f64; 6] = [30.0, 20.0, 10.0, 5.0, 2.0, 1.0];
const LONGITUDE_STEPS: [f64; 9] = [90.0, 60.0, 45.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0];
/// At most so many steps across the frame.
const MOST: f64 = 6.0;
/// Points on a line of the graticule.
const POINTS: i32 = 180;
/// Pixels between a label and the frame.
const GAP: i32 = 6;

/// Which lines to draw, in degrees.
pub struct Graticule {
    parallels: Vec<f64>,
    meridians: Vec<f64>,
    steps: (f64, f64),
    /// Ranges in the frame.
    latitudes: (f64, f64),
    longitudes: (f64, f64),
}

impl Graticule {
    /// The lines that the view calls for.
    pub fn new(view: &View) -> Self {
        let (longitudes, latitudes) = ranges(view);
        let lat_step = choose_step(latitudes.1 - latitudes.0, &LATITUDE_STEPS);
        let turn = longitudes.1 - longitudes.0 >= 359.0;
        let is_round = turn && matches!(view.projection, Projection::Polar { .. });
        let lon_step = if is_round {
            30.0
        } else {
            choose_step(longitudes.1 - longitudes.0, &LONGITUDE_STEPS)
        };
        let mut meridians = multiples(longitudes, lon_step);
        if is_round {
            meridians = multiples((-150.0, 180.0), lon_step);
        }
        let mut parallels = multiples(latitudes, lat_step);
        parallels.retain(|lat| lat.abs() < 90.0);
        Self {
            parallels,
            meridians,
            steps: (lon_step, lat_step),
            latitudes,
            longitudes,
        }
    }

    /// Where the lines run.
    pub fn lines(&self, view: &View) -> LineMask {
        let mut mask = LineMask::new(view.frame());
        for &lat in &self.parallels {
            draw_path(&mut mask, &self.parallel(lat, view));
        }
        for &lon in &self.meridians {
            draw_path(&mut mask, &self.meridian(lon, view));
        }
        mask
    }

    /// Pixels along a parallel.
    fn parallel(&self, lat: f64, view: &View) -> Vec<Point> {
        let (west, east) = self.longitudes;
        let at = |i: i32| west + (east - west) * f64::from(i) / f64::from(POINTS);
        (0..=POINTS).map(|i| view.pixel_of(at(i), lat)).collect()
    }

    /// Pixels along a meridian, from the equator's side. Near a pole only the cardinal ones go on
    /// to it.
    fn meridian(&self, lon: f64, view: &View) -> Vec<Point> {
        let (mut from, mut to) = self.latitudes;
        if let Projection::Polar { pole } = view.projection {
            if pole < 0.0 {
                (from, to) = (to, from);
            }
            let innermost = self
                .parallels
                .iter()
                .map(|lat| lat * pole)
                .fold(0.0, f64::max);
            if to * pole > innermost && innermost > 0.0 && self.steps.0 >= 20.0 && lon % 90.0 != 0.0
            {
                to = innermost * pole;
            }
        }
        let at = |i: i32| from + (to - from) * f64::from(i) / f64::from(POINTS);
        (0..=POINTS).map(|i| view.pixel_of(lon, at(i))).collect()
    }

    pub fn draw_labels(&self, canvas: &mut Canvas, view: &View, coverage: &Coverage) {
        let mut taken = Vec::new();
        for &lon in &self.meridians {
            let text = degrees(lon, self.steps.0, ["E", "W"]);
            let path = self.meridian(lon, view);
            if let Some((crossing, side)) = first_crossing(&path, view) {
                label_outside(
                    canvas,
                    (crossing, side),
                    (&text, font(self.steps.0)),
                    &mut taken,
                );
            }
        }
        if matches!(view.projection, Projection::PlateCarree { .. }) {
            let left = f64::from(view.frame().x0);
            for &lat in &self.parallels {
                let crossing = (left, view.pixel_of(self.longitudes.0, lat).1);
                let text = degrees(lat, self.steps.1, ["N", "S"]);
                label_outside(
                    canvas,
                    (crossing, Side::Left),
                    (&text, font(self.steps.1)),
                    &mut taken,
                );
            }
        } else {
            self.label_circles(canvas, view, coverage);
        }
    }

    /// Writes latitudes along the meridian, drawn or not, where most of them can be read.
    fn label_circles(&self, canvas: &mut Canvas, view: &View, coverage: &Coverage) {
        let inner = view.frame().grown(-8);
        let font = font(self.steps.1);
        let place = |lon: f64, lat: f64| {
            let text = degrees(lat, self.steps.1, ["N", "S"]);
            let (x, y) = view.pixel_of(lon, lat);
            let (width, height) = (font.width(&text), font.height());
            let (x0, y0) = (x.round() as i32 - width / 2, y.round() as i32 - height / 2);
            (
                text,
                Rect {
                    x0,
                    y0,
                    x1: x0 + width,
                    y1: y0 + height,
                },
            )
        };
        let score = |lon: f64| {
            let labels = self.parallels.iter().map(|&lat| place(lon, lat).1);
            let value = |rect: Rect| match (inner.contains(rect), coverage.is_occupied(rect, view))
            {
                (true, false) => 3,
                (true, true) => -1,
                _ => 0,
            };
            labels.map(value).sum::<i32>()
        };
        let (west, east) = self.longitudes;
        // Half steps keep clear of the meridians.
        let half = self.steps.0 / 2.0;
        let first = (west / half).ceil() as i64;
        let last = (east / half).floor() as i64;
        let between = (first..=last)
            .filter(|i| i % 2 != 0)
            .map(|i| i as f64 * half);
        let best = between.max_by_key(|&lon| score(lon));
        let lon = best.unwrap_or(f64::midpoint(west, east));
        for &lat in &self.parallels {
            let (text, rect) = place(lon, lat);
            if inner.contains(rect) {
                canvas.text_on_panel((rect.x0, rect.y0), &text, font);
            }
        }
    }
}

/// An edge of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

/// Longitudes and latitudes that the frame shows, found on a grid of its pixels.
fn ranges(view: &View) -> ((f64, f64), (f64, f64)) {
    const STEPS: i32 = 64;
    let frame = view.frame();
    let middle = view.projection.invert(view.center()).unwrap_or((0.0, 0.0));
    let mut offsets = (0.0f64, 0.0f64);
    let mut latitudes = (middle.1, middle.1);
    for i in 0..=STEPS {
        for j in 0..=STEPS {
            let x = f64::from(frame.x0) + f64::from(frame.width() * i) / f64::from(STEPS);
            let y = f64::from(frame.y0) + f64::from(frame.height() * j) / f64::from(STEPS);
            let Some((lon, lat)) = view.projection.invert(view.plane((x, y))) else {
                continue;
            };
            let offset = match view.projection {
                Projection::Polar { .. } => (lon - middle.0 + 180.0).rem_euclid(360.0) - 180.0,
                Projection::PlateCarree { .. } => lon - middle.0,
            };
            offsets = (offsets.0.min(offset), offsets.1.max(offset));
            latitudes = (latitudes.0.min(lat), latitudes.1.max(lat));
        }
    }
    let mut longitudes = (middle.0 + offsets.0, middle.0 + offsets.1);
    match view.projection {
        Projection::Polar { pole } if view.shows(view.pixel((0.0, 0.0))) => {
            longitudes = (-180.0, 180.0);
            latitudes = if pole > 0.0 {
                (latitudes.0, 90.0)
            } else {
                (-90.0, latitudes.1)
            };
        }
        Projection::Polar { .. } => {}
        Projection::PlateCarree { cut, .. } => {
            longitudes = (longitudes.0.max(cut), longitudes.1.min(cut + 360.0));
        }
    }
    (longitudes, latitudes)
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

/// The font of labels: small where many digits are needed.
fn font(step: f64) -> Font {
    if step < 1e-3 { Font::SMALL } else { Font::TEXT }
}

/// `30°E`, `0°`, `180°`, `87.5°N`; longitudes beyond 180 are wrapped.
fn degrees(value: f64, step: f64, [positive, negative]: [&str; 2]) -> String {
    let value = if value > 180.0 + 1e-9 {
        value - 360.0
    } else {
        value
    };
    let value = if value < -180.0 - 1e-9 {
        value + 360.0
    } else {
        value
    };
    let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    let text = format!("{:.decimals$}", value.abs());
    let is_plain = value.abs() < step / 2.0 || value.abs() > 180.0 - 1e-9;
    let suffix = match value {
        _ if is_plain => "",
        v if v > 0.0 => positive,
        _ => negative,
    };
    format!("{text}\u{b0}{suffix}")
}

fn draw_path(mask: &mut LineMask, path: &[Point]) {
    for pair in path.windows(2) {
        mask.line(pair[0], pair[1]);
    }
}

/// Where a path first enters the frame, and through which side.
fn first_crossing(path: &[Point], view: &View) -> Option<(Point, Side)> {
    let frame = view.frame();
    let entry = path
        .windows(2)
        .find(|pair| view.shows(pair[0]) != view.shows(pair[1]));
    let Some(entry) = entry else {
        let &start = path.first().filter(|start| view.shows(**start))?;
        return matches!(view.projection, Projection::PlateCarree { .. })
            .then_some(((start.0, f64::from(frame.y1)), Side::Bottom));
    };
    let (mut outside, mut inside) = (entry[0], entry[1]);
    if view.shows(outside) {
        (outside, inside) = (inside, outside);
    }
    for _ in 0..40 {
        let middle = (
            f64::midpoint(outside.0, inside.0),
            f64::midpoint(outside.1, inside.1),
        );
        if view.shows(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    let distances = [
        (Side::Left, inside.0 - f64::from(frame.x0)),
        (Side::Right, f64::from(frame.x1) - inside.0),
        (Side::Top, inside.1 - f64::from(frame.y0)),
        (Side::Bottom, f64::from(frame.y1) - inside.1),
    ];
    let nearest = distances.into_iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((inside, nearest.0))
}

/// Writes a label beside the frame, unless it would touch one that is already there.
fn label_outside(
    canvas: &mut Canvas,
    ((x, y), side): (Point, Side),
    (text, font): (&str, Font),
    taken: &mut Vec<Rect>,
) {
    let (width, height) = (font.width(text), font.height());
    let (x, y) = (x.round() as i32, y.round() as i32);
    let (x0, y0) = match side {
        Side::Left => (x - width - GAP, y - height / 2),
        Side::Right => (x + GAP, y - height / 2),
        Side::Top => (x - width / 2, y - height - GAP / 2),
        Side::Bottom => (x - width / 2, y + GAP),
    };
    let rect = Rect {
        x0,
        y0,
        x1: x0 + width,
        y1: y0 + height,
    };
    if taken.iter().all(|other| !rect.grown(3).intersects(*other)) {
        canvas.text((x0, y0), text, font, FAINT_INK);
        taken.push(rect);
    }
}
