//! What is drawn around the map: title, colour bar, scale bar, note.

use super::MapData;
use super::canvas::{Canvas, Color, FAINT_INK, Font, INK, PANEL_INK, Rect};
use super::color::{ColorScale, LEVELS, NOT_A_NUMBER, Ticks, number};
use super::view::View;
use crate::text::grouped;

/// Surface of the Earth in square kilometres.
const EARTH_AREA: f64 = 510_065_622.0;
/// From the frame to the colour bar, and the bar's width.
const BAR_GAP: i32 = 80;
const BAR_WIDTH: i32 = 26;
/// Height of the points at the ends of the bar, which stand for values beyond the range.
const POINT: i32 = 20;

/// The frame's border, title, subtitle and note.
pub fn draw_frame(canvas: &mut Canvas, view: &View, picture: &MapData) {
    let frame = view.frame();
    canvas.border(frame, FAINT_INK);
    let count = picture.cells.len();
    let noun = if count == 1 { "cell" } else { "cells" };
    let subtitle = format!("{} {noun} of {}", grouped(count as u64), grid_name(picture));
    canvas.text((frame.x0, 26), &picture.title, Font::TITLE, INK);
    canvas.text((frame.x0, 58), &subtitle, Font::TEXT, FAINT_INK);
    let below = frame.y1 + 34;
    canvas.text((frame.x0, below), &picture.note, Font::SMALL, FAINT_INK);
    if count == 0 {
        let text = "no cells";
        let x = i32::midpoint(frame.x0, frame.x1) - Font::TITLE.width(text) / 2;
        canvas.text_on_panel((x, i32::midpoint(frame.y0, frame.y1)), text, Font::TITLE);
    }
}

/// The grid and the size of its cells.
fn grid_name(picture: &MapData) -> String {
    if let Some(grid) = picture.grid.rectilinear() {
        let [width, height] = grid.resolution(picture.order);
        let unit = if grid.crs().is_geographic() {
            "degrees"
        } else {
            "m"
        };
        return format!("{width} x {height} {unit}, {}", grid.crs());
    }
    format!(
        "{} order {} ({}), {}",
        picture.grid.title(),
        picture.order,
        cell_size(picture.grid.cells(picture.order)),
        picture.grid.latitude()
    )
}

/// A bar of round length in the lower left corner of the map.
pub fn draw_scale_bar(canvas: &mut Canvas, view: &View) {
    let Some(kilometres) = view.projection.kilometres(view.center()) else {
        return;
    };
    let frame = view.frame();
    let per_pixel = kilometres / view.scale();
    let step = Ticks::new(0.0, per_pixel * f64::from(frame.width()) / 4.0, 1.9).step;
    let length = (step / per_pixel).round() as i32;
    if !(10..frame.width() / 2).contains(&length) {
        return;
    }
    let text = distance(step);
    let (x0, y) = (frame.x0 + 22, frame.y1 - 22);
    let bar = Rect {
        x0,
        y0: y - 3,
        x1: x0 + length,
        y1: y,
    };
    canvas.fill(bar.grown(1), super::canvas::PANEL);
    canvas.fill(bar, PANEL_INK);
    let center = x0 + length / 2 - Font::TEXT.width(&text) / 2;
    canvas.text_on_panel((center.max(frame.x0 + 8), y - 28), &text, Font::TEXT);
}

/// The colour bar: heading, colours, ticks, and what lies beyond its ends.
pub fn draw_color_bar(canvas: &mut Canvas, view: &View, scale: &ColorScale, label: &str) {
    let frame = view.frame();
    let left = frame.x1 + BAR_GAP;
    // A long heading may begin above the map's edge, so that it ends within the picture.
    let room = view.image_size().0 as i32 - 12 - Font::HEADING.width(label);
    let heading = (room.min(left), frame.y0 - 6 - i32::from(room < left) * 40);
    canvas.text(heading, label, Font::HEADING, INK);
    let Some((min, max)) = scale.extremes else {
        canvas.text(
            (left, frame.y0 + 40),
            "no finite value",
            Font::SMALL,
            FAINT_INK,
        );
        return;
    };
    let bar = Rect {
        x0: left,
        y0: frame.y0 + 40 + POINT,
        x1: left + BAR_WIDTH,
        y1: frame.y1 - 118 - POINT,
    };
    draw_colors(canvas, bar, scale);
    draw_ticks(canvas, bar, scale);
    let (is_below, is_above) = scale.is_clipped();
    let step = Ticks::new(scale.low, scale.high, 100.0).step;
    let mut lines = vec![
        format!("least    {}", number(min, step)),
        format!("greatest {}", number(max, step)),
    ];
    if is_below || is_above {
        lines.insert(0, "2nd-98th percentile".to_owned());
    }
    let first = frame.y1 - 22 * lines.len() as i32;
    for (row, line) in (0..).zip(&lines) {
        canvas.text((left, first + 22 * row), line, Font::SMALL, FAINT_INK);
    }
}

