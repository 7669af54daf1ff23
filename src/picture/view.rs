//! The window on the plane: which part is drawn, and where its pixels are.

use super::outline::{Bounds, EMPTY, Outlines, Place, union};
use super::projection::{Point, Projection};
use super::scene::Rect;
use crate::error::{Error, Result, Setting, phrase};

/// Room around the cells, as a part of their extent.
const MARGIN: f64 = 0.05;
/// The window is at least so many times as wide as one cell.
const LEAST_CELLS: f64 = 6.0;

/// The part of the plane that is shown.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub projection: Projection,
    /// Middle, width and height in the plane.
    pub center: Point,
    pub width: f64,
    pub height: f64,
}

/// A window in a frame of the picture.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub projection: Projection,
    pub frame: Rect,
    /// Middle of the frame in the plane.
    center: Point,
    /// Pixels to one unit of the plane.
    scale: f64,
}

/// Longitudes and latitudes that a view shows, in degrees, each from its least to its greatest.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub longitudes: (f64, f64),
    pub latitudes: (f64, f64),
}

impl Window {
    /// That of a box in degrees: west, south, east, north.
    ///
    /// # Errors
    /// A box that the projection of the map does not show.
    pub fn of_box(projection: Projection, bbox: [f64; 4]) -> Result<Self> {
        const STEPS: u32 = 128;
        let [west, south, east, north] = bbox;
        let refused = |why: &str| {
            let message = format!(
                " [{west}, {south}, {east}, {north}] {why}, as {} has it",
                projection.name()
            );
            Error::argument(phrase![Setting::Bbox, message])
        };
        match projection.pole() {
            Some(pole) if pole > 0.0 && south < 0.0 => {
                return Err(refused(
                    "reaches south of the equator, and the map is one around the north pole; give a box of the north",
                ));
            }
            Some(pole) if pole < 0.0 && north > 0.0 => {
                return Err(refused(
                    "reaches north of the equator, and the map is one around the south pole; give a box of the south",
                ));
            }
            _ => {}
        }
        let east = if east > west { east } else { east + 360.0 };
        // A system that is cut along a meridian has it at its western end: the eastern one is reached from the west of it.
        let cuts = [-180.0, 180.0, 540.0];
        let last = if cuts.contains(&east) {
            east.next_down()
        } else {
            east
        };
        let inside = cuts.into_iter().filter(|cut| *cut > west && *cut < east);
        let edges: Vec<f64> = inside.flat_map(|cut| [cut.next_down(), cut]).collect();
        let mut bounds = EMPTY;
        for i in 0..=STEPS {
            let t = f64::from(i) / f64::from(STEPS);
            let (lon, lat) = (west + (east - west) * t, south + (north - south) * t);
            let lon = lon.min(last);
            let beside = edges.iter().map(|edge| (*edge, lat));
            let around = [(lon, south), (lon, north), (west, lat), (last, lat)];
            for (lon, lat) in around.into_iter().chain(beside) {
                let point = projection.project(turned(lon, projection), lat);
                if !(point.0.is_finite() && point.1.is_finite()) {
                    return Err(refused(
                        "reaches where nothing is projected; give a smaller box",
                    ));
                }
                bounds = union(bounds, (point, point));
            }
        }
        // The outline of a cap around a pole does not reach the pole: the box does.
        if let Some(pole) = projection.pole() {
            let inner = if pole > 0.0 { north } else { -south };
            if east - west >= 360.0 || inner >= 90.0 {
                bounds = union(bounds, ((0.0, 0.0), (0.0, 0.0)));
            }
        }
        Ok(Self::of_bounds(projection, bounds, 0.0, 0.0))
    }

    /// The one that holds all cells; the globe where there are none.
    pub fn fit(outlines: &[Outlines], projection: Projection) -> Self {
        let cells: usize = outlines.iter().map(Outlines::cells).sum();
        let mut bounds = EMPTY;
        let mut cell = 0.0;
        for outlines in outlines {
            bounds = union(bounds, outlines.bounds(projection).unwrap_or(EMPTY));
            if cells <= LEAST_CELLS as usize {
                outlines.for_each(projection, |_, outline| {
                    let ((x0, y0), (x1, y1)) = outline.bounds();
                    cell = (x1 - x0).max(y1 - y0).max(cell);
                });
            }
        }
        if let Some((cut, shrink)) = projection.degrees() {
            let (west, east) = (cut * shrink, (cut + 360.0) * shrink);
            (bounds.0.0, bounds.1.0) = (bounds.0.0.max(west), bounds.1.0.min(east));
        }
        if cells == 0 {
            return Self::of_bounds(
                Projection::GLOBE,
                ((-180.0, -90.0), (180.0, 90.0)),
                0.0,
                0.0,
            );
        }
        Self::of_bounds(projection, bounds, LEAST_CELLS * cell, MARGIN)
    }

