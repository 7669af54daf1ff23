//! The picture's pixels: filled rectangles, anti-aliased lines, text.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// A colour, red, green and blue.
pub type Color = [u8; 3];

pub const PAPER: Color = [255, 255, 255];
/// Background of the map.
pub const PANEL: Color = [14, 17, 25];
/// Text and marks on the map.
pub const PANEL_INK: Color = [214, 220, 230];
pub const INK: Color = [28, 32, 40];
pub const FAINT_INK: Color = [96, 103, 115];

/// A size of text.
#[derive(Debug, Clone, Copy)]
pub struct Font {
    weight: FontWeight,
    height: RasterHeight,
}

impl Font {
    pub const TITLE: Self = Self::of(FontWeight::Bold, RasterHeight::Size24);
    pub const HEADING: Self = Self::of(FontWeight::Bold, RasterHeight::Size20);
    pub const TEXT: Self = Self::of(FontWeight::Regular, RasterHeight::Size20);
    pub const SMALL: Self = Self::of(FontWeight::Regular, RasterHeight::Size16);

    const fn of(weight: FontWeight, height: RasterHeight) -> Self {
        Self { weight, height }
    }

    /// Height of a line in pixels.
    pub fn height(self) -> i32 {
        self.height.val() as i32
    }

    /// Width of a text in pixels.
    pub fn width(self, text: &str) -> i32 {
        (get_raster_width(self.weight, self.height) * text.chars().count()) as i32
    }
}

/// Pixels from (`x0`, `y0`) up to, not including, (`x1`, `y1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub x0: i32,
    pub y0: i32,
    pub x1: i32,
    pub y1: i32,
}

impl Rect {
    pub fn width(self) -> i32 {
        self.x1 - self.x0
    }

    pub fn height(self) -> i32 {
        self.y1 - self.y0
    }

    /// The rectangle with `margin` more on each side; less where it is negative.
    pub fn grown(self, margin: i32) -> Self {
        Self {
            x0: self.x0 - margin,
            y0: self.y0 - margin,
            x1: self.x1 + margin,
            y1: self.y1 + margin,
        }
    }

    pub fn contains(self, other: Self) -> bool {
        self.x0 <= other.x0 && self.y0 <= other.y0 && other.x1 <= self.x1 && other.y1 <= self.y1
    }

    pub fn intersects(self, other: Self) -> bool {
        self.x0 < other.x1 && other.x0 < self.x1 && self.y0 < other.y1 && other.y0 < self.y1
    }
}

/// Rows of pixels, from the upper left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Image {
    /// An image of one colour.
    pub fn of(width: u32, height: u32, color: Color) -> Self {
        Self {
            width,
            height,
            bytes: color.repeat(width as usize * height as usize),
        }
    }

    /// The bytes of a pixel; `None` outside.
    fn place(&self, x: i32, y: i32) -> Option<usize> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        let inside = x < self.width && y < self.height;
        inside.then_some((y as usize * self.width as usize + x as usize) * 3)
    }

    /// The image as a PNG file.
    ///
    /// # Errors
    /// The encoder's.
    pub fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_filter(png::Filter::Adaptive);
        encoder.write_header()?.write_image_data(&self.bytes)?;
        Ok(file)
    }
}

#[cfg(test)]
impl Image {
    /// Of a PNG file.
    pub fn from_png(file: &[u8]) -> Self {
        let decoder = png::Decoder::new(std::io::Cursor::new(file));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Self {
            width: info.width,
            height: info.height,
            bytes,
        }
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn pixels(&self) -> impl Iterator<Item = Color> {
        self.bytes
            .chunks_exact(3)
            .map(|pixel| [pixel[0], pixel[1], pixel[2]])
    }

    /// Pixels with their column and row.
    pub fn enumerate_pixels(&self) -> impl Iterator<Item = (u32, u32, Color)> {
        let place = |i: usize| (i as u32 % self.width, i as u32 / self.width);
        self.pixels()
            .enumerate()
            .map(move |(i, pixel)| (place(i).0, place(i).1, pixel))
    }
}

/// An image to draw on; what falls outside is clipped.
pub struct Canvas {
    image: Image,
}

impl Canvas {
    /// A white image of (width, height) pixels.
    pub fn new((width, height): (u32, u32)) -> Self {
        Self {
            image: Image::of(width, height, PAPER),
        }
    }

    pub fn into_image(self) -> Image {
        self.image
    }

    pub fn get(&self, x: i32, y: i32) -> Color {
        let Some(place) = self.image.place(x, y) else {
            return PAPER;
        };
        let pixel = &self.image.bytes[place..place + 3];
        [pixel[0], pixel[1], pixel[2]]
    }

    /// Mixes a colour into a pixel; `amount` from 0 (nothing) to 1 (all).
    pub fn blend(&mut self, x: i32, y: i32, color: Color, amount: f64) {
        let Some(place) = self.image.place(x, y) else {
            return;
        };
        for (old, new) in self.image.bytes[place..place + 3].iter_mut().zip(color) {
            let mixed = f64::from(*old) + (f64::from(new) - f64::from(*old)) * amount;
            *old = mixed.round() as u8;
        }
    }

