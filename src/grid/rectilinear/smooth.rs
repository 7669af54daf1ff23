//! Patches of transverse Mercator, whose coordinates are no products: polynomials of both degrees at once.
//!
//! Beside `patch.rs`, which has the others and the use of them.

use multiversion::multiversion;

use super::locate::Locator;
use super::patch::{BLOCK, Clear, Places, ROUNDING, Range, is_clear};
use crate::grid::Bounds;
use crate::grid::polynomial::{FOUR_NODES as NODES, through, value};

/// Widest ranges of longitudes and latitudes, in degrees.
pub(super) const WIDEST: f64 = 0.12;

/// How far from an edge of its cell a position must be placed, in metres.
///
/// Within 1,200 km of the meridian |v| is below 0.19 (`transverse.rs`), and within 0.3 radians of such a position, of complex ones
/// too, below 0.6: there is no singularity, which are where v is 1 or -1, and nothing is farther away than 2,800,000 m. So, by Cauchy, fourth derivatives are below
/// 4! 2.8e6 m / 0.3^4 = 8.3e9 m. With h the half width of a range, 0.00105 radians, interpolation at four Chebyshev nodes is off
/// by at most h^4 / (2^3 4!) times that: 5.3e-5 m along one of both, and 1.9 times as much, the Lebesgue constant, along the other.
/// Rounding adds less than 1e-7 m.
const MARGIN: f64 = 2e-4;

/// Coefficients by powers of the latitude, then of the longitude, both from the middle in half widths.
type Surface = [[f64; 4]; 4];

/// A part of the plane, as columns and rows.
#[derive(Debug, Clone, Copy)]
pub struct Smooth {
    lon: Range,
    lat: Range,
    surfaces: [Surface; 2],
    /// Of each at most the slopes: by latitude and by longitude.
    slopes: [[f64; 2]; 2],
    /// In cells: of columns, and of rows.
    margin: [f64; 2],
}

#[inline(always)]
fn height(surface: &Surface, s: f64, t: f64) -> f64 {
    let [a, b, c, d] = surface;
    value(a, t) + s * (value(b, t) + s * (value(c, t) + s * value(d, t)))
}

/// A sum over the coefficients of a surface, each by its sizes.
fn sum(surface: &Surface, weight: impl Fn(f64, f64) -> f64) -> f64 {
    let powers = (0..4).flat_map(|i| (0..4).map(move |j| (i, j)));
    let terms =
        powers.map(|(i, j): (usize, usize)| surface[i][j].abs() * weight(i as f64, j as f64));
    terms.sum()
}

impl Smooth {
    /// The patch that holds these bounds; `None` where they are wider than one, or too far from the meridian.
    pub fn new(locator: &Locator, bounds: &Bounds) -> Option<Self> {
        let Bounds { lon, lat } = *bounds;
        if lon[1] - lon[0] > WIDEST
            || lat[1] - lat[0] > WIDEST
            || !locator.projection.is_smooth(lon, lat)
        {
            return None;
        }
        let (by_lon, by_lat) = (Range::new(lon), Range::new(lat));
        let ([west, north], [width, height]) = (locator.corner(), locator.cell_size());
        let (longitudes, latitudes) = (by_lon.at(NODES), by_lat.at(NODES));
        let places = latitudes.map(|lat| {
            longitudes.map(|lon| {
                let (x, y) = locator.projection.project(lon, lat);
                [(x - west) / width, (north - y) / height]
            })
        });
        let far = places.iter().flatten().flatten();
        let far = far.fold(0.0, |far: f64, index| {
            if index.is_finite() {
                far.max(index.abs())
            } else {
                f64::INFINITY
            }
        });
        let margin = [width, height]
            .map(|size| MARGIN / size + ROUNDING * (2.0 * far + (west.abs() + north.abs()) / size));
        if margin
            .into_iter()
            .any(|margin| margin.is_nan() || margin > 0.1)
        {
            return None;
        }
        let t = longitudes.map(|lon| by_lon.part(lon));
        let s = latitudes.map(|lat| by_lat.part(lat));
        let surfaces = [0, 1].map(|side| {
            let rows = places.map(|row| through(t, row.map(|place| place[side])));
            let mut surface = [[0.0; 4]; 4];
            for power in 0..4 {
                let column = through(s, rows.map(|row| row[power]));
                for (row, value) in surface.iter_mut().zip(column) {
                    row[power] = value;
                }
            }
            surface
        });
        let slopes = surfaces.map(|surface| [sum(&surface, |i, _| i), sum(&surface, |_, j| j)]);
        Some(Self {
            lon: by_lon,
            lat: by_lat,
            surfaces,
            slopes,
            margin,
        })
    }

