//! sort: photons in ascending order of key. Entry point: `sort`.
//!
//! Least-significant-digit radix sort of (key, photon) pairs: stable, only over the bits that
//! distinguish keys, skipping digits in which all keys agree, and skipped whole where keys already
//! ascend (photons of one ground track often do).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::scratch::Order;
use super::{Keys, Sorted};

const DIGIT_BITS: u32 = 8;
const BINS: usize = 1 << DIGIT_BITS;

/// Pairs that one task counts and scatters.
const TILE: usize = 65_536;

pub fn sort(Keys { mut keys, table }: Keys, order: &mut Order) -> Sorted {
    let mut photons = order.take_photons(keys.len());
    if keys.is_sorted() {
        photons
            .par_iter_mut()
            .enumerate()
            .with_min_len(TILE)
            .for_each(|(place, photon)| *photon = place as u32);
        return Sorted {
            keys,
            photons,
            table,
        };
    }
    let [from, to] = &mut order.pairs;
    from.resize_with(keys.len(), AtomicU64::default);
    to.resize_with(keys.len(), AtomicU64::default);
    from.par_iter()
        .zip(&keys)
        .enumerate()
        .with_min_len(TILE)
        .for_each(|(photon, (pair, &key))| {
            pair.store(u64::from(key) << 32 | photon as u64, Relaxed);
        });
    for digit in 0..table.significant_bits().div_ceil(DIGIT_BITS) {
        let shift = 32 + digit * DIGIT_BITS;
        if scatter(from, to, shift) {
            std::mem::swap(from, to);
        }
    }
    keys.par_iter_mut()
        .zip(&mut photons)
        .zip(&*from)
        .with_min_len(TILE)
        .for_each(|((key, photon), pair)| {
            let pair = pair.load(Relaxed);
            *key = (pair >> 32) as u32;
            *photon = pair as u32;
        });
    Sorted {
        keys,
        photons,
        table,
    }
}

/// One pass by the digit at `shift`; false if all keys have the same digit and nothing moved.
///
/// Every tile owns a disjoint set of places in `to`, in the order (digit, tile, place in the tile),
/// so the pass is stable whichever thread runs which tile. Relaxed atomics are plain stores; they
/// let threads write to one array at places only known at run time.
fn scatter(from: &[AtomicU64], to: &[AtomicU64], shift: u32) -> bool {
    let digit = |pair: u64| (pair >> shift) as usize & (BINS - 1);
    let mut counts: Vec<[usize; BINS]> = from
        .par_chunks(TILE)
        .map(|tile| {
            let mut counts = [0; BINS];
            for pair in tile {
                counts[digit(pair.load(Relaxed))] += 1;
            }
            counts
        })
        .collect();
    let mut next = 0;
    for bin in 0..BINS {
        let start = next;
        for tile in &mut counts {
            next += std::mem::replace(&mut tile[bin], next);
        }
        if next - start == from.len() {
            return false;
        }
    }
    from.par_chunks(TILE)
        .zip(counts)
        .for_each(|(tile, mut places)| {
            for pair in tile {
                let pair = pair.load(Relaxed);
                let place = &mut places[digit(pair)];
                to[*place].store(pair, Relaxed);
                *place += 1;
            }
        });
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::KeyTable;
    use super::*;
    use crate::config::GridConfig;
    use crate::grid::{Latitude, Order as Refinement};
    use proptest::prelude::*;

    fn sorted(keys: Vec<u32>) -> Sorted {
        let grid = GridConfig {
            shard_order: Refinement::new(14).unwrap(),
            chunk_order: None,
            cell_order: Refinement::new(29).unwrap(),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        };
        let table = KeyTable::new(&grid, |shift| {
            let mut groups: Vec<u64> = keys.iter().map(|&k| u64::from(k) >> shift).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        });
        // Keys here are arbitrary: what matters is that the table's bits cover them.
        let bits = table.significant_bits();
        let keys = keys.into_iter().map(|k| k & mask(bits)).collect();
        sort(Keys { keys, table }, &mut Order::default())
    }

    fn mask(bits: u32) -> u32 {
        u32::MAX.checked_shr(32 - bits.min(32)).unwrap_or(0)
    }

    proptest! {
        #[test]
        fn sorting_is_a_stable_permutation(keys in prop::collection::vec(0u32..1 << 24, 0..3000)) {
            let expected_bits = sorted(keys.clone()).table.significant_bits();
            let mut expected: Vec<(u32, u32)> = keys
                .iter()
                .enumerate()
                .map(|(i, &k)| (k & mask(expected_bits), i as u32))
                .collect();
            expected.sort_by_key(|pair| pair.0);
            let sorted = sorted(keys);
            let pairs: Vec<(u32, u32)> = sorted.keys.into_iter().zip(sorted.photons).collect();
            prop_assert_eq!(pairs, expected);
        }
    }

    #[test]
    fn many_tiles_and_one_bin_digits_sort_too() {
        let keys: Vec<u32> = (0..200_000u32)
            .map(|i| (i * 7919) % 1000 * 65_536)
            .collect();
        let sorted = sorted(keys);
        assert!(sorted.keys.is_sorted());
        for pair in sorted.keys.windows(2).zip(sorted.photons.windows(2)) {
            assert!(pair.0[0] < pair.0[1] || pair.1[0] < pair.1[1]);
        }
    }
}
