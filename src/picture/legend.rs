//! What is drawn around the maps: title, colour bar, scale bar, foot.

use super::color::{ColorScale, LEVELS, Ticks, number};
use super::font::Font;
use super::ink::Ink;
use super::layout::Layout;
use super::scene::{Anchor, Paint, Pixels, Rect, Scene, Text};
use super::view::View;
use crate::grid::{Grid, Order};

/// Surface of the Earth in square kilometres.
const EARTH_AREA: f64 = 510_065_622.0;
/// From the maps to the colour bar, the bar's width, and the height of the points at its ends.
const BAR_GAP: f64 = 78.0;
const BAR_WIDTH: f64 = 24.0;
const POINT: f64 = 18.0;
/// Most height of the bar.
const BAR_MOST: f64 = 760.0;

/// Sizes of text.
const TITLE: f64 = 30.0;
const TEXT: f64 = 19.0;
const SMALL: f64 = 16.0;

/// The grid and the size of its cells.
pub fn grid_name(grid: Grid, order: Order) -> String {
    if let Some(rectilinear) = grid.rectilinear() {
        let [width, height] = rectilinear.resolution(order);
        let unit = if rectilinear.crs().is_geographic() {
            "degrees"
        } else {
            "m"
        };
        return format!("{width} x {height} {unit}, {}", rectilinear.crs());
    }
    let size = distance((EARTH_AREA / grid.cells(order) as f64).sqrt());
    format!(
        "{} order {order} ({size}), {}",
        grid.title(),
        grid.latitude()
    )
}

/// Title and line below it.
pub fn title(scene: &mut Scene, layout: &Layout, ink: &Ink, title: &str, subtitle: &str) {
    let (left, unit) = (layout.maps.x0, layout.unit);
    let right = f64::from(layout.width) - 24.0 * unit;
    let font = fitting(Font::bold(TITLE * unit), title, right - left);
    scene.text((left, 48.0 * unit), Anchor::Start, title, font, ink.text);
    let font = fitting(Font::regular(TEXT * unit), subtitle, right - left);
    scene.text(
        (left, 82.0 * unit),
        Anchor::Start,
        subtitle,
        font,
        ink.faint,
    );
}

/// Lines below the maps.
pub fn foot(scene: &mut Scene, layout: &Layout, ink: &Ink, lines: &[String]) {
    let unit = layout.unit;
    let room = f64::from(layout.width) - 24.0 * unit - layout.maps.x0;
    for (row, line) in lines.iter().filter(|line| !line.is_empty()).enumerate() {
        let y = layout.maps.y1 + (62.0 + 24.0 * row as f64) * unit;
        let font = fitting(Font::regular(SMALL * unit), line, room);
        scene.text((layout.maps.x0, y), Anchor::Start, line, font, ink.faint);
    }
}

/// What a map of a strip is of, above it.
pub fn caption(scene: &mut Scene, frame: Rect, words: &str, unit: f64, ink: &Ink) {
    let font = fitting(Font::bold(TEXT * unit), words, frame.width());
    scene.text(
        (frame.x0, frame.y0 - 9.0 * unit),
        Anchor::Start,
        words,
        font,
        ink.text,
    );
}

/// The font, smaller where a text would not fit.
fn fitting(font: Font, text: &str, room: f64) -> Font {
    let width = font.width(text);
    if width <= room {
        return font;
    }
    Font {
        size: (font.size * room / width).max(font.size / 2.5),
        ..font
    }
}

/// Words in the middle of a map that has nothing else.
pub fn nothing(scene: &mut Scene, frame: Rect, unit: f64, ink: &Ink) {
    let font = Font::regular(TEXT * unit);
    let (x, y) = frame.middle();
    scene.write(Text {
        at: (x, y + font.to_middle()),
        anchor: Anchor::Middle,
        words: "no cells".to_owned(),
        font,
        color: ink.faint,
        rim: Some((ink.sea, 4.0 * unit)),
    });
}

