//! A scene as SVG 1.1: shapes and texts as they are, cells as an image, the letters within the file.

use std::fmt::Write;

use super::font::{FILES, Weight};
use super::mark::SVG;
use super::projection::Point;
use super::scene::{Anchor, Color, Item, Paint, Rect, Scene, Text};

/// The picture as a file.
///
/// # Errors
/// Those of the encoder of images.
pub fn written(scene: &Scene) -> Result<String, png::EncodingError> {
    let mut out = head(scene);
    let mut clips = 0;
    let mut is_open = false;
    for item in &scene.items {
        match item {
            Item::Fill(rings, paint) => {
                push(
                    &mut out,
                    format_args!(
                        "<path d=\"{}\" {}/>\n",
                        path(rings, true),
                        fill("fill", *paint)
                    ),
                );
            }
            Item::Lines(lines, paint, width) => push(
                &mut out,
                format_args!(
                    "<path d=\"{}\" fill=\"none\" stroke-width=\"{}\" stroke-linejoin=\"round\" {}/>\n",
                    path(lines, false),
                    short(*width),
                    fill("stroke", *paint)
                ),
            ),
            Item::Text(text) => write_text(&mut out, text),
            Item::Image(rect, pixels) => {
                let Rect { x0, y0, .. } = *rect;
                push(
                    &mut out,
                    format_args!(
                        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
                         xlink:href=\"data:image/png;base64,{}\"/>\n",
                        short(x0),
                        short(y0),
                        short(rect.width()),
                        short(rect.height()),
                        base64(&pixels.to_png()?)
                    ),
                );
            }
            Item::Clip(clip) => {
                if std::mem::take(&mut is_open) {
                    out.push_str("</g>\n");
                }
                if let Some(rect) = clip {
                    let d = path(&[rect.ring()], true);
                    push(
                        &mut out,
                        format_args!(
                            "<clipPath id=\"c{clips}\"><path d=\"{d}\"/></clipPath>\n<g clip-path=\"url(#c{clips})\">\n"
                        ),
                    );
                    clips += 1;
                    is_open = true;
                }
            }
        }
    }
    if is_open {
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// All before the shapes: size, title, letters.
fn head(scene: &Scene) -> String {
    let mut out = SVG.to_owned();
    let (width, height) = (scene.width, scene.height);
    push(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n<style>\n",
            escaped(&scene.title),
            escaped(&scene.summary)
        ),
    );
    for weight in Weight::ALL {
        push(
            &mut out,
            format_args!(
                "@font-face {{ font-family: \"Noto Sans\"; font-weight: {}; src: local(\"Noto Sans\"), \
                 url(data:font/ttf;base64,{}) format(\"truetype\"); }}\n",
                number_of(weight),
                base64(FILES[weight as usize])
            ),
        );
    }
    out.push_str(
        "text { font-family: \"Noto Sans\", \"Helvetica Neue\", Arial, sans-serif; white-space: pre; }\n</style>\n",
    );
    out
}

fn push(out: &mut String, arguments: std::fmt::Arguments) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(arguments);
}

fn write_text(out: &mut String, text: &Text) {
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let rim = text.rim.map_or_else(String::new, |(color, width)| {
        let stroke = fill("stroke", Paint(color, 1.0));
        format!(
            " {stroke} stroke-width=\"{}\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
            short(width)
        )
    });
    push(
        out,
        format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" font-weight=\"{}\"{anchor} {}{rim}>{}</text>\n",
            short(text.at.0),
            short(text.at.1),
            short(text.font.size),
            number_of(text.font.weight),
            fill("fill", Paint(text.color, 1.0)),
            escaped(&text.words)
        ),
    );
}

fn number_of(weight: Weight) -> u32 {
    match weight {
        Weight::Regular => 400,
        Weight::Bold => 600,
    }
}

fn fill(what: &str, Paint(color, opacity): Paint) -> String {
    let [red, green, blue]: Color = color;
    let part = if opacity < 1.0 {
        format!(" {what}-opacity=\"{}\"", short(opacity))
    } else {
        String::new()
    };
    format!("{what}=\"#{red:02x}{green:02x}{blue:02x}\"{part}")
}

fn path(lines: &[Vec<Point>], is_closed: bool) -> String {
    let mut d = String::new();
    for line in lines {
        for (i, (x, y)) in line.iter().enumerate() {
            let command = if i == 0 { 'M' } else { 'L' };
            push(&mut d, format_args!("{command}{} {}", short(*x), short(*y)));
        }
        if is_closed {
            d.push('Z');
        }
    }
    d
}

/// A number to a hundredth, without zeros at its end.
pub fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Text as XML has it; characters that XML cannot have are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// Bytes as text (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or_default());
        let joined = (at(0) << 16) | (at(1) << 8) | at(2);
        for i in 0..4 {
            let letter = LETTERS[((joined >> (18 - 6 * i)) & 63) as usize];
            out.push(if i > three.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_numbers_are_as_their_definitions_have_them() {
        // Test vectors of RFC 4648, section 10.
        let known = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (length, known) in known.into_iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), known);
        }
        assert_eq!(
            [1.0, -0.001, 2.5, 1234.567].map(short),
            ["1", "0", "2.5", "1234.57"]
        );
        assert_eq!(escaped("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot;");
    }
}
