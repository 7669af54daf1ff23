//! Where on the picture its parts are: map, colour bar, title, foot.
//!
//! Beside `view.rs`. Sizes are those of a picture 1400 pixels wide, times what it is wider.

use super::scene::Rect;
use super::view::Window;
use crate::error::{Error, Result, Setting, phrase};

const WIDTH: f64 = 1400.0;
/// Around the maps.
const LEFT: f64 = 96.0;
const RIGHT: f64 = 276.0;
const TOP: f64 = 124.0;
const BELOW: f64 = 104.0;
/// Least and greatest height of maps to their width, where no height is asked for.
const ASPECTS: (f64, f64) = (0.5, 1.1);
/// Between the maps of a strip, and above each for what it is of.
const GAP: f64 = 14.0;
const CAPTION: f64 = 34.0;
/// Most maps side by side.
const MOST_COLUMNS: usize = 8;
/// Least width and height of a map, in pixels.
const LEAST: f64 = 8.0;

/// Places in pixels.
#[derive(Debug, Clone)]
pub struct Layout {
    pub width: u32,
    pub height: u32,
    /// Pixels to a pixel of a picture 1400 wide.
    pub unit: f64,
    /// One for each map.
    pub frames: Vec<Rect>,
    /// Around all maps.
    pub maps: Rect,
}

impl Layout {
    /// Of one map, or of a strip of them.
    ///
    /// # Errors
    /// A size that so many maps have no room in.
    pub fn new(window: &Window, maps: usize, size: Option<(u32, Option<u32>)>) -> Result<Self> {
        let (width, height) = size.unwrap_or((WIDTH as u32, None));
        let unit = f64::from(width) / WIDTH;
        let room = f64::from(width) - (LEFT + RIGHT) * unit;
        let (left, top) = ((LEFT * unit).round(), (TOP * unit).round());
        let tall = height.map(|height| (f64::from(height) - top - BELOW * unit).floor());
        let aspect = window.aspect();
        let (mut columns, aspect) = if maps == 1 {
            let own = tall.map_or(aspect.clamp(ASPECTS.0, ASPECTS.1), |tall| tall / room);
            (1, own)
        } else {
            columns(
                maps,
                aspect.clamp(0.4, 1.6),
                tall.map_or(0.75, |tall| tall / room),
            )
        };
        let (gap, caption) = if maps == 1 {
            (0.0, 0.0)
        } else {
            (GAP * unit, CAPTION * unit)
        };
        let sides = |columns: usize| {
            let rows = maps.div_ceil(columns) as f64;
            let wide = ((room - gap * (columns - 1) as f64) / columns as f64).floor();
            let high = match tall {
                Some(tall) if maps == 1 => tall,
                // Rounding moves a map by half a pixel, which the gap below the last row has room for.
                Some(tall) => (tall / rows - caption - gap).min(wide * aspect).floor(),
                None => (wide * aspect).round().max(LEAST),
            };
            (wide, high)
        };
        while sides(columns).1 < LEAST && columns < maps {
            columns += 1;
        }
        let (wide, high) = sides(columns);
        if wide < LEAST || high < LEAST {
            let asked = height.map_or(width.to_string(), |height| format!("{width}x{height}"));
            let message =
                format!(" leaves no room for {maps} maps; give more pixels, or a width alone");
            return Err(Error::argument(phrase![Setting::Size.to(asked), message]));
        }
        let frames: Vec<Rect> = (0..maps)
            .map(|i| {
                let (row, column) = ((i / columns) as f64, (i % columns) as f64);
                let x0 = left + (column * (wide + gap)).round();
                let y0 = (top + row * (high + caption + gap) + caption).round();
                Rect::new(x0, y0, x0 + wide, y0 + high)
            })
            .collect();
        let (right, bottom) = frames.iter().fold((left, top), |(right, bottom), frame| {
            (frame.x1.max(right), frame.y1.max(bottom))
        });
        let own = (bottom + BELOW * unit).round() as u32;
        Ok(Self {
            width,
            height: height.unwrap_or(own),
            unit,
            frames,
            maps: Rect::new(left, top, right, bottom),
        })
    }
}

/// How many maps side by side come nearest to a shape, and their aspect.
fn columns(maps: usize, aspect: f64, shape: f64) -> (usize, f64) {
    let of = |columns: usize| {
        let rows = maps.div_ceil(columns) as f64;
        let ratio = rows * aspect / columns as f64 / shape;
        ratio.max(1.0 / ratio)
    };
    let best = (1..=maps.min(MOST_COLUMNS)).min_by(|a, b| of(*a).total_cmp(&of(*b)));
    (best.unwrap_or(1), aspect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::projection::Projection;

    #[test]
    fn more_maps_than_there_is_room_for_are_refused_and_one_has_the_size_that_is_asked_for() {
        let refused = Layout::new(&window(1.0, 1.0), 5000, Some((400, Some(400))));
        let message = refused.unwrap_err().to_string();
        assert!(
            message.contains("size 400x400 leaves no room for 5000 maps"),
            "{message}"
        );
        for width in 400..900 {
            for height in [width / 3 + 1, width - 7, width, 2 * width].map(|side| side.max(400)) {
                let layout = Layout::new(&window(1.0, 1.0), 1, Some((width, Some(height))));
                assert_eq!(layout.unwrap().height, height, "{width}x{height}");
            }
        }
    }

    fn window(width: f64, height: f64) -> Window {
        Window {
            projection: Projection::GLOBE,
            center: (0.0, 0.0),
            width,
            height,
        }
    }

    #[test]
    fn maps_lie_beside_each_other_within_the_picture() {
        for maps in 1..60 {
            for (window, size) in [
                (window(2.0, 1.0), None),
                (window(1.0, 3.0), Some((800, None))),
                (window(1.0, 1.0), Some((2000, Some(1500)))),
                (window(1.0, 1.0), Some((1800, Some(1200)))),
                (window(3.0, 1.0), Some((1201, Some(401)))),
                (window(1.0, 2.0), Some((433, Some(866)))),
            ] {
                let layout = Layout::new(&window, maps, size).unwrap();
                assert_eq!(layout.frames.len(), maps);
                assert_eq!(layout.width, size.map_or(1400, |size| size.0));
                let asked = size.and_then(|size| size.1);
                assert_eq!(
                    asked.unwrap_or(layout.height),
                    layout.height,
                    "{maps} {size:?}"
                );
                let foot = layout.maps.y1 + BELOW * layout.unit;
                assert!(
                    foot <= f64::from(layout.height) + 0.5,
                    "{maps} {size:?}: {foot}"
                );
                let whole = Rect::new(0.0, 0.0, f64::from(layout.width), f64::from(layout.height));
                for (i, frame) in layout.frames.iter().enumerate() {
                    assert!(
                        whole.contains(*frame) && frame.height() > 0.0,
                        "{maps}: {frame:?}"
                    );
                    let others = &layout.frames[i + 1..];
                    assert!(
                        !others.iter().any(|other| other.intersects(*frame)),
                        "{maps}"
                    );
                }
            }
        }
    }
}
