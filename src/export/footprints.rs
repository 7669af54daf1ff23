//! Which cells a pixel has, and how much of each: footprints of cells on the pixels of a raster.
//!
//! Under `raster.rs`. Each cell is laid on the pixels by itself, whichever thread does so, and what pixels have is in the
//! order of pixels, then of cells: sums over it have the same bits on any number of threads.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::asked::{Export, Resampling, check_memory};
use super::frame::Frame;
use crate::error::Result;
use crate::grid::GridConfig;

/// Cells that one thread lays, and blocks of them between two looks at the memory.
const BLOCK: usize = 256;
const ROUND: usize = 256;
/// Of a pixel: less is what rounding leaves of sides that touch.
const LEAST: f64 = 1e-12;
/// How far beyond its polygon a cell may reach, in its own width; a 400th is what its sides are off.
const BEYOND: f64 = 0.02;

/// What a pixel has of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Its row times the columns of the raster, and its column.
    pub pixel: u64,
    /// The place of the cell among those of the raster.
    pub cell: u32,
    /// In pixels; 1 where the middle of the pixel is all that counts.
    pub area: f64,
}

/// What pixels have of cells, by pixel, then by cell.
#[derive(Debug)]
pub struct Footprints {
    pub parts: Vec<Part>,
    /// Of each cell its area, in pixels; empty where it is not asked for.
    pub areas: Vec<f64>,
}

/// Footprints of cells, of which there are fewer than 2^32.
///
/// # Errors
/// A cell that the system does not hold; more memory than there is.
pub fn footprints(
    asked: &Export,
    frame: &Frame,
    grid: &GridConfig,
    cells: &[u64],
    resampling: Resampling,
) -> Result<Footprints> {
    let (mut parts, mut areas) = (Vec::new(), Vec::new());
    let held = AtomicU64::new(0);
    let of_block = |(block, cells): (usize, &[u64])| -> Result<(Vec<Part>, Vec<f64>)> {
        let (mut parts, mut areas) = (Vec::new(), Vec::new());
        for (i, &cell) in cells.iter().enumerate() {
            let place = (block * BLOCK + i) as u32;
            let before = parts.len();
            match resampling {
                Resampling::Nearest => nearest(frame, grid, (place, cell), &mut parts)?,
                Resampling::Share => areas.push(shares(frame, grid, (place, cell), &mut parts)?),
            }
            let more = (parts.len() - before) as u64;
            let all = held.fetch_add(more, Ordering::Relaxed) + more;
            let bytes = 2 * size_of::<Part>() as u64 * all;
            check_memory(asked, bytes, "a raster of these pixels")?;
        }
        Ok((parts, areas))
    };
    let blocks: Vec<(usize, &[u64])> = cells.chunks(BLOCK).enumerate().collect();
    for round in blocks.chunks(ROUND) {
        let found: Vec<(Vec<Part>, Vec<f64>)> = round
            .par_iter()
            .map(|block| of_block(*block))
            .collect::<Result<_>>()?;
        for (of_block, areas_of_block) in found {
            parts.extend(of_block);
            areas.extend(areas_of_block);
        }
    }
    // No two are of one pixel and one cell.
    parts.par_sort_unstable_by_key(|part: &Part| (part.pixel, part.cell));
    Ok(Footprints { parts, areas })
}

/// Columns, or rows, that reach from here to there, of so many.
fn within(from: f64, to: f64, count: u32) -> std::ops::Range<u32> {
    let from = from.floor().clamp(0.0, f64::from(count)) as u32;
    let to = to.ceil().clamp(0.0, f64::from(count)) as u32;
    from..to.max(from)
}

/// Rings as they are and whole turns to either side, where the plane goes around.
fn turned(frame: &Frame, rings: Vec<Vec<[f64; 2]>>) -> Vec<Vec<[f64; 2]>> {
    let Some(turn) = frame.turn.map(|turn| turn / frame.pixel[0]) else {
        return rings;
    };
    let columns = f64::from(frame.shape[1]);
    let moved = [-turn, 0.0, turn].into_iter().flat_map(|shift| {
        rings.iter().map(move |ring| {
            ring.iter()
                .map(|[x, y]| [x + shift, *y])
                .collect::<Vec<_>>()
        })
    });
    let is_near = |ring: &Vec<[f64; 2]>| {
        ring.iter().any(|at| at[0] > -1.0) && ring.iter().any(|at| at[0] < columns + 1.0)
    };
    moved.filter(is_near).collect()
}

/// Rings where shares of them are. Of a raster that goes around and on, one turn has them: that of the plane where it is all
/// there, else the first. So no ground is on two pixels, and sums over the raster are those of the cells.
fn turned_once(frame: &Frame, rings: Vec<Vec<[f64; 2]>>) -> Vec<Vec<[f64; 2]>> {
    let Some(length) = frame.turn else {
        return rings;
    };
    let (turn, columns) = (length / frame.pixel[0], f64::from(frame.shape[1]));
    let west = (-length / 2.0 - frame.corner[0]) / frame.pixel[0];
    if west >= 0.0 && west + turn <= columns {
        return rings;
    }
    let all = turned(frame, rings);
    if columns <= turn {
        return all;
    }
    all.iter().map(|ring| cut(ring, 0, turn, false)).collect()
}

