//! Letters: Noto Sans, regular and semi-bold, of which Latin-1 and a few marks are built in.
//!
//! Below `scene.rs`. Pictures of pixels fill the outlines, SVG and PDF carry the font itself, so a text is as wide and looks
//! the same in each. `scripts/map-assets` makes the files.

use std::sync::LazyLock;

use ttf_parser::{Face, OutlineBuilder};

use super::projection::Point;

/// The font files.
pub const FILES: [&[u8]; 2] = [
    include_bytes!("assets/text.ttf"),
    include_bytes!("assets/heading.ttf"),
];

static FACES: LazyLock<[Option<Face<'static>>; 2]> =
    LazyLock::new(|| FILES.map(|file| Face::parse(file, 0).ok()));

/// Units of an em, as the files have it.
pub const EM: f64 = 1000.0;
/// Height of a capital letter, in ems.
const CAPITAL: f64 = 0.714;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Bold,
}

/// A size of letters in pixels, and their weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Font {
    pub size: f64,
    pub weight: Weight,
}

impl Weight {
    pub const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    fn face(self) -> Option<&'static Face<'static>> {
        FACES[self as usize].as_ref()
    }

    /// The glyph of a character, of a question mark where there is none.
    fn glyph(self, character: char) -> Option<(&'static Face<'static>, ttf_parser::GlyphId)> {
        let face = self.face()?;
        let glyph = face
            .glyph_index(character)
            .or_else(|| face.glyph_index('?'))?;
        Some((face, glyph))
    }

    /// Where the next character begins, in ems.
    pub fn advance(self, character: char) -> f64 {
        let glyph = self.glyph(character);
        let advance = glyph.and_then(|(face, glyph)| face.glyph_hor_advance(glyph));
        f64::from(advance.unwrap_or_default()) / EM
    }
}

impl Font {
    pub fn regular(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Regular,
        }
    }

    pub fn bold(size: f64) -> Self {
        Self {
            size,
            weight: Weight::Bold,
        }
    }

    /// Width of a text in pixels.
    pub fn width(self, text: &str) -> f64 {
        text.chars()
            .map(|character| self.weight.advance(character))
            .sum::<f64>()
            * self.size
    }

    /// From the baseline to the middle of capital letters.
    pub fn to_middle(self) -> f64 {
        CAPITAL / 2.0 * self.size
    }

    /// Outlines of a text whose baseline begins at a point: closed rings.
    pub fn outlines(self, (x, y): Point, text: &str) -> Vec<Vec<Point>> {
        let mut pen = Pen {
            rings: Vec::new(),
            origin: (x, y),
            scale: self.size / EM,
        };
        for character in text.chars() {
            if let Some((face, glyph)) = self.weight.glyph(character) {
                face.outline_glyph(glyph, &mut pen);
            }
            pen.origin.0 += self.weight.advance(character) * self.size;
        }
        pen.rings
    }
}

/// Makes rings of straight pieces.
struct Pen {
    rings: Vec<Vec<Point>>,
    origin: Point,
    scale: f64,
}

impl Pen {
    fn point(&self, x: f32, y: f32) -> Point {
        let (left, base) = self.origin;
        (
            left + f64::from(x) * self.scale,
            base - f64::from(y) * self.scale,
        )
    }

    fn last(&self) -> Point {
        self.rings
            .last()
            .and_then(|ring| ring.last())
            .copied()
            .unwrap_or(self.origin)
    }

    fn push(&mut self, point: Point) {
        if let Some(ring) = self.rings.last_mut() {
            ring.push(point);
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let point = self.point(x, y);
        self.rings.push(vec![point]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.push(self.point(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        const PIECES: u32 = 8;
        let (from, by, to) = (self.last(), self.point(x1, y1), self.point(x, y));
        for i in 1..=PIECES {
            let t = f64::from(i) / f64::from(PIECES);
            let (a, b, c) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
            self.push((
                a * from.0 + b * by.0 + c * to.0,
                a * from.1 + b * by.1 + c * to.1,
            ));
        }
    }

    /// Outlines of TrueType have none.
    fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, x: f32, y: f32) {
        self.line_to(x, y);
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_have_the_letters_of_latin_1() {
        for weight in Weight::ALL {
            let face = weight.face().unwrap();
            assert_eq!(f64::from(face.units_per_em()), EM);
            assert_eq!(f64::from(face.capital_height().unwrap()), CAPITAL * EM);
            let all = ('\u{20}'..='\u{7e}')
                .chain('\u{a0}'..='\u{ff}')
                .chain("\u{2212}\u{2013}".chars());
            for character in all {
                assert!(face.glyph_index(character).is_some(), "{character}");
                assert!(weight.advance(character) > 0.0, "{character}");
            }
        }
        let font = Font::regular(20.0);
        assert_eq!(font.width("ab"), font.width("a") + font.width("b"));
        assert_eq!(font.width("\u{4e00}"), font.width("?"));
    }

    #[test]
    fn outlines_lie_on_the_baseline_and_are_as_high_as_capitals() {
        let rings = Font::bold(100.0).outlines((10.0, 200.0), "H");
        let ys = || rings.iter().flatten().map(|point| point.1);
        assert_eq!(ys().fold(f64::MIN, f64::max), 200.0);
        assert!((ys().fold(f64::MAX, f64::min) - 128.6).abs() < 1e-9);
    }
}
