//! A scene as PDF 1.7 (ISO 32000-1): shapes and texts as they are, cells as an image, the letters within the file.
//!
//! One page, 0.75 points to a pixel. Fonts are TrueType in the encoding of Windows (9.6.6), what covers only in part is so by
//! a state of graphics (8.4.5), images have their opacity as a mask (11.6.5.3).

use libdeflater::{CompressionLvl, Compressor};

use super::canvas::start;
use super::font::{EM, FILES, Weight};
use super::mark::PDF;
use super::projection::Point;
use super::scene::{Item, Paint, Pixels, Scene, Text};
use super::svg::short;

/// Points to a pixel.
const POINTS: f64 = 0.75;
/// Opacities are told apart to a hundredth.
const PARTS: f64 = 100.0;

/// The picture as a file.
pub fn written(scene: &Scene) -> Vec<u8> {
    let mut page = Page::default();
    page.draw(scene);
    let (width, height) = (
        f64::from(scene.width) * POINTS,
        f64::from(scene.height) * POINTS,
    );
    let mut file = File {
        bytes: PDF.to_vec(),
        places: Vec::new(),
    };
    // Objects 1 to 6: catalogue, pages, page, information, content, resources; then three a font and two an image.
    let (fonts, first_image) = (7, 7 + 3 * Weight::ALL.len());
    file.object("<</Type/Catalog/Pages 2 0 R>>");
    file.object("<</Type/Pages/Kids[3 0 R]/Count 1>>");
    file.object(&format!(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {} {}]/Contents 5 0 R/Resources 6 0 R/Group<</S/Transparency/CS/DeviceRGB>>>>",
        short(width),
        short(height)
    ));
    file.object(&format!(
        "<</Title {}/Producer(icefold)>>",
        text_string(&scene.title)
    ));
    file.stream("", page.content.as_bytes());
    let (mut images, mut states) = (String::new(), String::new());
    for i in 0..page.images.len() {
        images.push_str(&format!("/I{i} {} 0 R", first_image + 2 * i));
    }
    for part in &page.opacities {
        let opacity = short(f64::from(*part) / PARTS);
        states.push_str(&format!("/G{part}<</ca {opacity}/CA {opacity}>>"));
    }
    file.object(&format!(
        "<</Font<</F0 {} 0 R/F1 {} 0 R>>/XObject<<{images}>>/ExtGState<<{states}>>>>",
        fonts,
        fonts + 3
    ));
    for weight in Weight::ALL {
        file.font(weight);
    }
    for image in &page.images {
        file.image(image);
    }
    file.end()
}

/// What is on the page.
#[derive(Default)]
struct Page<'a> {
    content: String,
    images: Vec<&'a Pixels>,
    /// Opacities in use, in hundredths.
    opacities: Vec<u32>,
}

impl<'a> Page<'a> {
    fn draw(&mut self, scene: &'a Scene) {
        // Pixels from the upper left, y downwards; letters are turned back where they are written.
        let height = short(f64::from(scene.height) * POINTS);
        self.put(&format!("{POINTS} 0 0 -{POINTS} 0 {height} cm 1 j 1 J"));
        let mut is_open = false;
        for item in &scene.items {
            match item {
                Item::Fill(rings, paint) => {
                    self.paint(*paint);
                    self.path(rings, "h");
                    self.put("f");
                }
                Item::Lines(lines, paint, width) => {
                    self.paint(*paint);
                    self.put(&format!("{} w", short(*width)));
                    self.path(lines, "");
                    self.put("S");
                }
                Item::Text(text) => self.text(text),
                Item::Image(rect, pixels) => {
                    self.paint(Paint([0; 3], 1.0));
                    let (width, height) = (short(rect.width()), short(-rect.height()));
                    let (x, y) = (short(rect.x0), short(rect.y1));
                    self.put(&format!(
                        "q {width} 0 0 {height} {x} {y} cm /I{} Do Q",
                        self.images.len()
                    ));
                    self.images.push(pixels);
                }
                Item::Clip(clip) => {
                    if std::mem::take(&mut is_open) {
                        self.put("Q");
                    }
                    if let Some(rect) = clip {
                        self.put("q");
                        self.path(&[rect.ring()], "h");
                        self.put("W n");
                        is_open = true;
                    }
                }
            }
        }
        if is_open {
            self.put("Q");
        }
    }

    fn put(&mut self, operators: &str) {
        self.content.push_str(operators);
        self.content.push('\n');
    }

