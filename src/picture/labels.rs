//! Degrees of parallels and meridians: beside the frame of a map, and on it around a pole.
//!
//! Below `draw.rs`, over the lines of `graticule.rs`. One label touches no other, on whichever of the maps of a strip they are.

use super::color::decimals;
use super::coverage::Coverage;
use super::font::Font;
use super::graticule::Graticule;
use super::ink::Ink;
use super::projection::Point;
use super::scene::{Anchor, Rect, Scene, Text};
use super::view::View;

/// Pixels between a label and the frame.
const GAP: f64 = 8.0;
/// Size of labels.
const SIZE: f64 = 18.0;
/// Most width of a label to the right of a map, where the colour bar is near.
const MOST_RIGHT: f64 = 68.0;

/// A line's degrees, and where it runs.
type Line = (String, Vec<Point>);

/// An edge of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

/// Sides of a map that degrees may stand beside, in the order in which those of a meridian or of a parallel look for them.
#[derive(Debug)]
pub struct Sides(&'static [Side]);

impl Sides {
    /// Of one of several maps: below where none is below, to the left where none is. Of a map that is alone, all.
    pub fn of(frames: &[Rect], index: usize) -> Self {
        if frames.len() == 1 {
            return Self(&[Side::Bottom, Side::Top, Side::Left, Side::Right]);
        }
        let own = frames[index];
        let is_left = !frames.iter().any(|other| other.x0 < own.x0);
        let is_last = !(frames.iter()).any(|other| other.x0 == own.x0 && other.y0 > own.y0);
        Self(match (is_last, is_left) {
            (true, true) => &[Side::Bottom, Side::Left],
            (true, false) => &[Side::Bottom],
            (false, true) => &[Side::Left],
            (false, false) => &[],
        })
    }

    fn is_all(&self) -> bool {
        self.0.len() == 4
    }

    /// Those of these that there are.
    fn among(&self, wanted: [Side; 2]) -> Vec<Side> {
        let there = wanted.into_iter().filter(|side| self.0.contains(side));
        there.collect()
    }
}

/// What is written so far.
pub struct Labels<'a> {
    ink: &'a Ink,
    font: Font,
    unit: f64,
    taken: Vec<Rect>,
}

impl<'a> Labels<'a> {
    pub fn new(ink: &'a Ink, unit: f64) -> Self {
        Self {
            ink,
            font: Font::regular(SIZE * unit),
            unit,
            taken: Vec::new(),
        }
    }

    /// Writes the degrees beside a frame; of circles around a pole that is on a map, on the map.
    pub fn write(
        &mut self,
        scene: &mut Scene,
        lines: &Graticule,
        (view, coverage): (&View, &Coverage),
        sides: &Sides,
    ) {
        let meridians = lines.meridians.iter().map(|&lon| {
            let text = degrees(lon, lines.steps.0, ["E", "W"]);
            (text, lines.meridian(lon, view))
        });
        let meridians: Vec<Line> = meridians.collect();
        if view.projection.pole().is_some() && view.shows(view.pixel((0.0, 0.0))) {
            self.along(scene, view, &meridians, sides.0);
            if sides.is_all() {
                self.circles(scene, lines, view, coverage);
            }
            return;
        }
        let parallels = lines.parallels.iter().map(|&lat| {
            let text = degrees(lat, lines.steps.1, ["N", "S"]);
            (text, lines.parallel(lat, view))
        });
        let parallels: Vec<Line> = parallels.collect();
        // Where a map is turned against north, meridians run to its sides, and parallels up and down.
        let (upright, level) = ([Side::Bottom, Side::Top], [Side::Left, Side::Right]);
        let crosses =
            |sides: [Side; 2]| move |line: &Line| crossing(&line.1, view, &sides).is_some();
        let (meridians, turned_meridians): (Vec<Line>, Vec<Line>) =
            meridians.into_iter().partition(crosses(upright));
        let (parallels, turned_parallels): (Vec<Line>, Vec<Line>) =
            parallels.into_iter().partition(crosses(level));
        let (upright, level) = (sides.among(upright), sides.among(level));
        self.along(scene, view, &meridians, &upright);
        self.along(scene, view, &parallels, &level);
        self.along(scene, view, &turned_meridians, &level);
        self.along(scene, view, &turned_parallels, &upright);
    }

    /// Labels lines where they cross one of these sides, the first that they do.
    fn along(&mut self, scene: &mut Scene, view: &View, lines: &[Line], wanted: &[Side]) {
        for (text, path) in lines {
            if let Some(crossing) = crossing(path, view, wanted) {
                self.label(scene, crossing, text);
            }
        }
    }

    /// Writes a label beside the frame, unless it would touch one that is already there, or has no room.
    fn label(&mut self, scene: &mut Scene, ((x, y), side): (Point, Side), text: &str) {
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
        let is_near_bar = side == Side::Right && width > MOST_RIGHT * self.unit;
        let is_free = (self.taken.iter()).all(|other| !rect.grown(0.5 * gap).intersects(*other));
        if is_free && !is_near_bar && rect.x0 >= 0.0 {
            scene.text(at, anchor, text, font, self.ink.faint);
            self.taken.push(rect);
        }
    }

