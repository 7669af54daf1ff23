//! What is on a picture, whatever it is written as: fills, lines, texts and images, one over the other.
//!
//! `draw.rs` puts it together; `canvas.rs` makes pixels of it, `svg.rs` and `pdf.rs` write it down as it is.

use super::font::Font;
use super::projection::Point;

/// Red, green and blue.
pub type Color = [u8; 3];

/// A rectangle in pixels, y downwards; its edges need not lie on those of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

/// A colour, and how much of it covers what is below, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paint(pub Color, pub f64);

/// Which point of a text is where it is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Pixels with opacity: rows from the upper left, red, green, blue and opacity of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    pub bytes: Vec<u8>,
}

/// One line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// On the baseline.
    pub at: Point,
    pub anchor: Anchor,
    pub words: String,
    pub font: Font,
    pub color: Color,
    /// A rim that sets it off from what is below, and the rim's width.
    pub rim: Option<(Color, f64)>,
}

/// One thing on the picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Rings, their holes the other way round.
    Fill(Vec<Vec<Point>>, Paint),
    /// Open lines, and their width.
    Lines(Vec<Vec<Point>>, Paint, f64),
    Text(Text),
    /// Stretched over a rectangle.
    Image(Rect, Pixels),
    /// What follows shows within this rectangle only, until the next of these.
    Clip(Option<Rect>),
}

/// The whole picture.
#[derive(Debug, Clone)]
pub struct Scene {
    pub width: u32,
    pub height: u32,
    pub paper: Color,
    pub title: String,
    /// In words, for who cannot see it.
    pub summary: String,
    pub items: Vec<Item>,
}

impl Rect {
    pub fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Self {
        Self { x0, y0, x1, y1 }
    }

    pub fn width(self) -> f64 {
        self.x1 - self.x0
    }

    pub fn height(self) -> f64 {
        self.y1 - self.y0
    }

    pub fn middle(self) -> Point {
        (
            f64::midpoint(self.x0, self.x1),
            f64::midpoint(self.y0, self.y1),
        )
    }

    /// The rectangle with `margin` more on each side; less where it is negative.
    pub fn grown(self, margin: f64) -> Self {
        Self::new(
            self.x0 - margin,
            self.y0 - margin,
            self.x1 + margin,
            self.y1 + margin,
        )
    }

    pub fn contains(self, other: Self) -> bool {
        self.x0 <= other.x0 && self.y0 <= other.y0 && other.x1 <= self.x1 && other.y1 <= self.y1
    }

    pub fn intersects(self, other: Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }

    pub fn shows(self, (x, y): Point) -> bool {
        (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }

    pub fn ring(self) -> Vec<Point> {
        vec![
            (self.x0, self.y0),
            (self.x1, self.y0),
            (self.x1, self.y1),
            (self.x0, self.y1),
        ]
    }
}

impl Scene {
    pub fn rect(&mut self, rect: Rect, color: Color) {
        self.fill(vec![rect.ring()], Paint(color, 1.0));
    }

    pub fn fill(&mut self, rings: Vec<Vec<Point>>, paint: Paint) {
        if !rings.is_empty() {
            self.items.push(Item::Fill(rings, paint));
        }
    }

    pub fn lines(&mut self, lines: Vec<Vec<Point>>, paint: Paint, width: f64) {
        if !lines.is_empty() {
            self.items.push(Item::Lines(lines, paint, width));
        }
    }

    /// A border along the inside of whose line the rectangle ends.
    pub fn border(&mut self, rect: Rect, color: Color, width: f64) {
        let outer = rect.grown(width).ring();
        let mut inner = rect.ring();
        inner.reverse();
        self.fill(vec![outer, inner], Paint(color, 1.0));
    }

    #[expect(clippy::too_many_arguments, reason = "a text is all of these")]
    pub fn text(&mut self, at: Point, anchor: Anchor, words: &str, font: Font, color: Color) {
        self.write(Text {
            at,
            anchor,
            words: words.to_owned(),
            font,
            color,
            rim: None,
        });
    }

    pub fn write(&mut self, text: Text) {
        if !text.words.is_empty() {
            self.items.push(Item::Text(text));
        }
    }

    pub fn clip(&mut self, rect: Option<Rect>) {
        self.items.push(Item::Clip(rect));
    }
}