    fn paint(&mut self, Paint(color, opacity): Paint) {
        let part = (opacity * PARTS).round() as u32;
        if !self.opacities.contains(&part) {
            self.opacities.push(part);
        }
        let [red, green, blue] = color.map(|part| format!("{:.4}", f64::from(part) / 255.0));
        self.put(&format!(
            "/G{part} gs {red} {green} {blue} rg {red} {green} {blue} RG"
        ));
    }

    fn path(&mut self, lines: &[Vec<Point>], end: &str) {
        for line in lines {
            let mut operators = String::new();
            for (i, (x, y)) in line.iter().enumerate() {
                operators.push_str(&format!(
                    "{} {} {} ",
                    short(*x),
                    short(*y),
                    if i == 0 { "m" } else { "l" }
                ));
            }
            self.put(&format!("{operators}{end}"));
        }
    }

    fn text(&mut self, text: &Text) {
        let (x, y) = start(text);
        let show = format!(
            "BT /F{} {} Tf 1 0 0 -1 {} {} Tm {} Tj ET",
            text.font.weight as usize,
            short(text.font.size),
            short(x),
            short(y),
            windows_string(&text.words)
        );
        if let Some((color, width)) = text.rim {
            self.paint(Paint(color, 1.0));
            // As lines: a text that is written twice is found and copied twice.
            self.put(&format!("{} w", short(width)));
            self.path(&text.font.outlines(start(text), &text.words), "h");
            self.put("S");
        }
        self.paint(Paint(text.color, 1.0));
        self.put(&show);
    }
}

/// The file as it grows, and where its objects begin.
struct File {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl File {
    fn begin(&mut self) {
        self.places.push(self.bytes.len());
        let number = self.places.len();
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
    }

    fn object(&mut self, dictionary: &str) {
        self.begin();
        self.bytes.extend(dictionary.bytes());
        self.bytes.extend(b"\nendobj\n");
    }

    fn stream(&mut self, keys: &str, bytes: &[u8]) {
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut packed = vec![0; compressor.zlib_compress_bound(bytes.len())];
        // The room is what the library asks for, so it suffices.
        let size = compressor
            .zlib_compress(bytes, &mut packed)
            .unwrap_or_default();
        self.begin();
        let dictionary = format!("<</Length {size}/Filter/FlateDecode{keys}>>\nstream\n");
        self.bytes.extend(dictionary.bytes());
        self.bytes.extend(&packed[..size]);
        self.bytes.extend(b"\nendstream\nendobj\n");
    }

    /// Three objects: the font, its description, its file.
    fn font(&mut self, weight: Weight) {
        let number = self.places.len() + 1;
        let name = ["NotoSans-Regular", "NotoSans-SemiBold"][weight as usize];
        let mut widths = String::new();
        for code in 32..=255u8 {
            let width = character(code).map_or(0.0, |c| weight.advance(c)) * EM;
            widths.push_str(&format!(" {}", short(width)));
        }
        self.object(&format!(
            "<</Type/Font/Subtype/TrueType/BaseFont/ICEFLD+{name}/FirstChar 32/LastChar 255/Widths[{widths}]\
             /Encoding/WinAnsiEncoding/FontDescriptor {} 0 R>>",
            number + 1
        ));
        self.object(&format!(
            "<</Type/FontDescriptor/FontName/ICEFLD+{name}/Flags 32/FontBBox[-78 -241 961 944]/ItalicAngle 0\
             /Ascent 1069/Descent -293/CapHeight 714/StemV {}/FontFile2 {} 0 R>>",
            [80, 120][weight as usize],
            number + 2
        ));
        let file = FILES[weight as usize];
        self.stream(&format!("/Length1 {}", file.len()), file);
    }

    /// Two objects: the colours, and how much they cover.
    fn image(
        &mut self,
        Pixels {
            width,
            height,
            bytes,
        }: &Pixels,
    ) {
        let number = self.places.len() + 1;
        let keys = |colors: &str, more: &str| {
            format!(
                "/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/{colors}/BitsPerComponent 8{more}"
            )
        };
        let colors = spread(*width as usize, bytes);
        self.stream(
            &keys("DeviceRGB", &format!("/SMask {} 0 R", number + 1)),
            &colors,
        );
        let opacities: Vec<u8> = bytes.chunks_exact(4).map(|pixel| pixel[3]).collect();
        self.stream(&keys("DeviceGray", ""), &opacities);
    }