    fn of_bounds(
        projection: Projection,
        ((x0, y0), (x1, y1)): Bounds,
        least: f64,
        margin: f64,
    ) -> Self {
        let mut width = (x1 - x0).max(least) * (1.0 + 2.0 * margin);
        let mut height = (y1 - y0).max(least) * (1.0 + 2.0 * margin);
        let mut center = (f64::midpoint(x0, x1), f64::midpoint(y0, y1));
        if let Some((cut, shrink)) = projection.degrees() {
            (center.0, width) = within(center.0, width, (cut * shrink, (cut + 360.0) * shrink));
            (center.1, height) = within(center.1, height, (-90.0, 90.0));
        }
        Self {
            projection,
            center,
            width,
            height,
        }
    }

    /// Height to width.
    pub fn aspect(&self) -> f64 {
        self.height / self.width
    }
}

impl View {
    /// The window in the middle of a frame, as large as it can be.
    pub fn new(window: &Window, frame: Rect) -> Self {
        let scale = (frame.width() / window.width).min(frame.height() / window.height);
        Self {
            projection: window.projection,
            frame,
            center: window.center,
            scale,
        }
    }

    /// Pixel coordinates of a point of the plane, y downwards.
    pub fn pixel(&self, (x, y): Point) -> Point {
        let middle = self.frame.middle();
        (
            middle.0 + (x - self.center.0) * self.scale,
            middle.1 - (y - self.center.1) * self.scale,
        )
    }

    /// The point of the plane at pixel coordinates.
    pub fn plane(&self, (x, y): Point) -> Point {
        let middle = self.frame.middle();
        (
            self.center.0 + (x - middle.0) / self.scale,
            self.center.1 - (y - middle.1) / self.scale,
        )
    }

    /// Pixel coordinates of a position in degrees.
    pub fn pixel_of(&self, lon: f64, lat: f64) -> Point {
        self.pixel(self.projection.project(lon, lat))
    }

    /// True where pixel coordinates lie within the frame.
    pub fn shows(&self, point: Point) -> bool {
        self.frame.shows(point)
    }

    /// The part of the frame that is on the Earth: a map in degrees ends at its cut and at the poles.
    pub fn earth(&self) -> Rect {
        let Some((cut, shrink)) = self.projection.degrees() else {
            return self.frame;
        };
        let (x0, y0) = self.pixel((cut * shrink, 90.0));
        let (x1, y1) = self.pixel(((cut + 360.0) * shrink, -90.0));
        let frame = self.frame;
        Rect::new(
            x0.max(frame.x0),
            y0.max(frame.y0),
            x1.min(frame.x1),
            y1.min(frame.y1),
        )
    }

    /// What it shows, found on a grid of its pixels.
    pub fn shown(&self) -> Shown {
        const STEPS: u32 = 64;
        let earth = self.earth();
        let middle = self.projection.invert(self.center).unwrap_or((0.0, 0.0));
        let mut offsets = (0.0f64, 0.0f64);
        let mut latitudes = (middle.1, middle.1);
        for i in 0..=STEPS {
            for j in 0..=STEPS {
                let part = |i: u32| f64::from(i) / f64::from(STEPS);
                let x = earth.x0 + earth.width() * part(i);
                let y = earth.y0 + earth.height() * part(j);
                let Some((lon, lat)) = self.projection.invert(self.plane((x, y))) else {
                    continue;
                };
                let offset = match self.projection.degrees() {
                    None => (lon - middle.0 + 180.0).rem_euclid(360.0) - 180.0,
                    Some(_) => lon - middle.0,
                };
                offsets = (offsets.0.min(offset), offsets.1.max(offset));
                latitudes = (latitudes.0.min(lat), latitudes.1.max(lat));
            }
        }
        let mut longitudes = (middle.0 + offsets.0, middle.0 + offsets.1);
        if let Some((cut, _)) = self.projection.degrees() {
            longitudes = (longitudes.0.max(cut), longitudes.1.min(cut + 360.0));
        }
        if let Some(pole) = self
            .projection
            .pole()
            .filter(|_| self.shows(self.pixel((0.0, 0.0))))
        {
            longitudes = (-180.0, 180.0);
            latitudes = if pole > 0.0 {
                (latitudes.0, 90.0)
            } else {
                (-90.0, latitudes.1)
            };
        }
        Shown {
            longitudes,
            latitudes,
        }
    }
}

