//! segment: runs of equal keys in sorted order. Entry point: `segment`.

use rayon::prelude::*;

use super::{Segments, Sorted};

/// Keys that one task scans.
const TILE: usize = 65_536;

pub fn segment(sorted: &Sorted) -> Segments {
    let keys = &sorted.keys;
    let mut starts: Vec<usize> = (0..keys.len().div_ceil(TILE))
        .into_par_iter()
        .flat_map_iter(|tile| {
            let range = tile * TILE..((tile + 1) * TILE).min(keys.len());
            range.filter(|&i| i == 0 || keys[i] != keys[i - 1])
        })
        .collect();
    if !keys.is_empty() {
        starts.push(keys.len());
    }
    Segments { starts }
}