/// A bar of round length in the lower left corner of a map, as long as the ground is there.
pub fn scale_bar(scene: &mut Scene, view: &View, unit: f64, ink: &Ink) {
    let frame = view.frame;
    let (x0, y) = (frame.x0 + 22.0 * unit, frame.y1 - 20.0 * unit);
    let ground = |length: f64| {
        view.projection
            .ground(view.plane((x0, y)), view.plane((x0 + length, y)))
    };
    // One scale over all of a globe says nothing.
    let middle = frame.middle();
    let across = [frame.x0, frame.x1].map(|x| view.plane((x, middle.1)));
    if view
        .projection
        .ground(across[0], across[1])
        .is_none_or(|across| across > 9000.0)
    {
        return;
    }
    let Some(whole) = ground(frame.width() - 44.0 * unit) else {
        return;
    };
    let step = Ticks::new(0.0, whole / 4.0, 1.9).step;
    // The length at which the ground is that long, by halving.
    let (mut short, mut long) = (0.0, frame.width() / 2.0);
    if ground(long).is_none_or(|most| most < step) {
        return;
    }
    for _ in 0..40 {
        let middle = f64::midpoint(short, long);
        match ground(middle) {
            Some(reached) if reached < step => short = middle,
            _ => long = middle,
        }
    }
    let length = f64::midpoint(short, long);
    let bar = Rect::new(x0, y - 4.0 * unit, x0 + length, y);
    scene.rect(bar.grown(1.5 * unit), ink.sea);
    scene.rect(bar, ink.text);
    scene.rect(
        Rect {
            x0: bar.middle().0,
            x1: bar.x1 - unit,
            y0: bar.y0 + unit,
            y1: bar.y1 - unit,
        },
        ink.paper,
    );
    let (words, font) = (distance(step), Font::regular(TEXT * unit));
    let is_short = font.width(&words) > length + 16.0 * unit;
    let (x, anchor) = if is_short {
        (x0, Anchor::Start)
    } else {
        (bar.middle().0, Anchor::Middle)
    };
    scene.write(Text {
        at: (x, y - 12.0 * unit),
        anchor,
        words,
        font,
        color: ink.text,
        rim: Some((ink.sea, 4.0 * unit)),
    });
}

/// What cells whose value is NaN look like.
fn no_value(scene: &mut Scene, (x, y): (f64, f64), font: Font, unit: f64, ink: &Ink) {
    let swatch = Rect::new(x, y, x + (BAR_WIDTH * unit).round(), y + 16.0 * unit);
    scene.rect(swatch, ink.no_value);
    let at = (
        swatch.x1 + 14.0 * unit,
        swatch.middle().1 + font.to_middle(),
    );
    scene.text(at, Anchor::Start, "no value", font, ink.faint);
}

/// The colour bar: heading, colours, ticks, and what lies beyond its ends.
pub fn color_bar(
    scene: &mut Scene,
    layout: &Layout,
    ink: &Ink,
    scale: &ColorScale,
    (label, has_nan): (&str, bool),
) {
    let unit = layout.unit;
    let maps = layout.maps;
    let left = (maps.x1 + BAR_GAP * unit).round();
    let right = f64::from(layout.width) - 16.0 * unit;
    // A long heading is smaller, and ends with the picture.
    let font = fitting(Font::bold(TEXT * unit), label, right - left);
    let width = font.width(label);
    let begin = if width > right - left {
        (right - width, maps.y0 - 12.0 * unit)
    } else {
        (left, maps.y0 + 14.0 * unit)
    };
    scene.text(begin, Anchor::Start, label, font, ink.text);
    let small = Font::regular(SMALL * unit);
    let Some((min, max)) = scale.extremes else {
        scene.text(
            (left, maps.y0 + 48.0 * unit),
            Anchor::Start,
            "no finite value",
            small,
            ink.faint,
        );
        if has_nan {
            no_value(scene, (left, maps.y0 + 66.0 * unit), small, unit, ink);
        }
        return;
    };
    let step = Ticks::new(scale.low, scale.high, 100.0).step;
    let mut lines = vec![
        format!("least {}", number(min, step)),
        format!("greatest {}", number(max, step)),
    ];
    let (is_below, is_above) = scale.is_clipped();
    if scale.is_found && (is_below || is_above) {
        lines.insert(0, "2nd\u{2013}98th percentile".to_owned());
    }
    let below = (24.0 * lines.len() as f64 + if has_nan { 34.0 } else { 0.0 } + 14.0) * unit;
    let top = (maps.y0 + (36.0 + POINT) * unit).round();
    let bottom = (maps.y1 - below - POINT * unit)
        .min(top + BAR_MOST * unit)
        .max(top + 60.0 * unit)
        .round();
    let bar = Rect::new(left, top, left + (BAR_WIDTH * unit).round(), bottom);
    colors(scene, bar, scale, unit, ink);
    ticks(scene, bar, scale, unit, ink);
    let mut y = bottom + (POINT + 14.0) * unit;
    if has_nan {
        no_value(scene, (left, y), small, unit, ink);
        y += 34.0 * unit;
    }
    for line in &lines {
        y += 17.0 * unit;
        let font = fitting(small, line, right - left);
        scene.text((left, y), Anchor::Start, line, font, ink.faint);
        y += 7.0 * unit;
    }
}

