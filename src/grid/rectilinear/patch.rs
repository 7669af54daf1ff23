//! Patches: positions that lie close together, as those of a tile along a track do.
//!
//! Beside `locate.rs`. Around a pole a place is a function of the latitude times one of the longitude, and so it is on a
//! cylinder. Over a degree or two, polynomials of degree 5 through six values of each give places within [`MARGIN`] of
//! the reference's (of transverse Mercator, polynomials of both at once: `smooth.rs`). A position that they place farther from
//! every edge of its cell than that is in the cell of the reference; the others are located by the reference itself. So ids do not
//! depend on what is a patch.

use multiversion::multiversion;

use super::locate::Locator;
use super::smooth::{self, Smooth};
use crate::grid::Bounds;
use crate::grid::bounds::{larger, smaller};
use crate::grid::locator::Locate;
use crate::grid::polynomial::{SIX_NODES as NODES, through, value};
use crate::grid::projection::Projection;

/// Widest range of longitudes, in degrees.
const WIDEST: f64 = 2.0;
/// Widest range of latitudes, in degrees.
const HIGHEST: f64 = 1.0;
/// Narrowest range that a polynomial is put through, in degrees.
const NARROWEST: f64 = 1e-6;

/// How far from an edge of its cell a position must be placed, in metres.
///
/// With h the half width of a range in radians, interpolation at Chebyshev nodes is off by at most h^6 / (2^5 6!) times the
/// sixth derivative. Of the distance from the pole, with h below 0.0088, that is below 8e8 m on its hemisphere (of a
/// stereographic projection 61 times the diameter of the Earth, a little more for the ellipsoid; of others far less): 2e-8 m.
/// Of sine and cosine, with h below 0.0175, it is at most the distance from the pole, 1.3e7 m: 2e-8 m. Nodes are rounded by less than 1e-8 m, which grows by
/// the Lebesgue constant of six nodes, 2.1; the reference by less than 5e-8 m, the polynomials by less than 2e-8 m.
const MARGIN: f64 = 2e-6;
/// The same of a place in cells, for each cell that it is from where they are counted from: some units in the last place.
pub(super) const ROUNDING: f64 = 1e-14;

/// Positions whose places are found before their cells.
pub(super) const BLOCK: usize = 16;
/// Whether each of them lies clear of edges.
pub(super) type Clear = [bool; BLOCK];

/// A polynomial of the distance from the middle of a range in half widths, from the constant up.
type Polynomial = [f64; 6];

/// A range of degrees.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    middle: f64,
    /// 1 over half the width.
    per_half: f64,
}

/// Positions that lie together, and what places them.
#[derive(Debug, Clone, Copy)]
pub struct Patch {
    locator: Locator,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "one for each tile, on the stack")]
enum Kind {
    Product(Product),
    Smooth(Smooth),
}

/// What finds columns and rows of at most [`BLOCK`] positions, and whether they lie clear of edges.
pub(super) trait Places {
    fn place(&self, lon: &[f64], lat: &[f64], places: &mut [[f64; BLOCK]; 2], clear: &mut Clear);
}

/// A part of the plane, as columns and rows: each a factor by latitude times one by longitude, and where it is counted from.
#[derive(Debug, Clone, Copy)]
struct Product {
    lon: Range,
    lat: Range,
    by_lat: [Polynomial; 2],
    by_lon: [Polynomial; 2],
    from: [f64; 2],
    /// In cells: of columns, and of rows.
    margin: [f64; 2],
}

impl Range {
    pub(super) fn new([low, high]: [f64; 2]) -> Self {
        Self {
            middle: f64::midpoint(low, high),
            per_half: 1.0 / (0.5 * (high - low)).max(NARROWEST),
        }
    }

    pub(super) fn at<const N: usize>(&self, nodes: [f64; N]) -> [f64; N] {
        nodes.map(|node| self.middle + node / self.per_half)
    }

    /// The polynomial through values at these degrees, as they are rounded.
    fn through(&self, degrees: [f64; 6], values: [f64; 6]) -> Polynomial {
        through(degrees.map(|degrees| self.part(degrees)), values)
    }

    #[inline(always)]
    pub(super) fn part(&self, degrees: f64) -> f64 {
        (degrees - self.middle) * self.per_half
    }
}

/// Whether a part of a cell, from 0 to 1, lies farther than this from both of its edges.
#[inline(always)]
pub(super) fn is_clear(part: f64, margin: f64) -> bool {
    (part - 0.5).abs() < 0.5 - margin
}

impl Locator {
    /// The widest ranges of a patch, of longitudes and of latitudes, in degrees.
    pub fn widest_patch(&self) -> [f64; 2] {
        match self.projection {
            Projection::Transverse(_) => [smooth::WIDEST; 2],
            _ => [WIDEST, HIGHEST],
        }
    }

    /// The patch that holds these bounds; `None` where they are wider than a patch, or the projection has none there.
    pub fn patch(&self, bounds: &Bounds) -> Option<Patch> {
        if !(bounds.lon[0] >= -540.0 && bounds.lon[1] <= 540.0) {
            return None;
        }
        let product = || Product::new(self, bounds).map(Kind::Product);
        let kind = Smooth::new(self, bounds)
            .map(Kind::Smooth)
            .or_else(product)?;
        Some(Patch {
            locator: *self,
            kind,
        })
    }
}

