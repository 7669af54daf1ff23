//! `render`: a map of one array of a store.

use std::path::PathBuf;

use clap::Args;

use super::near::near;
use super::out::print;
use super::progress::Progress;
use crate::error::{Error, Result};
use crate::grid::Order;
use crate::picture::{Drawn, MapStyle, Theme, check_picture, draw_with};
use crate::run::tidy_file;

#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The store
    pub store: PathBuf,
    /// The array to draw
    pub variable: String,
    /// The picture to write: a PNG, an SVG or a PDF, as its name ends
    #[arg(short, long, value_name = "MAP.png|svg|pdf")]
    pub output: PathBuf,
    /// Draw the cells of this order [default: the finest]
    #[arg(long, value_name = "ORDER")]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=29))]
    pub order: Option<u8>,
    /// Draw the cells at this step, of a store that has steps of time: a moment in it (2019-06, 2019-06-15T12:00Z), or
    /// the number of its cycle, reference ground track or region; all draws a map of each, side by side
    #[arg(long, value_name = "TIME|all")]
    pub time: Option<String>,
    /// Show this part of the Earth, in degrees: across the antimeridian where W is the larger [default: where cells are]
    #[arg(
        long,
        value_name = "W,S,E,N",
        value_delimiter = ',',
        num_args = 1,
        allow_hyphen_values = true
    )]
    pub bbox: Option<Vec<f64>>,
    /// Value at the lower end of the colours [default: the 2nd percentile]
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub vmin: Option<f64>,
    /// Value at the upper end of the colours [default: the 98th percentile]
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub vmax: Option<f64>,
    /// Colours: `viridis`, `cividis`, `magma`, `inferno`, `plasma`, `Greys`, `Blues`, `YlGnBu`; for change, with zero in the
    /// middle, `RdBu`, `BrBG`, `PuOr`, `PRGn`; `_r` behind a name turns them round [default: `viridis`; `RdBu` for change by
    /// a time]
    #[arg(long, value_name = "NAME")]
    pub cmap: Option<String>,
    /// Light or dark paper
    #[arg(long, value_name = "light|dark", default_value = "light", value_parser = theme)]
    pub theme: Theme,
    /// Width of the picture in pixels, and its height where it is not to be as the data are [default: 1400]
    #[arg(long, value_name = "WIDTH[xHEIGHT]", value_parser = size)]
    pub size: Option<(u32, Option<u32>)>,
    /// Title of the picture [default: the store and the variable]
    #[arg(long)]
    pub title: Option<String>,
    /// Heading of the colour bar [default: the variable and its unit]
    #[arg(long)]
    pub label: Option<String>,
}

fn theme(text: &str) -> std::result::Result<Theme, String> {
    Theme::named(text).ok_or_else(|| "a map is light or dark".to_owned())
}

fn size(text: &str) -> std::result::Result<(u32, Option<u32>), String> {
    let sides = match text.split_once('x') {
        Some((width, height)) => (width.parse(), height.parse().map(Some)),
        None => (text.parse(), Ok(None)),
    };
    match sides {
        (Ok(width), Ok(height)) => Ok((width, height)),
        _ => Err("give pixels, such as 2000 or 2000x1500".to_owned()),
    }
}

/// The style that flags ask for.
fn style(args: &RenderArgs) -> Result<MapStyle> {
    let mut style = MapStyle::new()
        .theme(args.theme)
        .values(args.vmin, args.vmax)?;
    if let Some(bbox) = &args.bbox {
        let &[west, south, east, north] = bbox.as_slice() else {
            return Err(Error::argument(format!(
                "--bbox has {} numbers; a box has four: west, south, east, north",
                bbox.len()
            )));
        };
        style = style.bbox([west, south, east, north])?;
    }
    if let Some(name) = &args.cmap {
        style = style.cmap(name)?;
    }
    if let Some((width, height)) = args.size {
        style = style.size(width, height)?;
    }
    Ok(match &args.label {
        Some(label) => style.label(label),
        None => style,
    })
}

pub fn render(args: &RenderArgs) -> Result<u8> {
    let style = style(args)?;
    check_picture(&args.output)?;
    tidy_file(&args.output, &Progress::of_notes())?;
    let drawn = Drawn {
        variable: &args.variable,
        order: args.order.and_then(Order::new),
        time: args.time.as_deref(),
        title: args.title.as_deref(),
    };
    let store = near(&args.store)?;
    store.outcome(draw_with(store.path(), drawn, &style, &args.output))?;
    print(&args.output.display().to_string())?;
    Ok(0)
}
