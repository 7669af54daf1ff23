//! Pixels of a scene, by arithmetic that is the same on every system.

use super::png::{Image, to_image};
use super::projection::Point;
use super::scene::{Anchor, Color, Item, Paint, Pixels, Rect, Scene, Text};

/// The picture as pixels.
pub fn pixels(scene: &Scene) -> Image {
    let mut canvas = Canvas {
        mask: Mask::new(scene.width as usize, scene.height as usize),
        width: scene.width as usize,
        height: scene.height as usize,
        bytes: scene
            .paper
            .repeat(scene.width as usize * scene.height as usize),
        clip: None,
    };
    for item in &scene.items {
        canvas.draw(item);
    }
    to_image(scene.width, scene.height, canvas.bytes)
}

/// Where a text begins.
pub fn start(text: &Text) -> Point {
    let width = text.font.width(&text.words);
    let back = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => width / 2.0,
        Anchor::End => width,
    };
    (text.at.0 - back, text.at.1)
}

struct Canvas {
    mask: Mask,
    width: usize,
    height: usize,
    bytes: Vec<u8>,
    clip: Option<Rect>,
}

impl Canvas {
    fn draw(&mut self, item: &Item) {
        match item {
            Item::Fill(rings, paint) => self.fill(rings, *paint),
            Item::Lines(lines, paint, width) => self.stroke(lines, *paint, *width),
            Item::Text(text) => self.text(text),
            Item::Image(rect, pixels) => self.image(*rect, pixels),
            Item::Clip(clip) => self.clip = *clip,
        }
    }

    fn fill(&mut self, rings: &[Vec<Point>], paint: Paint) {
        for ring in rings {
            self.mask.add_ring(ring);
        }
        self.mask.integrate();
        self.blend(paint);
    }

    fn stroke(&mut self, lines: &[Vec<Point>], paint: Paint, width: f64) {
        for line in lines {
            for pair in line.windows(2) {
                self.mask.add_line(pair[0], pair[1], width / 2.0);
            }
        }
        self.blend(paint);
    }

    fn text(&mut self, text: &Text) {
        let rings = text.font.outlines(start(text), &text.words);
        if let Some((color, width)) = text.rim {
            let closed: Vec<Vec<Point>> = rings
                .iter()
                .map(|ring| ring.iter().chain(ring.first()).copied().collect())
                .collect();
            self.stroke(&closed, Paint(color, 1.0), width);
        }
        self.fill(&rings, Paint(text.color, 1.0));
    }

    /// Puts what the mask has on the picture, and empties the mask.
    fn blend(&mut self, Paint(color, opacity): Paint) {
        let clip = self
            .clip
            .unwrap_or(Rect::new(0.0, 0.0, self.width as f64, self.height as f64));
        let (columns, rows) = self.mask.take_bounds();
        for y in rows {
            for x in columns.clone() {
                let amount = std::mem::take(&mut self.mask.amounts[y * self.mask.width + x]);
                let inside = clip.shows((x as f64 + 0.5, y as f64 + 0.5));
                if amount > 0.0 && inside && x < self.width && y < self.height {
                    let part = f64::from(amount.min(1.0)) * opacity;
                    self.mix((y * self.width + x) * 3, color, part);
                }
            }
        }
    }

    fn mix(&mut self, at: usize, color: Color, part: f64) {
        for (old, new) in self.bytes[at..at + 3].iter_mut().zip(color) {
            let mixed = f64::from(*old) + (f64::from(new) - f64::from(*old)) * part;
            *old = mixed.round() as u8;
        }
    }

