//! The pixels of a raster over cells: their system, size and place, asked for or chosen by the cells.
//!
//! Under `raster.rs`.

use rayon::prelude::*;

use super::asked::Export;
use crate::error::{Error, Result};
use crate::grid::{Crs, GridConfig, Plane, Polygons};

/// Radius of the sphere of equal area, in metres, and metres of a degree on it.
const RADIUS: f64 = 6_371_007.18;
const DEGREE: f64 = RADIUS * std::f64::consts::PI / 180.0;
/// Beyond this latitude of the other hemisphere, in degrees, a system around a pole holds no cells.
const FAR: f64 = 45.0;
/// Cells poleward of this latitude have a system around the pole, unless another is asked for.
const POLAR: f64 = 50.0;
/// Pixels along a side at most.
const MOST: f64 = 2_147_483_647.0;
/// By how much of a pixel bounds may miss a whole number of pixels and still have it.
const FUZZ: f64 = 1e-9;
/// Cells that one thread looks at.
const BLOCK: usize = 1024;

/// Pixels in the plane of a system.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub crs: Crs,
    pub plane: Plane,
    /// The north-western corner, width and height of a pixel.
    pub corner: [f64; 2],
    pub pixel: [f64; 2],
    /// Rows and columns.
    pub shape: [u32; 2],
    /// The length of a whole turn in the plane, where it has one.
    pub turn: Option<f64>,
}

impl Frame {
    /// Pixels for these cells, of which there is one at least.
    ///
    /// # Errors
    /// Cells that the system does not hold; bounds and pixels that make no raster.
    pub fn of(asked: &Export, grid: &GridConfig, cells: &[u64]) -> Result<Self> {
        let crs = asked.crs.unwrap_or_else(|| chosen(grid, cells));
        let plane = crs.projection();
        let pixel = asked.resolution.unwrap_or_else(|| [side_of(grid, crs); 2]);
        if !pixel.iter().all(|side| side.is_finite() && *side > 0.0) {
            return Err(Error::argument(format!(
                "resolution {pixel:?}: pixels are wider and higher than 0"
            )));
        }
        let bounds = match asked.bounds {
            Some(bounds) => bounds,
            None => snapped(around(&plane, crs, grid, cells)?, pixel),
        };
        let [west, south, east, north] = bounds;
        if !bounds.iter().all(|side| side.is_finite()) || west >= east || south >= north {
            return Err(Error::argument(format!(
                "bounds {bounds:?}: they are west, south, east and north in {crs}, with west < east and south < north"
            )));
        }
        if let Some(why) = asked.bounds.and_then(|bounds| crs.refuses(bounds)) {
            return Err(Error::argument(format!("bounds {bounds:?}: {why}")));
        }
        let count = |span: f64, side: f64| -> Result<u32> {
            let pixels = (span / side - FUZZ).ceil().max(1.0);
            (pixels <= MOST).then_some(pixels as u32).ok_or_else(|| {
                Error::argument(format!(
                    "{pixels} pixels along a side are more than a GeoTIFF has; choose larger ones, or bounds or a region that \
                     are smaller"
                ))
            })
        };
        Ok(Self {
            crs,
            plane,
            corner: [west, north],
            pixel,
            shape: [
                count(north - south, pixel[1])?,
                count(east - west, pixel[0])?,
            ],
            turn: turn(crs, &plane),
        })
    }

    /// Polygons of a cell in pixels: column and row, from the north-western corner.
    ///
    /// # Errors
    /// A cell that the system does not hold.
    pub fn pixels(&self, grid: &GridConfig, cell: u64) -> Result<Polygons> {
        let polygons = projected(&self.plane, self.crs, grid, cell)?;
        let to_pixels = |[x, y]: [f64; 2]| {
            [
                (x - self.corner[0]) / self.pixel[0],
                (self.corner[1] - y) / self.pixel[1],
            ]
        };
        Ok(polygons
            .into_iter()
            .map(|ring| ring.into_iter().map(to_pixels).collect())
            .collect())
    }

    /// The position of the middle of a pixel.
    pub fn middle(&self, row: u32, column: u32) -> (f64, f64) {
        let x = self.corner[0] + (f64::from(column) + 0.5) * self.pixel[0];
        let y = self.corner[1] - (f64::from(row) + 0.5) * self.pixel[1];
        self.plane.unproject(x, y)
    }
}

/// The system in which 180 degrees are the western edge of a plane that ends there.
const CYLINDER: u32 = 6933;

/// How far it is around the Earth in the plane, where it goes around.
fn turn(crs: Crs, plane: &Plane) -> Option<f64> {
    if crs.is_geographic() {
        return Some(360.0);
    }
    let (west, _) = plane.project(-180.0, 0.0);
    (crs.code() == CYLINDER).then_some(-2.0 * west)
}

