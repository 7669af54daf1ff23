//! Ranking: puts a few order statistics of one cell in their places by counting keys in bins.
//!
//! Below `select.rs`, for cells of many keys. Selecting halves what is left with every pass over it; here one pass counts
//! keys in bins that ascend, so that the bin of each wanted rank is known, and another takes the few keys of those bins
//! out:
//!
//! ```text
//!   keys in bins    | .. 38 keys .. | 3 | 5 | 2 | 7 | ..      rank 42 is the second of the bin of 5
//!   width of a bin      .. 8  4  2  1  1  2  4  8 ..          about a key in the middle of those
//! ```
//!
//! Bins are a sixteenth of their distance from the middle wide, so those of most values are narrow however far others lie
//! off. Where the middle is follows from a sample, which decides about speed and nothing else: whatever keys there are, a
//! key in a later bin is larger than all keys in an earlier one, and what is taken out is selected among by comparing.

use multiversion::multiversion;

use super::select::select;

/// Bits of a distance below its highest that bins tell apart.
const FINE: u32 = 4;
/// What the bits of a distance of 1 begin with, and one bin less: distances are whole.
const NEAR: i32 = 126 << FINE;
/// The bin of no distance: distances are below 2^31, or round to it.
const MIDDLE: i32 = 33 << FINE;
const BINS: usize = 2 * MIDDLE as usize;
/// Neighbours are counted in tables of their own, so that equal ones do not wait for each other.
const TABLES: usize = 2;
/// Keys whose order says where the middle is.
const SAMPLE: usize = 16;
/// Keys of a cell, and keys times ranks, below which selecting is as fast.
const MANY: usize = 768;
const MUCH: usize = 4096;
/// Most ranks that are looked for so.
const MOST_RANKS: usize = 32;

/// An integer that order statistics are keys of.
pub(super) trait Bits: Copy + Ord + Default + Into<u64> + Send + Sync {
    /// The highest 31 bits.
    fn high(self) -> i32;
    /// The bin of each key by its distance from the middle; both are of one length.
    fn bins(keys: &[Self], middle: i32, bins: &mut [u16]);
}

macro_rules! bits {
    ($key:ty, $bins:ident) => {
        impl Bits for $key {
            #[inline]
            fn high(self) -> i32 {
                (self >> (<$key>::BITS - 31)) as i32
            }

            fn bins(keys: &[Self], middle: i32, bins: &mut [u16]) {
                $bins(keys, middle, bins);
            }
        }

        #[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
        fn $bins(keys: &[$key], middle: i32, bins: &mut [u16]) {
            for (bin, key) in bins.iter_mut().zip(keys) {
                // A float keeps the order of distances; its bits are their logarithm, and then the next bits of them.
                let distance = (key.high() - middle) as f32;
                let bits = distance.to_bits() as i32;
                let size =
                    ((bits & i32::MAX) >> (f32::MANTISSA_DIGITS - 1 - FINE)).max(NEAR) - NEAR;
                // Those below the middle descend.
                *bin = ((size ^ (bits >> 31)) + MIDDLE) as u16;
            }
        }
    };
}
bits!(u32, narrow_bins);
bits!(u64, wide_bins);

/// Memory that is used again from cell to cell.
#[derive(Debug)]
pub(super) struct Room<K> {
    /// The bin of each key.
    bins: Vec<u16>,
    counts: [[u32; BINS]; TABLES],
    /// Bins whose keys are taken out.
    wanted: [bool; BINS],
    /// Keys that were taken out, and where they stand.
    taken: Vec<(K, u32)>,
    /// Places of the wanted ranks among those, then where their keys stand.
    places: Vec<usize>,
}

impl<K> Default for Room<K> {
    fn default() -> Self {
        Self {
            bins: Vec::new(),
            counts: [[0; BINS]; TABLES],
            wanted: [false; BINS],
            taken: Vec::new(),
            places: Vec::new(),
        }
    }
}

/// Puts ascending ranks in their places, each once and below the number of keys.
pub(super) fn rank<K: Bits>(keys: &mut [K], ranks: &[usize], room: &mut Room<K>) {
    let few = keys.len() < MANY || keys.len() * ranks.len() < MUCH;
    let many = ranks.len() > MOST_RANKS || u32::try_from(keys.len()).is_err();
    let found = !few && !many && room.find(keys, ranks);
    if !found {
        select(keys, 0, ranks);
        return;
    }
    for (i, &rank) in ranks.iter().enumerate() {
        let place = room.places[i];
        keys.swap(rank, place);
        // What stood there has moved to where the wanted key was.
        for other in &mut room.places[i + 1..] {
            if *other == rank {
                *other = place;
            }
        }
    }
}