    /// The table of places, and the end.
    fn end(mut self) -> Vec<u8> {
        let begin = self.bytes.len();
        let size = self.places.len() + 1;
        let mut table = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for place in &self.places {
            table.push_str(&format!("{place:010} 00000 n \n"));
        }
        table.push_str(&format!(
            "trailer\n<</Size {size}/Root 1 0 R/Info 4 0 R>>\nstartxref\n{begin}\n%%EOF\n"
        ));
        self.bytes.extend(table.bytes());
        self.bytes
    }
}

/// The colours, and those of what is clear as beside it: viewers that smooth an image mix them into its edges.
fn spread(width: usize, bytes: &[u8]) -> Vec<u8> {
    let pixels: Vec<&[u8]> = bytes.chunks_exact(4).collect();
    let mut colors = Vec::with_capacity(pixels.len() * 3);
    for (at, pixel) in pixels.iter().enumerate() {
        let column = at % width.max(1);
        let near = [
            (column > 0).then(|| at - 1),
            (column + 1 < width).then_some(at + 1),
            at.checked_sub(width),
            Some(at + width),
        ];
        let seen = |place: usize| pixels.get(place).copied().filter(|pixel| pixel[3] > 0);
        let beside = || near.into_iter().flatten().find_map(seen);
        let own = Some(*pixel).filter(|pixel| pixel[3] > 0);
        let color = own.or_else(beside).unwrap_or(pixel);
        colors.extend_from_slice(&color[..3]);
    }
    colors
}

/// Marks of the encoding of Windows that Latin-1 does not have, and that are in the fonts. A minus is written as a dash.
const MARKS: [(u8, char); 7] = [
    (0x85, '\u{2026}'),
    (0x91, '\u{2018}'),
    (0x92, '\u{2019}'),
    (0x93, '\u{201c}'),
    (0x94, '\u{201d}'),
    (0x96, '\u{2013}'),
    (0x97, '\u{2014}'),
];

/// The character of a code of the encoding of Windows.
fn character(code: u8) -> Option<char> {
    match code {
        0x20..=0x7e | 0xa0..=0xff => Some(char::from(code)),
        _ => MARKS.iter().find(|mark| mark.0 == code).map(|mark| mark.1),
    }
}

/// A text in the encoding of Windows, as a string of PDF.
fn windows_string(text: &str) -> String {
    let code = |character: char| match character {
        '\u{2212}' => 0x96,
        '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => character as u8,
        _ => MARKS
            .iter()
            .find(|mark| mark.1 == character)
            .map_or(b'?', |mark| mark.0),
    };
    let mut digits = String::new();
    for character in text.chars() {
        digits.push_str(&format!("{:02x}", code(character)));
    }
    format!("<{digits}>")
}

/// A text of the document's information: UTF-16 with its mark.
fn text_string(text: &str) -> String {
    let mut digits = String::new();
    for unit in text.encode_utf16() {
        digits.push_str(&format!("{unit:04x}"));
    }
    format!("<feff{digits}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_clear_has_the_colour_beside_it() {
        let bytes = [[0, 0, 0, 0], [9, 8, 7, 255], [0, 0, 0, 0], [0, 0, 0, 0]].concat();
        assert_eq!(spread(2, &bytes), [9, 8, 7, 9, 8, 7, 0, 0, 0, 9, 8, 7]);
    }

    #[test]
    fn texts_are_in_the_encodings_that_they_are_said_to_be_in() {
        assert_eq!(windows_string("\u{2212}5\u{b0}\u{4e00}"), "<9635b03f>");
        assert_eq!(text_string("\u{e9}\u{1f9ca}"), "<feff00e9d83eddca>");
    }

    /// Places of the table are those of the objects.
    #[test]
    fn the_table_leads_to_the_objects() {
        let scene = Scene {
            width: 40,
            height: 30,
            paper: [255; 3],
            title: "a".to_owned(),
            summary: String::new(),
            items: Vec::new(),
        };
        let bytes = written(&scene);
        let text = String::from_utf8_lossy(&bytes[bytes.len() - 600..]).into_owned();
        let table = text.split("xref\n").nth(1).unwrap();
        let places = table
            .lines()
            .skip(2)
            .take_while(|line| line.ends_with(" n "));
        for (number, line) in places.enumerate() {
            let place: usize = line[..10].parse().unwrap();
            let begin = format!("{} 0 obj", number + 1);
            assert!(bytes[place..].starts_with(begin.as_bytes()), "{begin}");
        }
    }
}