    /// An image whose pixels are whole parts of the picture's, or the picture's.
    fn image(&mut self, rect: Rect, image: &Pixels) {
        let (x0, y0) = (rect.x0.round() as usize, rect.y0.round() as usize);
        let (wide, high) = (
            rect.width().round() as usize,
            rect.height().round() as usize,
        );
        if wide == 0 || high == 0 {
            return;
        }
        let (across, down) = (image.width as usize / wide, image.height as usize / high);
        let samples = (across * down).max(1) as u32;
        for y in 0..high.min(self.height.saturating_sub(y0)) {
            for x in 0..wide.min(self.width.saturating_sub(x0)) {
                let (mut sums, mut opacity) = ([0u32; 3], 0u32);
                for row in 0..down.max(1) {
                    let first = ((y * down + row) * image.width as usize + x * across) * 4;
                    for sample in image.bytes[first..].chunks_exact(4).take(across.max(1)) {
                        opacity += u32::from(sample[3]);
                        for (sum, part) in sums.iter_mut().zip(sample) {
                            *sum += u32::from(*part) * u32::from(sample[3]);
                        }
                    }
                }
                if opacity > 0 {
                    let color = sums.map(|sum| ((sum + opacity / 2) / opacity) as u8);
                    let part = f64::from(opacity) / f64::from(samples * 255);
                    self.mix(((y0 + y) * self.width + x0 + x) * 3, color, part);
                }
            }
        }
    }
}

/// How much of each pixel something covers.
struct Mask {
    /// One column and one row more than the picture: what covers the last pixel ends beyond it.
    width: usize,
    height: usize,
    amounts: Vec<f32>,
    /// Columns and rows that have something: least, and one more than the greatest.
    columns: (usize, usize),
    rows: (usize, usize),
}

impl Mask {
    fn new(width: usize, height: usize) -> Self {
        let (width, height) = (width + 2, height + 1);
        Self {
            width,
            height,
            amounts: vec![0.0; width * height],
            columns: (usize::MAX, 0),
            rows: (usize::MAX, 0),
        }
    }

    fn note(&mut self, x: usize, y: usize) {
        self.columns = (self.columns.0.min(x), self.columns.1.max(x + 1));
        self.rows = (self.rows.0.min(y), self.rows.1.max(y + 1));
    }

