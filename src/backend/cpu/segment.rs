//! segment: runs of equal keys in sorted order. Entry point: `segment`.

use rayon::prelude::*;

use super::{Segments, Sorted};

/// Keys that one task scans.
const TILE: usize = 65_536;

/// Segments, in the memory of `starts`: tiles count their starts, then each writes its own in place.
pub fn segment(sorted: &Sorted, mut starts: Vec<usize>) -> Segments {
    let keys = &sorted.keys;
    let is_start = |i: &usize| *i == 0 || keys[*i] != keys[*i - 1];
    let photons = |tile: usize| tile * TILE..((tile + 1) * TILE).min(keys.len());
    let counts: Vec<usize> = (0..keys.len().div_ceil(TILE))
        .into_par_iter()
        .map(|tile| photons(tile).filter(is_start).count())
        .collect();
    let segments: usize = counts.iter().sum();
    starts.resize(if keys.is_empty() { 0 } else { segments + 1 }, 0);
    let mut rest = starts.as_mut_slice();
    let mut parts = Vec::with_capacity(counts.len());
    for (tile, &count) in counts.iter().enumerate() {
        let (part, more) = rest.split_at_mut(count);
        parts.push((part, photons(tile)));
        rest = more;
    }
    if let [end] = rest {
        *end = keys.len();
    }
    parts.into_par_iter().for_each(|(starts, photons)| {
        for (start, photon) in starts.iter_mut().zip(photons.filter(is_start)) {
            *start = photon;
        }
    });
    Segments { starts }
}