/// The high bits of a key that is not far from this rank; `None` where many keys seem to be equal, which selecting is
/// made for.
fn middle<K: Bits>(keys: &[K], rank: usize) -> Option<i32> {
    let step = keys.len() / SAMPLE;
    let mut sample: [i32; SAMPLE] = std::array::from_fn(|i| keys[i * step].high());
    sample.sort_unstable();
    let equal = sample.windows(2).filter(|pair| pair[0] == pair[1]).count();
    (equal < SAMPLE / 4).then_some(sample[(rank / step).min(SAMPLE - 1)])
}

impl<K: Bits> Room<K> {
    /// Finds the places of the keys of these ranks; false where the bins that hold them have too many keys for that.
    fn find(&mut self, keys: &[K], ranks: &[usize]) -> bool {
        let Some(middle) = middle(keys, ranks[ranks.len() / 2]) else {
            return false;
        };
        self.bins.resize(keys.len(), 0);
        K::bins(keys, middle, &mut self.bins);
        self.count();
        let taken = self.place(ranks);
        if taken > keys.len() / 6 {
            return false;
        }
        self.taken.clear();
        for (place, (&bin, &key)) in self.bins.iter().zip(keys).enumerate() {
            if self.wanted[bin as usize] {
                self.taken.push((key, place as u32));
            }
        }
        select(&mut self.taken, 0, &self.places);
        for place in &mut self.places {
            *place = self.taken[*place].1 as usize;
        }
        true
    }

    /// Counts the keys of each bin, in the first table once all are.
    fn count(&mut self) {
        self.counts = [[0; BINS]; TABLES];
        let (pairs, rest) = self.bins.as_chunks::<TABLES>();
        for pair in pairs {
            for (counts, &bin) in self.counts.iter_mut().zip(pair) {
                counts[bin as usize] += 1;
            }
        }
        for &bin in rest {
            self.counts[0][bin as usize] += 1;
        }
        let [sums, others] = &mut self.counts;
        for (sum, count) in sums.iter_mut().zip(others) {
            *sum += *count;
        }
    }