    /// The least and the greatest column and row of a box of positions, with fractions: from the middle by the steepest slopes,
    /// which over a patch differ by little.
    #[inline]
    pub fn ends(&self, bounds: &Bounds) -> [[f64; 2]; 2] {
        let [s0, s1] = bounds.lat.map(|lat| self.lat.part(lat));
        let [t0, t1] = bounds.lon.map(|lon| self.lon.part(lon));
        let (s, t) = (f64::midpoint(s0, s1), f64::midpoint(t0, t1));
        // With what rounding may have taken from them.
        let (ds, dt) = ((s1 - s0) * 0.500_001, (t1 - t0) * 0.500_001);
        let side = |side: usize| {
            let middle = height(&self.surfaces[side], s, t);
            let [by_lat, by_lon] = self.slopes[side];
            let reach = by_lat * ds + by_lon * dt + self.margin[side];
            [middle - reach, middle + reach]
        };
        [side(0), side(1)]
    }
}

impl Places for Smooth {
    fn place(&self, lon: &[f64], lat: &[f64], places: &mut [[f64; BLOCK]; 2], clear: &mut Clear) {
        place(self, lon, lat, places, clear);
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn place(
    patch: &Smooth,
    lon: &[f64],
    lat: &[f64],
    [columns, rows]: &mut [[f64; BLOCK]; 2],
    clear: &mut Clear,
) {
    for (i, (&lon, &lat)) in lon.iter().zip(lat).enumerate().take(BLOCK) {
        let (s, t) = (patch.lat.part(lat), patch.lon.part(lon));
        let [column, row] = [0, 1].map(|side| height(&patch.surfaces[side], s, t));
        let [whole_column, whole_row] = [column.floor(), row.floor()];
        columns[i] = whole_column;
        rows[i] = whole_row;
        clear[i] = is_clear(column - whole_column, patch.margin[0])
            & is_clear(row - whole_row, patch.margin[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::projection::Crs;
    use crate::grid::rectilinear::{Asked, Rectilinear};

    #[test]
    fn surfaces_are_the_projection_to_a_part_of_the_margin() {
        let asked = Asked {
            crs: Crs::named("EPSG:32733").unwrap(),
            resolution: [10.0, 5.0],
            bounds: [3e5, 5e6, 7e5, 9.9e6],
            chunk_shape: [8, 8],
            chunk_inner: None,
        };
        let grid = Rectilinear::new(&asked).unwrap();
        let locator = Locator::new(grid, grid.finest_order());
        // Near the meridian and as far as patches go from it, near the equator and the pole.
        for (west, south) in [
            (15.0, -40.0),
            (25.2, -1.0),
            (4.9, 0.3),
            (20.0, -60.0),
            (-10.0, -78.0),
        ] {
            let bounds = Bounds {
                lon: [west, west + WIDEST * 0.999],
                lat: [south, south + WIDEST * 0.999],
            };
            let patch = Smooth::new(&locator, &bounds).unwrap();
            for i in 0..121 {
                let (a, b) = (f64::from(i % 11) / 10.0, f64::from(i / 11) / 10.0);
                let lon = bounds.lon[0] + a * (bounds.lon[1] - bounds.lon[0]);
                let lat = bounds.lat[0] + b * (bounds.lat[1] - bounds.lat[0]);
                let (x, y) = locator.projection.project(lon, lat);
                let ([west, north], [width, high]) = (locator.corner(), locator.cell_size());
                let (s, t) = (patch.lat.part(lat), patch.lon.part(lon));
                let off = [
                    height(&patch.surfaces[0], s, t) * width - (x - west),
                    height(&patch.surfaces[1], s, t) * high - (north - y),
                ];
                assert!(
                    off.iter().all(|off| off.abs() < 0.1 * MARGIN),
                    "{lon} {lat}: {off:?}"
                );
            }
        }
    }
}