    pub fn fill(&mut self, rect: Rect, color: Color) {
        for y in rect.y0..rect.y1 {
            for x in rect.x0..rect.x1 {
                self.blend(x, y, color, 1.0);
            }
        }
    }

    /// A border of one pixel just outside `rect`.
    pub fn border(&mut self, rect: Rect, color: Color) {
        let Rect { x0, y0, x1, y1 } = rect;
        self.fill(
            Rect {
                x0: x0 - 1,
                y0: y0 - 1,
                x1: x1 + 1,
                y1: y0,
            },
            color,
        );
        self.fill(
            Rect {
                x0: x0 - 1,
                y0: y1,
                x1: x1 + 1,
                y1: y1 + 1,
            },
            color,
        );
        self.fill(
            Rect {
                x0: x0 - 1,
                y0,
                x1: x0,
                y1,
            },
            color,
        );
        self.fill(
            Rect {
                x0: x1,
                y0,
                x1: x1 + 1,
                y1,
            },
            color,
        );
    }

    /// Writes a line of text with its upper left corner at (`x`, `y`).
    pub fn text(&mut self, (x, y): (i32, i32), text: &str, font: Font, color: Color) {
        let mut left = x;
        for character in text.chars() {
            let glyph = get_raster(character, font.weight, font.height)
                .or_else(|| get_raster('?', font.weight, font.height));
            let Some(glyph) = glyph else { continue };
            for (row, coverages) in (y..).zip(glyph.rows()) {
                for (column, &coverage) in (left..).zip(coverages) {
                    if coverage > 0 {
                        self.blend(column, row, color, f64::from(coverage) / 255.0);
                    }
                }
            }
            left += glyph.width() as i32;
        }
    }

    /// Writes text with a rim of the map's background, so that it reads on top of cells.
    pub fn text_on_panel(&mut self, (x, y): (i32, i32), text: &str, font: Font) {
        for (dx, dy) in [
            (-1, -1),
            (0, -1),
            (1, -1),
            (-1, 0),
            (1, 0),
            (-1, 1),
            (0, 1),
            (1, 1),
        ] {
            self.text((x + dx, y + dy), text, font, PANEL);
        }
        self.text((x, y), text, font, PANEL_INK);
    }

    /// Blends the lines of `mask` in one colour; `strength` from 0 (invisible) to 1.
    pub fn lines(&mut self, mask: &LineMask, color: Color, strength: f64) {
        let rect = mask.rect;
        for y in rect.y0..rect.y1 {
            for x in rect.x0..rect.x1 {
                let amount = mask.amounts[mask.index(x, y)];
                if amount > 0.0 {
                    self.blend(x, y, color, f64::from(amount) * strength);
                }
            }
        }
    }
}

/// Where lines run, so that joints and crossings are not darker than the lines.
pub struct LineMask {
    rect: Rect,
    amounts: Vec<f32>,
}

impl LineMask {
    /// No lines yet, clipped to `rect`.
    pub fn new(rect: Rect) -> Self {
        let pixels = rect.width().max(0) as usize * rect.height().max(0) as usize;
        Self {
            rect,
            amounts: vec![0.0; pixels],
        }
    }

    fn index(&self, x: i32, y: i32) -> usize {
        (y - self.rect.y0) as usize * self.rect.width() as usize + (x - self.rect.x0) as usize
    }

    /// Adds a straight line one and a half pixels wide from `p` to `q`.
    pub fn line(&mut self, p: (f64, f64), q: (f64, f64)) {
        const HALF_WIDTH: f64 = 0.75;
        let reach = HALF_WIDTH + 0.5;
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let length2 = (dx * dx + dy * dy).max(1e-12);
        let clamp = |v: f64, low: i32, high: i32| v.clamp(f64::from(low), f64::from(high)) as i32;
        let y0 = clamp((p.1.min(q.1) - reach).floor(), self.rect.y0, self.rect.y1);
        let y1 = clamp((p.1.max(q.1) + reach).ceil(), self.rect.y0, self.rect.y1);
        let x0 = clamp((p.0.min(q.0) - reach).floor(), self.rect.x0, self.rect.x1);
        let x1 = clamp((p.0.max(q.0) + reach).ceil(), self.rect.x0, self.rect.x1);
        for y in y0..y1 {
            for x in x0..x1 {
                let (px, py) = (f64::from(x) + 0.5 - p.0, f64::from(y) + 0.5 - p.1);
                let along = ((px * dx + py * dy) / length2).clamp(0.0, 1.0);
                let (ex, ey) = (px - along * dx, py - along * dy);
                let amount = (reach - (ex * ex + ey * ey).sqrt()).clamp(0.0, 1.0) as f32;
                let index = self.index(x, y);
                self.amounts[index] = self.amounts[index].max(amount);
            }
        }
    }
}
