//! Parallels and meridians with their labels.

use super::color::decimals;
use super::coverage::Coverage;
use super::font::Font;
use super::ink::Ink;
use super::projection::Point;
use super::scene::{Anchor, Color, Rect, Scene, Text};
use super::view::{Shown, View};

/// Steps in degrees that people expect; finer ones are 1, 2 and 5 times a power of ten.
const LATITUDE_STEPS: [f64; 6] = [30.0, 20.0, 10.0, 5.0, 2.0, 1.0];
const LONGITUDE_STEPS: [f64; 9] = [90.0, 60.0, 45.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0];
/// At most so many steps across the frame.
const MOST: f64 = 6.0;
/// Points on a line of the graticule.
const POINTS: i32 = 180;
/// Pixels between a label and the frame.
const GAP: f64 = 8.0;
/// Size of labels.
const SIZE: f64 = 18.0;

/// Which lines to draw, in degrees.
pub struct Graticule {
    parallels: Vec<f64>,
    meridians: Vec<f64>,
    /// Of longitudes and latitudes.
    steps: (f64, f64),
    shown: Shown,
    font: Font,
    unit: f64,
}

impl Graticule {
    /// The lines that the view calls for.
    pub fn new(view: &View, shown: &Shown, unit: f64) -> Self {
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
            font: Font::regular(SIZE * unit),
            unit,
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
    fn parallel(&self, lat: f64, view: &View) -> Vec<Point> {
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
    fn meridian(&self, lon: f64, view: &View) -> Vec<Point> {
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

    /// Writes the degrees beside the frame; of circles around a pole that is on the map, on the map.
    pub fn labels(&self, scene: &mut Scene, view: &View, coverage: &Coverage, ink: &Ink) {
        let mut taken = Vec::new();
        let has_pole = view.projection.pole().is_some() && view.shows(view.pixel((0.0, 0.0)));
        let meridian = |lon: f64| degrees(lon, self.steps.0, ["E", "W"]);
        let parallel = |lat: f64| degrees(lat, self.steps.1, ["N", "S"]);
        for &lon in &self.meridians {
            let path = self.meridian(lon, view);
            let sides: &[Side] = if has_pole {
                &[]
            } else {
                &[Side::Bottom, Side::Top]
            };
            if let Some(crossing) = crossing(&path, view, sides) {
                self.label(scene, crossing, (&meridian(lon), ink.faint), &mut taken);
            }
        }
        if has_pole {
            self.label_circles(scene, view, coverage, ink);
            return;
        }
        for &lat in &self.parallels {
            if let Some(crossing) =
                crossing(&self.parallel(lat, view), view, &[Side::Left, Side::Right])
            {
                self.label(scene, crossing, (&parallel(lat), ink.faint), &mut taken);
            }
        }
    }

    /// Writes a label beside the frame, unless it would touch one that is already there.
    fn label(
        &self,
        scene: &mut Scene,
        ((x, y), side): (Point, Side),
        (text, color): (&str, Color),
        taken: &mut Vec<Rect>,
    ) {
        let (font, gap) = (self.font, GAP * self.unit);
        let (width, high) = (font.width(text), 2.0 * font.to_middle());
        let (x0, anchor, at) = match side {
            Side::Left => (
                x - width - gap,
                Anchor::End,
                (x - gap, y + font.to_middle()),
            ),
            Side::Right => (x + gap, Anchor::Start, (x + gap, y + font.to_middle())),
            Side::Top => (x - width / 2.0, Anchor::Middle, (x, y - gap)),
            Side::Bottom => (x - width / 2.0, Anchor::Middle, (x, y + gap + high)),
        };
        let rect = Rect::new(x0, at.1 - high, x0 + width, at.1);
        if taken
            .iter()
            .all(|other| !rect.grown(0.5 * gap).intersects(*other))
        {
            scene.text(at, anchor, text, font, color);
            taken.push(rect);
        }
    }

    /// Writes latitudes along the meridian, drawn or not, where most of them can be read.
    fn label_circles(&self, scene: &mut Scene, view: &View, coverage: &Coverage, ink: &Ink) {
        let inner = view.frame.grown(-8.0 * self.unit);
        let font = self.font;
        let place = |lon: f64, lat: f64| {
            let text = degrees(lat, self.steps.1, ["N", "S"]);
            let (x, y) = view.pixel_of(lon, lat);
            let (half, high) = (font.width(&text) / 2.0, font.to_middle());
            (text, Rect::new(x - half, y - high, x + half, y + high))
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
        let (west, east) = self.shown.longitudes;
        // Half steps keep clear of the meridians.
        let half = self.steps.0 / 2.0;
        let (first, last) = ((west / half).ceil() as i64, (east / half).floor() as i64);
        let between = (first..=last)
            .filter(|i| i % 2 != 0)
            .map(|i| i as f64 * half);
        let best = between.max_by_key(|&lon| score(lon));
        let lon = best.unwrap_or(f64::midpoint(west, east));
        for &lat in &self.parallels {
            let (words, rect) = place(lon, lat);
            if inner.contains(rect) {
                let at = (rect.middle().0, rect.y1);
                let rim = Some((ink.sea, 4.0 * self.unit));
                scene.write(Text {
                    at,
                    anchor: Anchor::Middle,
                    words,
                    font,
                    color: ink.faint,
                    rim,
                });
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

/// `30°E`, `0°`, `180°`, `87.5°N`; longitudes beyond 180 are wrapped.
fn degrees(value: f64, step: f64, [positive, negative]: [&str; 2]) -> String {
    let value = match value {
        v if v > 180.0 + 1e-9 => v - 360.0,
        v if v < -180.0 - 1e-9 => v + 360.0,
        v => v,
    };
    let decimals = decimals(step, 9);
    let text = format!("{:.decimals$}", value.abs());
    let is_plain = value.abs() < step / 2.0 || value.abs() > 180.0 - 1e-9;
    let suffix = match value {
        _ if is_plain => "",
        v if v > 0.0 => positive,
        _ => negative,
    };
    format!("{text}\u{b0}{suffix}")
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

/// Where a path enters the frame or leaves it, and through which side: one of those that are wanted, or any where none is.
fn crossing(path: &[Point], view: &View, wanted: &[Side]) -> Option<(Point, Side)> {
    let mut best: Option<(usize, Point, Side)> = None;
    for pair in path
        .windows(2)
        .filter(|pair| view.shows(pair[0]) != view.shows(pair[1]))
    {
        let (point, side) = crossing_of(pair[0], pair[1], view);
        let rank = if wanted.is_empty() {
            Some(0)
        } else {
            wanted.iter().position(|own| *own == side)
        };
        if let Some(rank) = rank.filter(|rank| best.is_none_or(|(least, ..)| *rank < least)) {
            best = Some((rank, point, side));
        }
    }
    // A map in degrees may end within its frame, where lines begin.
    if let (None, Some(&side)) = (best, wanted.first())
        && view.projection.degrees().is_some()
    {
        let earth = view.earth();
        let inside = path.iter().find(|point| view.shows(**point))?;
        return Some(match side {
            Side::Left => ((earth.x0, inside.1), Side::Left),
            _ => ((inside.0, earth.y1), Side::Bottom),
        });
    }
    best.map(|(_, point, side)| (point, side))
}

/// The point between two at which the frame's border is crossed, and the side.
fn crossing_of(a: Point, b: Point, view: &View) -> (Point, Side) {
    let (mut outside, mut inside) = if view.shows(a) { (b, a) } else { (a, b) };
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
    let frame = view.frame;
    let distances = [
        (Side::Left, inside.0 - frame.x0),
        (Side::Right, frame.x1 - inside.0),
        (Side::Top, inside.1 - frame.y0),
        (Side::Bottom, frame.y1 - inside.1),
    ];
    let nearest = distances.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    (inside, nearest.map_or(Side::Bottom, |(side, _)| side))
}