    fn take_bounds(&mut self) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let (columns, rows) = (self.columns, self.rows);
        (self.columns, self.rows) = ((usize::MAX, 0), (usize::MAX, 0));
        (
            columns.0.min(columns.1)..columns.1,
            rows.0.min(rows.1)..rows.1,
        )
    }

    /// Adds a ring as differences along rows, of which `integrate` makes areas: what an edge covers of each pixel that it
    /// passes, and of all to the right of it.
    fn add_ring(&mut self, ring: &[Point]) {
        let next = ring.iter().cycle().skip(1);
        for (&from, &to) in ring.iter().zip(next) {
            self.add_edge(from, to);
        }
    }

    fn add_edge(&mut self, from: Point, to: Point) {
        if from.1 == to.1 {
            return;
        }
        let (sign, (ax, ay), (bx, by)) = if from.1 < to.1 {
            (1.0, from, to)
        } else {
            (-1.0, to, from)
        };
        let most = (self.height - 1) as f64;
        let (first, last) = (ay.clamp(0.0, most), by.clamp(0.0, most));
        let slope = (bx - ax) / (by - ay);
        let mut y = first;
        while y < last {
            let row = y.floor();
            let below = (row + 1.0).min(last);
            let ends = (ax + (y - ay) * slope, ax + (below - ay) * slope);
            self.add_piece(row as usize, ends, sign * (below - y));
            y = below;
        }
    }

    /// Adds an edge within one row: its ends in x, and how much of the row's height it spans.
    fn add_piece(&mut self, row: usize, (a, b): (f64, f64), height: f64) {
        let most = (self.width - 2) as f64;
        let (left, right) = (a.min(b).clamp(0.0, most), a.max(b).clamp(0.0, most));
        let (first, last) = (left.floor() as usize, right.floor() as usize);
        self.note(first, row);
        self.note(last + 1, row);
        let at = row * self.width;
        // What pixels up to one lie to the right of the edge, on the mean of its height.
        let covered = |until: f64| {
            let span = right - left;
            if span <= 0.0 || until >= right {
                until - f64::midpoint(left, right)
            } else {
                (until - left).max(0.0) * (until - left).max(0.0) / (2.0 * span)
            }
        };
        let mut before = 0.0;
        let mut until_here = 0.0;
        for column in first..=last + 1 {
            let until = covered((column + 1) as f64);
            let area = if column > last { 1.0 } else { until - before };
            self.amounts[at + column] += ((area - until_here) * height) as f32;
            (before, until_here) = (until, area);
        }
    }

    /// Makes areas of differences.
    fn integrate(&mut self) {
        if self.rows.1 == 0 {
            return;
        }
        // Rings that the picture's edge cuts are closed outside of it: areas go on to its right edge.
        self.columns.1 = self.width;
        for y in self.rows.0..self.rows.1 {
            let mut sum = 0.0f32;
            for amount in &mut self.amounts[y * self.width + self.columns.0..(y + 1) * self.width] {
                sum += *amount;
                *amount = if sum.abs() < 1e-4 { 0.0 } else { sum.abs() };
            }
        }
    }

    /// Adds a straight line, without making crossings and joints of lines any denser.
    fn add_line(&mut self, p: Point, q: Point, half: f64) {
        let reach = (half + 0.5).max(1.0);
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let length2 = (dx * dx + dy * dy).max(1e-12);
        let clamp = |v: f64, most: usize| v.clamp(0.0, most as f64) as usize;
        let rows = (
            clamp((p.1.min(q.1) - reach).floor(), self.height),
            clamp((p.1.max(q.1) + reach).ceil(), self.height),
        );
        let columns = (
            clamp((p.0.min(q.0) - reach).floor(), self.width),
            clamp((p.0.max(q.0) + reach).ceil(), self.width),
        );
        // A line that is thinner than a pixel is a pixel wide and fainter.
        let strength = (2.0 * half).min(1.0) as f32;
        for y in rows.0..rows.1 {
            for x in columns.0..columns.1 {
                let (px, py) = (x as f64 + 0.5 - p.0, y as f64 + 0.5 - p.1);
                let along = ((px * dx + py * dy) / length2).clamp(0.0, 1.0);
                let (ex, ey) = (px - along * dx, py - along * dy);
                let amount = (reach - (ex * ex + ey * ey).sqrt()).clamp(0.0, 1.0) as f32 * strength;
                if amount > 0.0 {
                    self.note(x, y);
                    let old = &mut self.amounts[y * self.width + x];
                    *old = old.max(amount);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, height: u32, item: Item) -> Vec<u8> {
        let scene = Scene {
            width,
            height,
            paper: [0; 3],
            title: String::new(),
            summary: String::new(),
            items: vec![item],
        };
        pixels(&scene).pixels().map(|pixel| pixel[0]).collect()
    }

    #[test]
    fn a_fill_covers_each_pixel_by_its_area() {
        let white = Paint([255; 3], 1.0);
        let rect = Rect::new(0.5, 0.0, 2.0, 1.0);
        assert_eq!(
            gray(3, 2, Item::Fill(vec![rect.ring()], white)),
            [128, 255, 0, 0, 0, 0]
        );
        // A triangle, half of its square; a pixel of it by the trapezoid's formula.
        let triangle = vec![(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)];
        let areas = gray(4, 4, Item::Fill(vec![triangle], white));
        assert_eq!(&areas[..4], [255, 255, 255, 128]);
        assert_eq!(&areas[12..], [128, 0, 0, 0]);
        // A sloping edge through several pixels of one row.
        let wedge = vec![(0.0, 0.0), (4.0, 1.0), (0.0, 1.0)];
        assert_eq!(
            gray(4, 1, Item::Fill(vec![wedge], white)),
            [223, 159, 96, 32]
        );
    }

    #[test]
    fn a_hole_and_what_lies_outside_are_not_covered() {
        let white = Paint([255; 3], 1.0);
        let mut hole = Rect::new(1.0, 1.0, 2.0, 2.0).ring();
        hole.reverse();
        let rings = vec![Rect::new(-50.0, -50.0, 50.0, 50.0).ring(), hole];
        let seen = gray(3, 3, Item::Fill(rings, white));
        assert_eq!(seen, [255, 255, 255, 255, 0, 255, 255, 255, 255]);
        let outside = Rect::new(3.0, 0.0, 9.0, 3.0).ring();
        assert_eq!(gray(3, 3, Item::Fill(vec![outside], white)), [0; 9]);
    }

    #[test]
    fn two_halves_that_meet_within_a_pixel_leave_no_seam() {
        let white = Paint([255; 3], 1.0);
        let halves = [(0.0, 1.3), (1.3, 3.0)].map(|(x0, x1)| Rect::new(x0, 0.0, x1, 1.0).ring());
        assert_eq!(gray(3, 1, Item::Fill(halves.to_vec(), white)), [255; 3]);
    }
}