/// The pixels whose middle is in the cell.
fn nearest(
    frame: &Frame,
    grid: &GridConfig,
    (place, cell): (u32, u64),
    out: &mut Vec<Part>,
) -> Result<()> {
    let locator = grid.locator();
    let start = out.len();
    for ring in turned(frame, frame.pixels(grid, cell)?) {
        let side = |side: usize| {
            let values = ring.iter().map(|at| at[side]);
            let (from, to) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |all, at| {
                (all.0.min(at), all.1.max(at))
            });
            let more = BEYOND * (to - from) + 1e-6;
            // Middles from here to there.
            within(
                (from - 0.5 - more).ceil(),
                (to - 0.5 + more).floor() + 1.0,
                frame.shape[1 - side],
            )
        };
        for row in side(1) {
            for column in side(0) {
                let (lon, lat) = frame.middle(row, column);
                if locator.cell(lon, lat) == cell {
                    out.push(Part {
                        pixel: u64::from(row) * u64::from(frame.shape[1]) + u64::from(column),
                        cell: place,
                        area: 1.0,
                    });
                }
            }
        }
    }
    // The halves of a cell across the antimeridian may reach over the same middle.
    out[start..].sort_unstable_by_key(|part| part.pixel);
    let mut last = None;
    let mut kept = start;
    for i in start..out.len() {
        if last.replace(out[i].pixel) != Some(out[i].pixel) {
            out[kept] = out[i];
            kept += 1;
        }
    }
    out.truncate(kept);
    Ok(())
}

/// The pixels that a cell overlaps, and by how much; gives its whole area.
fn shares(
    frame: &Frame,
    grid: &GridConfig,
    (place, cell): (u32, u64),
    out: &mut Vec<Part>,
) -> Result<f64> {
    let rings = frame.pixels(grid, cell)?;
    // Rows go down, so that what is counterclockwise in the plane is clockwise in pixels.
    let whole = rings.iter().map(|ring| -area(ring)).sum();
    let start = out.len();
    for ring in turned_once(frame, rings) {
        let rows = extent(&ring, 1);
        for row in within(rows.0, rows.1, frame.shape[0]) {
            let top = f64::from(row);
            let strip = cut(&cut(&ring, 1, top, true), 1, top + 1.0, false);
            let columns = extent(&strip, 0);
            for column in within(columns.0, columns.1, frame.shape[1]) {
                let left = f64::from(column);
                let part = cut(&cut(&strip, 0, left, true), 0, left + 1.0, false);
                let area = -area(&part);
                if area > LEAST {
                    out.push(Part {
                        pixel: u64::from(row) * u64::from(frame.shape[1]) + u64::from(column),
                        cell: place,
                        area,
                    });
                }
            }
        }
    }
    // Of polygons on both sides of the antimeridian one after the other: the sort keeps their order.
    out[start..].sort_by_key(|part| part.pixel);
    let mut kept = start;
    for i in start..out.len() {
        if kept > start && out[kept - 1].pixel == out[i].pixel {
            out[kept - 1].area += out[i].area;
        } else {
            out[kept] = out[i];
            kept += 1;
        }
    }
    out.truncate(kept);
    Ok(whole)
}

/// Least and greatest of one coordinate.
fn extent(ring: &[[f64; 2]], side: usize) -> (f64, f64) {
    let values = ring.iter().map(|at| at[side]);
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |all, at| {
        (all.0.min(at), all.1.max(at))
    })
}

/// What of a ring is beyond an edge, or before it (Sutherland and Hodgman). Of a ring that is not convex, what joins its
/// pieces along the edge has no area.
fn cut(ring: &[[f64; 2]], side: usize, edge: f64, beyond: bool) -> Vec<[f64; 2]> {
    let depth = |at: &[f64; 2]| {
        if beyond {
            at[side] - edge
        } else {
            edge - at[side]
        }
    };
    let mut out = Vec::with_capacity(ring.len() + 2);
    for (i, from) in ring.iter().enumerate() {
        let to = &ring[(i + 1) % ring.len()];
        let (a, b) = (depth(from), depth(to));
        if a >= 0.0 {
            out.push(*from);
        }
        if (a > 0.0 && b < 0.0) || (a < 0.0 && b > 0.0) {
            let part = a / (a - b);
            let mut at = [0, 1].map(|i| from[i] + part * (to[i] - from[i]));
            at[side] = edge;
            out.push(at);
        }
    }
    out
}

/// The area of a ring, positive where it is counterclockwise; taken from its first position, so that little is lost far
/// from the corner.
fn area(ring: &[[f64; 2]]) -> f64 {
    let Some(&[x, y]) = ring.first() else {
        return 0.0;
    };
    let sides = ring.windows(2).map(|pair| {
        let [[ax, ay], [bx, by]] = [pair[0], pair[1]];
        (ax - x) * (by - y) - (bx - x) * (ay - y)
    });
    sides.sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_a_ring_and_what_is_left_are_all_of_it() {
        let ring = [[0.3, 0.2], [4.7, 1.1], [3.9, 5.2], [1.2, 3.3]];
        let whole = area(&ring);
        let mut sum = 0.0;
        for row in 0..6 {
            for column in 0..5 {
                let strip = cut(
                    &cut(&ring, 1, f64::from(row), true),
                    1,
                    f64::from(row + 1),
                    false,
                );
                let part = cut(
                    &cut(&strip, 0, f64::from(column), true),
                    0,
                    f64::from(column + 1),
                    false,
                );
                assert!((-1e-15..=1.0 + 1e-15).contains(&area(&part)));
                sum += area(&part);
            }
        }
        assert!((sum - whole).abs() < 1e-14, "{sum} {whole}");
        // Of a square, a quarter and a half.
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        assert_eq!(area(&cut(&square, 0, 0.25, false)), 0.25);
        assert_eq!(area(&cut(&square, 1, 0.5, true)), 0.5);
        assert_eq!(area(&cut(&square, 1, 2.0, true)), 0.0);
    }
}