fn colors(scene: &mut Scene, bar: Rect, scale: &ColorScale, unit: f64, ink: &Ink) {
    let (width, height) = (bar.width() as u32, bar.height() as u32);
    let row = |y: u32| {
        let level = (height - 1 - y) * LEVELS / (height.max(2) - 1);
        let [red, green, blue] = scale.color(level);
        [red, green, blue, 255].repeat(width as usize)
    };
    let bytes = (0..height).flat_map(row).collect();
    let (is_below, is_above) = scale.is_clipped();
    let point = |y: f64, tip: f64| vec![vec![(bar.x0, y), (bar.x1, y), (bar.middle().0, tip)]];
    let mut outline = vec![(bar.x0, bar.y0)];
    if is_above {
        let tip = bar.y0 - POINT * unit;
        scene.fill(point(bar.y0, tip), Paint(scale.color(LEVELS), 1.0));
        outline.push((bar.middle().0, tip));
    }
    outline.extend([(bar.x1, bar.y0), (bar.x1, bar.y1)]);
    if is_below {
        let tip = bar.y1 + POINT * unit;
        scene.fill(point(bar.y1, tip), Paint(scale.color(0), 1.0));
        outline.push((bar.middle().0, tip));
    }
    outline.extend([(bar.x0, bar.y1), (bar.x0, bar.y0)]);
    scene.items.push(super::scene::Item::Image(
        bar,
        Pixels {
            width,
            height,
            bytes,
        },
    ));
    scene.lines(vec![outline], Paint(ink.frame, 1.0), unit);
}

/// Ticks at round values; ends that values lie beyond are marked `<` and `>`.
fn ticks(scene: &mut Scene, bar: Rect, scale: &ColorScale, unit: f64, ink: &Ink) {
    let font = Font::regular(TEXT * unit);
    let row = |value: f64| bar.y1 - scale.part(value) * bar.height();
    let ticks = Ticks::new(scale.low, scale.high, 7.0);
    let x = bar.x1 + 14.0 * unit;
    for &value in &ticks.values {
        let y = row(value);
        scene.rect(
            Rect::new(
                bar.x1,
                y - 0.75 * unit,
                bar.x1 + 7.0 * unit,
                y + 0.75 * unit,
            ),
            ink.frame,
        );
        scene.text(
            (x, y + font.to_middle()),
            Anchor::Start,
            &number(value, ticks.step),
            font,
            ink.text,
        );
    }
}

/// A distance in kilometres, to two digits: `1600 km`, `1.6 km`, `25 m`, `1.2 cm`.
fn distance(kilometres: f64) -> String {
    let (value, unit) = match kilometres {
        k if k >= 1.0 => (k, "km"),
        k if k >= 1e-3 => (k * 1e3, "m"),
        k => (k * 1e5, "cm"),
    };
    // To the unit of its second digit.
    let units = [1000.0, 100.0, 10.0, 1.0, 0.1];
    let power = units
        .into_iter()
        .find(|unit| value >= 10.0 * unit * 0.999_999)
        .unwrap_or(0.1);
    let rounded = (value / power).round() * power;
    let text = format!("{rounded:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_well() {
        let size = |order: u8| {
            let order = Order::new(order).unwrap();
            let name = grid_name(Grid::default(), order);
            name.split_once('(')
                .unwrap()
                .1
                .split_once(')')
                .unwrap()
                .0
                .to_owned()
        };
        assert_eq!(size(0), "6500 km");
        assert_eq!(size(12), "1.6 km");
        assert_eq!(size(19), "12 m");
        assert_eq!(size(29), "1.2 cm");
        assert_eq!(
            [200.0, 50.0, 0.5, 0.02].map(distance),
            ["200 km", "50 km", "500 m", "20 m"]
        );
    }
}
