//! The window on the plane: which part is drawn, and where its pixels are.

use super::canvas::Rect;
use super::outline::{Bounds, Outlines};
use super::projection::{Point, Projection};

const IMAGE_WIDTH: u32 = 1400;
/// Map frame: left and top edge, width, least and greatest height.
const LEFT: i32 = 92;
const TOP: i32 = 116;
const WIDTH: i32 = 1060;
const HEIGHTS: (f64, f64) = (530.0, 1020.0);
/// Below the frame: labels of meridians, and a note.
const BELOW: i32 = 64;
/// Room around the cells, as a part of their extent.
const MARGIN: f64 = 0.05;
/// The window is at least so many times as wide as one cell.
const LEAST_CELLS: f64 = 6.0;

/// A projection, and the part of its plane that the frame shows.
#[derive(Debug, Clone)]
pub struct View {
    pub projection: Projection,
    frame: Rect,
    /// Middle of the frame in the plane.
    center: Point,
    /// Pixels to one unit of the plane.
    scale: f64,
}

impl View {
    /// The window that holds all cells, as large as it can be; the globe where there are none.
    pub fn fit(outlines: &Outlines) -> Self {
        let Some(survey) = (outlines.cells() > 0).then(|| outlines.survey()) else {
            let projection = Projection::PlateCarree {
                cut: -180.0,
                shrink: 1.0,
            };
            return Self::of_bounds(projection, ((-180.0, -90.0), (180.0, 90.0)), 0.0);
        };
        let projection = Projection::choose(&survey);
        let bounds = outlines
            .bounds(projection)
            .unwrap_or(((-1.0, -1.0), (1.0, 1.0)));
        let mut cell = 0.0;
        if outlines.cells() <= LEAST_CELLS as usize {
            outlines.for_each(projection, |_, outline| {
                let ((x0, y0), (x1, y1)) = outline.bounds();
                cell = (x1 - x0).max(y1 - y0).max(cell);
            });
        }
        let bounds = match projection {
            Projection::PlateCarree { cut, shrink } => {
                let (west, east) = (cut * shrink, (cut + 360.0) * shrink);
                let ((x0, y0), (x1, y1)) = bounds;
                ((x0.max(west), y0), (x1.min(east), y1))
            }
            Projection::Polar { .. } => bounds,
        };
        Self::of_bounds(projection, bounds, LEAST_CELLS * cell)
    }

    fn of_bounds(projection: Projection, ((x0, y0), (x1, y1)): Bounds, least: f64) -> Self {
        let mut width = (x1 - x0).max(least) * (1.0 + 2.0 * MARGIN);
        let mut height = (y1 - y0).max(least) * (1.0 + 2.0 * MARGIN);
        let mut center = (f64::midpoint(x0, x1), f64::midpoint(y0, y1));
        if let Projection::PlateCarree { cut, shrink } = projection {
            (center.0, width) = within(center.0, width, (cut * shrink, (cut + 360.0) * shrink));
            (center.1, height) = within(center.1, height, (-90.0, 90.0));
        }
        let tall = (f64::from(WIDTH) * height / width)
            .clamp(HEIGHTS.0, HEIGHTS.1)
            .round();
        Self {
            projection,
            frame: Rect {
                x0: LEFT,
                y0: TOP,
                x1: LEFT + WIDTH,
                y1: TOP + tall as i32,
            },
            center,
            scale: (f64::from(WIDTH) / width).min(tall / height),
        }
    }

    /// Width and height of the whole picture in pixels.
    pub fn image_size(&self) -> (u32, u32) {
        (IMAGE_WIDTH, (self.frame.y1 + BELOW) as u32)
    }

    pub fn frame(&self) -> Rect {
        self.frame
    }

    /// Middle of the frame in the plane.
    pub fn center(&self) -> Point {
        self.center
    }

    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Pixel coordinates of a point of the plane, y downwards.
    pub fn pixel(&self, (x, y): Point) -> Point {
        let rect = self.frame;
        (
            f64::midpoint(f64::from(rect.x0), f64::from(rect.x1))
                + (x - self.center.0) * self.scale,
            f64::midpoint(f64::from(rect.y0), f64::from(rect.y1))
                - (y - self.center.1) * self.scale,
        )
    }

    /// The point of the plane at pixel coordinates.
    pub fn plane(&self, (x, y): Point) -> Point {
        let rect = self.frame;
        (
            self.center.0
                + (x - f64::midpoint(f64::from(rect.x0), f64::from(rect.x1))) / self.scale,
            self.center.1
                - (y - f64::midpoint(f64::from(rect.y0), f64::from(rect.y1))) / self.scale,
        )
    }

    /// Pixel coordinates of a position in degrees.
    pub fn pixel_of(&self, lon: f64, lat: f64) -> Point {
        self.pixel(self.projection.project(lon, lat))
    }

    /// True where pixel coordinates lie within the frame.
    pub fn shows(&self, (x, y): Point) -> bool {
        let rect = self.frame;
        (f64::from(rect.x0)..=f64::from(rect.x1)).contains(&x)
            && (f64::from(rect.y0)..=f64::from(rect.y1)).contains(&y)
    }
}

/// Middle and width of a window, moved and narrowed to lie within limits.
fn within(center: f64, width: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let width = width.min(high - low);
    (center.max(low + width / 2.0).min(high - width / 2.0), width)
}
