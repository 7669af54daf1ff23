//! Patches: positions that lie close together, as those of a tile along a track do.
//!
//! Beside `many.rs`. Projecting a latitude takes two sines; over a degree or less, within the belt or
//! within one cap, a polynomial of degree 5 through six projected latitudes gives the same to a few
//! units in the last place. A position that this places farther from every cell edge than the
//! polynomial and rounding could move it is in the cell of the reference; the others, about one in
//! 10^4 at order 29, are located by the reference itself. So ids do not depend on what is a patch.

use multiversion::multiversion;

use super::locate::{Locator, Meridian, Parallel, interleave, meridian, place};
use crate::grid::Bounds;
use crate::grid::polynomial::{SIX_NODES as NODES, through, value};

/// Narrowest range of latitudes that a polynomial is put through, in degrees.
const NARROWEST: f64 = 1e-9;

/// How far from an edge of its cell a position must be placed, in units of a facet's side.
///
/// With h the half width of the range in radians, interpolation at Chebyshev nodes is off by at most
/// h^6 / (2^5 6!) times the sixth derivative of the projection, which is below 1.6: 4e-17. Rounding
/// of the nodes, below 2e-15, grows by the Lebesgue constant of six nodes, 2.1; the position's own
/// by the reference is below 2e-15, that of the polynomial below 1e-15.
const MARGIN: f64 = 1e-13;

/// Adding 1.5 * 2^52 rounds a value below 2^51 to the nearest integer, which is then in the low bits.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;

/// Written for a position that only the reference can place; no cell has this id.
const UNPLACED: u64 = u64::MAX;

/// One quarter of the belt or of a cap, at most a degree of latitude high.
#[derive(Debug, Clone, Copy)]
pub struct Patch {
    locator: Locator,
    quarter: u64,
    /// Longitude of the middle of the quarter, in degrees.
    meridian: f64,
    belt: bool,
    south: bool,
    /// Latitude of the middle of the range, in degrees.
    middle: f64,
    /// 1 over half the width of the range.
    per_half: f64,
    /// `Parallel::height` as a polynomial of the distance from the middle in half widths, from the
    /// constant up.
    height: [f64; 6],
}

impl Locator {
    /// The patch that holds these bounds; `None` where they are wider than a degree of latitude, or
    /// do not lie in one quarter of the belt or of a cap.
    pub fn patch(&self, bounds: &Bounds) -> Option<Patch> {
        let Bounds { lon, lat } = bounds;
        let near = lon[0] >= -360.0 && lon[1] <= 360.0 && lon[1] - lon[0] < 90.0;
        if !near || lat[1] - lat[0] > Patch::WIDEST {
            return None;
        }
        let [west, east] = [meridian(lon[0]), meridian(lon[1])];
        let [low, high] = [self.parallel(lat[0]), self.parallel(lat[1])];
        let one_region = west.middle == east.middle
            && low.belt == high.belt
            && (low.belt || low.south == high.south);
        if !one_region {
            return None;
        }
        let middle = 0.5 * (lat[0] + lat[1]);
        let half = 0.5 * (lat[1] - lat[0]).max(NARROWEST);
        let per_half = 1.0 / half;
        let latitudes = NODES.map(|node| middle + node * half);
        Some(Patch {
            locator: *self,
            quarter: west.quarter,
            meridian: west.middle,
            belt: low.belt,
            south: low.south,
            middle,
            per_half,
            height: through(
                latitudes.map(|lat| (lat - middle) * per_half),
                latitudes.map(|lat| self.parallel(lat).height),
            ),
        })
    }
}

impl Patch {
    /// Widest range of latitudes, in degrees.
    const WIDEST: f64 = 1.0;
    /// Widest ranges that a patch is made for ahead, of longitudes and of latitudes.
    pub const ROOM: [f64; 2] = [10.0, Self::WIDEST];