fn draw_colors(canvas: &mut Canvas, bar: Rect, scale: &ColorScale) {
    for y in bar.y0..bar.y1 {
        let level = (bar.y1 - 1 - y) as u32 * LEVELS / (bar.height().max(2) - 1) as u32;
        canvas.fill(
            Rect {
                y0: y,
                y1: y + 1,
                ..bar
            },
            scale.color(level),
        );
    }
    let (is_below, is_above) = scale.is_clipped();
    if is_below {
        draw_point(canvas, (bar, bar.y1, 1), scale.color(0));
    }
    if is_above {
        draw_point(canvas, (bar, bar.y0 - 1, -1), scale.color(LEVELS));
    }
}

/// A triangle on the bar's end at row `y`, its tip `direction` (+1 down, -1 up) of it.
fn draw_point(canvas: &mut Canvas, (bar, y, direction): (Rect, i32, i32), color: Color) {
    let middle = f64::midpoint(f64::from(bar.x0), f64::from(bar.x1));
    for row in 0..POINT {
        let part = 1.0 - (f64::from(row) + 0.5) / f64::from(POINT);
        let half = part * f64::from(BAR_WIDTH) / 2.0;
        for x in bar.x0..bar.x1 {
            let distance = (f64::from(x) + 0.5 - middle).abs();
            canvas.blend(
                x,
                y + direction * row,
                color,
                (half + 0.5 - distance).clamp(0.0, 1.0),
            );
        }
    }
}

/// Ticks at round values; ends that values lie beyond are marked `<` and `>`.
fn draw_ticks(canvas: &mut Canvas, bar: Rect, scale: &ColorScale) {
    let row = |value: f64| {
        let part = (value / 2.0 - scale.low / 2.0) / (scale.high / 2.0 - scale.low / 2.0);
        bar.y1 - (part * f64::from(bar.height())).round() as i32
    };
    let ticks = Ticks::new(scale.low, scale.high, 7.0);
    let (is_below, is_above) = scale.is_clipped();
    let x = bar.x1 + 14;
    let half = Font::TEXT.height() / 2;
    let mut taken = Vec::new();
    for (is_marked, mark, value) in [(is_below, '<', scale.low), (is_above, '>', scale.high)] {
        if is_marked {
            let y = row(value);
            let text = format!("{mark} {}", number(value, ticks.step / 10.0));
            canvas.text((x, y - half), &text, Font::TEXT, INK);
            taken.push(y);
        }
    }
    for &value in &ticks.values {
        let y = row(value);
        if taken.iter().all(|other| (other - y).abs() > 2 * half) {
            let mark = Rect {
                x0: bar.x1,
                y0: y - 1,
                x1: bar.x1 + 7,
                y1: y + 1,
            };
            canvas.fill(mark, FAINT_INK);
            canvas.text((x, y - half), &number(value, ticks.step), Font::TEXT, INK);
        }
    }
}

/// A swatch for NaN, where there are cells without a value.
pub fn draw_nan_swatch(canvas: &mut Canvas, view: &View) {
    let frame = view.frame();
    let (x0, y0) = (frame.x1 + BAR_GAP, frame.y1 - 88);
    canvas.fill(
        Rect {
            x0,
            y0,
            x1: x0 + BAR_WIDTH,
            y1: y0 + 14,
        },
        NOT_A_NUMBER,
    );
    canvas.text(
        (x0 + BAR_WIDTH + 14, y0 - 1),
        "no value",
        Font::SMALL,
        FAINT_INK,
    );
}

/// Side of a square of the area of one of so many cells.
fn cell_size(cells: u64) -> String {
    distance((EARTH_AREA / cells as f64).sqrt())
}

/// A distance in kilometres, to two digits: `1600 km`, `1.6 km`, `25 m`, `1.2 cm`.
fn distance(kilometres: f64) -> String {
    let (value, unit) = match kilometres {
        k if k >= 1.0 => (k, "km"),
        k if k >= 1e-3 => (k * 1e3, "m"),
        k => (k * 1e5, "cm"),
    };
    let digits = 10f64.powf(value.log10().floor() - 1.0);
    let rounded = (value / digits).round() * digits;
    let text = format!("{rounded:.1}");
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Grid, Order};

    #[test]
    fn sizes_and_counts_read_well() {
        let cells = |order: u8| Grid::default().cells(Order::new(order).unwrap());
        let size = |order: u8| cell_size(cells(order));
        assert_eq!(size(0), "6500 km");
        assert_eq!(size(12), "1.6 km");
        assert_eq!(size(19), "12 m");
        assert_eq!(size(29), "1.2 cm");
        assert_eq!(distance(200.0), "200 km");
        assert_eq!(
            (grouped(7), grouped(1_234_567)),
            ("7".into(), "1,234,567".into())
        );
    }
}
