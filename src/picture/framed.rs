//! What a page that draws cells by itself takes from maps: the projection, the part that it begins with, colours, coasts.
//!
//! Beside `draw.rs`, for `src/view/`. Where cells are on a page and in which colours is as on a map, since both ask here.

use serde_json::{Map, Value, json};

use super::color::{self, ColorScale};
use super::earth;
use super::ink::Ink;
use super::outline::Outlines;
use super::palette::Palette;
use super::projection::{Named, Projection};
use super::view::{Window, place};
use super::{MapStyle, Theme};
use crate::error::Result;
use crate::grid::{Grid, Order};

/// Colours of a palette that a page is told; those between are mixed.
const SAMPLES: u32 = 128;
const THEMES: [(&str, Theme); 2] = [("light", Theme::Light), ("dark", Theme::Dark)];

/// The plane of a page, and the part of it that is shown first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Framed {
    window: Window,
}

impl Framed {
    /// As a map of these cells has it.
    pub fn of(cells: &[u64], order: Order, grid: Grid) -> Self {
        let outlines = [Outlines::new(cells, order, grid)];
        let projection = place(&outlines, None)
            .map_or(Projection::GLOBE, |place| Projection::choose(&place, grid));
        Self {
            window: Window::fit(&outlines, projection),
        }
    }

    /// West, south, east and north of cells in the plane; zeros without cells.
    pub fn bounds(&self, cells: &[u64], order: Order, grid: Grid) -> [f64; 4] {
        let bounds = Outlines::new(cells, order, grid).bounds(self.window.projection);
        bounds.map_or([0.0; 4], |((x0, y0), (x1, y1))| [x0, y0, x1, y1])
    }

    /// Whether the plane is degrees, and ends where it is cut.
    pub fn is_in_degrees(&self) -> bool {
        self.window.projection.degrees().is_some()
    }

    /// The projection by its parameters, its name, and the window.
    pub fn said(&self) -> Value {
        let projection = self.window.projection;
        let kind = match projection {
            Projection::Polar {
                named: Named::Crs(crs),
                ..
            }
            | Projection::Plane { crs, .. } => json!({"kind": "crs", "code": crs.code()}),
            Projection::Polar {
                named: Named::Down(lon),
                ..
            } => json!({"kind": "polar", "south": false, "standard": 70.0, "origin": lon}),
            Projection::Degrees { cut, shrink, level } => {
                json!({"kind": "degrees", "cut": cut, "shrink": shrink, "level": level})
            }
        };
        let (x, y) = self.window.center;
        json!({
            "projection": kind,
            "name": projection.name(),
            "window": {"x": x, "y": y, "width": self.window.width, "height": self.window.height},
        })
    }
}

/// Ends of the colours for values, as a map finds them: robust, and around zero for change.
///
/// # Errors
/// None that values can cause.
pub(crate) fn range(values: impl Iterator<Item = f64>, is_change: bool) -> Result<[f64; 2]> {
    let palette = if is_change {
        Palette::RED_BLUE
    } else {
        Palette::VIRIDIS
    };
    let scale = ColorScale::new(values, &MapStyle::new(), palette)?;
    Ok([scale.low, scale.high])
}

/// Colours of values and of everything else, for both themes; which palettes are for change.
pub(crate) fn looks() -> Value {
    let mut looks = Map::new();
    for (name, theme) in THEMES {
        let palettes: Map<String, Value> = Palette::all()
            .map(|(name, palette)| {
                let all = color::colors(palette, theme);
                let last = all.len() - 1;
                let sample = |i: u32| all[i as usize * last / (SAMPLES as usize - 1)];
                let text: String = (0..SAMPLES).map(|i| hex(sample(i))).collect();
                (name.to_owned(), json!(text))
            })
            .collect();
        let ink = Ink::of(theme);
        let inks: Map<String, Value> = [
            ("paper", ink.paper),
            ("text", ink.text),
            ("faint", ink.faint),
            ("frame", ink.frame),
            ("sea", ink.sea),
            ("land", ink.land),
            ("ice", ink.ice),
            ("shelf", ink.shelf),
            ("coast", ink.coast),
            ("edge", ink.ice_edge),
            ("grid", ink.grid),
            ("none", ink.no_value),
        ]
        .into_iter()
        .map(|(name, color)| (name.to_owned(), json!(format!("#{}", hex(color)))))
        .collect();
        looks.insert(name.to_owned(), json!({"palettes": palettes, "inks": inks}));
    }
    let diverging: Vec<&str> = Palette::all()
        .filter(|(_, palette)| palette.is_diverging())
        .map(|(name, _)| name)
        .collect();
    looks.insert("diverging".to_owned(), json!(diverging));
    Value::Object(looks)
}

/// Land, ice and lakes as `scripts/map-assets` packs them.
pub(crate) fn earth_file() -> &'static [u8] {
    earth::FILE
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("{red:02x}{green:02x}{blue:02x}")
}