impl Product {
    fn new(locator: &Locator, bounds: &Bounds) -> Option<Self> {
        let Bounds { lon, lat } = *bounds;
        let narrow = lon[1] - lon[0] <= WIDEST && lat[1] - lat[0] <= HIGHEST;
        if !narrow {
            return None;
        }
        let factors = locator.projection.factors(lon, lat)?;
        let (by_lon, by_lat) = (Range::new(lon), Range::new(lat));
        let ([west, north], [width, height]) = (locator.corner(), locator.cell_size());
        let scale = [1.0 / width, -1.0 / height];
        let (longitudes, latitudes) = (by_lon.at(NODES), by_lat.at(NODES));
        let of_lat = latitudes.map(|lat| factors.of_latitude(lat));
        let of_lon = longitudes.map(|lon| factors.of_longitude(lon));
        let from = [-west * scale[0], -north * scale[1]];
        let most = |factors: &[[f64; 2]; 6], side: usize| {
            let sizes = factors.iter().map(|factor| factor[side].abs());
            sizes.fold(0.0, f64::max)
        };
        let margin = |side: usize| {
            let far = 2.0 * most(&of_lat, side) * most(&of_lon, side) * scale[side].abs();
            MARGIN * scale[side].abs() + ROUNDING * (from[side].abs() + far)
        };
        let margin = [margin(0), margin(1)];
        if margin
            .into_iter()
            .any(|margin| margin.is_nan() || margin > 0.1)
        {
            return None;
        }
        Some(Self {
            by_lat: [0, 1].map(|side| by_lat.through(latitudes, of_lat.map(|factor| factor[side]))),
            by_lon: [0, 1].map(|side| {
                by_lon.through(longitudes, of_lon.map(|factor| factor[side] * scale[side]))
            }),
            lon: by_lon,
            lat: by_lat,
            from,
            margin,
        })
    }
}

impl Patch {
    /// The cell of every position, as [`Locator::cell`] finds it; slices of one length, positions within the patch.
    pub fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        match &self.kind {
            Kind::Product(product) => self.cells_by(product, (lon, lat), cells),
            Kind::Smooth(smooth) => self.cells_by(smooth, (lon, lat), cells),
        }
    }

    fn cells_by(&self, by: &impl Places, (lon, lat): (&[f64], &[f64]), cells: &mut [u64]) {
        let mut last = ([f64::NAN; 2], 0);
        let blocks = cells
            .chunks_mut(BLOCK)
            .zip(lon.chunks(BLOCK).zip(lat.chunks(BLOCK)));
        for (cells, (lon, lat)) in blocks {
            let mut places = [[0.0; BLOCK]; 2];
            let mut clear = [false; BLOCK];
            by.place(lon, lat, &mut places, &mut clear);
            for (i, cell) in cells.iter_mut().enumerate() {
                if !clear[i] {
                    *cell = self.locator.cell(lon[i], lat[i]);
                    continue;
                }
                let indices = [places[1][i], places[0][i]];
                if indices != last.0 {
                    last = (indices, self.locator.id_at(indices));
                }
                *cell = last.1;
            }
        }
    }

    /// As [`Locator::cell_of_bounds`], for bounds within the patch.
    pub fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        // Columns, and rows.
        let [columns, rows] = match &self.kind {
            Kind::Product(product) => {
                let s = bounds.lat.map(|lat| product.lat.part(lat));
                let t = bounds.lon.map(|lon| product.lon.part(lon));
                [product.ends(0, s, t)?, product.ends(1, s, t)?]
            }
            Kind::Smooth(smooth) => smooth.ends(bounds),
        };
        self.locator
            .between([rows[0], columns[0]], [rows[1], columns[1]])
    }
}

impl Product {
    /// The least and the greatest column or row of a box of positions, with fractions: each place is a product of two factors
    /// that are monotone where their signs do not change, so places of a box lie between those of its corners.
    #[inline]
    fn ends(&self, side: usize, [s0, s1]: [f64; 2], [t0, t1]: [f64; 2]) -> Option<[f64; 2]> {
        let by_lon = &self.by_lon[side];
        let (west, east) = (value(by_lon, t0), value(by_lon, t1));
        // Sine is monotone where cosine keeps its sign, and cosine where sine does.
        if west * east < 0.0 {
            return None;
        }
        let by_lat = &self.by_lat[side];
        let (south, north) = (value(by_lat, s0), value(by_lat, s1));
        let [a, b] = [south * west, south * east];
        let [c, d] = [north * west, north * east];
        let least = smaller(smaller(a, b), smaller(c, d));
        let greatest = larger(larger(a, b), larger(c, d));
        let (from, margin) = (self.from[side], self.margin[side]);
        Some([least + from - margin, greatest + from + margin])
    }
}

impl Places for Product {
    fn place(&self, lon: &[f64], lat: &[f64], places: &mut [[f64; BLOCK]; 2], clear: &mut Clear) {
        place(self, lon, lat, places, clear);
    }
}

/// The columns and rows of positions, and whether they lie clear of edges.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn place(
    patch: &Product,
    lon: &[f64],
    lat: &[f64],
    [columns, rows]: &mut [[f64; BLOCK]; 2],
    clear: &mut Clear,
) {
    for (i, (&lon, &lat)) in lon.iter().zip(lat).enumerate().take(BLOCK) {
        let (s, t) = (patch.lat.part(lat), patch.lon.part(lon));
        let column = value(&patch.by_lat[0], s) * value(&patch.by_lon[0], t) + patch.from[0];
        let row = value(&patch.by_lat[1], s) * value(&patch.by_lon[1], t) + patch.from[1];
        let [whole_column, whole_row] = [column.floor(), row.floor()];
        columns[i] = whole_column;
        rows[i] = whole_row;
        clear[i] = is_clear(column - whole_column, patch.margin[0])
            & is_clear(row - whole_row, patch.margin[1]);
    }
}

#[cfg(test)]
mod tests;