/// Polygons of a cell in the plane.
fn projected(plane: &Plane, crs: Crs, grid: &GridConfig, cell: u64) -> Result<Polygons> {
    let polygons = grid.kind.polygons(grid.cell_order, cell);
    let refused = || {
        let (lon, lat) = grid.kind.middle(grid.cell_order, cell);
        Error::argument(format!(
            "{crs} does not hold the cell at longitude {lon:.3} and latitude {lat:.3}; leave such cells out with a region, or \
             choose another system"
        ))
    };
    let mut out = Vec::with_capacity(polygons.len());
    for ring in polygons {
        let mut projected: Vec<[f64; 2]> = Vec::with_capacity(ring.len());
        for [lon, lat] in ring {
            if crs.pole().is_some_and(|pole| lat * pole < -FAR) {
                return Err(refused());
            }
            let (x, y) = plane.project(lon, lat);
            // Of a cell that ends there it is the eastern edge.
            let is_east = crs.code() == CYLINDER && lon == 180.0;
            let x = if is_east { -x } else { x };
            if !x.is_finite() || !y.is_finite() || crs.too_far(x, x).is_some() {
                return Err(refused());
            }
            projected.push([x, y]);
        }
        out.push(projected);
    }
    Ok(out)
}

/// West, south, east and north of all cells.
fn around(plane: &Plane, crs: Crs, grid: &GridConfig, cells: &[u64]) -> Result<[f64; 4]> {
    let none = [
        f64::INFINITY,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NEG_INFINITY,
    ];
    let join = |a: [f64; 4], b: [f64; 4]| {
        [
            a[0].min(b[0]),
            a[1].min(b[1]),
            a[2].max(b[2]),
            a[3].max(b[3]),
        ]
    };
    let of_block = |cells: &[u64]| -> Result<[f64; 4]> {
        let mut all = none;
        for &cell in cells {
            for [x, y] in projected(plane, crs, grid, cell)?.into_iter().flatten() {
                all = join(all, [x, y, x, y]);
            }
        }
        Ok(all)
    };
    let blocks: Vec<[f64; 4]> = cells
        .par_chunks(BLOCK)
        .map(of_block)
        .collect::<Result<_>>()?;
    Ok(blocks.into_iter().fold(none, join))
}

/// Bounds at whole multiples of pixels, so that rasters of equal pixels lie on one another.
fn snapped([west, south, east, north]: [f64; 4], [width, height]: [f64; 2]) -> [f64; 4] {
    [
        (west / width + FUZZ).floor() * width,
        (south / height + FUZZ).floor() * height,
        (east / width - FUZZ).ceil() * width,
        (north / height - FUZZ).ceil() * height,
    ]
}

/// The system of cells: around a pole where all are near to it.
fn chosen(grid: &GridConfig, cells: &[u64]) -> Crs {
    let latitude = |&cell: &u64| grid.kind.middle(grid.cell_order, cell).1;
    let code = if cells.par_iter().all(|cell| latitude(cell) < -POLAR) {
        "EPSG:3031"
    } else if cells.par_iter().all(|cell| latitude(cell) > POLAR) {
        "EPSG:3413"
    } else {
        "EPSG:4326"
    };
    Crs::named(code).expect("it is among those that are known")
}

/// The largest of 1, 2 and 5 times a power of ten that is no longer than the side of a cell.
fn side_of(grid: &GridConfig, crs: Crs) -> f64 {
    let side = (4.0 * std::f64::consts::PI / grid.cells() as f64).sqrt() * RADIUS;
    let side = if crs.is_geographic() {
        side / DEGREE
    } else {
        side
    };
    let exponent = libm::floor(libm::log10(side)) as i32;
    // Of negative exponents the quotient of whole numbers is the nearest double to what is written.
    let ten = |times: f64| {
        let power = (0..exponent.unsigned_abs()).fold(1.0, |power, _| power * 10.0);
        if exponent < 0 {
            times / power
        } else {
            times * power
        }
    };
    let fits = [5.0, 2.0, 1.0]
        .into_iter()
        .map(ten)
        .find(|candidate| *candidate <= side);
    fits.unwrap_or_else(|| ten(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Latitude, Order};

    #[test]
    fn pixels_are_round_numbers_no_larger_than_cells() {
        let grid = |order: u8| GridConfig {
            shard_order: Order::new(0).unwrap(),
            chunk_order: None,
            cell_order: Order::new(order).unwrap(),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        };
        let [metres, degrees] = ["EPSG:3413", "EPSG:4326"].map(|name| Crs::named(name).unwrap());
        // Sides are 1,591 m, 407 km and 0.0143 degrees.
        assert_eq!(side_of(&grid(12), metres), 1000.0);
        assert_eq!(side_of(&grid(4), metres), 200_000.0);
        assert_eq!(side_of(&grid(12), degrees), 0.01);
        assert_eq!(side_of(&grid(0), degrees), 50.0);
    }

    #[test]
    fn bounds_are_whole_pixels() {
        let found = snapped([-1234.5, 20.0, 999.0, 2000.0], [100.0, 10.0]);
        assert_eq!(found, [-1300.0, 20.0, 1000.0, 2000.0]);
    }
}
