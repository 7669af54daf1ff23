//! Selecting: puts a few order statistics of many cells where sorting would put them.
//!
//! Below `ordered.rs`, for values in memory; `choose.rs` is for those that are not. `rank.rs` has the cells of many keys.

use rayon::prelude::*;

use super::rank::{Bits, Room, rank};

/// The ranks of the neighbours between which quantile `q` of `n` values lies.
pub(super) fn ranks(n: usize, q: f64) -> [usize; 2] {
    let rank = (((n - 1) as f64 * q).floor() as usize).min(n - 1);
    [rank, (rank + 1).min(n - 1)]
}

/// The ranks that these quantiles of `n` values need, ascending, each once.
pub(super) fn ranks_of(n: usize, quantiles: &[f64]) -> Vec<usize> {
    if n == 0 {
        return Vec::new();
    }
    let mut wanted: Vec<usize> = quantiles.iter().flat_map(|&q| ranks(n, q)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// Puts the order statistics that these quantiles need in their places, in every cell.
pub(super) fn select_all<T: Bits>(keys: &mut [T], offsets: &[usize], quantiles: &[f64]) {
    let mut cells = Vec::with_capacity(offsets.len().saturating_sub(1));
    let mut rest = keys;
    for pair in offsets.windows(2) {
        let (cell, more) = rest.split_at_mut(pair[1] - pair[0]);
        cells.push(cell);
        rest = more;
    }
    let cells = cells.into_par_iter().with_min_len(16);
    cells.for_each_init(Room::default, |room, cell| {
        let wanted = ranks_of(cell.len(), quantiles);
        rank(cell, &wanted, room);
    });
}

/// Puts all keys of every cell in ascending order.
pub(super) fn sort_all<T: Ord + Send>(keys: &mut [T], offsets: &[usize]) {
    let mut rest = keys;
    let cells = offsets.windows(2).map(|pair| {
        let (cell, more) = std::mem::take(&mut rest).split_at_mut(pair[1] - pair[0]);
        rest = more;
        cell
    });
    let cells: Vec<&mut [T]> = cells.collect();
    let cells = cells.into_par_iter().with_min_len(16);
    cells.for_each(<[T]>::sort_unstable);
}

/// Puts ascending ranks in place in a slice whose first element has rank `base`: the middle one
/// first, which halves what is left to do.
pub(super) fn select<T: Ord>(keys: &mut [T], base: usize, ranks: &[usize]) {
    const FEW: usize = 32;
    let Some(&rank) = ranks.get(ranks.len() / 2) else {
        return;
    };
    if keys.len() <= FEW {
        keys.sort_unstable();
        return;
    }
    let (below, _, above) = keys.select_nth_unstable(rank - base);
    select(below, base, &ranks[..ranks.len() / 2]);
    select(above, rank + 1, &ranks[ranks.len() / 2 + 1..]);
}

#[cfg(test)]
mod tests {
    use super::ranks;

    #[test]
    fn a_quantile_lies_between_the_ranks_around_its_part_of_all_steps() {
        assert_eq!(ranks(5, 0.0), [0, 1]);
        assert_eq!(ranks(5, 0.5), [2, 3]);
        assert_eq!(ranks(5, 0.99), [3, 4]);
        assert_eq!(ranks(5, 1.0), [4, 4]);
        assert_eq!(ranks(1, 0.7), [0, 0]);
    }
}