    /// Writes latitudes along the meridian, drawn or not, where most of them can be read.
    fn circles(&self, scene: &mut Scene, lines: &Graticule, view: &View, coverage: &Coverage) {
        let inner = view.frame.grown(-8.0 * self.unit);
        let font = self.font;
        let place = |lon: f64, lat: f64| {
            let text = degrees(lat, lines.steps.1, ["N", "S"]);
            let (x, y) = view.pixel_of(lon, lat);
            let (half, high) = (font.width(&text) / 2.0, font.to_middle());
            (text, Rect::new(x - half, y - high, x + half, y + high))
        };
        let score = |lon: f64| {
            let labels = lines.parallels.iter().map(|&lat| place(lon, lat).1);
            let value = |rect: Rect| match (inner.contains(rect), coverage.is_occupied(rect, view))
            {
                (true, false) => 3,
                (true, true) => -1,
                _ => 0,
            };
            labels.map(value).sum::<i32>()
        };
        let (west, east) = lines.shown.longitudes;
        // Half steps keep clear of the meridians.
        let half = lines.steps.0 / 2.0;
        let (first, last) = ((west / half).ceil() as i64, (east / half).floor() as i64);
        let between = (first..=last)
            .filter(|i| i % 2 != 0)
            .map(|i| i as f64 * half);
        let best = between.max_by_key(|&lon| score(lon));
        let lon = best.unwrap_or(f64::midpoint(west, east));
        for &lat in &lines.parallels {
            let (words, rect) = place(lon, lat);
            if inner.contains(rect) {
                let at = (rect.middle().0, rect.y1);
                let rim = Some((self.ink.sea, 4.0 * self.unit));
                scene.write(Text {
                    at,
                    anchor: Anchor::Middle,
                    words,
                    font,
                    color: self.ink.faint,
                    rim,
                });
            }
        }
    }
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

/// Where a path enters the frame or leaves it, and through which side: the first of those that are wanted.
fn crossing(path: &[Point], view: &View, wanted: &[Side]) -> Option<(Point, Side)> {
    let mut best: Option<(usize, Point, Side)> = None;
    for pair in path
        .windows(2)
        .filter(|pair| view.shows(pair[0]) != view.shows(pair[1]))
    {
        let (point, side) = crossing_of(pair[0], pair[1], view);
        let rank = wanted.iter().position(|own| *own == side);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Grid, Order};
    use crate::picture::scene::Item;
    use crate::picture::{Figure, MapData, MapStyle, Panel, draw};

    /// Texts on so many maps of the same cells.
    fn texts(map: &MapData, panels: usize) -> Vec<String> {
        let panel = |name| Panel {
            caption: format!("step {name}"),
            cells: &map.cells,
            values: &map.values,
        };
        let figure = Figure::of(map, (0..panels).map(panel).collect());
        let scene = draw::scene(&figure, &MapStyle::new()).expect("a scene");
        let items = scene.items.into_iter();
        let words = items.filter_map(|item| match item {
            Item::Text(text) => Some(text.words),
            _ => None,
        });
        words.collect()
    }

    #[test]
    fn a_map_that_is_turned_has_its_degrees_where_lines_cross_its_sides() {
        let (grid, order) = (Grid::default(), Order::new(9).expect("an order"));
        let locator = grid.locator(order);
        // There meridians run from side to side in EPSG:3031.
        let cells = (0..400).map(|i| locator.cell(-105.0 + f64::from(i) / 100.0, -77.0));
        let cells: Vec<u64> = cells
            .collect::<std::collections::BTreeSet<u64>>()
            .into_iter()
            .collect();
        let map = MapData {
            grid,
            order,
            values: vec![1.0; cells.len()],
            cells,
            title: "title".to_owned(),
            label: "h".to_owned(),
            note: String::new(),
        };
        for (panels, least) in [(1, 2), (4, 1)] {
            let texts = texts(&map, panels);
            for end in ["\u{b0}W", "\u{b0}S"] {
                let count = texts.iter().filter(|text| text.ends_with(end)).count();
                assert!(count >= least, "{panels} {end}: {texts:?}");
            }
        }
    }

    #[test]
    fn degrees_stand_around_a_map_and_at_the_left_and_below_of_several() {
        let frame = |column: f64, row: f64| {
            let (x, y) = (100.0 * column, 100.0 * row);
            Rect::new(x, y, x + 90.0, y + 90.0)
        };
        assert!(Sides::of(&[frame(0.0, 0.0)], 0).is_all());
        // Three above two.
        let places = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        let frames = places.map(|(column, row)| frame(column, row));
        let of: Vec<&[Side]> = (0..5).map(|i| Sides::of(&frames, i).0).collect();
        let expected: [&[Side]; 5] = [
            &[Side::Left],
            &[],
            &[Side::Bottom],
            &[Side::Bottom, Side::Left],
            &[Side::Bottom],
        ];
        assert_eq!(of, expected);
    }
}