/// A longitude in the turn that a map in degrees has.
fn turned(lon: f64, projection: Projection) -> f64 {
    match projection.degrees() {
        Some((cut, _)) if lon < cut => lon + 360.0,
        Some((cut, _)) if lon > cut + 360.0 => lon - 360.0,
        _ => lon,
    }
}

/// The place of all cells, or of the box that is asked for.
pub fn place(outlines: &[Outlines], bbox: Option<[f64; 4]>) -> Option<Place> {
    if let Some(bbox) = bbox {
        return Some(Place::of_box(bbox));
    }
    let mut survey = super::outline::Survey::default();
    for outlines in outlines {
        outlines.survey(&mut survey);
    }
    survey.place()
}

/// Middle and width of a window, moved and narrowed to lie within limits.
fn within(center: f64, width: f64, (low, high): (f64, f64)) -> (f64, f64) {
    let width = width.min(high - low);
    (center.max(low + width / 2.0).min(high - width / 2.0), width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{AskedRectilinear, Crs, Grid, Rectilinear};

    /// The window of a box on a grid of this system.
    fn of_box(code: &str, bbox: [f64; 4]) -> Result<Window> {
        let crs = Crs::named(code).unwrap();
        let asked = AskedRectilinear {
            crs,
            resolution: [1.0, 1.0],
            bounds: [0.0, 0.0, 8.0, 8.0],
            chunk_shape: [8, 8],
            chunk_inner: None,
        };
        let grid = Grid::Rectilinear(Rectilinear::whole(&asked).unwrap());
        Window::of_box(Projection::choose(&Place::of_box(bbox), grid), bbox)
    }

    #[test]
    fn a_box_around_the_earth_is_all_of_a_system_that_is_cut_along_a_meridian() {
        // EASE-Grid 2.0 is 34,735,060.89 m around the Earth, and 14,684,460.27 m from pole to pole: pyproj.
        for bbox in [[-180.0, -90.0, 180.0, 90.0], [170.0, -90.0, -170.0, 90.0]] {
            let window = of_box("EPSG:6933", bbox).unwrap();
            assert!(
                (window.width - 34_735_060.890_323).abs() < 2000.0,
                "{window:?}"
            );
            assert!((window.height - 14_684_460.273).abs() < 1.0, "{window:?}");
            assert!(window.center.0.abs() < 1.0 && window.center.1.abs() < 1.0);
        }
        let half = of_box("EPSG:6933", [0.0, -30.0, 180.0, 30.0]).unwrap();
        assert!((half.width - 17_367_530.445_16).abs() < 1000.0, "{half:?}");
    }

    #[test]
    fn a_box_that_the_system_does_not_show_is_refused_by_name() {
        for (code, bbox, words) in [
            (
                "EPSG:3413",
                [-60.0, -70.0, -40.0, -60.0],
                "reaches south of the equator",
            ),
            (
                "EPSG:3574",
                [-180.0, -90.0, 180.0, 90.0],
                "reaches south of the equator",
            ),
            (
                "EPSG:3031",
                [-180.0, -80.0, 180.0, 10.0],
                "reaches north of the equator",
            ),
            (
                "EPSG:32633",
                [80.0, -10.0, 120.0, 10.0],
                "reaches where nothing is projected",
            ),
        ] {
            let message = of_box(code, bbox).unwrap_err().to_string();
            assert!(
                message.contains(words) && message.contains(code),
                "{message}"
            );
            assert!(message.contains("bbox ["), "{message}");
        }
        assert!(of_box("EPSG:3413", [-180.0, 0.0, 180.0, 90.0]).is_ok());
        assert!(of_box("EPSG:3031", [-180.0, -90.0, 180.0, -60.0]).is_ok());
        assert!(of_box("EPSG:32633", [10.0, 40.0, 20.0, 50.0]).is_ok());
    }
}