    /// The cell of every position, as [`Locator::cell`] finds it; slices of one length, positions
    /// within the patch.
    pub fn cells(&self, lon: &[f64], lat: &[f64], cells: &mut [u64]) {
        let unplaced = if self.belt {
            belt_cells(self, lon, lat, cells)
        } else {
            cap_cells(self, lon, lat, cells)
        };
        if unplaced {
            for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
                if *cell == UNPLACED {
                    *cell = self.locator.cell(lon, lat);
                }
            }
        }
    }

    /// As [`Locator::cell_of_bounds`], for bounds within the patch.
    pub fn cell_of_bounds(&self, bounds: &Bounds) -> Option<u64> {
        let [west, east] = bounds.lon.map(|lon| Meridian {
            quarter: self.quarter,
            t: self.offset(lon),
            middle: self.meridian,
        });
        let [low, high] = bounds.lat.map(|lat| Parallel {
            belt: self.belt,
            height: self.height(lat),
            south: self.south,
        });
        let corners = [
            place(west, low),
            place(west, high),
            place(east, low),
            place(east, high),
        ];
        self.locator.cell_of_corners(corners, MARGIN)
    }

    /// `Meridian::t` of a longitude, the reference's operations.
    #[inline(always)]
    fn offset(&self, lon: f64) -> f64 {
        (lon - self.meridian) * (1.0 / 45.0)
    }

    /// `Parallel::height` of a latitude, nearly.
    #[inline(always)]
    fn height(&self, lat: f64) -> f64 {
        let s = (lat - self.middle) * self.per_half;
        value(&self.height, s)
    }

    #[inline(always)]
    fn side(&self) -> f64 {
        (1u64 << self.locator.order().get()) as f64
    }

    /// Bits of a place inside a facet.
    #[inline(always)]
    fn facet_shift(&self) -> u32 {
        2 * u32::from(self.locator.order().get())
    }
}

/// The row or column of a coordinate in cells, and how far it is from the nearest edge.
#[inline(always)]
fn row(scaled: f64) -> (u64, f64) {
    let nearest = (scaled + TO_INTEGER) - TO_INTEGER;
    let from = scaled - nearest;
    let floor = if from < 0.0 { nearest - 1.0 } else { nearest };
    ((floor + TO_INTEGER).to_bits() & 0xffff_ffff, from.abs())
}

/// Places positions of a patch of the belt; whether any stays unplaced.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn belt_cells(patch: &Patch, lon: &[f64], lat: &[f64], cells: &mut [u64]) -> bool {
    let (side, shift) = (patch.side(), patch.facet_shift());
    let margin = MARGIN * side;
    let half_side = 0.5 * side;
    let (quarter, next) = (patch.quarter, (patch.quarter + 1) & 3);
    let mut unplaced = 0;
    for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
        let (t, height) = (patch.offset(lon), patch.height(lat));
        let (u, v) = (height + t, height - t);
        let (west, east) = (u < 0.0, v < 0.0);
        let (x, x_edge) = row(half_side * if west { u + 2.0 } else { u });
        let (y, y_edge) = row(half_side * if east { v + 2.0 } else { v });
        let named = if east && !west { next } else { quarter };
        let facet = 4 * (u64::from(west) + u64::from(east)) + named;
        let placed = x_edge > margin && y_edge > margin;
        let lost = if placed { 0 } else { UNPLACED };
        *cell = (facet << shift) | interleave(x, y) | lost;
        unplaced |= lost;
    }
    unplaced != 0
}

/// Places positions of a patch of a cap; whether any stays unplaced.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn cap_cells(patch: &Patch, lon: &[f64], lat: &[f64], cells: &mut [u64]) -> bool {
    let (side, shift) = (patch.side(), patch.facet_shift());
    let margin = MARGIN * side;
    let half_side = 0.5 * side;
    // In the north x = 1 - height (1 - t) / 2 and y = 1 - height (1 + t) / 2; in the south
    // x = height (1 + t) / 2 and y = height (1 - t) / 2.
    let (base, sign) = if patch.south {
        (0.0, 1.0)
    } else {
        (side, -1.0)
    };
    let facet = (patch.quarter + if patch.south { 8 } else { 0 }) << shift;
    let mut unplaced = 0;
    for ((cell, &lon), &lat) in cells.iter_mut().zip(lon).zip(lat) {
        let t = sign * patch.offset(lon);
        let half = sign * (half_side * patch.height(lat));
        let (x, x_edge) = row(base + half * (1.0 + t));
        let (y, y_edge) = row(base + half * (1.0 - t));
        let placed = x_edge > margin && y_edge > margin;
        let lost = if placed { 0 } else { UNPLACED };
        *cell = facet | interleave(x, y) | lost;
        unplaced |= lost;
    }
    unplaced != 0
}

#[cfg(test)]
mod tests;