    /// Finds the bins that hold the ranks, and the places of these among the keys of all such bins, in order; how many
    /// keys these have.
    fn place(&mut self, ranks: &[usize]) -> usize {
        self.wanted = [false; BINS];
        self.places.clear();
        // Keys of the bins before, and of those of them that are taken out.
        let (mut below, mut taken, mut next) = (0, 0, 0);
        for (&count, wanted) in self.counts[0].iter().zip(&mut self.wanted) {
            let Some(&rank) = ranks.get(next) else {
                break;
            };
            let end = below + count as usize;
            if rank < end {
                let here = ranks[next..].iter().take_while(|rank| **rank < end);
                self.places.extend(here.map(|rank| taken + rank - below));
                next = self.places.len();
                *wanted = true;
                taken += count as usize;
            }
            below = end;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Ranks hold what sorting gives, and no key is lost.
    fn check<K: Bits + std::fmt::Debug>(keys: &[K], ranks: &[usize], room: &mut Room<K>) {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let mut ranked = keys.to_vec();
        rank(&mut ranked, ranks, room);
        for &rank in ranks {
            assert_eq!(ranked[rank], sorted[rank], "rank {rank} of {}", keys.len());
        }
        ranked.sort_unstable();
        assert_eq!(ranked, sorted);
    }

    /// Of each number of keys, these ranks in thousandths.
    fn ranks(keys: usize, thousandths: &[usize]) -> Vec<usize> {
        let mut ranks: Vec<usize> = thousandths
            .iter()
            .flat_map(|&t| {
                [
                    t * (keys - 1) / 1000,
                    (t * (keys - 1) / 1000 + 1).min(keys - 1),
                ]
            })
            .collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }

    proptest! {
        #[test]
        fn ranks_are_where_sorting_would_put_them(
            seed in any::<u64>(),
            keys in prop_oneof![1usize..40, 500usize..530, 2000usize..6000],
            distinct in prop_oneof![Just(1u64), 2u64..6, 100u64..2000, Just(u64::MAX)],
            (base, spread) in (any::<u64>(), 0u32..64),
            outliers in 0u64..4,
            thousandths in prop::collection::vec(0usize..=1000, 0..9),
        ) {
            let mut state = seed | 1;
            let mut draw = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            let wide: Vec<u64> = (0..keys)
                .map(|_| match draw() % 16 {
                    few if few < outliers => draw(),
                    _ => base.saturating_add((draw() % distinct) >> spread),
                })
                .collect();
            let ranks = ranks(keys, &thousandths);
            let mut room = Room::default();
            check(&wide, &ranks, &mut room);
            // The same room again, whatever it was used for.
            check(&wide[..keys / 2], &ranks[..ranks.partition_point(|&r| r < keys / 2)], &mut room);
            let narrow: Vec<u32> = wide.iter().map(|key| (key >> 32) as u32).collect();
            check(&narrow, &ranks, &mut Room::default());
            let low: Vec<u32> = wide.iter().map(|&key| key as u32).collect();
            check(&low, &ranks, &mut Room::default());
        }
    }

    #[test]
    fn bins_ascend_as_keys_do_up_to_both_ends() {
        let mut keys: Vec<u64> = (0..64)
            .flat_map(|bit| {
                [-3i64, -1, 0, 1, 2].map(|more| (1u64 << bit).wrapping_add_signed(more))
            })
            .chain((0..3000).map(|i| (1 << 63) + i * (1 << 30)))
            .chain([0, u64::MAX])
            .collect();
        keys.sort_unstable();
        let narrow: Vec<u32> = keys.iter().map(|key| (key >> 32) as u32).collect();
        for middle in [0, 1, 12_345, 1 << 30, i32::MAX - 1, i32::MAX] {
            let mut bins = vec![0; keys.len()];
            for narrow_too in [false, true] {
                if narrow_too {
                    Bits::bins(&narrow, middle, &mut bins);
                } else {
                    Bits::bins(&keys, middle, &mut bins);
                }
                assert!(bins.is_sorted(), "{middle}");
                assert!(bins.iter().all(|bin| usize::from(*bin) < BINS), "{middle}");
            }
        }
    }

    #[test]
    fn ranks_of_values_about_one_are_found_by_counting_whatever_else_there_is() {
        let value = |i: u32| match i % 5 {
            0 => f32::from((i % 1000) as u16) - 400.0,
            _ => 100.0 + (f32::from((i.wrapping_mul(40_503) >> 8) as u16) / 65_536.0),
        };
        let keys: Vec<u32> = (0..3000).map(|i| value(i).to_bits() ^ (1 << 31)).collect();
        let keys: Vec<u32> = keys
            .iter()
            .map(|k| if k >> 31 == 0 { !(k | 1 << 31) } else { *k })
            .collect();
        let quartiles = ranks(keys.len(), &[250, 500, 750]);
        let mut room = Room::default();
        assert!(room.find(&keys, &quartiles));
        assert!(room.taken.len() < keys.len() / 6);
        check(&keys, &quartiles, &mut room);
        // Equal ones are not counted.
        assert!(!room.find(&[9u32; 3000], &quartiles));
    }

    #[test]
    fn ranks_are_found_among_equal_keys_at_the_ends_and_where_the_sample_is_of_others() {
        let n = 3000;
        let all: Vec<usize> = (0..30).chain(n - 2..n).collect();
        let quartiles = ranks(n, &[250, 500, 750]);
        for ranks in [&all, &quartiles] {
            let mut room = Room::default();
            check(&vec![7u32; n], ranks, &mut room);
            check(&vec![u32::MAX; n], ranks, &mut room);
            check(&vec![0u32; n], ranks, &mut room);
            let ascending: Vec<u32> = (0..n as u32).collect();
            check(&ascending, ranks, &mut room);
            let descending: Vec<u32> = (0..n as u32).rev().map(|i| u32::MAX - i).collect();
            check(&descending, ranks, &mut room);
            // Every sampled key is the least.
            let step = n / SAMPLE;
            let odd: Vec<u32> = (0..n)
                .map(|i| {
                    if i % step == 0 {
                        0
                    } else {
                        u32::MAX - i as u32
                    }
                })
                .collect();
            check(&odd, ranks, &mut room);
            let even: Vec<u64> = (0..n as u64).map(|i| (i % 2) * u64::MAX).collect();
            check(&even, ranks, &mut Room::default());
        }
    }
}
